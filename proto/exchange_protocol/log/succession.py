"""Succession: a log goes on under a new key, and the old key and the new one both say so.

Both keys sign one text; a note's text has another shape, so neither can pass for the other:

    "caricc-exchange/log-key-succession/v1\\n" || name of the log || "\\n" ||
    verifier key of the old key || "\\n" || verifier key of the new key || "\\n"

Rules of this module:

1.  Both keys bear the name of the log. Only the key changes, never the log.
2.  The keys of a log are a chain: each has one successor, and none comes back.
3.  A succession says nothing by itself. Followed is one that the operating agency has published on
    the log (`publish_log_key`), for whoever stole the old key could sign one too.
4.  A tree that holds the publication is signed by the new key; the old one may sign beside it. A
    smaller tree is signed by the key of its time, or by a later one. So a key that was succeeded
    can sign nothing new, also if it is stolen years later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.notes import NoteVerifier, ed25519_public_bytes
from exchange_protocol.signer import Signer

FORMAT: Final = "caricc-exchange/log-key-succession-file/v1"
_DOMAIN: Final = "caricc-exchange/log-key-succession/v1"


@dataclass(frozen=True, slots=True)
class SignedSuccession:
    """A pair of verifier keys with the signatures of both keys; unverified."""

    predecessor: str
    successor: str
    predecessor_signature: bytes
    successor_signature: bytes

    def verify(self) -> None:
        """Verify names and signatures.

        Raises:
            InvalidInput: INVALID_FIELD, for keys that cannot follow each other.
            NotAuthenticated: SIGNATURE_INVALID.
        """
        old = NoteVerifier.from_vkey(self.predecessor)
        new = NoteVerifier.from_vkey(self.successor)
        text = _text(old, new)
        for key, signature, whose in (
            (old, self.predecessor_signature, "predecessor"),
            (new, self.successor_signature, "successor"),
        ):
            try:
                Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text)
            except (InvalidSignature, ValueError):
                raise Reason.SIGNATURE_INVALID.error(
                    f"the signature of the {whose} {key.vkey} under the change of the log's key "
                    "is not good: it takes both keys"
                ) from None


@dataclass(frozen=True, slots=True)
class Succession:
    """A verified step of a log's chain of keys."""

    predecessor: str
    successor: str
    since: int
    """Smallest tree that holds the publication: this and larger ones are the successor's."""


def sign_succession(name: str, predecessor: Signer, successor: Signer) -> SignedSuccession:
    """Let both keys of a log sign that one follows the other; raises INVALID_FIELD."""
    old = NoteVerifier(name, ed25519_public_bytes(predecessor))
    new = NoteVerifier(name, ed25519_public_bytes(successor))
    text = _text(old, new)
    return SignedSuccession(old.vkey, new.vkey, predecessor.sign(text), successor.sign(text))


def check_follows(keys: Sequence[str], step: SignedSuccession) -> None:
    """Check that a step goes on from the last of a log's keys, to a key that is new to it.

    `keys` are the verifier keys of the log so far; none are known before its first succession.

    Raises:
        Conflict: ALREADY_DECIDED.
    """
    if keys and step.predecessor != keys[-1]:
        raise Reason.ALREADY_DECIDED.error(
            f"expected the key that the log has now, {keys[-1]}, to be succeeded; "
            f"got {step.predecessor}"
        )
    if step.successor in keys:
        raise Reason.ALREADY_DECIDED.error(
            f"expected a key that the log never had; {step.successor} was succeeded before"
        )


def check_chain(steps: Sequence[Succession]) -> None:
    """Check that the steps of a log's keys are a chain: each goes on from the last, and later.

    Raises:
        HubDishonest: RULE_BROKEN.
    """
    for before, step in pairwise(steps):
        if step.predecessor != before.successor or step.since <= before.since:
            raise Reason.RULE_BROKEN.error(
                f"the log names {step.successor} as the successor of {step.predecessor} from tree "
                f"{step.since} on; expected one of {before.successor}, after tree {before.since}"
            )


def _text(old: NoteVerifier, new: NoteVerifier) -> bytes:
    if old.name != new.name:
        raise Reason.INVALID_FIELD.error(
            f"expected a successor with the name of the log, {old.name}; got {new.name}"
        )
    if old.public_key == new.public_key:
        raise Reason.INVALID_FIELD.error("expected a new key as successor, got the same key")
    return f"{_DOMAIN}\n{old.name}\n{old.vkey}\n{new.vkey}\n".encode()


def encode_succession(signed: SignedSuccession) -> bytes:
    """The file that takes a succession from the hub to the operator that publishes it."""
    document = {
        "format": FORMAT,
        "predecessor": signed.predecessor,
        "successor": signed.successor,
        "predecessor_signature": signed.predecessor_signature.hex(),
        "successor_signature": signed.successor_signature.hex(),
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def parse_succession(data: bytes) -> SignedSuccession:
    """Read such a file, strictly, and verify it; raises DOCUMENT_INVALID, or as `verify` does."""
    try:
        document = json.loads(data)
        if document.pop("format") != FORMAT:
            raise ValueError
        old, new = document.pop("predecessor"), document.pop("successor")
        signed = SignedSuccession(
            NoteVerifier.from_vkey(old).vkey,
            NoteVerifier.from_vkey(new).vkey,
            bytes.fromhex(document.pop("predecessor_signature")),
            bytes.fromhex(document.pop("successor_signature")),
        )
        if document:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ExchangeError):
        raise Reason.DOCUMENT_INVALID.error(
            "expected a file that `exchange-server succeed-log-key` wrote: two verifier keys of "
            "the log, and a signature of each"
        ) from None
    signed.verify()
    return signed
