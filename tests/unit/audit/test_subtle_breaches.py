"""Breaches that look right at first sight: one instant, one signature, one old statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from agency_client.audit import Verdict as AuditVerdict
from agency_client.audit import verify_log
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.codes import WithholdingGround
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.require_post_quantum import RequirePostQuantum
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import (
    InspectedRange,
    encode_entry,
    parse_entry,
)
from exchange_protocol.record.replay import GIVEN_CONTENT
from exchange_protocol.rules.judgement import Ruling, judge
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_server.rpc.authorization import ALLOWED_ROLES
from exchange_server.rpc.calls import FETCH_PART
from tests.support.divided import verify_both_ways
from tests.support.listed_log import (
    REQUEST,
    ListedLog,
    domestic_exchange,
    gated_exchange,
    read_request,
)
from tests.support.statements import (
    AGENCIES,
    AUDITOR,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    OPERATOR,
    POLICY,
    SECOND_COORDINATOR,
    SECOND_OPERATOR,
    UZ_FIU,
    Hub,
    fictional_cast,
    member,
)
from tests.unit.audit.test_broken_rules import accept, ruled
from tests.unit.rules.test_directory import half_signed

APPROVE = Decision(Verdict.APPROVE)
NEWER = POLICY + "\n// The same rules, in a newer text.\n"
INFORMATION = Reply(ReplyResult.INFORMATION)


def last(hub: Hub) -> int:
    """The index of the newest entry."""
    return len(hub.log) - 1


def alter(hub: Hub, **fields: object) -> int:
    """Write other things into the newest entry; gives its index."""
    entry = parse_entry(hub.log[-1].entry)
    hub.log[-1] = replace(hub.log[-1], entry=encode_entry(replace(entry, **fields)))  # type: ignore[arg-type]
    return last(hub)


def published(hub: Hub, author: Member, body: Body) -> int:
    """Take in a directory statement, whatever the rules say."""
    return accept(hub, hub.sign(hub.compose(author, body)), of_directory(hub))


def of_directory(hub: Hub) -> Ruling:
    assert hub.directory.policy is not None
    return Ruling(hub.directory.policy.digest, (), (), ())


# --- One instant ----------------------------------------------------------------------------------


def delivery_that_stands_before_its_request(hub: Hub) -> int:
    """Both have one time, to the microsecond; only their order is another."""
    at = hub.now
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.now = at
    hub.deliver(KZ_FMA, asked)
    swap_last_two(hub)
    return last(hub) - 1


def delivery_that_stands_before_its_approval(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    at = hub.now
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    hub.now = at
    hub.deliver(UZ_FIU, asked)
    swap_last_two(hub)
    return last(hub) - 1


def swap_last_two(hub: Hub) -> None:
    first, second = (parse_entry(each.entry).hub_time for each in hub.log[-2:])
    assert first == second
    hub.log[-2:] = reversed(hub.log[-2:])
    hub.scopes[-2:] = reversed(hub.scopes[-2:])


def ruling_by_the_policy_of_an_instant_before(hub: Hub) -> int:
    """The newer policy gives the same ruling; the hub cites the older one, at the same time."""
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    hub.change_policy(NEWER)
    hub.now = parse_entry(hub.log[-1].entry).hub_time
    return accept(hub, hub.sign(asked), ruling)


def delivery_that_cites_a_policy(hub: Hub) -> int:
    """No policy decides on a delivery: what is cited would be read as if one had."""
    read_request(hub)
    ruling = parse_entry(hub.log[-1].entry).ruling
    assert ruling is not None
    return alter(hub, ruling=replace(ruling, policy_digest=of_directory(hub).policy_digest))


def delivery_that_cites_a_rule(hub: Hub) -> int:
    read_request(hub)
    ruling = parse_entry(hub.log[-1].entry).ruling
    assert ruling is not None
    return alter(hub, ruling=replace(ruling, rule_ids=("because-i-say-so",)))


def delivery_that_names_a_supervisor(hub: Hub) -> int:
    read_request(hub)
    ruling = parse_entry(hub.log[-1].entry).ruling
    assert ruling is not None
    return alter(hub, ruling=replace(ruling, supervisors=(AgencyId("kz.gpo"),)))


def delivery_with_a_reason(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, reason="CONSENT_MISSING")


def statement_with_an_operation(hub: Hub) -> int:
    hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    return alter(hub, operation="FetchPart")


# --- The policy in force --------------------------------------------------------------------------


def ruling_by_a_policy_that_nobody_confirmed(hub: Hub) -> int:
    second = hub.cast.signers[SECOND_OPERATOR]
    hub.say(OPERATOR, PublishCertificate(second.certificate))
    hub.say(OPERATOR, PublishPolicy(NEWER))
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    ruling = replace(ruled(hub, asked), policy_digest=Policy.compile(NEWER).digest)
    return accept(hub, hub.sign(asked), ruling)


def policy_that_its_author_confirmed(hub: Hub) -> int:
    second = hub.cast.signers[SECOND_OPERATOR]
    hub.say(OPERATOR, PublishCertificate(second.certificate))
    hub.say(OPERATOR, PublishPolicy(NEWER))
    return published(hub, OPERATOR, ConfirmPolicy(Policy.compile(NEWER).digest))


# --- Deliveries -----------------------------------------------------------------------------------


def delivery_of_what_was_never_said(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, payload_digest=bytes(32))


def delivery_under_another_exchange(hub: Hub) -> int:
    other = domestic_exchange(hub)
    read_request(hub)
    return alter(hub, exchange_id=other.exchange_id)


def delivery_that_releases_in_silence(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, ruling=of_directory(hub))


def second_delivery_that_moves_the_leg_again(hub: Hub) -> int:
    asked = read_request(hub)
    ruling = parse_entry(hub.log[-1].entry).ruling
    hub.deliver(KZ_FMA, asked)
    return alter(hub, ruling=ruling)


def delivery_that_counts_a_larger_directory(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, directory_size=hub.directory.size + 1)


def delivery_to_an_auditor(hub: Hub) -> int:
    """An auditor reads entries, and never content."""
    read_request(hub)
    return alter(hub, actor=member("kz.fma", Role.AUDITOR, "fictional"))


def delivery_to_an_operator(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, actor=member("kz.fma", Role.OPERATOR, "fictional"))


def delivery_that_names_a_signature(hub: Hub) -> int:
    read_request(hub)
    return alter(hub, signature_digest=bytes(32))


# --- One statement twice --------------------------------------------------------------------------


def request_that_is_taken_twice(hub: Hub) -> int:
    """Two receipts for one statement."""
    asked = hub.compose(KZ_MIA, REQUEST, to=["kz.fma"])
    signed, ruling = hub.sign(asked), ruled(hub, asked)
    hub.submit(signed)
    return accept(hub, signed, ruling)


def reply_that_is_taken_twice(hub: Hub) -> int:
    asked = read_request(hub)
    reply = hub.compose(KZ_FMA, INFORMATION, on=asked)
    signed, ruling = hub.sign(reply), ruled(hub, reply)
    hub.submit(signed)
    return accept(hub, signed, ruling)


def reply_under_another_exchange(hub: Hub) -> int:
    """An old answer is put under a new question, whose entry names that exchange."""
    asked = read_request(hub)
    reply = hub.compose(KZ_FMA, INFORMATION, on=asked)
    signed, ruling = hub.sign(reply), ruled(hub, reply)
    other = read_request(hub)
    accept(hub, signed, ruling)
    return alter(hub, exchange_id=other.exchange_id)


def reply_in_an_exchange_that_nobody_opened(hub: Hub) -> int:
    asked = read_request(hub)
    reply = hub.compose(KZ_FMA, INFORMATION, on=asked)
    ruling = ruled(hub, reply)
    return accept(hub, hub.sign(replace(reply, exchange_id=hub.new_id())), ruling)


# --- Whose word it is -----------------------------------------------------------------------------


def entry_that_names_another_author(hub: Hub) -> int:
    hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    return alter(hub, actor=KZ_GPO)


def claim_by_a_person_of_another_agency(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    own = hub.compose(COORDINATOR, Claim(ClaimAct.TAKE), to=["uz.fiu"], on=asked)
    ruling = ruled(hub, own)
    foreign = hub.compose(KG_MIA, Claim(ClaimAct.TAKE), to=["uz.fiu"], on=asked)
    return accept(hub, hub.sign(foreign), ruling)


def second_approval_by_the_same_person(hub: Hub) -> int:
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=51))
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    other = hub.compose(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    ruling = ruled(hub, other)
    again = hub.compose(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    return accept(hub, hub.sign(again), ruling)


def release_by_an_approval_whose_key_was_revoked(hub: Hub) -> int:
    """Two approved, and the first one's key is revoked before the second: one is left."""
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=replace(CASE, subject_count=51))
    hub.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    second = hub.compose(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    ruling = ruled(hub, second)
    fingerprint = hub.cast.signers[COORDINATOR].fingerprint
    hub.say(OPERATOR, RevokeCertificate(fingerprint, RevocationReason.KEY_COMPROMISE))
    return accept(hub, hub.sign(second), ruling)


def request_of_an_agency_that_was_retired(hub: Hub) -> int:
    asked = hub.compose(KG_MIA, REQUEST, to=["kz.fma"])
    ruling = ruled(hub, asked)
    hub.say(OPERATOR, RetireAgency(AgencyId("kg.mia")))
    return accept(hub, hub.sign(asked), ruling)


def certificate_for_another_agency(hub: Hub) -> int:
    """An operator of one agency publishes a key for another: a look-alike between the two."""
    issued = hub.cast.issue(KZ_FMA)
    return published(hub, UZ_FIU, PublishCertificate(issued.certificate))


def enrolment_by_a_coordinator(hub: Hub) -> int:
    _, country, agency_type = AGENCIES["kz.fma"]
    body = EnrolAgency(AgencyId("kz.tax"), "Fictional taxes", country, agency_type, "Asia/Almaty")
    return published(hub, COORDINATOR, body)


def calendar_of_a_stranger(hub: Hub) -> int:
    """The days on which clocks run are swapped while one runs."""
    hub.say(
        KZ_MIA, REQUEST, to=["kz.fma"], header=replace(CASE, due_at=hub.now + timedelta(days=9))
    )
    return published(hub, KZ_FMA, PublishCalendar("KZ", 2026, "Asia/Almaty", 300, (1, 2, 3)))


def log_key_with_one_signature(hub: Hub) -> int:
    return published(hub, OPERATOR, half_signed())


# --- Two signatures -------------------------------------------------------------------------------


def second_signature_that_was_stripped(hub: Hub) -> int:
    signer = hub.cast.issue(KZ_FMA, post_quantum=True)
    hub.say(KZ_FMA, PublishCertificate(signer.certificate))
    hub.submit(hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer))
    asked = hub.compose(KZ_FMA, REQUEST, to=["kz.mia"])
    signed = hub.sign(asked, signer)
    ruling = hub.judge(signed).ruling
    return accept(hub, replace(signed, post_quantum_signature=b""), ruling)


def older_certificate_of_an_agency_that_asks_for_two(hub: Hub) -> int:
    asked = hub.compose(KZ_FMA, REQUEST, to=["kz.mia"])
    ruling = ruled(hub, asked)
    signer = hub.cast.issue(KZ_FMA, post_quantum=True)
    hub.say(KZ_FMA, PublishCertificate(signer.certificate))
    hub.submit(hub.sign(hub.compose(KZ_FMA, RequirePostQuantum(True)), signer))
    return accept(hub, hub.sign(asked), ruling)


# --- Consent --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Consented:
    """An answer, the consent to pass it on, and the referral that rests on both."""

    asked: Statement
    wish: Statement
    answer: Statement

    @classmethod
    def asked_for(cls, hub: Hub) -> Consented:
        asked = read_request(hub)
        answer = hub.say(KZ_FMA, INFORMATION, on=asked)
        hub.deliver(KZ_MIA, answer)
        about = ConsentRequest(answer.digest, AgencyId("kz.gpo"), CASE.purpose)  # type: ignore[arg-type]
        wish = hub.say(KZ_MIA, about, to=["kz.fma"], on=asked)
        hub.deliver(KZ_FMA, wish)
        return cls(asked, wish, answer)

    def decided(self, hub: Hub, outcome: ConsentOutcome, days: int | None = None) -> Statement:
        until = None if days is None else hub.now + timedelta(days=days)
        said = ConsentDecision(self.wish.digest, outcome, expires_at=until)
        return hub.say(KZ_FMA, said, on=self.asked)

    def passed_on(self, hub: Hub, *consents: bytes) -> int:
        """Refer what was received, whatever the rules say of it."""
        body = Referral(sources=(self.answer.digest,), consents=consents)
        signed = hub.sign(hub.compose(KZ_MIA, body, to=["kz.gpo"]))
        return accept(hub, signed, careless(hub, signed))


def careless(hub: Hub, signed: SignedStatement) -> Ruling:
    """The ruling of a hub that does not ask where what is passed on came from."""
    statement = parse_statement(signed.payload)
    return judge(
        signed,
        statement,
        directory=hub.directory,
        exchange=None,
        anchors=hub.cast.anchors,
        at=hub.now,
    ).ruling


def consent_that_was_given_after_its_use(hub: Hub) -> int:
    consent = Consented.asked_for(hub)
    at = consent.passed_on(hub)
    consent.decided(hub, ConsentOutcome.GRANTED, 7)
    return at


def consent_that_was_withdrawn_before_its_use(hub: Hub) -> int:
    consent = Consented.asked_for(hub)
    granted = consent.decided(hub, ConsentOutcome.GRANTED, 7)
    consent.decided(hub, ConsentOutcome.REVOKED)
    return consent.passed_on(hub, granted.digest)


def consent_that_has_lapsed(hub: Hub) -> int:
    consent = Consented.asked_for(hub)
    granted = consent.decided(hub, ConsentOutcome.GRANTED, 7)
    hub.now += timedelta(days=8)
    return consent.passed_on(hub, granted.digest)


def consent_to_another_statement(hub: Hub) -> int:
    other = Consented.asked_for(hub).decided(hub, ConsentOutcome.GRANTED, 7)
    return Consented.asked_for(hub).passed_on(hub, other.digest)


# --- Erasure, reminders, readings, refusals -------------------------------------------------------


def wrong_in_answer(hub: Hub, asked: Statement, author: Member, body: Body, to: str) -> int:
    """Take in what an author may not say in an exchange."""
    draft = hub.compose(author, body, to=[to], on=asked)
    return accept(hub, hub.sign(draft), replace(of_directory(hub), rule_ids=()))


def erasure_of_an_exchange_that_is_open(hub: Hub) -> int:
    asked = read_request(hub)
    return wrong_in_answer(hub, asked, KZ_MIA, EraseNotice(next(iter(ErasureGround))), "kz.fma")


def erasure_by_a_stranger(hub: Hub) -> int:
    asked = read_request(hub)
    return wrong_in_answer(hub, asked, KG_MIA, EraseNotice(next(iter(ErasureGround))), "kz.fma")


def reminder_by_the_one_who_owes_the_answer(hub: Hub) -> int:
    asked = read_request(hub)
    return wrong_in_answer(hub, asked, KZ_FMA, Remind(), "kz.mia")


def copy_withheld_from_a_supervisor_by_no_officer(hub: Hub) -> int:
    asked = hub.compose(KZ_FMA, REQUEST, to=["kz.mia"])
    ruling = replace(ruled(hub, asked), supervisors=())
    header = replace(
        asked.header,
        withheld_from=(AgencyId("kz.gpo"),),
        withholding_ground=next(iter(WithholdingGround)),
    )
    part = hub.part(BRIEF, {AgencyId("kz.mia"): "recipient", AgencyId("kz.fma"): "author"})
    hidden = replace(asked, supervisors=(), header=header, parts=(part,))
    return accept(hub, hub.sign(hidden), ruling)


def reading_by_one_who_is_no_auditor(hub: Hub) -> int:
    hub.inspect(AUDITOR)
    return alter(hub, actor=KG_MIA)


def reading_of_what_comes_later(hub: Hub) -> int:
    hub.inspect(AUDITOR)
    return alter(hub, inspected=InspectedRange(0, len(hub.log) + 5, 1))


def reading_under_an_exchange(hub: Hub) -> int:
    asked = read_request(hub)
    hub.inspect(AUDITOR)
    return alter(hub, exchange_id=asked.exchange_id)


def refusal_without_a_reason(hub: Hub) -> int:
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    return alter(hub, reason="")


def refusal_with_a_ruling(hub: Hub) -> int:
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    return alter(hub, ruling=of_directory(hub))


def refusal_that_names_a_range(hub: Hub) -> int:
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    return alter(hub, inspected=InspectedRange(0, 1, 1))


NOT_BEFORE_IT = "it delivers a statement that is not on the log before it"
BREACHES: list[tuple[Callable[[Hub], int], str]] = [
    (delivery_that_stands_before_its_request, NOT_BEFORE_IT),
    (delivery_that_stands_before_its_approval, "it is a delivery that the rules refuse"),
    (ruling_by_the_policy_of_an_instant_before, "expected the ruling"),
    (delivery_that_cites_a_policy, "expected a delivery to cite nothing"),
    (delivery_that_cites_a_rule, "because-i-say-so"),
    (delivery_that_names_a_supervisor, "expected a delivery to cite nothing"),
    (delivery_with_a_reason, "with a denial alone"),
    (statement_with_an_operation, "with a denial alone"),
    (ruling_by_a_policy_that_nobody_confirmed, "expected the ruling"),
    (policy_that_its_author_confirmed, "expected a confirmation by another person"),
    (delivery_of_what_was_never_said, NOT_BEFORE_IT),
    (delivery_under_another_exchange, NOT_BEFORE_IT),
    (delivery_that_releases_in_silence, "the delivery should change"),
    (second_delivery_that_moves_the_leg_again, "the delivery should change these legs: none"),
    (delivery_that_counts_a_larger_directory, "directory statements"),
    (delivery_to_an_auditor, "whose role is given no content"),
    (delivery_to_an_operator, "whose role is given no content"),
    (delivery_that_names_a_signature, "expected a signature with a statement alone"),
    (request_that_is_taken_twice, "ID_REUSED"),
    (reply_that_is_taken_twice, "OUT_OF_ORDER"),
    (reply_under_another_exchange, "STALE_ANSWER"),
    (reply_in_an_exchange_that_nobody_opened, "EXCHANGE_UNKNOWN"),
    (entry_that_names_another_author, "it names another author"),
    (claim_by_a_person_of_another_agency, "EXCHANGE_UNKNOWN"),
    (second_approval_by_the_same_person, "expected an approval by another person"),
    (release_by_an_approval_whose_key_was_revoked, "expected the ruling"),
    (request_of_an_agency_that_was_retired, "AGENCY_RETIRED"),
    (certificate_for_another_agency, "ROLE_NOT_PERMITTED"),
    (enrolment_by_a_coordinator, "ROLE_NOT_PERMITTED"),
    (calendar_of_a_stranger, "ROLE_NOT_PERMITTED"),
    (log_key_with_one_signature, "it takes both keys"),
    (second_signature_that_was_stripped, "SIGNATURE_MISSING"),
    (older_certificate_of_an_agency_that_asks_for_two, "SIGNATURE_MISSING"),
    (consent_that_was_given_after_its_use, "CONSENT_MISSING"),
    (consent_that_was_withdrawn_before_its_use, "CONSENT_MISSING"),
    (consent_that_has_lapsed, "CONSENT_MISSING"),
    (consent_to_another_statement, "CONSENT_MISSING"),
    (erasure_of_an_exchange_that_is_open, "OUT_OF_ORDER"),
    (erasure_by_a_stranger, "EXCHANGE_UNKNOWN"),
    (reminder_by_the_one_who_owes_the_answer, "POLICY_DENIED"),
    (copy_withheld_from_a_supervisor_by_no_officer, "POLICY_DENIED"),
    (reading_by_one_who_is_no_auditor, "the inspection names a reader without audit rights"),
    (reading_of_what_comes_later, "it inspects entries that come after it"),
    (reading_under_an_exchange, "it names something else"),
    (refusal_without_a_reason, "expected a denial with a reason"),
    (refusal_with_a_ruling, "expected a denial with a reason and without a ruling"),
    (refusal_that_names_a_range, "expected a range that was read with an inspection alone"),
]


@pytest.mark.parametrize("way", ["alone", pytest.param("divided", marks=pytest.mark.thorough)])
@pytest.mark.parametrize(("breach", "cited"), BREACHES, ids=[each.__name__ for each, _ in BREACHES])
def test_the_entry_is_named_and_the_verdict_is_about_the_hub(
    breach: Callable[[Hub], int], cited: str, way: str
) -> None:
    hub = Hub.founded()
    domestic_exchange(hub)
    gated_exchange(hub)
    at = breach(hub)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    audit = verify_both_ways if way == "divided" else verify_log
    anchors = fictional_cast().anchors
    assert audit(ListedLog(hub.log[:at]), anchors, auditor=None).is_clean
    report = audit(ListedLog(hub.log), anchors, auditor=None)
    assert report.verdict is AuditVerdict.VIOLATIONS
    [violation] = report.violations
    assert (violation.index, violation.reason) == (at, Reason.RULE_BROKEN)
    assert violation.message.startswith(f"entry {at}: ")
    assert cited in violation.message


def test_audit_expects_the_roles_to_which_a_hub_gives_content() -> None:
    assert ALLOWED_ROLES[FETCH_PART] == GIVEN_CONTENT
