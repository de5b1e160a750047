"""Persons, accounts, companies and payments of a goAML report, exactly as they stand there.

Rules of this module:

- Every value of a transaction or an activity arrives. One that has no property of its own in
  FollowTheMoney stands among the notes of what it is told of, with the name of its element. Dates
  and amounts that are none are refused with their place: line and path.
- A party that stands where no rule expects it is a party all the same: one that was read as a note
  would be a subject that nobody counts.
- The head of the report is left out, and the notes say so. It tells who reported, which is no
  subject of a request.
- A date keeps its day as it is written. A time that is not midnight stands in the notes: it names
  no zone, and a day that was moved to UTC would be another day.
- 1900-01-01 as a birth date and 2100-12-31 as an expiry date stand for unknown in goAML. They are
  left out, and the notes say how many.
- Document types, and with them entities, are refused before any of them is read. National dialects
  differ in codes and patterns, which are not judged here.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

from agency_client.content.encodings import other_file, reads_as_utf_8
from agency_client.content.entity import (
    MAX_LINE_BYTES,
    Entity,
    EntityCheck,
    ImportedEntities,
    Warnings,
    digest,
)
from agency_client.content.faults import Faults, Spot, SpotKind
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.content.subjects import SubjectCount
from agency_client.content.values import ValueCheck, without_options
from exchange_protocol.errors import Reason

if TYPE_CHECKING:
    from followthemoney.property import Property

MAX_REPORT_BYTES: Final = 64 * 1024 * 1024
_MOST_DEPTH: Final = 32
_MOST_ELEMENTS: Final = 1_000_000
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']+)""")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_DATE_TIME: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?)"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MIDNIGHT: Final = re.compile(r"00:00:00(?:\.0+)?")
_UNKNOWN_DAYS: Final = {"birthdate": "1900-01-01", "expiry_date": "2100-12-31"}

_PERSONS: Final = frozenset(
    {"t_person", "from_person", "to_person", "person", "person_my_client", "t_conductor"}
    | {"director_id"}
)
_COMPANIES: Final = frozenset(
    {"t_entity", "from_entity", "to_entity", "entity", "entity_my_client"}
)
_ACCOUNTS: Final = frozenset(
    {"t_account", "from_account", "to_account", "account", "account_my_client"}
)
_SIDES: Final = {
    "t_from": "payer",
    "t_from_my_client": "payer",
    "t_to": "beneficiary",
    "t_to_my_client": "beneficiary",
}
_PROPERTIES: Final[dict[str, dict[str, str]]] = {
    "Person": {
        "title": "title",
        "first_name": "firstName",
        "middle_name": "middleName",
        "last_name": "lastName",
        "birthdate": "birthDate",
        "birth_place": "birthPlace",
        "country_of_birth": "birthCountry",
        "mothers_name": "motherName",
        "alias": "alias",
        "full_name_frn": "name",
        "ssn": "socialSecurityNumber",
        "passport_number": "passportNumber",
        "id_number": "idNumber",
        "nationality1": "nationality",
        "nationality2": "nationality",
        "nationality3": "nationality",
        "residence": "country",
        "email": "email",
        "occupation": "position",
        "date_deceased": "deathDate",
        "tax_number": "taxNumber",
        "comments": "notes",
    },
    "Company": {
        "name": "name",
        "commercial_name": "alias",
        "incorporation_legal_form": "legalForm",
        "incorporation_number": "registrationNumber",
        "business": "sector",
        "email": "email",
        "url": "website",
        "incorporation_country_code": "jurisdiction",
        "incorporation_date": "incorporationDate",
        "date_business_closed": "dissolutionDate",
        "tax_number": "taxNumber",
        "comments": "notes",
    },
    "BankAccount": {
        "institution_name": "bankName",
        "swift": "bic",
        "institution_country": "country",
        "account": "accountNumber",
        "currency_code": "currency",
        "account_name": "name",
        "iban": "iban",
        "personal_account_type": "accountType",
        "account_type": "accountType",
        "opened": "openingDate",
        "closed": "closingDate",
        "balance": "balance",
        "date_balance": "balanceDate",
        "comments": "notes",
    },
    "Identification": {
        "type": "type",
        "number": "number",
        "issue_date": "startDate",
        "expiry_date": "endDate",
        "issued_by": "authority",
        "issue_country": "country",
        "comments": "description",
    },
    "Payment": {
        "transactionnumber": "transactionNumber",
        "internal_ref_number": "recordId",
        "transaction_description": "purpose",
        "date_transaction": "date",
        "amount_local": "amount",
        "comments": "description",
    },
}
"""By schema, the property of each element; an element that is not here goes to the notes."""
_FORMS: Final = {
    "date": "expected a date as YYYY-MM-DDThh:mm:ss or YYYY-MM-DD, and one of the calendar",
    "number": "expected a number such as 1000.50",
}
"""Options that tell of other forms are those of tables."""
_STRICT: Final = frozenset({"date", "number", "entity", "identifier"})
"""Types of properties whose values are refused if they are none; others go to the notes."""
_ONCE: Final = frozenset({("Payment", "amount"), ("Payment", "date")})
"""Properties of which a second value would make nobody sure of either."""
_INTERVALS: Final = frozenset(
    {"Payment", "Identification", "UnknownLink", "Directorship", "Ownership"}
)
"""Schemata that have a description in the place of notes."""
_NOT_IN_ADDRESS: Final = frozenset({"address_type", "comments"})


@dataclass(slots=True)
class _Node:
    """An element of the report."""

    tag: str
    path: str
    line: int
    text: str = ""
    children: list[_Node] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        return not self.children

    def leaves(self, *, with_parties: bool = True) -> Iterator[_Node]:
        """All elements below it that have no elements themselves, in their order."""
        for child in self.children:
            if child.is_leaf:
                yield child
            elif with_parties or not _is_party(child):
                yield from child.leaves(with_parties=with_parties)

    def below(self, child: _Node) -> str:
        """The path of an element below, as seen from here."""
        return child.path[len(self.path) + 1 :]

    def digest(self) -> int:
        """A digest of all that it says."""
        said = [(self.below(leaf), leaf.text) for leaf in self.leaves()]
        return digest(repr((self.tag.removesuffix("_my_client"), said)).encode())


class GoamlReport(ImportedEntities):
    """The entities of a goAML report, which was checked whole."""

    def __init__(self, given: bytes | str | os.PathLike[str], name: str) -> None:
        faults = Faults(name)
        root = _Parser(name, faults).parse(_bytes_of(given, name))
        reading = _Reading(faults)
        reading.report(root)
        faults.raise_any()
        self._entities = list(reading.entities.values())
        if not self._entities:
            raise Reason.DOCUMENT_INVALID.error(
                f"{name}: expected a transaction or a party of an activity, got none"
            )
        check, counted, warnings = EntityCheck(), SubjectCount(), Warnings()
        for entity in self._entities:
            line = reading.lines[entity["id"]]
            for at, words in check.faults(entity):
                faults.add(words, line=line, at=at)
            size = len(json.dumps(entity, ensure_ascii=False).encode())
            if size > MAX_LINE_BYTES:
                faults.add(f"expected at most {MAX_LINE_BYTES} bytes of one thing", line=line)
            counted.add(entity)
            warnings.add(line, entity)
        faults.raise_any()
        self.count = len(self._entities)
        self.subjects = int(counted)
        self.warnings = (*reading.misplaced.told(), *warnings.told())
        self.notes = (*reading.told(), *counted.notes())

    def __iter__(self) -> Iterator[Entity]:
        yield from self._entities


def entities_from_goaml(
    given: bytes | str | os.PathLike[str], name: str | None = None
) -> GoamlReport:
    """Read the parties and payments of a goAML report.

    Args:
        given: the path of the report, or its bytes.
        name: its name in errors; the path, if not given.

    Raises:
        InvalidInput: DOCUMENT_INVALID, with every fault and its place.
    """
    is_path = isinstance(given, str | os.PathLike)
    return GoamlReport(given, name or (os.fspath(given) if is_path else "goAML"))  # type: ignore[arg-type]


def _bytes_of(given: bytes | str | os.PathLike[str], name: str) -> bytes:
    if isinstance(given, bytes):
        data = given
    else:
        try:
            with Path(given).open("rb") as file:
                data = file.read(MAX_REPORT_BYTES + 1)
        except OSError as error:
            raise Reason.DOCUMENT_INVALID.error(f"cannot read {name}: {error.strerror}") from None
    if len(data) > MAX_REPORT_BYTES:
        raise Reason.DOCUMENT_INVALID.error(
            f"{name}: expected at most {MAX_REPORT_BYTES} bytes: split the report"
        )
    if words := other_file(data, is_json=True):
        raise Reason.DOCUMENT_INVALID.error(f"{name} is {words}, and give that")
    return data


class _Stop(Exception):
    """Ends the parsing; the fault was noted."""


class _Parser:
    """Makes the elements of a report, with the place of each."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name = name
        self._faults = faults
        self._open: list[tuple[_Node, dict[str, int], list[str]]] = []
        """Each open element, how many of each name it holds, and the pieces of its text."""
        self._root: _Node | None = None
        self._count = 0
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._doctype

    def parse(self, data: bytes) -> _Node:
        """Parse a report; raises DOCUMENT_INVALID."""
        self._check_encoding(data)
        try:
            self._expat.Parse(data, True)
        except expat.ExpatError as error:
            self._faults.add(
                f"expected XML, it does not parse: {expat.ErrorString(error.code)}",
                line=error.lineno,
            )
        except (ValueError, LookupError):
            self._faults.add("expected XML in an encoding that is known here", line=1)
        except _Stop:
            pass
        self._faults.raise_any()
        if self._root is None or self._root.tag != "report":
            raise Reason.DOCUMENT_INVALID.error(
                f"{self._name}: expected a goAML report, whose first element is <report>"
            )
        return self._root

    def _check_encoding(self, data: bytes) -> None:
        """Refuse a report in UTF-8 that names another encoding: its letters would be others."""
        # expat heeds the name, and not the mark of UTF-8 before it.
        named = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
        if named is None or named[1].lower() in (b"utf-8", b"utf8", b"us-ascii"):
            return
        if data.startswith(codecs.BOM_UTF8) or reads_as_utf_8(data):
            self._faults.add(
                "the report names another encoding in its first line, and is written in UTF-8: "
                "correct that line",
                line=1,
            )
            self._faults.raise_any()

    def _doctype(self, *_: Any) -> None:
        self._stop("a document type is not taken: it could name entities and other files")

    def _stop(self, words: str) -> None:
        self._faults.add(words, line=self._expat.CurrentLineNumber)
        raise _Stop

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _MOST_DEPTH or self._count > _MOST_ELEMENTS:
            self._stop("the report is nested too deeply, or has too many elements")
        if not _NAME.fullmatch(tag):
            self._stop("expected the name of an element of goAML")
        line = self._expat.CurrentLineNumber
        if self._open:
            above, seen, _ = self._open[-1]
            seen[tag] = number = seen.get(tag, 0) + 1
            node = _Node(tag, f"{above.path}/{tag}" + (f"[{number}]" if number > 1 else ""), line)
            above.children.append(node)
            if attributes:
                self._faults.add(
                    "an attribute is not taken, for its value would be lost",
                    line=line,
                    at=Spot(SpotKind.PATH, node.path),
                )
        else:
            node = self._root = _Node(tag, f"/{tag}", line)
        self._open.append((node, {}, []))

    def _end(self, _: str) -> None:
        node, _seen, pieces = self._open.pop()
        # Blanks around a text are the layout of the file.
        node.text = "".join(pieces).strip()
        if node.text and node.children:
            self._faults.add(
                "a text stands between elements, where it would be lost",
                line=node.line,
                at=Spot(SpotKind.PATH, node.path),
            )

    def _text(self, text: str) -> None:
        self._open[-1][2].append(text)


class _Reading:
    """Makes entities of the elements of a report, noting faults and what is to be told."""

    def __init__(self, faults: Faults) -> None:
        self.entities: dict[str, Entity] = {}
        self.lines: dict[str, int] = {}
        self._faults = faults
        self._check = ValueCheck()
        self._currency = ""
        self._left_out: list[str] = []
        self._unknown_days = 0
        self._noted = 0
        self._misplaced: dict[str, int] = {}
        """By the name of its element, how many values its own property does not take."""
        self.misplaced = Warnings()
        """The same with their lines, for the person who sends them."""

    def report(self, root: _Node) -> None:
        """Read a report."""
        currencies = [each for each in root.children if each.tag == "currency_code_local"]
        self._currency = currencies[0].text if currencies else ""
        for each in currencies[1:]:
            if each.text != self._currency:
                self._faults.add(
                    "expected this element once, and it stands twice with other words",
                    line=each.line,
                    at=Spot(SpotKind.PATH, each.path),
                )
        for node in root.children:
            if node.tag == "transaction":
                self._transaction(node)
            elif node.tag == "activity":
                self._activity(node)
            elif node.tag != "currency_code_local" and (node.text or node.children):
                self._left_out.append(node.tag)

    def told(self) -> Iterator[str]:
        """Tell how the report was read."""
        counts: dict[str, int] = {}
        for entity in self.entities.values():
            counts[entity["schema"]] = counts.get(entity["schema"], 0) + 1
        found = ", ".join(f"{schema} {number}" for schema, number in sorted(counts.items()))
        yield f"Read from a goAML report: {found}."
        if self._left_out:
            names = ", ".join(dict.fromkeys(self._left_out))
            yield f"Of the head of the report, left out: {names}."
        if self._unknown_days:
            yield f"Dates that stand for unknown, left out: {self._unknown_days}."
        if self._noted:
            yield f"Values without a property of their own, among the notes: {self._noted}."
        if self._misplaced:
            names = ", ".join(f"{name} ({count})" for name, count in self._misplaced.items())
            yield f"Values that their own property does not take, among the notes: {names}."

    def _activity(self, node: _Node) -> None:
        for child in node.children:
            if child.tag == "report_parties":
                for each in child.children:
                    if not self._wrapped(each):
                        self._told_apart(each)
            elif child.text or child.children:
                self._told_apart(child)

    def _told_apart(self, node: _Node) -> None:
        """Keep the rest of an activity beside its parties, such as goods, as a note of its own."""
        made = _Made("Note", node)
        made.properties["name"] = [node.tag]
        if node.is_leaf:
            self._note(made, node, node.tag)
        for child in node.children:
            self._group(made, child, node)
        self._keep(made, node.digest())

    def _wrapped(self, wrapper: _Node) -> list[str]:
        """The parties in an element, each with what the element says of it."""
        said = [each for each in wrapper.children if not _is_party(each)]
        return [self._party(each, said) for each in wrapper.children if _is_party(each)]

    def _transaction(self, node: _Node) -> None:
        made = _Made("Payment", node)
        for child in node.children:
            if child.tag in _SIDES and not child.is_leaf:
                self._side(made, child, _SIDES[child.tag])
            elif child.tag == "involved_parties":
                self._involved(made, child)
            else:
                self._field(made, child, node)
        if not any(leaf.text for leaf in node.leaves()):
            self._faults.add(
                "the transaction is empty", line=node.line, at=Spot(SpotKind.PATH, node.path)
            )
        if "amount" in made.properties and self._currency:
            self._put(made, "currency", self._currency, node)
        # Two payments of one sum on one day are two.
        self._keep(made, digest(repr((node.digest(), len(self.entities))).encode()))

    def _side(self, made: _Made, node: _Node, end: str) -> None:
        ends: list[str] = []
        conductors: list[tuple[str, _Node]] = []
        for child in node.children:
            if not _is_party(child):
                self._group(made, child, node)
                continue
            party = self._party(child)
            if child.tag == "t_conductor":
                conductors.append((party, child))
                continue
            schema = self.entities[party]["schema"]
            name = f"{end}Account" if schema == "BankAccount" else end
            made.properties.setdefault(name, []).append(party)
            ends.append(party)
        for conductor, child in conductors:
            for other in ends:
                self._link(conductor, other, child.tag, child, [])

    def _involved(self, made: _Made, node: _Node) -> None:
        for each in node.children:
            said = [child for child in each.children if not _is_party(child)]
            for child in each.children:
                if _is_party(child):
                    made.note(f"{each.tag}: {self._party(child)}")
            for child in said:
                self._group(made, child, node)

    def _party(self, node: _Node, said: list[_Node] | None = None) -> str:
        """The id of a party; what is told of it in the same words is one party."""
        schema = _schema_of(node)
        made = _Made(schema, node)
        links: list[tuple[str, str, _Node, list[_Node]]] = []
        papers: list[_Node] = []
        for child in node.children:
            if child.tag == "role" and node.tag == "director_id":
                continue
            if _is_party(child):
                links.append((self._party(child), child.tag, child, _roles(child)))
            elif child.tag in ("identification", "identifications") and not child.is_leaf:
                papers += child.children if child.tag == "identifications" else [child]
            elif _has_party(child):
                links += self._linked(child)
            else:
                self._field(made, child, node)
        for child in said or ():
            self._group(made, child, child)
        if schema == "Person":
            names = [made.first(each) for each in ("firstName", "middleName", "lastName")]
            if whole := " ".join(filter(None, names)):
                self._put(made, "name", whole, node)
        saying = [(child.tag, child.text, child.digest()) for child in said or ()]
        party = self._keep(made, digest(repr((node.digest(), saying)).encode()))
        for paper in papers:
            self._paper(paper, party)
        for other, tag, place, roles in links:
            self._link(other, party, tag, place, roles)
        return party

    def _linked(self, node: _Node) -> Iterator[tuple[str, str, _Node, list[_Node]]]:
        """The parties somewhere below an element, each with what stands beside it."""
        beside = [each for each in node.children if not _is_party(each) and not _has_party(each)]
        for child in node.children:
            if _is_party(child):
                yield self._party(child), node.tag, child, beside
            elif _has_party(child):
                yield from self._linked(child)

    def _paper(self, node: _Node, holder: str) -> None:
        made = _Made("Identification", node)
        made.properties["holder"] = [holder]
        for child in node.children:
            self._field(made, child, node)
        self._keep(made, digest(repr((node.digest(), holder)).encode()))

    def _link(self, party: str, to: str, tag: str, place: _Node, said: list[_Node]) -> None:
        if tag == "director_id":
            schema, ends = "Directorship", ("director", "organization")
        elif tag == "t_entity" and self.entities[to]["schema"] == "BankAccount":
            schema, ends = "Ownership", ("owner", "asset")
        else:
            schema, ends = "UnknownLink", ("subject", "object")
        made = _Made(schema, place)
        made.properties |= {ends[0]: [party], ends[1]: [to]}
        made.properties["role"] = [each.text for each in said if each.tag == "role"] or [tag]
        for each in said:
            if each.tag != "role":
                self._group(made, each, each)
        saying = [(each.tag, each.text, each.digest()) for each in said]
        self._keep(made, digest(repr((party, to, tag, saying)).encode()))

    def _field(self, made: _Made, node: _Node, above: _Node) -> None:
        """Put an element into its property, or among the notes."""
        if not node.is_leaf:
            self._group(made, node, above)
        elif node.text:
            name = _PROPERTIES.get(made.schema, {}).get(node.tag)
            if name is None:
                self._note(made, node, node.tag)
            else:
                self._value(made, name, node)

    def _value(self, made: _Made, name: str, node: _Node) -> None:
        prop = self._property(made, name)
        if prop.type.name == "date":
            self._date(made, name, node)
        elif prop.type.name in _STRICT:
            self._put(made, name, node.text, node)
        elif words := self._check.fault(prop, node.text):
            self._misplace(made, node, node.tag, words)
        else:
            self._put(made, name, node.text, node)

    def _misplace(self, made: _Made, node: _Node, name: str, words: str) -> None:
        """Note a value that its own property does not take, and tell of it."""
        self._misplaced[node.tag] = self._misplaced.get(node.tag, 0) + 1
        self.misplaced.note(
            node.line,
            f"{node.tag}: {without_options(words)}; it stands among the notes, where nobody "
            "searches for it",
        )
        self._note(made, node, name)
        self._noted -= 1

    def _date(self, made: _Made, name: str, node: _Node) -> None:
        found = _DATE_TIME.fullmatch(node.text)
        if found is None:
            self._put(made, name, node.text, node)
            return
        day, time = found["day"], found["time"]
        if day == _UNKNOWN_DAYS.get(node.tag):
            self._unknown_days += 1
            return
        self._put(made, name, day, node)
        is_day = time is None or (_MIDNIGHT.fullmatch(time) and found["zone"] in (None, "Z"))
        if not is_day:
            self._note(made, node, node.tag)

    def _group(self, made: _Made, node: _Node, above: _Node) -> None:
        """Put an element with elements below it where it belongs; what is no field is a note."""
        if node.is_leaf:
            if node.text:
                self._note(made, node, node.tag)
            return
        has_address = made.schema in ("Person", "Company")
        if has_address and node.tag in ("addresses", "phones", "emails", "urls"):
            for child in node.children:
                self._field(made, child, node) if child.is_leaf else self._contact(made, child)
            return
        for leaf in node.leaves(with_parties=False):
            if leaf.text:
                self._note(made, leaf, above.below(leaf) if above is not node else leaf.tag)
        for child in _parties_below(node):
            made.note(f"{node.tag}: {self._party(child)}")

    def _contact(self, made: _Made, node: _Node) -> None:
        leaves = [leaf for leaf in node.leaves() if leaf.text]
        unread: str | None = None
        if node.tag == "address":
            whole = [leaf.text for leaf in leaves if leaf.tag not in _NOT_IN_ADDRESS]
            if whole:
                self._put(made, "address", ", ".join(whole), node)
            leaves = [leaf for leaf in leaves if leaf.tag in _NOT_IN_ADDRESS]
        elif node.tag == "phone":
            parts = {leaf.tag: leaf.text for leaf in leaves}
            number = parts.get("tph_number", "")
            whole_number = f"+{parts.get('tph_country_prefix', '').lstrip('+')}{number}"
            prop = self._property(made, "phone")
            # Its parts stand among the notes as they are; together they are found by.
            faults = [self._check.fault(prop, each) for each in (number, whole_number)]
            for each, words in zip((number, whole_number), faults, strict=True):
                if number and words is None:
                    self._put(made, "phone", each, node)
                    break
            else:
                unread = faults[0] if number else None
        for leaf in leaves:
            name = f"{node.tag}/{node.below(leaf)}"
            if unread and leaf.tag == "tph_number":
                self._misplace(made, leaf, name, unread)
            else:
                self._note(made, leaf, name)

    def _put(self, made: _Made, name: str, value: str, node: _Node) -> None:
        prop = self._property(made, name)
        if words := self._check.fault(prop, value):
            words = _FORMS.get(prop.type.name, words)
            self._faults.add(words, line=node.line, at=Spot(SpotKind.PATH, node.path))
            return
        values = made.properties.setdefault(name, [])
        if values and value not in values and (made.schema, name) in _ONCE:
            self._faults.add(
                "expected this element once, and it stands twice with other words",
                line=node.line,
                at=Spot(SpotKind.PATH, node.path),
            )
        if value not in values:
            values.append(value)

    def _note(self, made: _Made, node: _Node, name: str) -> None:
        prop = self._property(made, made.notes)
        if words := self._check.fault(prop, node.text):
            self._faults.add(words, line=node.line, at=Spot(SpotKind.PATH, node.path))
            return
        self._noted += 1
        made.note(f"{name}: {node.text}")

    def _property(self, made: _Made, name: str) -> Property:
        schema = self._check.schema(made.schema)
        prop = schema.get(name) if schema else None
        if prop is None:
            raise ValueError(f"{made.schema} has no property {name}")
        return prop

    def _keep(self, made: _Made, key: int) -> str:
        entity_id = f"goaml-{digest(repr((made.schema, key)).encode()):032x}"
        if entity_id not in self.entities or made.schema in EVENT_SCHEMATA:
            self.lines[entity_id] = made.line
            self.entities[entity_id] = Entity(
                id=entity_id, schema=made.schema, properties=made.properties
            )
        return entity_id


class _Made:
    """An entity that is being made."""

    def __init__(self, schema: str, node: _Node) -> None:
        self.schema = schema
        self.line = node.line
        self.notes = "description" if schema in _INTERVALS else "notes"
        self.properties: dict[str, list[str]] = {}
        self._noted: set[str] = set()

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self._noted:
            self._noted.add(text)
            self.properties.setdefault(self.notes, []).append(text)

    def first(self, name: str) -> str:
        """The first value of a property; empty where there is none."""
        return next(iter(self.properties.get(name, ())), "")


def _schema_of(node: _Node) -> str:
    if node.tag in _ACCOUNTS:
        return "BankAccount"
    if node.tag in _COMPANIES:
        return "Company"
    if node.tag in _PERSONS:
        return "Person"
    tags = {child.tag for child in node.children}
    if tags & {"first_name", "last_name"}:
        return "Person"
    return "BankAccount" if tags & {"account", "iban"} else "Company"


def _is_party(node: _Node) -> bool:
    """True for a person, a company or an account: by its name, or by what it holds."""
    if node.is_leaf:
        return False
    if node.tag in _PERSONS or node.tag in _COMPANIES or node.tag in _ACCOUNTS:
        return True
    leaves = {child.tag for child in node.children if child.is_leaf}
    return bool(leaves & {"first_name", "last_name", "account_name", "incorporation_number"})


def _has_party(node: _Node) -> bool:
    return any(_is_party(child) or _has_party(child) for child in node.children)


def _parties_below(node: _Node) -> Iterator[_Node]:
    for child in node.children:
        if _is_party(child):
            yield child
        else:
            yield from _parties_below(child)


def _roles(node: _Node) -> list[_Node]:
    """The role of a director, which stands among its names."""
    is_director = node.tag == "director_id"
    return [child for child in node.children if is_director and child.tag == "role" and child.text]
