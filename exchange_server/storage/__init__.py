"""Storage: tables, their queries, and the engine; no rules of the exchange."""
