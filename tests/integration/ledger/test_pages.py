"""A page is bounded by what goes on the wire, whatever its entries are made of."""

from __future__ import annotations

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.record.receipts import encode_proven_entry
from exchange_server.storage import feed_rows, log_rows
from exchange_server.storage.engine import reading
from exchange_server.storage.log_rows import STORED_ENTRIES
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import caller
from tests.support.refusals import awaited_refusal
from tests.support.statements import KZ_FMA, KZ_MIA, OPERATOR


async def some_of_each(office: Office) -> str:
    """Statements, a delivery and a refusal; gives the exchange."""
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    await office.fetch(KZ_FMA, asked)
    refused = office.ledger.deliver(caller(OPERATOR), asked.digest, "brief")
    assert await awaited_refusal(refused) is Reason.STATEMENT_UNKNOWN
    return asked.exchange_id


async def test_no_entry_is_longer_on_the_wire_than_a_page_counts_it(office: Office) -> None:
    exchange_id = await some_of_each(office)
    entries, _, head = await office.reader.directory_entries(0, 200)
    _, page, _ = await office.reader.exchange(KZ_MIA.agency, exchange_id)
    size = int(head.note.split(b"\n")[1])
    with reading(office.engine) as connection:
        counted = {
            row.idx: log_rows._wire_bytes(row, size) for row in connection.execute(STORED_ENTRIES)
        }
    for entry in (*entries, *page.entries):
        sent = encode_proven_entry(entry).ByteSize()
        # With the tag and the length of the entry in its page.
        assert sent + 6 <= counted[entry.index] <= sent + 200


async def test_a_page_ends_by_its_count_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange_id = await some_of_each(office)
    _, whole, head = await office.reader.exchange(KZ_MIA.agency, exchange_id)
    assert (len(whole.entries), whole.next_index) == (2, 0)
    for module in (log_rows, feed_rows):
        monkeypatch.setattr(module, "PAGE_ENTRIES", 1)
    _, first, _ = await office.reader.exchange(KZ_MIA.agency, exchange_id)
    assert len(first.entries) == 1
    size = int(head.note.split(b"\n")[1])
    rest = await office.reader.exchange_page(KZ_MIA.agency, exchange_id, first.next_index, size)
    assert (*first.entries, *rest.entries) == whole.entries
    assert rest.next_index == 0
