"""The `agency` command: what an agency's officers and systems do, from a terminal or a script."""

from __future__ import annotations

# Each module registers its commands on `app`; the order is that of the help.
from agency_client.cli import (  # noqa: F401
    answer,
    audit,
    boxes,
    decide,
    follow_up,
    operator,
    outbox,
    send,
    setup,
    show,
    watch,
)  # isort: skip
from agency_client.cli.app import main

__all__ = ["main"]
