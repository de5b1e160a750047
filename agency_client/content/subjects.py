"""The number of subjects of a statement: the gate and the policy judge it by that."""

from __future__ import annotations

from agency_client.content.entity import Entity, digest, entity_digest
from agency_client.content.schemata import STAND_IN_SCHEMATA, SUBJECT_SCHEMATA


class SubjectCount:
    """Counts the subjects among entities that go by.

    An entity that is told twice in the same words is one subject. Two of one id that differ are
    two: one id must not hide sixty persons. Papers of persons who are not told of are counted too.
    """

    def __init__(self) -> None:
        self._subjects: set[int] = set()
        """A digest of each."""
        self._ids: set[int] = set()
        self._stand_ins: dict[int, int] = {}
        """Digests of the id of the holder of each, by its own digest; 0 for nobody."""
        self._repeated = 0

    def __int__(self) -> int:
        strangers = sum(of not in self._ids for of in self._stand_ins.values())
        return len(self._subjects) + strangers

    def add(self, entity: Entity) -> None:
        """Count an entity, if it is a subject and new."""
        schema = entity["schema"]
        if schema in SUBJECT_SCHEMATA:
            whole = entity_digest(entity)
            if whole not in self._subjects:
                subject_id = digest(entity["id"].encode())
                self._repeated += subject_id in self._ids
                self._subjects.add(whole)
                self._ids.add(subject_id)
        elif (belongs := STAND_IN_SCHEMATA.get(schema)) is not None:
            of = entity["properties"].get(belongs, [])
            self._stand_ins[entity_digest(entity)] = digest(of[0].encode()) if of else 0

    def notes(self) -> tuple[str, ...]:
        """A note on the number, for those who judge by it."""
        if not self._repeated:
            return ()
        return (
            f"{self._repeated} subjects have the id of another and say other things: "
            "each was counted.",
        )
