"""A hub that really misbehaves, and the client that catches it (docs/threat-model.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_client import InformationRequest, Item, Sent
from agency_client.core.verifying import judge_view
from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.errors import ExchangeError, HubDishonest, InvalidInput, PeerError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.days import to_day
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.record import replay as replay_module
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Event,
    encode_entry,
    entry_leaf_hash,
    parse_entry,
)
from exchange_protocol.record.receipts import verify_proven_entries
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.judgement import judge as rules_judge
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2
from tests.support.asking import new_exchange
from tests.support.hub_data import LOG_NAME, log_signer
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import (
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    OPERATOR,
    POLICY,
    UZ_FIU,
)

REQUEST = InformationRequest(items=(Item.STR,))


def caught(action: Callable[[], Any], *reasons: Reason) -> ExchangeError:
    """Do what must fail, with one of these reasons."""
    with pytest.raises((HubDishonest, PeerError)) as failed:
        action()
    assert failed.value.reason in reasons, failed.value
    return failed.value


def rewrite(hub: InMemoryHub, index: int, **fields: Any) -> None:
    """Let the hub put another entry where one was; the tree is made anew around it."""
    old = hub.log[index]
    entry = replace(parse_entry(old.entry), **fields)
    hub.log[index] = CommitmentOpening(encode_entry(entry), old.nonce, old.statement)


def show_as_released(hub: InMemoryHub, exchange_id: str) -> Exchange:
    """Let the hub show a held leg as one that was released; gives the exchange as it shows it."""
    held = hub.model.exchanges[exchange_id]
    released = replace(held.legs[0], state=LegState.RELEASED, was_released=True, hidden=())
    hub.model.exchanges[exchange_id] = replace(held, legs=(released, *held.legs[1:]))
    return hub.model.exchanges[exchange_id]


def record_unjudged(hub: InMemoryHub, signed: SignedStatement) -> None:
    """Let the hub record a coordinator's approval that the rules would never accept."""
    statement = parse_statement(signed.payload)
    model = hub.model
    exchange = show_as_released(hub, statement.exchange_id)
    honest = next(
        entry
        for each in hub.log
        if (entry := parse_entry(each.entry)).exchange_id == exchange.id and entry.ruling
    )
    assert honest.ruling is not None
    change = replace(honest.ruling.legs[0], before=LegState.HELD, after=LegState.RELEASED)
    ruling = replace(honest.ruling, rule_ids=("the-centre-coordinators-decide",), supervisors=())
    entry = replace(
        honest,
        hub_time=model.now,
        actor=statement.author,
        certificate_sha256=signed.certificate_sha256,
        payload_digest=signed.digest,
        signature_digest=signed.signature_digest,
        ruling=replace(ruling, legs=(change,)),
    )
    model.spoken[signed.digest] = replace(
        next(iter(model.spoken.values())),
        digest=signed.digest,
        author=statement.author.agency,
        kind=Kind.DECISION,
        legs=statement.recipients,
        supervisors=(),
    )
    model.record(entry, signed)


def approval(hub: InMemoryHub, exchange: str, author: Member = COORDINATOR) -> SignedStatement:
    """An approval as its author would sign it."""
    held = hub.statement(hub.model.exchanges[exchange].legs[0].awaits)
    draft = hub.model.compose(author, Decision(Verdict.APPROVE), to=["uz.fiu"], on=held)
    return hub.model.sign(draft)


# --- Forged and lifted approvals -----------------------------------------------------------------


def test_held_request_that_is_shown_without_an_approval_is_not_opened(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "uz.fiu")
    show_as_released(hub, exchange)
    uzbek = hub.client(tmp_path, UZ_FIU)
    # The log is in order; the hub just shows it.
    initial = hub.visible(UZ_FIU.agency, exchange)[0]
    ruling = parse_entry(hub.log[initial].entry).ruling
    assert ruling is not None
    assert ruling.legs[0].after is LegState.HELD
    caught(lambda: uzbek.open(exchange), Reason.APPROVAL_MISSING)
    assert "FetchPart" not in hub.calls


def test_hub_that_records_a_gated_request_as_released_breaks_a_rule(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "uz.fiu")
    index = len(hub.log) - 1
    ruling = parse_entry(hub.log[index].entry).ruling
    assert ruling is not None
    lifted = replace(ruling.legs[0], after=LegState.RELEASED, approvals_required=0, approvers=())
    rewrite(hub, index, ruling=replace(ruling, legs=(lifted,)))
    show_as_released(hub, exchange)
    error = caught(lambda: hub.client(tmp_path, UZ_FIU).open(exchange), Reason.RULE_BROKEN)
    assert "FetchPart" not in hub.calls, "nothing was unsealed"
    assert f"entry {index}" in error.message


def forged_signature(hub: InMemoryHub, exchange: str, other: str) -> SignedStatement:
    """An approval with one bit of its signature changed."""
    signed = approval(hub, exchange)
    return replace(signed, signature=signed.signature[:-1] + bytes([signed.signature[-1] ^ 1]))


def wrong_key(hub: InMemoryHub, exchange: str, other: str) -> SignedStatement:
    """An approval signed by a key that the log does not know, under a certificate that it does."""
    signed = approval(hub, exchange)
    forged = hub.model.sign(parse_statement(signed.payload), hub.cast.issue(COORDINATOR))
    return replace(forged, certificate_sha256=signed.certificate_sha256)


def foreign_coordinator(hub: InMemoryHub, exchange: str, other: str) -> SignedStatement:
    """An approval by a coordinator whom the policy does not name."""
    return approval(hub, exchange, FOREIGN_COORDINATOR)


def of_another(hub: InMemoryHub, exchange: str, other: str) -> SignedStatement:
    """A real approval, of another request."""
    lifted = parse_statement(approval(hub, other).payload)
    return hub.model.sign(replace(lifted, exchange_id=exchange))


@pytest.mark.parametrize("forge", [forged_signature, wrong_key, foreign_coordinator, of_another])
def test_approval_that_no_coordinator_signed_over_this_payload_opens_nothing(
    hub: InMemoryHub, tmp_path: Path, forge: Callable[[InMemoryHub, str, str], SignedStatement]
) -> None:
    client = hub.client(tmp_path)
    other, exchange = new_exchange(client, "uz.fiu"), new_exchange(client, "uz.fiu")
    record_unjudged(hub, forge(hub, exchange, other))
    uzbek = hub.client(tmp_path, UZ_FIU)
    caught(lambda: uzbek.open(exchange), Reason.RULE_BROKEN)
    assert "FetchPart" not in hub.calls


def test_held_supplement_is_not_passed_off_as_a_supervisory_copy(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    client, coordinator = hub.client(tmp_path), hub.client(tmp_path, COORDINATOR)
    exchange = new_exchange(client, "uz.fiu")
    coordinator.return_to_author(exchange, question="Which account?")
    client.supplement(exchange, brief="-", entities=[])
    supplement = len(hub.log) - 1
    hub.visible = lambda agency, exchange_id: [supplement]  # type: ignore[method-assign]
    caught(lambda: hub.client(tmp_path, UZ_FIU).open(exchange), Reason.ENTRY_MISMATCH)


# --- Altered, dropped, reordered -----------------------------------------------------------------


def test_altered_statement_is_not_the_one_of_its_entry(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    opening = hub.log[-1]
    assert opening.statement is not None
    statement = parse_statement(opening.statement.payload)
    other = replace(statement, header=replace(statement.header, legal_basis="KZ-OTHER"))
    altered = replace(opening.statement, payload=encode_statement(other))
    hub.log[-1] = replace(opening, statement=altered)
    caught(lambda: hub.client(tmp_path, KZ_FMA).open(exchange), Reason.ENTRY_MISMATCH)


def test_statement_that_its_author_did_not_sign_is_refused_by_every_reader(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    opening = hub.log[-1]
    assert opening.statement is not None
    statement = parse_statement(opening.statement.payload)
    payload = encode_statement(
        replace(statement, header=replace(statement.header, legal_basis="KZ-OTHER"))
    )
    forged = replace(opening.statement, payload=payload)
    said = hub.model.spoken.pop(statement.digest)
    hub.model.spoken[forged.digest] = replace(said, digest=forged.digest)
    entry = replace(parse_entry(opening.entry), payload_digest=forged.digest)
    hub.log[-1] = CommitmentOpening(encode_entry(entry), opening.nonce, forged)
    caught(lambda: hub.client(tmp_path, KZ_FMA).open(exchange), Reason.RULE_BROKEN)
    caught(lambda: hub.client(tmp_path, KZ_GPO).open(exchange), Reason.PEER_SIGNATURE_INVALID)


def test_accepted_statement_that_is_dropped_is_missed_by_its_author(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    fma = hub.client(tmp_path, KZ_FMA)
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma.open(exchange)
    fma.acknowledge(exchange)
    honest = hub.visible
    hub.visible = lambda agency, exchange_id: honest(agency, exchange_id)[:-1]  # type: ignore[method-assign]
    error = caught(lambda: fma.get(exchange), Reason.RECEIPT_MISMATCH)
    assert "receipt" in error.message


def other_index(receipt: pb.Receipt) -> None:
    receipt.entry.index += 1


def other_key(receipt: pb.Receipt) -> None:
    """Let another hub of the same name promise another entry."""
    stranger = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    leaf = entry_leaf_hash(receipt.entry.opening.entry, receipt.entry.opening.nonce)
    receipt.entry.index = 0
    del receipt.entry.inclusion_proof[:]
    receipt.tree_head.checkpoint = stranger.sign(Checkpoint(LOG_NAME, 1, leaf))


@pytest.mark.parametrize("shows", [True, False])
@pytest.mark.parametrize("change", [other_index, other_key, None])
def test_a_receipt_that_was_changed_on_disk_accuses_nobody(
    hub: InMemoryHub,
    tmp_path: Path,
    change: Callable[[pb.Receipt], None] | None,
    shows: bool,
) -> None:
    fma = hub.client(tmp_path, KZ_FMA)
    exchange, other = (new_exchange(hub.client(tmp_path), "kz.fma") for _ in range(2))
    for each in (exchange, other):
        fma.open(each)
        fma.acknowledge(each)
    [path] = (fma.profile.state / "receipts" / exchange).iterdir()
    if change is None:
        # A signed receipt, beside those of another exchange, or under another statement's id.
        moved = path.parent.parent / other / path.name if not shows else path.parent / other
        path.rename(moved)
        asked = other if not shows else exchange
    else:
        receipt = pb.Receipt.FromString(path.read_bytes())
        change(receipt)
        path.write_bytes(receipt.SerializeToString())
        asked = exchange
        if not shows:
            hub.visible = lambda agency, exchange_id: []  # type: ignore[method-assign]
    with pytest.raises(InvalidInput, match="says nothing of the hub") as refused:
        fma.get(asked)
    assert refused.value.reason is Reason.DOCUMENT_INVALID


@pytest.mark.parametrize("days", [1, 2])
def test_listed_day_that_nobody_gave_is_refused(
    hub: InMemoryHub, tmp_path: Path, days: int
) -> None:
    """One that ends at another moment by its form; one that ends then elsewhere by the log."""
    given = hub.now().date() + timedelta(days=20)
    exchange = new_exchange(hub.client(tmp_path), due=given, time_zone="Pacific/Honolulu")
    fma = hub.client(tmp_path, KZ_FMA)
    [listed] = fma.exchanges()
    assert (listed.due_on, listed.legs[0].due_on) == (given, given)
    assert fma.get(listed).id == exchange
    # The end of a day at -10:00 is that of the next day at +14:00.
    other, honest = given + timedelta(days=days), hub.summary

    def lies(exchange_id: str) -> pb.ExchangeSummary:
        summary: pb.ExchangeSummary = honest(exchange_id)
        summary.due_on.CopyFrom(to_day(other))
        return summary

    hub.summary = lies  # type: ignore[method-assign]
    caught(lambda: fma.get(next(fma.exchanges())), Reason.ENTRY_MISMATCH)


@pytest.mark.parametrize("reader", [KZ_MIA, KZ_FMA, KZ_GPO])
@pytest.mark.parametrize("is_late", [False, True])
def test_entry_is_dated_between_its_neighbours_in_the_directory(
    hub: InMemoryHub, tmp_path: Path, reader: Member, is_late: bool
) -> None:
    """A reader of one entry of an exchange sees the directory's on both sides of it."""
    with hub.client(tmp_path, KZ_FMA) as fma:
        fma.publish_sealing_key(SealingPrivateKey.generate().public_key)
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    index = len(hub.log) - 1
    with hub.client(tmp_path, KZ_FMA) as fma:
        fma.publish_sealing_key(SealingPrivateKey.generate().public_key)
    true = parse_entry(hub.log[index].entry).hub_time
    other = true + timedelta(minutes=10) if is_late else true - timedelta(minutes=10)
    rewrite(hub, index, hub_time=other)
    error = caught(lambda: hub.client(tmp_path / "other", reader).get(exchange), Reason.RULE_BROKEN)
    assert "its time" in error.message


def test_entries_out_of_order_are_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    honest = hub.visible
    hub.visible = lambda agency, exchange_id: honest(agency, exchange_id)[::-1]  # type: ignore[method-assign]
    caught(lambda: fma.get(exchange), Reason.ENTRY_MISMATCH)


def test_entry_of_another_exchange_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    other, exchange = new_exchange(client, "kz.fma"), new_exchange(client, "kz.fma")
    honest = hub.visible
    hub.visible = lambda agency, exchange_id: honest(agency, other)  # type: ignore[method-assign]
    caught(lambda: client.get(exchange), Reason.ENTRY_MISMATCH)


def test_entry_that_is_not_in_the_signed_tree_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    honest = hub.get_exchange

    def lies(caller: Member, request: pb.GetExchangeRequest) -> pb.GetExchangeResponse:
        answer: pb.GetExchangeResponse = honest(caller, request)
        answer.entries[0].opening.nonce = bytes(32)
        return answer

    hub.get_exchange = lies  # type: ignore[method-assign]
    caught(lambda: hub.client(tmp_path, KZ_FMA).get(exchange), Reason.PROOF_INVALID)


@pytest.mark.parametrize("next_index", [1, 2**63])
def test_pages_of_an_exchange_come_to_an_end(
    hub: InMemoryHub, tmp_path: Path, next_index: int
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    honest = hub.get_exchange

    def lies(caller: Member, request: pb.GetExchangeRequest) -> pb.GetExchangeResponse:
        answer: pb.GetExchangeResponse = honest(caller, request)
        answer.next_index = next_index
        return answer

    hub.get_exchange = lies  # type: ignore[method-assign]
    caught(lambda: hub.client(tmp_path, KZ_FMA).get(exchange), Reason.ENTRY_MISMATCH)


def test_page_that_shows_again_what_came_before_is_refused(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    client = hub.client(tmp_path)
    exchange = new_exchange(client, "kz.fma")
    honest = hub.get_exchange

    def lies(caller: Member, request: pb.GetExchangeRequest) -> pb.GetExchangeResponse:
        request.start_index = 0
        answer: pb.GetExchangeResponse = honest(caller, request)
        answer.next_index = answer.entries[-1].index + 1
        return answer

    hub.get_exchange = lies  # type: ignore[method-assign]
    caught(lambda: client.get(exchange), Reason.ENTRY_MISMATCH)


def test_swapped_part_is_not_unsealed(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    first, second = new_exchange(client, "kz.fma"), new_exchange(client, "kz.fma")
    (one, two) = (
        hub.statement(hub.model.exchanges[each].legs[0].awaits) for each in (first, second)
    )
    for part in one.parts:
        hub.parts[part.sha256] = hub.parts[two.part(part.name).sha256]
    caught(lambda: hub.client(tmp_path, KZ_FMA).open(first), Reason.SEAL_BROKEN)


# --- Directory and policy ------------------------------------------------------------------------


def test_swapped_sealing_key_is_refused_before_anything_is_sealed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    # The hub wants to read: it publishes its own key in the name of the FIU.
    key = SealingPrivateKey.generate().public_key.to_bytes()
    draft = hub.model.compose(KZ_FMA, PublishSealingKey(key))
    own = hub.cast.signers[OPERATOR]
    signed = hub.model.sign(draft, own)
    forged = replace(signed, certificate_sha256=hub.cast.signers[KZ_FMA].fingerprint)
    entry = replace(
        parse_entry(hub.log[-1].entry),
        actor=KZ_FMA,
        certificate_sha256=forged.certificate_sha256,
        payload_digest=forged.digest,
        signature_digest=forged.signature_digest,
        directory_size=hub.model.directory.size + 1,
    )
    hub.model.record(entry, forged)
    caught(lambda: new_exchange(hub.client(tmp_path), "kz.fma"), Reason.RULE_BROKEN)
    assert "Submit" not in hub.calls


def test_directory_with_an_entry_left_out_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    honest = hub.directory_indexes()
    hub.directory_indexes = lambda: honest[:9] + honest[10:]  # type: ignore[method-assign]
    caught(lambda: hub.client(tmp_path).sync(), Reason.RULE_BROKEN)


def test_directory_that_shrinks_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    client.sync()
    honest = hub.directory_indexes()
    hub.directory_indexes = lambda: honest[:-1]  # type: ignore[method-assign]
    caught(client.sync, Reason.ENTRY_MISMATCH)


def test_directory_entries_that_are_counted_and_not_shown_are_missed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    client = hub.client(tmp_path)
    client.sync()
    shown = hub.directory_indexes()
    hub.model.change_policy(POLICY + "\n// A newer one.\n")
    hub.directory_indexes = lambda: shown  # type: ignore[method-assign]
    # Planned under the old policy, accepted under the new: the receipt tells.
    error = caught(lambda: new_exchange(client, "kz.fma"), Reason.RULE_BROKEN)
    assert "directory" in error.message


def test_plan_that_is_not_the_policys_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    honest = hub.plan_route

    def without_supervisor(caller: Member, request: pb.PlanRouteRequest) -> pb.PlanRouteResponse:
        answer = honest(caller, request)
        answer.ClearField("supervisors")
        return answer

    hub.plan_route = without_supervisor  # type: ignore[method-assign]
    caught(lambda: new_exchange(hub.client(tmp_path), "kg.mia"), Reason.RULE_BROKEN)
    assert "Submit" not in hub.calls


def test_policy_that_is_ignored_is_seen_by_the_initiator(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    exchange = new_exchange(client, "uz.fiu")
    index = len(hub.log) - 1
    ruling = parse_entry(hub.log[index].entry).ruling
    assert ruling is not None
    rewrite(hub, index, ruling=replace(ruling, supervisors=()))
    other = hub.client(tmp_path / "elsewhere")
    caught(lambda: other.get(exchange), Reason.RULE_BROKEN)


# --- Receipts ------------------------------------------------------------------------------------


def test_receipt_of_another_statement_is_refused_and_the_statement_kept(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    client = hub.client(tmp_path)
    new_exchange(client, "kz.fma")
    first = len(hub.log) - 1
    honest = hub.proven

    def another(indexes: Any, *, whole: bool = True, tree_size: int | None = None) -> Any:
        return honest(indexes if whole else [first], whole=whole, tree_size=tree_size)

    hub.proven = another  # type: ignore[method-assign]
    caught(lambda: new_exchange(client, "kz.fma"), Reason.RECEIPT_MISMATCH)
    hub.proven = honest  # type: ignore[method-assign]
    assert len(client.outbox.pending()) == 1
    (sent,) = client.flush_outbox()
    assert isinstance(sent, Sent)


def test_receipt_without_a_proof_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    honest = hub.submit

    def unproven(caller: Member, request: pb.SubmitRequest) -> pb.SubmitResponse:
        answer = honest(caller, request)
        del answer.receipt.entry.inclusion_proof[:]
        return answer

    hub.submit = unproven  # type: ignore[method-assign]
    caught(lambda: new_exchange(client, "kz.fma"), Reason.PROOF_INVALID)


# --- Rollback, split view, foreign logs -


def evidence_of(error: ExchangeError) -> dict[str, Any]:
    """The file that an error names."""
    found = re.search(r"kept in (\S+)$", error.message)
    assert found is not None
    record: dict[str, Any] = json.loads(Path(found[1]).read_text())
    return record


def test_hub_restored_from_an_old_backup_is_caught(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    new_exchange(client, "kz.fma")
    del hub.log[-1:]
    error = caught(client.sync, Reason.CHECKPOINT_ROLLBACK)
    record = evidence_of(error)
    assert {log_signer_verify(record["held"]), log_signer_verify(record["got"])} == {
        len(hub.log) + 1,
        len(hub.log),
    }


def test_hub_that_shows_a_smaller_tree_is_caught(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    new_exchange(client, "kz.fma")
    older = hub.note(len(hub.log) - 1)
    honest = hub.tree_head

    def smaller(known: int) -> Any:
        head = honest(known)
        head.checkpoint = older
        return head

    hub.tree_head = smaller  # type: ignore[method-assign]
    caught(client.sync, Reason.CHECKPOINT_ROLLBACK)


def test_log_that_was_rewritten_is_a_split_view(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    new_exchange(client, "kz.fma")
    rewrite(hub, 3, hub_time=parse_entry(hub.log[3].entry).hub_time.replace(microsecond=7))
    error = caught(client.sync, Reason.CHECKPOINT_SPLIT_VIEW)
    assert evidence_of(error)["reason"] == "CHECKPOINT_SPLIT_VIEW"


def test_fork_behind_a_longer_log_is_caught(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    client.sync()
    rewrite(hub, 3, hub_time=parse_entry(hub.log[3].entry).hub_time.replace(microsecond=7))
    hub.model.deny(KZ_MIA, Reason.POLICY_DENIED)
    caught(client.checkpoint, Reason.CHECKPOINT_SPLIT_VIEW)


def test_checkpoint_of_another_key_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:

    other = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    note = other.sign(Checkpoint(LOG_NAME, len(hub.log), bytes(32)))
    hub.note = lambda size=None: note  # type: ignore[method-assign]
    caught(hub.client(tmp_path).sync, Reason.CHECKPOINT_INVALID)


def test_what_one_process_saw_binds_the_next(hub: InMemoryHub, tmp_path: Path) -> None:
    new_exchange(hub.client(tmp_path), "kz.fma")
    del hub.log[-1:]
    caught(hub.client(tmp_path).checkpoint, Reason.CHECKPOINT_ROLLBACK)


def test_older_answer_that_arrives_late_is_believed_once_it_is_proven(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """Another process of the same profile moves the checkpoint while an answer is on its way."""
    client, other = hub.client(tmp_path), hub.client(tmp_path)
    client.sync()
    honest = hub.get_checkpoint
    moved = False

    def slow(caller: Member, request: Any) -> Any:
        nonlocal moved
        answer = honest(caller, request)
        if not moved:
            moved = True
            new_exchange(other, "kz.fma")
        return answer

    hub.get_checkpoint = slow  # type: ignore[method-assign]
    late = client.checkpoint()
    assert late.size < len(hub.log)
    assert "GetConsistencyProof" in hub.calls
    assert other.checkpoint().size == len(hub.log)


def log_signer_verify(note: str) -> int:
    """Size of a checkpoint of the fictional log."""
    from exchange_protocol.log.checkpoint import LogVerifier

    return LogVerifier(log_signer().vkey).verify(note.encode()).size


def test_delivery_to_an_outsider_breaks_a_rule(hub: InMemoryHub, tmp_path: Path) -> None:
    client = hub.client(tmp_path)
    exchange = new_exchange(client, "kz.fma")
    hub.client(tmp_path, KZ_FMA).open(exchange)
    deliveries = [
        index
        for index, each in enumerate(hub.log)
        if parse_entry(each.entry).event is Event.DELIVERY
    ]
    rewrite(hub, deliveries[0], actor=UZ_FIU)
    caught(lambda: hub.client(tmp_path / "elsewhere").get(exchange), Reason.RULE_BROKEN)


def test_model_used_here_is_honest(hub: InMemoryHub, tmp_path: Path) -> None:
    """The faults above are what is caught, not the model."""
    exchange = new_exchange(hub.client(tmp_path), "uz.fiu")
    hub.model.submit(approval(hub, exchange))
    assert hub.client(tmp_path, UZ_FIU).open(exchange).approvals


# --- An opening fetches twice: before the delivery and after it ---------------------------------


def test_an_opening_judges_what_it_is_shown_twice_once(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.sync()
    judged: list[str] = []

    def judge(signed: SignedStatement, statement: Any, **given: Any) -> Any:
        judged.append(statement.id)
        return rules_judge(signed, statement, **given)

    monkeypatch.setattr(replay_module, "judge", judge)
    opened = fma.open(exchange)
    assert hub.calls.count("GetExchange") == 2
    assert judged == [exchange]
    assert [leg.state for leg in opened.legs] == [LegState.DELIVERED]
    # The proofs are those of the tree that is shown now.
    [statement] = opened.verified.statements
    verify_proven_entries([statement.proven], opened.verified.checkpoint)


@pytest.mark.parametrize("event", [Event.STATEMENT, Event.DELIVERY])
def test_a_hub_that_shows_another_history_after_the_delivery_is_caught(
    hub: InMemoryHub, tmp_path: Path, event: Event
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.sync()
    honest, shown = hub.get_exchange, []

    def another(caller: Any, request: Any) -> Any:
        answer = honest(caller, request)
        shown.append(answer)
        if len(shown) == 2:
            kept = [each for each in answer.entries if event_of(each) is not event]
            del answer.entries[:]
            answer.entries.extend(kept)
        return answer

    hub.get_exchange = another  # type: ignore[method-assign]
    with pytest.raises(HubDishonest):
        fma.open(exchange)
    assert len(shown) == 2


def event_of(entry: log_pb2.ProvenEntry) -> Event:
    return parse_entry(entry.opening.entry).event


def test_what_was_judged_serves_the_very_same_entries_alone(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    verified = fma.get(exchange)
    entries = [(each, parse_entry(each.opening.entry)) for each in verified.entries]
    known = judge_view(fma.agency, exchange, entries, fma._core.ports.directory.fold)
    assert known.is_of(entries)
    assert not known.is_of([])
    (first, entry), *rest = entries
    other = replace(first, opening=replace(first.opening, nonce=bytes(32)))
    assert not known.is_of([(other, entry), *rest])
    assert not known.is_of([(replace(first, index=first.index + 1), entry), *rest])
    assert known.is_of([(replace(first, inclusion_proof=()), entry), *rest])


def test_a_view_without_a_statement_is_judged_by_nobody_and_refused(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.get(exchange)
    with pytest.raises(HubDishonest, match="shows no statement"):
        judge_view(fma.agency, exchange, [], fma._core.ports.directory.fold)


@pytest.mark.parametrize(
    "fields",
    [
        {"initiator": "kz.fma"},
        {"kind": Kind.JOINT_CASE.value},
        {"kind": Kind.ASSET_TRACE_REQUEST.value},
    ],
)
def test_exchange_is_not_passed_off_as_another_to_a_supervisor(
    fields: dict[str, Any], tmp_path: Path
) -> None:
    """It is shown no initial statement, and takes kind and initiator from the hub."""

    class Relabelling(InMemoryHub):
        def summary(self, exchange_id: str) -> pb.ExchangeSummary:
            told = super().summary(exchange_id)
            told.MergeFrom(pb.ExchangeSummary(**fields) if self.lies else pb.ExchangeSummary())
            return told

        lies = False

    hub = Relabelling()
    model = hub.model
    asked = model.say(UZ_FIU, Kind.INFORMATION_REQUEST.body(), to=["kz.mia"])
    model.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kz.mia"], on=asked)
    model.deliver(KZ_MIA, asked)
    model.say(KZ_MIA, Reply(ReplyResult.NO_HIT), on=asked)
    prosecutor = hub.client(tmp_path, KZ_GPO)
    seen = prosecutor.get(asked.exchange_id)
    assert (seen.party, seen.initial) == (Party.SUPERVISOR, None)
    hub.lies = True
    caught(lambda: prosecutor.get(asked.exchange_id), Reason.ENTRY_MISMATCH)
