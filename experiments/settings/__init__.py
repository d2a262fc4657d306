"""The ways to write that are compared, and the Inspect solver that runs them."""
