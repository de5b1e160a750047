"""Statistics: every figure equals a count that was made from what the actors did."""

from __future__ import annotations

import csv
import gc
import json
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import StringIO
from random import Random
from statistics import median, median_low
from string import Formatter

import pytest

from agency_client.audit import verify_log
from agency_client.statistics import (
    DIMENSIONS,
    Gatherer,
    Period,
    Statistics,
    Table,
    make_statistics,
    render,
)
from agency_client.statistics.dimensions import NOT_GIVEN
from agency_client.statistics.render import to_csv, to_html, to_json
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.asset_findings import AssetFindings, AssetType, TraceResult
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Currency, Language, LegState, RefusalGround, Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.decline import Decline, DeclineReason
from exchange_protocol.kinds.freeze_status import FreezeConversion, FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.give_notice import GiveNotice, NoticeCode
from exchange_protocol.kinds.information_request import InformationRequest
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.join import Join
from exchange_protocol.kinds.leave import Leave
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code, Words
from tests.support.listed_log import ListedLog
from tests.support.statements import (
    AUDITOR,
    CASE,
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    UZ_FIU,
    Hub,
    fictional_cast,
)

ALL = Period(None, None)
SECOND = timedelta(seconds=1)
"""The model's clock moves on so far with every entry."""
STATE = {"kz.fma": "kz", "uz.fiu": "uz"}
OFFENCES = (
    (OffenceType.DRUG_TRAFFICKING, OffenceType.MONEY_LAUNDERING),
    (),
    (OffenceType.DRUG_TRAFFICKING,),
    (OffenceType.FRAUD,),
)
"""What the made-up requests state in turn."""
RECIPIENTS = {"kz.fma": KZ_FMA, "uz.fiu": UZ_FIU}


@dataclass
class Did:
    """The deeds on one leg, as the actors noted them."""

    asked: Statement
    entry: int
    to: str
    opened: datetime
    due: datetime
    end: LegState
    code: Code | None = None
    ended: datetime | None = None
    ended_entry: int | None = None
    judge: datetime | None = None
    """When the recipient told that a judge is awaited."""
    given: datetime | None = None
    """When the gate let it out."""

    @property
    def gated(self) -> bool:
        return self.to == "uz.fiu"

    @property
    def given_late(self) -> bool:
        """True if its due time was over before the gate let it out: nobody is late then."""
        return self.given is not None and self.given > self.due

    @property
    def late(self) -> bool:
        return self.ended is not None and self.ended > self.due and not self.given_late

    @property
    def for_judge(self) -> bool:
        return self.judge is not None and self.judge <= self.due


@dataclass
class Told:
    """A log, and the actors' own notes."""

    hub: Hub
    legs: list[Did] = field(default_factory=list)


@cache
def year() -> Told:
    """A made-up year of one agency's requests, some to two states at once."""
    told, choose = Told(Hub(fictional_cast())), Random(7)  # noqa: S311 -- the same year every time
    hub = told.hub
    for number in range(60):
        hub.now += timedelta(hours=choose.randint(20, 60))
        to = [["kz.fma"], ["uz.fiu"], ["kz.fma", "uz.fiu"]][number % 3]
        due = hub.now + timedelta(days=2)
        header = replace(CASE, urgency=choose.choice(list(Urgency)), due_at=due)
        opened, entry = hub.now, len(hub.log)
        body = InformationRequest(OFFENCES[number % len(OFFENCES)])
        asked = hub.say(KZ_MIA, body, to=to, header=header)
        for recipient in to:
            leg = Did(asked, entry, recipient, opened, due, LegState.HELD)
            told.legs.append(leg)
            act(hub, choose, leg)
    hub.deny(KZ_FMA, Reason.NOT_A_PARTY)
    hub.inspect(AUDITOR)
    return told


def act(hub: Hub, choose: Random, leg: Did) -> None:
    asked, who = leg.asked, RECIPIENTS[leg.to]
    if leg.gated:
        verdict = choose.choice([Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT, None])
        if verdict is None:
            return
        hub.deliver(COORDINATOR, asked)
        hub.now += timedelta(hours=choose.randint(1, 10))
        ground = RefusalGround.LEGAL_PRIVILEGE if verdict is Verdict.REJECT else None
        if ground is not None:
            leg.end, leg.code = LegState.REJECTED, ground
        leg.given = hub.now
        hub.say(COORDINATOR, Decision(verdict, ground), to=[leg.to], on=asked)
        if ground is not None:
            return
    if choose.random() < 0.1:
        leg.end = LegState.RECALLED
        hub.say(KZ_MIA, Recall(), to=[leg.to], on=asked)
        return
    hub.deliver(who, asked)
    leg.end = LegState.DELIVERED
    if leg.entry % 3 == 0:
        wait_for_judge(hub, leg)
    if choose.random() < 0.2:
        return
    hub.now += timedelta(hours=choose.randint(1, 90))
    if leg.entry % 3 == 1:
        wait_for_judge(hub, leg)
    leg.ended, leg.ended_entry = hub.now, len(hub.log)
    if choose.random() < 0.3:
        leg.end, leg.code = LegState.REFUSED, RefusalGround.LEGAL_PRIVILEGE
        hub.say(who, Refuse(RefusalGround.LEGAL_PRIVILEGE), on=asked)
    else:
        result = choose.choice(list(ReplyResult))
        leg.end, leg.code = LegState.ANSWERED, result
        hub.say(who, Reply(result), on=asked)


def wait_for_judge(hub: Hub, leg: Did) -> None:
    leg.judge = hub.now
    hub.say(RECIPIENTS[leg.to], GiveNotice(NoticeCode.AWAITING_JUDGE), on=leg.asked)


def counted(period: Period = ALL, by: tuple[str, ...] = ("state",)) -> Statistics:
    gathered = Gatherer()
    source = ListedLog(year().hub.log)
    report = verify_log(source, fictional_cast().anchors, auditor=None, watch=gathered.take)
    assert report.is_clean
    return make_statistics(gathered, checkpoint=source.checkpoint, period=period, by=by)


def table(statistics: Statistics, name: str) -> Table:
    return next(each for each in statistics.tables if each.name == name)


def figures(statistics: Statistics, name: str) -> dict[tuple[str, ...], dict[str, object]]:
    """The figures of a table by the text of its keys; the total under ()."""
    one = table(statistics, name)
    rows = [*one.rows, *([one.total] if one.total else [])]
    names = [column.name for column in one.columns]
    return {
        tuple(str(key) for key in row.keys): dict(
            zip(names, (cell.value for cell in row.cells), strict=True)
        )
        for row in rows
    }


@pytest.mark.parametrize("to", ["kz.fma", "uz.fiu", None])
def test_exchanges_and_their_ends_equal_what_the_actors_noted(to: str | None) -> None:
    mine = [leg for leg in year().legs if to in (None, leg.to)]
    ends = Counter(leg.end for leg in mine)
    assert len(ends) >= 4, "the year should hold every end"
    got = figures(counted(), "exchanges")[("kz", STATE[to]) if to else ()]
    assert got["legs"] == len(mine)
    assert got["exchanges"] == len({leg.asked.exchange_id for leg in mine})
    assert got["gated"] == sum(leg.gated for leg in mine)
    assert got["open"] == ends[LegState.DELIVERED] + ends[LegState.HELD]
    for state in (LegState.ANSWERED, LegState.REFUSED, LegState.REJECTED, LegState.RECALLED):
        assert got[state.name.lower()] == ends[state], state
    assert got["late"] == sum(leg.late for leg in mine)
    now = year().hub.now
    still_open = [leg for leg in mine if leg.end in (LegState.DELIVERED, LegState.HELD)]
    assert got["overdue"] == sum(leg.due < now - SECOND for leg in still_open)


@pytest.mark.parametrize("by", [("state",), ("agency",), ("kind", "urgency")])
def test_late_answers_and_overdue_legs_for_which_a_judge_was_awaited(by: tuple[str, ...]) -> None:
    now = year().hub.now - SECOND
    late = [leg for leg in year().legs if leg.late]
    overdue = [
        leg
        for leg in year().legs
        if leg.end is LegState.DELIVERED and leg.due < now and not leg.given_late
    ]
    expected = {
        "late_judge": [leg.entry for leg in late if leg.for_judge],
        "overdue_judge": [leg.entry for leg in overdue if leg.for_judge],
    }
    assert 0 < len(expected["late_judge"]) < sum(leg.judge is not None for leg in late) < len(late)
    assert 0 < len(expected["overdue_judge"]) < len(overdue)
    one = table(counted(by=by), "exchanges")
    places = {column.name: place for place, column in enumerate(one.columns)}
    for name, entries in expected.items():
        assert one.total is not None
        cell = one.total.cells[places[name]]
        assert (cell.value, list(cell.entries)) == (len(entries), sorted(set(entries)))
        assert sum(int(str(row.cells[places[name]].value)) for row in one.rows) == len(entries)
    assert "2023/977" in one.definition.en


def test_an_exchange_with_two_states_counts_once_in_the_total() -> None:
    got = figures(counted(), "exchanges")
    assert [value["exchanges"] for keys, value in got.items() if keys] == [40, 40]
    assert got[()]["exchanges"] == 60


def test_outcomes_and_times_equal_what_the_actors_noted() -> None:
    outcomes = figures(counted(), "outcomes")[()]
    codes = (leg.code for leg in year().legs if leg.code)
    noted = Counter(f"{type(code).__name__}.{code.name}".lower() for code in codes)
    noted["verdict.reject"] = sum(leg.end is LegState.REJECTED for leg in year().legs)
    assert outcomes == noted
    mine = [leg for leg in year().legs if leg.ended]
    times = figures(counted(), "times")[()]
    spans = sorted(leg.ended - leg.opened for leg in mine if leg.ended)
    seconds = median(span.total_seconds() for span in spans)
    assert times["median"] == timedelta(seconds=seconds)
    most = times["ninth_decile"]
    assert isinstance(most, timedelta)
    assert sum(span <= most for span in spans) >= 0.9 * len(spans) > sum(s < most for s in spans)
    due = [leg for leg in mine if not leg.given_late]
    assert 0 < len(due) < len(mine)
    assert times["with_due"] == len(due)
    assert times["in_time"] == sum(not leg.late for leg in due) / len(due)


def test_every_figure_leads_to_its_entries() -> None:
    statistics = counted()
    by_keys = {row.keys: row for row in table(statistics, "exchanges").rows}
    [_, legs, *_] = by_keys[("kz", "uz")].cells
    assert list(legs.entries) == [leg.entry for leg in year().legs if leg.to == "uz.fiu"]
    total = table(statistics, "times").total
    assert total is not None
    ended = sorted(leg.ended_entry for leg in year().legs if leg.ended_entry is not None)
    assert list(total.cells[0].entries) == ended


def test_a_period_counts_what_was_opened_in_it() -> None:
    times = sorted({leg.opened for leg in year().legs})
    start, end = times[10], times[20]
    got = figures(counted(Period(start, end)), "exchanges")[()]
    assert got["exchanges"] == 10


def test_groups_of_several_dimensions_sum_to_the_total() -> None:
    # By offence a leg may stand in several rows: the next test counts these.
    got = figures(counted(by=tuple(name for name in DIMENSIONS if name != "offence")), "exchanges")
    rows = [value for keys, value in got.items() if keys]
    assert len(rows) > 20
    for column in ("legs", "open", "answered", "refused", "rejected", "recalled", "late"):
        assert sum(int(row[column]) for row in rows) == got[()][column]  # type: ignore[call-overload]


def test_a_leg_stands_in_the_row_of_each_offence_and_once_in_the_total() -> None:
    got = figures(counted(by=("offence",)), "exchanges")
    stated: dict[str, int] = {}
    for leg in year().legs:
        assert isinstance(leg.asked.body, InformationRequest)
        for name in [each.name for each in leg.asked.body.offence_types] or [str(NOT_GIVEN)]:
            stated[name] = stated.get(name, 0) + 1
    assert {keys[0]: row["legs"] for keys, row in got.items() if keys} == stated
    assert len(stated) == 4
    assert got[()]["legs"] == len(year().legs) < sum(stated.values())
    by_state = figures(counted(by=("state", "offence")), "exchanges")
    drugs = sum(
        leg.to == "uz.fiu" and OffenceType.DRUG_TRAFFICKING in leg.asked.body.offence_types
        for leg in year().legs
        if isinstance(leg.asked.body, InformationRequest)
    )
    assert by_state["kz", "uz", "DRUG_TRAFFICKING"]["legs"] == drugs


@pytest.mark.parametrize(
    ("period", "by", "said"),
    [
        (Period(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)), (), "ends"),
        (ALL, ("state", "state"), "at most once"),
        (ALL, ("colour",), "expected each of state"),
    ],
)
def test_what_cannot_be_counted_is_refused(period: Period, by: tuple[str, ...], said: str) -> None:
    with pytest.raises(ExchangeError, match=said) as refused:
        counted(period, by)
    assert refused.value.reason is Reason.INVALID_FIELD


def counted_of(hub: Hub, period: Period = ALL) -> Statistics:
    """The statistics of a log of one's own."""
    gathered, source = Gatherer(), ListedLog(hub.log)
    report = verify_log(source, hub.cast.anchors, auditor=None, watch=gathered.take)
    assert report.is_clean
    return make_statistics(gathered, checkpoint=source.checkpoint, period=period)


def test_a_test_of_the_connection_is_never_counted() -> None:
    hub = Hub.founded()
    test = hub.say(KZ_MIA, Kind.CONNECTIVITY_TEST.body(), to=["uz.fiu"])
    hub.deliver(COORDINATOR, test)
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=test)
    hub.deliver(UZ_FIU, test)
    hub.say(UZ_FIU, Kind.ANSWER_TEST.body(), on=test)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["uz.fiu"], on=test)
    assert all(not each.rows for each in counted_of(hub).tables)


def test_a_freeze_that_is_imposed_is_the_answer_and_a_currency_is_no_outcome() -> None:
    hub = Hub.founded()
    asked_at = hub.now
    asked = hub.say(KZ_MIA, Kind.URGENT_FREEZE_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.now += timedelta(hours=5)
    imposed_at, imposed_entry = hub.now, len(hub.log)
    kzt = Currency.KZT
    hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.IMPOSED, amount=700, currency=kzt), on=asked)
    standing = figures(counted_of(hub), "times")[()]
    assert standing["median"] == imposed_at - asked_at
    hub.now += timedelta(days=3)
    court = FreezeConversion.COURT_ORDER
    body = FreezeStatus(FreezeOutcome.CONVERTED, conversion=court, amount=700, currency=kzt)
    hub.say(KZ_FMA, body, on=asked)
    statistics = counted_of(hub)
    assert figures(statistics, "times")[()]["median"] == imposed_at - asked_at
    total = table(statistics, "times").total
    assert total is not None
    assert total.cells[0].entries == (imposed_entry,)
    outcomes = figures(statistics, "outcomes")[()]
    assert outcomes == {"freezeoutcome.converted": 1, "freezeconversion.court_order": 1}


def test_codes_of_two_lists_with_one_name_stay_apart() -> None:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.ASSET_TRACE_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    assets = (AssetType.OTHER, AssetType.VEHICLE)
    hub.say(KZ_FMA, AssetFindings(TraceResult.FOUND, assets, 7, Currency.OTHER), on=asked)
    rows = to_json(counted_of(hub))["tables"]["statements"]["rows"]
    told = Counter(tuple(row["keys"]) for row in rows)
    assert set(told.values()) == {1}, "no two rows have the same keys"
    words = Kind.ASSET_FINDINGS.spec.words.en
    assert {code for kind, code in told if kind == words} == {
        "",
        "TraceResult.FOUND",
        "AssetType.OTHER",
        "AssetType.VEHICLE",
        "Currency.OTHER",
    }
    amounts = to_json(counted_of(hub))["tables"]["amounts"]["rows"]
    assert [row["keys"] for row in amounts] == [[words, "TraceResult.FOUND", "Currency.OTHER"]]


def test_a_ground_that_stands_in_two_fields_counts_once_a_statement() -> None:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    forbidden, other = RefusalGround.FISCAL_MATTER, RefusalGround.CONTRARY_TO_LAW
    reject = Decision(Verdict.REJECT, forbidden, (other,))
    hub.say(COORDINATOR, reject, to=["uz.fiu"], on=asked)
    again = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.REJECT, other), to=["uz.fiu"], on=again)
    rows = to_json(counted_of(hub))["tables"]["statements"]["rows"]
    found = {tuple(row["keys"]): row["figures"]["statements"]["value"] for row in rows}
    words = Kind.DECISION.spec.words.en
    assert len(found) == len(rows)
    assert found[(words, "RefusalGround.CONTRARY_TO_LAW")] == 2
    assert found[(words, "RefusalGround.FISCAL_MATTER")] == 1


def test_a_case_belongs_to_the_day_of_its_opening_also_with_later_members() -> None:
    hub = Hub.founded()
    entry = len(hub.log)
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.now += timedelta(days=100)
    month_later = hub.now
    hub.say(KZ_MIA, Invite(AgencyId("uz.fiu")), to=["uz.fiu"], on=case)
    later = figures(counted_of(hub, Period(month_later, None)), "exchanges")
    assert later[()]["exchanges"] == later[()]["legs"] == 0
    total = table(counted_of(hub), "exchanges").total
    assert total is not None
    exchanges, legs, *_ = total.cells
    assert (exchanges.value, exchanges.entries) == (1, (entry,))
    assert legs.value == 2


@pytest.mark.parametrize("how", ["declined", "left"])
def test_a_member_that_is_invited_again_stands_where_it_stands_now(how: str) -> None:
    hub = Hub(fictional_cast())
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, case)
    if how == "left":
        hub.say(KZ_FMA, Join(), on=case)
    ends = Leave() if how == "left" else Decline(DeclineReason.NO_CAPACITY)
    hub.say(KZ_FMA, ends, on=case)
    name = "left" if how == "left" else "refused_joint_case"
    reason = f"DeclineReason.{DeclineReason.NO_CAPACITY.name}".lower()
    assert _standing(hub) == {name: 1}
    assert (reason in figures(counted_of(hub), "outcomes")[()]) == (how == "declined")
    hub.now += timedelta(days=30)
    invited = hub.say(KZ_MIA, Invite(AgencyId("kz.fma")), to=["kz.fma"], on=case)
    assert _standing(hub) == {"open": 1}
    assert figures(counted_of(hub), "outcomes")[()] == {}
    assert figures(counted_of(hub), "times")[()]["ended"] == 0
    hub.deliver(KZ_FMA, invited)
    hub.now += timedelta(hours=1)
    hub.say(KZ_FMA, Decline(DeclineReason.NO_CAPACITY), on=case)
    assert _standing(hub) == {"refused_joint_case": 1}
    median_of_all = figures(counted_of(hub), "times")[()]["median"]
    assert isinstance(median_of_all, timedelta)
    # It is the time since the newest invitation.
    assert timedelta(hours=1) <= median_of_all < timedelta(hours=2)
    invited = hub.say(KZ_MIA, Invite(AgencyId("kz.fma")), to=["kz.fma"], on=case)
    hub.deliver(KZ_FMA, invited)
    hub.say(KZ_FMA, Join(), on=case)
    assert _standing(hub) == {}, "an active member: neither open nor ended"


def _standing(hub: Hub) -> dict[str, object]:
    """The columns of what became of legs that are not 0."""
    found = figures(counted_of(hub), "exchanges")[()]
    others = {"exchanges", "legs", "gated", "late", "late_judge"}
    return {name: value for name, value in found.items() if value and name not in others}


def test_an_empty_log_gives_tables_without_rows() -> None:
    empty = make_statistics(Gatherer(), checkpoint=ListedLog(year().hub.log).checkpoint, period=ALL)
    assert all(not each.rows for each in empty.tables)
    assert figures(empty, "times")[()]["median"] is None
    for language in Language:
        to_html(empty, language, date(2026, 1, 1))


@pytest.mark.parametrize("language", list(Language))
def test_the_page_and_the_sheets_hold_every_figure(language: Language) -> None:
    statistics = counted(by=("agency", "kind"))
    page = to_html(statistics, language, date(2026, 1, 1))
    assert "<script" not in page
    assert "http" not in page
    for one in statistics.tables:
        sheet = list(csv.reader(StringIO(to_csv(one, language))))
        assert len(sheet) == 1 + len(one.rows) + bool(one.total and one.rows)
        assert {len(row) for row in sheet} == {len(one.dimensions) + len(one.columns)}
        assert one.title.en in page or language is not Language.EN
    assert str(statistics.tree_size) in page
    assert statistics.root.hex() in page


def test_programs_get_the_figures_with_their_entries() -> None:
    said = json.loads(json.dumps(to_json(counted())))
    [row] = [row for row in said["tables"]["exchanges"]["rows"] if row["keys"] == ["kz", "uz"]]
    assert row["figures"]["legs"]["value"] == len(row["figures"]["legs"]["entries"])
    assert said["tables"]["exchanges"]["rows"][-1]["keys"] is None
    assert said["tables"]["denials"]["rows"][0]["keys"] == ["NOT_A_PARTY"]


def test_every_phrase_is_there_in_three_languages_with_the_same_places() -> None:
    statistics = counted()
    phrases = [each for each in vars(render).values() if isinstance(each, Words)]
    assert phrases
    phrases += [*(each.title for each in statistics.tables)]
    phrases += [each for one in statistics.tables for each in (one.definition, one.unit)]
    for words in phrases:
        assert all(words), words
        named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in words]
        assert named[0] == named[1] == named[2], words


def memory_of(entries: int) -> tuple[int, int]:
    """Give the bytes that the facts of the first entries of the year hold, and their legs."""
    gathered = Gatherer()
    replay = Replay(DirectoryFold(fictional_cast().anchors))
    tracemalloc.start()
    try:
        for index, opening in enumerate(year().hub.log[:entries]):
            gathered.take(replay.apply(index, opening))
        del replay, opening
        legs = len(list(gathered))
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        del gathered
        gc.collect()
        return held - tracemalloc.get_traced_memory()[0], legs
    finally:
        tracemalloc.stop()


@pytest.mark.thorough
def test_one_more_leg_takes_less_than_a_kibibyte() -> None:
    all_entries = len(year().hub.log)
    # Other threads take and give back memory meanwhile: the middle of several counts.
    less, few = median_low(memory_of(all_entries // 2) for _ in range(5))
    more, many = median_low(memory_of(all_entries) for _ in range(5))
    assert many - few > 30
    assert (more - less) / (many - few) < 1024
