"""The changes of the directory: who may make each, and the directory that follows.

`advance_directory` applies one directory statement to a `Directory` and gives the next; nothing
else makes one.

The right to change it is the constitution of the deployment, and stands in code, not in the policy:
- The first statement publishes an operator's certificate and is signed with it; its chain to the
  root is what makes it trustworthy. That operator's agency is the operating agency from then on.
- The operating agency's operators enrol, change and retire agencies, publish time limits, calendars
  and the log's next key, publish and revoke any signing certificate.
- One operator proposes a policy and another confirms it, by the rule of four eyes that approvals
  keep. The first policy takes one: a log is founded before it can have a second operator.
- An agency's own systems publish the agency's sealing key and what it takes, and publish and revoke
  further certificates of the agency. They say whether its members must sign by post-quantum keys
  too; for the operating agency its operators may.

Assumed verified: the statement's signature and its author's certificate (`judgement.authenticate`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_acceptance import PublishAcceptance
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.require_post_quantum import RequirePostQuantum
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevokeCertificate
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.kinds.update_agency import UpdateAgency
from exchange_protocol.log.succession import check_follows
from exchange_protocol.rules.directory import CertificateRecord, Directory, PolicyProposal
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.rulebook import Agency
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.certificates import TrustAnchors, Usage, verify_certificate
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_protocol.trust.sealing import SealingPublicKey


def advance_directory(
    directory: Directory, statement: Statement, anchors: TrustAnchors, at: datetime
) -> Directory:
    """Apply one directory statement at the hub's time `at`.

    Raises:
        NotPermitted: if the author may not change this.
        InvalidInput, NotAuthenticated, Conflict: if what it publishes is not good.
    """
    match statement.body:
        case EnrolAgency() as body:
            changed = _enrol(directory, statement.author, body)
        case PublishCertificate() as body:
            changed = _publish_certificate(directory, statement.author, body, anchors, at)
        case RevokeCertificate() as body:
            changed = _revoke_certificate(directory, statement.author, body, at)
        case PublishSealingKey() as body:
            changed = _publish_sealing_key(directory, statement.author, body)
        case PublishPolicy() as body:
            changed = _publish_policy(directory, statement.author, body, at)
        case ConfirmPolicy() as body:
            changed = _confirm_policy(directory, statement.author, body, at)
        case UpdateAgency() as body:
            changed = _update_agency(directory, statement.author, body)
        case RetireAgency() as body:
            changed = _retire_agency(directory, statement.author, body)
        case PublishAcceptance() as body:
            changed = _publish_acceptance(directory, statement.author, body)
        case PublishTimeLimit() as body:
            _require_operator(directory, statement.author, "publish a time limit")
            changed = replace(directory, times=directory.times.with_limit(body))
        case PublishCalendar() as body:
            _require_operator(directory, statement.author, "publish a calendar")
            changed = replace(directory, times=directory.times.with_calendar(body, at))
        case RequirePostQuantum() as body:
            changed = _require_post_quantum(directory, statement.author, body, at)
        case PublishLogKey() as body:
            changed = _publish_log_key(directory, statement.author, body)
        case _:
            raise ValueError(f"{statement.kind} is no directory statement")
    return replace(changed, size=directory.size + 1)


def is_genesis(directory: Directory, statement: Statement) -> bool:
    """True if this is the first statement of all: an operator's own certificate."""
    return (
        directory.size == 0
        and isinstance(statement.body, PublishCertificate)
        and statement.author.role is Role.OPERATOR
    )


def _require_operator(directory: Directory, author: Member, act: str) -> None:
    if author.role is not Role.OPERATOR or author.agency != directory.operating_agency:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected an operator of {directory.operating_agency} to {act}, got {author}"
        )


def _require_operator_or_own(
    directory: Directory, author: Member, agency: AgencyId, act: str
) -> None:
    if author.agency == agency and author.role is Role.SYSTEM:
        return
    _require_operator(directory, author, f"{act} (or a system of {agency})")


def _enrol(directory: Directory, author: Member, body: EnrolAgency) -> Directory:
    _require_operator(directory, author, "enrol an agency")
    if body.agency in directory.agencies:
        raise Reason.ALREADY_ENROLLED.error(f"{body.agency} is enrolled already")
    agency = Agency(body.agency, body.name, body.country, body.agency_type, body.time_zone)
    return _with_agency(directory, agency)


def _update_agency(directory: Directory, author: Member, body: UpdateAgency) -> Directory:
    _require_operator(directory, author, "change an enrolment")
    known = directory.agency(body.agency)
    updated = replace(
        known,
        name=body.name,
        country=body.country,
        agency_type=body.agency_type,
        time_zone=body.time_zone,
    )
    if updated == known:
        raise Reason.ALREADY_ENROLLED.error(f"{body.agency} is enrolled in just these words")
    return _with_agency(directory, updated)


def _retire_agency(directory: Directory, author: Member, body: RetireAgency) -> Directory:
    _require_operator(directory, author, "retire an agency")
    known = directory.agency(body.agency)
    if body.agency == directory.operating_agency:
        raise Reason.LAST_OPERATOR.error(
            f"{body.agency} operates the directory; without it nobody could change it any more"
        )
    if known.is_retired:
        raise Reason.AGENCY_RETIRED.error(f"{body.agency} is retired already")
    return _with_agency(directory, replace(known, is_retired=True))


def _with_agency(directory: Directory, agency: Agency) -> Directory:
    agencies = MappingProxyType({**directory.agencies, agency.id: agency})
    countries = MappingProxyType({**directory.times.countries, agency.id: agency.country})
    return replace(
        directory, agencies=agencies, times=replace(directory.times, countries=countries)
    )


def _publish_policy(
    directory: Directory, author: Member, body: PublishPolicy, at: datetime
) -> Directory:
    _require_operator(directory, author, "publish a policy")
    policy = Policy.compile(body.cedar)
    if directory.policy is None:
        return replace(directory, policy=policy)
    _require_name(author, "propose")
    return replace(directory, proposal=PolicyProposal(policy, author, at))


def _confirm_policy(
    directory: Directory, author: Member, body: ConfirmPolicy, at: datetime
) -> Directory:
    _require_operator(directory, author, "confirm a policy")
    _require_name(author, "confirm")
    proposal = directory.proposal
    if proposal is None or proposal.policy.digest != body.policy_sha256:
        waits = proposal.policy.digest.hex() if proposal else "none"
        raise Reason.PROPOSAL_UNKNOWN.error(
            f"expected to confirm the proposed policy that waits ({waits}); got "
            f"{body.policy_sha256.hex()}. A newer proposal takes the place of an older one",
            field="confirm_policy.policy_sha256",
        )
    if at > proposal.lapses_at:
        raise Reason.PROPOSAL_LAPSED.error(
            f"the policy was proposed at {proposal.at.isoformat()} and lapsed at "
            f"{proposal.lapses_at.isoformat()}; propose it again"
        )
    if author.name == proposal.author.name:
        raise Reason.ALREADY_DECIDED.error(
            f"expected a confirmation by another person, got one by {author}, who proposed it"
        )
    if not any(
        record.member == proposal.author and record.revoked_at is None
        for record in directory.certificates.values()
    ):
        raise Reason.PROPOSAL_LAPSED.error(
            f"the certificates of {proposal.author}, who proposed the policy, were revoked since; "
            "propose it again"
        )
    return replace(directory, policy=proposal.policy, proposal=None)


def _require_name(author: Member, act: str) -> None:
    # The holder of the unnamed certificate may be one of those who hold a named one.
    if author.name is None:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected a named operator to {act} a policy, since it takes two persons; got {author}"
        )


def _publish_acceptance(directory: Directory, author: Member, body: PublishAcceptance) -> Directory:
    if author.role is not Role.SYSTEM or author.agency not in directory.agencies:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected a system of an enrolled agency to publish what it takes, got {author}"
        )
    for i, name in enumerate(body.kinds):
        if parse_kind(name, f"kinds[{i}]").stage is not Stage.INITIAL:
            raise Reason.INVALID_FIELD.error(
                f"expected kinds that open an exchange, got {name}", field=f"kinds[{i}]"
            )
    return replace(
        directory, acceptances=MappingProxyType({**directory.acceptances, author.agency: body})
    )


def _publish_certificate(
    directory: Directory,
    author: Member,
    body: PublishCertificate,
    anchors: TrustAnchors,
    at: datetime,
) -> Directory:
    certificate = verify_certificate(
        body.certificate, body.intermediates, anchors, usage=Usage.SIGNING, at=at
    )
    member = certificate.identity
    if not isinstance(member, Member):
        raise Reason.IDENTITY_INVALID.error(f"expected an agency's identity, got {member}")
    if directory.size == 0:
        if author != member or author.role is not Role.OPERATOR:
            raise Reason.ROLE_NOT_PERMITTED.error(
                "expected the log to begin with an operator's own certificate, "
                f"got one of {member} published by {author}"
            )
        directory = replace(
            directory, operating_agency=author.agency, trust_domain=member.trust_domain
        )
    else:
        _require_operator_or_own(directory, author, member.agency, "publish a certificate")
        if member.agency not in directory.agencies:
            raise Reason.AGENCY_NOT_ENROLLED.error(
                f"expected the certificate of an enrolled agency, got one of {member.agency}"
            )
    if member.trust_domain != directory.trust_domain:
        raise Reason.IDENTITY_INVALID.error(
            f"expected an identity of {directory.trust_domain}, got {member}"
        )
    if certificate.fingerprint in directory.certificates:
        raise Reason.ALREADY_ENROLLED.error(
            f"the certificate {certificate.fingerprint.hex()} is published already"
        )
    for other in directory.certificates.values():
        # One key under two names would let one person be two pairs of eyes.
        if other.member != member and other.certificate.public_key == certificate.public_key:
            raise Reason.ALREADY_ENROLLED.error(
                f"expected a key of {member}'s own, got the key of {other.member}"
            )
    record = CertificateRecord(certificate, member)
    return replace(
        directory,
        certificates=MappingProxyType({**directory.certificates, certificate.fingerprint: record}),
    )


def _revoke_certificate(
    directory: Directory, author: Member, body: RevokeCertificate, at: datetime
) -> Directory:
    record = directory.certificates.get(body.certificate_sha256)
    if record is None:
        raise Reason.CERTIFICATE_UNKNOWN.error(
            f"expected a published certificate, got {body.certificate_sha256.hex()}"
        )
    _require_operator_or_own(directory, author, record.member.agency, "revoke a certificate")
    if record.revoked_at is not None:
        raise Reason.ALREADY_DECIDED.error(
            f"the certificate {body.certificate_sha256.hex()} is revoked already"
        )
    _check_not_locked_out(directory, body.certificate_sha256, at)
    revoked = replace(record, revoked_at=at)
    return replace(
        directory,
        certificates=MappingProxyType({**directory.certificates, body.certificate_sha256: revoked}),
    )


def _check_not_locked_out(directory: Directory, fingerprint: bytes, at: datetime) -> None:
    """Refuse to revoke the last certificate by which anybody could publish another one.

    Without it nobody could change the directory ever again, not even to revoke a stolen key.
    """
    for other, record in directory.certificates.items():
        may_publish = (
            record.member.agency == directory.operating_agency
            and record.member.role in (Role.OPERATOR, Role.SYSTEM)
            and record.revoked_at is None
            and record.certificate.not_after >= at
            and _may_sign(directory, record)
        )
        if may_publish and other != fingerprint:
            return
    raise Reason.LAST_OPERATOR.error(
        f"the certificate {fingerprint.hex()} is the last by which {directory.operating_agency} "
        "can change the directory; publish another operator's certificate first, then revoke this"
    )


def _may_sign(directory: Directory, record: CertificateRecord) -> bool:
    is_bound = record.member.agency in directory.post_quantum
    return not is_bound or record.certificate.post_quantum_key is not None


def _require_post_quantum(
    directory: Directory, author: Member, body: RequirePostQuantum, at: datetime
) -> Directory:
    _require_operator_or_own(
        directory, author, author.agency, "ask for post-quantum signatures of its own members"
    )
    if (author.agency in directory.post_quantum) == body.is_required:
        raise Reason.ALREADY_DECIDED.error(
            f"{author.agency} asks for post-quantum signatures already"
            if body.is_required
            else f"{author.agency} asks for no post-quantum signatures"
        )
    if not body.is_required:
        return replace(directory, post_quantum=directory.post_quantum - {author.agency})
    # Without such a key of its author, nobody might be left who can take the demand back.
    if not any(
        record.member == author
        and record.revoked_at is None
        and record.certificate.not_after >= at
        and record.certificate.post_quantum_key is not None
        for record in directory.certificates.values()
    ):
        raise Reason.SIGNATURE_MISSING.error(
            f"expected {author} to have a published certificate with a post-quantum key itself; "
            "renew with one first (`agency keys renew --post-quantum`)"
        )
    return replace(directory, post_quantum=directory.post_quantum | {author.agency})


def _publish_sealing_key(
    directory: Directory, author: Member, body: PublishSealingKey
) -> Directory:
    if author.role is not Role.SYSTEM or author.agency not in directory.agencies:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected a system of an enrolled agency to publish its sealing key, got {author}"
        )
    key = SealingPublicKey.from_bytes(body.public_key)
    keys = directory.sealing_keys.get(author.agency, ())
    if key in keys:
        raise Reason.ALREADY_ENROLLED.error("the sealing key is published already")
    return replace(
        directory,
        sealing_keys=MappingProxyType({**directory.sealing_keys, author.agency: (*keys, key)}),
    )


def _publish_log_key(directory: Directory, author: Member, body: PublishLogKey) -> Directory:
    _require_operator(directory, author, "publish a key of the log")
    body.succession.verify()
    check_follows(directory.log_keys, body.succession)
    known = directory.log_keys or (body.predecessor,)
    return replace(directory, log_keys=(*known, body.successor))
