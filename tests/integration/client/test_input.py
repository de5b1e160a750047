"""Input is checked before any of it is sealed, and arrives as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    Brief,
    Entity,
    ExchangeClient,
    InformationRequest,
    Item,
    ReplyDocument,
    Sent,
)
from agency_client.content import file_names
from agency_client.content.entities import entities_from_csv
from agency_client.core import sealing
from agency_client.core.views import UnsealedStatement
from exchange_protocol.errors import ExchangeError, InvalidInput, LimitExceeded, Reason, SealBroken
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO

REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))
BRIEF = Brief(summary="Подозрение (вымышлено)")
MAPPING = """
entities:
  person:
    schema: Person
    keys: [id]
    properties: {name: {column: name}, birthDate: {column: born}}
"""


def person(number: int, entity_id: str = "same") -> Entity:
    return Entity(id=entity_id, schema="Person", properties={"name": [f"Вымышленный {number}"]})


def send(client: ExchangeClient, **given: Any) -> Sent:
    sent = client.refer(**{"to": ["kz.fma"], "brief": BRIEF, **given})
    assert isinstance(sent, Sent)
    return sent


def first(hub: InMemoryHub, folder: Path, sent: Sent) -> UnsealedStatement:
    return hub.client(folder, KZ_FMA).open(sent.exchange_id).statements[0]


def refused_referral(hub: InMemoryHub, folder: Path, reason: Reason, **given: Any) -> ExchangeError:
    """Nothing leaves, nothing waits, and no hub is asked."""
    client = hub.client(folder)
    before = [*hub.calls]
    with pytest.raises(ExchangeError) as caught:
        client.refer(**{"to": ["kz.fma"], "brief": BRIEF, **given})
    assert caught.value.reason is reason
    assert hub.calls == before
    assert client.outbox.pending() == []
    return caught.value


# --- Terms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [{"handlng": "H3"}, {"foo": 1}, {"atachments": {"a": b""}}])
def test_unknown_argument_is_a_type_error_and_nothing_is_sent(
    hub: InMemoryHub, tmp_path: Path, terms: dict[str, Any]
) -> None:
    client = hub.client(tmp_path)
    before = [*hub.calls]
    with pytest.raises(TypeError, match=next(iter(terms))):
        client.refer(**{"to": ["kz.fma"], "brief": BRIEF, **terms})
    assert hub.calls == before
    assert client.outbox.pending() == []


def test_unknown_argument_of_a_reply_is_refused_too(hub: InMemoryHub, tmp_path: Path) -> None:
    sent = send(hub.client(tmp_path))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(sent.exchange_id)
    with pytest.raises(TypeError, match="handlng"):
        fma.reply(sent.exchange_id, handlng="H3")  # type: ignore[call-arg]
    assert fma.outbox.pending() == []


@pytest.mark.parametrize("urgency", ["urgent", "URGENT"])
def test_urgent_statement_says_why(hub: InMemoryHub, tmp_path: Path, urgency: str) -> None:
    error = refused_referral(hub, tmp_path, Reason.DOCUMENT_INVALID, urgency=urgency)
    assert error.field == "brief.urgency_reason"
    brief = Brief(summary="-", urgency_reason="Деньги уходят (вымышлено)")
    sent = send(hub.client(tmp_path), brief=brief, urgency=urgency)
    # An answer is as urgent as its request, and need not say why again.
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(sent.exchange_id)
    assert isinstance(fma.reply(sent.exchange_id), Sent)
    with pytest.raises(InvalidInput, match="urgency_reason"):
        fma.partial_reply(sent.exchange_id, brief="-", urgency=urgency)


# --- Entities --------------------------------------------------------------------------------


def test_fault_in_the_last_line_of_a_file_is_found_before_anything_is_sealed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    path = tmp_path / "f.ftm.json"
    lines = [json.dumps(person(number, f"p{number}")) for number in range(2000)]
    path.write_text("\n".join([*lines, '{"id":"x"}']), "utf-8")
    error = refused_referral(hub, tmp_path, Reason.DOCUMENT_INVALID, subjects=path)
    assert "line 2001" in error.message
    good = [person(number, f"p{number}") for number in range(20)]
    bad: Any = {"id": "x", "schema": "Nobody", "properties": {}}
    assert "entity 21" in refused_referral(
        hub, tmp_path, Reason.DOCUMENT_INVALID, subjects=[*good, bad]
    ).message  # fmt: skip


def test_fault_among_entities_given_one_by_one_leaves_nothing_behind(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    def given() -> Iterator[Any]:
        yield person(1)
        yield {"id": "x", "schema": "Nobody", "properties": {}}

    client = hub.client(tmp_path)
    with pytest.raises(InvalidInput, match="entity 2"):
        client.refer(to=["kz.fma"], brief=BRIEF, subjects=given())
    assert client.outbox.pending() == []
    assert "Submit" not in hub.calls


def test_table_arrives_and_its_notes_stand_in_the_brief_for_all_who_judge(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    table, mapping = tmp_path / "t.csv", tmp_path / "m.yaml"
    rows = "id;name;born\n1;Иван Вымышленный;31.12.1979\n;Без Ключа;\n"
    table.write_bytes(rows.encode("utf-16"))
    mapping.write_text(MAPPING, "utf-8")
    entities = entities_from_csv(table, mapping, dates="DD.MM.YYYY", skip_rows_without_key=True)
    sent = hub.client(tmp_path).request_information(
        to=["uz.fiu"], brief=BRIEF, request=REQUEST, subjects=entities
    )
    (entity,) = first_of(hub, tmp_path, sent).entities()
    assert entity["properties"] == {"name": ["Иван Вымышленный"], "birthDate": ["1979-12-31"]}
    for reader in (COORDINATOR, KZ_GPO):
        brief = hub.client(tmp_path, reader).open(sent.exchange_id).statements[0].brief
        assert brief is not None
        assert brief.summary == BRIEF.summary
        told = " ".join(brief.import_notes)
        assert brief.import_notes == entities.notes
        for words in ("utf-16", "semicolon", "DD.MM.YYYY", "line 3"):
            assert words in told
        assert "Вымышленный" not in told


def first_of(hub: InMemoryHub, folder: Path, sent: Any) -> UnsealedStatement:
    return hub.client(folder).open(sent.exchange_id).statements[0]


def test_sixty_persons_under_one_id_are_sixty_to_the_gate_and_the_reader(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    sent = send(hub.client(tmp_path), subjects=[person(number) for number in range(60)])
    opened = first(hub, tmp_path, sent)
    assert opened.statement.header.subject_count == 60 == opened.subject_count
    assert opened.missing_subjects == 0


@pytest.mark.parametrize("schema", ["person", "Person ", "Passport", "UserAccount"])
def test_persons_hidden_from_the_count_are_told_to_the_reader(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: str
) -> None:
    hidden = [Entity(id=f"p{n}", schema=schema, properties={}) for n in range(100)]
    # A sender's own software checks and counts nothing.
    monkeypatch.setattr("agency_client.core.sealing.checked_entities", lambda given: given)
    monkeypatch.setattr("agency_client.content.entities.SubjectCount.__int__", lambda self: 1)
    sent = send(hub.client(tmp_path), subjects=iter(hidden))
    monkeypatch.undo()
    opened = first(hub, tmp_path, sent)
    (fault,) = opened.faults
    assert fault.part == "entities"
    assert isinstance(fault.error, SealBroken)
    assert re.search(r"declares 1 subjects|expected a schema", fault.error.message)
    assert [*opened.entities()] == []


def test_reader_is_told_of_subjects_that_are_declared_and_not_there(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency_client.content.entities.SubjectCount.__int__", lambda self: 7)
    sent = send(hub.client(tmp_path), subjects=[person(1), person(2)])
    monkeypatch.undo()
    opened = first(hub, tmp_path, sent)
    assert (opened.subject_count, opened.missing_subjects) == (2, 5)
    supervisor = hub.client(tmp_path, KZ_GPO).open(sent.exchange_id).statements[0]
    assert supervisor.missing_subjects == 0


# --- Attachments -----------------------------------------------------------------------------

FILES = {"выписка.pdf": b"%PDF", "my scan.pdf": b"scan", "content.json": b"{}", "entities": b"x"}


def test_file_keeps_the_name_that_people_gave_it_and_the_hub_learns_none(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    sent = send(hub.client(tmp_path), attachments=FILES)
    opened = first(hub, tmp_path, sent)
    assert opened.attachments == FILES
    assert [part.name for part in opened.statement.parts] == [
        "brief", "attachment.1", "attachment.2", "attachment.3", "attachment.4", "attachments",
    ]  # fmt: skip
    payload = opened.verified.signed.payload
    assert not any(name.encode() in payload for name in ("выписка", "scan", ".pdf", ".json"))
    supervisor = hub.client(tmp_path, KZ_GPO).open(sent.exchange_id).statements[0]
    assert supervisor.attachments == {}


def test_reply_carries_names_too(hub: InMemoryHub, tmp_path: Path) -> None:
    sent = send(hub.client(tmp_path))
    fma = hub.client(tmp_path, KZ_FMA)
    fma.reply(fma.open(sent.exchange_id), document=ReplyDocument(text="-"), attachments=FILES)
    assert hub.client(tmp_path).open(sent.exchange_id).statements[-1].attachments == FILES


@pytest.mark.parametrize(
    "name", ["../../../../profile.toml", "/root/outside", "a\\b", "..", "", "a\u202eb", "a\x00b"]
)
def test_name_that_leads_elsewhere_is_refused_before_anything_is_touched(
    hub: InMemoryHub, tmp_path: Path, name: str
) -> None:
    profile = hub.profile(tmp_path).folder / "profile.toml"
    before, files = profile.read_bytes(), {*tmp_path.rglob("*")}
    error = refused_referral(hub, tmp_path, Reason.INVALID_FIELD, attachments={name: b"evil"})
    assert error.field == "attachments"
    assert profile.read_bytes() == before
    assert {*tmp_path.rglob("*")} == files


def test_draft_of_a_program_cannot_lead_out_of_the_outbox(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    sent = send(client)
    draft: Any = first(hub, tmp_path, sent).statement
    profile = hub.profile(tmp_path).folder / "profile.toml"
    before = profile.read_bytes()
    with pytest.raises(InvalidInput, match="INVALID_FIELD"):
        client.submit_statement(draft, {"../../../../profile.toml": b"evil"})
    assert profile.read_bytes() == before


@pytest.mark.parametrize("given", [Path("/nowhere/at/all"), "text", None, 7])
def test_file_that_cannot_be_attached_is_refused(
    hub: InMemoryHub, tmp_path: Path, given: Any
) -> None:
    refused_referral(hub, tmp_path, Reason.INVALID_FIELD, attachments={"a": given})


@pytest.mark.parametrize("size", [5000 - 47, 5001])
def test_file_that_is_too_large_once_sealed_is_called_by_its_name(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(sealing, "MAX_PART_BYTES", 5000)
    (tmp_path / "большой.bin").write_bytes(bytes(size))
    client = hub.client(tmp_path)
    send(client, attachments={"целиком.bin": bytes(5000 - 48)})
    for given in (bytes(size), tmp_path / "большой.bin"):
        with pytest.raises(LimitExceeded) as caught:
            send(client, attachments={"большой.bin": given})
        assert caught.value.field == "attachments"
        assert "большой.bin" in str(caught.value)
        assert client.outbox.pending() == []


def test_names_that_do_not_fit_the_files_are_their_authors_fault(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in (b"[]", file_names.encode_index({"attachment.2": "a"})):
        monkeypatch.setattr("agency_client.core.sealing.encode_index", lambda names, i=index: i)
        sent = send(hub.client(tmp_path), attachments={"a": b"a"})
        monkeypatch.undo()
        opened = first(hub, tmp_path, sent)
        (fault,) = opened.faults
        assert fault.part == "attachments"
        assert isinstance(fault.error, SealBroken)
        assert "names of attachments" in fault.error.message
        assert opened.attachments == {"attachment.1": b"a"}


BAD = {"id": "p1", "schema": "Person", "properties": {"name": [None]}}


@pytest.mark.parametrize("way", ["list", "generator", "file", "no file", "foreseen"])
def test_error_of_entities_names_the_argument_that_gives_them(
    hub: InMemoryHub, tmp_path: Path, way: str
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(BAD), "utf-8")
    given: dict[str, Any] = {
        "list": [BAD],
        "generator": iter([BAD]),
        "file": tmp_path / "bad.json",
        "no file": tmp_path / "none.json",
        "foreseen": iter([BAD]),
    }
    client = hub.client(tmp_path)
    said: dict[str, Any] = {"to": "kz.fma", "brief": BRIEF, "subjects": given[way]}
    said["legal_basis"] = "KZ-CPC-1"
    call = partial(client.foresee, "refer") if way == "foreseen" else client.refer
    with pytest.raises(InvalidInput) as caught:
        call(**said)
    assert (caught.value.reason, caught.value.field) == (Reason.DOCUMENT_INVALID, "subjects")
    assert client.outbox.pending() == []
