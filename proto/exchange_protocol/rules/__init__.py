"""What may be said, when, and by whom."""
