"""The hub's summaries and notices, as they come: their form is checked and no more."""

from __future__ import annotations

from collections.abc import Iterable

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.listing import ExchangeSummary, parse_summary
from exchange_protocol.record.notices import Notice, parse_notice
from exchange_protocol.v1 import exchange_service_pb2 as pb


def take_summary(message: pb.ExchangeSummary) -> ExchangeSummary:
    """Take a summary from the hub; a malformed one is the hub's fault (ENTRY_MISMATCH)."""
    try:
        return parse_summary(message)
    except ExchangeError as error:
        raise _malformed("summary", error) from error


def check_unlisted(page: Iterable[ExchangeSummary], listed: set[str]) -> None:
    """Check that a page repeats nothing, or a list would have no end; adds it to `listed`."""
    for each in page:
        if each.id in listed:
            raise Reason.ENTRY_MISMATCH.error(f"the hub lists exchange {each.id} twice")
        listed.add(each.id)


def take_notice(message: pb.Notice) -> Notice:
    """Take a notice from the hub; a malformed one is the hub's fault (ENTRY_MISMATCH)."""
    try:
        return parse_notice(message)
    except ExchangeError as error:
        raise _malformed("notice", error) from error


def _malformed(what: str, error: ExchangeError) -> ExchangeError:
    return Reason.ENTRY_MISMATCH.error(f"the hub gave a malformed {what}: {error}")
