"""Check the hub's receipts against what it shows: it promised each own statement a place.

A receipt accuses the hub, so it is verified first. A file that was damaged on the agency's own disk
says nothing of the hub.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agency_client.core.views import VerifiedStatement
from agency_client.state.kept_receipts import KeptReceipt
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import verify_inclusion
from exchange_protocol.record.entries import entry_leaf_hash, parse_entry
from exchange_protocol.trust.identity import AgencyId


def check_receipts(
    promised: Mapping[str, KeptReceipt],
    statements: Sequence[VerifiedStatement],
    agency: AgencyId,
    log: LogVerifier,
) -> None:
    """Check that every statement with a receipt is shown, at the index of the receipt.

    Raises:
        HubDishonest: RECEIPT_MISMATCH.
        InvalidInput: DOCUMENT_INVALID, if the receipt is damaged or for another statement.
    """
    # An id is its author's: another agency may have said something under the same one.
    own = [each for each in statements if each.author.agency == agency]
    shown = {each.statement.id: each for each in own}
    for statement_id, receipt in promised.items():
        each = shown.get(statement_id)
        if each is not None and each.index == receipt.index:
            continue
        digest = _verify_receipt(receipt, agency, log)
        if any((one.index, one.statement.digest) == (receipt.index, digest) for one in own):
            raise _not_a_receipt(receipt, "it is for another statement")
        raise Reason.RECEIPT_MISMATCH.error(
            f"the hub gave a receipt for statement {statement_id} as entry "
            f"{receipt.index}, and does not show it there"
        )


def check_unknown(
    promised: Mapping[str, KeptReceipt], error: NotFound, agency: AgencyId, log: LogVerifier
) -> None:
    """Check that the hub gave no receipt on an exchange that it calls unknown.

    Raises:
        HubDishonest: RECEIPT_MISMATCH.
        InvalidInput: DOCUMENT_INVALID, if the receipt is damaged.
    """
    for statement_id, receipt in promised.items():
        _verify_receipt(receipt, agency, log)
        raise Reason.RECEIPT_MISMATCH.error(
            f"the hub gave a receipt for statement {statement_id} as entry "
            f"{receipt.index}, and now says of its exchange: {error.message}"
        ) from error


def _verify_receipt(receipt: KeptReceipt, agency: AgencyId, log: LogVerifier) -> bytes:
    """Verify a receipt before it accuses; gives the digest of its statement.

    1. The pinned log key signed its checkpoint.
    2. Its entry is in the tree of that checkpoint.
    3. The entry is of this agency, and of the exchange in whose folder the receipt was kept.

    Raises:
        InvalidInput: DOCUMENT_INVALID: its file was changed.
    """
    proven = receipt.proven
    try:
        checkpoint = log.verify(receipt.note)
        leaf_hash = entry_leaf_hash(proven.opening.entry, proven.opening.nonce)
        verify_inclusion(
            leaf_hash, proven.index, checkpoint.size, proven.inclusion_proof, checkpoint.root
        )
        entry = parse_entry(proven.opening.entry)
    except ExchangeError as error:
        raise _not_a_receipt(receipt, error.message) from None
    if entry.actor.agency != agency or entry.exchange_id != receipt.exchange_id:
        raise _not_a_receipt(receipt, "it is of another agency or exchange")
    return entry.payload_digest


def _not_a_receipt(receipt: KeptReceipt, why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(
        f"the receipt kept for statement {receipt.statement_id} is damaged, or of another log, and "
        f"says nothing of the hub: {why}. Move its file away, from the folder receipts of the "
        "profile's state"
    )
