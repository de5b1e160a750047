"""The search terms by which an exchange is found: references, names, numbers, files.

Free texts (facts, answers, reasons) are no terms, but for the summary. The properties of entities
are told by name, without FollowTheMoney's model, whose import takes a second. A test holds the
lists against the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from agency_client.content.folding import name_keys, number_key, word_keys

if TYPE_CHECKING:
    from agency_client.content.documents import Brief
    from agency_client.content.entity import Entity

MOST_TERMS: Final = 10_000
"""Search terms of one exchange; a table of payments may name more."""
_MOST_SHOWN: Final = 200
"""Characters of a term that are kept."""


class Where(Enum):
    """The place at which a term stands."""

    REFERENCE = "reference"
    SUMMARY = "summary"
    NAME = "name"
    ACCOUNT = "account"
    IDENTIFIER = "identifier"
    CONTACT = "contact"
    FILE = "file"


NAMES: Final = frozenset(
    {
        "abbreviation", "alias", "companiesMentioned", "fatherName", "firstName", "lastName",
        "middleName", "motherName", "name", "namesMentioned", "peopleMentioned", "previousName",
        "secondName", "weakAlias",
    }
)  # fmt: skip
ACCOUNTS: Final = frozenset(
    {"accountId", "accountNumber", "cryptoAddress", "iban", "ibanMentioned", "publicKey"}
)
IDENTIFIERS: Final = frozenset(
    {
        "cadastralCode", "callSign", "caseNumber", "documentNumber", "dunsCode", "icaoCode",
        "idNumber", "imoNumber", "innCode", "isin", "isinCode", "kppCode", "leiCode",
        "licenseNumber", "mmsi", "number", "ogrnCode", "okpoCode", "passportNumber",
        "personalNumber", "registrationNumber", "serialNumber", "socialSecurityNumber",
        "swiftBic", "taxNumber", "titleNumber", "transactionNumber", "uniqueEntityId", "vatCode",
        "voenCode",
    }
)  # fmt: skip
CONTACTS: Final = frozenset(
    {
        "callerNumber", "contextEmail", "contextPhone", "email", "emailMentioned", "phone",
        "phoneMentioned", "receiverNumber", "username",
    }
)  # fmt: skip
FILES: Final = frozenset({"fileName", "title"})

_PROPERTIES: Final[Mapping[str, Where]] = {
    name: where
    for names, where in (
        (NAMES, Where.NAME),
        (ACCOUNTS, Where.ACCOUNT),
        (IDENTIFIERS, Where.IDENTIFIER),
        (CONTACTS, Where.CONTACT),
        (FILES, Where.FILE),
    )
    for name in names
}
_NUMBERS: Final = frozenset({Where.REFERENCE, Where.ACCOUNT, Where.IDENTIFIER, Where.CONTACT})
"""Search terms that are found as a number too, whatever spaces and signs stand in them."""


class SearchTerm(NamedTuple):
    """A text by which an exchange is found."""

    where: Where
    text: str
    """The text as it was written, or its beginning."""
    key: str
    """Its folded keys, with a space between them."""


class SearchTerms:
    """Collects the terms of one exchange, each once and within a bound."""

    def __init__(self) -> None:
        self._found: dict[tuple[Where, str], SearchTerm] = {}
        self.is_cut = False
        """True if there were more than `MOST_TERMS`."""

    def __iter__(self) -> Iterator[SearchTerm]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def add(self, where: Where, text: str | None) -> None:
        """Add a text, if there is one."""
        shown = " ".join(text.split())[:_MOST_SHOWN] if text else ""
        if not shown or (where, shown) in self._found:
            return
        if len(self._found) >= MOST_TERMS:
            self.is_cut = True
            return
        keys = [*name_keys(shown), *([number_key(shown)] if where in _NUMBERS else [])]
        if keys:
            self._found[where, shown] = SearchTerm(where, shown, " ".join(dict.fromkeys(keys)))

    def add_brief(self, brief: Brief | None) -> None:
        """Add what a brief is found by."""
        if brief is not None:
            self.add(Where.REFERENCE, brief.own_reference)
            self.add(Where.REFERENCE, brief.registration_number)
            self.add(Where.SUMMARY, brief.summary)

    def add_entity(self, entity: Entity) -> None:
        """Add what an entity is found by."""
        for name, values in entity["properties"].items():
            where = _PROPERTIES.get(name)
            if where is not None:
                for value in values:
                    self.add(where, value)

    def add_files(self, names: Iterable[str]) -> None:
        """Add the names of attached files."""
        for name in names:
            self.add(Where.FILE, name)


class Query(NamedTuple):
    """A word that is searched, as its keys."""

    number: str
    """Its key as a number."""
    words: tuple[tuple[str, ...], ...]
    """The keys of each of its parts: of `report.pdf` those of `report` and those of `pdf`."""

    def is_in(self, key: str) -> bool:
        """True if the number, or each part, stands in a key.

        A part of one letter, such as an initial or what folding leaves of `zzz`, is in most texts:
        it has to be a word of its own.
        """
        return self._stands(self.number, key) or all(
            any(self._stands(each, key) for each in word) for word in self.words
        )

    def may_be_in(self, line: str) -> bool:
        """True if it may stand in a key of a line of the index; False rules the line out."""
        return self.number in line or all(any(each in line for each in word) for word in self.words)

    @staticmethod
    def _stands(part: str, key: str) -> bool:
        return part in key if len(part) > 1 else part in key.split()


def queries(words: Iterable[str]) -> list[Query]:
    """The words that are searched, parted at spaces; those without letter or digit are left out."""
    typed = [word for text in words for word in text.split()]
    return [Query(number_key(each), parts) for each in typed if (parts := word_keys(each))]
