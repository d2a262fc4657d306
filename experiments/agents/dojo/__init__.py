"""The tasks of AgentDojo (Debenedetti et al., NeurIPS 2024), with its own checks and attacks."""
