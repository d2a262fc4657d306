"""The connection to the cloud model: every request to it leaves through `CloudModel`."""
