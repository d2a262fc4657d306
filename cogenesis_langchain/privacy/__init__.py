"""Privacy: detection of private values, release of public text, and the egress ledger."""
