"""How well local models fill the slots of templates, given the right text before each."""
