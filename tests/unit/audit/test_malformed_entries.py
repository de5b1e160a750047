"""An entry that no reader understands convicts whoever signed its tree, in a copy of it too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agency_client.audit import Verdict
from exchange_protocol.errors import Reason
from exchange_protocol.record.entries import MAX_ENTRY_BYTES, CommitmentOpening
from exchange_protocol.v1 import log_pb2 as pb
from tests.support.listed_log import ListedLog, domestic_exchange
from tests.support.statements import KG_MIA, Hub
from tests.unit.audit.test_verify import audit

UNKNOWN = b"\xfa\x7f"
"""The tag of a field that no version has: number 2047, of bytes."""


class CopiedLog(ListedLog):
    """A copy of the log: whoever had it can have changed what no signature covers."""

    @property
    def is_copy(self) -> bool:
        return True


def encoded(message: pb.LogEntry) -> bytes:
    return message.SerializeToString(deterministic=True)


def without_time(message: pb.LogEntry) -> bytes:
    message.ClearField("hub_time")
    return encoded(message)


def of_an_event_that_is_none(message: pb.LogEntry) -> bytes:
    # Of two values the last one counts: event 99.
    return encoded(message) + b"\x10\x63"


def by_a_hub(message: pb.LogEntry) -> bytes:
    message.actor = "spiffe://exchange.example/hub/one"
    return encoded(message)


def with_free_text_as_a_reason(message: pb.LogEntry) -> bytes:
    message.reason = "It was late, and nobody was there."
    return encoded(message)


MALFORMED: dict[str, Callable[[pb.LogEntry], bytes]] = {
    "no message": lambda _: b"\xff\xff",
    "nothing": lambda _: b"",
    "a field that no version has": lambda message: encoded(message) + UNKNOWN + b"\x01x",
    "larger than an entry": lambda message: (
        encoded(message) + UNKNOWN + b"\x80\x80\x08" + bytes(2 * MAX_ENTRY_BYTES)
    ),
    "without a time": without_time,
    "of an event that is none": of_an_event_that_is_none,
    "by a hub": by_a_hub,
    "with free text as a reason": with_free_text_as_a_reason,
}


def with_entry(opening: CommitmentOpening, change: Callable[[pb.LogEntry], bytes]) -> bytes:
    return change(pb.LogEntry.FromString(opening.entry))


@pytest.mark.parametrize("source", [ListedLog, CopiedLog])
@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_malformed_entry_in_a_signed_tree_convicts(
    change: Callable[[pb.LogEntry], bytes], source: type[ListedLog]
) -> None:
    hub = Hub.founded()
    domestic_exchange(hub)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    at = len(hub.log) - 1
    hub.log[at] = replace(hub.log[at], entry=with_entry(hub.log[at], change))
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    report = audit(source(hub.log))
    assert report.verdict is Verdict.VIOLATIONS
    assert report.faults == ()
    [violation] = report.violations
    assert (violation.index, violation.reason) == (at, Reason.ENTRY_MISMATCH)
    assert "the hub gave no well-formed entry" in violation.message


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_entry_that_is_malformed_in_a_copy_alone_accuses_nobody(
    change: Callable[[pb.LogEntry], bytes],
) -> None:
    hub = Hub.founded()
    domestic_exchange(hub)
    source = CopiedLog(hub.log)
    leaves = source.leaves(0)
    opening = leaves[-1].opening
    assert opening is not None
    leaves[-1] = leaves[-1]._replace(opening=replace(opening, entry=with_entry(opening, change)))
    source.leaves = lambda start: leaves  # type: ignore[method-assign]
    report = audit(source)
    assert report.verdict is Verdict.TORN_COPY
    assert report.violations == ()


def test_malformed_entry_under_a_nonce_of_another_length_accuses_nobody() -> None:
    hub = Hub.founded()
    source = CopiedLog(hub.log)
    leaves = source.leaves(0)
    leaves[-1] = leaves[-1]._replace(opening=CommitmentOpening(b"", b"", None))
    source.leaves = lambda start: leaves  # type: ignore[method-assign]
    assert audit(source).verdict is Verdict.TORN_COPY
