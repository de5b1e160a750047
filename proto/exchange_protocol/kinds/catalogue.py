"""All kinds of statement, in the order of the wire contract: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds import (
    acknowledge,
    advance_notice,
    analysis_product,
    analysis_request,
    announce_correction,
    answer_test,
    ask_to_lift,
    asset_findings,
    asset_trace_request,
    certificate_answer,
    certificate_request,
    claim,
    clearance,
    close,
    complete_task,
    confirm_policy,
    confirm_recall,
    connectivity_test,
    consent_decision,
    consent_request,
    contribute,
    correct,
    decision,
    decline,
    draft_analysis,
    enrol_agency,
    erase_answer,
    erase_notice,
    extend_deadline,
    feedback,
    freeze_status,
    give_notice,
    information_request,
    interim_reply,
    invite,
    involve_supervisor,
    join,
    joint_case,
    leave,
    member_consent_request,
    partial_reply,
    publish_acceptance,
    publish_calendar,
    publish_certificate,
    publish_log_key,
    publish_policy,
    publish_sealing_key,
    publish_time_limit,
    recall,
    referral,
    refuse,
    remind,
    reply,
    require_post_quantum,
    retire_agency,
    return_for_information,
    revoke_certificate,
    supervisor_comment,
    supplement,
    task,
    update_agency,
    urgent_freeze_request,
)
from exchange_protocol.kinds.bodies import Body, ParseBody
from exchange_protocol.kinds.body_parsing import encode as encode_fields
from exchange_protocol.kinds.body_parsing import parser_of
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb


class Kind(StrEnum):
    """Kinds of statement; the value is the name of the body's field on the wire."""

    _value_: str
    spec: KindSpec
    stage: Stage
    """Its effect: it opens an exchange, continues one, or changes the directory."""

    def __new__(cls, spec: KindSpec) -> Kind:
        member = str.__new__(cls, spec.name)
        member._value_ = spec.name
        member.spec = spec
        member.stage = spec.stage
        return member

    INFORMATION_REQUEST = information_request.SPEC
    REFERRAL = referral.SPEC
    ANALYSIS_REQUEST = analysis_request.SPEC
    ASSET_TRACE_REQUEST = asset_trace_request.SPEC
    URGENT_FREEZE_REQUEST = urgent_freeze_request.SPEC
    ADVANCE_NOTICE = advance_notice.SPEC
    CONNECTIVITY_TEST = connectivity_test.SPEC
    JOINT_CASE = joint_case.SPEC
    CERTIFICATE_REQUEST = certificate_request.SPEC

    ACKNOWLEDGE = acknowledge.SPEC
    RETURN_FOR_INFORMATION = return_for_information.SPEC
    SUPPLEMENT = supplement.SPEC
    INTERIM_REPLY = interim_reply.SPEC
    PARTIAL_REPLY = partial_reply.SPEC
    REPLY = reply.SPEC
    REFUSE = refuse.SPEC
    ANALYSIS_PRODUCT = analysis_product.SPEC
    DECISION = decision.SPEC
    RECALL = recall.SPEC
    FEEDBACK = feedback.SPEC
    CLOSE = close.SPEC
    ERASE_NOTICE = erase_notice.SPEC
    EXTEND_DEADLINE = extend_deadline.SPEC
    FREEZE_STATUS = freeze_status.SPEC
    ASK_TO_LIFT = ask_to_lift.SPEC
    ASSET_FINDINGS = asset_findings.SPEC
    ANNOUNCE_CORRECTION = announce_correction.SPEC
    CORRECT = correct.SPEC
    REMIND = remind.SPEC
    CLAIM = claim.SPEC
    CONFIRM_RECALL = confirm_recall.SPEC
    ERASE_ANSWER = erase_answer.SPEC
    GIVE_NOTICE = give_notice.SPEC
    CLEARANCE = clearance.SPEC
    ANSWER_TEST = answer_test.SPEC
    CONSENT_REQUEST = consent_request.SPEC
    CONSENT_DECISION = consent_decision.SPEC
    INVITE = invite.SPEC
    JOIN = join.SPEC
    DECLINE = decline.SPEC
    LEAVE = leave.SPEC
    CONTRIBUTE = contribute.SPEC
    TASK = task.SPEC
    COMPLETE_TASK = complete_task.SPEC
    DRAFT_ANALYSIS = draft_analysis.SPEC
    SUPERVISOR_COMMENT = supervisor_comment.SPEC
    MEMBER_CONSENT_REQUEST = member_consent_request.SPEC
    INVOLVE_SUPERVISOR = involve_supervisor.SPEC
    CERTIFICATE_ANSWER = certificate_answer.SPEC

    ENROL_AGENCY = enrol_agency.SPEC
    PUBLISH_CERTIFICATE = publish_certificate.SPEC
    REVOKE_CERTIFICATE = revoke_certificate.SPEC
    PUBLISH_SEALING_KEY = publish_sealing_key.SPEC
    PUBLISH_POLICY = publish_policy.SPEC
    UPDATE_AGENCY = update_agency.SPEC
    RETIRE_AGENCY = retire_agency.SPEC
    PUBLISH_ACCEPTANCE = publish_acceptance.SPEC
    PUBLISH_TIME_LIMIT = publish_time_limit.SPEC
    PUBLISH_LOG_KEY = publish_log_key.SPEC
    PUBLISH_CALENDAR = publish_calendar.SPEC
    CONFIRM_POLICY = confirm_policy.SPEC
    REQUIRE_POST_QUANTUM = require_post_quantum.SPEC

    @property
    def action(self) -> str:
        """The kind as the policy writes it, such as "InformationRequest"."""
        return self.spec.action

    @property
    def body(self) -> type[Body]:
        """The class of its bodies."""
        return self.spec.body


ROWS: Final[tuple[tuple[Kind, Row], ...]] = tuple(
    (kind, row) for kind in Kind for row in kind.spec.rows
)
"""The whole table of the lifecycle."""
STATES_OF_ASKING: Final[Mapping[Party, tuple[LegState, ...]]] = {
    party: tuple(
        state
        for state in LegState
        if any(
            kind.spec.asks
            and row.party is not party
            and state in (row.before if row.after is None else (row.after,))
            for kind, row in ROWS
        )
    )
    for party in (Party.INITIATOR, Party.RECIPIENT)
}
"""States of a leg in which the other end may have asked something of a party (`KindSpec.asks`)."""
_KINDS: Final[Mapping[type[Body], Kind]] = {kind.spec.body: kind for kind in Kind}
_PARSERS: Final[Mapping[str, ParseBody]] = {kind.value: parser_of(kind.spec) for kind in Kind}


def kind_of(body: Body) -> Kind:
    """The kind of a body."""
    return _KINDS[type(body)]


def parse_body(message: pb.Statement) -> Body:
    """Take the body of a statement from the wire."""
    name = message.WhichOneof("body")
    if name is None:
        raise Reason.UNKNOWN_KIND.error("expected a body of a known kind, got none", field="body")
    return _PARSERS[name](getattr(message, name), name)


def encode_body(body: Body, message: pb.Statement) -> None:
    """Set the body of a wire statement."""
    target = getattr(message, kind_of(body).value)
    target.SetInParent()
    encode_fields(body, target)


def parse_kind(text: str, where: str = "kind") -> Kind:
    """Check the name of a kind, such as "information_request"."""
    for kind in Kind:
        if kind.value == text:
            return kind
    raise Reason.UNKNOWN_KIND.error(
        f"expected one of {', '.join(kind.value for kind in Kind)}; got {text[:64]!r}", field=where
    )
