"""Imported last before a process is forked: what a program builds first, and memory that stays.

The commands of a hub take a sixth of its start. What was imported is kept out of collections, for
in a fork each would copy all of memory.
"""

from __future__ import annotations

import functools
import gc

import typer.main

from exchange_server.cli import app

typer.main.get_command = functools.cache(typer.main.get_command)
typer.main.get_command(app)

gc.collect()
gc.freeze()
