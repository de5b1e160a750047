"""Access: who sees which statement, as what, and what a reading moves."""

from __future__ import annotations

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, ReaderRole
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.access import deliver_to, readers, shown_anew, viewers
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.changing_directories import POLICIES
from tests.support.statements import (
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    PROSECUTOR,
    UZ_FIU,
    Hub,
)

REQUEST = Kind.INFORMATION_REQUEST.body()
APPROVE = Decision(Verdict.APPROVE)


def seen_by(hub: Hub, said: Statement) -> dict[str, str]:
    exchange = hub.exchanges[said.exchange_id]
    return {
        agency: str(role) for agency, role in viewers(exchange, hub.spoken[said.digest]).items()
    }


def state(hub: Hub, said: Statement, agency: str) -> LegState:
    return hub.leg(said, agency).state


def test_a_held_request_is_seen_by_all_but_its_recipient(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma", "uz.fiu"])
    everyone_else = {
        "kz.mia": "author",
        "kz.fma": "recipient",
        "kz.gpo": "supervisor",
        "caricc": "approver",
    }
    assert seen_by(hub, asked) == everyone_else
    approval = hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert seen_by(hub, asked) == everyone_else | {"uz.fiu": "recipient"}
    assert seen_by(hub, approval) == {
        "caricc": "author",
        "kz.mia": "recipient",
        "uz.fiu": "recipient",
        "kz.gpo": "supervisor",
    }


def test_a_reply_is_for_the_opener_and_the_supervisor(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma", "kg.mia"])
    hub.deliver(KZ_FMA, asked)
    reply = hub.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    assert seen_by(hub, reply) == {
        "kz.fma": "author",
        "kz.mia": "recipient",
        "kz.gpo": "supervisor",
    }


def test_a_supervisor_follows_what_its_state_asked_to_the_end(hub: Hub) -> None:
    """Decisions and outcomes too, also those of foreign agencies."""
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    reply = hub.say(UZ_FIU, Reply(ReplyResult.NO_HIT), on=asked)
    assert seen_by(hub, reply)["kz.gpo"] == "supervisor"
    closed = hub.say(KZ_MIA, Kind.CLOSE.body(), to=["uz.fiu"], on=asked)
    assert seen_by(hub, closed)["kz.gpo"] == "supervisor"


def test_parts_are_for_recipients_and_the_brief_for_approvers_and_supervisors_too(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    exchange, said = hub.exchanges[asked.exchange_id], hub.spoken[asked.digest]
    ends = {"kz.mia": "author", "uz.fiu": "recipient"}
    assert readers(exchange, said, "content") == ends
    assert readers(exchange, said, "brief") == ends | {"caricc": "approver", "kz.gpo": "supervisor"}


@pytest.mark.parametrize("reader", [UZ_FIU, KG_MIA])
def test_nothing_is_delivered_to_who_may_not_see_it(hub: Hub, reader: Member) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    with pytest.raises(ExchangeError) as refused:
        hub.deliver(reader, asked)
    assert refused.value.reason is Reason.NOT_A_PARTY


def test_only_the_recipients_reading_delivers_its_leg(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    for reader in (KZ_MIA, KZ_GPO):
        hub.deliver(reader, asked)
        assert state(hub, asked, "kz.fma") is LegState.RELEASED
    hub.deliver(KZ_FMA, asked)
    assert state(hub, asked, "kz.fma") is LegState.DELIVERED


def test_reading_the_old_request_does_not_deliver_its_supplement(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    more = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["kz.fma"], on=asked)
    hub.deliver(KZ_FMA, asked)
    assert state(hub, asked, "kz.fma") is LegState.RELEASED
    hub.deliver(KZ_FMA, more)
    assert state(hub, asked, "kz.fma") is LegState.DELIVERED


def test_reading_twice_moves_nothing(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    exchange, said = hub.exchanges[asked.exchange_id], hub.spoken[asked.digest]
    assert deliver_to(AgencyId("kz.fma"), exchange, said, hub.now) == (exchange, ())


def test_a_new_approver_is_shown_what_the_initiator_said_on_its_leg(hub: Hub) -> None:
    """Another policy may be in force by the time of new content."""
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    hub.change_policy(POLICIES["prosecutors decide"])
    before = hub.exchanges[asked.exchange_id]
    supplement = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    after = hub.exchanges[asked.exchange_id]
    assert shown_anew(before, after) == (
        ("kz.gpo", asked.digest, ReaderRole.APPROVER),
        ("kz.gpo", supplement.digest, ReaderRole.APPROVER),
    )
    hub.say(PROSECUTOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    again = hub.exchanges[asked.exchange_id]
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert shown_anew(again, hub.exchanges[asked.exchange_id]) == ()
