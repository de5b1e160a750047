"""A witness elsewhere, which speaks C2SP tlog-witness over HTTP: it is asked, and answers.

Independent witnesses that exist do not fetch: a log brings its checkpoint to them. This brings the
hub's newest one, with the proof that it extends what the witness saw last, and hands the
cosignature that comes back to the hub.

Rules of this module:

- Nothing that the witness answers is believed: a cosignature counts if it is good by the pinned
  verifier key, over the very checkpoint that was sent.
- What the witness saw last is its own memory. It says so when it is asked from another size.
- HTTPS with the system's roots; plain HTTP to this machine alone. Redirections are not followed.

Source: https://c2sp.org/tlog-witness
"""

from __future__ import annotations

import base64
import re
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from agency_client.witness.witness import WitnessedHub, WitnessRound
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.cosignatures import Cosignature, WitnessVerifier
from exchange_protocol.log.notes import SignedNote

SECONDS: Final = 30
_MOST_BYTES: Final = 16 * 1024
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n", re.ASCII)
_OK, _CONFLICT = 200, 409
_REFUSALS: Final = {
    403: "it does not know the key of this log",
    404: "it does not know this log; its operator must add the origin and the verifier key",
    422: "it finds the consistency proof wrong",
}


class RemoteWitness:
    """A witness at a submission prefix, with the verifier key that it is held to."""

    def __init__(self, prefix: str, verifier: WitnessVerifier) -> None:
        """Name the witness; raises INVALID_FIELD for an address that is not taken."""
        parts = urlsplit(prefix)
        is_plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not (parts.scheme == "https" or is_plain) or not parts.hostname or parts.query:
            raise Reason.INVALID_FIELD.error(
                f"expected https://..., or http:// to this machine; got {prefix[:128]!r}",
                field="to",
            )
        self.prefix = prefix.rstrip("/")
        self._verifier = verifier
        self._host, self._port, self._is_plain = parts.hostname, parts.port, is_plain
        self._path = f"{parts.path.rstrip('/')}/add-checkpoint"
        self._saw = 0
        """The size that the witness saw last, as far as is known here."""

    def run_once(self, hub: WitnessedHub) -> WitnessRound:
        """Bring the hub's newest checkpoint to the witness, and its cosignature to the hub.

        Raises:
            Conflict: NOT_WITNESSED, if the witness refuses, or answers with no good cosignature.
            HubUnavailable: if the witness, or the hub, is not reachable.
        """
        head, _ = hub.offered_checkpoints()
        status, answer = self._ask(hub, head.size, head.note)
        if status == _CONFLICT:
            self._saw = self._said(answer, head.size)
            status, answer = self._ask(hub, head.size, head.note)
        if status != _OK:
            why = _REFUSALS.get(status, f"it answers with HTTP {status}")
            raise self._refused(why)
        cosignature = self._verified(head.note, answer)
        signed = SignedNote.parse(head.note)
        # Without the lines of others: the hub is to judge this witness's alone.
        logs = [line for line in signed.signatures if line.name == head.checkpoint.origin]
        hub.add_cosignature(SignedNote(signed.text, (*logs, cosignature.line)).encode())
        self._saw = head.size
        return WitnessRound(head, cosignature.at, (head.size,))

    def _ask(self, hub: WitnessedHub, size: int, note: bytes) -> tuple[int, bytes]:
        proof: tuple[bytes, ...] = ()
        if 0 < self._saw < size:
            proof = hub.consistency_proof(self._saw, size)
        lines = [f"old {self._saw}", *(base64.b64encode(each).decode() for each in proof), "", ""]
        return self._post("\n".join(lines).encode() + note)

    def _said(self, answer: bytes, size: int) -> int:
        """The size that a witness saw last, by its own word."""
        found = _SIZE.fullmatch(answer)
        saw = int(found[1]) if found else -1
        if saw == self._saw:
            # Of the same size it saw another tree: who is right, the two checkpoints tell.
            raise self._refused(f"it saw another tree of {saw} entries; compare checkpoints now")
        if not 0 <= saw <= size:
            raise self._refused(
                f"it saw a tree of {saw} entries, the hub shows one of {size}; if that stays so, "
                "the hub was set back: compare checkpoints"
                if found
                else "it answers with HTTP 409 and no size"
            )
        return saw

    def _verified(self, note: bytes, lines: bytes) -> Cosignature:
        try:
            signed = SignedNote.parse(note)
            answered = SignedNote.parse(signed.text + b"\n" + lines)
            found = self._verifier.find(answered)
        except ExchangeError as error:
            raise self._refused(f"its answer is no good cosignature: {error.message}") from None
        if found is None:
            raise self._refused("its answer has no cosignature by the key that was given")
        return found

    def _post(self, body: bytes) -> tuple[int, bytes]:
        connection: HTTPConnection
        if self._is_plain:
            connection = HTTPConnection(self._host, self._port, timeout=SECONDS)
        else:
            context = ssl.create_default_context()
            connection = HTTPSConnection(self._host, self._port, timeout=SECONDS, context=context)
        try:
            connection.request("POST", self._path, body)
            with connection.getresponse() as response:
                answer = response.read(_MOST_BYTES + 1)
        except (OSError, HTTPException) as error:
            raise Reason.UNAVAILABLE.error(
                f"the witness at {self.prefix} does not answer: {error}"
            ) from None
        finally:
            connection.close()
        if len(answer) > _MOST_BYTES:
            raise self._refused(f"it answers with more than {_MOST_BYTES} bytes")
        return response.status, answer

    def _refused(self, why: str) -> ExchangeError:
        return Reason.NOT_WITNESSED.error(
            f"the witness {self._verifier.name} at {self.prefix} has not cosigned: {why}"
        )
