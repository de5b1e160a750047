"""The `exchange-server` command: what an operator does with a hub.

commands  the program, with migrate, revocations, log export and policy show
serve     a hub, or several workers
checks    check-config and doctor
copies    backup, restore, copy-database
fsck      the log and the tables, checked
log_key   making and changing the log's key
storage   what takes the disk
shared    options, exit codes and one-line errors of all of them
"""

from __future__ import annotations

from exchange_server.cli.commands import app, main
from exchange_server.cli.shared import run

__all__ = ["app", "main", "run"]
