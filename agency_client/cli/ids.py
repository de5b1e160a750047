"""Ids as people type them: whole, or any beginning that only one has, as git takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final

import typer

from agency_client.cli.session import references_of
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient
    from agency_client.core.views import VerifiedExchange

_WHOLE: Final = 36
_BEGINNING: Final = re.compile(r"[0-9a-f][0-9a-f-]{3,35}", re.ASCII)
_WHOLE_DIGEST: Final = 64
_DIGEST_BEGINNING: Final = re.compile(r"[0-9a-f]{4,63}", re.ASCII)
_LONG_BEGINNING: Final = re.compile(r"[0-9a-f]{12,63}", re.ASCII)
"""As many digits as a timeline shows: it stands for one statement of any exchange."""
_MOST_SHOWN: Final = 10
_MOST_LOOKED_INTO: Final = 50


def exchange_id(hub: ExchangeClient, given: str, locale: Locale) -> str:
    """The id of the exchange that begins so.

    A whole id is taken as it is. A beginning is looked up among the exchanges that this profile
    knows and those that the hub lists.

    Raises:
        NotFound: EXCHANGE_UNKNOWN.
        typer.BadParameter: for what is no beginning of an id, and where several begin so, with the
            candidates.
    """
    text = given.strip().lower()
    if len(text) == _WHOLE:
        return given.strip()
    if not _BEGINNING.fullmatch(text):
        raise typer.BadParameter(
            f"expected the id of an exchange, or its first 4 characters or more (0-9, a-f), "
            f"got {given[:64]!r}; `agency search` finds exchanges by reference and name",
            param_hint="ID",
        )
    known = references_of(hub.profile).references()
    candidates = {
        each: f"{known[each].shown} {known[each].summary}".strip()
        for each in known
        if each.startswith(text)
    }
    candidates |= {
        each.exchange_id: candidates.get(each.exchange_id, "")
        for each in hub.outbox.all_receipts()
        if each.exchange_id.startswith(text)
    }
    for each in hub.exchanges():
        if each.id.startswith(text):
            what = f"{locale.say(each.kind.spec.words)}, {each.initiator}"
            candidates[each.id] = f"{what} {candidates.get(each.id, '')}".strip()
    if not candidates:
        raise Reason.EXCHANGE_UNKNOWN.error(f"no exchange that you see begins with {text}")
    return _only(candidates, text)


def digest(hub: ExchangeClient, exchange_id: str, given: str, option: str, locale: Locale) -> str:
    """The digest of the statement of an exchange that begins so, in hexadecimal.

    A whole digest is taken as it is; nothing is opened to find another.

    Raises:
        NotFound: EXCHANGE_UNKNOWN or STATEMENT_UNKNOWN.
        typer.BadParameter: as for an id.
    """
    text = given.strip().lower()
    if len(text) >= _WHOLE_DIGEST:
        return text
    if not _DIGEST_BEGINNING.fullmatch(text):
        raise typer.BadParameter(
            f"expected the digest of a statement, or its first 4 digits or more (0-9, a-f), "
            f"got {given[:64]!r}; `agency show` has the digest of each statement",
            param_hint=option,
        )
    candidates = _begin_with(text, hub.get(exchange_id), locale)
    if not candidates:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"no statement of the exchange that you see has a digest that begins with {text}; "
            "`agency show` has the digest of each statement",
            field=option.removeprefix("--"),
        )
    return _only(candidates, text, option)


def digests(
    hub: ExchangeClient,
    exchange_id: str | None,
    given: Iterable[str],
    option: str,
    locale: Locale,
) -> tuple[str, ...]:
    """The digests of statements of any exchange that begin so, in hexadecimal.

    A beginning is looked up in the exchange that is spoken on, then in the newest others.

    Raises:
        NotFound: STATEMENT_UNKNOWN.
        typer.BadParameter: as for an id.
    """
    near = None if exchange_id is None else hub.get(exchange_id)
    return tuple(_digest_anywhere(hub, near, each, option, locale) for each in given)


def _digest_anywhere(
    hub: ExchangeClient,
    near: VerifiedExchange | None,
    given: str,
    option: str,
    locale: Locale,
) -> str:
    text = given.strip().lower()
    if len(text) >= _WHOLE_DIGEST:
        return text
    if not _LONG_BEGINNING.fullmatch(text):
        raise typer.BadParameter(
            f"expected the digest of a statement, or its first 12 digits or more (0-9, a-f), "
            f"got {given[:64]!r}; `agency show` has the digest of each statement",
            param_hint=option,
        )
    candidates = _begin_with(text, near, locale) if near else {}
    if not candidates:
        for each in islice(hub.exchanges(), _MOST_LOOKED_INTO):
            candidates |= _begin_with(text, hub.get(each.id), locale)
    if not candidates:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"no statement of your {_MOST_LOOKED_INTO} newest exchanges has a digest that begins "
            f"with {text}: type the whole digest, which `agency show` has",
            field=option.removeprefix("--"),
        )
    return _only(candidates, text, option)


def _begin_with(text: str, exchange: VerifiedExchange, locale: Locale) -> dict[str, str]:
    return {
        each.statement.digest.hex(): f"{locale.say(each.statement.kind.spec.words)}, "
        f"{each.statement.author.agency}"
        for each in exchange.statements
        if each.statement.digest.hex().startswith(text)
    }


def statement_id(known: Iterable[str], given: str, which: str = "that waits") -> str:
    """The id of the statement of the outbox that begins so; raises as `exchange_id` does."""
    text = given.strip().lower()
    found = {each: "" for each in known if text and each.startswith(text)}
    if not found:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"no statement {which} begins with {given[:64]!r}: `agency outbox list` lists them"
        )
    return _only(found, text)


def _only(candidates: Mapping[str, str], text: str, hint: str = "ID") -> str:
    if len(candidates) == 1:
        return next(iter(candidates))
    shown = [f"{each} {words}".rstrip() for each, words in sorted(candidates.items())]
    more = f"; and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    raise typer.BadParameter(
        f"{len(shown)} begin with {text}: {'; '.join(shown[:_MOST_SHOWN])}{more}. Type more of it",
        param_hint=hint,
    )
