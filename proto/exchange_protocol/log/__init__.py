"""The log: a Merkle tree of bare leaves, and what its own keys sign."""
