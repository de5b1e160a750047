"""Verify a bundle with the rules of the exchange: `verify.py`'s checks, and the replay.

Steps; nothing of the bundle is trusted, root and log key come from the caller:
 1. Archive and manifest are within bounds, and hold each other's files (`verify.Archive`).
 2. The pinned log key signed the checkpoint, or a successor that the bundle's directory names.
 3. Every entry is in its tree, with the statement that it names (`receipts`).
 4. The directory is folded anew from its own entries: each signed, to the root, none left out.
 5. The exchange is judged anew, as far as the exporter's view goes (`judge_view`): for an initiator
    the whole exchange, for a recipient its leg, for an approver each statement as it stood, for a
    supervisor the signatures alone.
 6. Every disclosed part is the one that was sealed and signed, and opens to the text beside it.
 7. Nothing else is in the bundle but what follows from the entries: encodings, certificates,
    policies; and account.html is what this version writes of them.
 8. Where the caller names witnesses: enough of them cosigned the checkpoint, so the log showed this
    history to them too, and no line in the name of one of them is false.
 9. Where the caller gives roots of time-stamping authorities: one of theirs stamped the checkpoint.

The manifest says who exported, and when, and nothing proves it: it decides how much of the exchange
there should be, and is told as unproven.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agency_client.core.verifying import judge_view
from agency_client.evidence import verify as script
from agency_client.evidence.account import render
from agency_client.evidence.bundle import CHECKPOINT, STAMP, open_bundle
from agency_client.evidence.facts import VerifiedBundle, VerifiedEntry
from agency_client.evidence.timestamp import verify_stamp
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier, SignedCheckpoint
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.record.entries import CommitmentOpening, Event, parse_entry
from exchange_protocol.record.receipts import ProvenEntry, verify_proven_entries
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.signed_statements import SignedStatement, parse_post_quantum
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import TrustAnchors, fingerprint
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, BatchInclusion, pae
from exchange_protocol.trust.identity import parse_member
from exchange_protocol.trust.sealing import PartContext, open_disclosed


def verify_bundle(
    path: Path,
    anchors: TrustAnchors,
    log: LogVerifier,
    authorities: TrustAnchors | None = None,
    witnesses: WitnessPolicy | None = None,
) -> VerifiedBundle:
    """Verify a bundle offline, against a root and a log key from a trusted place.

    With roots of time-stamping authorities the bundle must hold a stamp that leads to one of them;
    without, a stamp is not looked at. So too with witnesses, and their cosignatures.

    Raises:
        InvalidInput: DOCUMENT_INVALID, for what is no bundle of this format, or not whole.
        LimitExceeded: TOO_LARGE.
        HubDishonest, SignatureInvalid, SealBroken: for what does not verify.
        Conflict: NOT_WITNESSED.
    """
    with open_bundle(path) as archive:
        return _verify(archive, anchors, log, authorities, witnesses)


def judged(
    about: Mapping[str, str],
    note: bytes,
    checkpoint: Checkpoint,
    proven: Sequence[ProvenEntry],
    disclosed: Mapping[int, tuple[str, ...]],
    anchors: TrustAnchors,
    log: LogVerifier,
) -> VerifiedBundle:
    """Steps 2 to 5, over proven entries of directory and exchange in any order.

    A log of version 0.1 names no signature from its first entry on.
    """
    entries = verify_proven_entries(sorted(proven, key=lambda each: each.index), checkpoint)
    fold = DirectoryFold(anchors, names_signatures=any(e.signature_digest for _, e in entries[:1]))
    directory_told, told, own = [], [], []
    for each, entry in entries:
        signed = each.opening.statement
        statement = parse_statement(signed.payload) if signed else None
        if entry.event is Event.STATEMENT and not entry.exchange_id:
            fold.apply(each.index, each.opening)
            directory_told.append(VerifiedEntry(each.index, entry, statement))
        elif entry.exchange_id == about["exchange_id"]:
            own.append((each, entry))
            told.append(VerifiedEntry(each.index, entry, statement))
        else:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected entries of exchange {about['exchange_id']}, "
                f"entry {each.index} is of {entry.exchange_id or 'none'}"
            )
    log = log.following(fold.successions)
    log.verify(note)
    for each, entry in own:
        size = fold.before(each.index).size
        if entry.directory_size != size:
            raise Reason.ENTRY_MISMATCH.error(
                f"entry {each.index} counts {entry.directory_size} directory entries, "
                f"the bundle has {size} up to there"
            )
    exporter = parse_member(about["exported_by"])
    judged = judge_view(exporter.agency, about["exchange_id"], own, fold)
    if not any(each.statement for each in told):
        raise Reason.ENTRY_MISMATCH.error("expected a statement of the exchange, got none")
    return VerifiedBundle(
        exchange_id=about["exchange_id"],
        exported_by=exporter,
        exported_at=about["exported_at"],
        software=about["software"],
        checkpoint=checkpoint,
        party=judged.party,
        exchange=judged.exchange,
        told=tuple(told),
        directory_told=tuple(directory_told),
        directory=fold.current,
        disclosed=disclosed,
        other_signatures=sum(not log.is_own(each) for each in SignedNote.parse(note).signatures),
    )


def _verify(
    archive: script.Archive,
    anchors: TrustAnchors,
    log: LogVerifier,
    authorities: TrustAnchors | None,
    witnesses: WitnessPolicy | None,
) -> VerifiedBundle:
    note = archive.read(CHECKPOINT)
    # A successor of the pinned key is known once the directory is folded: then it is verified.
    later = log.is_by_unknown_key(note)
    checkpoint = SignedCheckpoint.parse(note).checkpoint if later else log.verify(note)
    cosignatures = witnesses.verify(note) if witnesses is not None else ()
    expected = {CHECKPOINT: note}
    if STAMP in archive.names or authorities is not None:
        expected[STAMP] = archive.read(STAMP)
    stamp = verify_stamp(expected[STAMP], note, authorities) if authorities is not None else None
    proven = []
    for index in script.entry_indexes(archive):
        proven.append(_read_entry(archive, index, note, expected))
    disclosed: dict[int, tuple[str, ...]] = {}
    for each in proven:
        if parts := script.content_parts(archive, each.index):
            disclosed[each.index] = tuple(parts)
    found = judged(archive.manifest, note, checkpoint, proven, disclosed, anchors, log)
    for told in found.directory_told:
        expected.update(published_files(told.statement))
    names = set(expected) | set(script.READING)
    for told in found.told:
        for part in disclosed.get(told.index, ()):
            names |= _verify_part(archive, told, part)
    for name, data in expected.items():
        if archive.read(name) != data:
            raise Reason.ENTRY_MISMATCH.error(f"{name} is not what follows from the log")
    script.verify_files(archive, names)
    archive.read("verify.py")
    # The page in the bundle names no witness: whom to believe is for its reader to say.
    matches = archive.read("account.html") == render(found)
    return replace(
        found,
        account_matches=matches,
        cosignatures=cosignatures,
        is_stamped=STAMP in archive.names,
        stamp=stamp,
    )


def _read_entry(
    archive: script.Archive, index: int, note: bytes, expected: dict[str, bytes]
) -> ProvenEntry:
    folder = script.entry_folder(index)
    data, nonce = archive.read(f"{folder}/entry.bin"), archive.read(f"{folder}/nonce.bin")
    text = archive.read(f"{folder}/proof.tlog-proof")
    at, proof, proof_note = script.parse_tlog_proof(text)
    if at != index or proof_note != note:
        raise Reason.PROOF_INVALID.error(f"the proof of entry {index} is of another entry or tree")
    expected[f"{folder}/entry.bin"] = data
    expected[f"{folder}/nonce.bin"] = nonce
    expected[f"{folder}/proof.tlog-proof"] = text
    try:
        entry = parse_entry(data)
    except ExchangeError as error:
        raise Reason.ENTRY_MISMATCH.error(f"entry {index} is not well-formed: {error}") from error
    signed = None
    if entry.event is Event.STATEMENT:
        payload = archive.read(f"{folder}/payload.bin")
        signature = archive.read(f"{folder}/signature.der")
        batch = None
        if f"{folder}/batch.txt" in archive.names:
            text = archive.read(f"{folder}/batch.txt")
            batch = BatchInclusion(*script.parse_batch(text, f"entry {index}"))
            expected[f"{folder}/batch.txt"] = script.batch_text(batch.index, batch.size, batch.path)
        second = b""
        if f"{folder}/{script.SECOND_SIGNATURE}" in archive.names:
            second = parse_post_quantum(archive.read(f"{folder}/{script.SECOND_SIGNATURE}"))
            expected[f"{folder}/{script.SECOND_SIGNATURE}"] = second
        signed = SignedStatement(
            PAYLOAD_TYPE, payload, entry.certificate_sha256, signature, batch, second
        )
        expected[f"{folder}/payload.bin"] = payload
        expected[f"{folder}/signature.der"] = signature
        expected[f"{folder}/pae.bin"] = pae(PAYLOAD_TYPE, payload)
    return ProvenEntry(index, CommitmentOpening(data, nonce, signed), tuple(proof))


def published_files(statement: Statement | None) -> dict[str, bytes]:
    """Certificates and policies of a directory statement, as files that any tool can read."""
    match statement.body if statement else None:
        case PublishCertificate() as body:
            name = f"certificates/{fingerprint(body.certificate).hex()}"
            files = {f"{name}.pem": script.pem(body.certificate)}
            if body.intermediates:
                files[f"{name}.chain.pem"] = b"".join(map(script.pem, body.intermediates))
            return files
        case PublishPolicy() as body:
            text = body.cedar.encode()
            return {f"policy/{hashlib.sha256(text).hexdigest()}.cedar": text}
        case _:
            return {}


def _verify_part(archive: script.Archive, told: VerifiedEntry, name: str) -> set[str]:
    folder = f"content/{told.index:019d}/{name}"
    part = told.statement.part(name) if told.statement else None
    sealed = archive.read(f"{folder}/sealed")
    if told.statement is None or part is None:
        raise Reason.SEAL_BROKEN.error(f"{folder}: the statement has no such part")
    if len(sealed) != part.size or hashlib.sha256(sealed).digest() != part.sha256:
        raise Reason.SEAL_BROKEN.error(f"{folder}: not the sealed bytes that were signed")
    context = PartContext(told.statement.id, name)
    if open_disclosed(sealed, context, archive.read(f"{folder}/key")) != archive.read(
        f"{folder}/plain"
    ):
        raise Reason.SEAL_BROKEN.error(f"{folder}: the text is not the one that was sealed")
    return {f"{folder}/{each}" for each in ("sealed", "key", "plain")}
