"""Flows of money: the payments of a statement, added up by who paid whom.

The table has all that the picture has; the picture is drawn from the table, in the browser.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.responses import Response

from agency_client.console.visits import Visit
from agency_client.presentation.entities import tables
from exchange_protocol.errors import Reason

MOST_FLOWS: Final = 60
_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Flow:
    """A payer's payments to one payee, in one currency."""

    payer: str
    payee: str
    currency: str
    amount: str
    count: int
    share: int
    """Of the largest flow of the currency, 1 to 100: the width of its line."""


def show(visit: Visit) -> Response:
    """The flows of the payments of one statement."""
    parameters = visit.request.path_params
    opened = visit.console.as_read(str(parameters["exchange"]))
    for statement in opened.statements:
        if statement.index == parameters["index"]:
            payments = tables(statement.entities(), visit.locale, _ALL).payments
            found = add_up(payments.rows)
            return visit.show(
                "flows.html",
                exchange=opened.id,
                flows=found[:MOST_FLOWS],
                count=len(found),
            )
    raise Reason.PART_UNKNOWN.error("expected a statement of the exchange; there is none here")


def add_up(rows: Iterable[tuple[str, ...]]) -> list[Flow]:
    """Add payments up, the largest flows first; what is no number is left out."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for _, amount, currency, payer, payee, *_ in rows:
        try:
            value = Decimal(amount)
        except InvalidOperation:
            continue
        if not value.is_finite():
            continue
        key = (payer, payee, currency)
        sums[key] = sums.get(key, Decimal(0)) + value
        counts[key] = counts.get(key, 0) + 1
    largest: dict[str, Decimal] = {}
    for (_, _, currency), value in sums.items():
        largest[currency] = max(largest.get(currency, Decimal(0)), abs(value))
    ordered = sorted(sums.items(), key=lambda item: -abs(item[1]))
    return [
        Flow(
            *key,
            f"{value:,f}".replace(",", " "),
            counts[key],
            max(1, int(abs(value) * 100 / largest[key[2]])) if largest[key[2]] else 1,
        )
        for key, value in ordered
    ]
