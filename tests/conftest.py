"""Settings that hold for every test."""

from __future__ import annotations

from hypothesis import settings

# No deadline: tests share two cores, and a slow example proves nothing. No example database: runs
# leave nothing behind, and a failure prints the code that reproduces it.
settings.register_profile(
    "exchange", deadline=None, max_examples=60, database=None, print_blob=True
)
settings.load_profile("exchange")
