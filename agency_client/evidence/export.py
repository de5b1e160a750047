"""Export: gathered evidence becomes a bundle, and is verified once more as a stranger would.

A bundle holds all that the agency was shown of the exchange. Content leaves only where the caller
gathered it: `gather_evidence(..., with_content=True)`. The content key of a disclosed part is in
the bundle; it opens this part alone, and no key of the agency is given away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from agency_client.core.gathering import Evidence
from agency_client.evidence.account import render
from agency_client.evidence.bundle import (
    ACCOUNT,
    CHECKPOINT,
    SCRIPT,
    new_bundle,
    script,
    tlog_proof,
)
from agency_client.evidence.facts import VerifiedBundle
from agency_client.evidence.verification import (
    judged,
    published_files,
    verify_bundle,
)
from agency_client.evidence.verify import SECOND_SIGNATURE, batch_text, entry_folder, pae
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import Member

_DISTRIBUTION = "caricc-exchange"


def export_bundle(
    evidence: Evidence,
    path: Path,
    *,
    exported_by: Member,
    at: datetime,
    anchors: TrustAnchors,
    log: LogVerifier,
    witnesses: WitnessPolicy | None = None,
) -> VerifiedBundle:
    """Write a new file, mode 0600, and verify it; gives what it proves.

    With `witnesses`, enough of them must have cosigned the checkpoint of the evidence.

    Raises:
        HubDishonest, SignatureInvalid, Conflict: if what was gathered does not verify; no file
            remains.
        StorageFailed: FILE_NOT_WRITTEN; nothing is written over.
    """
    head = evidence.head
    about = {
        "exchange_id": evidence.exchange.id,
        "exported_at": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "exported_by": exported_by.uri,
        "software": f"{_DISTRIBUTION} {version(_DISTRIBUTION)}",
    }
    entries = (*evidence.directory, *evidence.entries)
    files = {CHECKPOINT: head.note, SCRIPT: script()}
    files.update(_entry_files(entries, head.note))
    for index, parts in evidence.disclosed.items():
        for part in parts:
            folder = f"content/{index:019d}/{part.name}"
            files[f"{folder}/sealed"] = part.sealed
            files[f"{folder}/key"] = part.content_key
            files[f"{folder}/plain"] = part.plain
    disclosed = {
        index: tuple(part.name for part in parts) for index, parts in evidence.disclosed.items()
    }
    found = judged(about, head.note, head.checkpoint, list(entries), disclosed, anchors, log)
    for told in found.directory_told:
        files.update(published_files(told.statement))
    files[ACCOUNT] = render(found)
    with new_bundle(path, files, about) as written:
        return verify_bundle(written, anchors, log, witnesses=witnesses)


def _entry_files(entries: Iterable[ProvenEntry], note: bytes) -> dict[str, bytes]:
    files = {}
    for each in entries:
        folder = entry_folder(each.index)
        files[f"{folder}/entry.bin"] = each.opening.entry
        files[f"{folder}/nonce.bin"] = each.opening.nonce
        files[f"{folder}/proof.tlog-proof"] = tlog_proof(each.index, each.inclusion_proof, note)
        signed = each.opening.statement
        if signed is not None:
            files[f"{folder}/payload.bin"] = signed.payload
            files[f"{folder}/pae.bin"] = pae(signed.payload)
            files[f"{folder}/signature.der"] = signed.signature
            if signed.post_quantum_signature:
                files[f"{folder}/{SECOND_SIGNATURE}"] = signed.post_quantum_signature
            if signed.batch is not None:
                batch = signed.batch
                files[f"{folder}/batch.txt"] = batch_text(batch.index, batch.size, batch.path)
    return files
