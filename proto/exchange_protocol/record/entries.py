"""Entries of the log: what happened, in exact bytes, and how a leaf commits to them.

    leaf data = "caricc-exchange/leaf/v1\\n" || HMAC-SHA256(key = nonce, entry)

The leaf says nothing by itself: without the 32-byte random nonce nobody can test a guess of the
entry against it. An entitled reader gets the `CommitmentOpening`: entry, nonce, and the signed
statement. When nonce and content are erased, the tree stays whole.

Assumed verified: nothing. `verify_opening` ties an opening to a leaf hash; proofs that tie the leaf
to a checkpoint are in `receipts`, the rules that the entry must keep in `replay`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from google.protobuf.message import DecodeError

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.fields import (
    parse_agencies,
    parse_digest,
    parse_enum,
    parse_matching,
    parse_optional_enum,
    parse_timestamp,
    to_timestamp,
)
from exchange_protocol.log.merkle import hash_leaf
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.inspection import EntryScope, Parties
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.policy import RULE_ID
from exchange_protocol.rules.signed_statements import (
    SignedStatement,
    fill_signed_statement,
    parse_signed_statement,
)
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member, parse_agency_id, parse_member
from exchange_protocol.v1 import log_pb2 as pb
from exchange_protocol.words import Code

NONCE_BYTES = 32
MAX_ENTRY_BYTES = 64 * 1024
MOST_INSPECTED = 1000
"""Entries on one page: what replays count a reading by is bounded."""
MOST_AHEAD = timedelta(hours=1)
MOST_BEHIND = timedelta(days=31)
"""A statement's own time may be so much after and before the hub's, however a hub is configured.

A hub whose clock stands still could accept what an expired certificate signs, and one that keeps a
statement for later could bring it up when it suits."""
_LEAF_PREFIX = b"caricc-exchange/leaf/v1\n"
_MOST = 1024
_PARSED = 64
_RULINGS = 1024
"""Many statements get the same ruling. As a message it is copied into the entry, never changed."""
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Event(Code):
    """Events that an entry records."""

    STATEMENT = (
        pb.EVENT_STATEMENT,
        "statement accepted",
        "заявление принято",
        "мәлімдеме қабылданды",
    )
    DELIVERY = pb.EVENT_DELIVERY, "content handed out", "содержание выдано", "мазмұн берілді"
    DENIAL = pb.EVENT_DENIAL, "refused by the hub", "отклонено узлом", "торап қабылдамады"
    INSPECTION = pb.EVENT_INSPECTION, "read by an auditor", "прочитано аудитором", "аудитор оқыды"


_OF_ITS_ACTOR = frozenset({Event.DENIAL, Event.INSPECTION})
"""Events that concern who they name, beside any exchange."""


@dataclass(frozen=True, slots=True)
class InspectedRange:
    """A page of the log as an auditor was given it: the entries [start, end)."""

    start: int
    end: int
    opened: int
    """The number of them that were opened; of the others it was shown the leaf alone."""

    def __str__(self) -> str:
        """The range in words, as messages have it."""
        return f"entries {self.start} to {self.end - 1}, of which {self.opened} opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. The event decides which fields are set; see `log.proto`."""

    hub_time: datetime
    event: Event
    actor: Member
    certificate_sha256: bytes
    """Signing certificate for statements, TLS certificate otherwise."""
    directory_size: int
    exchange_id: str = ""
    payload_digest: bytes = b""
    ruling: Ruling | None = None
    reason: str = ""
    operation: str = ""
    inspected: InspectedRange | None = None
    signature_digest: bytes = b""
    """`SignedStatement.signature_digest` of the statement, as the hub accepted it."""

    def names(self, signed: SignedStatement, statement: Statement) -> bool:
        """True if author, certificate and exchange are those of a statement; `statement` is parsed
        from `signed`."""
        return (
            self.actor == statement.author
            and self.certificate_sha256 == signed.certificate_sha256
            and self.exchange_id == statement.exchange_id
        )


@dataclass(frozen=True, slots=True)
class CommitmentOpening:
    """The opening of a leaf: the entry's exact bytes, its nonce, and any statement."""

    entry: bytes
    nonce: bytes
    statement: SignedStatement | None = None

    @property
    def size(self) -> int:
        """Bytes of the entry and of the statement's payload."""
        return len(self.entry) + (len(self.statement.payload) if self.statement else 0)


def scope_of(event: int, actor: AgencyId, exchange_id: str, ends: Iterable[Parties]) -> EntryScope:
    """The scope of an entry whose exchange was open between these agencies by then."""
    concerns_actor = event in _OF_ITS_ACTOR
    if exchange_id and not concerns_actor:
        return EntryScope(tuple(ends))
    return EntryScope(
        ends=tuple(ends),
        actor=actor if concerns_actor else None,
        is_inspection=event == Event.INSPECTION,
        is_public=event == Event.STATEMENT and not exchange_id,
    )


def encode_entry(entry: Entry) -> bytes:
    """Encode an entry; keep the bytes, the leaf commits to them."""
    return pb.LogEntry(
        hub_time=to_timestamp(entry.hub_time),
        event=pb.Event.ValueType(entry.event),
        exchange_id=entry.exchange_id,
        payload_sha256=entry.payload_digest,
        actor=entry.actor.uri,
        certificate_sha256=entry.certificate_sha256,
        directory_size=entry.directory_size,
        ruling=_encode_ruling(entry.ruling) if entry.ruling else None,
        reason=entry.reason,
        operation=entry.operation,
        inspected=_encode_range(entry.inspected) if entry.inspected else None,
        signature_sha256=entry.signature_digest,
    ).SerializeToString(deterministic=True)


@lru_cache(maxsize=_PARSED)
def parse_entry(data: bytes) -> Entry:
    """Parse the exact bytes of an entry. The last few are remembered: one is met several times.

    Raises:
        InvalidInput: if they are no well-formed entry.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected an entry of at most {MAX_ENTRY_BYTES} bytes, got {len(data)}"
        )
    try:
        message = pb.LogEntry.FromString(data)
    except DecodeError:
        raise Reason.MALFORMED.error("expected a serialized LogEntry; it does not parse") from None
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
        raise Reason.MALFORMED.error("expected the plain encoding of known fields, got another one")
    return Entry(
        hub_time=parse_timestamp(message.hub_time, "hub_time"),
        event=parse_enum(Event, message.event, "event"),
        actor=parse_member(message.actor),
        certificate_sha256=parse_digest(message.certificate_sha256, "certificate_sha256"),
        directory_size=message.directory_size,
        exchange_id=_code(message.exchange_id, "exchange_id"),
        payload_digest=parse_digest(message.payload_sha256, "payload_sha256")
        if message.payload_sha256
        else b"",
        ruling=_parse_ruling(message.ruling.SerializeToString())
        if message.HasField("ruling")
        else None,
        reason=_code(message.reason, "reason"),
        operation=_code(message.operation, "operation"),
        inspected=_parse_range(message.inspected) if message.HasField("inspected") else None,
        signature_digest=parse_digest(message.signature_sha256, "signature_sha256")
        if message.signature_sha256
        else b"",
    )


def entry_leaf_data(entry: bytes, nonce: bytes) -> bytes:
    """The data of the leaf that commits to an entry: a prefix and 32 bytes."""
    if len(nonce) != NONCE_BYTES:
        raise Reason.ENTRY_MISMATCH.error(
            f"expected a nonce of {NONCE_BYTES} bytes, got {len(nonce)}"
        )
    # `hmac.digest` would give the interpreter away each time, which a busy hub waits to get back.
    return _LEAF_PREFIX + hmac.new(nonce, entry, "sha256").digest()


def entry_leaf_hash(entry: bytes, nonce: bytes) -> bytes:
    """RFC 6962 hash of the leaf that commits to an entry."""
    return hash_leaf(entry_leaf_data(entry, nonce))


def read_entry(data: bytes) -> Entry:
    """Parse an entry that a hub gave; what is malformed is the hub's fault: ENTRY_MISMATCH."""
    try:
        return parse_entry(data)
    except ExchangeError as error:
        raise Reason.ENTRY_MISMATCH.error(f"the hub gave no well-formed entry: {error}") from error


def verify_opening(opening: CommitmentOpening, expected_leaf_hash: bytes) -> Entry:
    """Verify that an opening is the one of a leaf, and its statement the one of the entry.

    Raises:
        HubDishonest: ENTRY_MISMATCH.
    """
    if not hmac.compare_digest(entry_leaf_hash(opening.entry, opening.nonce), expected_leaf_hash):
        raise Reason.ENTRY_MISMATCH.error(
            f"the opened entry is not the one that leaf {expected_leaf_hash.hex()} commits to"
        )
    return verify_statement_of(opening)


def commits_to_malformed(opening: CommitmentOpening, leaf_hash: bytes) -> bool:
    """True if a leaf commits to bytes that are no well-formed entry: only its hub can do that."""
    try:
        is_opened = entry_leaf_hash(opening.entry, opening.nonce) == leaf_hash
    except ExchangeError:
        return False
    return is_opened and is_malformed(opening.entry)


def is_malformed(data: bytes) -> bool:
    """True if bytes are no well-formed entry."""
    try:
        parse_entry(data)
    except ExchangeError:
        return True
    return False


def verify_statement_of(opening: CommitmentOpening) -> Entry:
    """Verify that an opening carries the statement that its entry names, with the same signature.

    An entry of version 0.1 names no signature; `replay` asks for one.

    Raises:
        HubDishonest: ENTRY_MISMATCH.
    """
    entry = read_entry(opening.entry)
    if (opening.statement is not None) != (entry.event is Event.STATEMENT):
        raise Reason.ENTRY_MISMATCH.error(
            f"expected a statement with a statement's entry alone, got {entry.event.name} "
            f"{'with' if opening.statement else 'without'} one"
        )
    if opening.statement is not None and opening.statement.digest != entry.payload_digest:
        raise Reason.ENTRY_MISMATCH.error(
            f"expected the statement {entry.payload_digest.hex()} that the entry names, "
            f"got {opening.statement.digest.hex()}"
        )
    if opening.statement is not None and entry.signature_digest not in (
        b"",
        opening.statement.signature_digest,
    ):
        raise Reason.ENTRY_MISMATCH.error(
            f"expected the author's signature that the entry names, of digest "
            f"{entry.signature_digest.hex()}; got {opening.statement.signature_digest.hex()}"
        )
    return entry


def verify_time_of(entry: Entry, statement: Statement) -> None:
    """Verify that the hub's time of a statement can be true, by the time that its author signed.

    Raises:
        HubDishonest: RULE_BROKEN.
    """
    if not -MOST_AHEAD <= entry.hub_time - statement.made_at <= MOST_BEHIND:
        raise Reason.RULE_BROKEN.error(
            f"expected a statement made at most {MOST_BEHIND} before and {MOST_AHEAD} after the "
            f"hub's time {entry.hub_time.isoformat()}; got {statement.made_at.isoformat()}"
        )


def parse_opening(message: pb.CommitmentOpening) -> CommitmentOpening:
    """Take an opening from the wire.

    Raises:
        HubDishonest: ENTRY_MISMATCH, if its statement is malformed.
    """
    statement = None
    if message.HasField("statement"):
        try:
            statement = parse_signed_statement(message.statement)
        except ExchangeError as error:
            raise Reason.ENTRY_MISMATCH.error(
                f"the hub gave no well-formed statement: {error}"
            ) from error
    return CommitmentOpening(message.entry, message.nonce, statement)


def encode_opening(opening: CommitmentOpening) -> pb.CommitmentOpening:
    """Put an opening on the wire."""
    message = pb.CommitmentOpening()
    fill_opening(message, opening)
    return message


def fill_opening(message: pb.CommitmentOpening, opening: CommitmentOpening) -> None:
    """Put an opening into a message, where it stands (`fill_signed_statement`)."""
    message.entry = opening.entry
    message.nonce = opening.nonce
    if opening.statement is not None:
        fill_signed_statement(message.statement, opening.statement)


@lru_cache(maxsize=_RULINGS)
def _encode_ruling(ruling: Ruling) -> pb.Ruling:
    return pb.Ruling(
        policy_sha256=ruling.policy_digest,
        rule_ids=ruling.rule_ids,
        legs=[
            pb.LegChange(
                agency=change.agency,
                before=pb.LegState.ValueType(change.before or 0),
                after=pb.LegState.ValueType(change.after),
                approvals_required=change.approvals_required,
                approvers=change.approvers,
            )
            for change in ruling.legs
        ],
        supervisors=ruling.supervisors,
    )


def _encode_range(inspected: InspectedRange) -> pb.InspectedRange:
    return pb.InspectedRange(start=inspected.start, end=inspected.end, opened=inspected.opened)


def _parse_range(message: pb.InspectedRange) -> InspectedRange:
    found = InspectedRange(message.start, message.end, message.opened)
    if not 1 <= found.opened <= found.end - found.start <= MOST_INSPECTED:
        raise Reason.INVALID_FIELD.error(
            f"expected up to {MOST_INSPECTED} entries of which 1 or more were opened, got {found}",
            field="inspected",
        )
    return found


def _code(text: str, where: str) -> str:
    """A short code, or none; auditors are shown it, and count it."""
    return parse_matching(text, _CODE, "a code of at most 64 characters", where) if text else ""


@lru_cache(maxsize=_RULINGS)
def _parse_ruling(data: bytes) -> Ruling:
    """Parse a ruling. It names no statement, so the rulings of a log are few and alike."""
    message = pb.Ruling.FromString(data)
    return Ruling(
        policy_digest=parse_digest(message.policy_sha256, "ruling.policy_sha256")
        if message.policy_sha256
        else b"",
        rule_ids=tuple(
            parse_matching(rule_id, RULE_ID, "the @id of a rule", f"ruling.rule_ids[{i}]")
            for i, rule_id in enumerate(message.rule_ids)
        ),
        legs=tuple(
            LegChange(
                agency=parse_agency_id(change.agency, field="ruling.legs.agency"),
                before=parse_optional_enum(LegState, change.before, "ruling.legs.before"),
                after=parse_enum(LegState, change.after, "ruling.legs.after"),
                approvals_required=change.approvals_required,
                approvers=parse_agencies(change.approvers, "ruling.legs.approvers", _MOST),
            )
            for change in message.legs
        ),
        supervisors=parse_agencies(message.supervisors, "ruling.supervisors", _MOST),
    )
