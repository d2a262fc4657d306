"""The paper's comparison on Inspect: settings that write, scorers that measure, one report.

Not part of the installed package; run it from a checkout: ``python -m experiments run CONFIG``.
"""
