"""The readers of a history: agencies, auditors, a witness and courts; each concludes from its part.

    readers = Readers(history, folder)
    readers.look(AgencyId("kz.mia"))      # as its client does, which keeps what it judged before
    readers.audit()                       # as an auditor does, from the beginning
    readers.go_on_auditing()              # as the monitors of a state and of the centre do
    readers.cosign()                      # as a witness does
    readers.export(AgencyId("kz.mia"))    # evidence, verified by the library and by the script

Whoever convicts the hub raises an `ExchangeError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from agency_client.audit import AuditReport, verify_log
from agency_client.audit.monitor_state import MonitorState
from agency_client.core.gathering import Evidence
from agency_client.core.verifying import JudgedView, ShownExchange, judge_view, verify_exchange
from agency_client.core.views import VerifiedExchange
from agency_client.evidence import export_bundle
from agency_client.state.checkpoints import Head
from agency_client.state.log_keys import LogKeys
from agency_client.witness.witness import Witness
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.merkle import CompactRange, Growth, consistency_proof, inclusion_proof
from exchange_protocol.record.entries import Entry, entry_leaf_hash, parse_entry
from exchange_protocol.record.listing import ExchangeSummary, encode_summary
from exchange_protocol.record.receipts import ProvenEntry, verify_proven_entries
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.inspection import AuditorScope
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.court import run_script
from tests.support.honest_histories import History
from tests.support.listed_log import ListedLog
from tests.support.statements import START, Hub, fictional_cast, member

WITNESS: Final = "witness.example/late"


class Readers:
    """All who read one history, with what each keeps from one look to the next."""

    def __init__(self, history: History, folder: Path) -> None:
        self._history = history
        self._hub = history.hub
        self._folder = folder
        self._fold = _founding_fold().copy()
        self._folded = len(Hub.founded().log)
        self._known: dict[tuple[AgencyId, str], JudgedView] = {}
        self._places: dict[Member, MonitorState] = {}
        self._witness: Witness | None = None
        self._offered = _Offered(self)

    # --- Agencies --------------------------------------------------------------------------------

    def look(self, agency: AgencyId) -> None:
        """Judge all that an agency is shown, going on from what it judged before."""
        for exchange_id, entries in self._shown_to(agency).items():
            known = self._known.get((agency, exchange_id))
            self._known[agency, exchange_id] = judge_view(
                agency, exchange_id, entries, self.directories, known
            )

    def look_anew(self, agency: AgencyId) -> None:
        """Judge all that an agency is shown, and compare it with what it judged bit by bit."""
        self.look(agency)
        for exchange_id, entries in self._shown_to(agency).items():
            judged = judge_view(agency, exchange_id, entries, self.directories)
            known = self._known[agency, exchange_id]
            assert (judged.party, judged.exchange) == (known.party, known.exchange), exchange_id

    def _shown_to(self, agency: AgencyId) -> dict[str, list[tuple[ProvenEntry, Entry]]]:
        """The entries that an agency is shown of exchanges of which it is shown a statement."""
        log = self._hub.log
        found = {}
        for exchange_id, indexes in self._history.shown_to(agency).items():
            if any(log[index].statement for index in indexes):
                found[exchange_id] = [
                    (ProvenEntry(index, log[index], ()), parse_entry(log[index].entry))
                    for index in indexes
                ]
        return found

    @property
    def directories(self) -> DirectoryFold:
        """The directory as the log tells it by now."""
        _fold_from(self._fold, self._hub, self._folded)
        self._folded = len(self._hub.log)
        return self._fold

    # --- Auditors --------------------------------------------------------------------------------

    def audit(self) -> None:
        """Replay the whole log, as an auditor does who is shown all of it."""
        replay = Replay(DirectoryFold(self._hub.cast.anchors))
        for index, opening in enumerate(self._hub.log):
            replay.apply(index, opening)

    def go_on_auditing(self, auditor: Member) -> None:
        """Audit what an auditor is shown, from the place where it was; then all of it anew."""
        sight = AuditorScope(self._hub.directory, auditor)
        shown = [i for i, scope in enumerate(self._hub.scopes) if sight.through(scope) is not None]
        source = ListedLog(self._hub.log, shown)
        anchors = self._hub.cast.anchors
        place = self._places.setdefault(auditor, MonitorState.temporary(anchors, auditor))
        for kept in (place, None):
            _check_clean(verify_log(source, anchors, auditor=auditor, place=kept))

    # --- Witnesses and courts --------------------------------------------------------------------

    def cosign(self) -> None:
        """Let the witness cosign the log; the first time it believes what it sees."""
        if self._witness is None:
            keys = LogKeys(self._folder, LogVerifier(self._history.directory.vkeys[-1]))
            self._witness = Witness(_witness_signer(), self._folder, keys, lambda: START)
            self._keys = keys
        self._keys.learn(self.directories.successions)
        self._witness.run_once(self._offered)

    def export(self, agency: AgencyId, *, by_script: bool = True) -> None:
        """Export the evidence of all that an agency is shown, and let courts verify it."""
        tree = self.tree()
        head = self._offered.head()
        for exchange_id, entries in self._shown_to(agency).items():
            proven = [self._proven(tree, each.index) for each, _ in entries]
            verified = self._verified(agency, exchange_id, proven, head)
            directory = [self._proven(tree, index) for index in _directory_of(self._hub)]
            evidence = Evidence(verified, head, tuple(proven), tuple(directory), {})
            self._judge_bundle(agency, evidence, by_script=by_script)

    def _verified(
        self, agency: AgencyId, exchange_id: str, proven: list[ProvenEntry], head: Head
    ) -> VerifiedExchange:
        exchange = self._hub.exchanges[exchange_id]
        entries = verify_proven_entries(proven, head.checkpoint)
        summary = encode_summary(_summary(exchange))
        shown = ShownExchange(exchange_id, entries, head, summary)
        log = self.log()
        return verify_exchange(shown, agency, fold=self.directories, promised={}, log=log)[0]

    def _judge_bundle(self, agency: AgencyId, evidence: Evidence, *, by_script: bool) -> None:
        path = self._folder / "bundle.zip"
        path.unlink(missing_ok=True)
        vkey = self._history.chance.choice(self._history.directory.vkeys)
        witnesses = self._offered.witnesses_of(evidence.head.note)
        export_bundle(
            evidence,
            path,
            exported_by=member(agency),
            at=self._hub.now,
            anchors=self._hub.cast.anchors,
            log=LogVerifier(vkey),
            witnesses=witnesses,
        )
        if not by_script:
            return
        words = [str(path), "--root", str(_root(self._folder)), "--log-key", vkey]
        for each in witnesses.witnesses if witnesses else ():
            words += ["--witness", each.vkey]
        code, out, err = run_script(*words)
        if code != 0:
            raise Reason.RULE_BROKEN.error(f"the script convicts: {out.splitlines()[-1]} {err}")

    def _proven(self, tree: Growth, index: int) -> ProvenEntry:
        size = len(self._hub.log)
        return ProvenEntry(
            index, self._hub.log[index], tuple(inclusion_proof(index, size, tree.read))
        )

    def log(self) -> LogVerifier:
        """The log with all its keys, pinned by its first."""
        return LogVerifier(self._history.directory.vkeys[0]).following(self.directories.successions)

    def tree(self) -> Growth:
        """The tree of the log."""
        leaves = [entry_leaf_hash(each.entry, each.nonce) for each in self._hub.log]
        return CompactRange().append_many(leaves)


@dataclass
class _Offered:
    """The hub as a witness sees it."""

    readers: Readers
    cosigned: list[bytes] = field(default_factory=list)

    def head(self) -> Head:
        size, root = len(self.readers._hub.log), self.readers.tree().after.root()
        text = self.readers._history.directory.note(size, root)
        return Head(text, self.readers.log().verify(text))

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        log = self.readers.log()
        return self.head(), [Head(note, log.verify(note)) for note in self.cosigned]

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        return tuple(consistency_proof(first, second, self.readers.tree().read))

    def add_cosignature(self, note: bytes) -> None:
        self.readers.log().verify(note)
        _policy().verify(note)
        self.cosigned.append(note)

    def witnesses_of(self, note: bytes) -> WitnessPolicy | None:
        return _policy() if _policy().is_witnessed(note) else None


def _check_clean(report: AuditReport) -> None:
    """Raise what an audit found."""
    for found in report.violations:
        raise found.reason.error(f"an auditor says: {found.message}")


def _summary(exchange: Exchange) -> ExchangeSummary:
    header = exchange.header
    return ExchangeSummary(
        id=exchange.id,
        kind=exchange.kind,
        initiator=exchange.initiator,
        initiated_at=START,
        updated_at=START,
        due_at=header.due_at,
        due_on=header.due_on,
        urgency=header.urgency,
        handling=header.handling,
        legs=(),
    )


@cache
def _witness_signer() -> WitnessSigner:
    return WitnessSigner(WITNESS, SoftwareSigner.generate_ed25519())


@cache
def _policy() -> WitnessPolicy:
    return WitnessPolicy(1, [_witness_signer().verifier.vkey])


def _root(folder: Path) -> Path:
    path = folder / "root.pem"
    path.write_bytes(fictional_cast().authority.root_pem())
    return path


@cache
def _founding_fold() -> DirectoryFold:
    """The directory of a hub that was just founded, folded once."""
    hub = Hub.founded()
    fold = DirectoryFold(hub.cast.anchors)
    _fold_from(fold, hub, 0)
    return fold


def _fold_from(fold: DirectoryFold, hub: Hub, start: int) -> None:
    for index in _directory_of(hub, start):
        fold.apply(index, hub.log[index])


def _directory_of(hub: Hub, start: int = 0) -> list[int]:
    """The indexes of the directory's entries from one on."""
    return [
        index
        for index in range(start, len(hub.log))
        if hub.log[index].statement is not None
        and not parse_entry(hub.log[index].entry).exchange_id
    ]
