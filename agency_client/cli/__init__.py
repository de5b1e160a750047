"""The `agency` command: what an agency's officers and systems do, from a terminal or a script."""

from __future__ import annotations

from agency_client.cli.app import main

__all__ = ["main"]
