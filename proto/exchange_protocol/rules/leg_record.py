"""The record of a leg: what was said on it by whom, who works on its approval, what is erased.

The lifecycle asks it where a statement names another one (`Row.about`), takes an approval in hand
(`Row.claims`), or has what its author said erased (`Row.erases_own`). Hub, client and auditor make
it from the same statements. `encode_record` is its one spelling in tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import About, Body, Row
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member, parse_member


@dataclass(frozen=True, slots=True)
class Claim:
    """An approver has a held leg in hand."""

    member: str
    """URI of the member."""
    at: datetime
    """The hub's time."""


@dataclass(frozen=True, slots=True)
class LegRecord:
    """The traces of a leg's statements, beside its state."""

    from_initiator: tuple[bytes, ...] = ()
    """Digests of what the initiator said on the leg, in log order."""
    from_recipient: tuple[bytes, ...] = ()
    """Digests of what the recipient said on it."""
    claim: Claim | None = None
    erased: tuple[bytes, ...] = ()
    """Digests of statements whose sealed parts their author has erased."""

    def said_by(self, party: Party) -> tuple[bytes, ...]:
        """Digests of what one end of the leg said on it; none of an approver."""
        if party is Party.INITIATOR:
            return self.from_initiator
        return self.from_recipient if party is Party.RECIPIENT else ()


EMPTY_RECORD = LegRecord()


def record_after(
    record: LegRecord, row: Row, statement: Statement, after: LegState, at: datetime
) -> LegRecord:
    """The record after a statement by a row, at the hub's time.

    Raises:
        NotFound: STATEMENT_UNKNOWN, if it names a statement that it may not name.
        Conflict: ALREADY_CLAIMED, or NOT_CLAIMED.
        NotPermitted: NOT_ITS_CLAIM, if another agency has the leg in hand.
    """
    if row.about is not None:
        _check_about(record, row.about, row.party, statement.body)
    claim = _claim_after(record.claim, row, statement.author, at)
    if row.erases_own:
        record = replace(record, erased=record.said_by(row.party))
    # A claim ends with the decision that it was for, and with new content.
    ends = after is not LegState.HELD or row.adds_content or row.approves
    record = replace(record, claim=None if ends else claim)
    if row.party is Party.INITIATOR:
        return replace(record, from_initiator=(*record.from_initiator, statement.digest))
    if row.party is Party.RECIPIENT:
        return replace(record, from_recipient=(*record.from_recipient, statement.digest))
    return record


def _check_about(record: LegRecord, about: About, party: Party, body: Body) -> None:
    ends = (Party.INITIATOR, Party.RECIPIENT)
    speaker = party if about is About.OWN else next(each for each in ends if each is not party)
    digest: bytes = getattr(body, "about")  # noqa: B009 # bodies of such rows alone have it
    if digest not in record.said_by(speaker):
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that the {speaker.value} said on this leg, got {digest.hex()}",
            field="about",
        )


def _claim_after(claim: Claim | None, row: Row, author: Member, at: datetime) -> Claim | None:
    if row.claims is None:
        return claim
    if row.claims:
        if claim is not None:
            raise Reason.ALREADY_CLAIMED.error(
                f"{claim.member} has this in hand since {claim.at.isoformat()}; "
                "it can be given back by that agency, and decided by any approver"
            )
        return Claim(author.uri, at)
    if claim is None:
        raise Reason.NOT_CLAIMED.error("nobody has this in hand, so there is nothing to give back")
    if parse_member(claim.member).agency != author.agency:
        raise Reason.NOT_ITS_CLAIM.error(
            f"expected a member of the agency that has this in hand, {claim.member}; got {author}"
        )
    return None


def encode_record(record: LegRecord) -> str:
    """A record as canonical JSON; what is empty is left out."""
    fields: dict[str, Any] = {
        name: [digest.hex() for digest in digests]
        for name, digests in (
            ("from_initiator", record.from_initiator),
            ("from_recipient", record.from_recipient),
            ("erased", record.erased),
        )
        if digests
    }
    if record.claim is not None:
        fields["claim"] = [record.claim.member, record.claim.at.isoformat()]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def decode_record(text: str) -> LegRecord:
    """A record from the JSON that `encode_record` made."""
    if text == _EMPTY_TEXT:
        return EMPTY_RECORD
    fields = json.loads(text)
    claim = fields.get("claim")
    return LegRecord(
        from_initiator=_digests(fields, "from_initiator"),
        from_recipient=_digests(fields, "from_recipient"),
        claim=None if claim is None else Claim(claim[0], datetime.fromisoformat(claim[1])),
        erased=_digests(fields, "erased"),
    )


def _digests(fields: dict[str, Any], name: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, fields.get(name, ())))


_EMPTY_TEXT = encode_record(EMPTY_RECORD)
