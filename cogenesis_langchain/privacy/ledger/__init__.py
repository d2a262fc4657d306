"""The egress ledger: a record of every request payload that left the machine."""
