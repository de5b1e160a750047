"""Settings that hold for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# No deadline: tests share two cores, and a slow example proves nothing. No example database: runs
# leave nothing behind, and a failure prints the code that reproduces it.
settings.register_profile(
    "exchange", deadline=None, max_examples=60, database=None, print_blob=True
)
settings.load_profile("exchange")

# A shell starts a background job with SIGINT ignored, and whatever that job starts inherits it. A
# handler is not inherited: with one that does nothing, this process goes on ignoring the signal,
# and the programs that tests start have the default again.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda number, frame: None)
