"""The report of a finished run: its tables, plots and texts, as Markdown and as one page."""
