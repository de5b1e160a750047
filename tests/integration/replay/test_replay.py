"""An auditor folds the whole log: the honest one passes, every dishonest one is named by its entry.

The dishonest logs are made from an honest one, entry by entry, as a hub with its own keys could: it
can record whatever it likes, but it cannot sign for an agency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from exchange_protocol.errors import HubDishonest, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    encode_entry,
    parse_entry,
)
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.statements import (
    AUDITOR,
    CENTRE_AUDITOR,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_MIA,
    OPERATOR,
    POLICY,
    SECOND_COORDINATOR,
    UZ_FIU,
    Hub,
    Signer,
    fictional_cast,
    member,
)

REQUEST = Kind.INFORMATION_REQUEST.body()
APPROVE = Decision(Verdict.APPROVE)


def replay(log: list[CommitmentOpening]) -> Replay:
    fold = Replay(DirectoryFold(fictional_cast().anchors))
    for index, opening in enumerate(log):
        fold.apply(index, opening)
    return fold


def rewritten(opening: CommitmentOpening, **changes: object) -> CommitmentOpening:
    """The opening with other facts in its entry, as the hub could have committed to."""
    entry = replace(parse_entry(opening.entry), **changes)  # type: ignore[arg-type]
    return replace(opening, entry=encode_entry(entry))


@dataclass
class Told:
    """A hub with one approved, delivered and answered cross-border request on its log."""

    hub: Hub
    asked: Statement
    at: int
    """Index of the request; approval, delivery, reply, a denial and an inspection follow."""

    @property
    def change(self) -> LegChange:
        """The effect that an approval of the other leg would have."""
        return replace(ruling_of(self, 1).legs[0], agency=AgencyId("kg.mia"))


@pytest.fixture
def told() -> Told:
    hub = Hub(fictional_cast())
    at = len(hub.log)
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Reply(ReplyResult.NO_HIT), on=asked)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    hub.inspect(AUDITOR)
    return Told(hub, asked, at)


def test_the_honest_log_replays_to_the_hubs_state(told: Told) -> None:
    fold = replay(told.hub.log)
    assert fold.exchanges == told.hub.exchanges
    assert fold.directories.current == told.hub.directory


def test_the_directory_folds_alone_from_its_own_entries(told: Told) -> None:
    fold = DirectoryFold(fictional_cast().anchors)
    for index, opening in enumerate(told.hub.log[: told.at]):
        fold.apply(index, opening)
    assert fold.current == told.hub.directory
    assert fold.before(0).size == 0
    assert fold.before(5).size == 5
    assert fold.before(10_000) is fold.current


# --- A ruling that the rules do not give ----------------------------------------------------------


def ruling_of(told: Told, offset: int = 0) -> Ruling:
    ruling = parse_entry(told.hub.log[told.at + offset].entry).ruling
    assert ruling is not None
    return ruling


def rule_otherwise(told: Told, offset: int, **changes: object) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    ruling = replace(ruling_of(told, offset), **changes)  # type: ignore[arg-type]
    log[told.at + offset] = rewritten(log[told.at + offset], ruling=ruling)
    return log


def another_policy(told: Told) -> list[CommitmentOpening]:
    return rule_otherwise(told, 0, policy_digest=bytes(32))


def another_rule(told: Told) -> list[CommitmentOpening]:
    return rule_otherwise(told, 0, rule_ids=("domestic-flows-at-once",))


def no_supervisor(told: Told) -> list[CommitmentOpening]:
    return rule_otherwise(told, 0, supervisors=())


def released_without_approval(told: Told) -> list[CommitmentOpening]:
    legs = tuple(replace(leg, after=LegState.RELEASED) for leg in ruling_of(told).legs)
    return rule_otherwise(told, 0, legs=legs)


def fewer_approvals(told: Told) -> list[CommitmentOpening]:
    legs = tuple(replace(leg, approvals_required=0) for leg in ruling_of(told).legs)
    return rule_otherwise(told, 0, legs=legs)


def other_approvers(told: Told) -> list[CommitmentOpening]:
    legs = tuple(replace(leg, approvers=(AgencyId("kg.mia"),)) for leg in ruling_of(told).legs)
    return rule_otherwise(told, 0, legs=legs)


def delivery_that_moves_nothing(told: Told) -> list[CommitmentOpening]:
    return rule_otherwise(told, 2, legs=())


def no_ruling(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at] = rewritten(log[told.at], ruling=None)
    return log


# --- Something that never happened, or is not shown -----------------------------------------------


def approval_left_out(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    del log[told.at + 1]
    return log


def delivery_before_the_approval(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    times = [parse_entry(one.entry).hub_time for one in log]
    log[told.at + 1], log[told.at + 2] = (
        rewritten(log[told.at + 2], hub_time=times[told.at + 1]),
        rewritten(log[told.at + 1], hub_time=times[told.at + 2]),
    )
    return log


def delivery_to_a_stranger(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 2] = rewritten(log[told.at + 2], actor=KG_MIA)
    return log


def delivery_of_the_unknown(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 2] = rewritten(log[told.at + 2], payload_digest=bytes(32))
    return log


def delivery_in_another_exchange(told: Told) -> list[CommitmentOpening]:
    other = told.hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    delivery = told.hub.log[told.at + 2]
    size = told.hub.directory.size
    lie = rewritten(
        delivery, exchange_id=other.exchange_id, hub_time=told.hub.now, directory_size=size
    )
    return [*told.hub.log, lie]


def accepted_twice(told: Told) -> list[CommitmentOpening]:
    hub, log = told.hub, list(told.hub.log)
    again = rewritten(log[told.at], hub_time=hub.now)
    return [*log, again]


def time_backwards(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    earlier = parse_entry(log[told.at - 1].entry).hub_time - timedelta(microseconds=1)
    log[told.at] = rewritten(log[told.at], hub_time=earlier)
    return log


def another_actor(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 1] = rewritten(log[told.at + 1], actor=SECOND_COORDINATOR)
    return log


def another_certificate(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at] = rewritten(log[told.at], certificate_sha256=bytes(32))
    return log


def another_exchange(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at] = rewritten(log[told.at], exchange_id=told.hub.new_id())
    return log


def directory_entry_left_out(told: Told) -> list[CommitmentOpening]:
    return [*told.hub.log[: told.at - 2], *told.hub.log[told.at - 1 :]]


def wrong_directory_size(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 2] = rewritten(log[told.at + 2], directory_size=1)
    return log


def wrong_directory_size_of_a_denial(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 4] = rewritten(log[told.at + 4], directory_size=1)
    return log


def denial_without_a_reason(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 4] = rewritten(log[told.at + 4], reason="")
    return log


# --- An inspection that cannot have been ----------------------------------------------------------


def inspection(**lies: Any) -> Callable[[Told], list[CommitmentOpening]]:
    """The log with its inspection told otherwise."""

    def log(told: Told) -> list[CommitmentOpening]:
        return [*told.hub.log[:-1], rewritten(told.hub.log[-1], **lies)]

    return log


def inspection_ruled(**lies: Any) -> Callable[[Told], list[CommitmentOpening]]:
    """The log with its inspection ruled otherwise."""

    def log(told: Told) -> list[CommitmentOpening]:
        return inspection(ruling=replace(ruling_of(told, 5), **lies))(told)

    return log


def inspection_opened(more: int) -> Callable[[Told], list[CommitmentOpening]]:
    """The log with another count of what was opened."""

    def log(told: Told) -> list[CommitmentOpening]:
        inspected = parse_entry(told.hub.log[-1].entry).inspected
        assert inspected is not None
        return inspection(inspected=replace(inspected, opened=inspected.opened + more))(told)

    return log


def inspection_of_what_comes_after(told: Told) -> list[CommitmentOpening]:
    size = len(told.hub.log)
    return inspection(inspected=InspectedRange(0, size, size))(told)


def reading_with_a_delivery(told: Told) -> list[CommitmentOpening]:
    log = list(told.hub.log)
    log[told.at + 2] = rewritten(log[told.at + 2], inspected=InspectedRange(0, 1, 1))
    return log


INSPECTIONS: dict[str, tuple[Callable[[Told], list[CommitmentOpening]], str]] = {
    "by a party": (inspection(actor=KZ_MIA), "ROLE_NOT_PERMITTED"),
    "by a stranger": (inspection(actor=member("tj.none", Role.AUDITOR)), "AGENCY_NOT_ENROLLED"),
    "by the right of another agency": (inspection(actor=CENTRE_AUDITOR), "the policy opens"),
    "of no range": (inspection(inspected=None), "with an inspection alone"),
    "of what comes after": (inspection_of_what_comes_after, "entries that come after it"),
    "without a ruling": (inspection(ruling=None), "an inspection with a ruling"),
    "under another policy": (inspection_ruled(policy_digest=bytes(32)), "the policy opens"),
    "under no rule": (inspection_ruled(rule_ids=()), "the policy opens"),
    "under a rule of nobody's": (inspection_ruled(rule_ids=("at-will",)), "the policy opens"),
    "that moves a leg": (inspection_ruled(supervisors=(AgencyId("kz.gpo"),)), "the policy opens"),
    "of more than it may": (inspection_opened(+1), "the policy opens"),
    "of less than it may": (inspection_opened(-1), "the policy opens"),
    "of what is for everyone": (inspection(inspected=InspectedRange(0, 9, 9)), "POLICY_DENIED"),
    "that counts otherwise": (inspection(directory_size=1), "it counts"),
    "of one exchange": (inspection(exchange_id="x"), "names something else"),
    "of a statement": (inspection(payload_digest=bytes(32)), "names something else"),
    "with a reason": (inspection(reason="WHIM"), "names something else"),
    "with a delivery": (reading_with_a_delivery, "with an inspection alone"),
}


@pytest.mark.parametrize(("lie", "why"), INSPECTIONS.values(), ids=INSPECTIONS)
def test_an_inspection_that_cannot_have_been_is_found(
    told: Told, lie: Callable[[Told], list[CommitmentOpening]], why: str
) -> None:
    with pytest.raises(HubDishonest, match=why) as found:
        replay(lie(told))
    assert found.value.reason is Reason.RULE_BROKEN


@pytest.mark.parametrize(
    ("ruling", "why"),
    [
        ({"policy_digest": bytes(32)}, "expected rules of the policy"),
        ({"rule_ids": ()}, "expected rules of the policy"),
        ({"rule_ids": ("at-will",)}, "may open nothing"),
        ({"rule_ids": ("the-centre-audits-everything",)}, "may open nothing"),
        ({"supervisors": (AgencyId("kz.gpo"),)}, "and nothing else"),
    ],
)
def test_an_inspection_is_judged_also_where_its_page_is_not_known(
    told: Told, ruling: dict[str, Any], why: str
) -> None:
    """As a national auditor does, who is not shown every entry."""

    def replayed(log: list[CommitmentOpening]) -> None:
        fold = Replay(DirectoryFold(fictional_cast().anchors))
        for index, opening in enumerate(log):
            if parse_entry(opening.entry).exchange_id != told.asked.exchange_id:
                fold.apply(index, opening)

    replayed(told.hub.log)
    with pytest.raises(HubDishonest, match=why):
        replayed(inspection_ruled(**ruling)(told))


# --- Something that the rules refuse --------------------------------------------------------------


def accepted(told: Told, said: SignedStatement) -> list[CommitmentOpening]:
    """The log with an approval of the other leg, recorded as if it had been in order."""
    hub = told.hub
    approved = replace(ruling_of(told, 1), legs=(told.change,))
    entry = Entry(
        hub_time=hub.now,
        event=Event.STATEMENT,
        actor=parse_statement(said.payload).author,
        certificate_sha256=said.certificate_sha256,
        directory_size=hub.directory.size,
        exchange_id=told.asked.exchange_id,
        payload_digest=said.digest,
        ruling=approved,
        signature_digest=said.signature_digest,
    )
    return [*hub.log, CommitmentOpening(encode_entry(entry), bytes(32), said)]


def approval(told: Told, by: Member, signer: Signer | None = None) -> SignedStatement:
    return told.hub.sign(told.hub.compose(by, APPROVE, to=["kg.mia"], on=told.asked), signer)


def approval_by_the_wrong_body(told: Told) -> list[CommitmentOpening]:
    return accepted(told, approval(told, FOREIGN_COORDINATOR))


def approval_by_the_hub(told: Told) -> list[CommitmentOpening]:
    """A hub signs as the coordinator, with a certificate that is not on the log."""
    return accepted(told, approval(told, COORDINATOR, told.hub.cast.issue(COORDINATOR)))


def approval_of_something_else(told: Told) -> list[CommitmentOpening]:
    draft = told.hub.compose(COORDINATOR, APPROVE, to=["kg.mia"], on=told.asked)
    return accepted(told, told.hub.sign(replace(draft, answers=bytes(32))))


def revoked_certificate(told: Told) -> list[CommitmentOpening]:
    said = approval(told, COORDINATOR)
    fingerprint = told.hub.cast.signers[COORDINATOR].fingerprint
    told.hub.say(OPERATOR, RevokeCertificate(fingerprint, RevocationReason.KEY_COMPROMISE))
    return accepted(told, said)


def expired_certificate(told: Told) -> list[CommitmentOpening]:
    said = approval(told, COORDINATOR)
    told.hub.now += timedelta(days=400)
    return accepted(told, said)


def policy_that_is_not_in_force(told: Told) -> list[CommitmentOpening]:
    """The hub rules by a lax policy that it never published, and the author seals by it."""
    lax = POLICY + '@id("lax") permit(principal, action == Action::"ReleaseUnapproved", resource);'
    hub = told.hub
    hub.directory = replace(hub.directory, policy=Policy.compile(lax))
    hub.say(KZ_MIA, REQUEST, to=["kg.mia"])
    return hub.log


BROKEN: list[tuple[Callable[[Told], list[CommitmentOpening]], str]] = [
    (another_policy, "expected the ruling"),
    (another_rule, "expected the ruling"),
    (no_supervisor, "expected the ruling"),
    (released_without_approval, "expected the ruling"),
    (fewer_approvals, "expected the ruling"),
    (other_approvers, "expected the ruling"),
    (delivery_that_moves_nothing, "the delivery should change"),
    (no_ruling, "expected a ruling with a statement"),
    (approval_left_out, "it is a delivery that the rules refuse"),
    (delivery_before_the_approval, "it is a delivery that the rules refuse"),
    (delivery_to_a_stranger, "it is a delivery that the rules refuse"),
    (delivery_of_the_unknown, "not on the log before it"),
    (delivery_in_another_exchange, "not on the log before it"),
    (accepted_twice, "ID_REUSED"),
    (time_backwards, "before that of the entry before it"),
    (another_actor, "another author"),
    (another_certificate, "another author"),
    (another_exchange, "another author"),
    (directory_entry_left_out, "it counts"),
    (wrong_directory_size, "it counts"),
    (wrong_directory_size_of_a_denial, "it counts"),
    (denial_without_a_reason, "a denial with a reason"),
    (approval_by_the_wrong_body, "NOT_A_PARTY"),
    (approval_by_the_hub, "CERTIFICATE_UNKNOWN"),
    (approval_of_something_else, "STALE_ANSWER"),
    (revoked_certificate, "CERTIFICATE_REVOKED"),
    (expired_certificate, "CERTIFICATE_EXPIRED"),
    (policy_that_is_not_in_force, "READERS_MISMATCH"),
]


@pytest.mark.parametrize(("lie", "why"), BROKEN, ids=[lie.__name__ for lie, _ in BROKEN])
def test_a_broken_rule_is_found(
    told: Told, lie: Callable[[Told], list[CommitmentOpening]], why: str
) -> None:
    replay(told.hub.log)
    with pytest.raises(HubDishonest, match=why) as found:
        replay(lie(told))
    assert found.value.reason is Reason.RULE_BROKEN
    assert found.value.message.startswith("entry ")


def test_entries_in_another_order_are_refused(told: Told) -> None:
    fold = Replay(DirectoryFold(fictional_cast().anchors))
    for index, opening in enumerate(told.hub.log[: told.at]):
        fold.apply(index, opening)
    fold.apply(told.at, told.hub.log[told.at])
    fold.apply(told.at + 1, told.hub.log[told.at + 1])
    with pytest.raises(HubDishonest, match="log order"):
        fold.apply(told.at - 1, told.hub.log[told.at + 2])


# --- The directory alone --------------------------------------------------------------------------


def test_an_old_policy_cannot_come_back() -> None:
    """A lax policy that was replaced bears a good signature; it must not count twice."""
    lax = '@id("all") permit(principal, action, resource);'
    hub = Hub(fictional_cast(), policy=lax)
    old = hub.log[-1]
    hub.change_policy(POLICY)
    size = parse_entry(hub.log[-1].entry).directory_size + 1
    ruling = Ruling(Policy.compile(POLICY).digest, (), (), ())
    again = rewritten(old, hub_time=hub.now, directory_size=size, ruling=ruling)
    for fold in (DirectoryFold(hub.cast.anchors), Replay(DirectoryFold(hub.cast.anchors))):
        for index, opening in enumerate(hub.log):
            fold.apply(index, opening)
        with pytest.raises(HubDishonest, match="accepted before"):
            fold.apply(len(hub.log), again)


def test_a_directory_entry_that_is_left_out_is_missed(told: Told) -> None:
    fold = DirectoryFold(fictional_cast().anchors)
    fold.apply(0, told.hub.log[0])
    with pytest.raises(HubDishonest, match="it counts 3 directory statements, the replay 2"):
        fold.apply(2, told.hub.log[2])


def test_the_directory_takes_no_other_statements(told: Told) -> None:
    fold = DirectoryFold(fictional_cast().anchors)
    for index, opening in enumerate(told.hub.log[: told.at]):
        fold.apply(index, opening)
    with pytest.raises(HubDishonest, match="no directory statement"):
        fold.apply(told.at, told.hub.log[told.at])


def test_the_directory_goes_forward_in_time_and_index(told: Told) -> None:
    fold = DirectoryFold(fictional_cast().anchors)
    fold.apply(5, told.hub.log[0])
    with pytest.raises(HubDishonest, match="log order"):
        fold.apply(5, told.hub.log[1])
    earlier = rewritten(told.hub.log[1], hub_time=told.hub.now - timedelta(days=1))
    with pytest.raises(HubDishonest, match="before that of the entry before it"):
        fold.apply(6, earlier)
