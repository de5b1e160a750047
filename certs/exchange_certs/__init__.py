"""A small certificate authority for development and for agencies that have none."""
