"""The cloud chat model and the one HTTP transport through which anything reaches the cloud."""
