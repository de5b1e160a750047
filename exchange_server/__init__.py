"""The hub: it verifies, decides, logs and delivers signed statements that it cannot read."""
