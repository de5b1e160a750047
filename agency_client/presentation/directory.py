"""The directory in words: agencies, what each takes, its members and their certificates.

All of it follows from the log, which the library verified. Names are another's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from agency_client.presentation.countries import country
from agency_client.presentation.exchanges import Fact
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_acceptance import PublishAcceptance
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.directory import CertificateRecord, Directory
from exchange_protocol.rules.rulebook import Agency
from exchange_protocol.trust.identity import AgencyId

_FROM_AGENCIES = tuple(kind for kind in Kind if kind.stage is Stage.INITIAL)


class AgencyRow(NamedTuple):
    """One agency of the directory."""

    id: AgencyId
    name: str
    country: str
    sort: str
    takes: str
    """The kinds that it takes, the languages, and the largest part, in words."""
    hours: str
    contact: str
    doubt: str
    """Why nothing can be sent to it now; empty where it can."""


class MemberRow(NamedTuple):
    """One certificate of a member of an agency."""

    name: str
    role: str
    validity: str
    state: str
    """Why it counts no more, or not yet; empty for one that counts."""
    fingerprint: str


def agency_rows(
    directory: Directory, locale: Locale, start: int = 0, end: int | None = None
) -> list[AgencyRow]:
    """Agencies by their ids, from one place of the list to another; retired ones come last."""
    found = sorted(directory.agencies.values(), key=lambda each: (each.is_retired, each.id))
    return [_row(directory, each, locale) for each in found[start:end]]


def agency_facts(directory: Directory, agency: Agency, locale: Locale) -> list[Fact]:
    """Everything that the directory says of an agency, but its name and its members."""
    say = locale.say
    taken = directory.acceptances.get(agency.id, PublishAcceptance())
    keys = directory.sealing_keys.get(agency.id, ())
    facts = [
        Fact(say(Label.COUNTRY), _country(agency, locale)),
        Fact(say(Label.KIND), say(agency.agency_type)),
        Fact(say(Label.TIME_ZONE), agency.time_zone),
        Fact(say(Label.KINDS_TAKEN), _kinds(taken, locale)),
        Fact(say(Label.LANGUAGES_TAKEN), ", ".join(map(say, taken.languages)) or say(Label.ANY)),
        Fact(say(Label.LARGEST_PART), _size(taken, locale) or say(Label.AS_THE_HUB_TAKES)),
        Fact(say(Label.WORKING_HOURS), locale.one_line(taken.hours) or say(Label.NOT_PUBLISHED)),
        Fact(
            say(Label.DUTY_CONTACT), locale.one_line(taken.duty_contact) or say(Label.NOT_PUBLISHED)
        ),
        Fact(say(Label.SEALING_KEY), keys[-1].key_id.hex() if keys else say(Label.NO), not keys),
    ]
    if agency.id in directory.post_quantum:
        facts.append(Fact(say(Label.SIGNATURES), say(Label.BOTH_SIGNATURES)))
    if agency.is_retired:
        facts.insert(0, Fact(say(Label.STATE), say(Label.RETIRED), is_alarm=True))
    return facts


def member_rows(
    directory: Directory, agency: AgencyId, locale: Locale, now: datetime
) -> list[MemberRow]:
    """The signing certificates of an agency's members: those that count now come first."""
    records = [each for each in directory.certificates.values() if each.member.agency == agency]

    def order(record: CertificateRecord) -> tuple[bool, str, str, float]:
        member = record.member
        latest = -record.certificate.not_after.timestamp()
        return bool(_why_not(record, now, locale)), member.role.value, member.name or "", latest

    return [_member(each, locale, now) for each in sorted(records, key=order)]


def _row(directory: Directory, agency: Agency, locale: Locale) -> AgencyRow:
    taken = directory.acceptances.get(agency.id, PublishAcceptance())
    doubt = ""
    if agency.is_retired:
        doubt = locale.say(Label.RETIRED)
    elif not directory.sealing_keys.get(agency.id):
        doubt = locale.say(Label.WITHOUT_SEALING_KEY)
    return AgencyRow(
        id=agency.id,
        name=locale.one_line(agency.name),
        country=_country(agency, locale),
        sort=locale.say(agency.agency_type),
        takes="; ".join(_takes(taken, locale)),
        hours=locale.one_line(taken.hours),
        contact=locale.one_line(taken.duty_contact),
        doubt=doubt,
    )


def _takes(taken: PublishAcceptance, locale: Locale) -> Iterator[str]:
    yield _kinds(taken, locale)
    if taken.languages:
        yield ", ".join(map(locale.say, taken.languages))
    if size := _size(taken, locale):
        yield locale.say(Label.UP_TO, most=size)


def _kinds(taken: PublishAcceptance, locale: Locale) -> str:
    known = {kind.value: kind for kind in _FROM_AGENCIES}
    said = [
        locale.say(known[each].spec.words) if each in known else locale.one_line(each)
        for each in taken.kinds
    ]
    return ", ".join(said) or locale.say(Label.EVERY_KIND)


def _size(taken: PublishAcceptance, locale: Locale) -> str:
    if not taken.max_part_bytes:
        return ""
    return locale.say(Label.NUMBER_BYTES, number=taken.max_part_bytes)


def _country(agency: Agency, locale: Locale) -> str:
    return country(agency.country, locale) if agency.country else locale.say(Label.OF_NO_STATE)


def _member(record: CertificateRecord, locale: Locale, now: datetime) -> MemberRow:
    certificate, member = record.certificate, record.member
    return MemberRow(
        name=locale.one_line(member.name or ""),
        role=locale.say(member.role),
        validity=locale.say(
            Label.VALID,
            start=locale.minute(certificate.not_before),
            end=locale.minute(certificate.not_after),
        ),
        state=_why_not(record, now, locale),
        fingerprint=certificate.fingerprint.hex(),
    )


def _why_not(record: CertificateRecord, now: datetime, locale: Locale) -> str:
    if record.revoked_at is not None:
        return locale.say(Label.REVOKED_SINCE, time=locale.minute(record.revoked_at))
    certificate = record.certificate
    is_valid = certificate.not_before <= now <= certificate.not_after
    return "" if is_valid else locale.say(Label.NOT_VALID_NOW)
