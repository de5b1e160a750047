"""Attacks that no table lists, and who catches them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agency_client import Brief, ExchangeClient
from agency_client.audit import Verdict, verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_certs.authority import Authority
from exchange_keys import SoftwareSigner, load_signer
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.record.entries import CommitmentOpening
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.wire import encode_statement
from exchange_protocol.trust.certificates import TrustAnchors, Usage
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2
from exchange_server.bootstrap import utc_now
from tests.support.deployment import AUDITOR, COORDINATORS, OPERATOR, POLICY
from tests.support.dishonest_hub import (
    REQUEST,
    Region,
    caught,
    convicted,
    leaving_out,
    member,
    only_for,
)
from tests.support.foundation import NEWCOMER
from tests.support.hub_process import ORIGIN, PASSPHRASE, TRUST_DOMAIN

# --- What a coordinator sees and what it approves ------------------------------------------------


def test_exchange_that_is_listed_as_another_is_not_approved(region: Region) -> None:
    """The list shows a harmless request; behind its id stands an urgent one."""
    harmless = region.ask("uz.fiu")
    urgent = region.client("kz.mia/system").request_information(
        to=["uz.fiu"],
        brief=Brief(summary="Вымышленное", urgency_reason="Счёт закрывают завтра (вымышлено)"),
        request=REQUEST,
        urgency="URGENT",
        due=timedelta(days=1),
    )

    def mixed_up(_: Any, said: pb.ListExchangesResponse) -> pb.ListExchangesResponse:
        for each in said.exchanges:
            if each.exchange_id == harmless:
                each.exchange_id = urgent.exchange_id
                del said.exchanges[:]
                said.exchanges.append(each)
                break
        return said

    region.lies.answers["ListExchanges"] = mixed_up
    coordinator = region.client(COORDINATORS[0])
    (listed,) = coordinator.pending()
    assert listed.id == urgent.exchange_id
    for act in (coordinator.open, coordinator.approve):
        error = caught(lambda act=act: act(listed), Reason.ENTRY_MISMATCH)  # type: ignore[misc]
        assert "the hub lists" in error.message
    assert len(region.client("kz.mia/system").get(urgent.exchange_id).approvals) == 0


def test_summary_that_contradicts_the_opening_statement_is_refused(region: Region) -> None:
    exchange = region.ask("uz.fiu")

    def of_another(_: Any, said: pb.GetExchangeResponse) -> pb.GetExchangeResponse:
        said.summary.initiator = "kg.mia"
        return said

    region.lies.answers["GetExchange"] = of_another
    caught(lambda: region.open(COORDINATORS[0], exchange), Reason.ENTRY_MISMATCH)


def test_approval_is_bound_to_what_was_read_and_not_to_what_is_shown_later(
    region: Region,
) -> None:
    """The hub shows the first request to be read, and the supplement to be approved."""
    exchange = region.ask("uz.fiu")
    first, second = (region.client(each) for each in COORDINATORS)
    first.return_to_author(first.open(exchange), question="Which account?")
    mia = region.client("kz.mia/system")
    mia.supplement(exchange, brief="Другое", entities=[])
    region.lies.answers["GetExchange"] = leaving_out(lambda _, at: at > 0)
    read = second.open(exchange)
    assert len(read.statements) == 1
    region.lies.answers.clear()
    error = caught(lambda: second.approve(read), Reason.STALE_ANSWER)
    assert "open the exchange anew" in error.message
    assert mia.get(exchange).approvals == ()


def test_approval_of_what_was_hidden_away_does_not_release_what_waits(region: Region) -> None:
    """The coordinator approves the older statement; the hub counts it for the newer one."""
    exchange = region.ask("uz.fiu")
    first, second = (region.client(each) for each in COORDINATORS)
    first.return_to_author(first.open(exchange), question="Which account?")
    region.client("kz.mia/system").supplement(exchange, brief="Другое", entities=[])
    region.lies.answers["GetExchange"] = only_for("caricc", leaving_out(lambda _, at: at > 0))
    region.lies.skips.add("answers")
    second.approve(second.open(exchange))
    region.lies.skips.clear()
    error = caught(lambda: region.open("uz.fiu/system", exchange), Reason.RULE_BROKEN)
    assert "STALE_ANSWER" in error.message
    assert "STALE_ANSWER" in convicted(region.audit(), Reason.RULE_BROKEN)


# --- Withheld, while there is proof of it --------------------------------------------------------


def test_exchange_that_was_acknowledged_cannot_be_unknown(region: Region) -> None:
    exchange = region.ask("kz.fma")

    def unknown(request: pb.GetExchangeRequest, _: Any) -> Any:
        raise Reason.EXCHANGE_UNKNOWN.error("expected an exchange that kz.mia may know of")

    region.lies.answers["GetExchange"] = unknown
    error = caught(lambda: region.client("kz.mia/system").get(exchange), Reason.RECEIPT_MISMATCH)
    assert "gave a receipt" in error.message
    caught(lambda: region.client("kz.fma/system").get(exchange), Reason.EXCHANGE_UNKNOWN)


def test_parts_that_are_handed_out_off_the_log_are_noticed_by_who_got_them(
    region: Region,
) -> None:
    exchange = region.ask("kz.fma")
    region.lies.skips.add("delivery entry")
    error = caught(lambda: region.open("kz.fma/system", exchange), Reason.RULE_BROKEN)
    assert "knows of no delivery" in error.message


def test_content_that_is_called_erased_without_a_notice_convicts_the_hub(region: Region) -> None:
    exchange = region.ask("kz.fma")

    def erased(_: Any, __: Any) -> Any:
        raise Reason.CONTENT_ERASED.error("the content was erased, as its initiator asked")

    region.lies.answers["FetchPart"] = erased
    error = caught(lambda: region.open("kz.fma/system", exchange), Reason.RULE_BROKEN)
    assert "no signed notice says so" in error.message


def test_recall_that_is_kept_from_the_recipient_convicts_when_the_answer_is_taken(
    region: Region,
) -> None:
    exchange = region.ask("kz.fma")
    mia, fma = region.client("kz.mia/system"), region.client("kz.fma/system")
    fma.acknowledge(fma.open(exchange))
    mia.recall(exchange, reason="Вымышленная")
    region.lies.answers["GetExchange"] = only_for(
        "kz.fma", leaving_out(lambda said, at: at == len(said.entries) - 1)
    )
    # It believes that it may still answer; what the hub then does is wrong either way.
    caught(lambda: fma.reply(exchange), Reason.OUT_OF_ORDER)


def test_auditor_is_not_blinded_by_withholding_what_lets_it_in(region: Region) -> None:
    region.ask("kz.fma")
    policy = next(
        each.index
        for each in region.entries()
        if each.opening.statement is not None and b"permit (" in each.opening.statement.payload
    )

    def blind_from(first: int) -> Any:
        def blind(start: int, openings: list[CommitmentOpening | None]) -> None:
            openings[:] = [
                opening if at < first else None for at, opening in enumerate(openings, start)
            ]

        return blind

    for first in (0, policy):
        region.lies.page = blind_from(first)
        assert "withheld" in convicted(region.audit(), Reason.ENTRY_MISMATCH, first)
    # From the policy on, nothing can be withheld from an auditor to whom it opens everything.
    region.lies.page = blind_from(policy + 1)
    assert "withheld" in convicted(region.audit(), Reason.ENTRY_MISMATCH, policy + 1)


# --- One leaf, two stories -----------------------------------------------------------------------


@pytest.mark.parametrize("what", ["entry", "nonce", "statement", "signature"])
def test_entry_cannot_be_opened_differently_to_two_auditors(region: Region, what: str) -> None:
    region.ask("kz.fma")
    at = len(region.entries()) - 1

    def otherwise(request: Any, said: Any) -> Any:
        opening = said.leaves[at - request.start_index].opening
        if what == "entry":
            entry = log_pb2.LogEntry.FromString(opening.entry)
            entry.hub_time.seconds += 1
            opening.entry = entry.SerializeToString(deterministic=True)
        elif what == "nonce":
            opening.nonce = bytes(32)
        elif what == "statement":
            opening.statement.payload = _other_last_byte(opening.statement.payload)
        else:
            signature = opening.statement.signatures[0]
            signature.signature = _other_last_byte(signature.signature)
        return said

    region.lies.answers["ListOpenings"] = otherwise
    convicted(region.audit(), Reason.ENTRY_MISMATCH, at)
    region.lies.answers.clear()
    assert region.audit("kz.gpo/auditor/auditor1").is_clean


def test_two_trees_of_one_size_are_a_fork_within_one_client(region: Region) -> None:
    signer = LogSigner(ORIGIN, load_signer(region.files.folder / "log.key", PASSPHRASE))
    mia = region.client("kz.mia/system")
    size = mia.checkpoint().size
    other = signer.sign(Checkpoint(ORIGIN, size, bytes(32)))

    def forked(_: Any, said: audit_pb.GetCheckpointResponse) -> audit_pb.GetCheckpointResponse:
        said.tree_head.checkpoint = other
        return said

    region.lies.answers["GetCheckpoint"] = forked
    error = caught(mia.checkpoint, Reason.CHECKPOINT_SPLIT_VIEW)
    assert "evidence" in error.message
    mia.sync()


def test_copy_that_was_written_anew_is_not_the_log_that_was_seen(region: Region) -> None:
    """The hub rewrites its database without an exchange, keeps every rule, and signs the result."""
    backup = region.backup()
    region.ask("kz.fma")
    auditor = region.client(AUDITOR)
    seen = auditor.checkpoint().checkpoint
    region.restore(backup)
    for _ in range(3):
        region.ask("kz.mia", by="kz.fma/system")
    region.stop()
    copy = DatabaseCopy(region.files.folder / "hub.db", LogVerifier(region.files.log_vkey))
    with closing(copy):
        assert verify_log(copy, region.files.anchors, auditor=None).is_clean
        again = verify_log(copy, region.files.anchors, auditor=None, seen=(seen,))
    assert "written anew" in convicted(again, Reason.CHECKPOINT_SPLIT_VIEW)


def test_copy_that_extends_what_was_seen_is_clean(region: Region) -> None:
    seen = region.client(AUDITOR).checkpoint().checkpoint
    region.ask("kz.fma")
    region.stop()
    copy = DatabaseCopy(region.files.folder / "hub.db", LogVerifier(region.files.log_vkey))
    with closing(copy):
        report = verify_log(copy, region.files.anchors, auditor=None, seen=(seen,))
    assert report.violations == ()
    assert report.tree_size > seen.size


# --- Clock games ---------------------------------------------------------------------------------


def test_clock_that_stands_still_is_noticed_by_authors_and_auditors(region: Region) -> None:
    stopped = utc_now()
    region.lies.clock = lambda: stopped
    region.lies.skips.add("made_at")
    profile = region.client("kz.mia/system").profile
    with ExchangeClient(profile, clock=lambda: utc_now() + timedelta(hours=2)) as later:
        error = caught(
            lambda: later.request_information(to=["kz.fma"], brief="-", request=REQUEST),
            Reason.RULE_BROKEN,
        )
    assert "hub's time" in error.message
    assert "hub's time" in convicted(region.audit(), Reason.RULE_BROKEN)


def test_statement_that_was_kept_for_later_is_too_old_to_come_up(region: Region) -> None:
    region.lies.skips.add("made_at")
    draft = region.draft(OPERATOR, PublishPolicy(POLICY.read_text(encoding="utf-8") + "// -\n"))
    old = replace(draft, made_at=utc_now() - timedelta(days=40))
    region.log_statement(region.signed(old))
    caught(region.client("kz.mia/system").sync, Reason.RULE_BROKEN)
    convicted(region.audit(), Reason.RULE_BROKEN, len(region.entries()) - 1)


# --- Impostors -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rogue(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A root of the hub's own, under the same name."""
    folder = tmp_path_factory.mktemp("rogue")
    return Authority.create(folder / "authority", TRUST_DOMAIN, PASSPHRASE, datetime.now(UTC))


@pytest.mark.parametrize("who", ["kz.fma/system", "caricc/coordinator/coordinator3"])
def test_impostor_of_another_root_is_refused_by_everyone(
    region: Region, rogue: Authority, who: str
) -> None:
    issued = rogue.issue_member(member(who), Usage.SIGNING, now=utc_now())
    body = PublishCertificate(issued.der, ())
    region.lies.anchors = TrustAnchors.from_pem(region.files.root_pem + rogue.root_pem())
    # Signed by the operator itself: the hub's operators may be in league with it.
    region.log_statement(region.signed(region.draft(OPERATOR, body)))
    error = caught(region.client("kz.mia/system").sync, Reason.RULE_BROKEN)
    assert "CERTIFICATE_UNTRUSTED" in error.message
    convicted(region.audit(), Reason.RULE_BROKEN)


def test_second_beginning_of_the_log_is_refused(region: Region, rogue: Authority) -> None:
    issued = rogue.issue_member(member("caricc/operator/ops9"), Usage.SIGNING, now=utc_now())
    assert issued.key is not None
    payload = encode_statement(
        replace(
            region.draft("caricc/operator/ops1", PublishCertificate(issued.der, ())),
            author=member("caricc/operator/ops9"),
        )
    )
    signed = SignedStatement(
        PAYLOAD_TYPE,
        payload,
        issued.fingerprint,
        sign(SoftwareSigner(issued.key), PAYLOAD_TYPE, payload),
    )
    region.lies.anchors = TrustAnchors.from_pem(region.files.root_pem + rogue.root_pem())
    region.lies.skips.add("authenticate")
    region.log_statement(signed)
    error = caught(region.client("kz.fma/system").sync, Reason.RULE_BROKEN)
    assert "CERTIFICATE_UNKNOWN" in error.message
    convicted(region.audit(), Reason.RULE_BROKEN)


def test_revoked_key_that_the_hub_still_takes_convicts_it(region: Region) -> None:
    """One recipient is kept from the revocation and the count in the entry is lowered to match."""
    officer = region.client(NEWCOMER)
    fma = region.client("kz.fma/system")
    held = fma.sync().size
    certificate = officer.profile.vault.certificate
    assert certificate is not None
    region.client("kz.mia/system").revoke_certificate(certificate.fingerprint, "KEY_COMPROMISE")
    region.lies.skips.add("authenticate")
    region.lies.entry = lambda entry: replace(entry, directory_size=held)
    region.lies.answers["ListDirectoryEntries"] = _stale(held)
    exchange = region.ask("kz.fma", by=NEWCOMER)
    assert fma.open(exchange).legs, "the recipient alone cannot know"
    region.lies.answers.clear()
    assert "CERTIFICATE_REVOKED" in convicted(region.audit(), Reason.RULE_BROKEN)
    fma.sync()
    error = caught(lambda: fma.open(exchange), Reason.RULE_BROKEN)
    assert "CERTIFICATE_REVOKED" in error.message


def _stale(size: int) -> Any:
    def answer(request: Any, said: Any) -> Any:
        del said.entries[max(0, size - request.known_directory_size) :]
        said.directory_size = size
        return said

    return answer


@pytest.mark.parametrize("change", [-1, +1])
def test_directory_that_is_counted_wrongly_is_refused(region: Region, change: int) -> None:
    mia = region.client("kz.mia/system")
    mia.sync()

    def miscounted(_: Any, said: Any) -> Any:
        said.directory_size += change
        return said

    region.lies.answers["ListDirectoryEntries"] = miscounted
    caught(mia.sync, Reason.ENTRY_MISMATCH)


# --- Behind the log ------------------------------------------------------------------------------


def test_leg_that_is_released_in_the_tables_alone_opens_nothing(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    region.stop()
    with closing(sqlite3.connect(region.files.folder / "hub.db")) as database, database:
        database.execute("UPDATE legs SET state = 4, hidden = '[]' WHERE agency = 'uz.fiu'")
    region.start()
    region.lies.seen_as = "kz.mia"
    caught(lambda: region.open("uz.fiu/system", exchange), Reason.APPROVAL_MISSING)
    region.lies.seen_as = ""
    # No signature covers the tables: a copy shows the damage, and cannot say whose it is.
    copied = region.audit_copy()
    assert copied.verdict is Verdict.TORN_COPY
    assert [each.reason for each in copied.faults] == [Reason.RULE_BROKEN]
    assert "stored otherwise" in copied.faults[0].message


def _other_last_byte(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])
