"""The judgement of a statement: the same function for the hub that accepts and whoever audits it.

Given the state of the log before it (directory, exchange) and the hub's time, `judge` says what a
signed statement does, with the rules that decided, or refuses it with a reason. It has no clock and
no I/O, so an auditor who replays the log must reach the same ruling; a hub that ruled otherwise
broke the rules.

Steps, in order (ARCHITECTURE.md shows where they stand on the path of a statement):
 1. The certificate is on the log (or is the genesis certificate), valid at the time, not revoked.
 2. Its identity is the statement's author, of an enrolled agency.
 3. The signature verifies over the exact payload, or over the batch that the payload is in. So does
    the post-quantum one, if the certificate has a key for it; the agency may demand that it has.
 4. Directory statements: the directory's own rules decide. The rest is for exchanges.
 5. The author has a part in the exchange on every leg that it addresses, and nothing goes below
    the handling and TLP that the initiator put on the leg.
 6. The policy permits the statement on every leg. Content that it passes on has the consents for
    it.
 7. The policy's gate gives approvals and approvers; the lifecycle allows the move. Approvals given
    before count while their authors' certificates stand.
 8. The supervisors are exactly those that the policy names.
 9. Every part is sealed to exactly the required readers, with keys that they published; what the
    initiator says without passing the gate carries only what approvers can read.

Steps 5 to 7 are planned in `routing`, also before anything is signed.

Left to the hub: how far `made_at` may be from its clock, that ids are unique, and that the parts'
bytes match their digests.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import ReaderRole, RefusalGround
from exchange_protocol.kinds.consent_decision import ConsentGround
from exchange_protocol.kinds.days import in_zone_of_day, moment_text
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.rows import matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.access import StatementFacts, readers, spoken
from exchange_protocol.rules.directory import Directory, check_taken
from exchange_protocol.rules.directory_changes import advance_directory, is_genesis
from exchange_protocol.rules.exchange import Exchange, LegChange, changes_words
from exchange_protocol.rules.lifecycle import admit, advance, open_exchange
from exchange_protocol.rules.provenance import Sources, check_provenance
from exchange_protocol.rules.routing import (
    Route,
    plan_route,
    route_on,
    subjects_of,
    unknown_exchange,
)
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Part, Statement
from exchange_protocol.trust.certificates import (
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    fingerprint,
    verify_certificate,
    verify_validity,
)
from exchange_protocol.trust.envelope import (
    PAYLOAD_TYPE,
    SignerKey,
    verify,
    verify_in_batch,
    verify_second,
)
from exchange_protocol.trust.identity import AgencyId


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruling on a statement or a delivery, as the log records it."""

    policy_digest: bytes
    """SHA-256 of the policy's text; empty before the first policy."""
    rule_ids: tuple[str, ...]
    legs: tuple[LegChange, ...]
    supervisors: tuple[AgencyId, ...]

    def __str__(self) -> str:
        """The ruling in words, as messages have it."""
        policy = self.policy_digest.hex() or "none"
        return (
            f"(policy: {policy}; rules: {', '.join(self.rule_ids) or 'none'}; legs: "
            f"{changes_words(self.legs)}; copies to: {', '.join(self.supervisors) or 'nobody'})"
        )


class Judgement(NamedTuple):
    """The effect of a statement: the next directory, or the next state of its exchange."""

    statement: Statement
    ruling: Ruling
    directory: Directory
    exchange: Exchange | None
    spoken: StatementFacts | None


def authenticate(
    signed: SignedStatement,
    statement: Statement,
    directory: Directory,
    anchors: TrustAnchors,
    at: datetime,
    verified: Container[SignedStatement] = (),
) -> VerifiedCertificate:
    """Steps 1 to 3: establish who made the statement.

    Args:
        signed: the statement as it was signed.
        statement: its parsed payload.
        directory: the directory before it.
        anchors: the roots to which its certificate must lead, where the log does not have it yet.
        at: the hub's time.
        verified: statements that `verify_signature` passed before, each with the certificate that
            it names.

    Raises:
        NotAuthenticated: with the certificate's or signature's fault.
        NotPermitted: AGENCY_NOT_ENROLLED.
    """
    if signed.payload_type != PAYLOAD_TYPE:
        raise Reason.INVALID_FIELD.error(
            f"expected {PAYLOAD_TYPE}, got {signed.payload_type[:128]!r}", field="payload_type"
        )
    certificate = _certificate(signed, statement, directory, anchors, at)
    if certificate.identity != statement.author:
        raise Reason.AUTHOR_MISMATCH.error(
            f"expected the author {statement.author} to sign, "
            f"got the certificate of {certificate.identity}"
        )
    genesis = directory.size <= 1 or directory.operating_agency == statement.author.agency
    if statement.author.agency not in directory.agencies and not genesis:
        raise Reason.AGENCY_NOT_ENROLLED.error(
            f"expected an enrolled agency, got {statement.author.agency}"
        )
    if statement.author.agency in directory.post_quantum and certificate.post_quantum_key is None:
        raise Reason.SIGNATURE_MISSING.error(
            f"expected a certificate with a post-quantum key: {statement.author.agency} demands "
            "such a signature of each of its statements"
        )
    if signed not in verified:
        verify_signature(signer_key(certificate), signed)
    return certificate


def signer_key(certificate: VerifiedCertificate) -> SignerKey:
    """The keys of a certificate, as signatures are verified by them."""
    return SignerKey(certificate.fingerprint, certificate.public_key, certificate.post_quantum_key)


def verify_signature(signer: SignerKey, signed: SignedStatement) -> None:
    """Step 3 alone: verify the signatures over the exact payload, or over its batch.

    Raises SIGNATURE_INVALID, SIGNATURE_MISSING, or CERTIFICATE_INVALID for a key that is neither
    P-256 nor P-384.
    """
    if signed.batch is None:
        verify(signer.public_key, signed.payload_type, signed.payload, signed.signature)
    else:
        verify_in_batch(signer, signed.payload_type, signed.payload, signed.signature, signed.batch)
    second = signed.post_quantum_signature
    verify_second(signer, signed.payload_type, signed.payload, second, signed.batch)


def judge(
    signed: SignedStatement,
    statement: Statement,
    *,
    directory: Directory,
    exchange: Exchange | None,
    anchors: TrustAnchors,
    at: datetime,
    view: AgencyId | None = None,
    verified: Container[SignedStatement] = (),
    sources: Sources | None = None,
) -> Judgement:
    """Judge a signed statement against the state before it.

    Args:
        signed: the statement as it was signed.
        statement: its parsed payload.
        directory: the directory before it.
        exchange: the exchange that it names, before it; None if there is none.
        anchors: the roots to which certificates must lead.
        at: the hub's time.
        view: the recipient on whose leg alone a continuing statement is judged, since it sees no
            statement of other legs; None for all legs.
        verified: as `authenticate` takes it.
        sources: finds statements of other exchanges; without it provenance is not checked.

    Raises:
        ExchangeError: with the reason for which it is refused.
    """
    # Steps 1 to 3.
    authenticate(signed, statement, directory, anchors, at, verified)
    stage = statement.kind.stage
    # Step 4.
    if stage is Stage.DIRECTORY:
        after = advance_directory(directory, statement, anchors, at)
        digest = directory.policy.digest if directory.policy else b""
        return Judgement(statement, Ruling(digest, (), (), ()), after, None, None)
    # Steps 5 to 7: the route asks the policy, the lifecycle makes the move.
    if stage is Stage.INITIAL:
        if exchange is not None:
            raise Reason.ID_REUSED.error(f"exchange {statement.exchange_id} is open already")
        route, exchange, changes = _opened(statement, directory, at)
    else:
        if exchange is None:
            raise unknown_exchange(statement)
        route, exchange, changes = _continued(statement, directory, exchange, at, view)
    if sources is not None:
        check_provenance(statement, sources, at)
    _check_named(directory, statement)
    said = spoken(exchange, statement)
    # Steps 8 and 9. On one leg alone not all supervisors and readers can be known.
    if view is None or stage is Stage.INITIAL:
        _check_supervisors(statement, route)
        _check_parts(statement, said, exchange, directory)
    ruling = Ruling(route.policy_digest, route.rule_ids, changes, route.supervisors)
    return Judgement(statement, ruling, directory, exchange, said)


# --- Steps 5 to 7 -------------------------------------------------------------------------------


_Moved: TypeAlias = tuple[Route, Exchange, tuple[LegChange, ...]]
"""The route of a statement, the exchange after it, and how its legs changed."""


def _opened(statement: Statement, directory: Directory, at: datetime) -> _Moved:
    """Open an exchange by its initial statement."""
    route = plan_route(directory, statement)
    check_taken(directory, statement)
    exchange, changes = open_exchange(statement, route.legs, at=at, times=directory.times)
    return route, exchange, changes


def _continued(
    statement: Statement,
    directory: Directory,
    exchange: Exchange,
    at: datetime,
    view: AgencyId | None,
) -> _Moved:
    """Apply a continuing statement to an exchange, or to one leg of it (`view`)."""
    spec, times = statement.kind.spec, directory.times
    subjects = subjects_of(exchange, statement, view)
    if spec.decides:
        exchange = _without_revoked_approvals(exchange, subjects, directory)
    route = route_on(directory, statement, exchange, subjects)
    _check_time_limits(directory, statement, subjects, at)
    if spec.supervises:
        return route, exchange, ()
    if spec.invites:
        check_taken(directory, statement, exchange.kind)
        exchange, changes = admit(exchange, statement, route.legs, at=at, times=times)
    else:
        partial = view is not None
        exchange, changes = advance(
            exchange, statement, subjects, route.legs, at=at, times=times, partial=partial
        )
    return route, exchange, changes


def _check_time_limits(
    directory: Directory, statement: Statement, agencies: Collection[AgencyId], at: datetime
) -> None:
    """Check that a due time which a statement sets keeps to the limit that is published for it."""
    due_at, due_on = statement.header.due_at, statement.header.due_on
    rules = {row.limited_by for row in statement.kind.spec.rows if matches(row, statement.body)} - {
        None
    }
    for rule in rules:
        for agency in agencies:
            limit = directory.times.deadline(rule, agency, at) if rule else None
            if limit is not None and due_at is not None and due_at > limit.at:
                years = ", ".join(map(str, limit.unpublished))
                counted = f" (without the calendar of {years}, not published)" if years else ""
                # Both in the zone of the day that was given: two zones are hard to compare.
                most = limit.at.astimezone(in_zone_of_day(due_at, due_on).tzinfo)
                raise Reason.TIME_LIMIT_EXCEEDED.error(
                    f"expected at most {most.isoformat()}{counted}, by the time that is "
                    f"published for {agency}; got {moment_text(due_at, due_on)}",
                    field="due_at",
                )


def _check_named(directory: Directory, statement: Statement) -> None:
    """Check that every agency that a body names is enrolled and takes part."""
    for name, attribute in statement.kind.spec.attributes.items():
        if attribute.type is not str:
            continue
        value = getattr(statement.body, name)
        for agency in value if isinstance(value, tuple) else (value,):
            if agency is not None and directory.agency(agency).is_retired:
                raise Reason.AGENCY_RETIRED.error(
                    f"expected an agency that still takes part, got {agency}", field=name
                )


def _without_revoked_approvals(
    exchange: Exchange, agencies: Collection[AgencyId], directory: Directory
) -> Exchange:
    """Forget approvals on these legs by members whose every certificate was revoked since.

    A coordinator's stolen key is revoked in order to stop what was approved with it. A leg that is
    released already stays so: its recipient may have read it.
    """
    if not any(leg.approvals for leg in exchange.legs if leg.agency in agencies):
        return exchange
    records = directory.certificates.values()
    standing = {record.member.uri for record in records if record.revoked_at is None}
    legs = tuple(
        replace(leg, approvals=tuple(uri for uri in leg.approvals if uri in standing))
        if leg.agency in agencies
        else leg
        for leg in exchange.legs
    )
    return replace(exchange, legs=legs)


def _certificate(
    signed: SignedStatement,
    statement: Statement,
    directory: Directory,
    anchors: TrustAnchors,
    at: datetime,
) -> VerifiedCertificate:
    record = directory.certificates.get(signed.certificate_sha256)
    if record is not None:
        if record.revoked_at is not None:
            raise Reason.CERTIFICATE_REVOKED.error(
                f"the certificate of {record.member} was revoked at {record.revoked_at:%FT%TZ}"
            )
        verify_validity(record.certificate, at)
        return record.certificate
    body = statement.body
    if (
        is_genesis(directory, statement)
        and isinstance(body, PublishCertificate)
        and fingerprint(body.certificate) == signed.certificate_sha256
    ):
        return verify_certificate(
            body.certificate, body.intermediates, anchors, usage=Usage.SIGNING, at=at
        )
    raise Reason.CERTIFICATE_UNKNOWN.error(
        "expected a signing certificate that is published on the log, "
        f"got {signed.certificate_sha256.hex()}"
    )


def _check_supervisors(statement: Statement, route: Route) -> None:
    others = set(statement.header.withheld_from) - set(route.withheld)
    if others:
        named = ", ".join((*route.supervisors, *route.withheld)) or "none"
        raise Reason.INVALID_FIELD.error(
            f"expected supervisors that the policy names, {named}; got {', '.join(sorted(others))}",
            field="withheld_from",
        )
    if statement.supervisors == route.supervisors:
        return
    missing = set(route.supervisors) - set(statement.supervisors)
    if missing:
        raise Reason.SUPERVISOR_MISSING.error(
            f"expected the supervisors {', '.join(route.supervisors)}, which the policy requires; "
            f"missing {', '.join(sorted(missing))}",
            field="supervisors",
        )
    extra = set(statement.supervisors) - set(route.supervisors)
    if extra:
        raise Reason.INVALID_FIELD.error(
            f"expected only supervisors that the policy names, got {', '.join(sorted(extra))}",
            field="supervisors",
        )


def _check_parts(
    statement: Statement, said: StatementFacts, exchange: Exchange, directory: Directory
) -> None:
    """Step 9: check that the parts are those that are needed, each sealed to whom it must be."""
    _check_brief(statement)
    spec = statement.kind.spec
    only_brief = said.author == exchange.initiator and not spec.passes_gate and not spec.to_members
    for i, part in enumerate(statement.parts):
        if only_brief and part.name != BRIEF:
            raise Reason.PART_MISMATCH.error(
                f"expected no part but {BRIEF!r}, which approvers read too, in a {statement.kind}: "
                f"content for a recipient passes the gate; got {part.name!r}",
                field=f"parts[{i}].name",
            )
        _check_readers(i, part, readers(exchange, said, part.name))
        _check_sealing_keys(i, part, directory)


def _check_brief(statement: Statement) -> None:
    """Check that there is a brief for those who judge by it, or explains a ground."""
    needs_brief = statement.kind.spec.passes_gate or statement.supervisors
    if needs_brief and statement.part(BRIEF) is None:
        raise Reason.PART_MISSING.error(
            f"expected a part named {BRIEF!r}: approvers and supervisors judge by it", field="parts"
        )
    ground = getattr(statement.body, "ground", None)
    if isinstance(ground, RefusalGround | ConsentGround) and not statement.parts:
        raise Reason.EXPLANATION_MISSING.error(
            f"expected a part named {BRIEF!r} that explains the ground, got none "
            "(docs/rules.md#p4)",
            field="parts",
        )


def _check_readers(i: int, part: Part, required: Mapping[AgencyId, ReaderRole]) -> None:
    """Check that part `i` is sealed to its readers: no more and no fewer, each in its role."""
    got = {key.agency: key.role for key in part.wrapped_keys}
    if got != required:
        raise Reason.READERS_MISMATCH.error(
            f"expected part {part.name!r} to be sealed to exactly {_listed(required)}; "
            f"got {_listed(got)}",
            field=f"parts[{i}].wrapped_keys",
        )


def _check_sealing_keys(i: int, part: Part, directory: Directory) -> None:
    """Check that part `i` is sealed with keys that its readers have published."""
    for key in part.wrapped_keys:
        for published in directory.sealing_keys.get(key.agency, ()):
            if published.key_id == key.key_id:
                break
        else:
            raise Reason.SEALING_KEY_UNKNOWN.error(
                f"expected a sealing key that {key.agency} published, got {key.key_id.hex()}",
                field=f"parts[{i}].wrapped_keys",
            )


def _listed(roles: Mapping[AgencyId, str]) -> str:
    return ", ".join(f"{agency} ({role})" for agency, role in sorted(roles.items())) or "nobody"
