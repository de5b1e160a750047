"""The code lists that Python sees are those of the wire contract, member by member."""

from __future__ import annotations

import inspect
from enum import Enum, IntEnum

import pytest
from google.protobuf.descriptor import EnumDescriptor

from exchange_protocol.kinds import codes
from exchange_protocol.kinds.codes import PARTIES, READER_ROLES, Party, ReaderRole
from exchange_protocol.record.entries import Event
from exchange_protocol.rules.lifecycle import LegState
from exchange_protocol.trust.sealing import SealingSuite
from exchange_protocol.v1 import exchange_service_pb2, log_pb2, statement_pb2

CODE_LISTS: list[type[Enum]] = [
    Event,
    LegState,
    SealingSuite,
    *(
        one
        for _, one in inspect.getmembers(codes, inspect.isclass)
        if issubclass(one, IntEnum) and one.__module__ == codes.__name__
    ),
]
WIRE: dict[str, EnumDescriptor] = {
    **statement_pb2.DESCRIPTOR.enum_types_by_name,
    **log_pb2.DESCRIPTOR.enum_types_by_name,
}
SHORTENED = {"InformationGrade": ("GRADE_", "")}
"""Members whose name would not be one in Python (digits alone): what to take away."""


def members(descriptor: EnumDescriptor) -> dict[str, int]:
    """Members without their prefix and without UNSPECIFIED, by number."""
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in descriptor.name)[1:] + "_"
    assert all(value.name.startswith(prefix) for value in descriptor.values)
    return {value.name.removeprefix(prefix): value.number for value in descriptor.values[1:]}


@pytest.mark.parametrize("code_list", CODE_LISTS, ids=lambda one: one.__name__)
def test_code_list_equals_the_wire_contract(code_list: type[Enum]) -> None:
    cut, put = SHORTENED.get(code_list.__name__, ("", ""))
    ours = {one.name.replace(cut, put) if cut else one.name: one.value for one in code_list}
    assert ours == members(WIRE[code_list.__name__])


def test_reader_roles_equal_the_wire_contract() -> None:
    assert {role.name: role.number for role in ReaderRole} == members(WIRE["ReaderRole"])
    assert set(READER_ROLES.values()) == set(ReaderRole)


def test_parties_equal_the_wire_contract() -> None:
    assert {party.name: party.number for party in Party} == members(WIRE["Party"])
    assert set(PARTIES.values()) == set(Party)


def test_every_code_list_of_statements_and_log_has_its_twin() -> None:
    assert {one.__name__ for one in CODE_LISTS} | {"ReaderRole", "Party"} == set(WIRE)


def test_every_code_list_begins_with_unspecified() -> None:
    """Zero is what an unset field reads as; it never means anything."""
    services = exchange_service_pb2.DESCRIPTOR.enum_types_by_name
    for name, descriptor in {**WIRE, **services}.items():
        assert descriptor.values[0].number == 0, name
        assert descriptor.values[0].name.endswith("_UNSPECIFIED"), name
