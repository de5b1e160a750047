"""Folds: figures of a log that any replay gives, whoever counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.folds import FOLDS, Applied, EventCounts, KindCounts, LateAnswers
from exchange_protocol.record.replay import DirectoryFold, Replay
from tests.support.listed_log import REQUEST
from tests.support.statements import AUDITOR, CASE, KZ_FMA, KZ_MIA, Hub, fictional_cast


def late_answer() -> Hub:
    """A log of a request that was answered late, a denial and a reading."""
    hub = Hub(fictional_cast())
    due = replace(CASE, due_at=hub.now + timedelta(seconds=1))
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=due)
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    hub.deny(KZ_FMA, Reason.NOT_A_PARTY)
    hub.inspect(AUDITOR)
    return hub


def replayed(hub: Hub) -> list[Applied]:
    replay = Replay(DirectoryFold(hub.cast.anchors))
    return [replay.apply(index, opening) for index, opening in enumerate(hub.log)]


def test_each_entry_comes_with_its_judgement_and_its_exchange_as_it_is_then() -> None:
    hub = late_answer()
    asked, delivered, answered, denied, read = replayed(hub)[-5:]
    assert asked.statement is not None
    assert asked.judgement is not None
    assert asked.judgement.exchange == asked.exchange
    assert delivered.judgement is None
    assert delivered.exchange is not None
    states = [each.exchange and each.exchange.legs[0].state for each in (delivered, answered)]
    assert states == [LegState.DELIVERED, LegState.ANSWERED]
    assert (denied.judgement, read.judgement, read.exchange) == (None, None, None)


def test_figures_are_those_of_an_independent_count() -> None:
    hub = late_answer()
    counted = {fold.name: fold() for fold in FOLDS}
    for applied in replayed(hub):
        for fold in counted.values():
            fold.apply(applied)
    events = Counter(each.entry.event.name.lower() for each in replayed(hub))
    assert counted[EventCounts.name].counts == events
    kinds = counted[KindCounts.name].counts
    assert (kinds["reply"], kinds["information_request"]) == (1, 1)
    assert (kinds["denial: NOT_A_PARTY"], kinds[f"inspection: {AUDITOR.agency}"]) == (1, 1)
    assert counted[LateAnswers.name].counts == {"kz.fma": 1}


def test_a_fold_goes_on_from_the_counts_that_were_kept() -> None:
    entries = replayed(late_answer())
    for fold in FOLDS:
        at_once = fold()
        before = fold()
        for applied in entries:
            at_once.apply(applied)
        for applied in entries[:-4]:
            before.apply(applied)
        after = fold(before.counts)
        for applied in entries[-4:]:
            after.apply(applied)
        assert after.counts == at_once.counts, fold.name


def test_an_entry_that_was_not_judged_is_counted_as_an_event_alone() -> None:
    [asked] = [each for each in replayed(late_answer()) if each.statement and each.exchange][:1]
    unjudged = Applied(asked.index, asked.entry)
    counted = [fold() for fold in FOLDS]
    for fold in counted:
        fold.apply(unjudged)
    assert [dict(fold.counts) for fold in counted] == [{"statement": 1}, {}, {}]


def test_names_of_folds_are_unique() -> None:
    assert len({fold.name for fold in FOLDS}) == len(FOLDS)
