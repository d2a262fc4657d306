"""The paper's comparison on data: settings, metrics, judge, runner and report."""
