"""Provenance: what passes received information on names its sources, and the consents to that.

For each source and each recipient one of these must hold, at the hub's time:
- the initiator of the source's exchange named the recipient as an onward authority, and nobody
  refused or revoked that (docs/rules.md#p2);
- a consent that the statement names was given by the source's author for this source, this
  recipient and this purpose, to the agency that passes it on, and has neither lapsed nor been
  revoked. It was given to the agency that asked for it, and serves no other (docs/rules.md#p2).

Sources that a source itself passed on are passed on with it. So for new statements the same must
hold for these, unless the recipient was sent them too. The agency that received one asks its
provider, and its consent serves those to whom it passed the source on. A copy of the brief is not
the statement: a supervisor, an approver and a later member of a joint case need the consent as
others do.

Nothing is passed on below the strictest handling and TLP of the source's leg (docs/rules.md#p16),
and nothing is passed back to its own author. A source is a statement that the author's agency may
see. Hub and auditors, who know every exchange, check this; a recipient's own view cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party, Purpose, ReaderRole
from exchange_protocol.kinds.rows import ConsentStep
from exchange_protocol.rules.access import StatementFacts, is_erased, role_of
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.leg_record import Consent
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId


class Source(NamedTuple):
    """A statement that may be passed on, with the state of its exchange."""

    said: StatementFacts
    exchange: Exchange
    passes_on: tuple[bytes, ...] = ()
    """Digests of the sources that it passed on itself, where that is known."""


class Sources(Protocol):
    """Finds statements of any exchange by their digests."""

    def find(self, digest: bytes) -> Source | None:
        """The statement of an exchange; None if there is none."""


def check_provenance(statement: Statement, sources: Sources, at: datetime) -> None:
    """Check that a statement may pass on the sources that it names.

    Raises:
        NotFound: STATEMENT_UNKNOWN, for a source that the author may not see; CONTENT_ERASED.
        InvalidInput: PROVENANCE_CIRCULAR, for a source of a recipient; INVALID_FIELD, for a
            handling or TLP below the source's.
        NotPermitted: CONSENT_MISSING, naming the agency that must consent.
    """
    if not statement.kind.spec.passes_on:
        return
    body: Any = statement.body
    named = frozenset(body.consents)
    used: set[bytes] = set()
    for i, digest in enumerate(body.sources):
        source = _visible(statement, sources, digest, at, f"sources[{i}]")
        legs = [leg for leg in source.exchange.legs if leg.agency in source.said.legs]
        _check_not_weaker(statement, legs, f"sources[{i}]")
        if source.said.author == statement.author.agency:
            continue
        for recipient in statement.recipients:
            used |= _check_recipient(statement, source, legs, recipient, named, at)
    unused = named - used
    if unused:
        raise Reason.CONSENT_MISSING.error(
            f"expected consents that this needs and that stand now, got {min(unused).hex()}",
            field="consents",
        )


def check_chain(statement: Statement, sources: Sources, at: datetime) -> None:
    """Check that a new statement may pass on what its sources passed on themselves.

    Raises:
        InvalidInput: PROVENANCE_CIRCULAR, if a recipient gets back what it gave.
        NotPermitted: CONSENT_MISSING, naming the agency that must consent if the author may see
            what it said.
    """
    if not statement.kind.spec.passes_on:
        return
    body: Any = statement.body
    author = statement.author.agency
    for digest, askers in _behind(body.sources, author, sources).items():
        origin = None if digest in body.sources else sources.find(digest)
        if origin is not None and origin.said.author != author:
            for recipient in statement.recipients:
                _check_behind(statement, origin, recipient, askers, at)


def check_release(statement: Statement, exchange: Exchange, sources: Sources, at: datetime) -> None:
    """Check that what a new approval releases may still be passed on.

    A consent may have ended, or a source may have been erased, while the statement was held: what
    nobody has read yet is passed on no more.

    Raises:
        NotPermitted: CONSENT_MISSING.
        NotFound: CONTENT_ERASED.
    """
    spec = statement.kind.spec
    if not (spec.approves(statement.body) and exchange.kind.spec.passes_on):
        return
    opening = sources.find(exchange.initial_digest)
    named = opening.passes_on if opening else ()
    askers_of = {digest: {exchange.initiator} for digest in named}
    askers_of = _behind(named, exchange.initiator, sources) | askers_of
    unread = [leg for leg in exchange.legs if not leg.was_released]
    for digest, askers in askers_of.items():
        origin = sources.find(digest)
        if origin is None or origin.said.author == exchange.initiator:
            continue
        for leg in unread:
            if leg.agency not in statement.recipients:
                continue
            if digest in named and is_erased(origin.exchange, origin.said, at):
                raise Reason.CONTENT_ERASED.error(
                    f"the {exchange.kind} passes on what was erased while it was held, so "
                    f"{leg.agency} may not get it. {_NOT_RELEASED}",
                    field="recipients",
                )
            if not _is_let(origin, leg.agency, askers, exchange.header.purpose, at):
                # An approver sees no source: it is told of no agency behind it.
                raise Reason.CONSENT_MISSING.error(
                    f"a consent on which the {exchange.kind} rests ended while it was held, so "
                    f"{leg.agency} may not get it. {_NOT_RELEASED}",
                    field="recipients",
                )


_NOT_RELEASED: Final = "Reject it, or return it to its author, who may ask for consent anew"


def _behind(
    named: tuple[bytes, ...], author: AgencyId, sources: Sources
) -> dict[bytes, set[AgencyId]]:
    """The statements behind sources, each with the agencies whose consent serves for it.

    They are the author, and those that passed it on.
    """
    waiting = [*named]
    followed = set(waiting)
    behind: dict[bytes, set[AgencyId]] = {}
    while waiting:
        source = sources.find(waiting.pop())
        for digest in source.passes_on if source else ():
            if source is not None:
                behind.setdefault(digest, {author}).add(source.said.author)
            if digest not in followed:
                followed.add(digest)
                waiting.append(digest)
    return behind


def _check_behind(
    statement: Statement,
    origin: Source,
    recipient: AgencyId,
    passed_on_by: set[AgencyId],
    at: datetime,
) -> None:
    """Check that a recipient may get a source that stands behind one that is named.

    The consent to that was given to the author, or to an agency that passed the source on.

    Where the author may not see that source, one reason serves for all: another would name who
    stands behind.
    """
    said, purpose = origin.said, statement.header.purpose
    sees = role_of(statement.author.agency, origin.exchange, said) is not None
    if recipient == said.author:
        if not sees:
            raise _missing_behind(recipient)
        raise Reason.PROVENANCE_CIRCULAR.error(
            f"expected others than {recipient}: a source passes on what it said itself, "
            f"{said.digest.hex()}",
            field="recipients",
        )
    if _is_let(origin, recipient, passed_on_by, purpose, at):
        return
    if not sees:
        raise _missing_behind(recipient)
    raise Reason.CONSENT_MISSING.error(
        f"a source passes on {said.digest.hex()}, and {said.author} has not consented that "
        f"{recipient} receives it for {purpose.name if purpose else 'no purpose'}: the agency that "
        "received it asks for that by `agency ask-consent`",
        field="sources",
    )


def _is_let(
    origin: Source,
    recipient: AgencyId,
    askers: set[AgencyId],
    purpose: Purpose | None,
    at: datetime,
) -> bool:
    """True if a recipient may have a source: by its own part in it, a consent, or its header.

    The consent was given to one of `askers`.
    """
    if _was_sent(recipient, origin):
        return True
    said = origin.said
    consents = [
        *_consents_about(origin, [leg for leg in origin.exchange.legs if leg.agency in said.legs])
    ]
    if purpose is not None and any(
        asker in askers and each.covers(said.digest, recipient, purpose, at)
        for asker, each in consents
    ):
        return True
    is_named = recipient in origin.exchange.header.onward_authorities
    return is_named and not any(_denies(each, recipient) for _, each in consents)


def _was_sent(agency: AgencyId, origin: Source) -> bool:
    """True if a statement was addressed to an agency that may see it: it can read all of it."""
    said, exchange = origin.said, origin.exchange
    is_addressed = agency == exchange.initiator or agency in said.legs
    return is_addressed and role_of(agency, exchange, said) is ReaderRole.RECIPIENT


def _missing_behind(recipient: AgencyId) -> ExchangeError:
    return Reason.CONSENT_MISSING.error(
        f"a source passes on what others said, and not all of them have consented that {recipient} "
        "receives it for this purpose: ask the agency that gave you the source to ask for that",
        field="sources",
    )


def _visible(
    statement: Statement, sources: Sources, digest: bytes, at: datetime, where: str
) -> Source:
    source = sources.find(digest)
    if source is None or role_of(statement.author.agency, source.exchange, source.said) is None:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that {statement.author.agency} may see, got {digest.hex()}",
            field=where,
        )
    if is_erased(source.exchange, source.said, at):
        raise Reason.CONTENT_ERASED.error(
            f"the content of {digest.hex()} was erased and is passed on no more", field=where
        )
    return source


def _check_not_weaker(statement: Statement, legs: list[Leg], where: str) -> None:
    header = statement.header
    for leg in legs:
        if header.handling < leg.record.strictest_handling or header.tlp < leg.record.strictest_tlp:
            raise Reason.INVALID_FIELD.error(
                f"expected at least {leg.record.strictest_handling.name} and "
                f"TLP:{leg.record.strictest_tlp.name}, "
                f"those of the source; got {header.handling.name} and TLP:{header.tlp.name}",
                field=where,
            )


def _check_recipient(
    statement: Statement,
    source: Source,
    legs: list[Leg],
    recipient: AgencyId,
    named: frozenset[bytes],
    at: datetime,
) -> set[bytes]:
    """The named consents that let a recipient have a source; raises if nothing lets it."""
    said, purpose = source.said, statement.header.purpose
    if recipient == said.author:
        raise Reason.PROVENANCE_CIRCULAR.error(
            f"expected others than {recipient}, the author of {said.digest.hex()}: it has it",
            field="recipients",
        )
    author = statement.author.agency
    consents = [*_consents_about(source, legs)]
    own = [each for asker, each in consents if asker == author]
    covering = {
        each.decision
        for each in own
        if purpose is not None and each.covers(said.digest, recipient, purpose, at)
    }
    if covering & named:
        return covering & named
    if recipient in source.exchange.header.onward_authorities and not any(
        _denies(each, recipient) for _, each in consents
    ):
        return set()
    asked = purpose.name if purpose else "no purpose"
    if covering:
        raise Reason.CONSENT_MISSING.error(
            f"expected the decision by which {said.author} consented that {recipient} receives "
            f"{said.digest.hex()} for {asked}: name it by --consent {min(covering).hex()}",
            field="consents",
        )
    why = _lapsed(own, recipient, purpose, at)
    # The author named it, so it knows of it. Of others' consents it is told nothing.
    if any(asker != author and each.decision in named for asker, each in consents):
        why = ": a consent serves the agency that asked for it, and no other"
    raise Reason.CONSENT_MISSING.error(
        f"{said.author} has not consented that {recipient} receives {said.digest.hex()} "
        f"for {asked}{why}. {_way_to(source, author, recipient, purpose)}",
        field="consents",
    )


def _way_to(source: Source, author: AgencyId, recipient: AgencyId, purpose: Purpose | None) -> str:
    """Say how an agency comes by the consent that it lacks."""
    said, exchange = source.said, source.exchange
    if author not in (exchange.initiator, *(leg.agency for leg in exchange.legs)):
        return (
            f"{author} cannot ask for it, for it is no end of exchange {exchange.id}: an agency "
            "that is one asks, and passes it on itself"
        )
    command = asking(exchange.kind, exchange.initiator, (author, said.author))
    use = purpose.name.lower() if purpose else "PURPOSE"
    return (
        f"To ask for it: agency {command} {exchange.id} --about {said.digest.hex()} --authority "
        f"{recipient} --purpose {use}. Then name the decision: --consent DIGEST"
    )


def _consents_about(source: Source, legs: list[Leg]) -> Iterator[tuple[AgencyId, Consent]]:
    """The consents that were asked for about a source, each with the agency that asked."""
    for leg in legs:
        for each in leg.record.consents:
            if each.about == source.said.digest:
                is_lead = each.asked_by is Party.INITIATOR
                end = source.exchange.initiator if is_lead else leg.agency
                yield each.member or end, each


def asking(kind: Kind, initiator: AgencyId, ends: tuple[AgencyId, AgencyId]) -> str:
    """The command by which one of two agencies of an exchange asks the other for consent."""
    of_members = kind.spec.is_case and initiator not in ends
    return "ask-member-consent" if of_members else "ask-consent"


def _denies(consent: Consent, recipient: AgencyId) -> bool:
    ended = (ConsentStep.REFUSES, ConsentStep.REVOKES)
    return consent.authority == recipient and consent.step in ended


def _lapsed(
    consents: list[Consent], recipient: AgencyId, purpose: Purpose | None, at: datetime
) -> str:
    """Tell of a consent that covered it once; empty where there was none."""
    for each in reversed(consents):
        if (each.authority, each.purpose) != (recipient, purpose):
            continue
        if each.step is ConsentStep.REVOKES:
            return ": that consent was revoked"
        if each.step is ConsentStep.GRANTS and each.expires_at and each.expires_at <= at:
            return f": that consent lapsed at {each.expires_at.isoformat()}"
    return ""
