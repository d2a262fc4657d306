"""An experiment: tries local models on slots of templates, after the right text before each."""
