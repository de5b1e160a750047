"""The statement kinds and their agencies: the one place where a new kind gets its value type.

A kind that says nothing beyond its name is `Plain`: it needs its line in `Kind` and no more. A kind
with codes of its own has a frozen class, a parser in `_PARSERS` and nothing else: encoding follows
from the class, whose attributes bear the names of the wire contract's fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import (
    AgencyType,
    ErasureGround,
    FeedbackUse,
    RefusalGround,
    ReplyResult,
    RevocationReason,
    Verdict,
)
from exchange_protocol.kinds.fields import (
    missing,
    parse_digest,
    parse_enum,
    parse_matching,
    parse_time_zone,
)
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.trust.sealing import SealingSuite
from exchange_protocol.v1 import statement_pb2 as pb

MAX_POLICY_BYTES = 128 * 1024
MAX_INTERMEDIATES = 4
MAX_NAME_CHARACTERS = 200
MAX_USEFULNESS = 3

_COUNTRY = re.compile(r"[A-Z]{2}")
_FIRST_CONTINUING_FIELD = 40
_FIRST_DIRECTORY_FIELD = 70


class Stage(Enum):
    """What a statement does: open an exchange, continue one, or change the directory."""

    INITIAL = "initial"
    CONTINUING = "continuing"
    DIRECTORY = "directory"


class Kind(StrEnum):
    """Statement kinds; the value is the name of the body's field on the wire."""

    INFORMATION_REQUEST = "information_request"
    REFERRAL = "referral"
    ANALYSIS_REQUEST = "analysis_request"

    ACKNOWLEDGE = "acknowledge"
    RETURN_FOR_INFORMATION = "return_for_information"
    SUPPLEMENT = "supplement"
    INTERIM_REPLY = "interim_reply"
    PARTIAL_REPLY = "partial_reply"
    REPLY = "reply"
    REFUSE = "refuse"
    ANALYSIS_PRODUCT = "analysis_product"
    DECISION = "decision"
    RECALL = "recall"
    FEEDBACK = "feedback"
    CLOSE = "close"
    ERASE_NOTICE = "erase_notice"

    ENROL_AGENCY = "enrol_agency"
    PUBLISH_CERTIFICATE = "publish_certificate"
    REVOKE_CERTIFICATE = "revoke_certificate"
    PUBLISH_SEALING_KEY = "publish_sealing_key"
    PUBLISH_POLICY = "publish_policy"

    @property
    def stage(self) -> Stage:
        return _STAGES[self]

    @property
    def action(self) -> str:
        """The kind as the policy writes it, such as "InformationRequest"."""
        return _ACTIONS[self]


def _stage(kind: Kind) -> Stage:
    """The wire contract numbers opening agencies from 30, continuing from 40, directory from 70."""
    number = pb.Statement.DESCRIPTOR.fields_by_name[kind.value].number
    if number < _FIRST_CONTINUING_FIELD:
        return Stage.INITIAL
    return Stage.CONTINUING if number < _FIRST_DIRECTORY_FIELD else Stage.DIRECTORY


_STAGES = {kind: _stage(kind) for kind in Kind}
_ACTIONS = {kind: kind.value.title().replace("_", "") for kind in Kind}


@dataclass(frozen=True, slots=True)
class Plain:
    """Body of a kind that says nothing beyond its name; what it says is in the sealed parts."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Reply:
    """The final answer of a recipient; `result` says what came of the request."""

    result: ReplyResult
    kind: Kind = field(default=Kind.REPLY, init=False)


@dataclass(frozen=True, slots=True)
class Refuse:
    """A recipient's reasoned refusal; the words are in the sealed parts."""

    ground: RefusalGround
    kind: Kind = field(default=Kind.REFUSE, init=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """A coordinator's decision on the legs that it addresses; `ground` only to reject."""

    verdict: Verdict
    ground: RefusalGround | None = None
    kind: Kind = field(default=Kind.DECISION, init=False)


@dataclass(frozen=True, slots=True)
class Feedback:
    """`usefulness` is 0 (not useful) to 3 (very useful)."""

    usefulness: int
    uses: tuple[FeedbackUse, ...]
    kind: Kind = field(default=Kind.FEEDBACK, init=False)


@dataclass(frozen=True, slots=True)
class EraseNotice:
    """An initiator's word that what was said on a leg is to be forgotten."""

    ground: ErasureGround
    kind: Kind = field(default=Kind.ERASE_NOTICE, init=False)


@dataclass(frozen=True, slots=True)
class EnrolAgency:
    """`country` is ISO 3166-1 alpha-2, or empty for an international body."""

    agency: AgencyId
    name: str
    country: str
    agency_type: AgencyType
    time_zone: str
    kind: Kind = field(default=Kind.ENROL_AGENCY, init=False)


@dataclass(frozen=True, slots=True)
class PublishCertificate:
    """A signing certificate and its intermediates, the leaf's issuer first; all DER."""

    certificate: bytes
    intermediates: tuple[bytes, ...] = ()
    kind: Kind = field(default=Kind.PUBLISH_CERTIFICATE, init=False)


@dataclass(frozen=True, slots=True)
class RevokeCertificate:
    """Takes back a published signing certificate, named by SHA-256 of its DER."""

    certificate_sha256: bytes
    reason: RevocationReason
    kind: Kind = field(default=Kind.REVOKE_CERTIFICATE, init=False)


@dataclass(frozen=True, slots=True)
class PublishSealingKey:
    """`public_key` is 1216 bytes: ML-KEM-768 (1184) || X25519 (32)."""

    public_key: bytes
    suite: SealingSuite = SealingSuite.MLKEM768_X25519_AES256GCM
    kind: Kind = field(default=Kind.PUBLISH_SEALING_KEY, init=False)


@dataclass(frozen=True, slots=True)
class PublishPolicy:
    """Cedar text; `rules.policy` compiles it."""

    cedar: str
    kind: Kind = field(default=Kind.PUBLISH_POLICY, init=False)


Body = (
    Plain
    | Reply
    | Refuse
    | Decision
    | Feedback
    | EraseNotice
    | EnrolAgency
    | PublishCertificate
    | RevokeCertificate
    | PublishSealingKey
    | PublishPolicy
)


def parse_body(message: pb.Statement) -> Body:
    """Take the body of a statement from the wire."""
    name = message.WhichOneof("body")
    if name is None:
        raise Reason.UNKNOWN_KIND.error("expected a body of a known kind, got none", field="body")
    kind = Kind(name)
    parser = _PARSERS.get(kind)
    return parser(message) if parser else Plain(kind)


def encode_body(body: Body, message: pb.Statement) -> None:
    """Set the body of a wire statement."""
    target = getattr(message, body.kind.value)
    target.SetInParent()
    for name in body.__slots__:
        value = getattr(body, name)
        if name == "kind" or value is None:
            continue
        if isinstance(value, tuple):
            getattr(target, name).extend(value)
        else:
            setattr(target, name, value)


def parse_kind(text: str, where: str = "kind") -> Kind:
    """Check the name of a kind, such as "information_request"."""
    try:
        return Kind(text)
    except ValueError:
        raise Reason.UNKNOWN_KIND.error(
            f"expected one of {', '.join(Kind)}; got {text[:64]!r}", field=where
        ) from None


def _reply(m: pb.Statement) -> Body:
    return Reply(parse_enum(ReplyResult, m.reply.result, "reply.result"))


def _refuse(m: pb.Statement) -> Body:
    return Refuse(parse_enum(RefusalGround, m.refuse.ground, "refuse.ground"))


def _decision(m: pb.Statement) -> Body:
    verdict = parse_enum(Verdict, m.decision.verdict, "decision.verdict")
    if verdict is Verdict.REJECT:
        return Decision(verdict, parse_enum(RefusalGround, m.decision.ground, "decision.ground"))
    if m.decision.ground:
        raise Reason.INVALID_FIELD.error(
            f"expected a ground only to reject, got one to {verdict.name}", field="decision.ground"
        )
    return Decision(verdict)


def _feedback(m: pb.Statement) -> Body:
    if m.feedback.usefulness > MAX_USEFULNESS:
        raise Reason.INVALID_FIELD.error(
            f"expected 0 to {MAX_USEFULNESS}, got {m.feedback.usefulness}",
            field="feedback.usefulness",
        )
    uses = tuple(
        parse_enum(FeedbackUse, use, f"feedback.uses[{i}]")
        for i, use in enumerate(m.feedback.uses[: len(FeedbackUse) + 1])
    )
    if len(set(uses)) != len(m.feedback.uses):
        raise Reason.INVALID_FIELD.error("expected each use once", field="feedback.uses")
    return Feedback(m.feedback.usefulness, uses)


def _erase_notice(m: pb.Statement) -> Body:
    return EraseNotice(parse_enum(ErasureGround, m.erase_notice.ground, "erase_notice.ground"))


def _enrol_agency(m: pb.Statement) -> Body:
    body = m.enrol_agency
    if not 0 < len(body.name) <= MAX_NAME_CHARACTERS or not body.name.isprintable():
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {MAX_NAME_CHARACTERS} printable characters, got {len(body.name)}",
            field="enrol_agency.name",
        )
    return EnrolAgency(
        agency=parse_agency_id(body.agency, field="enrol_agency.agency"),
        name=body.name,
        country=parse_matching(
            body.country, _COUNTRY, "an ISO 3166-1 alpha-2 code", "enrol_agency.country"
        )
        if body.country
        else "",
        agency_type=parse_enum(AgencyType, body.agency_type, "enrol_agency.agency_type"),
        time_zone=parse_time_zone(body.time_zone, "enrol_agency.time_zone"),
    )


def _publish_certificate(m: pb.Statement) -> Body:
    body = m.publish_certificate
    if not body.certificate:
        missing("publish_certificate.certificate")
    if len(body.intermediates) > MAX_INTERMEDIATES:
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_INTERMEDIATES}, got {len(body.intermediates)}",
            field="publish_certificate.intermediates",
        )
    return PublishCertificate(body.certificate, tuple(body.intermediates))


def _revoke_certificate(m: pb.Statement) -> Body:
    body = m.revoke_certificate
    return RevokeCertificate(
        parse_digest(body.certificate_sha256, "revoke_certificate.certificate_sha256"),
        parse_enum(RevocationReason, body.reason, "revoke_certificate.reason"),
    )


def _publish_sealing_key(m: pb.Statement) -> Body:
    body = m.publish_sealing_key
    if not body.public_key:
        missing("publish_sealing_key.public_key")
    return PublishSealingKey(
        public_key=body.public_key,
        suite=parse_enum(SealingSuite, body.suite, "publish_sealing_key.suite"),
    )


def _publish_policy(m: pb.Statement) -> Body:
    text = m.publish_policy.cedar
    size = len(text.encode())
    if not 0 < size <= MAX_POLICY_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected 1 to {MAX_POLICY_BYTES} bytes, got {size}", field="publish_policy.cedar"
        )
    return PublishPolicy(text)


_PARSERS: dict[Kind, Callable[[pb.Statement], Body]] = {
    Kind.REPLY: _reply,
    Kind.REFUSE: _refuse,
    Kind.DECISION: _decision,
    Kind.FEEDBACK: _feedback,
    Kind.ERASE_NOTICE: _erase_notice,
    Kind.ENROL_AGENCY: _enrol_agency,
    Kind.PUBLISH_CERTIFICATE: _publish_certificate,
    Kind.REVOKE_CERTIFICATE: _revoke_certificate,
    Kind.PUBLISH_SEALING_KEY: _publish_sealing_key,
    Kind.PUBLISH_POLICY: _publish_policy,
}
"""Kinds with fields of their own; every other kind is `Plain`."""
