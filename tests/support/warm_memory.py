"""Keeps what was imported out of collections: in a fork, each would copy all of memory."""

import gc

gc.collect()
gc.freeze()
