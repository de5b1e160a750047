"""Fuzzing: every parser of bytes from outside either takes them or refuses them with our errors."""
