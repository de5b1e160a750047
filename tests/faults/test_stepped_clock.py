"""The hub's clock is an hour ahead, and is put right under load: it goes back by an hour.

Entries never go back in time: they are made at the time of the last until true time has come by.
What a statement says of its own time may be behind the hub's by days, so nothing is refused.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from exchange_protocol.record.entries import parse_entry
from exchange_server.bootstrap import utc_now
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine
from tests.faults.load import Load, free_port, wait_until
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

HOUR = timedelta(hours=1)

# The hub's own command, whose ledger's clock is an hour ahead while a file is there.
_AHEAD = """
from datetime import timedelta
from pathlib import Path
from exchange_server.cli import main
from exchange_server.ledger import Ledger
opened = Ledger.open.__func__
async def open_ahead(cls, engine, *, clock, **given):
    def ahead():
        return clock() + timedelta(hours=Path({file!r}).exists())
    return await opened(cls, engine, clock=ahead, **given)
Ledger.open = classmethod(open_ahead)
main()
"""


def test_every_receipt_survives_a_clock_that_is_stepped_back(
    tmp_path: Path, foundation: Foundation
) -> None:
    began_at = utc_now()
    load = Load(foundation.copy(tmp_path / "hub"), free_port())
    files = load.files
    ahead = tmp_path / "ahead"
    ahead.touch()
    code = _AHEAD.format(file=str(ahead))
    with load.running():
        with HubProcess(files, load.environment, code=code) as hub:
            wait_until(lambda: load.receipts_at() > 5)
            ahead.unlink()
            before = load.receipts_at()
            wait_until(lambda: load.receipts_at() > before + 5)
            hub.kill()
        # It takes the time of its log on, also when it starts anew.
        last = HubProcess(files, load.environment)
        last.__enter__()
        before = load.receipts_at()
        wait_until(lambda: load.receipts_at() > before + 5)
    try:
        load.settle()
        last.stop()
    finally:
        last.close()
    load.verify(at_least=15)
    engine = open_engine(files.database_url)
    with engine.connect() as connection:
        e = tables.log_entries.c
        entries = connection.execute(select(e.entry).order_by(e.idx)).scalars()
        times = [parse_entry(entry).hub_time for entry in entries]
    engine.dispose()
    assert all(one <= other for one, other in pairwise(times))
    assert times[0] < utc_now() < times[-1]
    # The entries that were made after the step have the time of the last before it.
    assert times.count(times[-1]) > 10
    assert times[-1] - began_at < HOUR + timedelta(minutes=5)
