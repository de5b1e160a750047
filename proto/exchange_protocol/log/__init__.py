"""What was said, provably."""
