"""A recipient folds what it may see of an exchange with two; no forged release passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange_protocol.errors import NotFound, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Tlp
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.entries import CommitmentOpening, Event, encode_entry, parse_entry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.access import role_of
from exchange_protocol.rules.judgement import judge
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from tests.support.refusals import accusation
from tests.support.statements import (
    CASE,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_MIA,
    SECOND_COORDINATOR,
    UZ_FIU,
    Hub,
    fictional_cast,
)

UZ = AgencyId("uz.fiu")
REQUEST = Kind.INFORMATION_REQUEST.body()
APPROVE = Decision(Verdict.APPROVE)
RETURN = Decision(Verdict.RETURN)
REPLY = Reply(ReplyResult.INFORMATION)


@pytest.fixture
def hub() -> Hub:
    return Hub(fictional_cast())


def visible(hub: Hub, agency: AgencyId = UZ) -> list[tuple[int, CommitmentOpening]]:
    """The view that an honest hub gives an agency now: its statements, and the deliveries to it."""
    shown = []
    for index, opening in enumerate(hub.log):
        entry = parse_entry(opening.entry)
        exchange = hub.exchanges.get(entry.exchange_id)
        if exchange is None:
            continue
        said = hub.spoken[entry.payload_digest]
        if entry.event is Event.DELIVERY:
            shown += [(index, opening)] if entry.actor.agency == agency else []
        elif role_of(agency, exchange, said) is not None:
            shown.append((index, opening))
    return shown


def view(hub: Hub, shown: list[tuple[int, CommitmentOpening]], agency: AgencyId = UZ) -> Replay:
    """Fold the directory, then what is shown, as a recipient's client does."""
    directory = DirectoryFold(hub.cast.anchors)
    for index, opening in enumerate(hub.log):
        if parse_entry(opening.entry).exchange_id == "":
            directory.apply(index, opening)
    fold = Replay(directory, view=agency)
    for index, opening in shown:
        fold.apply(index, opening)
    return fold


def leg_state(hub: Hub, fold: Replay, said: Statement) -> LegState:
    leg = fold.exchanges[said.exchange_id].leg(UZ)
    assert leg is not None
    return leg.state


def two_recipients(hub: Hub) -> Statement:
    """A request to two agencies abroad, of which one has the right to know nothing of the other."""
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, APPROVE, to=["kg.mia"], on=asked)
    hub.deliver(KG_MIA, asked)
    hub.say(KG_MIA, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["kg.mia"], on=asked)
    return asked


def test_a_recipient_that_may_see_nothing_folds_nothing(hub: Hub) -> None:
    two_recipients(hub)
    assert visible(hub) == []


def test_a_partial_view_replays_clean_at_every_step(hub: Hub) -> None:
    asked = two_recipients(hub)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert leg_state(hub, view(hub, visible(hub)), asked) is LegState.RELEASED
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    more = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert leg_state(hub, view(hub, visible(hub)), asked) is LegState.RETURNED
    hub.say(SECOND_COORDINATOR, RETURN, to=["uz.fiu"], on=asked)
    assert leg_state(hub, view(hub, visible(hub)), asked) is LegState.RETURNED
    more = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, more)
    hub.say(UZ_FIU, REPLY, on=asked)
    hub.say(KZ_MIA, Feedback(2, ()), to=["uz.fiu"], on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["uz.fiu"], on=asked)
    fold = view(hub, visible(hub))
    assert fold.exchanges[asked.exchange_id].leg(UZ) == hub.leg(asked, "uz.fiu")


def test_one_statement_to_both_recipients_replays_for_each(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu", "kg.mia"], on=asked)
    hub.say(KZ_MIA, Kind.RECALL.body(), to=["kg.mia", "uz.fiu"], on=asked)
    for agency in (UZ, AgencyId("kg.mia")):
        fold = view(hub, visible(hub, agency), agency)
        leg = fold.exchanges[asked.exchange_id].leg(agency)
        assert leg is not None
        assert leg.state is LegState.RECALLED


@pytest.mark.parametrize("returned", [False, True])
def test_a_recall_past_a_held_supplement_replays_clean(hub: Hub, returned: bool) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    stricter = replace(CASE, handling=Handling.H3, tlp=Tlp.RED)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked, header=stricter)
    if returned:
        hub.say(COORDINATOR, RETURN, to=["uz.fiu"], on=asked)
    hub.say(KZ_MIA, Kind.RECALL.body(), to=["uz.fiu"], on=asked)
    assert leg_state(hub, view(hub, visible(hub)), asked) is LegState.RECALLED
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["uz.fiu"], on=asked)
    shown = visible(hub)
    assert leg_state(hub, view(hub, shown), asked) is LegState.CLOSED
    kinds = [hub.spoken[parse_entry(one.entry).payload_digest].kind for _, one in shown]
    assert Kind.SUPPLEMENT not in kinds


# --- What a dishonest hub may try -----------------------------------------------------------------


def released(hub: Hub) -> Statement:
    asked = two_recipients(hub)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    return asked


def test_a_delivery_without_the_approval_is_caught(hub: Hub) -> None:
    asked = released(hub)
    shown = visible(hub)
    without = [
        (index, one)
        for index, one in shown
        if hub.spoken[parse_entry(one.entry).payload_digest].kind is not Kind.DECISION
    ]
    assert len(without) == len(shown) - 1
    assert accusation(view, hub, without) is Reason.RULE_BROKEN
    held = view(hub, without[:1])
    assert leg_state(hub, held, asked) is LegState.HELD


def test_an_approval_by_the_hub_is_caught(hub: Hub) -> None:
    released(hub)
    shown = visible(hub)
    index, approval = shown[1]
    assert approval.statement is not None
    signers = (hub.cast.signers[FOREIGN_COORDINATOR], hub.cast.issue(COORDINATOR))
    forged = [
        replace(approval.statement, signature=b""),
        *(replace(approval.statement, certificate_sha256=each.fingerprint) for each in signers),
    ]
    for said in forged:
        beside = replace(approval, statement=said)
        assert accusation(view, hub, [shown[0], (index, beside)]) is Reason.ENTRY_MISMATCH
        entry = replace(parse_entry(approval.entry), signature_digest=said.signature_digest)
        named = replace(beside, entry=encode_entry(entry))
        assert accusation(view, hub, [shown[0], (index, named)]) is Reason.RULE_BROKEN


def test_a_ruling_on_its_own_leg_that_the_rules_do_not_give_is_caught(hub: Hub) -> None:
    released(hub)
    shown = visible(hub)
    index, approval = shown[1]
    entry = parse_entry(approval.entry)
    assert entry.ruling is not None
    [leg] = entry.ruling.legs
    for change in (
        {"policy_digest": bytes(32)},
        {"rule_ids": ("another-rule",)},
        {"legs": (replace(leg, after=LegState.HELD),)},
        {"legs": (replace(leg, approvals_required=0),)},
        {"legs": ()},
    ):
        lie = encode_entry(replace(entry, ruling=replace(entry.ruling, **change)))
        assert (
            accusation(view, hub, [shown[0], (index, replace(approval, entry=lie))])
            is Reason.RULE_BROKEN
        )


def test_an_approval_for_the_other_recipient_releases_nothing(hub: Hub) -> None:
    """The hub relabels the approval of the other leg, which answers the same request."""
    asked = two_recipients(hub)
    shown = [
        (index, one)
        for index, one in enumerate(hub.log)
        if parse_entry(one.entry).payload_digest in hub.spoken
    ]
    request, approval = shown[0], shown[1]
    fold = view(hub, [request, approval])
    assert leg_state(hub, fold, asked) is LegState.HELD


def test_an_opening_that_says_that_it_was_released_is_caught(hub: Hub) -> None:
    released(hub)
    index, opening = visible(hub)[0]
    entry = parse_entry(opening.entry)
    assert entry.ruling is not None
    for change in (LegState.RELEASED, LegState.DELIVERED):
        legs = tuple(replace(leg, after=change) for leg in entry.ruling.legs)
        lie = encode_entry(replace(entry, ruling=replace(entry.ruling, legs=legs)))
        assert accusation(view, hub, [(index, replace(opening, entry=lie))]) is Reason.RULE_BROKEN


def test_one_approval_where_two_are_due_is_caught(hub: Hub) -> None:
    header = replace(CASE, tlp=Tlp.RED)
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=header)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.say(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    shown = visible(hub)
    view(hub, shown)
    for missing in (1, 2):
        assert accusation(view, hub, shown[:missing] + shown[missing + 1 :]) is Reason.RULE_BROKEN


def test_what_an_agency_without_a_part_says_is_taken_in_no_recipients_view(hub: Hub) -> None:
    """A statement on another leg is taken unseen, and from those who have one alone."""
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma", "kz.gpo"])
    stranger = hub.sign(hub.compose(KG_MIA, REPLY, on=asked, to=["kz.fma"]))
    for agency in (None, AgencyId("kz.gpo")):
        with pytest.raises(NotFound) as refused:
            judge(
                stranger,
                parse_statement(stranger.payload),
                directory=hub.directory,
                exchange=hub.exchanges[asked.exchange_id],
                anchors=hub.cast.anchors,
                at=hub.now,
                view=agency,
            )
        assert refused.value.reason is Reason.EXCHANGE_UNKNOWN
