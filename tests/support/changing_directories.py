"""Changes of a directory in the course of a history: whatever its operators and agencies may do.

    changing = ChangingDirectory(hub, chance)
    words = changing.change()             # somebody changes something, or ExchangeError
    signer = changing.signer(KZ_MIA)      # a certificate that stands now, or NothingToSay

Policies follow each other, members renew and lose their certificates, agencies are enrolled late,
change and retire, calendars and times are published, and the log changes its key.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, TimeLimitRule
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
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.kinds.update_agency import UpdateAgency
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.rules.policy import Policy
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.hub_data import LOG_NAME, log_key
from tests.support.statements import (
    KG_MIA,
    KZ_FMA,
    OPERATOR,
    POLICY,
    SECOND_OPERATOR,
    UZ_FIU,
    Cast,
    Hub,
    Signer,
    member,
)

LATE: Final = {
    AgencyId("tj.fiu"): ("ПФР TJ (fictional)", "TJ", AgencyType.FIU),
    AgencyId("uz.gpo"): ("Прокуратура UZ (fictional)", "UZ", AgencyType.PROSECUTOR),
}
"""Agencies that are enrolled in the course of a history, if they are."""
LATE_MEMBERS: Final = (
    member("tj.fiu"),
    member("uz.gpo"),
    member("uz.gpo", Role.COORDINATOR, "dilshod"),
)
MAY_RETIRE: Final = (KZ_FMA.agency, UZ_FIU.agency, KG_MIA.agency)
MOST_LOG_KEYS: Final = 3


class NothingToSay(Exception):
    """The party that chance chose has no word here."""


class ChangingDirectory:
    """The directory of a hub, and the keys of those whom it names."""

    def __init__(self, hub: Hub, chance: random.Random) -> None:
        self._hub = hub
        self._chance = chance
        cast = hub.cast
        # A cast of its own: that of the tests is never changed.
        hub.cast = Cast(cast.authority, cast.anchors, dict(cast.signers), dict(cast.sealing_keys))
        # Also of who has published none: the hub refuses what is sealed to that.
        hub.cast.sealing_keys.update(dict.fromkeys(LATE, SealingPrivateKey.generate()))
        self._signers: dict[Member, list[Signer]] = {
            who: [signer]
            for who, signer in cast.signers.items()
            if signer.fingerprint in hub.directory.certificates
        }
        # A process keeps so many policies compiled.
        self._policies = dict(chance.sample(list(POLICIES.items()), 3))
        self._log_keys = [log_key()]
        self._old_signs_too = True
        self._changes: dict[Callable[[], str], float] = {
            self._change_policy: 3,
            self._renew: 4,
            self._revoke: 2,
            self._demand_post_quantum: 1.5,
            self._enrol: 2,
            self._update: 1,
            self._retire: 0.5,
            self._publish_sealing_key: 1,
            self._publish_time: 1,
            self._publish_calendar: 0.5,
            self._publish_acceptance: 0.5,
            self._succeed_log_key: 1,
        }

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of the log so far, oldest first."""
        return [LogSigner(LOG_NAME, key).vkey for key in self._log_keys]

    def note(self, size: int, root: bytes) -> bytes:
        """Sign a checkpoint, as the log does now."""
        keys = self._log_keys[-2:] if self._old_signs_too else self._log_keys[-1:]
        return LogSigner(LOG_NAME, *keys).sign(Checkpoint(LOG_NAME, size, root))

    def signer(self, who: Member) -> Signer:
        """One of the certificates of a member that stand now."""
        standing = [each for each in self._signers.get(who, ()) if self._stands(each)]
        if not standing:
            raise NothingToSay
        return self._chance.choice(standing)

    def change(self) -> str:
        """Let somebody change the directory; gives the change in words.

        Raises:
            ExchangeError, NothingToSay: if the hub refuses it, or nobody can say it.
        """
        weights = list(self._changes.values())
        [change] = self._chance.choices(list(self._changes), weights)
        return change()

    # --- Changes ---------------------------------------------------------------------------------

    def _change_policy(self) -> str:
        """Propose a policy; mostly another operator confirms it at once."""
        name, cedar = self._chance.choice(list(self._policies.items()))
        proposal = self._hub.directory.proposal
        if proposal is not None and self._chance.random() < 0.5:
            self._say(SECOND_OPERATOR, ConfirmPolicy(proposal.policy.digest))
            return "the policy that waits is confirmed"
        if SECOND_OPERATOR not in self._signers:
            self._publish(OPERATOR, self._hub.cast.signers[SECOND_OPERATOR])
        self._say(OPERATOR, PublishPolicy(cedar))
        if self._chance.random() < 0.2:
            return f"the policy {name} is proposed"
        self._say(SECOND_OPERATOR, ConfirmPolicy(Policy.compile(cedar).digest))
        return f"the policy {name} comes into force"

    def _renew(self) -> str:
        """Publish one more certificate of a member; its old ones may stand on."""
        who = self._chance.choice(list(self._signers))
        days = self._chance.choice([None, None, 5, 20])
        signer = self._hub.cast.issue(
            who,
            not_after=self._hub.now + timedelta(days=days) if days else None,
            post_quantum=self._chance.random() < 0.5,
        )
        self._publish(self._operator_or_system_of(who.agency), signer)
        kind = "a hybrid certificate" if signer.second_key else "a certificate"
        return f"{who} has {kind} more"

    def _revoke(self) -> str:
        """Revoke a certificate: mostly one of several."""
        several = [who for who, signers in self._signers.items() if len(signers) > 1]
        among = several if several and self._chance.random() < 0.8 else list(self._signers)
        who = self._chance.choice(among)
        if not self._signers[who]:
            raise NothingToSay
        signer = self._signers[who][0]
        reason = self._chance.choice(list(RevocationReason))
        author = self._operator_or_system_of(who.agency)
        self._say(author, RevokeCertificate(signer.fingerprint, reason))
        self._signers[who].remove(signer)
        return f"a certificate of {who} is revoked by {author}"

    def _demand_post_quantum(self) -> str:
        bound = self._hub.directory.post_quantum
        systems = [who for who in self._signers if who.role is Role.SYSTEM]
        who = self._chance.choice(systems)
        demand = RequirePostQuantum(who.agency not in bound)
        self._say(who, demand)
        return f"{who.agency} demands post-quantum signatures: {demand.is_required}"

    def _enrol(self) -> str:
        """Enrol an agency, or publish what one that was enrolled late lacks."""
        hub = self._hub
        new = [each for each in LATE if each not in hub.directory.agencies]
        if new and self._chance.random() < 0.5:
            agency = self._chance.choice(new)
            self._say(OPERATOR, EnrolAgency(agency, *LATE[agency], "Asia/Almaty"))
            return f"{agency} is enrolled"
        lacking = [who for who in LATE_MEMBERS if who not in self._signers]
        if lacking:
            who = self._chance.choice(lacking)
            self._publish(OPERATOR, hub.cast.issue(who))
            return f"{who} has its first certificate"
        return self._publish_sealing_key()

    def _update(self) -> str:
        known = self._chance.choice(list(self._hub.directory.agencies.values()))
        sort = self._chance.choice([known.agency_type, *AgencyType])
        country = self._chance.choice([known.country, known.country, "KZ", "UZ", ""])
        name = f"{known.name} {self._chance.randrange(100)}"
        self._say(OPERATOR, UpdateAgency(known.id, name, country, sort, known.time_zone))
        return f"{known.id} is of {country or 'no state'} now, a {sort.name}"

    def _retire(self) -> str:
        agency = self._chance.choice(MAY_RETIRE)
        self._say(OPERATOR, RetireAgency(agency))
        return f"{agency} retires"

    def _publish_sealing_key(self) -> str:
        systems = [who for who in self._signers if who.role is Role.SYSTEM]
        lacking = [who for who in systems if who.agency not in self._hub.directory.sealing_keys]
        who = self._chance.choice(lacking or systems)
        key = SealingPrivateKey.generate()
        self._say(who, PublishSealingKey(key.public_key.to_bytes()))
        self._hub.cast.sealing_keys[who.agency] = key
        return f"{who.agency} has a new sealing key"

    def _publish_time(self) -> str:
        unit = self._chance.choice(["days", "hours", "working_days"])
        rule = self._chance.choice(list(TimeLimitRule))
        country = self._chance.choice(["", "KZ", "UZ"])
        number = self._chance.randint(2, 40)
        self._say(OPERATOR, PublishTimeLimit(rule, country, **{unit: number}))
        return f"time limit {rule.name} of {country or 'all'}: {number} {unit}"

    def _publish_calendar(self) -> str:
        country, year = self._chance.choice(["KZ", "UZ"]), self._hub.now.year
        days_off = tuple(sorted(self._chance.sample([1116, 1201, 1216, 1231], 2)))
        self._say(OPERATOR, PublishCalendar(country, year, "Asia/Almaty", 300, (6, 7), days_off))
        return f"the calendar {year} of {country} is published"

    def _publish_acceptance(self) -> str:
        who = self._chance.choice([each for each in self._signers if each.role is Role.SYSTEM])
        initial = [str(kind.value) for kind in Kind if kind.stage is Stage.INITIAL]
        kinds = self._chance.choice([(), tuple(self._chance.sample(initial, len(initial) - 2))])
        self._say(who, PublishAcceptance(kinds))
        return f"{who.agency} takes {', '.join(kinds) or 'everything'}"

    def _succeed_log_key(self) -> str:
        """Let the log go on under a new key; for a while the old one may sign beside it."""
        if len(self._log_keys) == MOST_LOG_KEYS:
            raise NothingToSay
        new = SoftwareSigner.generate_ed25519()
        step = LogSigner(LOG_NAME, self._log_keys[-1], new).succession()
        self._say(
            OPERATOR,
            PublishLogKey(
                step.predecessor,
                step.successor,
                step.predecessor_signature,
                step.successor_signature,
            ),
        )
        self._log_keys.append(new)
        self._old_signs_too = self._chance.random() < 0.5
        return "the log has a new key"

    # --- Who does it -----------------------------------------------------------------------------

    def _stands(self, signer: Signer) -> bool:
        record = self._hub.directory.certificates.get(signer.fingerprint)
        return (
            record is not None
            and record.revoked_at is None
            and record.certificate.not_after > self._hub.now
        )

    def _operator_or_system_of(self, agency: AgencyId) -> Member:
        system = member(agency)
        return system if system in self._signers and self._chance.random() < 0.5 else OPERATOR

    def _publish(self, author: Member, signer: Signer) -> None:
        self._say(author, PublishCertificate(signer.certificate))
        self._signers.setdefault(signer.member, []).append(signer)
        self._hub.cast.signers.setdefault(signer.member, signer)

    def _say(self, author: Member, body: Body) -> None:
        hub = self._hub
        hub.submit(hub.sign(hub.compose(author, body), self.signer(author)))


def _without(policy: str, *rules: str) -> str:
    for rule in rules:
        policy, count = re.subn(
            rf'@id\("{rule}"\).*?\n(permit|forbid).*?;\n', "", policy, flags=re.S
        )
        assert count == 1, rule
    return policy


def _policies() -> Iterator[tuple[str, str]]:
    """Policies that differ in who waits, who approves, who is copied and who audits."""
    yield "as founded", POLICY + "// Again\n"
    yield "everything waits", _without(POLICY, "domestic-flows-at-once")
    yield (
        "one approval is enough",
        _without(POLICY, "four-eyes-for-freezes", "four-eyes-for-sensitive-or-bulk"),
    )
    yield "nobody is copied", _without(POLICY, "prosecutor-supervises-its-own-state")
    centre = (
        'principal.agency.agencyType == "COORDINATION_CENTRE" &&\n  principal.role == "coordinator"'
    )
    assert POLICY.count(centre) == 1
    prosecutors = centre.replace("COORDINATION_CENTRE", "PROSECUTOR")
    yield "prosecutors decide", POLICY.replace(centre, prosecutors)
    yield (
        "prosecutors, too, decide",
        POLICY.replace(centre, f'(principal.agency.agencyType == "PROSECUTOR" ||\n  {centre})'),
    )
    yield (
        "states audit everything",
        POLICY.replace("(principal.agency.country == context.initiator.country ||", "(true ||"),
    )


POLICIES: Final = dict(_policies())
