"""A log of a million entries that version 0.2.0 left: `make million` migrates and replays it."""
