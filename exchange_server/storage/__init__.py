"""What the hub stores: tables, their queries, and the engine; no rules of the exchange."""
