"""The hub's RPC layer: thin services behind interceptors."""
