"""Fields of the wire contract, parsed into checked values.

Each function takes a raw value and the dotted path of its field and gives the checked value, or
raises `InvalidInput` that says what was expected and what came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Final, NoReturn, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.identity import AgencyId, parse_agency_id

DIGEST_BYTES = 32
_SHOWN = 64
_TIME_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}")
_COUNTRIES = frozenset(
    code
    for line in (
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN",
        "BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ",
        "DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL",
        "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM",
        "JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME",
        "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP",
        "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD",
        "SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO",
        "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW",
    )
    for code in line.split()
)
"""The 249 codes that ISO 3166-1 assigns (2024)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UUID7 = re.compile(  # the variant of RFC 9562, 4.1
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)

EnumT = TypeVar("EnumT", bound=IntEnum)


def missing(where: str) -> NoReturn:
    """Refuse a required field that is not set: MISSING_FIELD."""
    raise Reason.MISSING_FIELD.error("expected a value, got none", field=where)


def parse_digest(value: bytes, where: str) -> bytes:
    """Check a SHA-256 digest of 32 bytes."""
    if not value:
        missing(where)
    if len(value) != DIGEST_BYTES:
        raise Reason.INVALID_FIELD.error(
            f"expected a SHA-256 digest of {DIGEST_BYTES} bytes, got {len(value)}", field=where
        )
    return value


def parse_uuid(text: str, where: str) -> str:
    """Check a UUIDv7 (RFC 9562) in canonical lower-case text."""
    if not _UUID7.fullmatch(text):
        raise Reason.INVALID_FIELD.error(
            f"expected a UUIDv7 in lower-case text, got {text[:_SHOWN]!r}", field=where
        )
    return text


def parse_enum(enum: type[EnumT], number: int, where: str) -> EnumT:
    """Take a required enumeration value."""
    member: EnumT | None = _members(enum).get(number)
    if member is None:
        raise (Reason.INVALID_FIELD if number else Reason.MISSING_FIELD).error(
            f"expected one of {', '.join(member.name for member in enum)}; got {number}",
            field=where,
        )
    return member


@cache
def _members(enum: type[EnumT]) -> Mapping[int, EnumT]:
    """The members of a list by number; to call the list takes three times as long."""
    return {member.value: member for member in enum}


def parse_optional_enum(enum: type[EnumT], number: int, where: str) -> EnumT | None:
    """Take an enumeration value, or None where the field is unset (0)."""
    return parse_enum(enum, number, where) if number else None


def parse_matching(text: str, pattern: re.Pattern[str], expected: str, where: str) -> str:
    """Check a text against a pattern; `expected` says the pattern in words."""
    if not pattern.fullmatch(text):
        raise Reason.INVALID_FIELD.error(f"expected {expected}, got {text[:_SHOWN]!r}", field=where)
    return text


def parse_country(text: str, where: str) -> str:
    """Check an ISO 3166-1 alpha-2 code that is assigned to a country, such as KZ."""
    if text not in _COUNTRIES:
        raise Reason.INVALID_FIELD.error(
            f"expected an ISO 3166-1 alpha-2 code of a country, such as KZ; got {text[:_SHOWN]!r}",
            field=where,
        )
    return text


def parse_time_zone(text: str, where: str) -> str:
    """Check the form of an IANA time zone name; its caller checks whether it exists."""
    return parse_matching(text, _TIME_ZONE, "an IANA time zone such as Asia/Almaty", where)


def parse_agencies(values: Sequence[str], where: str, most: int) -> tuple[AgencyId, ...]:
    """Take a list of distinct agency ids, at most `most`."""
    if not values:
        return ()
    if len(values) > most:
        raise Reason.TOO_MANY.error(f"expected at most {most}, got {len(values)}", field=where)
    agencies = tuple(
        [parse_agency_id(value, field=f"{where}[{i}]") for i, value in enumerate(values)]
    )
    if len(set(agencies)) != len(agencies):
        twice = next(each for each in agencies if agencies.count(each) > 1)
        raise Reason.AGENCY_TWICE.error(
            f"expected each agency once, got {twice} twice", field=where
        )
    return agencies


def unfit(name: str, error: ValueError) -> ExchangeError:
    """The error for a value that its field cannot hold, such as a negative count."""
    return Reason.INVALID_FIELD.error(
        f"expected a value that the field can hold: {str(error)[:200]}", field=name
    )


_FIRST_SECOND: Final = (datetime(2, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
_LAST_SECOND: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1) - 1
"""A year within the ends of the calendar, so that every zone has a date for the moment."""


def parse_timestamp(value: Timestamp, where: str) -> datetime:
    """Take a UTC time with microseconds."""
    if not value.ByteSize():
        missing(where)
    seconds, nanos = value.seconds, value.nanos
    if nanos % 1000:
        # Finer than any clock here; cut off, it would read differently from what was signed.
        raise Reason.INVALID_FIELD.error(
            f"expected whole microseconds, got {nanos} ns", field=where
        )
    if not 0 <= nanos < 10**9:
        raise Reason.INVALID_FIELD.error(f"expected 0 to 999999999 ns, got {nanos}", field=where)
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise Reason.INVALID_FIELD.error(
            f"expected a time between the years 2 and 9998, got {seconds} s", field=where
        )
    return _EPOCH + timedelta(0, seconds, nanos // 1000)


def to_timestamp(at: datetime) -> Timestamp:
    """Encode an aware time, exact to the microsecond (a float of seconds would not be)."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return Timestamp(seconds=microseconds // 10**6, nanos=microseconds % 10**6 * 1000)
