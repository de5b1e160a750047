"""The code lists that Python sees are those of the wire contract, member by member."""

from __future__ import annotations

import inspect
from enum import Enum
from importlib import import_module
from pkgutil import walk_packages

import pytest
from google.protobuf.descriptor import EnumDescriptor

from exchange_protocol import kinds
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import PARTIES, READER_ROLES, Party, ReaderRole
from exchange_protocol.record import entries
from exchange_protocol.trust.identity import Role
from exchange_protocol.trust.sealing import SealingSuite
from exchange_protocol.v1 import exchange_service_pb2, log_pb2, statement_pb2
from exchange_protocol.words import Code, NamedCode

MODULES = [
    entries,
    *(import_module(each.name) for each in walk_packages(kinds.__path__, f"{kinds.__name__}.")),
]
CODE_LISTS: list[type[Enum]] = [
    SealingSuite,
    *(
        one
        for module in MODULES
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Code) and one.__module__ == module.__name__
    ),
]
NAMED: list[type[Enum]] = [Party, ReaderRole, Role]
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


@pytest.mark.parametrize(
    "code", [code for codes in (*CODE_LISTS[1:], *NAMED) for code in codes], ids=str
)
def test_every_code_has_words_in_three_languages(code: Code | NamedCode) -> None:
    assert all(code.words)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_in_three_languages(kind: Kind) -> None:
    assert all(kind.spec.words)
