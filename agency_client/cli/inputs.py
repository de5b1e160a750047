"""Input that people type, parsed: codes, agencies, times, time zones, documents, files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import BaseModel

from agency_client.cli.output import complain
from agency_client.content.attached import doubts_of_file
from agency_client.content.document_reading import look_alikes
from agency_client.content.file_names import check_file_names, name_fault
from agency_client.content.input_documents import InputDocument, read_input_document
from agency_client.content.written_times import read_moment
from agency_client.core.time_zones import find_zone
from exchange_files import read_given, without_bom
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.statements import MAX_PART_BYTES
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId, parse_agency_id

EnumT = TypeVar("EnumT", bound=IntEnum)
DocumentT = TypeVar("DocumentT", bound=BaseModel)

_SPAN = re.compile(r"([0-9]{1,3})(m|h|d|w)")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y")
_TIMES = ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def codes(enum: type[IntEnum]) -> str:
    """The codes of a list as a command line spells them."""
    return " | ".join(_spelling(member) for member in enum)


def one_of(enum: type[EnumT]) -> Callable[[str], EnumT]:
    """A parser of the codes of a list, in any case, with - or _ between words."""
    by_name = {_spelling(member).upper().replace("-", "_"): member for member in enum}

    def parse(text: str) -> EnumT:
        found = by_name.get(re.sub(r"[-+ ]", "_", text.strip()).upper())
        if found is None:
            raise typer.BadParameter(f"expected one of {codes(enum)}; got {text[:64]!r}")
        return found

    return parse


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers, with or without spaces between groups of digits."""

    def parse(text: str | int) -> int:
        digits = re.sub(r"[ \u00a0\u202f]", "", str(text))
        if re.fullmatch(r"[0-9]{1,18}", digits) and least <= int(digits) <= most:
            return int(digits)
        exact = "; a fraction is left out here, and told in words or a table" if most > 1000 else ""
        raise typer.BadParameter(
            f"expected a whole number from {least} to {most}{exact}; got {str(text)[:64]!r}"
        )

    return parse


def trust_anchors(file: Path, option: str) -> TrustAnchors:
    """Read the roots that a person trusts; raises as `anchors_of` does."""
    pem = without_bom(read_given(file), file, Reason.CONFIG_INVALID)
    return anchors_of(pem, file, option)


def anchors_of(pem: bytes, file: Path, option: str) -> TrustAnchors:
    """Take the roots from a file that a person named.

    Raises:
        ExchangeError: CONFIG_INVALID for a file without them. It is bad input, and no verdict on
            what the roots were to check.
    """
    try:
        return TrustAnchors.from_pem(pem)
    except ExchangeError as error:
        raise Reason.CONFIG_INVALID.error(
            f"{file}: {error.message}; name the authority's root.pem", field=option
        ) from None


def agency(text: str) -> AgencyId:
    """Parse an agency id such as kz.fma."""
    try:
        return parse_agency_id(text)
    except ExchangeError as error:
        raise typer.BadParameter(error.message) from None


def due(text: str, zone: tzinfo) -> timedelta | datetime | date:
    """Parse a time to answer: 8h, 3d, 2w, a day, or a time; in `zone` if it names none."""
    return span_or_moment(text, zone, "--due")


def span_or_moment(text: str, zone: tzinfo, option: str) -> timedelta | datetime | date:
    """Parse a time that is counted from now on, a day, or a time; in `zone` if it names none."""
    if match := _SPAN.fullmatch(text.strip()):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    return day_or_moment(text, zone, option, "30m, 8h, 3d, 2w, ")


def day_or_moment(text: str, zone: tzinfo, option: str, spans: str = "") -> date | datetime:
    """Parse a day or a time as people write it; a time is in `zone` if it names none.

    `spans` are other forms that the caller takes, for the error.
    """
    text = text.strip()
    if text.isascii():  # digits of other scripts look like others here
        for form in _DAYS:
            with suppress(ValueError):
                return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no zone
        for form in _TIMES:
            with suppress(ValueError):
                return _certain(datetime.strptime(text, form).replace(tzinfo=zone), option)
        with suppress(ValueError):
            at = read_moment(text)
            if at.tzinfo is not None:
                return at
            return _certain(at.replace(tzinfo=zone), option)
    raise typer.BadParameter(
        f"expected {spans}a day such as 2026-12-05 or 05.12.2026, or a time such as "
        f"2026-12-05 18:00, 05.12.2026 18:00 or 2026-12-05T13:00Z; got {text[:64]!r}",
        param_hint=option,
    )


def _certain(at: datetime, option: str) -> datetime:
    """A local time that is one moment: where clocks are set, a time is skipped or comes twice."""
    try:
        back = at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None)
    except OverflowError:
        return at  # At the ends of the calendar no clock is set; the rules refuse it.
    if back != at.replace(tzinfo=None):
        what = "is skipped, as clocks are set forward"
    elif at.replace(fold=1).utcoffset() != at.utcoffset():
        what = "comes twice, as clocks are set back"
    else:
        return at
    raise typer.BadParameter(
        f"the time {at:%Y-%m-%d %H:%M} {what} in {at.tzinfo}: give it in UTC, such as "
        "2026-12-05T13:00Z",
        param_hint=option,
    )


def day(text: str, option: str) -> date:
    """Parse a day as people write it."""
    for form in _DAYS if text.isascii() else ():
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 -- a day has no zone
    raise typer.BadParameter(
        f"expected a day such as 2026-12-05 or 05.12.2026; got {text[:64]!r}", param_hint=option
    )


def time_zone(text: str) -> str:
    """Parse the name of a time zone; a misspelt one would stand on the log for good."""
    try:
        return find_zone(text).key
    except ExchangeError as error:
        raise typer.BadParameter(error.message, param_hint="--time-zone") from None


def document(path: Path, kind: type[DocumentT]) -> InputDocument[DocumentT]:
    """Read a file with a brief and a content; warns of codes that other letters look like.

    Raises:
        InvalidInput: DOCUMENT_INVALID, naming the file and every field that is wrong.
    """
    read = read_input_document(path, kind)
    for name, each in (("brief", read.brief), ("content", read.content)):
        for words in look_alikes(each) if each is not None else ():
            complain(f"warning: {name}, {words}")
    return read


def attachments(given: Sequence[str]) -> dict[str, bytes]:
    """Read the files of NAME=FILE; every name is checked before a file is read."""
    named: dict[str, str] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or not name or not file:
            raise _attachment(f"expected NAME=FILE, got {text[:64]!r}")
        if name in named:
            raise _attachment(f"expected each name once, got {name!r} twice")
        if words := name_fault(name):
            raise _attachment(words)
        named[name] = file
    try:
        check_file_names(named)
    except ExchangeError as error:
        raise _attachment(error.message) from None
    read = {name: _attached(Path(file)) for name, file in named.items()}
    for name, data in read.items():
        for words in doubts_of_file(name, data):
            complain(f"warning: {words}")
    return read


def _attached(path: Path) -> bytes:
    try:
        return read_given(path, MAX_PART_BYTES)
    except FileNotFoundError:
        if "=" not in str(path):
            raise
        raise _attachment(
            f"there is no file {str(path)!r}: NAME ends at the first =, so give a name without one"
        ) from None


def _attachment(why: str) -> typer.BadParameter:
    return typer.BadParameter(why, param_hint="--attach")


def _spelling(member: IntEnum) -> str:
    name = member.name.removeprefix("GRADE_")
    return name if re.fullmatch(r"H\d|[A-Z]", name) else name.lower().replace("_", "-")
