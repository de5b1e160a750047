"""The region: twelve agencies, their members, the working calendars and the published times.

All of it is invented, as are the holidays. Each state has other days off, so that a clock that
counted in the wrong calendar would be seen.
"""

from __future__ import annotations

import atexit
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_keys import SealingPrivateKey
from exchange_protocol.kinds.codes import AgencyType, TimeLimitRule
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.trust.certificates import TrustAnchors, Usage
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.statements import OPERATOR, SECOND_OPERATOR, TRUST_DOMAIN, Cast, Signer, member

START: Final = datetime(2027, 1, 4, 4, tzinfo=UTC)
END: Final = datetime(2027, 12, 31, 18, tzinfo=UTC)
CERTIFICATES_END: Final = datetime(2028, 12, 31, tzinfo=UTC)
PASSPHRASE: Final = b"fictional passphrase"

CENTRE: Final = "caricc"
AGENCIES: Final = {
    CENTRE: ("Центр (вымышленный)", "", AgencyType.COORDINATION_CENTRE),
    "kz.mia": ("Полиция KZ (вымышленная)", "KZ", AgencyType.POLICE),
    "kz.fma": ("Финмониторинг KZ (вымышленный)", "KZ", AgencyType.FIU),
    "kz.gpo": ("Прокуратура KZ (вымышленная)", "KZ", AgencyType.PROSECUTOR),
    "uz.mia": ("Полиция UZ (вымышленная)", "UZ", AgencyType.POLICE),
    "uz.fiu": ("Финразведка UZ (вымышленная)", "UZ", AgencyType.FIU),
    "uz.gpo": ("Прокуратура UZ (вымышленная)", "UZ", AgencyType.PROSECUTOR),
    "kg.mia": ("Полиция KG (вымышленная)", "KG", AgencyType.POLICE),
    "kg.fiu": ("Финразведка KG (вымышленная)", "KG", AgencyType.FIU),
    "tj.dca": ("Агентство TJ (вымышленное)", "TJ", AgencyType.POLICE),
    "tj.gpo": ("Прокуратура TJ (вымышленная)", "TJ", AgencyType.PROSECUTOR),
    "az.fiu": ("Финразведка AZ (вымышленная)", "AZ", AgencyType.FIU),
}
COUNTRY: Final = {agency: country for agency, (_, country, _) in AGENCIES.items()}
PROSECUTOR_OF: Final = {"KZ": "kz.gpo", "UZ": "uz.gpo", "TJ": "tj.gpo"}
"""The states whose prosecutors take part."""
ASKING: Final = tuple(each for each in AGENCIES if each != CENTRE)
PARALLEL: Final = ("kz.mia", "kz.fma", "uz.mia", "uz.fiu", "kg.mia", "kg.fiu", "tj.dca", "az.fiu")
"""Agencies that investigate; prosecutors ask less often."""

COORDINATORS: Final = tuple(
    member(CENTRE, Role.COORDINATOR, name) for name in ("aigul", "bekzat", "chinara", "daniyar")
)
LOST: Final = tuple(member(CENTRE, Role.COORDINATOR, f"lost{number}") for number in range(4))
"""Coordinators whose keys are lost during the year."""
AUDITOR: Final = member(CENTRE, Role.AUDITOR, "dinara")
PROSECUTORS: Final = {
    agency: tuple(member(agency, Role.AUTHORISER, name) for name in ("saule", "timur"))
    for agency in PROSECUTOR_OF.values()
}
SYSTEM: Final = {agency: member(agency) for agency in AGENCIES}
OFFICER: Final = {agency: member(agency, Role.OFFICER, "officer") for agency in ASKING}
MEMBERS: Final = (
    OPERATOR,
    SECOND_OPERATOR,
    *COORDINATORS,
    *LOST,
    *(each for two in PROSECUTORS.values() for each in two),
    *SYSTEM.values(),
    *OFFICER.values(),
)

OFFSET_HOURS: Final = {"": 5, "KZ": 5, "UZ": 5, "KG": 6, "TJ": 5, "AZ": 4}
ZONE: Final = {
    "": "Asia/Almaty",
    "KZ": "Asia/Almaty",
    "UZ": "Asia/Tashkent",
    "KG": "Asia/Bishkek",
    "TJ": "Asia/Dushanbe",
    "AZ": "Asia/Baku",
}
WEEKEND: Final = {"": (6, 7), "KZ": (6, 7), "UZ": (6, 7), "KG": (6, 7), "TJ": (7,), "AZ": (6, 7)}
OFF: Final = {
    "": (101, 322, 509, 1216),
    "KZ": (101, 107, 308, 322, 323, 324, 503, 507, 510, 706, 830, 1025, 1216),
    "UZ": (101, 308, 322, 510, 901, 1001, 1208),
    "KG": (101, 107, 308, 322, 407, 505, 831, 1107, 1108),
    "TJ": (101, 308, 322, 324, 509, 909, 1106),
    "AZ": (101, 102, 120, 308, 322, 323, 324, 510, 528, 615, 626, 1108, 1109),
}
"""Days off of 2027, beside the weekend; those of 2028 are the first of January alone."""
WORKED: Final = {"KZ": (320, 828), "AZ": (605,)}
"""Saturdays of 2027 that are worked."""
NEXT_YEAR: Final = ("", "KZ", "UZ", "KG", "TJ")
"""Azerbaijan never publishes the calendar of 2028 here: its deadlines there bind nobody."""
NEXT_YEAR_PUBLISHED: Final = datetime(2027, 12, 6, 8, tzinfo=UTC)

LIMITS: Final = (
    (TimeLimitRule.DECISION, "", {"working_days": 1}),
    (TimeLimitRule.URGENT_DECISION, "", {"hours": 1}),
    (TimeLimitRule.ACKNOWLEDGEMENT, "", {"working_days": 1}),
    (TimeLimitRule.REPLY, "", {"working_days": 30}),
    (TimeLimitRule.REPLY, "KG", {"working_days": 20}),
    (TimeLimitRule.REPLY_AT_HAND, "", {"days": 7}),
    (TimeLimitRule.URGENT_REPLY_AT_HAND, "", {"hours": 8}),
    (TimeLimitRule.URGENT_REPLY_INDIRECT, "", {"days": 3}),
    (TimeLimitRule.URGENT_REPLY, "", {"days": 7}),
    (TimeLimitRule.FEEDBACK, "", {"days": 90}),
    (TimeLimitRule.FREEZE, "KZ", {"days": 10}),
    (TimeLimitRule.FREEZE, "UZ", {"working_days": 8}),
)


def calendars(year: int) -> list[PublishCalendar]:
    """The calendars of a year that the operator publishes."""
    countries = OFF if year == START.year else NEXT_YEAR
    return [
        PublishCalendar(
            country=country,
            year=year,
            time_zone=ZONE[country],
            utc_offset_minutes=60 * OFFSET_HOURS[country],
            weekend=WEEKEND[country],
            days_off=OFF[country] if year == START.year else (101,),
            days_worked=WORKED.get(country, ()) if year == START.year else (),
        )
        for country in countries
    ]


def limits() -> list[PublishTimeLimit]:
    """The times that the operator publishes."""
    return [PublishTimeLimit(rule, country, **time) for rule, country, time in LIMITS]


def end_of_its_day(at: datetime, country: str) -> tuple[datetime, date]:
    """The last second of the day in a country in which a moment falls, and that day."""
    ahead = timedelta(hours=OFFSET_HOURS[country])
    day = (at + ahead).date()
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC) - ahead, day


# --- How a clerk counts days, with a calendar on the wall ----------------------------------------


class WallTime(NamedTuple):
    """The end of a time that was counted in working days."""

    at: datetime
    is_certain: bool
    """False if a calendar was not published when the time began."""


def after_working_days(start: datetime, days: int, country: str) -> WallTime:
    """The midnight in a country that ends the last of so many working days after a day."""
    ahead = timedelta(hours=OFFSET_HOURS[country])
    knows_next = start >= NEXT_YEAR_PUBLISHED and country in NEXT_YEAR
    day, is_certain = (start + ahead).date(), True
    while days:
        day += timedelta(days=1)
        if day.year == START.year:
            worked = _is_worked(country, day)
        elif knows_next:
            worked = day.timetuple().tm_yday > 1 and day.isoweekday() not in WEEKEND[country]
        else:
            worked, is_certain = day.isoweekday() < 6, False
        days -= worked
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return WallTime(midnight - ahead, is_certain)


def _is_worked(country: str, day: date) -> bool:
    number = day.month * 100 + day.day
    if number in OFF[country]:
        return False
    return number in WORKED.get(country, ()) or day.isoweekday() not in WEEKEND[country]


@cache
def cast() -> Cast:
    """The authority and all keys; made once a process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    authority = Authority.create(Path(folder.name), TRUST_DOMAIN, PASSPHRASE, START)
    made = Cast(authority, TrustAnchors.from_pem(authority.root_pem()), {}, {})
    for who in MEMBERS:
        made.signers[who] = signer_of(made, who)
    for agency in AGENCIES:
        made.sealing_keys[AgencyId(agency)] = SealingPrivateKey.generate()
    return made


def signer_of(made: Cast, who: Member) -> Signer:
    """A signing certificate of a member that lasts for the year."""
    issued = made.authority.issue_member(who, Usage.SIGNING, now=START, not_after=CERTIFICATES_END)
    assert issued.key is not None
    return Signer(who, issued.key, issued.der, issued.fingerprint)


@cache
def tls_of(who: Member) -> IssuedCertificate:
    """The certificate of a member's connection."""
    return cast().authority.issue_member(
        who, Usage.TLS_CLIENT, now=START, not_after=CERTIFICATES_END
    )
