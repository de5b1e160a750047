"""Requests off the wire: what a service takes out of a message, checked before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import PARTIES, Handling, Party, Tlp, Urgency
from exchange_protocol.kinds.fields import parse_agencies, parse_enum
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.routing import Planned
from exchange_protocol.rules.signed_statements import SignedStatement, parse_signed_statement
from exchange_protocol.rules.statements import MAX_PARTS, MAX_RECIPIENTS, Header
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2

MAX_CHUNK_BYTES: Final = 1024 * 1024

_T = TypeVar("_T")


def page_size(asked: int, *, default: int, most: int) -> int:
    """The page size that was asked for, where 0 stands for the default; raises INVALID_FIELD."""
    if asked > most:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {most}, or 0 for {default}; got {asked}", field="page_size"
        )
    return asked or default


def at_most(most: int, values: Sequence[_T], field: str) -> Sequence[_T]:
    """A list that is no longer than its bound; raises TOO_MANY."""
    if len(values) > most:
        raise Reason.TOO_MANY.error(f"expected at most {most}, got {len(values)}", field=field)
    return values


def parse_submission(
    message: pb.SubmitRequest | pb.Submission,
) -> tuple[SignedStatement, dict[str, bytes]]:
    """A signed statement, and the sealed parts beside it by name."""
    signed = parse_signed_statement(message.statement)
    parts = {part.name: part.sealed for part in at_most(MAX_PARTS, message.parts, "parts")}
    if len(parts) != len(message.parts):
        raise Reason.INVALID_FIELD.error("expected each part name once", field="parts")
    return signed, parts


def parse_submission_of_batch(
    message: pb.SubmitRequest | pb.Submission,
) -> tuple[SignedStatement, dict[str, bytes]] | ExchangeError:
    """The same, or the error: a bad statement of many takes nothing from the others."""
    try:
        return parse_submission(message)
    except ExchangeError as error:
        return error


def parse_chunk(message: pb.UploadPartRequest) -> bytes:
    """The sealed bytes of one message of an upload; raises TOO_LARGE."""
    if len(message.chunk) > MAX_CHUNK_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected a chunk of at most {MAX_CHUNK_BYTES} bytes, got {len(message.chunk)}",
            field="chunk",
        )
    return message.chunk


def parse_party(number: statement_pb2.Party.ValueType) -> Party | None:
    """The party of a list; None where any is asked for."""
    if not number:
        return None
    if number not in PARTIES:
        raise Reason.INVALID_FIELD.error(
            f"expected one of {', '.join(party.name for party in Party)}; got {number}",
            field="party",
        )
    return PARTIES[number]


def parse_plan(request: pb.PlanRouteRequest) -> Planned:
    """The initial statement that a request describes.

    A statement that continues an exchange follows the exchange's own route, which its parties know.
    """
    kind = parse_kind(request.kind)
    if kind.stage is not Stage.INITIAL:
        raise Reason.INVALID_FIELD.error(
            f"expected a kind that opens an exchange, got {kind}", field="kind"
        )
    header = Header(
        handling=parse_enum(Handling, request.handling, "handling"),
        tlp=parse_enum(Tlp, request.tlp, "tlp"),
        urgency=parse_enum(Urgency, request.urgency, "urgency"),
        subject_count=request.subject_count,
    )
    recipients = at_most(MAX_RECIPIENTS, request.recipients, "recipients")
    given = at_most(len(OffenceType), request.offence_types, "offence_types")
    offences = {
        parse_enum(OffenceType, each, f"offence_types[{i}]") for i, each in enumerate(given)
    }
    return Planned(
        kind=kind,
        header=header,
        recipients=parse_agencies(recipients, "recipients", MAX_RECIPIENTS),
        offences=tuple(sorted(offences)),
    )
