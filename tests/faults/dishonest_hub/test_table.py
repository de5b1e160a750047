"""A dishonest hub is caught: a test for every row of the table in docs/threat-model.md.

Each shows the reason, and who meets it: the agency that is cheated, or an auditor.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_client import ExchangeClient
from agency_client.audit import Verdict as AuditVerdict
from agency_client.audit import verify_log
from agency_client.audit.database import DatabaseCopy
from agency_client.state.checkpoints import Head
from agency_client.state.log_keys import LogKeys
from agency_client.witness.witness import Witness
from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_protocol.record.entries import CommitmentOpening, Entry, Event, parse_entry
from exchange_protocol.rules.routing import Route
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Header
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_server.bootstrap import utc_now
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.support.deployment import OPERATOR, POLICY
from tests.support.dishonest_hub import Region, caught, convicted, leaving_out, only_for
from tests.support.foundation import NEWCOMER

COORDINATOR = "caricc/coordinator/coordinator1"
REQUEST_HEADER = Header(purpose=Purpose.INVESTIGATION, legal_basis="TEST-1")


def initial_digest(region: Region, exchange: str) -> bytes:
    _, stored = region.last(
        lambda entry: entry.exchange_id == exchange and entry.event is Event.STATEMENT
    )
    return parse_entry(stored.opening.entry).payload_digest


def approval_of(region: Region, exchange: str) -> Any:
    return region.draft(
        COORDINATOR,
        Decision(Verdict.APPROVE),
        exchange_id=exchange,
        answers=initial_digest(region, exchange),
        recipients=("uz.fiu",),
    )


# --- Alters or forges a statement ----------------------------------------------------------------


def test_altered_statement_is_caught_by_its_reader(region: Region) -> None:
    exchange = region.ask("kz.fma")

    def other_basis(_: Any, said: pb.GetExchangeResponse) -> pb.GetExchangeResponse:
        signed = said.entries[0].opening.statement
        statement = statement_pb2.Statement.FromString(signed.payload)
        statement.legal_basis = "OTHER-1"
        signed.payload = statement.SerializeToString(deterministic=True)
        return said

    region.lies.answers["GetExchange"] = other_basis
    error = caught(lambda: region.open("kz.fma/system", exchange), Reason.ENTRY_MISMATCH)
    assert "that the entry names" in error.message


def test_statement_that_its_author_never_signed_is_caught_by_reader_and_auditor(
    region: Region,
) -> None:
    draft = region.draft(
        "kz.mia/system",
        Kind.INFORMATION_REQUEST.body(),
        recipients=("kz.fma",),
        supervisors=("kz.gpo",),
        header=REQUEST_HEADER,
    )
    draft = replace(draft, exchange_id=draft.id)
    region.lies.skips |= {"authenticate", "_check_supervisors", "_check_parts"}
    region.log_statement(region.forge(draft))
    error = caught(lambda: region.open("kz.fma/system", draft.id), Reason.RULE_BROKEN)
    assert "SIGNATURE_INVALID" in error.message
    caught(lambda: region.open("kz.gpo/system", draft.id), Reason.PEER_SIGNATURE_INVALID)
    at = len(region.entries()) - 1
    message = convicted(region.audit(), Reason.RULE_BROKEN, at)
    assert "SIGNATURE_INVALID" in message


# --- Forges or lifts an approval -----------------------------------------------------------------


def test_forged_signature_convicts_in_a_copy_that_is_torn_elsewhere(
    region: Region, tmp_path: Path
) -> None:
    """The entry names this very signature: no damage of the copy can explain it."""
    key = SealingPrivateKey.generate().public_key.to_bytes()
    region.lies.skips.add("authenticate")
    region.log_statement(region.forge(region.draft("kz.fma/system", PublishSealingKey(key))))
    at = len(region.entries()) - 1
    region.stop()
    copy = Path(shutil.copy(region.files.folder / "hub.db", tmp_path / "copy.db"))
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE log_tiles SET hashes = x'00' WHERE level = 0 AND idx = 0")
    with closing(DatabaseCopy(copy, LogVerifier(region.files.log_vkey))) as source:
        report = verify_log(source, region.files.anchors, auditor=None)
    assert report.verdict is AuditVerdict.VIOLATIONS
    [violation] = report.violations
    assert (violation.reason, violation.index) == (Reason.RULE_BROKEN, at)
    assert "SIGNATURE_INVALID" in violation.message
    engine = open_engine(f"sqlite:///{copy}", read_only=True)
    checked = fsck(engine, region.files.anchors, LogVerifier(region.files.log_vkey))
    engine.dispose()
    assert checked.breaks_rules


def test_hub_that_does_not_name_a_signature_is_convicted(region: Region) -> None:
    region.lies.entry = lambda entry: replace(entry, signature_digest=b"")
    at = len(region.entries())
    caught(lambda: region.ask("kz.fma"), Reason.RECEIPT_MISMATCH)
    region.lies.entry = None
    message = convicted(region.audit(), Reason.RULE_BROKEN, at)
    assert "does not name the signature" in message


def test_hub_that_keeps_another_signature_is_caught_by_every_reader(region: Region) -> None:
    def swapped(_: Any, said: Any) -> Any:
        for each in said.entries:
            for signature in each.opening.statement.signatures:
                signature.signature = signature.signature[:-1] + b"\0"
        return said

    exchange = region.ask("kz.fma")
    region.lies.answers["GetExchange"] = swapped
    error = caught(lambda: region.open("kz.fma/system", exchange), Reason.ENTRY_MISMATCH)
    assert "author's signature that the entry names" in error.message


def test_forged_approval_opens_nothing_and_convicts(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    region.lies.skips |= {"authenticate", "_check_supervisors"}
    region.log_statement(region.forge(approval_of(region, exchange)))
    error = caught(lambda: region.open("uz.fiu/system", exchange), Reason.RULE_BROKEN)
    assert "SIGNATURE_INVALID" in error.message
    assert "SIGNATURE_INVALID" in convicted(region.audit(), Reason.RULE_BROKEN)
    deliveries = [each for each in region.entries() if parse_entry(each.opening.entry).event == 2]
    assert not deliveries, "the client fetched nothing"


def test_approval_of_another_request_opens_nothing_and_convicts(region: Region) -> None:
    approved, wanted = region.ask("uz.fiu"), region.ask("uz.fiu")
    genuine = region.signed(
        replace(approval_of(region, wanted), answers=initial_digest(region, approved))
    )
    # The coordinator did sign it; but it answers another request than the one that waits.
    region.lies.skips |= {"answers", "_check_supervisors"}
    region.log_statement(genuine)
    error = caught(lambda: region.open("uz.fiu/system", wanted), Reason.RULE_BROKEN)
    assert "STALE_ANSWER" in error.message
    assert "STALE_ANSWER" in convicted(region.audit(), Reason.RULE_BROKEN)


def test_request_that_is_released_without_its_gate_opens_nothing_and_convicts(
    region: Region,
) -> None:
    def ungated(route: Route) -> Route:
        legs = tuple(replace(leg, approvals_required=0, approvers=()) for leg in route.legs)
        return replace(route, legs=legs)

    region.lies.route = ungated
    region.lies.skips.add("_check_parts")
    mia = region.client("kz.mia/system")
    # The author's own client sees to what its receipt says.
    region.ask("uz.fiu")
    exchange = next(iter(mia.sent())).id
    error = caught(lambda: region.open("uz.fiu/system", exchange), Reason.RULE_BROKEN)
    assert "expected the ruling" in error.message or "READERS_MISMATCH" in error.message
    caught(lambda: mia.get(exchange), Reason.RULE_BROKEN)
    convicted(region.audit(), Reason.RULE_BROKEN)


def test_held_request_that_is_shown_to_its_recipient_is_not_opened(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    honest = region.client("uz.fiu/system")
    region.lies.seen_as = "kz.mia"
    error = caught(lambda: honest.open(exchange), Reason.APPROVAL_MISSING)
    assert "must not be read" in error.message


# --- Swaps a sealing key -------------------------------------------------------------------------


def test_key_that_the_hub_publishes_for_a_body_is_refused_before_anything_is_sealed(
    region: Region,
) -> None:
    key = SealingPrivateKey.generate().public_key.to_bytes()
    region.lies.skips.add("authenticate")
    region.log_statement(region.forge(region.draft("kz.fma/system", PublishSealingKey(key))))
    error = caught(lambda: region.ask("kz.fma"), Reason.RULE_BROKEN)
    assert "SIGNATURE_INVALID" in error.message
    assert region.client("kz.mia/system").outbox.pending() == [], "nothing was sealed"
    convicted(region.audit(), Reason.RULE_BROKEN)


def test_key_that_is_swapped_on_the_way_is_refused(region: Region) -> None:
    key = SealingPrivateKey.generate().public_key.to_bytes()

    def swapped(
        _: Any, said: directory_pb.ListDirectoryEntriesResponse
    ) -> directory_pb.ListDirectoryEntriesResponse:
        for each in said.entries:
            statement = statement_pb2.Statement.FromString(each.opening.statement.payload)
            if statement.HasField("publish_sealing_key"):
                statement.publish_sealing_key.public_key = key
                each.opening.statement.payload = statement.SerializeToString(deterministic=True)
        return said

    region.lies.answers["ListDirectoryEntries"] = swapped
    caught(lambda: region.client(NEWCOMER).sync(), Reason.ENTRY_MISMATCH)


# --- Drops an accepted statement -----------------------------------------------------------------


def test_statement_that_is_left_out_is_missed_by_its_author(region: Region) -> None:
    exchange = region.ask("kz.fma")
    fma = region.client("kz.fma/system")
    fma.acknowledge(fma.open(exchange))
    region.lies.answers["GetExchange"] = leaving_out(lambda said, at: at == len(said.entries) - 1)
    error = caught(lambda: fma.get(exchange), Reason.RECEIPT_MISMATCH)
    assert "gave a receipt" in error.message


# --- Reorders, back-dates, rewrites, rolls back --------------------------------------------------


def test_restored_backup_is_caught_by_whoever_saw_more(region: Region) -> None:
    backup = region.backup()
    region.ask("kz.fma")
    region.restore(backup)
    mia = region.client("kz.mia/system")
    error = caught(mia.checkpoint, Reason.CHECKPOINT_ROLLBACK)
    evidence = json.loads(next(mia.profile.state.glob("evidence/*rollback*")).read_bytes())
    assert "rolled back" in error.message
    assert mia.profile.log.verify(evidence["held"].encode()).size > (
        mia.profile.log.verify(evidence["got"].encode()).size
    )


def test_history_that_is_written_anew_over_a_dropped_statement_is_a_split_view(
    region: Region,
) -> None:
    backup = region.backup()
    region.ask("kz.fma")
    region.restore(backup)
    for _ in range(2):
        region.ask("kz.mia", by="kz.fma/system")
    mia = region.client("kz.mia/system")
    caught(mia.checkpoint, Reason.CHECKPOINT_SPLIT_VIEW)
    evidence = json.loads(next(mia.profile.state.glob("evidence/*split_view*")).read_bytes())
    held, got = (mia.profile.log.verify(evidence[name].encode()) for name in ("held", "got"))
    assert held.size < got.size, "two trees, both signed, and one does not extend the other"


def test_entries_in_another_order_are_refused(region: Region) -> None:
    exchange = region.ask("kz.fma")
    fma = region.client("kz.fma/system")
    fma.acknowledge(fma.open(exchange))

    def backwards(_: Any, said: pb.GetExchangeResponse) -> pb.GetExchangeResponse:
        entries = [log_pb2.ProvenEntry.FromString(e.SerializeToString()) for e in said.entries]
        del said.entries[:]
        said.entries.extend(reversed(entries))
        return said

    region.lies.answers["GetExchange"] = backwards
    caught(lambda: fma.get(exchange), Reason.ENTRY_MISMATCH)


def test_back_dated_entry_is_caught_by_reader_and_auditor(region: Region) -> None:
    exchange = region.ask("kz.fma")
    fma = region.client("kz.fma/system")
    opened = fma.open(exchange)
    region.lies.entry = lambda entry: replace(
        entry, hub_time=entry.hub_time - timedelta(seconds=60)
    )
    fma.acknowledge(opened)
    error = caught(lambda: fma.get(exchange), Reason.RULE_BROKEN)
    assert "is before that of the entry before it" in error.message
    assert "is before that of" in convicted(region.audit(), Reason.RULE_BROKEN)


# --- Shows different histories to different agencies
# -----------------------------------------------


def test_two_histories_are_one_fork_as_soon_as_two_bodies_compare(region: Region) -> None:
    first = region.backup("first.db")
    region.ask("kz.fma")
    mia_saw = region.client("kz.mia/system").checkpoint()
    region.restore(first)
    region.ask("kg.mia", by="uz.fiu/system")
    uzbek = region.client("uz.fiu/system")
    fiu_saw = uzbek.checkpoint()
    # Each history is whole for itself: neither body, nor the auditor of either, sees the other.
    assert region.audit_copy().is_clean
    older, newer = sorted((mia_saw, fiu_saw), key=lambda each: each.size)
    proof = uzbek.consistency_proof(older.size, newer.size) if older.size < newer.size else ()
    trust = uzbek._core.ports.trust
    caught(lambda: trust.verify_extends(older, newer, proof), Reason.CHECKPOINT_SPLIT_VIEW)


def test_witness_vouches_for_one_history_alone(region: Region, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    log = LogVerifier(region.files.log_vkey)
    keys = LogKeys(tmp_path / "keys", log)
    witness = Witness(
        WitnessSigner("witness.example/w", SoftwareSigner(key)), tmp_path / "w", keys, utc_now
    )
    first = region.backup()
    region.ask("kz.fma")
    vouched = witness.run_once(_Offered(region.client("kz.mia/system")))
    region.restore(first)
    for _ in range(2):
        region.ask("kg.mia", by="uz.fiu/system")
    other = _Offered(region.client("uz.fiu/system"))
    error = caught(lambda: witness.run_once(other), Reason.CHECKPOINT_SPLIT_VIEW)
    assert f"the one of {vouched.head.size}" in error.message
    assert other.cosigned == []


class _Offered:
    """A hub as a witness meets it, through a member's client; cosignatures stay here."""

    def __init__(self, client: ExchangeClient) -> None:
        self._client = client
        self.cosigned: list[bytes] = []

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        return self._client.checkpoint(), []

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        return self._client.consistency_proof(first, second)

    def add_cosignature(self, note: bytes) -> None:
        self.cosigned.append(note)


# --- Breaks a rule -------------------------------------------------------------------------------


def test_supervisor_that_is_skipped_is_missed_by_the_auditor(region: Region) -> None:
    region.lies.skips.add("_check_supervisors")
    region.lies.route = lambda route: replace(route, supervisors=())
    index = _send_unsupervised(region)
    message = convicted(region.audit(), Reason.RULE_BROKEN, index)
    assert "SUPERVISOR_MISSING" in message
    convicted(region.audit("kz.gpo/auditor/auditor1"), Reason.RULE_BROKEN, index)


def _send_unsupervised(region: Region) -> int:
    """An author in league with the hub leaves its supervisor out."""
    draft = region.draft(
        "kz.mia/system",
        Kind.INFORMATION_REQUEST.body(),
        recipients=("uz.fiu",),
        header=REQUEST_HEADER,
    )
    region.lies.skips.add("_check_parts")
    region.log_statement(region.signed(replace(draft, exchange_id=draft.id)))
    return len(region.entries()) - 1


def test_delivery_before_the_approval_is_caught_by_author_and_auditor(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    mia = region.client("kz.mia/system")
    region.lies.skips.add("deliver_to")
    uzbek = region.client("uz.fiu/system")
    digest = initial_digest(region, exchange)
    caller = region.caller("uz.fiu/system")
    region.in_hub(lambda ledger: ledger.deliver(caller, digest, "brief"))
    error = caught(lambda: mia.get(exchange), Reason.RULE_BROKEN)
    assert "it is a delivery that the rules refuse" in error.message
    assert "NOT_A_PARTY" in convicted(region.audit(), Reason.RULE_BROKEN)
    assert uzbek.agency == "uz.fiu"


def test_ruling_that_the_policy_does_not_give_is_caught_by_author_and_auditor(
    region: Region,
) -> None:
    def by_whim(entry: Entry) -> Entry:
        assert entry.ruling is not None
        return replace(entry, ruling=replace(entry.ruling, rule_ids=("because-i-say-so",)))

    region.lies.entry = by_whim
    exchange = region.ask("kz.fma")
    at = len(region.entries()) - 1
    error = caught(lambda: region.client("kz.mia/system").get(exchange), Reason.RULE_BROKEN)
    assert "because-i-say-so" in error.message
    convicted(region.audit(), Reason.RULE_BROKEN, at)


def test_auditor_from_whom_an_exchange_is_withheld_knows_it(region: Region) -> None:
    region.ask("kz.fma")
    at = len(region.entries()) - 1

    def without(start: int, openings: list[CommitmentOpening | None]) -> None:
        openings[at - start] = None

    region.lies.page = without
    assert "withheld" in convicted(region.audit(), Reason.ENTRY_MISMATCH, at)


# --- Answers with a stale directory or policy ----------------------------------------------------


def _stale(size: int) -> Any:
    def answer(request: Any, said: Any) -> Any:
        keep = max(0, size - request.known_directory_size)
        del said.entries[keep:]
        said.directory_size = size
        return said

    return answer


def test_policy_that_is_kept_from_a_sender_is_counted_in_its_receipt(region: Region) -> None:
    mia = region.client("kz.mia/system")
    held = mia.sync().size
    cedar = POLICY.read_text(encoding="utf-8") + "\n// A newer one.\n"
    region.client(OPERATOR).publish_policy(cedar)
    region.lies.answers["ListDirectoryEntries"] = only_for("kz.mia", _stale(held))
    error = caught(lambda: region.ask("kz.fma"), Reason.RULE_BROKEN)
    assert f"the log counts {held + 1} directory statements" in error.message


def test_entry_that_counts_fewer_directory_statements_convicts(region: Region) -> None:
    """The hub hides the newer policy in the sender's entry too."""
    region.lies.entry = lambda entry: replace(entry, directory_size=entry.directory_size - 1)
    exchange = region.ask("kz.fma")
    error = caught(lambda: region.client("kz.mia/system").get(exchange), Reason.RULE_BROKEN)
    assert "directory statements" in error.message
    at = len(region.entries()) - 1
    convicted(region.audit(), Reason.RULE_BROKEN, at)


def test_plan_under_another_policy_is_refused_before_anything_is_sealed(region: Region) -> None:
    def unsupervised(_: Any, said: pb.PlanRouteResponse) -> pb.PlanRouteResponse:
        del said.legs[0].approvers[:]
        said.legs[0].approvals_required = 0
        return said

    region.lies.answers["PlanRoute"] = unsupervised
    error = caught(lambda: region.ask("uz.fiu"), Reason.RULE_BROKEN)
    assert "the hub plans another" in error.message
    assert region.client("kz.mia/system").outbox.pending() == []


# --- Replays an old statement --------------------------------------------------------------------


def test_old_policy_that_is_replayed_is_caught_by_every_client_and_auditor(
    region: Region,
) -> None:
    _, stored = region.last(
        lambda entry: entry.event is Event.STATEMENT and entry.actor.role.value == "operator"
    )
    old = stored.opening.statement
    assert old is not None
    assert isinstance(parse_statement(old.payload).body, PublishPolicy)
    cedar = POLICY.read_text(encoding="utf-8") + "\n// A newer one.\n"
    region.client(OPERATOR).publish_policy(cedar)
    _replay(region, old)
    error = caught(region.client("kz.mia/system").sync, Reason.RULE_BROKEN)
    assert "was accepted before" in error.message
    assert "was accepted before" in convicted(region.audit(), Reason.RULE_BROKEN)


def test_replayed_sealing_key_does_not_come_back(region: Region) -> None:
    _, stored = region.last(
        lambda entry: (
            entry.event is Event.STATEMENT
            and entry.actor.agency == "kz.fma"
            and entry.exchange_id == ""
        )
    )
    old = stored.opening.statement
    assert old is not None
    _replay(region, old)
    error = caught(region.client("kz.mia/system").sync, Reason.RULE_BROKEN)
    assert "ALREADY_ENROLLED" in error.message
    convicted(region.audit(), Reason.RULE_BROKEN)


def _replay(region: Region, old: SignedStatement) -> None:
    """Write a second entry for a statement; the hub shows the old statement with it."""
    statement = parse_statement(old.payload)
    carrier = SealingPrivateKey.generate().public_key.to_bytes()
    new = region.signed(region.draft("uz.fiu/system", PublishSealingKey(carrier)))
    region.lies.entry = lambda entry: replace(
        entry,
        actor=statement.author,
        certificate_sha256=old.certificate_sha256,
        payload_digest=statement.digest,
        signature_digest=old.signature_digest,
    )
    region.log_statement(new)
    region.lies.entry = None

    def swapped(_: Any, said: Any) -> Any:
        openings = [
            each.opening for each in (*getattr(said, "entries", ()), *getattr(said, "leaves", ()))
        ]
        for opening in openings:
            if opening.statement.payload == new.payload:
                opening.statement.payload = old.payload
                opening.statement.signatures[0].certificate_sha256 = old.certificate_sha256
                opening.statement.signatures[0].signature = old.signature
        return said

    region.lies.answers["ListDirectoryEntries"] = swapped
    region.lies.answers["ListOpenings"] = swapped


# --- Reads content -------------------------------------------------------------------------------


def test_hub_holds_no_word_of_what_is_sealed(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    region.approve(exchange)
    uzbek = region.client("uz.fiu/system")
    uzbek.reply(uzbek.open(exchange), attachments={"scan": "Тайный счёт 4417".encode()})
    region.stop()
    held = b"".join(path.read_bytes() for path in region.files.folder.iterdir() if path.is_file())
    assert exchange.encode() in held
    for secret in ("Вымышленн", "Тайный счёт"):
        assert secret.encode() not in held
        assert json.dumps(secret).strip('"').encode() not in held


@pytest.mark.parametrize("part", ["brief", "content"])
def test_sealed_bytes_of_another_statement_are_not_opened(region: Region, part: str) -> None:
    first, second = region.ask("kz.fma"), region.ask("kz.fma")
    fma = region.client("kz.fma/system")
    fma.open(second)
    stolen: list[bytes] = []

    def other(request: pb.FetchPartRequest, said: Any) -> Any:
        if request.part_name != part:
            return said
        stolen.append(said.chunk)
        return pb.FetchPartResponse(chunk=bytes(len(said.chunk)))

    region.lies.answers["FetchPart"] = other
    caught(lambda: fma.open(first), Reason.SEAL_BROKEN)
    assert stolen
