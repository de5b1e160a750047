"""Two signatures where a certificate holds two keys; neither is stripped, added or swapped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.require_post_quantum import RequirePostQuantum
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import parse_opening
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.directory import EMPTY_DIRECTORY
from exchange_protocol.rules.signed_statements import (
    POST_QUANTUM_BYTES,
    SignedStatement,
    encode_signed_statement,
    parse_signed_statement,
)
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import log_pb2
from tests.support.statements import (
    CARICC,
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    UZ_FIU,
    Hub,
    Signer,
)

REQUEST = Kind.INFORMATION_REQUEST.body()


@pytest.fixture
def signer(hub: Hub) -> Signer:
    """A second certificate of the FIU's system, with a post-quantum key, on the log."""
    return published(hub, KZ_FMA)


def published(hub: Hub, who: Member) -> Signer:
    signer = hub.cast.issue(who, post_quantum=True)
    hub.say(OPERATOR, PublishCertificate(signer.certificate))
    return signer


def request(hub: Hub, signer: Signer) -> SignedStatement:
    return hub.sign(hub.compose(signer.member, REQUEST, to=["kz.mia"]), signer)


def refusal(hub: Hub, signed: SignedStatement) -> Reason:
    with pytest.raises(ExchangeError) as refused:
        hub.submit(signed)
    return refused.value.reason


def test_both_signatures_are_on_the_log_and_replayed(hub: Hub, signer: Signer) -> None:
    signed = request(hub, signer)
    assert len(signed.post_quantum_signature) == POST_QUANTUM_BYTES
    hub.submit(signed)
    assert parse_signed_statement(encode_signed_statement(signed)) == signed
    replay = Replay(DirectoryFold(hub.cast.anchors))
    for index, opening in enumerate(hub.log):
        replay.apply(index, opening)


def test_a_stripped_signature_is_refused(hub: Hub, signer: Signer) -> None:
    stripped = replace(request(hub, signer), post_quantum_signature=b"")
    assert refusal(hub, stripped) is Reason.SIGNATURE_MISSING


def test_a_signature_over_something_else_is_refused(hub: Hub, signer: Signer) -> None:
    one, other = request(hub, signer), request(hub, signer)
    swapped = replace(one, post_quantum_signature=other.post_quantum_signature)
    assert refusal(hub, swapped) is Reason.SIGNATURE_INVALID
    damaged = bytes([one.post_quantum_signature[0] ^ 1, *one.post_quantum_signature[1:]])
    assert refusal(hub, replace(one, post_quantum_signature=damaged)) is Reason.SIGNATURE_INVALID


def test_the_first_signature_still_counts(hub: Hub, signer: Signer) -> None:
    one, other = request(hub, signer), request(hub, signer)
    swapped = replace(one, signature=other.signature)
    assert refusal(hub, swapped) is Reason.SIGNATURE_INVALID


def test_a_signature_without_a_key_for_it_is_refused(hub: Hub, signer: Signer) -> None:
    """Otherwise a hub could put anything beside the signature of whoever has one key."""
    plain = hub.sign(hub.compose(KZ_FMA, REQUEST, to=["kz.mia"]))
    added = replace(plain, post_quantum_signature=request(hub, signer).post_quantum_signature)
    assert refusal(hub, added) is Reason.SIGNATURE_INVALID


def test_a_batch_takes_one_of_each(hub: Hub, signer: Signer) -> None:
    drafts = [hub.compose(KZ_FMA, REQUEST, to=["kz.mia"]) for _ in range(3)]
    first, second, third = hub.sign_batch(drafts, signer)
    assert len({each.post_quantum_signature for each in (first, second, third)}) == 1
    hub.submit(first)
    assert refusal(hub, replace(second, post_quantum_signature=b"")) is Reason.SIGNATURE_MISSING
    alone = hub.sign(drafts[1], signer)
    mixed = replace(second, post_quantum_signature=alone.post_quantum_signature)
    assert refusal(hub, mixed) is Reason.SIGNATURE_INVALID
    hub.submit(second)
    hub.submit(third)


@pytest.mark.parametrize("length", [1, POST_QUANTUM_BYTES - 1, POST_QUANTUM_BYTES + 1])
def test_a_signature_of_another_length_does_not_parse(
    hub: Hub, signer: Signer, length: int
) -> None:
    message = encode_signed_statement(request(hub, signer))
    message.signatures[0].post_quantum_signature = bytes(length)
    with pytest.raises(ExchangeError) as refused:
        parse_signed_statement(message)
    assert refused.value.reason is Reason.INVALID_FIELD


# --- A hub that strips it -------------------------------------------------------------------------


def test_an_entry_names_both_signatures(hub: Hub, signer: Signer) -> None:
    """A hub that strips the second one from what it shows gives another signature than it took."""
    signed = request(hub, signer)
    hub.submit(signed)
    opening = hub.log[-1]
    stripped = replace(opening, statement=replace(signed, post_quantum_signature=b""))
    replay = Replay(DirectoryFold(hub.cast.anchors))
    for index, each in enumerate(hub.log[:-1]):
        replay.apply(index, each)
    with pytest.raises(HubDishonest) as convicted:
        replay.apply(len(hub.log) - 1, stripped)
    assert convicted.value.reason is Reason.ENTRY_MISMATCH


def test_a_hub_that_took_a_stripped_statement_is_convicted(
    hub: Hub, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = replace(request(hub, signer), post_quantum_signature=b"")
    with monkeypatch.context() as lying:
        lying.setattr("exchange_protocol.rules.judgement.verify_second", lambda *_: None)
        hub.submit(signed)
    replay = Replay(DirectoryFold(hub.cast.anchors))
    for index, each in enumerate(hub.log[:-1]):
        replay.apply(index, each)
    with pytest.raises(HubDishonest, match="post-quantum one is missing") as convicted:
        replay.apply(len(hub.log) - 1, hub.log[-1])
    assert convicted.value.reason is Reason.RULE_BROKEN


# --- What an agency demands -----------------------------------------------------------------------


def test_an_agency_that_demands_it_takes_nothing_by_older_certificates(
    hub: Hub, signer: Signer
) -> None:
    demand = hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer)
    hub.submit(demand)
    older = hub.sign(hub.compose(KZ_FMA, REQUEST, to=["kz.mia"]))
    assert refusal(hub, older) is Reason.SIGNATURE_MISSING
    hub.submit(request(hub, signer))
    # Others are not bound by it.
    hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    fold = DirectoryFold(hub.cast.anchors)
    for index, opening in enumerate(hub.log):
        if not parse_statement(opening.statement.payload).exchange_id:  # type: ignore[union-attr]
            fold.apply(index, opening)
    assert fold.current.post_quantum == {KZ_FMA.agency}


def test_the_demand_is_taken_back_by_both_signatures_alone(hub: Hub, signer: Signer) -> None:
    hub.submit(hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer))
    back = hub.compose(KZ_FMA, RequirePostQuantum(False))
    assert refusal(hub, hub.sign(back)) is Reason.SIGNATURE_MISSING
    stripped = replace(hub.sign(back, signer), post_quantum_signature=b"")
    assert refusal(hub, stripped) is Reason.SIGNATURE_MISSING
    hub.submit(hub.sign(back, signer))
    assert hub.directory.post_quantum == frozenset()


@pytest.mark.parametrize("author", [KZ_MIA, COORDINATOR])
def test_officers_and_coordinators_demand_nothing(hub: Hub, author: Member) -> None:
    signer = published(hub, author)
    signed = hub.sign(hub.compose(author, RequirePostQuantum(True)), signer)
    assert refusal(hub, signed) is Reason.ROLE_NOT_PERMITTED


def test_nobody_demands_what_he_cannot_keep(hub: Hub) -> None:
    signed = hub.sign(hub.compose(UZ_FIU, RequirePostQuantum(True)))
    assert refusal(hub, signed) is Reason.SIGNATURE_MISSING


def test_a_demand_is_said_once(hub: Hub, signer: Signer) -> None:
    back = hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(False)), signer)
    assert refusal(hub, back) is Reason.ALREADY_DECIDED
    hub.submit(hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer))
    again = hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer)
    assert refusal(hub, again) is Reason.ALREADY_DECIDED


def test_the_last_operator_that_can_still_sign_is_not_revoked(hub: Hub) -> None:
    """After the demand the older certificates can change the directory no more."""
    signer = published(hub, OPERATOR)
    hub.submit(hub.sign(hub.compose(OPERATOR, RequirePostQuantum(True)), signer))
    compromised = RevocationReason.KEY_COMPROMISE
    last = hub.compose(OPERATOR, RevokeCertificate(signer.fingerprint, compromised))
    assert refusal(hub, hub.sign(last, signer)) is Reason.LAST_OPERATOR
    older = RevokeCertificate(hub.cast.signers[CARICC].fingerprint, compromised)
    hub.submit(hub.sign(hub.compose(OPERATOR, older), signer))


def test_the_log_may_begin_with_two_keys(hub: Hub) -> None:
    signer = hub.cast.issue(OPERATOR, post_quantum=True)
    draft = hub.compose(OPERATOR, PublishCertificate(signer.certificate))
    hub.directory = EMPTY_DIRECTORY
    signed = hub.sign(draft, signer)
    assert hub.judge(signed).directory.size == 1
    with pytest.raises(ExchangeError) as refused:
        hub.judge(replace(signed, post_quantum_signature=b""))
    assert refused.value.reason is Reason.SIGNATURE_MISSING


def test_an_opening_on_the_wire_keeps_it(hub: Hub, signer: Signer) -> None:
    signed = request(hub, signer)
    message = log_pb2.CommitmentOpening(
        entry=b"-", nonce=bytes(32), statement=encode_signed_statement(signed)
    )
    assert parse_opening(message).statement == signed
