"""A request waits in `todo` until it is answered, whoever speaks meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agency_client import ExchangeClient, Sent
from agency_client.console import lists
from agency_client.presentation.exchanges import known_legs, turn_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.steps import states_asked, waiting, waiting_consents
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.words import Words
from tests.scenarios.conftest import Region
from tests.scenarios.members import joined
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.console import running_console
from tests.support.deployment import COORDINATORS

NOTE = "Примечание (вымышлено)"
ENDS = (Party.INITIATOR, Party.RECIPIENT)


def steps(client: ExchangeClient, exchange: str) -> set[Label | Words]:
    """The steps that an exchange has in the `todo` of a client's agency."""
    now = datetime.now(UTC)
    found = [
        each
        for party in ENDS
        for each in waiting(
            client.exchanges(party=party, states=states_asked(party)), party, client.agency, now, {}
        )
    ]
    found += waiting_consents(client.exchanges(awaits_consent=True), client.agency)
    return {each.step.words for each in found if each.summary.id == exchange}


def news(client: ExchangeClient, exchange: str, read: int = -1) -> list[tuple[str, ...]]:
    """The commands of what only waits to be read, in the `todo` of a client's agency."""
    now = datetime.now(UTC)
    return [
        each.commands
        for party in ENDS
        for each in waiting(
            client.exchanges(party=party, states=states_asked(party)),
            party,
            client.agency,
            now,
            {exchange: read},
        )
        if each.summary.id == exchange and each.step.is_news
    ]


def turn(client: ExchangeClient, exchange: str) -> str:
    """The agency whose turn it is, as `show` says."""
    opened, now = client.open(exchange), datetime.now(UTC)
    legs = known_legs(opened.verified, client.agency)
    return turn_of(opened.verified, legs, client.agency, Locale(), now)


def said(client: ExchangeClient, exchange: str, kind: Kind) -> bytes:
    """The newest statement of a kind."""
    found = [each for each in client.open(exchange).statements if each.kind is kind]
    return found[-1].statement.digest


# --- What may be said meanwhile, and by whom ------------------------------------------------------

Speak = Callable[[Region, str], object]


def by_supervisor(region: Region, exchange: str) -> object:
    return region["kz.gpo"].comment(exchange, "kz.fma", comment=NOTE)


def by_asker(region: Region, exchange: str) -> object:
    mia = region["kz.mia"]
    about = said(mia, exchange, Kind.FREEZE_STATUS)
    return mia.ask_consent(exchange, about, "uz.fiu", "INVESTIGATION", reason=NOTE)


def by_asked(region: Region, exchange: str) -> object:
    fma = region["kz.fma"]
    about = fma.open(exchange).statements[0].statement.digest
    return fma.ask_consent(exchange, about, "uz.fiu", "INVESTIGATION", reason=NOTE)


def by_all(region: Region, exchange: str) -> object:
    return [each(region, exchange) for each in (by_asked, by_supervisor, by_asker)]


@pytest.mark.parametrize("since", [by_supervisor, by_asker, by_asked, by_all])
@pytest.mark.parametrize("answer", ["lifted", "extended"])
def test_a_request_to_lift_waits_until_it_is_lifted_or_extended(
    region: Region, since: Speak, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    asked = mia.request_freeze(to=["kz.fma"], brief="Заморозить (вымышлено)")
    assert isinstance(asked, Sent)
    exchange, words = asked.exchange_id, Kind.ASK_TO_LIFT.spec.asks
    assert words is not None
    fma.open(exchange)
    fma.impose_freeze(exchange, due=timedelta(days=5))
    assert words not in steps(fma, exchange)
    mia.ask_to_lift(exchange, reason=NOTE)
    assert words in steps(fma, exchange)
    since(region, exchange)
    assert words in steps(fma, exchange)
    assert words not in steps(mia, exchange)
    assert words.en in turn(fma, exchange)
    if answer == "lifted":
        fma.lift_freeze(exchange)
    else:
        fma.extend_freeze(exchange, due=timedelta(days=9), note=NOTE)
    assert words not in steps(fma, exchange)
    assert words.en not in turn(fma, exchange)
    if since is by_all and answer == "lifted":
        region.replay(capsys)


@pytest.mark.parametrize("since", [None, by_supervisor])
def test_a_recall_waits_for_its_receipt(region: Region, since: Speak | None) -> None:
    mia, fma, words = region["kz.mia"], region["kz.fma"], Kind.RECALL.spec.asks
    assert words is not None
    exchange = new_exchange(mia)
    fma.open(exchange)
    fma.interim_reply(exchange, brief=NOTE)
    mia.recall(exchange, reason=NOTE)
    if since:
        since(region, exchange)
    assert words in steps(fma, exchange)
    assert words.en in turn(fma, exchange)
    fma.confirm_recall(exchange, "UNUSED", explanation=NOTE)
    assert words not in steps(fma, exchange)


# --- What waits by the state of the leg, or by its record -----------------------------------------


def test_a_return_a_reminder_and_a_consent_wait_whoever_speaks(region: Region) -> None:
    mia, fma, end = region["kz.mia"], region["kz.fma"], shortly()
    exchange = new_exchange(mia, due=end)
    fma.open(exchange)
    fma.interim_reply(exchange, brief=NOTE)
    about = said(fma, exchange, Kind.INTERIM_REPLY)
    mia.ask_consent(exchange, about, "uz.fiu", "INVESTIGATION", reason=NOTE)
    let_pass(end)
    mia.remind(exchange)
    before: list[Callable[[], object]] = [
        lambda: by_supervisor(region, exchange),
        lambda: fma.interim_reply(exchange, brief=NOTE),
        lambda: mia.remind(exchange),
    ]
    for speak in before:
        speak()
        assert {Label.ANSWER, Label.DECIDE_ON_CONSENT} <= steps(fma, exchange)
    fma.return_for_information(exchange, question=NOTE)
    after: list[Callable[[], object]] = [
        lambda: by_supervisor(region, exchange),
        lambda: region["kz.gpo"].comment(exchange, "kz.mia", comment=NOTE),
    ]
    for speak in after:
        speak()
        assert Label.SUPPLEMENT in steps(mia, exchange)


def test_what_members_of_a_case_ask_waits_whoever_speaks(region: Region) -> None:
    mia, fma, gpo = region["kz.mia"], region["kz.fma"], region["kz.gpo"]
    exchange = joined(region, "kz.fma", "kz.gpo")
    fma.contribute(exchange, brief=NOTE)
    mia.give_task(exchange, "kz.fma", description=NOTE, due="5d")
    about = said(gpo, exchange, Kind.CONTRIBUTE)
    gpo.ask_member_consent(exchange, about, "uz.fiu", "INVESTIGATION", reason=NOTE)
    for client in (mia, gpo, fma):
        client.contribute(exchange, brief=NOTE)
        assert {Label.DO_THE_TASK, Label.DECIDE_ON_CONSENT} <= steps(fma, exchange)


@pytest.mark.parametrize("wish", ["comment", "ask_to_be_involved", "ask_for_explanation"])
def test_what_a_supervisor_says_waits_until_it_is_read(region: Region, wish: str) -> None:
    """To each end, also while it is the other's turn; to the other end never."""
    mia, gpo, uz = region["kz.mia"], region["kz.gpo"], region["uz.fiu"]
    exchange = new_exchange(mia, "uz.fiu")
    region.approve(exchange, COORDINATORS[0])
    uz.open(exchange)
    before, of_other = news(mia, exchange), news(uz, exchange)
    getattr(gpo, wish)(exchange, "kz.mia", comment=NOTE)
    assert news(mia, exchange) == [*before, ("show", "involve")]
    assert news(uz, exchange) == of_other
    is_asked = wish == "ask_to_be_involved"
    assert turn(mia, exchange).endswith("; kz.gpo asks to be involved") is is_asked
    assert "kz.gpo" not in turn(uz, exchange)
    newest = mia.open(exchange).statements[-1].index
    assert news(mia, exchange, read=newest) == before


def test_what_a_supervisor_says_waits_while_it_is_held_and_when_it_is_answered(
    region: Region,
) -> None:
    mia, gpo, fma = region["kz.mia"], region["kz.gpo"], region["kz.fma"]
    held = new_exchange(mia, "uz.fiu")
    gpo.ask_for_explanation(held, "kz.mia", comment=NOTE)
    assert news(mia, held)
    answered = new_exchange(mia, "kz.fma")
    fma.open(answered)
    fma.reply(answered, brief=NOTE)
    gpo.ask_for_explanation(answered, "kz.fma", comment=NOTE)
    assert news(fma, answered)


def test_what_a_supervisor_says_of_a_closed_exchange_waits_until_it_is_read(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, gpo, fma = region["kz.mia"], region["kz.gpo"], region["kz.fma"]
    exchange = new_exchange(mia)
    fma.open(exchange)
    fma.reply(exchange, brief=NOTE)
    mia.open(exchange)
    mia.close_exchange(exchange)
    police = as_member(region.town, "kz.mia/system")
    fiu = as_member(region.town, "kz.fma/system")

    def listed(member: tuple[str, str]) -> list[list[str]]:
        code, out, err = run(capsys, *member, "--json", "todo")
        assert code == 0, err
        return [each["commands"] for each in json.loads(out)["todo"]]

    assert listed(police) == listed(fiu) == []
    gpo.ask_to_be_involved(exchange, "kz.mia", comment=NOTE)
    # It is too late to let it take part, so no command for that is told.
    assert listed(police) == [["show"]]
    assert listed(fiu) == []
    gpo.comment(exchange, "kz.fma", comment=NOTE)
    assert listed(fiu) == [["show"]]
    code, out, err = run(capsys, *police, "todo")
    assert code == 0, err
    assert "read what came" in " ".join(out.split())
    for member in (police, fiu):
        code, _, err = run(capsys, *member, "show", exchange)
        assert code == 0, err
        assert listed(member) == []


def test_nobody_is_told_to_invite_to_a_closed_case(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, gpo = region["kz.mia"], region["kz.gpo"]
    case = joined(region, "kz.fma")
    mia.close_exchange(case)
    gpo.ask_to_be_involved(case, "kz.mia", comment=NOTE)
    police = as_member(region.town, "kz.mia/system")
    code, out, err = run(capsys, *police, "--json", "todo")
    assert code == 0, err
    assert [each["commands"] for each in json.loads(out)["todo"]] == [["show"]]


def test_a_supervisor_that_would_join_a_case_waits_in_the_todo_of_its_lead(region: Region) -> None:
    mia, gpo = region["kz.mia"], region["kz.gpo"]
    case = joined(region, "kz.fma")
    gpo.ask_to_be_involved(case, "kz.mia", comment=NOTE)
    assert news(mia, case) == [("show", "invite")]
    assert "kz.gpo asks to be involved" in turn(mia, case)
    mia.invite(case, "kz.gpo", brief=NOTE)
    assert "asks to be involved" not in turn(mia, case)


def test_what_waits_is_on_the_consoles_list_behind_much_that_does_not(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MOST_TO_DO", 3)
    police, fiu = region["kz.mia"], region["kz.fma"]
    waits = new_exchange(police, "kz.fma")
    for _ in range(3):
        answered = new_exchange(police, "kz.fma")
        fiu.open(answered)
        fiu.reply(answered, result="NO_HIT", brief="Нет (вымышлено)")
    with running_console(fiu) as console:
        assert waits in console.entered().get("/work").text
