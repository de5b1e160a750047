"""Making entities of the elements of a report, with notes of all that has no property."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from agency_client.content.entity import Entity, Warnings, digest
from agency_client.content.faults import Faults, Spot, SpotKind
from agency_client.content.goaml.elements import Node
from agency_client.content.goaml.mapping import (
    INTERVALS,
    PROPERTIES,
    REPORTER,
    SIDES,
    has_party,
    is_party,
    parties_below,
    roles_of,
    schema_of,
)
from agency_client.content.schemata import EVENT_SCHEMATA
from agency_client.content.values import ValueCheck, without_options

if TYPE_CHECKING:
    from followthemoney.property import Property

_DATE_TIME: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?)"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MIDNIGHT: Final = re.compile(r"00:00:00(?:\.0+)?")
_UNKNOWN_DAYS: Final = {"birthdate": "1900-01-01", "expiry_date": "2100-12-31"}

_FORMS: Final = {
    "date": "expected a date as YYYY-MM-DDThh:mm:ss or YYYY-MM-DD, and one of the calendar",
    "number": "expected a number such as 1000.50",
}
"""Options that tell of other forms are those of tables."""
_STRICT: Final = frozenset({"date", "number", "entity", "identifier"})
"""Types of properties whose values are refused if they are none; others go to the notes."""
_ONCE: Final = frozenset({("Payment", "amount"), ("Payment", "date")})
"""Properties of which a second value would make nobody sure of either."""
_NOT_IN_ADDRESS: Final = frozenset({"address_type", "comments"})


class ReportReading:
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
        """Numbers of values that their own property does not take, by the name of their element."""
        self.misplaced = Warnings()
        """The same with their lines, for the person who sends them."""

    def report(self, root: Node) -> None:
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
            elif node.tag != REPORTER and (is_party(node) or has_party(node)):
                self._faults.add(
                    "expected a party within a transaction or an activity, got one in the head of "
                    "the report, which is left out",
                    line=node.line,
                    at=Spot(SpotKind.PATH, node.path),
                )
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

    def _activity(self, node: Node) -> None:
        for child in node.children:
            if child.tag == "report_parties":
                for each in child.children:
                    if not self._wrapped(each):
                        self._told_apart(each)
            elif child.text or child.children:
                self._told_apart(child)

    def _told_apart(self, node: Node) -> None:
        """Keep the rest of an activity beside its parties, such as goods, as a note of its own."""
        made = _Made("Note", node)
        made.properties["name"] = [node.tag]
        if node.is_leaf:
            self._note(made, node, node.tag)
        for child in node.children:
            self._group(made, child, node)
        self._keep(made, node.digest())

    def _wrapped(self, wrapper: Node) -> list[str]:
        """The parties in an element, each with what the element says of it."""
        said = [each for each in wrapper.children if not is_party(each)]
        return [self._party(each, said) for each in wrapper.children if is_party(each)]

    def _transaction(self, node: Node) -> None:
        made = _Made("Payment", node)
        for child in node.children:
            if child.tag in SIDES and not child.is_leaf:
                self._side(made, child, SIDES[child.tag])
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

    def _side(self, made: _Made, node: Node, end: str) -> None:
        ends: list[str] = []
        conductors: list[tuple[str, Node]] = []
        for child in node.children:
            if not is_party(child):
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

    def _involved(self, made: _Made, node: Node) -> None:
        for each in node.children:
            said = [child for child in each.children if not is_party(child)]
            for child in each.children:
                if is_party(child):
                    made.note(f"{each.tag}: {self._party(child)}")
            for child in said:
                self._group(made, child, node)

    def _party(self, node: Node, said: list[Node] | None = None) -> str:
        """The id of a party; what is told of it in the same words is one party."""
        schema = schema_of(node)
        made = _Made(schema, node)
        links: list[tuple[str, str, Node, list[Node]]] = []
        papers: list[Node] = []
        for child in node.children:
            if child.tag == "role" and node.tag == "director_id":
                continue
            if is_party(child):
                links.append((self._party(child), child.tag, child, roles_of(child)))
            elif child.tag in ("identification", "identifications") and not child.is_leaf:
                papers += child.children if child.tag == "identifications" else [child]
            elif has_party(child):
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

    def _linked(self, node: Node) -> Iterator[tuple[str, str, Node, list[Node]]]:
        """The parties somewhere below an element, each with what stands beside it."""
        beside = [each for each in node.children if not is_party(each) and not has_party(each)]
        for child in node.children:
            if is_party(child):
                yield self._party(child), node.tag, child, beside
            elif has_party(child):
                yield from self._linked(child)

    def _paper(self, node: Node, holder: str) -> None:
        made = _Made("Identification", node)
        made.properties["holder"] = [holder]
        for child in node.children:
            self._field(made, child, node)
        self._keep(made, digest(repr((node.digest(), holder)).encode()))

    def _link(self, party: str, to: str, tag: str, place: Node, said: list[Node]) -> None:
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

    def _field(self, made: _Made, node: Node, above: Node) -> None:
        """Put an element into its property, or among the notes."""
        if not node.is_leaf:
            self._group(made, node, above)
        elif node.text:
            name = PROPERTIES.get(made.schema, {}).get(node.tag)
            if name is None:
                self._note(made, node, node.tag)
            else:
                self._value(made, name, node)

    def _value(self, made: _Made, name: str, node: Node) -> None:
        prop = self._property(made, name)
        if prop.type.name == "date":
            self._date(made, name, node)
        elif prop.type.name in _STRICT:
            self._put(made, name, node.text, node)
        elif words := self._check.fault(prop, node.text):
            self._misplace(made, node, node.tag, words)
        else:
            self._put(made, name, node.text, node)

    def _misplace(self, made: _Made, node: Node, name: str, words: str) -> None:
        """Note a value that its own property does not take, and tell of it."""
        self._misplaced[node.tag] = self._misplaced.get(node.tag, 0) + 1
        self.misplaced.note(
            node.line,
            f"{node.tag}: {without_options(words)}; it stands among the notes, where nobody "
            "searches for it",
        )
        self._note(made, node, name)
        self._noted -= 1

    def _date(self, made: _Made, name: str, node: Node) -> None:
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

    def _group(self, made: _Made, node: Node, above: Node) -> None:
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
        for leaf in node.leaves(but=is_party):
            if leaf.text:
                self._note(made, leaf, above.below(leaf) if above is not node else leaf.tag)
        for child in parties_below(node):
            made.note(f"{node.tag}: {self._party(child)}")

    def _contact(self, made: _Made, node: Node) -> None:
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

    def _put(self, made: _Made, name: str, value: str, node: Node) -> None:
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

    def _note(self, made: _Made, node: Node, name: str) -> None:
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

    def __init__(self, schema: str, node: Node) -> None:
        self.schema = schema
        self.line = node.line
        self.notes = "description" if schema in INTERVALS else "notes"
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
