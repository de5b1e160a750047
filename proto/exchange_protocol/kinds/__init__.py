"""The kinds of statement: one module a kind, and what all kinds share."""
