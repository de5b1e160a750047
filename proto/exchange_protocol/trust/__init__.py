"""Who says it, and who may read it."""
