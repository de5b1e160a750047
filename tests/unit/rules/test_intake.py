"""Checks of new statements alone: a log from before replays, and its like is refused now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.asset_findings import AssetFindings, AssetType, TraceResult
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import AgencyType, Currency
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse
from exchange_protocol.kinds.freeze_status import (
    FreezeConversion,
    FreezeObstacle,
    FreezeOutcome,
    FreezeStatus,
)
from exchange_protocol.rules.intake import check_intake
from exchange_protocol.rules.statements import MAX_DUE, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from tests.support.statements import KZ_MIA, START, Hub


def _names_nobody(said: Statement) -> Statement:
    return replace(said, header=replace(said.header, onward_authorities=(AgencyId("kz.court"),)))


def _never_ends(said: Statement) -> Statement:
    ends = said.made_at + MAX_DUE + timedelta(seconds=1)
    return replace(said, body=ConsentDecision(b"\1" * 32, ConsentOutcome.GRANTED, ends))


def _bears_a_newer_letter(said: Statement) -> Statement:
    name = "Вымышленное \u1c89"
    return replace(
        said, body=EnrolAgency(AgencyId("kz.court"), name, "KZ", AgencyType.POLICE, "Asia/Almaty")
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_names_nobody, Reason.AGENCY_UNKNOWN),
        (_never_ends, Reason.EXPIRY_TOO_FAR),
        (_bears_a_newer_letter, Reason.INVALID_FIELD),
    ],
)
def test_what_old_logs_may_hold_is_not_taken_anew(
    hub: Hub, change: Callable[[Statement], Statement], reason: Reason
) -> None:
    draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    said = parse_statement(hub.sign(draft).payload)
    check_intake(said, hub.directory)
    with pytest.raises(ExchangeError) as refused:
        check_intake(change(said), hub.directory)
    assert refused.value.reason is reason


AMOUNT: dict[str, Any] = {"amount": 5, "currency": Currency.KZT}
IN_SENSE: tuple[Body, ...] = (
    AssetFindings(TraceResult.NOT_FOUND, ()),
    AssetFindings(TraceResult.FOUND, (AssetType.CASH,), **AMOUNT),
    FreezeStatus(FreezeOutcome.NOT_IMPOSED, FreezeObstacle.NO_ASSET),
    FreezeStatus(FreezeOutcome.PARTLY_IMPOSED, FreezeObstacle.NO_ASSET, **AMOUNT),
    FreezeStatus(FreezeOutcome.LIFTED),
    Feedback(2, (FeedbackUse.NOT_USED,)),
    Feedback(2, (FeedbackUse.FREEZE, FeedbackUse.CHARGE), **AMOUNT),
)
AGAINST_SENSE: dict[str, Body] = {
    "nothing was found, and an account": AssetFindings(TraceResult.NOT_FOUND, (AssetType.ACCOUNT,)),
    "nothing was found, and it is worth 5": AssetFindings(TraceResult.NOT_FOUND, (), **AMOUNT),
    "nothing is frozen, and 5 are": FreezeStatus(
        FreezeOutcome.NOT_IMPOSED, FreezeObstacle.NO_ASSET, **AMOUNT
    ),
    "it was not used, and for a charge": Feedback(2, (FeedbackUse.CHARGE, FeedbackUse.NOT_USED)),
}
TIMELESS = (
    FreezeStatus(FreezeOutcome.LIFTED),
    FreezeStatus(FreezeOutcome.EXPIRED),
    FreezeStatus(FreezeOutcome.NOT_IMPOSED, FreezeObstacle.NO_ASSET),
    FreezeStatus(FreezeOutcome.CONVERTED, conversion=FreezeConversion.COURT_ORDER),
)


def _new(hub: Hub, body: Body, **header: Any) -> Statement:
    draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    said = parse_statement(hub.sign(draft).payload)
    return replace(said, body=body, header=replace(said.header, **header))


@pytest.mark.parametrize("body", IN_SENSE, ids=str)
def test_what_agrees_with_itself_is_taken(hub: Hub, body: Body) -> None:
    check_intake(_new(hub, body), hub.directory)


@pytest.mark.parametrize("what", AGAINST_SENSE)
def test_what_contradicts_itself_is_not_taken_anew(hub: Hub, what: str) -> None:
    body = AGAINST_SENSE[what]
    # A log may hold it: it was taken before, and parses for ever.
    kind_of(body).spec.check(body, "body")
    with pytest.raises(ExchangeError) as refused:
        check_intake(_new(hub, body), hub.directory)
    assert refused.value.reason is Reason.CONTRADICTORY


@pytest.mark.parametrize("body", TIMELESS, ids=str)
def test_a_freeze_that_does_not_stand_names_no_end(hub: Hub, body: Body) -> None:
    check_intake(_new(hub, body), hub.directory)
    ends = START + timedelta(days=3)
    with pytest.raises(ExchangeError) as refused:
        check_intake(_new(hub, body, due_at=ends), hub.directory)
    assert (refused.value.reason, refused.value.field) == (Reason.CONTRADICTORY, "due_at")
