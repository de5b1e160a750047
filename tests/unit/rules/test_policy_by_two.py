"""A policy takes two persons: one proposes it, another confirms it; auditors replay both."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.directory import PROPOSAL_STANDS, Directory, PolicyProposal
from exchange_protocol.rules.policy import Policy
from exchange_protocol.trust.identity import Member, Role
from tests.support.statements import (
    AUDITOR,
    COORDINATOR,
    KZ_MIA,
    OPERATOR,
    POLICY,
    SECOND_OPERATOR,
    Hub,
    member,
)

NEXT = Policy.compile(POLICY + "// The next one.\n")
OTHER = Policy.compile(POLICY + "// Another one.\n")
CONFIRM = ConfirmPolicy(NEXT.digest)


@pytest.fixture
def proposed(hub: Hub) -> Hub:
    """A hub with two operators, of whom the first has proposed a policy."""
    hub.say(OPERATOR, PublishCertificate(hub.cast.signers[SECOND_OPERATOR].certificate))
    hub.say(OPERATOR, PublishPolicy(NEXT.text))
    return hub


def refusal(hub: Hub, author: Member, body: Body) -> Reason:
    before = hub.directory
    with pytest.raises(ExchangeError) as refused:
        hub.say(author, body)
    assert hub.directory is before
    return refused.value.reason


def test_a_log_is_founded_by_one_operator(hub: Hub) -> None:
    assert hub.directory.policy == Policy.compile(POLICY)
    assert hub.directory.proposal is None


def test_a_proposal_changes_nothing_until_another_operator_confirms_it(proposed: Hub) -> None:
    assert proposed.directory.policy == Policy.compile(POLICY)
    waits = proposed.directory.proposal
    assert waits is not None
    assert waits.policy == NEXT
    proposed.say(SECOND_OPERATOR, CONFIRM)
    after = proposed.directory
    assert (after.policy, after.proposal) == (NEXT, None)
    assert refusal(proposed, SECOND_OPERATOR, CONFIRM) is Reason.PROPOSAL_UNKNOWN


def test_nobody_confirms_a_policy_that_he_proposed(proposed: Hub) -> None:
    assert refusal(proposed, OPERATOR, CONFIRM) is Reason.ALREADY_DECIDED


def test_a_second_key_makes_no_second_person(proposed: Hub) -> None:
    again = proposed.cast.issue(OPERATOR)
    proposed.say(OPERATOR, PublishCertificate(again.certificate))
    signed = proposed.sign(proposed.compose(OPERATOR, CONFIRM), again)
    with pytest.raises(ExchangeError) as refused:
        proposed.submit(signed)
    assert refused.value.reason is Reason.ALREADY_DECIDED


def test_an_unnamed_operator_neither_proposes_nor_confirms(proposed: Hub) -> None:
    """The holder of its key may be either of the two."""
    unnamed = member("caricc", Role.OPERATOR)
    key = proposed.cast.issue(unnamed)
    proposed.say(OPERATOR, PublishCertificate(key.certificate))
    for body in (CONFIRM, PublishPolicy(OTHER.text)):
        with pytest.raises(ExchangeError, match="named operator") as refused:
            proposed.submit(proposed.sign(proposed.compose(unnamed, body), key))
        assert refused.value.reason is Reason.ROLE_NOT_PERMITTED


@pytest.mark.parametrize("author", [KZ_MIA, COORDINATOR, AUDITOR])
def test_only_operators_confirm(proposed: Hub, author: Member) -> None:
    assert refusal(proposed, author, CONFIRM) is Reason.ROLE_NOT_PERMITTED


def test_what_was_not_proposed_is_not_confirmed(proposed: Hub) -> None:
    body = ConfirmPolicy(OTHER.digest)
    assert refusal(proposed, SECOND_OPERATOR, body) is Reason.PROPOSAL_UNKNOWN


def test_a_newer_proposal_takes_the_place_of_an_older_one(proposed: Hub) -> None:
    proposed.say(SECOND_OPERATOR, PublishPolicy(OTHER.text))
    assert refusal(proposed, SECOND_OPERATOR, CONFIRM) is Reason.PROPOSAL_UNKNOWN
    other = ConfirmPolicy(OTHER.digest)
    assert refusal(proposed, SECOND_OPERATOR, other) is Reason.ALREADY_DECIDED
    proposed.say(OPERATOR, other)
    assert proposed.directory.policy == OTHER


def test_a_proposal_lapses(proposed: Hub) -> None:
    assert proposed.directory.proposal is not None
    lapses = proposed.directory.proposal.lapses_at
    proposed.now = lapses + timedelta(microseconds=1)
    assert refusal(proposed, SECOND_OPERATOR, CONFIRM) is Reason.PROPOSAL_LAPSED
    proposed.now = lapses
    proposed.say(SECOND_OPERATOR, CONFIRM)


def test_what_a_stolen_key_proposed_falls_with_it(proposed: Hub) -> None:
    stolen = proposed.cast.signers[OPERATOR].fingerprint
    revoke = RevokeCertificate(stolen, RevocationReason.KEY_COMPROMISE)
    proposed.say(SECOND_OPERATOR, revoke)
    assert refusal(proposed, SECOND_OPERATOR, CONFIRM) is Reason.PROPOSAL_LAPSED


def lapsed(directory: Directory) -> Directory:
    proposal = directory.proposal
    assert proposal is not None
    return replace(directory, proposal=replace(proposal, at=proposal.at + PROPOSAL_STANDS))


def by_another(directory: Directory) -> Directory:
    assert directory.proposal is not None
    return replace(directory, proposal=replace(directory.proposal, author=SECOND_OPERATOR))


def of_another_text(directory: Directory) -> Directory:
    assert directory.proposal is not None
    return replace(directory, proposal=replace(directory.proposal, policy=OTHER))


@pytest.mark.parametrize(
    ("lie", "author", "body", "days"),
    [
        (by_another, OPERATOR, CONFIRM, 0),
        (of_another_text, SECOND_OPERATOR, ConfirmPolicy(OTHER.digest), 0),
        (lapsed, SECOND_OPERATOR, CONFIRM, 15),
    ],
)
def test_an_auditor_convicts_a_hub_that_took_such_a_confirmation(
    proposed: Hub, lie: object, author: Member, body: Body, days: int
) -> None:
    assert callable(lie)
    proposed.directory = lie(proposed.directory)
    proposed.now += timedelta(days=days)
    proposed.say(author, body)
    fold = DirectoryFold(proposed.cast.anchors)
    for index, opening in enumerate(proposed.log[:-1]):
        fold.apply(index, opening)
    with pytest.raises(HubDishonest) as convicted:
        fold.apply(len(proposed.log) - 1, proposed.log[-1])
    assert convicted.value.reason is Reason.RULE_BROKEN


def test_a_replay_follows_proposal_and_confirmation(proposed: Hub) -> None:
    fold = DirectoryFold(proposed.cast.anchors)
    for index, opening in enumerate(proposed.log):
        fold.apply(index, opening)
    assert isinstance(fold.current.proposal, PolicyProposal)
    assert fold.current.proposal == proposed.directory.proposal
    proposed.say(SECOND_OPERATOR, CONFIRM)
    fold.apply(len(proposed.log) - 1, proposed.log[-1])
    assert fold.current.policy == NEXT
