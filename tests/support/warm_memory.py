"""Imported last before a process is forked: what programs build first, and memory that stays.

The commands of a hub take a sixth of its start; a hub and an auditor compile the region's policy,
an auditor the form of its memory. What was imported is kept out of collections, for in a fork each
would copy all of memory.
"""

from __future__ import annotations

import functools
import gc
from pathlib import Path

import typer.main

from exchange_protocol.rules.policy import Policy
from exchange_replay import store
from exchange_server.cli import app
from tests.support import compiled_once

typer.main.get_command = functools.cache(typer.main.get_command)
typer.main.get_command(app)

# A compiled policy is kept by its text.
_POLICY = Path(__file__).resolve().parents[2] / "policies" / "caricc.cedar"
Policy.compile(_POLICY.read_text("utf-8"))

for _form in (store._EXCHANGES, store._SPOKEN):
    _form.rebuild()

compiled_once.share_compiled()
compiled_once.compile_a_hub()

gc.collect()
gc.freeze()
