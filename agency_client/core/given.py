"""Arguments as callers give them, made into the types of the rules.

A caller may write what is natural in Python: a code or its name, one agency or several, a brief as
a text, as fields or as a `Brief`, a file by its path. Here each becomes one type, or is refused as
`InvalidInput` with the name of the argument.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from agency_client.content.document_reading import make_brief, validate_document
from agency_client.content.documents import Brief, ContentDocument
from agency_client.core.sealing import read_attachment
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.fields import DIGEST_BYTES
from exchange_protocol.trust.identity import AgencyId, parse_agency_id

_CONTENT: Final = re.compile(r"\s*(?:[{\[]\s*[\"{\[]|<\?xml)|.*[\n\r\x00]", re.DOTALL)
"""A text that is JSON, XML or several lines, and no path."""
_LONGEST_PATH: Final = 4096

EnumT = TypeVar("EnumT", bound=IntEnum)
DocumentT = TypeVar("DocumentT", bound=ContentDocument | Brief)

PathLike = str | os.PathLike[str]
"""A path, as `open` takes it."""
GivenBrief = Brief | str | Mapping[str, Any]
"""A brief; a text is its summary, a mapping has the fields of `Brief`."""
Entities = Iterable[Any] | PathLike
"""FollowTheMoney entities: mappings with `id`, `schema` and `properties`, FollowTheMoney's own
proxies, or the path of a file of JSON lines. They may come from a generator, and are never in
memory as a whole."""
Attachments = Mapping[str, bytes | bytearray | memoryview | PathLike]
"""Files to attach, by name: their bytes, or the path of each."""
Agencies = str | Iterable[str]
"""One agency id such as "kz.fma", or several."""


def as_brief(given: GivenBrief, *, own_reference: str | None = None) -> Brief:
    """A brief, with one's own reference in it where that is given; raises DOCUMENT_INVALID."""
    if isinstance(given, str):
        given = make_brief(given)
    elif isinstance(given, Mapping):
        given = validate_document(given, Brief, source="brief")
    elif not isinstance(given, Brief):
        raise _invalid("a Brief, a text or a mapping", given, "brief")
    if own_reference is None:
        return given
    if given.own_reference not in (None, own_reference):
        raise Reason.INVALID_FIELD.error(
            "expected one own reference, got another in the brief", field="own_reference"
        )
    fields = given.model_dump(exclude_none=True) | {"own_reference": own_reference}
    return validate_document(fields, Brief, source="brief")


def as_document(given: Any, kind: type[DocumentT], field: str) -> DocumentT:
    """A document of a type, given as such or by its fields; raises DOCUMENT_INVALID."""
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return validate_document(given, kind, source=field)
    raise _invalid(f"a document {kind.__name__} or a mapping with its fields", given, field)


def parse_text(given: Any, field: str) -> str:
    """A text; raises INVALID_FIELD."""
    if not isinstance(given, str):
        raise _invalid("a text", given, field)
    return given


def parse_filled(given: Any, field: str) -> str:
    """A text that says something: an empty one stands for no default; raises INVALID_FIELD."""
    text = parse_text(given, field)
    if not text.strip():
        raise Reason.INVALID_FIELD.error(
            "expected a text, got an empty one: leave it out, or fill it in", field=field
        )
    return text


def parse_digest(given: Any, field: str) -> bytes:
    """The digest of a statement, as 32 bytes or in hexadecimal; raises INVALID_FIELD."""
    if isinstance(given, str):
        try:
            given = bytes.fromhex(given.strip())
        except ValueError:
            raise Reason.INVALID_FIELD.error(
                f"expected a digest of 64 hexadecimal digits, got {given[:64]!r}", field=field
            ) from None
        if len(given) != DIGEST_BYTES:
            raise Reason.INVALID_FIELD.error(
                f"expected a digest of {2 * DIGEST_BYTES} hexadecimal digits, got {2 * len(given)}",
                field=field,
            )
    if not isinstance(given, bytes) or len(given) != DIGEST_BYTES:
        raise _invalid(f"a digest of {DIGEST_BYTES} bytes", given, field)
    return given


def parse_agencies(given: Agencies, field: str) -> tuple[AgencyId, ...]:
    """Agency ids, one or several; raises INVALID_FIELD."""
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Iterable):
        raise _invalid("an agency id such as 'kz.fma', or several", given, field)
    return tuple(parse_agency(each, f"{field}[{i}]") for i, each in enumerate(listed(given, field)))


def parse_recipients(given: Agencies) -> tuple[AgencyId, ...]:
    """The agencies of `to`; raises INVALID_FIELD, and MISSING_FIELD where there is none."""
    found = parse_agencies(given, "to")
    if not found:
        raise Reason.MISSING_FIELD.error("expected at least one agency, got none", field="to")
    return found


def parse_agency(given: Any, field: str) -> AgencyId:
    """One agency id; raises INVALID_FIELD."""
    text = parse_text(given, field)
    try:
        return parse_agency_id(text)
    except ExchangeError as error:
        # The caller's word is at fault here, and no certificate's.
        raise Reason.INVALID_FIELD.error(error.message, field=field) from None


def parse_code(enum: type[EnumT], given: EnumT | str, field: str) -> EnumT:
    """A code, given as such or by its name; raises INVALID_FIELD."""
    if isinstance(given, enum):
        return given
    name = str(given).strip().upper().replace("-", "_").replace("+", "_").replace(" ", "_")
    name = name.removeprefix("TLP:")
    found = enum.__members__.get(name) or enum.__members__.get(f"GRADE_{name}")
    if found is None:
        raise Reason.INVALID_FIELD.error(
            f"expected one of {', '.join(enum.__members__)}; got {str(given)[:64]!r}", field=field
        )
    return found


def parse_codes(
    enum: type[EnumT], given: Iterable[EnumT | str] | EnumT | str, field: str
) -> tuple[EnumT, ...]:
    """Several codes, or one; raises INVALID_FIELD."""
    several = (given,) if isinstance(given, enum | str) else listed(given, field)
    return tuple(parse_code(enum, each, f"{field}[{i}]") for i, each in enumerate(several))


def parse_party(given: Party | str | None) -> Party | None:
    """A part in an exchange, such as "recipient"; raises INVALID_FIELD."""
    if given is None:
        return None
    try:
        return Party(str(given).strip().lower())
    except ValueError:
        raise Reason.INVALID_FIELD.error(
            f"expected one of {', '.join(Party)}; got {str(given)[:64]!r}", field="party"
        ) from None


def parse_initial_kinds(given: Iterable[Kind | str] | Kind | str) -> list[Kind]:
    """Kinds of statement, or one, such as "information_request"; raises UNKNOWN_KIND.

    Commands write them with hyphens, and programs as the names of the list: these are taken too.
    """
    several = (given,) if isinstance(given, str) else listed(given, "kinds")
    return [parse_kind(str(each).strip().lower().replace("-", "_"), "kinds") for each in several]


def parse_attachments(given: Any) -> dict[str, bytes | Path]:
    """Files to attach: bytes, or paths; raises INVALID_FIELD for anything else."""
    if not isinstance(given, Mapping):
        raise _invalid("a mapping of names to bytes or paths", given, "attachments")
    files: dict[str, bytes | Path] = {}
    for name, source in given.items():
        if not isinstance(name, str):
            raise _invalid("file names as texts", name, "attachments")
        if isinstance(source, str | os.PathLike):
            files[name] = _attached(_path(source, f"attachments[{name[:64]!r}]"))
        elif isinstance(source, bytes | bytearray | memoryview):
            files[name] = bytes(source)
        else:
            raise _invalid("bytes or a path", source, f"attachments[{str(name)[:64]!r}]")
    return files


def _attached(path: Path) -> bytes | Path:
    """A file to attach; what can be read only once, or has no end, is read here, in its bound."""
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return path  # It is told when it is opened.
    return path if is_regular else read_attachment(path)


def parse_entities(given: Any, field: str) -> Iterable[Any] | Path:
    """Entities: an iterable of them, or the path of their file.

    Raises:
        InvalidInput: INVALID_FIELD, for anything else; and for a generator that gives nothing, for
            that is one which was read before. For no entities, give None or an empty list.
    """
    if isinstance(given, str | os.PathLike):
        return _path(given, field)
    if given is None:
        # It may be what a query gave that failed, so it does not stand for no entities.
        raise Reason.INVALID_FIELD.error(
            "expected several entities or the path of their file, got None: leave it out, or give "
            "an empty list",
            field=field,
        )
    if isinstance(given, Mapping | bytes | bytearray):
        raise _invalid("several entities or the path of their file", given, field)
    if isinstance(given, Iterator):
        for first in given:
            return chain([first], given)
        raise Reason.INVALID_FIELD.error(
            f"expected entities, got a {type(given).__name__} that gives none: it can be read "
            "once, and was read before. Make it anew, or give a list",
            field=field,
        )
    return listed(given, field)


def _path(given: str | os.PathLike[str], field: str) -> Path:
    """A path; raises INVALID_FIELD for what is the content itself, which is not repeated."""
    text = os.fsdecode(given)
    if not text.strip():
        raise Reason.INVALID_FIELD.error("expected a path, got an empty text", field=field)
    if _CONTENT.match(text) or len(text) > _LONGEST_PATH:
        raise Reason.INVALID_FIELD.error(
            "expected a path, got a text that reads like the content itself: give that as bytes, "
            "and entities as mappings",
            field=field,
        )
    return Path(text)


def listed(given: Any, field: str) -> Iterable[Any]:
    """Anything to iterate over; raises INVALID_FIELD for other values.

    The keys of a mapping are no list: what it says of them would be lost. Bytes are numbers.
    """
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes | bytearray):
        raise _invalid("several values", given, field)
    return given


def _invalid(expected: str, given: object, field: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(
        f"expected {expected}, got {type(given).__name__}", field=field
    )
