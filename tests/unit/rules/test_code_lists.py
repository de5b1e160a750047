"""Codes of two lists are never one, though their numbers or names may be the same."""

from __future__ import annotations

import pickle
from itertools import combinations

import pytest

from exchange_protocol.kinds.asset_findings import AssetType
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Currency, Party, ReaderRole, Urgency
from exchange_protocol.words import Code, NamedCode

LISTS = sorted(
    (each for base in (Code, NamedCode) for each in base.__subclasses__()),
    key=lambda found: found.__name__,
)


def test_members_of_two_lists_are_never_equal() -> None:
    assert len(list(Kind)) > 50, "importing the kinds has made their lists"
    assert len(LISTS) > 20
    for one, other in combinations(LISTS, 2):
        for member in one:
            assert all(member != each and not member == each for each in other), member  # noqa: SIM201


def test_they_are_keys_of_their_own() -> None:
    found: dict[Code, str] = {AssetType.OTHER: "asset", Currency(int(AssetType.OTHER)): "currency"}
    assert len(found) == 2
    assert len({Party.RECIPIENT, ReaderRole.RECIPIENT}) == 2


@pytest.mark.parametrize("members", LISTS, ids=lambda found: found.__name__)
def test_a_member_is_its_value_and_itself(members: type[Code | NamedCode]) -> None:
    for member in members:
        assert member == member.value
        assert not member != member.value  # noqa: SIM202
        assert hash(member) == hash(member.value)
        assert {member.value: "found"}[member] == "found"
        assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301
        assert member != object()


def test_a_match_tells_lists_apart() -> None:
    asset: Code = AssetType(int(Urgency.URGENT))
    match asset:
        case Urgency.URGENT:
            pytest.fail("an asset is no urgency")
        case _:
            pass
