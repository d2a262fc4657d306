"""Word lists and frequencies that the detectors use."""
