"""The SQLite file is replaced by an older copy under a hub that serves, and is put back later.

The hub still has the first file open, and what it writes there is gone when it ends. So it gives no
receipt and says that it does not serve, until its own file is back.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.faults.load import (
    NOT_SERVING,
    SERVING,
    Load,
    Sender,
    free_port,
    wait_for_health,
    wait_until,
)
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess


def waits(sender: Sender) -> bool:
    return len(sender.statement_ids) > len(sender.receipts)


def test_every_receipt_survives_a_database_file_that_is_replaced(
    tmp_path: Path, foundation: Foundation
) -> None:
    load = Load(foundation.copy(tmp_path / "hub"), free_port())
    file, old, aside = load.files.folder / "hub.db", tmp_path / "old.db", tmp_path / "aside.db"
    shutil.copy(file, old)
    with HubProcess(load.files, load.environment) as hub:
        with load.running():
            wait_until(lambda: load.receipts_at() > 5)
            file.rename(aside)
            shutil.copy(old, file)
            wait_for_health(hub, NOT_SERVING)
            # Each sender has heard of all that was stored before, and waits with what was not.
            wait_until(lambda: all(map(waits, load.senders)))
            before, sent = load.receipts_at(), [len(each.statement_ids) for each in load.senders]
            wait_until(
                lambda: all(
                    len(each.statement_ids) > count
                    for each, count in zip(load.senders, sent, strict=True)
                )
            )
            assert load.receipts_at() == before
            assert any("was replaced or removed" in line for line in hub.lines)
            # What receipts were given for stands beside it, too, should the file not be found.
            rescued = file.with_name("hub.db.rescued")
            wait_until(rescued.is_file)
            with closing(sqlite3.connect(rescued)) as copy:
                [(size,)] = copy.execute("SELECT size FROM log_head")
            assert size >= before
            aside.replace(file)
            # Other connections may hold the other file: only a restart helps.
            wait_for_health(hub, NOT_SERVING)
            hub.stop()
            with HubProcess(load.files, load.environment) as again:
                wait_for_health(again, SERVING)
                wait_until(lambda: load.receipts_at() > before + 5)
                again.stop()
        with HubProcess(load.files, load.environment) as last:
            load.settle()
            last.stop()
    load.verify(at_least=10)
