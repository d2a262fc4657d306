"""The heat map of a fused text: which model wrote each token, and what the cloud model saw."""
