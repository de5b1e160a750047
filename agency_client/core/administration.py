"""Change the directory: enrol agencies, publish certificates, sealing keys and the policy.

Each is a signed statement like any other, and passes the outbox. `rules.directory_changes` says who
may do what. The statement is judged here first: one that the rules refuse never leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from agency_client.core.calls import Operation
from agency_client.core.given import parse_code, parse_codes
from agency_client.core.ports import Ports
from agency_client.core.sender import Sender
from agency_client.core.time_zones import check_offset, check_zone
from agency_client.core.view import View
from agency_client.core.views import Queued, Sent
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import AgencyType, Language, TimeLimitRule
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
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.kinds.update_agency import UpdateAgency
from exchange_protocol.log.succession import SignedSuccession
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.judgement import judge
from exchange_protocol.rules.statements import Draft
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.identity import parse_agency_id
from exchange_protocol.trust.sealing import SealingPublicKey

_Described = TypeVar("_Described", EnrolAgency, UpdateAgency)


class Administration:
    """Makes and sends the directory's statements."""

    def __init__(self, ports: Ports, view: View, sender: Sender) -> None:
        self._ports = ports
        self._view = view
        self._sender = sender

    def publish_certificate(
        self, certificate: bytes, intermediates: Sequence[bytes] = ()
    ) -> Operation[Sent | Queued]:
        """Publish a signing certificate (DER); the very first of a log is the operator's own."""
        return (yield from self._publish(PublishCertificate(certificate, tuple(intermediates))))

    def enrol_agency(
        self,
        *,
        agency: str,
        name: str,
        country: str,
        agency_type: AgencyType | str,
        time_zone: str,
    ) -> Operation[Sent | Queued]:
        """Enrol an agency; `country` is empty for an international one."""
        body = _described(EnrolAgency, agency, name, country, agency_type, time_zone)
        return (yield from self._publish(body))

    def update_agency(
        self,
        *,
        agency: str,
        name: str,
        country: str,
        agency_type: AgencyType | str,
        time_zone: str,
    ) -> Operation[Sent | Queued]:
        """Replace what an enrolment says; all of it is given."""
        body = _described(UpdateAgency, agency, name, country, agency_type, time_zone)
        return (yield from self._publish(body))

    def retire_agency(self, agency: str) -> Operation[Sent | Queued]:
        """Retire an agency for good; what runs goes on."""
        return (yield from self._publish(RetireAgency(parse_agency_id(agency, field="agency"))))

    def publish_acceptance(
        self,
        *,
        kinds: Iterable[str] = (),
        languages: Iterable[Language | str] = (),
        max_part_bytes: int = 0,
        hours: str = "",
        duty_contact: str = "",
    ) -> Operation[Sent | Queued]:
        """Publish what one's own agency takes; it replaces what was published before."""
        body = PublishAcceptance(
            kinds=tuple(parse_kind(each, f"kinds[{i}]") for i, each in enumerate(kinds)),
            languages=parse_codes(Language, languages, "languages"),
            max_part_bytes=max_part_bytes,
            hours=hours,
            duty_contact=duty_contact,
        )
        return (yield from self._publish(body))

    def publish_time_limit(
        self,
        rule: TimeLimitRule | str,
        country: str = "",
        *,
        hours: int | None = None,
        days: int | None = None,
        working_days: int | None = None,
    ) -> Operation[Sent | Queued]:
        """Publish the time of a rule; it replaces the one of before."""
        code = parse_code(TimeLimitRule, rule, "rule")
        body = PublishTimeLimit(code, country, hours, days, working_days)
        return (yield from self._publish(body))

    def publish_calendar(
        self,
        *,
        country: str,
        year: int,
        time_zone: str,
        utc_offset_minutes: int,
        weekend: Iterable[int] = (6, 7),
        days_off: Iterable[int] = (),
        days_worked: Iterable[int] = (),
    ) -> Operation[Sent | Queued]:
        """Publish the working calendar of a country for a year; it replaces the one of before.

        Raises:
            InvalidInput: INVALID_FIELD, for an offset that the zone does not have in that year.
        """
        check_offset(time_zone, year, utc_offset_minutes)
        body = PublishCalendar(
            country=country,
            year=year,
            time_zone=time_zone,
            utc_offset_minutes=utc_offset_minutes,
            weekend=tuple(sorted(weekend)),
            days_off=tuple(sorted(days_off)),
            days_worked=tuple(sorted(days_worked)),
        )
        return (yield from self._publish(body))

    def published_times(self) -> Operation[TimeRules]:
        """The times and calendars that are published now."""
        yield from self._view.sync()
        return self._ports.directory.current.times

    def publish_policy(self, cedar: str) -> Operation[Sent | Queued]:
        """Propose a policy; the first one of a log is in force at once."""
        return (yield from self._publish(PublishPolicy(cedar)))

    def confirm_policy(self, policy_sha256: bytes) -> Operation[Sent | Queued]:
        """Put the policy into force that another operator proposed."""
        return (yield from self._publish(ConfirmPolicy(policy_sha256)))

    def require_post_quantum(self, is_required: bool = True) -> Operation[Sent | Queued]:
        """Demand a post-quantum signature of every statement of one's own agency, or cease to."""
        return (yield from self._publish(RequirePostQuantum(is_required)))

    def publish_log_key(self, succession: SignedSuccession) -> Operation[Sent | Queued]:
        """Publish the successor of the log's key, which both keys have signed."""
        body = PublishLogKey(
            succession.predecessor,
            succession.successor,
            succession.predecessor_signature,
            succession.successor_signature,
        )
        return (yield from self._publish(body))

    def revoke_certificate(
        self, certificate_sha256: bytes, reason: RevocationReason | str
    ) -> Operation[Sent | Queued]:
        """Revoke a published signing certificate."""
        code = parse_code(RevocationReason, reason, "reason")
        return (yield from self._publish(RevokeCertificate(certificate_sha256, code)))

    def publish_sealing_key(self, key: SealingPublicKey | None = None) -> Operation[Sent | Queued]:
        """Publish a sealing key of one's own, by default the newest of the profile."""
        public = key or self._ports.vault.newest_sealing_key
        return (yield from self._publish(PublishSealingKey(public.to_bytes())))

    def _publish(self, body: Body) -> Operation[Sent | Queued]:
        yield from self._view.sync()
        now = self._ports.clock()
        draft = Draft(
            id=self._ports.new_id(),
            exchange_id="",
            author=self._ports.vault.member,
            made_at=now,
            body=body,
        )
        payload = encode_statement(draft)
        signed = self._ports.vault.sign(payload)
        judge(
            signed,
            parse_statement(payload),
            directory=self._ports.directory.current,
            exchange=None,
            anchors=self._ports.anchors,
            at=now,
        )
        with self._ports.outbox.stage(draft.id) as staging:
            staging.finish(signed)
        result = yield from self._sender.send_new(draft.id)
        if isinstance(result, Sent):
            yield from self._view.sync()
        return result


def _described(
    body: type[_Described],
    agency: str,
    name: str,
    country: str,
    agency_type: AgencyType | str,
    time_zone: str,
) -> _Described:
    """The body that says what an agency is; raises INVALID_FIELD for a code or a zone."""
    check_zone(time_zone)
    return body(
        agency=parse_agency_id(agency, field="agency"),
        name=name,
        country=country,
        agency_type=parse_code(AgencyType, agency_type, "agency_type"),
        time_zone=time_zone,
    )
