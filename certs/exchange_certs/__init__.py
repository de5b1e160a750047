"""A small certificate authority for development and for bodies that have none."""
