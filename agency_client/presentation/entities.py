"""Entities as tables: payments with payer and payee, who and what there is, and what links them.

An entity that stands there several times with the same words is shown once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import StrEnum
from functools import partial
from typing import Final

from agency_client.content.entities import Entity
from agency_client.content.entity import entity_digest
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.presentation.countries import country
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
_PAYER: Final = ("payer", "payerAccount")
_PAYEE: Final = ("beneficiary", "beneficiaryAccount")
_COUNTRIES: Final = ("country", "jurisdiction", "nationality")
_LINK_DETAILS: Final = ("role", "percentage", "startDate", "endDate", "relationship")
_MOST_TOTALS: Final = 5
_AMOUNT: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,13})?")
_EXACT: Final = Context(prec=80)
"""A context for sums: Python's own rounds after 28 digits, and an amount may have 33."""
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
    gathered = Gathered()
    told = [entity for entity in entities if gathered.take(entity)]
    made = Tables(totals=total_words(gathered.totals, locale))
    for entity in told:
        table = getattr(made, section_of(entity))
        _add(table, most, partial(row, entity, gathered.captions, locale))
    return made


class Section(StrEnum):
    """The tables that entities are sorted into."""

    PAYMENTS = "payments"
    ENTITIES = "entities"
    LINKS = "links"


def section_of(entity: Entity) -> Section:
    """The table of an entity."""
    schema = entity["schema"]
    if schema == PAYMENT:
        return Section.PAYMENTS
    return Section.LINKS if schema in LINKS else Section.ENTITIES


class Gathered:
    """Repetitions, names and sums of entities that go by, without the entities themselves."""

    def __init__(self) -> None:
        self.captions: dict[str, str] = {}
        """The name of each, by its id, as its author wrote it."""
        self._seen: set[int] = set()
        self._totals: dict[str, Decimal] | None = {}

    @property
    def totals(self) -> Mapping[str, Decimal]:
        """The sum of all payments, by currency; empty if there are none, or one is unclear."""
        return self._totals or {}

    def take(self, entity: Entity) -> bool:
        """Take one; False if it was told before in the same words, so that it is not shown."""
        schema = entity["schema"]
        if schema == PAYMENT:
            self._totals = _added(self._totals, entity)
            return True
        # Two events that are told in the same words are two events.
        if schema not in EVENT_SCHEMATA:
            said = entity_digest(entity)
            if said in self._seen:
                return False
            self._seen.add(said)
        if len(self.captions) < _FORGETS_AFTER:
            self.captions.setdefault(entity["id"], _name(entity))
        return True


def total_words(totals: Mapping[str, Decimal], locale: Locale) -> str:
    """Sums by currency in words; empty where there are too many currencies to be read in a line."""
    if len(totals) > _MOST_TOTALS:
        return ""
    blank = locale.say(Label.NO_CURRENCY)
    return "; ".join(
        f"{locale.amount(f'{amount:f}')} {locale.one_line(currency) or blank}"
        for currency, amount in sorted(totals.items())
    )


def row(entity: Entity, captions: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    """An entity as a row of its table; `captions` are the names of those that it refers to."""
    match section_of(entity):
        case Section.PAYMENTS:
            return _payment(entity, captions, locale)
        case Section.LINKS:
            return _link(entity, captions, locale)
        case _:
            return _entity(entity, locale)


def caption(entity: Entity, locale: Locale) -> str:
    """Name an entity; by its id where it has no name."""
    return locale.one_line(_name(entity))


def _name(entity: Entity) -> str:
    properties = entity["properties"]
    for name in _NAMES:
        if found := properties.get(name):
            return ", ".join(found)
    return entity["id"]


def sort(entity: Entity, locale: Locale) -> str:
    """Say the sort of an entity, in a word."""
    return locale.say(SCHEMATA[entity["schema"]])


def _payment(entity: Entity, captions: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    return (
        _joined(entity, "date", locale),
        _amounts(entity, locale),
        _joined(entity, "currency", locale),
        locale.one_line(name_end(ends_of(entity, _PAYER), captions)),
        locale.one_line(name_end(ends_of(entity, _PAYEE), captions)),
        _joined(entity, "purpose", locale) or _joined(entity, "summary", locale),
    )


def _entity(entity: Entity, locale: Locale) -> tuple[str, ...]:
    name = caption(entity, locale)
    details = [
        f"{locale.say(words)} {value}"
        for key, words in DETAILS.items()
        if (value := _detail(entity, key, locale)) and value != name
    ]
    return sort(entity, locale), name, "; ".join(details)


def _link(entity: Entity, captions: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    ends = LINKS[entity["schema"]]
    details = [value for key in _LINK_DETAILS if (value := _joined(entity, key, locale))]
    return (
        sort(entity, locale),
        locale.one_line(name_end(ends_of(entity, (ends.source,)), captions)),
        locale.one_line(name_end(ends_of(entity, (ends.target,)), captions)),
        "; ".join(details),
    )


Ends = tuple[tuple[str, ...], ...]
"""The ids at one end of a payment or link: those of persons, then those of accounts."""


def ends_of(entity: Entity, properties: tuple[str, ...]) -> Ends:
    """The ids that an entity gives for one of its ends."""
    given = entity["properties"]
    return tuple(tuple(values) for name in properties if (values := given.get(name)))


def payment_ends(entity: Entity) -> tuple[Ends, Ends]:
    """Payer and payee of a payment."""
    return ends_of(entity, _PAYER), ends_of(entity, _PAYEE)


def name_end(ids: Ends, captions: Mapping[str, str]) -> str:
    """Name an end, where the statement tells of it: "Person (account)"."""
    found = [", ".join(captions.get(each, each) for each in values) for values in ids]
    return f"{found[0]} ({found[1]})" if len(found) == 2 else "".join(found)


def _joined(entity: Entity, name: str, locale: Locale) -> str:
    return ", ".join(locale.one_line(each) for each in entity["properties"].get(name, ()))


def _amounts(entity: Entity, locale: Locale) -> str:
    # A comma may be the decimal mark, so it parts no amounts.
    return "; ".join(map(locale.amount, entity["properties"].get("amount", ())))


def _detail(entity: Entity, name: str, locale: Locale) -> str:
    if name == "currency" and entity["properties"].get("amount"):
        return ""
    if name == "amount" and entity["properties"].get(name):
        return f"{_amounts(entity, locale)} {_joined(entity, 'currency', locale)}".strip()
    if name not in _COUNTRIES:
        return _joined(entity, name, locale)
    return ", ".join(country(each, locale) for each in entity["properties"].get(name, ()))


def _add(table: Table, most: int, row: Callable[[], tuple[str, ...]]) -> None:
    table.count += 1
    if len(table.rows) < most:
        table.rows.append(row())


def amount_of(payment: Entity) -> Decimal | None:
    """The amount of a payment; None where it is not one clear number."""
    amounts = payment["properties"].get("amount", [])
    if len(amounts) != 1 or not _AMOUNT.fullmatch(amounts[0]):
        return None
    return Decimal(amounts[0])


def _added(totals: dict[str, Decimal] | None, payment: Entity) -> dict[str, Decimal] | None:
    """The sums with one payment more; None once an amount or a currency is not one clear value."""
    amount, currencies = amount_of(payment), payment["properties"].get("currency", [])
    if totals is None or amount is None or len(currencies) > 1:
        return None
    currency = currencies[0].upper() if currencies else ""
    totals[currency] = added(totals.get(currency, Decimal(0)), amount)
    return totals


def added(one: Decimal, other: Decimal) -> Decimal:
    """The exact sum of two amounts."""
    return _EXACT.add(one, other)
