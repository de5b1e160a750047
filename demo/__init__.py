"""The demonstration: the whole mission played once, every actor a process with its own keys."""
