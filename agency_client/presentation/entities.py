"""FollowTheMoney entities as people read them: a table of payments, and names for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from agency_client.content.entity import Entity

_CAPTION_PROPERTIES: Final = (
    "name",
    "accountNumber",
    "iban",
    "publicKey",
    "registrationNumber",
    "amount",
    "address",
)


class PaymentRow(NamedTuple):
    """One payment, in words; a cell is empty where the entity does not say it."""

    date: str
    amount: str
    payer: str
    payee: str
    purpose: str


def caption(entity: Entity) -> str:
    """The name of an entity, by the first properties that give one."""
    properties = entity["properties"]
    found = [", ".join(properties[name]) for name in _CAPTION_PROPERTIES if properties.get(name)]
    currency = " ".join(properties.get("currency", []))
    return " · ".join([*found[:2], *([currency] if currency and "amount" in properties else [])])


def payment_rows(payments: Iterable[Entity], others: Mapping[str, Entity]) -> list[PaymentRow]:
    """The rows of a table of payments; `others` are the entities that payer and payee name."""
    return [_row(each["properties"], others) for each in payments]


def _row(properties: Mapping[str, Sequence[str]], others: Mapping[str, Entity]) -> PaymentRow:
    def end(party: str, account: str) -> str:
        ids = [*properties.get(party, ()), *properties.get(account, ())]
        return ", ".join(caption(others[each]) or each if each in others else each for each in ids)

    return PaymentRow(
        date=", ".join(properties.get("date", ())),
        amount=" ".join([*properties.get("amount", ()), *properties.get("currency", ())]),
        payer=end("payer", "payerAccount"),
        payee=end("beneficiary", "beneficiaryAccount"),
        purpose=", ".join([*properties.get("purpose", ()), *properties.get("summary", ())]),
    )
