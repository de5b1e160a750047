"""Every reason for which a statement is refused, and that a refusal changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, RefusalGround, Tlp
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules.directory import EMPTY_DIRECTORY
from exchange_protocol.rules.judgement import judge
from exchange_protocol.rules.routing import plan_route
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.listed_log import read_request
from tests.support.statements import (
    AUDITOR,
    CARICC,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    OPERATOR,
    SECOND_COORDINATOR,
    UZ_FIU,
    Hub,
    Signer,
    member,
)

REQUEST = Kind.INFORMATION_REQUEST.body()
APPROVE = Decision(Verdict.APPROVE)


def held(hub: Hub) -> Statement:
    return hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])


def signed_by(hub: Hub, signer: Signer, author: Member = KZ_MIA) -> SignedStatement:
    return hub.sign(hub.compose(author, REQUEST, to=["kz.fma"]), signer)


def with_brief_for(hub: Hub, roles: dict[str, str]) -> SignedStatement:
    readers = {AgencyId(agency): role for agency, role in roles.items()}
    return hub.sign(
        hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], parts=(hub.part("brief", readers),))
    )


# --- Who speaks -----------------------------------------------------------------------------------


def unpublished_certificate(hub: Hub) -> SignedStatement:
    return signed_by(hub, hub.cast.issue(KZ_MIA))


def revoked_certificate(hub: Hub) -> SignedStatement:
    fingerprint = hub.cast.signers[KZ_MIA].fingerprint
    hub.say(OPERATOR, RevokeCertificate(fingerprint, RevocationReason.KEY_COMPROMISE))
    return signed_by(hub, hub.cast.signers[KZ_MIA])


def expired_certificate(hub: Hub) -> SignedStatement:
    said = signed_by(hub, hub.cast.signers[KZ_MIA])
    hub.now += timedelta(days=400)
    return said


def anothers_certificate(hub: Hub) -> SignedStatement:
    return signed_by(hub, hub.cast.signers[UZ_FIU])


def own_agency_other_role(hub: Hub) -> SignedStatement:
    return signed_by(hub, hub.cast.signers[COORDINATOR], author=CARICC)


def altered_payload(hub: Hub) -> SignedStatement:
    draft = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    return replace(
        hub.sign(draft),
        payload=encode_statement(replace(draft, made_at=hub.now.replace(year=2020))),
    )


def foreign_signature(hub: Hub) -> SignedStatement:
    draft = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    other = hub.sign(draft, hub.cast.signers[UZ_FIU])
    return replace(hub.sign(draft), signature=other.signature)


def no_signature(hub: Hub) -> SignedStatement:
    return replace(signed_by(hub, hub.cast.signers[KZ_MIA]), signature=b"")


def other_payload_type(hub: Hub) -> SignedStatement:
    return replace(signed_by(hub, hub.cast.signers[KZ_MIA]), payload_type="text/plain")


# --- What is said, and in which place -----------------------------------------------------------


def opening_twice(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    again = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], id=asked.id, exchange_id=asked.id)
    return hub.sign(again)


def opening_under_anothers_id(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    return hub.sign(hub.compose(UZ_FIU, REQUEST, to=["kg.mia"], id=asked.id, exchange_id=asked.id))


def unknown_exchange(hub: Hub) -> SignedStatement:
    draft = hub.compose(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"])
    return hub.sign(replace(draft, exchange_id=hub.new_id(), answers=bytes(32)))


def stranger(hub: Hub) -> SignedStatement:
    return hub.sign(
        hub.compose(KG_MIA, Kind.ACKNOWLEDGE.body(), to=["kz.mia"], on=read_request(hub))
    )


def supervisor_speaking(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_GPO, Kind.RECALL.body(), to=["kz.fma"], on=read_request(hub)))


def recipient_of_a_held_leg(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(UZ_FIU, Kind.ACKNOWLEDGE.body(), on=held(hub)))


def approver_recalling(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(COORDINATOR, Kind.RECALL.body(), to=["uz.fiu"], on=held(hub)))


def leg_of_nobody(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, Kind.RECALL.body(), to=["kg.mia"], on=read_request(hub)))


def recipient_to_a_third(hub: Hub) -> SignedStatement:
    reply = hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=read_request(hub))
    return hub.sign(replace(reply, recipients=(AgencyId("uz.fiu"),)))


def own_request(hub: Hub) -> SignedStatement:
    asked = hub.say(CARICC, REQUEST, to=["kz.fma"])
    return hub.sign(hub.compose(COORDINATOR, APPROVE, to=["kz.fma"], on=asked))


def opening_to_nobody(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, REQUEST))


def opening_to_oneself(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.mia", "kz.fma"]))


def below_the_handling(hub: Hub) -> SignedStatement:
    header = replace(CASE, handling=Handling.H2)
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=header)
    hub.deliver(KZ_FMA, asked)
    return hub.sign(hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked, header=CASE))


def below_a_supplements_handling(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    hub.say(KZ_FMA, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    raised = replace(CASE, handling=Handling.H3)
    more = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["kz.fma"], on=asked, header=raised)
    hub.deliver(KZ_FMA, more)
    return hub.sign(hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked, header=CASE))


def below_the_tlp(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    header = replace(CASE, tlp=Tlp.GREEN)
    return hub.sign(hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked, header=header))


def policy_denies(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, Kind.ANALYSIS_REQUEST.body(), to=["kz.fma"]))


def auditor_opening(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(AUDITOR, REQUEST, to=["kz.fma"]))


def no_approver(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(CARICC, REQUEST, to=["uz.fiu"]))


def unknown_recipient(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.tax"]))


def answer_before_reading(hub: Hub) -> SignedStatement:
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    return hub.sign(hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked))


def stale_answer(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    return hub.sign(hub.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked, answers=bytes(32)))


def approving_twice(hub: Hub) -> SignedStatement:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, tlp=Tlp.RED))
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    return hub.sign(hub.compose(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked))


def approving_what_is_released(hub: Hub) -> SignedStatement:
    asked = held(hub)
    late = hub.compose(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    return hub.sign(late)


# --- Who reads ----------------------------------------------------------------------------------


def no_brief(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], parts=()))


def without_the_supervisor(hub: Hub) -> SignedStatement:
    return hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], supervisors=()))


def with_another_supervisor(hub: Hub) -> SignedStatement:
    both = (AgencyId("kz.gpo"), AgencyId("uz.fiu"))
    return hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"], supervisors=both))


READERS = {"kz.mia": "author", "kz.fma": "recipient", "kz.gpo": "supervisor"}


def sealed_past_the_supervisor(hub: Hub) -> SignedStatement:
    return with_brief_for(hub, {k: v for k, v in READERS.items() if k != "kz.gpo"})


def sealed_to_a_stranger(hub: Hub) -> SignedStatement:
    return with_brief_for(hub, READERS | {"kg.mia": "recipient"})


def sealed_in_another_role(hub: Hub) -> SignedStatement:
    return with_brief_for(hub, READERS | {"kz.gpo": "recipient"})


def content_to_the_supervisor(hub: Hub) -> SignedStatement:
    draft = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    readers = {AgencyId(agency): role for agency, role in READERS.items()}
    return hub.sign(replace(draft, parts=(*draft.parts, hub.part("content", readers))))


def unpublished_sealing_key(hub: Hub) -> SignedStatement:
    draft = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    [brief] = draft.parts
    other = SealingPrivateKey.generate().public_key.key_id
    keys = tuple(
        key._replace(key_id=other) if key.agency == "kz.fma" else key for key in brief.wrapped_keys
    )
    return hub.sign(replace(draft, parts=(replace(brief, wrapped_keys=keys),)))


def content_past_the_gate(hub: Hub) -> SignedStatement:
    """Feedback cannot carry content: its recipient would get what nobody approved."""
    asked = held(hub)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=asked)
    draft = hub.compose(KZ_MIA, Feedback(3, ()), to=["uz.fiu"], on=asked)
    readers = {AgencyId("kz.mia"): "author", AgencyId("uz.fiu"): "recipient"}
    return hub.sign(replace(draft, parts=(hub.part("content", readers),)))


def content_with_a_recall(hub: Hub) -> SignedStatement:
    asked = read_request(hub)
    draft = hub.compose(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=asked)
    readers = {AgencyId("kz.mia"): "author", AgencyId("kz.fma"): "recipient"}
    return hub.sign(replace(draft, parts=(*draft.parts, hub.part("content", readers))))


REFUSED: list[tuple[Callable[[Hub], SignedStatement], Reason]] = [
    (unpublished_certificate, Reason.CERTIFICATE_UNKNOWN),
    (revoked_certificate, Reason.CERTIFICATE_REVOKED),
    (expired_certificate, Reason.CERTIFICATE_EXPIRED),
    (anothers_certificate, Reason.AUTHOR_MISMATCH),
    (own_agency_other_role, Reason.AUTHOR_MISMATCH),
    (altered_payload, Reason.SIGNATURE_INVALID),
    (foreign_signature, Reason.SIGNATURE_INVALID),
    (no_signature, Reason.SIGNATURE_INVALID),
    (other_payload_type, Reason.INVALID_FIELD),
    (opening_twice, Reason.ID_REUSED),
    (opening_under_anothers_id, Reason.ID_REUSED),
    (unknown_exchange, Reason.EXCHANGE_UNKNOWN),
    (stranger, Reason.EXCHANGE_UNKNOWN),
    (supervisor_speaking, Reason.EXCHANGE_UNKNOWN),
    (recipient_of_a_held_leg, Reason.EXCHANGE_UNKNOWN),
    (approver_recalling, Reason.NOT_A_PARTY),
    (leg_of_nobody, Reason.NOT_A_PARTY),
    (recipient_to_a_third, Reason.INVALID_FIELD),
    (own_request, Reason.OWN_REQUEST),
    (opening_to_nobody, Reason.MISSING_FIELD),
    (opening_to_oneself, Reason.OWN_AGENCY_ADDRESSED),
    (below_the_handling, Reason.INVALID_FIELD),
    (below_a_supplements_handling, Reason.INVALID_FIELD),
    (below_the_tlp, Reason.INVALID_FIELD),
    (policy_denies, Reason.POLICY_DENIED),
    (auditor_opening, Reason.POLICY_DENIED),
    (no_approver, Reason.NO_APPROVER),
    (unknown_recipient, Reason.AGENCY_UNKNOWN),
    (answer_before_reading, Reason.OUT_OF_ORDER),
    (stale_answer, Reason.STALE_ANSWER),
    (approving_twice, Reason.ALREADY_DECIDED),
    (approving_what_is_released, Reason.OUT_OF_ORDER),
    (no_brief, Reason.PART_MISSING),
    (without_the_supervisor, Reason.SUPERVISOR_MISSING),
    (with_another_supervisor, Reason.INVALID_FIELD),
    (sealed_past_the_supervisor, Reason.READERS_MISMATCH),
    (sealed_to_a_stranger, Reason.READERS_MISMATCH),
    (sealed_in_another_role, Reason.READERS_MISMATCH),
    (content_to_the_supervisor, Reason.READERS_MISMATCH),
    (unpublished_sealing_key, Reason.SEALING_KEY_UNKNOWN),
    (content_past_the_gate, Reason.PART_MISMATCH),
    (content_with_a_recall, Reason.PART_MISMATCH),
]


@pytest.mark.parametrize(
    ("attempt", "reason"), REFUSED, ids=[attempt.__name__ for attempt, _ in REFUSED]
)
def test_refused_with_its_reason(
    hub: Hub, attempt: Callable[[Hub], SignedStatement], reason: Reason
) -> None:
    said = attempt(hub)
    before = (hub.directory, copy.copy(hub.exchanges), len(hub.log))
    with pytest.raises(ExchangeError) as refused:
        hub.submit(said)
    assert refused.value.reason is reason, refused.value
    assert (hub.directory, hub.exchanges, len(hub.log)) == before


def test_a_stranger_learns_nothing_from_the_refusal(hub: Hub) -> None:
    """The words for an exchange that one may not know of are those for one that is not there."""
    known = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, handling=Handling.H3))
    messages = set()
    for exchange_id in (known.exchange_id, hub.new_id()):
        draft = hub.compose(UZ_FIU, Kind.ACKNOWLEDGE.body(), to=["kz.mia"])
        said = hub.sign(replace(draft, exchange_id=exchange_id, answers=bytes(32)))
        with pytest.raises(ExchangeError) as refused:
            hub.submit(said)
        messages.add(str(refused.value).replace(exchange_id, "ID"))
    assert len(messages) == 1


def test_before_a_policy_nothing_is_permitted(hub: Hub) -> None:
    said = hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"]))
    with pytest.raises(ExchangeError) as refused:
        judge(
            said,
            parse_statement(said.payload),
            directory=replace(hub.directory, policy=None),
            exchange=None,
            anchors=hub.cast.anchors,
            at=hub.now,
        )
    assert refused.value.reason is Reason.POLICY_DENIED


def test_a_log_begins_with_an_operators_own_certificate_alone(hub: Hub) -> None:
    said = hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"]))
    with pytest.raises(ExchangeError) as refused:
        judge(
            said,
            parse_statement(said.payload),
            directory=EMPTY_DIRECTORY,
            exchange=None,
            anchors=hub.cast.anchors,
            at=hub.now,
        )
    assert refused.value.reason is Reason.CERTIFICATE_UNKNOWN


def test_an_old_sealing_key_still_counts_as_published(hub: Hub) -> None:
    draft = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    new = SealingPrivateKey.generate().public_key
    hub.say(KZ_FMA, PublishSealingKey(new.to_bytes()))
    assert hub.directory.sealing_key(AgencyId("kz.fma")) == new
    hub.submit(hub.sign(draft))


def test_the_whole_way_of_a_cross_border_request(hub: Hub) -> None:
    asked = held(hub)
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Kind.ACKNOWLEDGE.body(), on=asked)
    hub.say(UZ_FIU, Kind.PARTIAL_REPLY.body(), on=asked)
    hub.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=asked)
    hub.say(KZ_MIA, Feedback(3, ()), to=["uz.fiu"], on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").state is LegState.CLOSED


def test_a_refused_exchange_can_be_closed(hub: Hub) -> None:
    asked = read_request(hub)
    hub.say(KZ_FMA, Refuse(RefusalGround.LEGAL_PRIVILEGE), on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.CLOSED


def test_roles_that_speak_for_nothing(hub: Hub) -> None:
    for role in (Role.AUDITOR, Role.OPERATOR, Role.AUTHORISER, Role.COORDINATOR):
        who = member("kz.mia", role, "fictional")
        draft = replace(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"]), author=who)
        with pytest.raises(ExchangeError) as refused:
            plan_route(hub.directory, draft)
        assert refused.value.reason is Reason.POLICY_DENIED


def test_an_agency_that_is_not_enrolled_does_not_speak(hub: Hub) -> None:
    said = hub.sign(hub.compose(KZ_MIA, REQUEST, to=["kz.fma"]))
    rest = {k: v for k, v in hub.directory.agencies.items() if k != "kz.mia"}
    hub.directory = replace(hub.directory, agencies=rest)
    with pytest.raises(ExchangeError) as refused:
        hub.submit(said)
    assert refused.value.reason is Reason.AGENCY_NOT_ENROLLED


def test_an_approval_does_not_outlive_the_revocation_of_its_author(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, tlp=Tlp.RED))
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    stolen = hub.cast.signers[COORDINATOR].fingerprint
    hub.say(OPERATOR, RevokeCertificate(stolen, RevocationReason.KEY_COMPROMISE))
    hub.say(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").state is LegState.HELD
    assert hub.leg(asked, "uz.fiu").approvals == (SECOND_COORDINATOR.uri,)


def test_an_approval_outlives_the_renewal_of_its_authors_certificate(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, tlp=Tlp.RED))
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.say(OPERATOR, PublishCertificate(hub.cast.issue(COORDINATOR).certificate))
    old = hub.cast.signers[COORDINATOR].fingerprint
    hub.say(OPERATOR, RevokeCertificate(old, RevocationReason.SUPERSEDED))
    hub.say(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert hub.leg(asked, "uz.fiu").state is LegState.RELEASED
