"""The links between the entities of a file: each leads to an entity that the file holds.

A payment needs a payer whom the entities describe. An ownership whose asset is a person says
nothing. FollowTheMoney's own tools take both, and the end of the link is then missing wherever the
file is read. A link may be meant to lead out of the file, such as to a subject of the request that
is answered; a person says so, and the brief tells of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from agency_client.content.entity import Entity, digest
from agency_client.content.faults import Faults, Spot, SpotKind
from agency_client.content.values import ValueCheck


def doubts_of_links(entity: Entity, check: ValueCheck) -> Iterator[str]:
    """Doubt an entity of which nothing is told, and a link that has no end or one end twice."""
    told = entity["properties"]
    if not any(told.values()):
        yield "nothing is told of it but its id"
    for name in check.link_ranges(entity["schema"]):
        if entity["id"] in told.get(name, ()):
            yield f"{name} leads to the thing itself"
    if ends := check.ends(entity["schema"]):
        start, end = (set(told.get(name, ())) for name in ends)
        if not (start and end):
            yield f"the link has not both its ends, {ends[0]} and {ends[1]}"
        elif start & end:
            yield f"{ends[0]} and {ends[1]} are the same"


class Links:
    """Collects the links of entities that go by, and finds those without an end."""

    def __init__(self, check: ValueCheck) -> None:
        self._check = check
        self._schemata: dict[int, str | None] = {}
        """Schemata of ids, by their digest; None if entities of several schemata have the id."""
        self._links: dict[tuple[int, str, str], array[int]] = {}
        """The lines of each link whose end was not seen before it: by the id that it names, the
        schema that it is for, and its property."""

    def add(self, line: int, entity: Entity) -> None:
        """Note an entity, whose schema and properties are good, with its links."""
        key, schema = _key(entity["id"]), entity["schema"]
        if self._schemata.setdefault(key, schema) != schema:
            self._schemata[key] = None
        ranges = self._check.link_ranges(schema)
        for name, values in entity["properties"].items():
            for value in values if name in ranges else ():
                self._add(line, (_key(value), ranges[name], name))

    def check(self, faults: Faults, *, allow_outside: bool) -> None:
        """Note links to an entity of another kind; and those that lead out, unless allowed."""
        for (key, wanted, name), lines in self._links.items():
            if key not in self._schemata:
                if not allow_outside:
                    for line in lines:
                        faults.add(
                            "the link leads to an entity that is not in the file: add it, or say "
                            "--allow-links-outside",
                            line=line,
                            at=Spot(SpotKind.FIELD, name),
                        )
                continue
            schema = self._schemata[key]
            if schema is not None and not self._check.is_a(schema, wanted):
                for line in lines:
                    faults.add(
                        f"expected a link to {wanted}, got one to {schema}",
                        line=line,
                        at=Spot(SpotKind.FIELD, name),
                    )

    def notes(self) -> Iterator[str]:
        """Tell of links that lead out of the file, for those who read the brief."""
        names: dict[str, int] = {}
        for (key, _, name), lines in self._links.items():
            if key not in self._schemata:
                names[name] = names.get(name, 0) + len(lines)
        if names:
            shown = ", ".join(f"{name} ({count})" for name, count in sorted(names.items()))
            yield f"Links lead to entities that are not in the file: {shown}."

    def _add(self, line: int, link: tuple[int, str, str]) -> None:
        end = self._schemata.get(link[0])
        if end is not None and self._check.is_a(end, link[1]):
            return  # Most links lead to what stands before them.
        self._links.setdefault(link, array("Q")).append(line)


def _key(entity_id: str) -> int:
    return digest(entity_id.encode()) & (1 << 64) - 1
