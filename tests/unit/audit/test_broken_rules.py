"""However a hub breaks a rule, the report names the first entry where it did.

Each log goes on honestly after the breach, and is broken once more at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agency_client.audit import verify_log
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import Entry, Event, encode_entry, parse_entry
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Draft, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.divided import verify_both_ways
from tests.support.listed_log import REQUEST, ListedLog, domestic_exchange, gated_exchange
from tests.support.statements import (
    CASE,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    POLICY,
    UZ_FIU,
    Hub,
    fictional_cast,
)

APPROVE = Decision(Verdict.APPROVE)
NO_REQUESTS = """
@id("requests-are-suspended")
forbid(principal, action == Action::"InformationRequest", resource);
"""


def accept(hub: Hub, signed: SignedStatement, ruling: Ruling) -> int:
    """Log a statement with a ruling, whatever the rules say; gives the entry's index."""
    statement = parse_statement(signed.payload)
    entry = Entry(
        hub_time=hub.now,
        event=Event.STATEMENT,
        actor=statement.author,
        certificate_sha256=signed.certificate_sha256,
        directory_size=hub.directory.size,
        exchange_id=statement.exchange_id,
        payload_digest=signed.digest,
        signature_digest=signed.signature_digest,
        ruling=ruling,
    )
    hub.record(entry, signed)
    return len(hub.log) - 1


def ruled(hub: Hub, draft: Draft) -> Ruling:
    """The judgement of a statement now."""
    return hub.judge(hub.sign(draft)).ruling


def approval(hub: Hub, asked: Statement, by: Member = COORDINATOR) -> Draft:
    return hub.compose(by, APPROVE, to=["uz.fiu"], on=asked)


def deliver_unreleased(hub: Hub, asked: Statement) -> int:
    """Hand a statement out whose leg is not free."""
    exchange = hub.exchanges[asked.exchange_id]
    legs = tuple(replace(leg, state=LegState.RELEASED, hidden=()) for leg in exchange.legs)
    hub.exchanges[asked.exchange_id] = replace(exchange, legs=legs)
    hub.deliver(UZ_FIU, asked)
    return len(hub.log) - 1


# --- Delivery -------------------------------------------------------------------------------------


def delivery_before_the_approval(hub: Hub) -> int:
    return deliver_unreleased(hub, hub.say(KZ_MIA, REQUEST, to=["uz.fiu"]))


def delivery_on_one_approval_of_two(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=51))
    assert hub.leg(asked, "uz.fiu").approvals_required == 2
    hub.submit(hub.sign(approval(hub, asked)))
    return deliver_unreleased(hub, asked)


def delivery_to_another_body(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    entry = replace(parse_entry(hub.log[-1].entry), actor=KG_MIA)
    hub.log[-1] = replace(hub.log[-1], entry=encode_entry(entry))
    return len(hub.log) - 1


# --- Approval -------------------------------------------------------------------------------------


def approval_by_the_wrong_body(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu", "kg.mia"])
    hub.submit(hub.sign(approval(hub, asked)))
    ruling = ruled(hub, hub.compose(COORDINATOR, APPROVE, to=["kg.mia"], on=asked))
    wrong = hub.compose(FOREIGN_COORDINATOR, APPROVE, to=["kg.mia"], on=asked)
    return accept(hub, hub.sign(wrong), ruling)


def approval_by_the_body_that_asked(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    ruling = ruled(hub, approval(hub, asked))
    return accept(hub, hub.sign(approval(hub, asked, KZ_MIA)), ruling)


def approval_that_counts_for_two(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=51))
    said = approval(hub, asked)
    ruling = ruled(hub, said)
    released = tuple(replace(change, after=LegState.RELEASED) for change in ruling.legs)
    return accept(hub, hub.sign(said), replace(ruling, legs=released))


# --- Supervision ----------------------------------------------------------------------------------


def statement_without_its_supervisor(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    assert asked.supervisors == ("kz.gpo",)
    return accept(hub, hub.sign(replace(asked, supervisors=())), replace(ruling, supervisors=()))


def copy_that_its_supervisor_cannot_open(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    recipient_alone = hub.part(BRIEF, {AgencyId("kz.fma"): "recipient"})
    return accept(hub, hub.sign(replace(asked, parts=(recipient_alone,))), ruled(hub, asked))


def ruling_without_the_supervisor(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    return accept(hub, hub.sign(asked), replace(ruled(hub, asked), supervisors=()))


# --- The policy of that moment --------------------------------------------------------------------


def ruling_by_a_policy_that_was_replaced(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    hub.change_policy(POLICY + NO_REQUESTS)
    return accept(hub, hub.sign(asked), ruling)


def ruling_before_its_policy(hub: Hub) -> int:
    """A statement that only the next policy permits is accepted under the last one."""
    hub.change_policy(POLICY + NO_REQUESTS)
    in_force = hub.directory
    hub.directory = replace(in_force, policy=Policy.compile(POLICY))
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    hub.directory = in_force
    at = accept(hub, hub.sign(asked), ruling)
    hub.change_policy(POLICY)
    return at


def ruling_by_other_rules(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    rules = replace(ruled(hub, asked), rule_ids=("cross-border-may-need-two-approvals",))
    return accept(hub, hub.sign(asked), rules)


def release_that_the_policy_gates(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["uz.fiu"])
    ruling = ruled(hub, asked)
    free = tuple(
        replace(change, after=LegState.RELEASED, approvals_required=0, approvers=())
        for change in ruling.legs
    )
    return accept(hub, hub.sign(asked), replace(ruling, legs=free))


# --- Keys -----------------------------------------------------------------------------------------


def revoked_key(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    said = approval(hub, asked)
    ruling = ruled(hub, said)
    fingerprint = hub.cast.signers[COORDINATOR].fingerprint
    hub.say(OPERATOR, RevokeCertificate(fingerprint, RevocationReason.KEY_COMPROMISE))
    return accept(hub, hub.sign(said), ruling)


def expired_key(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    hub.now += timedelta(days=400)
    return accept(hub, hub.sign(replace(asked, made_at=hub.now)), ruling)


def key_of_another_root(hub: Hub) -> int:
    """An impostor's certificate, which the operating agency itself puts on the log."""
    impostor = fictional_cast.__wrapped__().signers[KZ_MIA]
    published = hub.compose(OPERATOR, PublishCertificate(impostor.certificate))
    assert hub.directory.policy is not None
    at = accept(hub, hub.sign(published), Ruling(hub.directory.policy.digest, (), (), ()))
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    accept(hub, hub.sign(asked, impostor), ruled(hub, asked))
    return at


def key_that_was_never_published(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    return accept(hub, hub.sign(asked, hub.cast.issue(KZ_MIA)), ruled(hub, asked))


def key_of_another_member(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    return accept(hub, hub.sign(asked, hub.cast.signers[KZ_FMA]), ruled(hub, asked))


def signature_over_something_else(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    other = hub.sign(replace(asked, id=hub.new_id()))
    signed = replace(hub.sign(asked), signature=other.signature)
    return accept(hub, signed, ruled(hub, asked))


# --- Times ----------------------------------------------------------------------------------------


def statement_from_the_future(hub: Hub) -> int:
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], made_at=hub.now + timedelta(hours=2))
    return accept(hub, hub.sign(asked), ruled(hub, asked))


def answer_of_one_who_was_given_nothing(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    answer = hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    other = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, other)
    ruling = ruled(hub, hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=other))
    return accept(hub, hub.sign(answer), ruling)


def refusal_on_a_ground_that_never_stands_alone(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    honest = hub.compose(KZ_FMA, Refuse(RefusalGround.CONTRARY_TO_LAW), on=asked)
    ruling = ruled(hub, honest)
    signed = hub.sign(replace(honest, body=Refuse(RefusalGround.BANK_SECRECY)))
    entry = Entry(
        hub_time=hub.now,
        event=Event.STATEMENT,
        actor=honest.author,
        certificate_sha256=signed.certificate_sha256,
        directory_size=hub.directory.size,
        exchange_id=honest.exchange_id,
        payload_digest=signed.digest,
        signature_digest=signed.signature_digest,
        ruling=ruling,
    )
    hub.record(entry, signed)
    return len(hub.log) - 1


BREACHES: list[tuple[Callable[[Hub], int], str]] = [
    (delivery_before_the_approval, "it is a delivery that the rules refuse"),
    (delivery_on_one_approval_of_two, "it is a delivery that the rules refuse"),
    (delivery_to_another_body, "it is a delivery that the rules refuse"),
    (approval_by_the_wrong_body, "NOT_A_PARTY"),
    (approval_by_the_body_that_asked, "OWN_REQUEST"),
    (approval_that_counts_for_two, "expected the ruling"),
    (statement_without_its_supervisor, "SUPERVISOR_MISSING"),
    (copy_that_its_supervisor_cannot_open, "READERS_MISMATCH"),
    (ruling_without_the_supervisor, "expected the ruling"),
    (ruling_by_a_policy_that_was_replaced, "POLICY_DENIED"),
    (ruling_before_its_policy, "POLICY_DENIED"),
    (ruling_by_other_rules, "expected the ruling"),
    (release_that_the_policy_gates, "expected the ruling"),
    (revoked_key, "CERTIFICATE_REVOKED"),
    (expired_key, "CERTIFICATE_EXPIRED"),
    (key_of_another_root, "CERTIFICATE_UNTRUSTED"),
    (key_that_was_never_published, "CERTIFICATE_UNKNOWN"),
    (key_of_another_member, "AUTHOR_MISMATCH"),
    (signature_over_something_else, "SIGNATURE_INVALID"),
    (statement_from_the_future, "expected a statement made at most"),
    (answer_of_one_who_was_given_nothing, "OUT_OF_ORDER"),
    (refusal_on_a_ground_that_never_stands_alone, "docs/rules.md#p26"),
]


@pytest.mark.usefixtures("beside_at_once")
@pytest.mark.parametrize(
    "way", ["alone", "ahead", pytest.param("divided", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize(("breach", "cited"), BREACHES, ids=[each.__name__ for each, _ in BREACHES])
def test_the_first_entry_where_a_rule_was_broken_is_named(
    breach: Callable[[Hub], int], cited: str, way: str
) -> None:
    hub = Hub(fictional_cast())
    domestic_exchange(hub)
    gated_exchange(hub)
    at = breach(hub)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    hub.now -= timedelta(hours=1)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)

    def audit(entries: int) -> list[tuple[int | None, Reason, str]]:
        log = ListedLog(hub.log[:entries])
        anchors = fictional_cast().anchors
        if way == "divided":
            found = verify_both_ways(log, anchors, auditor=None).violations
        else:
            cores = 1 if way == "alone" else 2
            found = verify_log(log, anchors, auditor=None, cores=cores).violations
        return [(each.index, each.reason, each.message) for each in found]

    assert audit(at) == []
    [(index, reason, message)] = audit(len(hub.log))
    assert (index, reason) == (at, Reason.RULE_BROKEN)
    assert message.startswith(f"entry {at}: ")
    assert cited in message
