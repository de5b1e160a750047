"""A kind that does not fit its message, its acts or the other kinds is told which line to mend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest
from google.protobuf.descriptor import Descriptor

from agency_client.aio import AsyncExchangeClient
from agency_client.cli.loading import MODULES, words_of
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.consent_decision import SPEC as CONSENT
from exchange_protocol.kinds.feedback import SPEC as FEEDBACK
from exchange_protocol.kinds.reply import SPEC as REPLY
from exchange_protocol.kinds.spec import KindSpec
from exchange_protocol.v1 import statement_pb2 as pb
from scripts.check_kinds import faults_of, kind_faults, twice_named


def message(name: str) -> Descriptor:
    found = pb.Statement.DESCRIPTOR.fields_by_name[name].message_type
    assert found is not None
    return found


def told(spec: KindSpec, of: str) -> str:
    return "\n".join(faults_of(spec, message(of)))


def test_every_kind_is_without_fault() -> None:
    assert kind_faults() == []


@dataclass(frozen=True, slots=True)
class Misnamed(Body):
    outcome: bytes


@dataclass(frozen=True, slots=True)
class Mistyped(Body):
    result: date


@dataclass(frozen=True, slots=True)
class Moment(Body):
    result: datetime


def test_a_field_that_has_two_names_is_told_with_both() -> None:
    said = told(replace(REPLY, body=Misnamed), "reply")
    assert "the body Reply has outcome, and the message has not: name it alike" in said
    assert "the message Reply has result, and the body has not" in said


@pytest.mark.parametrize(("body", "given"), [(Mistyped, "date"), (Moment, "datetime")])
def test_a_field_of_another_type_is_told_what_stands_on_the_wire(
    body: type[Body], given: str
) -> None:
    said = told(replace(REPLY, body=body), "reply")
    assert f"result is {given}, and a code list on the wire" in said
    assert "a `date` is a Day there" in said


def test_a_number_without_a_name_is_told() -> None:
    assert FEEDBACK.names
    said = told(replace(FEEDBACK, names={}), "feedback")
    assert all(f'names={{"{name}": Words(...)}}' in said for name in FEEDBACK.names)


def test_an_act_that_makes_no_whole_body_is_told() -> None:
    act = replace(REPLY.acts[0], codes=(), defaults={}, help={})
    assert "the act reply leaves out result" in told(replace(REPLY, acts=(act,)), "reply")
    act = replace(REPLY.acts[0], help={})
    assert "the act reply explains no result" in told(replace(REPLY, acts=(act,)), "reply")


def test_a_command_of_two_kinds_is_told_with_both() -> None:
    other = replace(CONSENT.acts[0], command="reply")
    [said] = twice_named([(REPLY, REPLY.acts[0]), (CONSENT, other)])
    assert "reply and consent_decision have acts with one command, reply" in said


def test_no_act_takes_the_word_of_another_command() -> None:
    others = {word for module, words in MODULES.items() if module != "acts" for word in words}
    taken = {*words_of("acts")} & others
    assert not taken, f"{taken} are commands of agency_client/cli already: give the acts others"


def test_no_act_takes_the_name_of_a_method_of_the_client() -> None:
    taken = {act.name for kind in Kind for act in kind.spec.acts} & vars(AsyncExchangeClient).keys()
    assert not taken, f"{taken} are methods of agency_client/aio.py: give the acts other names"
