"""`publish_log_key`: the log goes on under a new key.

The operating agency says it, and both keys have signed it (`log.succession`): three keys, so that
the theft of one of them moves nobody to another log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.log.notes import NoteVerifier
from exchange_protocol.log.succession import SignedSuccession
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class PublishLogKey(Body):
    """Names the log's key and its successor, as C2SP verifier keys, with a signature of each."""

    predecessor: str
    successor: str
    predecessor_signature: bytes
    successor_signature: bytes

    @property
    def succession(self) -> SignedSuccession:
        """The text that both keys have signed."""
        return SignedSuccession(
            self.predecessor,
            self.successor,
            self.predecessor_signature,
            self.successor_signature,
        )


def _parse(message: Any, where: str) -> Body:
    return PublishLogKey(
        _vkey(message.predecessor, f"{where}.predecessor"),
        _vkey(message.successor, f"{where}.successor"),
        _signature(message.predecessor_signature, f"{where}.predecessor_signature"),
        _signature(message.successor_signature, f"{where}.successor_signature"),
    )


def _vkey(text: str, where: str) -> str:
    try:
        spelled = NoteVerifier.from_vkey(text).vkey
    except ExchangeError as error:
        raise Reason.INVALID_FIELD.error(error.message, field=where) from None
    if spelled != text:
        raise Reason.INVALID_FIELD.error("expected a verifier key and nothing more", field=where)
    return text


def _signature(signature: bytes, where: str) -> bytes:
    if len(signature) != 64:
        raise Reason.INVALID_FIELD.error(
            f"expected a signature of 64 bytes, got {len(signature)}", field=where
        )
    return signature


SPEC = KindSpec(
    body=PublishLogKey,
    stage=Stage.DIRECTORY,
    words=Words("successor of the log's key", "преемник ключа журнала", "журнал кілтінің мұрагері"),
    parse=_parse,
)
