"""Everything that is shown has words in three languages; none is left out, none is left over."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from agency_client.content.documents import (
    AnalysisProduct,
    AnalysisRequest,
    Brief,
    CaseStage,
    InformationRequest,
    Item,
    ReferralDocument,
    ReplyDocument,
)
from agency_client.content.schemata import SCHEMATA as ALL_SCHEMATA
from agency_client.presentation import documents, entities, schemata
from agency_client.presentation.labels import Label
from agency_client.presentation.steps import STEPS, TURNS, commands
from agency_client.presentation.words import body_json, body_words, say_code
from exchange_protocol.kinds.asset_findings import AssetFindings, AssetType, TraceResult
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Currency, Language, LegState, Party, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.words import Code, NamedCode, Words
from tests.support.bodies import some_body

ROOT = Path(__file__).resolve().parents[3]
CYRILLIC = re.compile("[\u0400-\u052f]")
DOCUMENTS = (
    Brief,
    InformationRequest,
    ReferralDocument,
    AnalysisRequest,
    ReplyDocument,
    AnalysisProduct,
)
PLACES_ALONE = {"OF_AT", "WHAT_BY"}
"""Phrases that need a word in English alone."""
THE_SAME_EVERYWHERE = {
    *("IBAN", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"),
    *(each.name for each in Currency),
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def all_words() -> Iterator[tuple[str, Words]]:
    yield from ((each.name, each.value) for each in Label)
    tables: tuple[Mapping[Any, Words], ...] = (
        documents.FIELDS,
        documents.STAGES,
        documents.ITEMS,
        schemata.SCHEMATA,
        entities.DETAILS,
    )
    for table in tables:
        yield from ((str(name), words) for name, words in table.items())
    yield from ((kind.value, kind.spec.words) for kind in Kind)
    for code in all_codes():
        yield from ((f"{code.__name__}.{each.name}", each.words) for each in code)


def all_codes() -> list[type[Code] | type[NamedCode]]:
    found: list[type[Code] | type[NamedCode]] = []
    waiting: list[Any] = [Code, NamedCode]
    while waiting:
        code = waiting.pop()
        found += [code] if list(code) else []
        waiting += code.__subclasses__()
    return found


@pytest.mark.parametrize(("name", "words"), list(all_words()), ids=lambda value: str(value)[:40])
def test_word_is_there_in_three_languages_with_the_same_places(name: str, words: Words) -> None:
    assert all(text.strip() == text and text for text in words), words
    if words.en in THE_SAME_EVERYWHERE:
        return
    assert not CYRILLIC.search(words.en), name
    for text in (words.ru, words.kk):
        assert CYRILLIC.search(text) or name in PLACES_ALONE, name
        assert places(text) == places(words.en), name


def test_every_field_of_every_document_has_a_name() -> None:
    fields = {name for each in DOCUMENTS for name in each.model_fields} - {"document"}
    assert fields == documents.FIELDS.keys()


def test_every_code_of_the_documents_has_words() -> None:
    assert set(CaseStage) == documents.STAGES.keys()
    assert set(Item) == documents.ITEMS.keys()


def test_every_schema_has_words_and_every_link_its_ends() -> None:
    from followthemoney import model

    assert schemata.SCHEMATA.keys() == ALL_SCHEMATA
    edges = {
        schema.name: (schema.edge_source, schema.edge_target)
        for schema in model.schemata.values()
        if schema.edge_source and schema.name != entities.PAYMENT
    }
    assert {name: tuple(ends) for name, ends in schemata.LINKS.items()} == edges


def test_every_state_of_a_leg_says_whose_turn_it_is() -> None:
    assert TURNS.keys() == set(LegState)
    assert STEPS.keys() == {state for state, turn in TURNS.items() if turn is not None}


def turns() -> Iterator[tuple[Kind, LegState]]:
    """Each initial kind with each state that a leg of it can come to."""
    for kind in (kind for kind in Kind if kind.stage is Stage.INITIAL):
        rows = [row for each, row in ROWS if not row.is_answer or each.body is kind.spec.answer]
        told = {row.after for row in rows} | {LegState.HELD, LegState.RELEASED, LegState.DELIVERED}
        yield from ((kind, state) for state, turn in TURNS.items() if turn and state in told)


@pytest.mark.parametrize(("kind", "state"), list(turns()))
def test_whose_turn_it_is_may_do_something(kind: Kind, state: LegState) -> None:
    turn = TURNS[state]
    assert turn is not None
    found = commands(kind, turn, state)
    # What was only released must be opened first; everything else moves on by a statement.
    assert found[0] == "show"
    assert len(found) > 1 or state is LegState.RELEASED
    [answer] = [each.spec for each in Kind if each.body is kind.spec.answer]
    answers = {
        act.command
        for act in answer.acts
        for row in answer.rows
        if row.party is turn
        and state in row.before
        and (row.code is None or row.code in act.fixed.values())
    }
    if state in (LegState.DELIVERED, LegState.ACKNOWLEDGED):
        assert answers
        assert answers <= set(found)


def test_commands_are_those_of_the_party() -> None:
    asked = Kind.INFORMATION_REQUEST
    decisions = ("show", "approve", "reject", "return", "claim", "give-back")
    assert commands(asked, Party.APPROVER, LegState.HELD) == decisions
    corrections = ("show", "supplement", "recall", "correct")
    assert commands(asked, Party.INITIATOR, LegState.RETURNED) == corrections
    assert "product" not in commands(asked, Party.RECIPIENT, LegState.DELIVERED)


def some_bodies(kind: Kind) -> list[Body]:
    if kind.spec.parse is None:
        return [some_body(kind, random.Random(seed)) for seed in range(9)]  # noqa: S311 -- no secret
    return [Decision(Verdict.APPROVE), Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.stage is not Stage.DIRECTORY])
def test_body_is_said_without_a_raw_code(kind: Kind, language: Language) -> None:
    names = {each.name for code in all_codes() for each in code if "_" in each.name}
    for body in some_bodies(kind):
        said = " ".join(body_words(body, language))
        assert not names & set(said.split()), said


def test_every_label_is_used() -> None:
    used: set[str] = set()
    for folder in ("presentation", "cli"):
        for path in (ROOT / "agency_client" / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Label":
                    used.add(node.attr)
    assert used == {each.name for each in Label}


def test_two_labels_do_not_say_one_thing() -> None:
    names = [name for name in vars(Label) if name.isupper()]
    assert sorted(names) == sorted(each.name for each in Label)


def test_code_is_said_in_a_language() -> None:
    assert say_code(LegState.HELD, Language.RU) == "ожидает одобрения"


def test_codes_are_words_for_people_and_names_for_programs() -> None:
    rejected = Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS)
    assert body_words(rejected, Language.EN) == ["rejected", "no link to drug crime"]
    assert body_words(rejected, Language.RU) == ["отклонено", "нет связи с наркопреступностью"]
    assert body_words(rejected, Language.KK)[0] == "қабылданбады"
    assert body_json(rejected) == {"verdict": "REJECT", "ground": "NO_DRUG_NEXUS"}
    used = Feedback(2, (FeedbackUse.FREEZE,))
    assert body_words(used, Language.EN) == ["usefulness 2", "freeze"]
    assert body_json(used) == {"usefulness": 2, "uses": ["FREEZE"]}


def test_the_worth_of_assets_is_written_by_language_with_its_currency_beside_it() -> None:
    found = AssetFindings(TraceResult.FOUND, (AssetType.ACCOUNT,), 48_000_000, Currency.UZS)
    assert body_words(found, Language.EN)[-1] == "amount 48,000,000 UZS"
    assert body_words(found, Language.RU)[-1] == "сумма 48\u00a0000\u00a0000 UZS"
    assert body_json(found)["amount"] == 48_000_000
