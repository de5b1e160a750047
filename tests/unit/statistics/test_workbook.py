"""The workbook holds the figures of the tables as numbers, and amounts are summed by currency."""

from __future__ import annotations

from io import BytesIO

from openpyxl import load_workbook

from agency_client.statistics import Period, make_statistics
from agency_client.statistics.facts import Gatherer
from agency_client.statistics.workbook import to_xlsx
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Currency, Language
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.replay import DirectoryFold, Replay
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast


def test_the_workbook_has_every_figure_and_sums_of_each_currency() -> None:
    hub = Hub(fictional_cast())
    for amount, currency in ((70, Currency.USD), (30, Currency.USD), (5_000, Currency.KZT)):
        asked = hub.say(KZ_MIA, Kind.URGENT_FREEZE_REQUEST.body(), to=["kz.fma"])
        hub.deliver(KZ_FMA, asked)
        imposed = FreezeStatus(FreezeOutcome.IMPOSED, amount=amount, currency=currency)
        hub.say(KZ_FMA, imposed, on=asked)
    gathered = Gatherer()
    replay = Replay(DirectoryFold(hub.cast.anchors))
    for index, opening in enumerate(hub.log):
        gathered.take(replay.apply(index, opening))
    checkpoint = Checkpoint("log.example", len(hub.log), bytes(32))
    counted = make_statistics(gathered, checkpoint=checkpoint, period=Period(None, None))
    book = load_workbook(BytesIO(to_xlsx(counted, Language.EN)))
    assert book.sheetnames == ["about", *(table.name for table in counted.tables)]
    amounts = list(book["amounts"].iter_rows(min_row=2, values_only=True))
    assert sorted(amounts, key=str) == [
        ("status of a freeze", "imposed", "KZT", 1, 5_000),
        ("status of a freeze", "imposed", "USD", 2, 100),
    ]
    for table in counted.tables:
        rows = list(book[table.name].iter_rows(min_row=2, values_only=True))
        told = [*table.rows, *([table.total] if table.total and table.rows else [])]
        assert len(rows) == len(told)
        for row, expected in zip(rows, told, strict=True):
            figures = [cell.value for cell in expected.cells if isinstance(cell.value, int)]
            assert [each for each in row if isinstance(each, int)] == figures
