"""The egress ledger: a record of every payload that left."""
