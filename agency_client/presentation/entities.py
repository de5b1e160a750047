"""Entities as tables: payments with payer and payee, who and what there is, and what links them.

An entity that stands there several times with the same words is shown once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final

from agency_client.content.entities import Entity
from agency_client.content.entity import entity_digest
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.schemata import LINKS, SCHEMATA
from exchange_protocol.words import Words

PAYMENT: Final = "Payment"
_NAMES: Final = ("name", "accountNumber", "iban", "publicKey", "title", "number", "address")
"""Properties that say what an entity is called; the first that it has is its caption."""
DETAILS: Final[Mapping[str, Words]] = {
    "idNumber": Words("id number", "номер документа", "құжат нөмірі"),
    "registrationNumber": Words("registration number", "рег. номер", "тіркеу нөмірі"),
    "taxNumber": Words("tax number", "налоговый номер", "салық нөмірі"),
    "innCode": Words("INN", "ИНН", "ИНН"),
    "passportNumber": Words("passport", "паспорт", "паспорт"),
    "birthDate": Words("born", "дата рождения", "туған күні"),
    "accountNumber": Words("account", "счёт", "шот"),
    "iban": Words("IBAN", "IBAN", "IBAN"),
    "bankName": Words("bank", "банк", "банк"),
    "country": Words("country", "страна", "ел"),
    "jurisdiction": Words("jurisdiction", "юрисдикция", "юрисдикция"),
    "nationality": Words("nationality", "гражданство", "азаматтығы"),
    "address": Words("address", "адрес", "мекенжай"),
    "amount": Words("amount", "сумма", "сома"),
    "currency": Words("currency", "валюта", "валюта"),
    "date": Words("date", "дата", "күні"),
}
"""Properties that tell one entity from another of its name."""
_LINK_DETAILS: Final = ("role", "percentage", "startDate", "endDate", "relationship")
_MOST_TOTALS: Final = 5
_AMOUNT: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,13})?")
_FORGETS_AFTER: Final = 200_000
"""Captions kept at most: with more entities than that, payments name the others by their ids."""

PAYMENT_COLUMNS: Final = (
    Label.DATE,
    Label.AMOUNT,
    Label.CURRENCY,
    Label.PAYER,
    Label.PAYEE,
    Label.FOR_WHAT,
)
ENTITY_COLUMNS: Final = (Label.SORT, Label.NAME, Label.DETAILS)
LINK_COLUMNS: Final = (Label.SORT, Label.WHO, Label.TO_WHOM, Label.DETAILS)


@dataclass(slots=True)
class Table:
    """Rows to show, and how many there are in all."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class Tables:
    """The entities of a statement, as a person reads them."""

    payments: Table = field(default_factory=Table)
    totals: str = ""
    """The sum of all payments, by currency; empty if there are none, or an amount is unclear."""
    entities: Table = field(default_factory=Table)
    links: Table = field(default_factory=Table)


def tables(entities: Iterable[Entity], locale: Locale, most: int) -> Tables:
    """Sort entities into tables of at most `most` rows each."""
    told, captions = _once(entities, locale)
    made = Tables()
    totals: dict[str, Decimal] | None = {}
    for entity in told:
        schema = entity["schema"]
        if schema == PAYMENT:
            _add(made.payments, most, partial(_payment, entity, captions, locale))
            totals = _added(totals, entity)
        elif schema in LINKS:
            _add(made.links, most, partial(_link, entity, captions, locale))
        else:
            _add(made.entities, most, partial(_entity, entity, locale))
    if totals and len(totals) <= _MOST_TOTALS:
        made.totals = "; ".join(
            f"{amount:,f} {currency}".replace(",", " ").rstrip()
            for currency, amount in sorted(totals.items())
        )
    return made


def caption(entity: Entity, locale: Locale) -> str:
    """Name an entity; by its id where it has no name."""
    properties = entity["properties"]
    for name in _NAMES:
        if found := properties.get(name):
            return locale.one_line(", ".join(found))
    return locale.one_line(entity["id"])


def sort(entity: Entity, locale: Locale) -> str:
    """Say the sort of an entity, in a word."""
    return locale.say(SCHEMATA[entity["schema"]])


def _once(entities: Iterable[Entity], locale: Locale) -> tuple[list[Entity], dict[str, str]]:
    """The entities without repetitions, and what each is called, by its id."""
    told: list[Entity] = []
    captions: dict[str, str] = {}
    seen: set[int] = set()
    for entity in entities:
        # Two payments that are told in the same words are two payments.
        if entity["schema"] not in EVENT_SCHEMATA:
            said = entity_digest(entity)
            if said in seen:
                continue
            seen.add(said)
        told.append(entity)
        if len(captions) < _FORGETS_AFTER and entity["schema"] != PAYMENT:
            captions.setdefault(entity["id"], caption(entity, locale))
    return told, captions


def _payment(entity: Entity, captions: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    return (
        _joined(entity, "date", locale),
        _joined(entity, "amount", locale),
        _joined(entity, "currency", locale),
        _end(entity, ("payer", "payerAccount"), captions, locale),
        _end(entity, ("beneficiary", "beneficiaryAccount"), captions, locale),
        _joined(entity, "purpose", locale) or _joined(entity, "summary", locale),
    )


def _entity(entity: Entity, locale: Locale) -> tuple[str, ...]:
    name = caption(entity, locale)
    details = [
        f"{locale.say(words)} {value}"
        for key, words in DETAILS.items()
        if (value := _joined(entity, key, locale)) and value != name
    ]
    return sort(entity, locale), name, "; ".join(details)


def _link(entity: Entity, captions: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    ends = LINKS[entity["schema"]]
    details = [value for key in _LINK_DETAILS if (value := _joined(entity, key, locale))]
    return (
        sort(entity, locale),
        _end(entity, (ends.source,), captions, locale),
        _end(entity, (ends.target,), captions, locale),
        "; ".join(details),
    )


def _end(
    entity: Entity, properties: tuple[str, ...], captions: Mapping[str, str], locale: Locale
) -> str:
    """Name the end of a payment or link, where the statement tells of it: "Person (account)"."""
    found = [
        ", ".join(captions.get(each, locale.one_line(each)) for each in values)
        for name in properties
        if (values := entity["properties"].get(name))
    ]
    return f"{found[0]} ({found[1]})" if len(found) == 2 else "".join(found)


def _joined(entity: Entity, name: str, locale: Locale) -> str:
    return ", ".join(locale.one_line(each) for each in entity["properties"].get(name, ()))


def _add(table: Table, most: int, row: Callable[[], tuple[str, ...]]) -> None:
    table.count += 1
    if len(table.rows) < most:
        table.rows.append(row())


def _added(totals: dict[str, Decimal] | None, payment: Entity) -> dict[str, Decimal] | None:
    """The sums with one payment more; None once an amount or a currency is not one clear value."""
    properties = payment["properties"]
    amounts, currencies = properties.get("amount", []), properties.get("currency", [])
    if totals is None or len(amounts) != 1 or len(currencies) > 1:
        return None
    if not _AMOUNT.fullmatch(amounts[0]):
        return None
    amount = Decimal(amounts[0])
    currency = currencies[0].upper() if currencies else ""
    totals[currency] = totals.get(currency, Decimal(0)) + amount
    return totals
