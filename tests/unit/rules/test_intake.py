"""What binds new statements alone: a log from before replays, and nothing like it is taken anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.rules.intake import check_intake
from exchange_protocol.rules.statements import MAX_DUE, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId
from tests.support.statements import KZ_MIA, Hub


def _names_nobody(said: Statement) -> Statement:
    return replace(said, header=replace(said.header, onward_authorities=(AgencyId("kz.court"),)))


def _never_ends(said: Statement) -> Statement:
    ends = said.made_at + MAX_DUE + timedelta(seconds=1)
    return replace(said, body=ConsentDecision(b"\1" * 32, ConsentOutcome.GRANTED, ends))


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_names_nobody, Reason.AGENCY_UNKNOWN), (_never_ends, Reason.EXPIRY_TOO_FAR)],
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
