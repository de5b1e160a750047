"""An approver follows what the initiator says, also where it rests on what it is not shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.announce_correction import AnnounceCorrection, CorrectionReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.clearance import Clearance, ClearanceResult
from exchange_protocol.kinds.codes import LegState, Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentGround, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.entries import CommitmentOpening, encode_entry, parse_entry
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId
from tests.support.in_memory_hub import InMemoryHub
from tests.support.refusals import refusal
from tests.support.statements import COORDINATOR, KZ_MIA, SECOND_COORDINATOR, UZ_FIU

APPROVE = Decision(Verdict.APPROVE)
UZ = ["uz.fiu"]
GPO = AgencyId("kz.gpo")


def read_by_the_recipient(hub: InMemoryHub, kind: Kind) -> Statement:
    """A request abroad that its recipient has read; nobody named a due time."""
    model = hub.model
    asked = model.say(KZ_MIA, kind.body(), to=UZ)
    for approver in (COORDINATOR, SECOND_COORDINATOR)[: model.leg(asked, UZ[0]).approvals_required]:
        model.say(approver, APPROVE, to=UZ, on=asked)
    model.deliver(UZ_FIU, asked)
    return asked


def seen_state(hub: InMemoryHub, folder: Path, asked: Statement) -> LegState:
    """The state of the leg, as the coordinator's client has verified it."""
    [leg] = hub.client(folder, COORDINATOR).get(asked.exchange_id).legs
    return leg.state


def test_an_approver_follows_consents_to_what_the_recipient_said(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    asked, model = read_by_the_recipient(hub, Kind.INFORMATION_REQUEST), hub.model
    answer = model.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=asked)
    wish = ConsentRequest(answer.digest, GPO, Purpose.PROSECUTION)
    model.say(KZ_MIA, wish, to=UZ, on=asked)
    back = ConsentRequest(asked.digest, GPO, Purpose.PROSECUTION)
    request = model.say(UZ_FIU, back, on=asked)
    refusal = ConsentDecision(
        request.digest, ConsentOutcome.REFUSED, ground=ConsentGround.DISPROPORTIONATE
    )
    model.say(KZ_MIA, refusal, to=UZ, on=asked)
    assert seen_state(hub, tmp_path, asked) is LegState.ANSWERED


def test_an_approver_follows_a_reminder_after_an_extension(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    asked, model = read_by_the_recipient(hub, Kind.INFORMATION_REQUEST), hub.model
    model.say(UZ_FIU, ExtendDeadline(ExtensionGround.VOLUME), on=asked)
    model.now += timedelta(days=30)
    model.say(KZ_MIA, Remind(), to=UZ, on=asked)
    assert seen_state(hub, tmp_path, asked) is LegState.ACKNOWLEDGED


def test_an_approver_follows_the_end_of_a_freeze(hub: InMemoryHub, tmp_path: Path) -> None:
    asked, model = read_by_the_recipient(hub, Kind.URGENT_FREEZE_REQUEST), hub.model
    model.say(UZ_FIU, FreezeStatus(FreezeOutcome.IMPOSED), on=asked)
    model.now += timedelta(days=30)
    model.say(KZ_MIA, FreezeStatus(FreezeOutcome.EXPIRED), to=UZ, on=asked)
    assert seen_state(hub, tmp_path, asked) is LegState.ANSWERED
    model.say(KZ_MIA, Kind.CLOSE.body(), to=UZ, on=asked)
    assert seen_state(hub, tmp_path, asked) is LegState.CLOSED


def test_an_approver_follows_the_record_of_silence(hub: InMemoryHub, tmp_path: Path) -> None:
    asked, model = read_by_the_recipient(hub, Kind.ADVANCE_NOTICE), hub.model
    model.now += timedelta(days=30)
    model.say(KZ_MIA, Clearance(ClearanceResult.NO_ANSWER), to=UZ, on=asked)
    assert seen_state(hub, tmp_path, asked) is LegState.ANSWERED


def test_what_an_approver_cannot_judge_must_be_signed_all_the_same(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    asked, model = read_by_the_recipient(hub, Kind.INFORMATION_REQUEST), hub.model
    answer = model.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=asked)
    wish = ConsentRequest(answer.digest, GPO, Purpose.PROSECUTION)
    model.say(KZ_MIA, wish, to=UZ, on=asked)
    opening = hub.log[-1]
    assert opening.statement is not None
    forged = replace(opening.statement, signature=bytes(64))
    entry = replace(parse_entry(opening.entry), signature_digest=forged.signature_digest)
    hub.log[-1] = CommitmentOpening(encode_entry(entry), opening.nonce, forged)
    coordinator = hub.client(tmp_path, COORDINATOR)
    assert refusal(coordinator.get, asked.exchange_id) is Reason.PEER_SIGNATURE_INVALID


def said_on_two_legs(hub: InMemoryHub) -> Statement:
    """A request at home and abroad that was called back, and its supplement to both.

    A coordinator approves on one leg of the two.
    """
    model, to = hub.model, ["kz.fma", *UZ]
    asked = model.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=to)
    model.say(COORDINATOR, APPROVE, to=UZ, on=asked)
    model.say(KZ_MIA, AnnounceCorrection(CorrectionReason.FORM), to=to, on=asked)
    model.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=to, on=asked)
    return asked


def test_an_approver_follows_what_is_said_on_its_leg_and_on_another(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    asked = said_on_two_legs(hub)
    client = hub.client(tmp_path, COORDINATOR)
    assert [each.state for each in client.get(asked.exchange_id).legs][1] is LegState.HELD
    hub.model.say(COORDINATOR, APPROVE, to=UZ, on=asked)
    assert len(client.get(asked.exchange_id).statements) == 5


@pytest.mark.parametrize(
    "lie",
    [{"approvals_required": 2}, {"approvals_required": 0, "after": LegState.RELEASED}],
)
def test_an_approver_judges_its_leg_of_what_is_said_on_another_too(
    hub: InMemoryHub, tmp_path: Path, lie: dict[str, Any]
) -> None:
    asked = said_on_two_legs(hub)
    old = hub.log[-1]
    entry = parse_entry(old.entry)
    assert entry.ruling is not None
    legs = tuple(
        replace(each, **lie) if each.agency == UZ[0] else each for each in entry.ruling.legs
    )
    entry = replace(entry, ruling=replace(entry.ruling, legs=legs))
    hub.log[-1] = CommitmentOpening(encode_entry(entry), old.nonce, old.statement)
    coordinator = hub.client(tmp_path, COORDINATOR)
    assert refusal(coordinator.get, asked.exchange_id) is Reason.RULE_BROKEN
