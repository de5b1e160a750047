"""Entries, openings and receipts: what they carry survives, what was altered does not pass."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, HubDishonest, InvalidInput, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import hash_children, inclusion_proof, tree_root
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    encode_entry,
    encode_opening,
    entry_leaf_hash,
    parse_entry,
    parse_opening,
    verify_opening,
)
from exchange_protocol.record.receipts import (
    ProvenEntry,
    encode_proven_entry,
    parse_proven_entry,
    verify_inspection_receipt,
    verify_proven_entries,
    verify_proven_entry,
    verify_receipt,
)
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import Member, Role
from exchange_protocol.v1 import log_pb2 as pb
from tests.support.bodies import agency_ids, spelled
from tests.support.refusals import accusation
from tests.support.statements import AUDITOR, KZ_FMA, KZ_MIA, Hub, fictional_cast

digests = st.binary(min_size=32, max_size=32)
agency_tuples = st.lists(agency_ids, max_size=3, unique=True).map(tuple)
changes = st.builds(
    LegChange,
    agency_ids,
    st.none() | st.sampled_from(LegState),
    st.sampled_from(LegState),
    st.integers(0, 2),
    agency_tuples,
)
PLAIN = string.ascii_letters + string.digits
codes = st.text(f"{PLAIN}._-", max_size=64)
rule_ids = spelled(PLAIN, f"{PLAIN}._-", most=127)
rulings = st.builds(
    Ruling,
    st.just(b"") | digests,
    st.lists(rule_ids, max_size=3).map(tuple),
    st.lists(changes, max_size=3).map(tuple),
    agency_tuples,
)
ranges = st.builds(
    lambda start, closed, opened: InspectedRange(start, start + closed + opened, opened),
    st.integers(0, 2**63),
    st.integers(0, 500),
    st.integers(1, 500),
)
entries = st.builds(
    Entry,
    hub_time=st.integers(1, 10**15).map(
        lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    ),
    event=st.sampled_from(Event),
    actor=st.builds(Member, st.just("exchange.example"), agency_ids, st.sampled_from(Role)),
    certificate_sha256=digests,
    directory_size=st.integers(0, 2**64 - 1),
    exchange_id=codes,
    payload_digest=st.just(b"") | digests,
    ruling=st.none() | rulings,
    reason=codes,
    operation=codes,
    inspected=st.none() | ranges,
    signature_digest=st.just(b"") | digests,
)


@given(entries)
def test_every_entry_survives_its_encoding(entry: Entry) -> None:
    assert parse_entry(encode_entry(entry)) == entry


@settings(max_examples=150)
@given(entries, st.data())
def test_mutated_entries_parse_to_themselves_or_are_refused(
    entry: Entry, data: st.DataObject
) -> None:
    encoded = bytearray(encode_entry(entry))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        parsed = parse_entry(bytes(encoded))
    except ExchangeError:
        return
    assert encode_entry(parsed) == bytes(encoded)


@pytest.mark.parametrize(
    "text",
    ["\x1b[31m", "two words", "a\nline", "Причина", "x" * 129, "\u202e", "<b>"],
)
@pytest.mark.parametrize("name", ["reason", "operation", "exchange_id", "rule_ids"])
def test_an_entry_holds_codes_and_no_text(name: str, text: str) -> None:
    """Auditors print these, and count by them; a hub must not write to their terminals."""
    entry = parse_entry(log().openings[log().asked_at].entry)
    assert entry.ruling is not None
    altered: dict[str, Any] = {name: text}
    if name == "rule_ids":
        altered = {"ruling": replace(entry.ruling, rule_ids=(text,))}
    bad = replace(entry, **altered)
    with pytest.raises(InvalidInput, match=name):
        parse_entry(encode_entry(bad))


@pytest.mark.parametrize(
    "inspected",
    [
        InspectedRange(0, 0, 0),
        InspectedRange(5, 5, 1),
        InspectedRange(5, 4, 1),
        InspectedRange(5, 8, 0),
        InspectedRange(5, 8, 4),
        InspectedRange(5, 1006, 1),
    ],
    ids=["empty", "nothing read", "backwards", "nothing opened", "too many opened", "too long"],
)
def test_an_inspection_is_of_a_range_of_which_something_was_opened(
    inspected: InspectedRange,
) -> None:
    bad = replace(parse_entry(log().openings[-1].entry), inspected=inspected)
    with pytest.raises(InvalidInput, match="inspected"):
        parse_entry(encode_entry(bad))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b"\x98\x06\x01",
        lambda data: data + data,
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: bytes(64 * 1024 + 1),
    ],
    ids=["unknown field", "twice", "cut", "nothing", "too large"],
)
def test_a_malformed_entry_is_the_hubs_fault_when_opened(spoil: Callable[[bytes], bytes]) -> None:
    data = spoil(log().openings[-1].entry)
    nonce = bytes(32)
    with pytest.raises(HubDishonest) as refused:
        verify_opening(CommitmentOpening(data, nonce), entry_leaf_hash(data, nonce))
    assert refused.value.reason is Reason.ENTRY_MISMATCH


# --- Openings and proofs ------------------------------------------------------------------------


class Log:
    """The log of a small hub as a tree under one signed checkpoint."""

    def __init__(self) -> None:
        hub = Hub(fictional_cast())
        self.asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
        self.asked_at = len(hub.log) - 1
        hub.inspect(AUDITOR)
        hub.deliver(KZ_FMA, self.asked)
        self.openings = hub.log
        self.leaves = [entry_leaf_hash(one.entry, one.nonce) for one in hub.log]
        self.signer = LogSigner("exchange.example/log", SoftwareSigner.generate_ed25519())
        self.verifier = LogVerifier(self.signer.vkey)
        self.root = tree_root(len(self.leaves), self._read)
        self.checkpoint = Checkpoint(self.signer.origin, len(self.leaves), self.root)
        self.note = self.signer.sign(self.checkpoint)

    def proven(self, index: int) -> ProvenEntry:
        proof = inclusion_proof(index, len(self.leaves), self._read)
        return ProvenEntry(index, self.openings[index], tuple(proof))

    def receipt(self) -> pb.ProvenEntry:
        message = encode_proven_entry(self.proven(self.asked_at))
        message.opening.ClearField("statement")
        return message

    def _read(self, nodes: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self._node(level, index) for level, index in nodes]

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return hash_children(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))


@cache
def log() -> Log:
    return Log()


def test_every_opening_opens_its_own_leaf_and_no_other() -> None:
    for opening, leaf in zip(log().openings, log().leaves, strict=True):
        assert verify_opening(opening, leaf) == parse_entry(opening.entry)
    for opening, leaf in zip(log().openings, log().leaves[1:], strict=False):
        assert accusation(verify_opening, opening, leaf) is Reason.ENTRY_MISMATCH


def test_the_leaf_of_one_entry_differs_by_its_nonce() -> None:
    entry = log().openings[0].entry
    assert entry_leaf_hash(entry, bytes(32)) != entry_leaf_hash(entry, bytes(31) + b"\x01")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_nonce_has_32_bytes(size: int) -> None:
    assert accusation(entry_leaf_hash, b"entry", bytes(size)) is Reason.ENTRY_MISMATCH


def test_an_opening_carries_the_statement_of_its_entry_and_no_other() -> None:
    statement, delivery = log().openings[log().asked_at], log().openings[-1]
    other = log().openings[0].statement
    leaves = log().leaves
    for opening, leaf in (
        (replace(statement, statement=None), leaves[log().asked_at]),
        (replace(statement, statement=other), leaves[log().asked_at]),
        (replace(delivery, statement=other), leaves[-1]),
    ):
        assert accusation(verify_opening, opening, leaf) is Reason.ENTRY_MISMATCH


def test_openings_and_proven_entries_survive_the_wire() -> None:
    for index, opening in enumerate(log().openings):
        wire = encode_opening(opening).SerializeToString()
        assert parse_opening(pb.CommitmentOpening.FromString(wire)) == opening
        proven = log().proven(index)
        message = encode_proven_entry(proven).SerializeToString()
        assert parse_proven_entry(pb.ProvenEntry.FromString(message)) == proven


def test_an_opening_with_a_malformed_statement_is_the_hubs_fault() -> None:
    message = encode_opening(log().openings[0])
    message.statement.ClearField("signatures")
    assert accusation(parse_opening, message) is Reason.ENTRY_MISMATCH


def test_every_entry_is_proven_at_its_place_alone() -> None:
    size = len(log().leaves)
    for index in range(size):
        proven = log().proven(index)
        verify_proven_entry(proven, log().checkpoint)
        for other in (index - 1, index + 1, size, 2**63):
            if other >= 0:
                moved = replace(proven, index=other)
                reason = accusation(verify_proven_entry, moved, log().checkpoint)
                assert reason is Reason.PROOF_INVALID


def test_an_altered_entry_is_not_in_the_tree() -> None:
    proven = log().proven(log().asked_at)
    entry = parse_entry(proven.opening.entry)
    later = encode_entry(replace(entry, hub_time=entry.hub_time + timedelta(seconds=1)))
    altered = replace(proven, opening=replace(proven.opening, entry=later))
    assert accusation(verify_proven_entry, altered, log().checkpoint) is Reason.PROOF_INVALID


def test_entries_come_in_log_order_and_once() -> None:
    first, second = log().proven(1), log().proven(2)
    assert len(verify_proven_entries([first, second], log().checkpoint)) == 2
    for wrong in ([second, first], [first, first]):
        reason = accusation(verify_proven_entries, wrong, log().checkpoint)
        assert reason is Reason.ENTRY_MISMATCH


# --- Receipts -----------------------------------------------------------------------------------


def test_a_receipt_proves_the_acceptance_of_a_statement() -> None:
    receipt = verify_receipt(log().receipt(), log().note, log().asked, log().verifier)
    assert receipt.entry.payload_digest == log().asked.digest
    assert receipt.proven.index == log().asked_at
    assert receipt.checkpoint == log().checkpoint


def test_a_receipt_of_another_statement_is_refused() -> None:
    other = log().openings[0].statement
    assert other is not None
    mine = parse_statement(other.payload)
    reason = accusation(verify_receipt, log().receipt(), log().note, mine, log().verifier)
    assert reason is Reason.RECEIPT_MISMATCH


def test_a_delivery_is_no_receipt() -> None:
    message = encode_proven_entry(log().proven(len(log().leaves) - 1))
    reason = accusation(verify_receipt, message, log().note, log().asked, log().verifier)
    assert reason is Reason.RECEIPT_MISMATCH


def test_a_receipt_under_another_log_key_is_refused() -> None:
    imposter = LogSigner(log().signer.origin, SoftwareSigner.generate_ed25519())
    note = imposter.sign(log().checkpoint)
    reason = accusation(verify_receipt, log().receipt(), note, log().asked, log().verifier)
    assert reason is Reason.CHECKPOINT_INVALID


@pytest.mark.parametrize(
    "lie",
    [
        {"actor": KZ_FMA},
        {"exchange_id": "another"},
        {"event": Event.DELIVERY, "ruling": None},
        {"signature_digest": b""},
    ],
    ids=["actor", "exchange", "event", "signature"],
)
def test_a_receipt_whose_entry_says_something_else_is_refused(lie: dict[str, Any]) -> None:
    entry = encode_entry(replace(parse_entry(log().openings[log().asked_at].entry), **lie))
    note = log().signer.sign(Checkpoint(log().signer.origin, 1, entry_leaf_hash(entry, bytes(32))))
    message = pb.ProvenEntry(index=0, opening=pb.CommitmentOpening(entry=entry, nonce=bytes(32)))
    reason = accusation(verify_receipt, message, note, log().asked, log().verifier)
    assert reason is Reason.RECEIPT_MISMATCH


def test_a_receipt_with_a_malformed_entry_is_the_hubs_fault() -> None:
    """A hub may commit to garbage; what it then sends is provably its own."""
    garbage, nonce = b"garbage", bytes(32)
    leaf = entry_leaf_hash(garbage, nonce)
    note = log().signer.sign(Checkpoint(log().signer.origin, 1, leaf))
    message = pb.ProvenEntry(index=0, opening=pb.CommitmentOpening(entry=garbage, nonce=nonce))
    reason = accusation(verify_receipt, message, note, log().asked, log().verifier)
    assert reason is Reason.ENTRY_MISMATCH


# --- Receipts of inspections --------------------------------------------------------------------


def check_inspection(index: int | None = None, **lies: Any) -> None:
    """Check the page that the log's auditor read, as its client would; `lies` is what differs."""
    at = log().asked_at + 1
    entry = parse_entry(log().openings[at].entry)
    expected: dict[str, Any] = {
        "reader": AUDITOR,
        "certificate_sha256": entry.certificate_sha256,
        "inspected": InspectedRange(0, at, at),
        "known_size": at,
        **lies,
    }
    proven = log().proven(at if index is None else index)
    verify_inspection_receipt(proven, log().checkpoint, **expected)


def test_a_reading_is_on_the_log_as_its_reader_got_it() -> None:
    check_inspection()


def other_readings(at: int) -> dict[str, dict[str, Any]]:
    return {
        "another reader": {"reader": replace(AUDITOR, name="another")},
        "another certificate": {"certificate_sha256": bytes(32)},
        "a shorter page": {"inspected": InspectedRange(0, at - 1, at - 1)},
        "a later page": {"inspected": InspectedRange(1, at, at - 1)},
        "a page less open": {"inspected": InspectedRange(0, at, at - 1)},
        "no inspection": {"index": at - 1},
        "an earlier reading": {"known_size": at + 1},
    }


@pytest.mark.parametrize("lie", other_readings(0))
def test_an_entry_of_another_reading_is_no_receipt(lie: str) -> None:
    lies = other_readings(log().asked_at + 1)[lie]
    assert accusation(lambda: check_inspection(**lies)) is Reason.RECEIPT_MISMATCH


def test_a_reading_that_is_not_in_the_tree_is_no_receipt() -> None:
    proven = replace(log().proven(log().asked_at + 1), inclusion_proof=())
    args: dict[str, Any] = {"reader": AUDITOR, "certificate_sha256": bytes(32), "known_size": 0}
    check = lambda: verify_inspection_receipt(  # noqa: E731
        proven, log().checkpoint, inspected=InspectedRange(0, 1, 1), **args
    )
    assert accusation(check) is Reason.PROOF_INVALID
