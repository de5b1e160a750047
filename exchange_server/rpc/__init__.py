"""The hub's RPC layer: thin services behind one pipeline."""
