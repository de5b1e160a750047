"""The header of a statement: the caller's terms, and defaults of the profile and the exchange.

A caller sets terms beside the content of a statement. Terms that are left out come from the
profile's defaults, from the exchange that is continued, or from the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from agency_client.content.documents import Brief
from agency_client.core.given import EnumT, parse_agencies, parse_code, parse_codes, parse_filled
from agency_client.core.ports import Ports
from agency_client.core.time_zones import check_zone, find_zone
from agency_client.core.times import Due, parse_due
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import (
    Handling,
    InformationGrade,
    Language,
    Purpose,
    SourceGrade,
    Tlp,
    Urgency,
    WithholdingGround,
)
from exchange_protocol.rules.statements import Draft, Header, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a statement, beside its content; None leaves one out."""

    due: Due | None = None
    handling: Handling | str | None = None
    tlp: Tlp | str | None = None
    source_grade: SourceGrade | str | None = None
    information_grade: InformationGrade | str | None = None
    urgency: Urgency | str | None = None
    purpose: Purpose | str | None = None
    legal_basis: str | None = None
    permitted_uses: Iterable[Purpose | str] = ()
    onward_authorities: Iterable[str] = ()
    language: Language | str | None = None
    time_zone: str | None = None
    withheld_from: Iterable[str] = ()
    withholding_ground: WithholdingGround | str | None = None


NO_TERMS: Final = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The values of a header whose terms are left out; a continuing one goes no lower.

    The source is docs/rules.md#p16.
    """

    handling: Handling = Handling.H0
    tlp: Tlp = Tlp.AMBER
    urgency: Urgency = Urgency.ROUTINE
    purpose: Purpose | None = None


def continuing_floor(
    body: Body, initial: Header, handling: Iterable[Handling], tlp: Iterable[Tlp]
) -> Floor:
    """The floor of a statement that continues an exchange, by its legs and its initial header.

    What passes others' information on is for the purpose of the request, unless it names another:
    their consents are for a purpose.
    """
    passes_on = kind_of(body).spec.passes_on and bool(getattr(body, "sources", ()))
    return Floor(
        handling=max(handling),
        tlp=max(tlp),
        urgency=initial.urgency,
        purpose=initial.purpose if passes_on else None,
    )


INITIAL_FLOOR: Final = Floor(purpose=Purpose.INVESTIGATION)


def make_header(terms: Terms, floor: Floor, ports: Ports, now: datetime) -> Header:
    """The header of a statement; raises INVALID_FIELD with the name of the term."""
    defaults = ports.defaults
    time_zone = defaults.time_zone if terms.time_zone is None else terms.time_zone
    if time_zone is not None:
        check_zone(parse_filled(time_zone, "time_zone"))
    due = None if terms.due is None else parse_due(terms.due, now, zone_of(time_zone, ports))
    return Header(
        handling=_code(Handling, terms.handling, "handling") or floor.handling,
        tlp=_code(Tlp, terms.tlp, "tlp") or floor.tlp,
        source_grade=_code(SourceGrade, terms.source_grade, "source_grade"),
        information_grade=_code(InformationGrade, terms.information_grade, "information_grade"),
        urgency=_code(Urgency, terms.urgency, "urgency") or floor.urgency,
        due_at=due.at if due else None,
        due_on=due.day if due else None,
        purpose=_code(Purpose, terms.purpose, "purpose") or floor.purpose,
        legal_basis=None
        if terms.legal_basis is None
        else parse_filled(terms.legal_basis, "legal_basis"),
        permitted_uses=parse_codes(Purpose, terms.permitted_uses, "permitted_uses"),
        onward_authorities=parse_agencies(terms.onward_authorities, "onward_authorities"),
        language=_code(Language, terms.language, "language") or defaults.language,
        time_zone=time_zone,
        withheld_from=parse_agencies(terms.withheld_from, "withheld_from"),
        withholding_ground=_code(WithholdingGround, terms.withholding_ground, "withholding_ground"),
    )


def check_reasons(kind: Kind, terms: Terms, brief: Brief | None) -> None:
    """Check that the brief gives the reasons that the terms ask for; raises DOCUMENT_INVALID.

    A kind that is urgent by itself needs none for that.
    """
    handling = _code(Handling, terms.handling, "handling")
    if handling is Handling.H3 and (brief is None or brief.handling_restrictions is None):
        raise Reason.DOCUMENT_INVALID.error(
            "expected the brief to say which restrictions H3 stands for, as "
            "handling_restrictions; got none",
            field="brief.handling_restrictions",
        )
    urgency = _code(Urgency, terms.urgency, "urgency")
    is_told = urgency is Urgency.URGENT and not kind.spec.is_urgent
    if is_told and (brief is None or brief.urgency_reason is None):
        raise Reason.DOCUMENT_INVALID.error(
            "expected the brief to say why it is urgent, as urgency_reason; got no reason",
            field="brief.urgency_reason",
        )


def initial_header(kind: Kind, terms: Terms, ports: Ports, now: datetime) -> Header:
    """The header of an initial statement; raises also MISSING_FIELD, without a legal basis."""
    urgency = Urgency.URGENT if kind.spec.is_urgent else INITIAL_FLOOR.urgency
    header = make_header(terms, replace(INITIAL_FLOOR, urgency=urgency), ports, now)
    return replace(header, legal_basis=_require_legal_basis(kind, terms, ports))


def _require_legal_basis(kind: Kind, terms: Terms, ports: Ports) -> str:
    legal_basis = kind.spec.legal_basis or terms.legal_basis or ports.defaults.legal_basis
    if legal_basis is None:
        raise Reason.MISSING_FIELD.error(
            "expected a legal basis, given here or as defaults.legal_basis of the profile",
            field="legal_basis",
        )
    return legal_basis


def as_statement(draft: Draft) -> Statement:
    """A draft as the rules see a statement; its digest is not known before it is encoded."""
    values = {each.name: getattr(draft, each.name) for each in fields(Draft)}
    return Statement(**values, digest=bytes(32))


def _code(enum: type[EnumT], given: EnumT | str | None, field: str) -> EnumT | None:
    return None if given is None else parse_code(enum, given, field)


def zone_of(name: str | None, ports: Ports) -> tzinfo:
    """The time zone in which a date ends: the statement's, else that of the agency's enrolment."""
    if name is None:
        agency = ports.directory.current.agencies.get(ports.agency)
        name = agency.time_zone if agency else None
    if name is None:
        return UTC
    return find_zone(name)
