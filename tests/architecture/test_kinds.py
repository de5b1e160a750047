"""Every kind of statement is whole: on the wire, in the lifecycle, the policy, the documents."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cedarpy
import pytest
from google.protobuf.descriptor import Descriptor

from exchange_protocol.kinds.catalogue import ROWS, Kind, parse_body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import Row, Stage
from exchange_protocol.rules.policy import SCHEMA, Policy
from exchange_protocol.v1 import statement_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "lifecycle.md").read_text("utf-8")
POLICY = (ROOT / "policies" / "caricc.cedar").read_text("utf-8")
DIRECTORY = (ROOT / "proto" / "exchange_protocol" / "rules" / "directory.py").read_text("utf-8")
SPOKEN = [kind for kind in Kind if kind.stage is not Stage.DIRECTORY]


def table(title: str) -> list[list[str]]:
    """The cells of the table under a heading of docs/lifecycle.md, without its head."""
    text = DOCUMENT.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in row] for row in rows[2:]]


# --- The wire -----------------------------------------------------------------------------------


def message_of(kind: Kind) -> Descriptor:
    body = pb.Statement.DESCRIPTOR.fields_by_name[kind.value].message_type
    assert body is not None
    return body


def test_the_body_of_a_statement_offers_exactly_the_kinds() -> None:
    fields = pb.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
    assert [field.name for field in fields] == [kind.value for kind in Kind]
    assert [message_of(kind).name for kind in Kind] == [kind.action for kind in Kind]


@pytest.mark.parametrize("kind", Kind)
def test_a_body_with_fields_of_its_own_is_read(kind: Kind) -> None:
    """A field that somebody adds to a body must not be dropped in silence."""
    assert sorted(kind.body.__slots__) == sorted(field.name for field in message_of(kind).fields)
    if not message_of(kind).fields:
        message = pb.Statement()
        getattr(message, kind.value).SetInParent()
        assert parse_body(message) == kind.body()


# --- The lifecycle ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_opens_continues_or_changes_the_directory(kind: Kind) -> None:
    assert bool(kind.spec.rows) == (kind.stage is Stage.CONTINUING)
    if kind.stage is Stage.DIRECTORY:
        assert f"case {kind.action}()" in DIRECTORY


def test_the_document_shows_the_lifecycle_table() -> None:
    def line(kind: Kind, row: Row) -> list[str]:
        return [
            kind.value if row.code is None else f"{kind} ({row.code.name})",
            row.party.value,
            ", ".join(state.name for state in LegState if state in row.before),
            "as it was" if row.after is None else row.after.name,
            ", ".join(each for each in Kind if row.is_answer and each.spec.answer is kind.body),
        ]

    assert table("Kinds that continue one") == [line(kind, row) for kind, row in ROWS]


def test_the_document_names_every_kind_and_state() -> None:
    opening = [row[0] for row in table("Kinds that open an exchange")]
    directory = [row[0] for row in table("Kinds that change the directory")]
    assert opening == [kind.value for kind in Kind if kind.stage is Stage.INITIAL]
    assert directory == [kind.value for kind in Kind if kind.stage is Stage.DIRECTORY]
    assert [row[0] for row in table("The states")] == [state.name for state in LegState]


def test_the_diagram_draws_exactly_the_moves_of_the_table() -> None:
    arrows = set(re.findall(r"^    (\S+) --> (\S+?)(?::|$)", DOCUMENT, flags=re.MULTILINE))
    moves = {
        (before.name, row.after.name)
        for _, row in ROWS
        for before in row.before
        if row.after is not None and before is not row.after
    }
    by_gate = {("[*]", "HELD"), ("[*]", "RELEASED"), ("RETURNED", "HELD")}
    by_reading = {("RELEASED", "DELIVERED")}
    assert arrows == moves | by_gate | by_reading | {("ERASED", "[*]")}


def test_the_states_in_the_document_wait_for_who_can_act() -> None:
    acts = {row[0]: row[2] for row in table("The states")}
    for state in LegState:
        speakers = {row.party for _, row in ROWS if state in row.before}
        if state in (LegState.RELEASED, LegState.ERASED):
            continue  # moved by a reading, and by nothing
        assert Party(acts[state.name]) in speakers


# --- The policy ---------------------------------------------------------------------------------


def actions_of_the_policy() -> set[str]:
    """Every action that a rule's head names."""
    named: set[str] = set()
    for rule in json.loads(cedarpy.policies_to_json_str(POLICY))["staticPolicies"].values():
        head = rule["action"]
        entities = head.get("entities", [head["entity"]] if "entity" in head else [])
        named |= {entity["id"] for entity in entities}
    return named


@pytest.mark.parametrize("kind", SPOKEN)
def test_a_spoken_kind_is_an_action_of_the_schema_and_of_the_policy(kind: Kind) -> None:
    Policy.compile(f'@id("x") permit(principal, action == Action::"{kind.action}", resource);')
    assert kind.action in actions_of_the_policy()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in SPOKEN])
def test_the_directory_is_no_matter_of_the_policy(kind: Kind) -> None:
    assert kind.action not in SCHEMA
    assert kind.action not in POLICY


def test_the_policy_in_the_repository_compiles() -> None:
    assert Policy.compile(POLICY).text == POLICY
