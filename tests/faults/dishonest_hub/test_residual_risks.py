"""Acts of a hub that nobody can prove: docs/threat-model.md states each of them.

These tests hold no defence. They keep the document honest: when one of them fails, something has
become detectable, and the document must say so.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

from agency_client.core.calls import Unary
from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import Reason
from exchange_protocol.record.entries import Entry, Event, parse_entry
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.trust.sealing import PartContext, open_part
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.caller import Caller
from exchange_server.ledger import Ledger, Reader
from exchange_server.storage.engine import open_engine
from tests.support.dishonest_hub import (
    REQUEST,
    Region,
    caught,
    leaving_out,
    only_for,
)

KZ_AUDITOR = "kz.gpo/auditor/auditor1"


def test_reply_is_withheld_from_the_initiator_and_stands_on_the_log(region: Region) -> None:
    exchange = region.ask("kz.fma")
    fma, mia = region.client("kz.fma/system"), region.client("kz.mia/system")
    replied = fma.reply(fma.open(exchange))
    region.lies.answers["GetExchange"] = only_for(
        "kz.mia", leaving_out(lambda said, at: at == len(said.entries) - 1)
    )
    assert [each.kind.value for each in mia.get(exchange).statements] == ["information_request"]
    # The replier holds the receipt, and an auditor sees a reply that its initiator never fetched.
    assert fma.outbox.receipts(exchange).keys() == {replied.statement_id}
    assert region.audit(KZ_AUDITOR).by_kind["reply"] == 1
    delivered_to = {
        entry.actor.agency
        for each in region.entries()
        if (entry := parse_entry(each.opening.entry)).event is Event.DELIVERY
    }
    assert delivered_to == {"kz.fma"}


def test_interim_reply_is_left_out_of_the_middle(region: Region) -> None:
    exchange = region.ask("kz.fma")
    fma, mia = region.client("kz.fma/system"), region.client("kz.mia/system")
    fma.acknowledge(fma.open(exchange))
    fma.interim_reply(exchange, brief="Вымышленное")
    fma.reply(exchange)

    def interim(said: pb.GetExchangeResponse, at: int) -> bool:
        signed = said.entries[at].opening.statement
        return signed.payload != b"" and (
            parse_statement(signed.payload).kind.value == "interim_reply"
        )

    region.lies.answers["GetExchange"] = leaving_out(interim)
    kinds = [each.kind.value for each in mia.get(exchange).statements]
    assert kinds == ["information_request", "acknowledge", "reply"]
    assert region.audit(KZ_AUDITOR).by_kind["interim_reply"] == 1, "the auditor sees it"
    caught(lambda: fma.get(exchange), Reason.RECEIPT_MISMATCH)


def test_supervisor_is_shown_nothing_and_its_auditor_sees_what_names_it(region: Region) -> None:
    region.ask("uz.fiu")
    region.lies.answers["ListExchanges"] = only_for("kz.gpo", lambda *_: pb.ListExchangesResponse())
    region.lies.answers["Watch"] = only_for("kz.gpo", lambda *_: None)
    prosecutor = region.client("kz.gpo/system")
    assert list(prosecutor.supervised()) == []
    assert list(prosecutor.watch(from_start=True, max_seconds=0.3)) == []
    assert region.audit(KZ_AUDITOR).by_kind["information_request"] == 1


def test_delivery_denial_and_inspection_are_the_hubs_word(region: Region) -> None:
    exchange = region.ask("kz.fma")
    _, stored = region.last(lambda entry: entry.exchange_id == exchange)
    digest = parse_entry(stored.opening.entry).payload_digest
    fma = region.caller("kz.fma/system")
    region.in_hub(lambda ledger: ledger.deliver(fma, digest, "brief"))
    error = Reason.POLICY_DENIED.error("it never asked")
    region.in_hub(lambda ledger: ledger.deny(fma, "Submit", error, exchange_id=exchange))
    region.in_hub(lambda ledger: _claim_reading(ledger, region.caller(KZ_AUDITOR), region))
    assert region.audit().is_clean
    assert region.client("kz.mia/system").get(exchange).legs[0].state.name == "DELIVERED"
    # Only the agency itself knows better: it is shown the delivery in its name.
    (claimed,) = region.client("kz.fma/system").get(exchange).deliveries
    assert claimed.actor == fma.member


def test_hub_and_auditor_together_leave_no_trace_of_a_reading(region: Region) -> None:
    exchange = region.ask("kz.fma")
    size = len(region.entries())
    region.lies.skips.add("inspect")
    # A program of the auditor's own that does not ask for the entry of its reading.
    link = region.client(KZ_AUDITOR)._driver.link
    request = audit_pb.ListOpeningsRequest(tree_size=size)
    answer = link.perform(Unary("AuditService/ListOpenings", request))
    assert isinstance(answer, audit_pb.ListOpeningsResponse)
    assert parse_entry(answer.leaves[size - 1].opening.entry).exchange_id == exchange
    region.lies.skips.clear()
    report = region.audit()
    assert report.is_clean
    assert "inspection" not in report.by_event


def test_statement_is_logged_and_its_author_is_told_that_it_was_refused(region: Region) -> None:
    mia = region.client("kz.mia/system")

    def refused(*_: Any) -> Any:
        raise Reason.POLICY_DENIED.error("the policy does not permit it")

    region.lies.answers["Submit"] = refused
    caught(
        lambda: mia.request_information(to=["kz.fma"], brief="-", request=REQUEST),
        Reason.POLICY_DENIED,
    )
    region.lies.answers.clear()
    (kept,) = mia.outbox.refused()
    assert region.open("kz.fma/system", kept.entry.exchange_id).statements, "it arrived"
    assert region.audit().is_clean
    # The author did sign it, and finds it where it looks at what it sent.
    assert [each.id for each in mia.sent()] == [kept.entry.exchange_id]


def test_hub_and_recipient_together_open_what_is_held(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    statement = region.client("kz.mia/system").get(exchange).statements[0].statement
    part = statement.part("content")
    assert part is not None
    wrapped = part.wrapped_key(AgencyId("uz.fiu"))
    assert wrapped is not None
    region.stop()
    found = _sealed_bytes(region, part.sha256)
    key = region.client("uz.fiu/system").profile.vault.sealing_key(wrapped.key_id)
    opened = open_part(found, PartContext(statement.id, "content"), wrapped, key)
    assert "Вымышленные факты" in opened.decode()


def test_older_sealing_key_is_used_while_the_newer_one_is_withheld(region: Region) -> None:
    mia = region.client("kz.mia/system")
    held = mia.sync().size
    fma = region.client("kz.fma/system")
    newer = SealingPrivateKey.generate().public_key
    fma.publish_sealing_key(newer)

    def stale(request: Any, said: Any) -> Any:
        del said.entries[max(0, held - request.known_directory_size) :]
        said.directory_size = held
        return said

    region.lies.answers["ListDirectoryEntries"] = only_for("kz.mia", stale)
    # It is caught by the receipt, when the sealed bytes have left already.
    error = caught(lambda: region.ask("kz.fma"), Reason.RULE_BROKEN)
    assert "directory statements" in error.message
    (listed,) = fma.inbox()
    sealed_to = fma.get(listed).statements[0].statement.parts[0].wrapped_key(AgencyId("kz.fma"))
    assert sealed_to is not None
    assert sealed_to.key_id != newer.key_id


def test_time_is_the_hubs_word_between_its_neighbours(region: Region) -> None:
    def early(entry: Entry) -> Entry:
        before = parse_entry(region_entries[-1].opening.entry)
        return replace(entry, hub_time=before.hub_time)

    region_entries = region.entries()
    region.lies.entry = early
    exchange = region.ask("kz.fma")
    assert region.client("kz.mia/system").get(exchange).statements
    assert region.audit().is_clean


async def _claim_reading(ledger: Ledger, caller: Caller, region: Region) -> None:
    """Log that an auditor read everything, which it did not."""
    engine = open_engine(region.files.database_url)
    reader = Reader(engine, directory=lambda: ledger.directory)
    page = await reader.openings(caller, 0, 1000, ledger.tree_size)
    await reader.close()
    engine.dispose()
    await ledger.inspect(caller, 0, page, 0)


def _sealed_bytes(region: Region, sha256: bytes) -> bytes:
    """The bytes of a sealed part, as root reads them off the hub's disk."""
    with closing(sqlite3.connect(region.files.folder / "hub.db")) as database:
        query = "SELECT payload, sealed FROM log_entries WHERE sealed IS NOT NULL"
        for payload, sealed in database.execute(query):
            start = 0
            for part in parse_statement(payload).parts:
                data = bytes(sealed[start : start + part.size])
                start += part.size
                if hashlib.sha256(data).digest() == sha256:
                    return data
    raise AssertionError("expected these bytes on the disk")
