"""The hub: accepts signed statements, logs them, and serves what the log proves."""
