"""The report of a run: tables by pandas, intervals by scipy, plots by matplotlib, one page."""
