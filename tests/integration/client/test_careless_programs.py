"""Programs of people who read little: what they give is taken, or refused with the way out."""

from __future__ import annotations

import asyncio
import copy
import math
import os
import pickle
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Integral
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    AsyncExchangeClient,
    ExchangeClient,
    ExchangeError,
    InvalidInput,
    Kind,
    LegState,
    Reason,
)
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA

REQUEST = {"items": ["TRANSACTIONS"]}


def ask(mia: ExchangeClient) -> Any:
    return mia.request_information("kz.fma", brief="-", request=REQUEST)


def in_a_fork(call: Callable[[], object]) -> str:
    """Run a call in a process that is forked now, and give its answer as a text."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        said = "no answer"
        try:
            said = str(call())
        except BaseException as error:  # noqa: BLE001 - nothing of the child may go on in the test
            said = f"{type(error).__name__} {error}"
        finally:
            os.write(writes, said.encode())
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


# --- Processes that are forked ------------------------------------------------------------------


def test_client_of_the_parent_is_refused_in_a_fork(hub: InMemoryHub, tmp_path: Path) -> None:
    """Without this a call in the fork waits for threads that the fork has not."""
    with hub.client(tmp_path) as mia:
        ask(mia)
        for call in (
            lambda: ask(mia),
            mia.sync,
            lambda: next(mia.inbox()),
            lambda: next(mia.watch()),
        ):
            said = in_a_fork(call)
            assert said.startswith("Conflict CLIENT_CLOSED"), said
            assert "open one in each process" in said
        assert mia.outbox.pending() == [], "nothing was kept that the fork could not send"
        ask(mia)


def test_asyncio_client_of_the_parent_is_refused_in_a_fork(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    async def run() -> None:
        async with hub.async_client(tmp_path) as mia:
            await mia.sync()
            said = in_a_fork(lambda: asyncio.new_event_loop().run_until_complete(mia.sync()))
            assert "CLIENT_CLOSED" in said
            await mia.sync()

    asyncio.run(run())


def test_fork_that_leaves_the_block_does_not_close_the_connection_of_its_parent(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    with hub.client(tmp_path) as mia:
        closed: list[str] = []
        mia._driver.link.close = lambda: closed.append("closed")  # type: ignore[method-assign]

        def leave() -> list[str]:
            mia.close()
            return closed

        assert in_a_fork(leave) == "[]"
    assert closed == ["closed"]


# --- What stands for an exchange ----------------------------------------------------------------


def test_a_result_and_a_notice_stand_for_their_exchange(hub: InMemoryHub, tmp_path: Path) -> None:
    with hub.client(tmp_path) as mia, hub.client(tmp_path, KZ_FMA) as fma:
        sent = ask(mia)
        assert mia.get(sent).id == sent.exchange_id
        [notice] = fma.watch(from_start=True, max_notices=1)
        assert fma.open(notice).id == sent.exchange_id
        assert fma.acknowledge(notice).exchange_id == sent.exchange_id
        [kept] = [each for each in mia.outbox.all_receipts() if each.exchange_id]
        assert mia.get(kept).id == sent.exchange_id
        assert mia.foresee("recall", sent).recipients == ("kz.fma",)


@pytest.mark.parametrize("given", [None, 5, object(), uuid.uuid4(), b"x"])
def test_what_stands_for_no_exchange_is_named(hub: InMemoryHub, tmp_path: Path, given: Any) -> None:
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput) as caught:
        mia.get(given)
    assert caught.value.field == "exchange"
    assert f"as a text, got {type(given).__name__}" in caught.value.message


# --- Lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters",
    [
        {"party": "INITIATOR"},
        {"party": " Initiator "},
        {"states": "released"},
        {"states": LegState.RELEASED},
        {"states": ["Released"]},
        {"kinds": "information_request"},
        {"kinds": Kind.INFORMATION_REQUEST},
        {"kinds": ["INFORMATION_REQUEST"]},
        {"kinds": ["information-request"]},
        {"kinds": "Information request".replace(" ", "_")},
    ],
    ids=str,
)
def test_one_code_in_any_spelling_filters_a_list(
    hub: InMemoryHub, tmp_path: Path, filters: dict[str, Any]
) -> None:
    with hub.client(tmp_path) as mia:
        sent = ask(mia)
        assert [each.id for each in mia.exchanges(**filters)] == [sent.exchange_id]

    async def same() -> list[str]:
        async with hub.async_client(tmp_path) as awaiting:
            return [each.id async for each in awaiting.exchanges(**filters)]

    assert asyncio.run(same()) == [sent.exchange_id]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"states": "R"}, "states[0]"),
        ({"states": ["RELEASED", "OPEN"]}, "states[1]"),
        ({"states": 4}, "states"),
        ({"states": {"RELEASED": True}}, "states"),
        ({"kinds": "letter"}, "kinds"),
        ({"kinds": None}, "kinds"),
        ({"kinds": 5}, "kinds"),
        ({"party": 1}, "party"),
    ],
    ids=str,
)
def test_a_filter_that_is_none_is_named(
    hub: InMemoryHub, tmp_path: Path, filters: dict[str, Any], field: str
) -> None:
    with hub.client(tmp_path) as mia, pytest.raises(ExchangeError) as caught:
        list(mia.exchanges(**filters))
    assert caught.value.field == field
    assert not hub.calls


# --- Arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"to": Path("kz.fma")}, "to", "expected an agency id such as 'kz.fma', or several"),
        ({"to": 5}, "to", "expected an agency id such as 'kz.fma', or several, got int"),
        ({"subjects": None}, "subjects", "got None: leave it out, or give an empty list"),
        (
            {
                "request": {
                    "items": ["STR"],
                    "period": (datetime(2020, 1, 1, 5, tzinfo=UTC), "2020-02-01"),
                }
            },
            "period.start",
            "expected a date as YYYY-MM-DD",
        ),
        (
            {
                "subjects": [
                    {"id": "p", "schema": "Payment", "properties": {"amount": [Decimal(1)]}}
                ]
            },
            "subjects",
            "got a number among them",
        ),
    ],
    ids=str,
)
def test_a_wrong_value_is_told_with_what_was_expected(
    hub: InMemoryHub, tmp_path: Path, wrong: dict[str, Any], field: str | None, says: str
) -> None:
    arguments: dict[str, Any] = {"to": "kz.fma", "brief": "-", "request": REQUEST} | wrong
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match=re.escape(says)) as caught:
        mia.request_information(**arguments)
    assert caught.value.field == field
    assert "Submit" not in hub.calls


@pytest.mark.parametrize("given", [None, 5, {"to": "kz.fma"}])
def test_a_batch_that_is_none_is_named(hub: InMemoryHub, tmp_path: Path, given: Any) -> None:
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput) as caught:
        mia.request_information_batch(given)
    assert caught.value.field == "requests"

    async def same() -> None:
        async with hub.async_client(tmp_path) as awaiting:
            await awaiting.request_information_batch(given)

    with pytest.raises(InvalidInput):
        asyncio.run(same())


def test_a_misspelt_argument_is_told_before_the_one_that_is_missing_for_it(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    misspelt: Any = [{"to": "kz.fma", "breif": "-", "request": REQUEST}]
    with hub.client(tmp_path) as mia:
        with pytest.raises(
            TypeError,
            match=r"requests\[0\]: request_information\(\) got .* 'breif'; did you mean 'brief'\?",
        ):
            mia.request_information_batch(misspelt)
        with pytest.raises(TypeError, match=r"'attachements'; did you mean 'attachments'\?"):
            mia.foresee("request_information", to="kz.fma", brief="-", attachements={})
        with pytest.raises(TypeError, match=r"\.exchanges\(\) got an unexpected .* 'state'"):
            mia.exchanges(state="RELEASED")  # type: ignore[call-arg] # what is refused


def test_a_time_that_is_no_number_ends_no_watch_and_is_refused(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match="got nan") as caught:
        mia.watch(max_seconds=math.nan)
    assert caught.value.field == "max_seconds"


def test_what_is_called_is_told_to_be_a_function(hub: InMemoryHub, tmp_path: Path) -> None:
    called: Any = "tell"
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match="expected a function or"):
        mia.watch(on_away=called)


@pytest.mark.parametrize("given", [None, 5, b"kz.mia", ["kz.mia"]])
@pytest.mark.parametrize("kind", [ExchangeClient, AsyncExchangeClient])
def test_a_profile_that_is_none_is_refused(kind: Any, given: Any) -> None:
    with pytest.raises(InvalidInput, match=f"got {type(given).__name__}") as caught:
        kind.from_profile(given)
    assert caught.value.reason is Reason.PROFILE_INVALID


@pytest.mark.parametrize("given", ["", " ", "\n"])
def test_an_empty_name_is_not_the_profile_of_the_folder_that_the_program_runs_in(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """A variable that is not set would let it speak as whoever has a profile there."""
    monkeypatch.chdir(hub.profile(tmp_path).folder)
    with pytest.raises(InvalidInput, match="is a variable not set") as caught:
        ExchangeClient.from_profile(given)
    assert caught.value.reason is Reason.PROFILE_INVALID


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_is_not_copied_and_says_what_to_do(
    hub: InMemoryHub, tmp_path: Path, copied: Callable[[object], object]
) -> None:
    with hub.client(tmp_path) as mia:
        with pytest.raises(TypeError, match=r"open one by ExchangeClient\.from_profile"):
            copied(mia)
        assert repr(mia) == "<ExchangeClient of kz.mia>"


# --- Numbers ------------------------------------------------------------------------------------


class OfTable:
    """A number of a table, of a type of its own as numpy's are."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __float__(self) -> float:
        return float(self.value)

    def __radd__(self, other: float) -> float:
        return other + self.value

    def __eq__(self, other: object) -> bool:
        return other == self.value

    def __hash__(self) -> int:
        return hash(self.value)


Integral.register(OfTable)


def test_numbers_of_tables_are_numbers(hub: InMemoryHub, tmp_path: Path) -> None:
    def given(value: int) -> Any:
        return OfTable(value)

    with hub.client(tmp_path) as mia, hub.client(tmp_path, KZ_FMA) as fma:
        sent = ask(mia)
        fma.open(sent)
        fma.reply(sent, result="NO_HIT")
        mia.feedback(sent, usefulness=given(2))
        body: Any = mia.get(sent).statements[-1].statement.body
        assert type(body.usefulness) is int
        assert body.usefulness == 2
        assert list(mia.watch(max_seconds=given(0))) == []
        [_] = mia.watch(from_start=True, max_notices=given(1))


@pytest.mark.parametrize("given", ["3", 2.0, True, None])
def test_what_is_no_whole_number_is_told_so(hub: InMemoryHub, tmp_path: Path, given: Any) -> None:
    with hub.client(tmp_path) as mia, hub.client(tmp_path, KZ_FMA) as fma:
        sent = ask(mia)
        fma.open(sent)
        fma.reply(sent, result="NO_HIT")
        with pytest.raises(InvalidInput, match="expected a whole number from 0 to 3") as caught:
            mia.feedback(sent, usefulness=given)
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_FIELD, "usefulness")
