"""Signatures verified ahead of the replay, in a process beside it.

A replay takes entry after entry, in one process. A check of signatures needs nothing of what came
before, and is a fifth of the work. Another thread would not do: after each verification it waits
for the interpreter's lock, up to 5 ms beside a thread that is never idle.

Rules of this module:

- The process beside decides nothing. It names signatures that are good; every other one the replay
  verifies itself when it comes to it. The findings, and their order, are the same without it.
- A signature that it names is bound to exact bytes: payload, type, signature, place in a batch, and
  the digest of the certificate. Each process finds the key for itself by that digest.
- Nothing waits for it. It is asked when it is idle, about leaves that are a few chunks ahead; an
  answer that comes too late is of no use, and if the process dies, the replay goes on alone.
- It ends with the run, also when this process is killed. Ctrl-C is for this process alone.
- It is spawned, for gRPC's threads do not survive a fork. So the program's main module is
  imported once more: a script that allows it stands under `if __name__ == "__main__"`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import compress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from agency_client.audit.source import AuditedLeaf
from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.judgement import verify_signature
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.certificates import (
    fingerprint,
    parse_certificate,
    post_quantum_key,
)
from exchange_protocol.trust.envelope import SignerKey

CHUNK = 128
"""Leaves taken from the source at once, or fewer if they are large:"""
CHUNK_BYTES = 1 << 20
LEAD = 4
"""Chunks between what is taken from the source and what is replayed; so many are in memory."""
WORTHWHILE = 8_192
"""Leaves below which a second process saves less than its start costs."""


class _Question(NamedTuple):
    certificates: list[bytes]
    """DER of those that no question before has brought."""
    signed: list[SignedStatement]


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def signatures_ahead(
    directories: DirectoryFold, *, leaves: int, cores: int
) -> Iterator[SignaturesAhead]:
    """Begin the process beside, where so many leaves are worth it and there is a core for it."""
    if cores < 2 or leaves < WORTHWHILE:
        yield SignaturesAhead(directories, None)
        return
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs,), daemon=True)
    with deaf_to_interrupts():
        process.start()
    theirs.close()
    try:
        yield SignaturesAhead(directories, ours)
    finally:
        ours.close()
        # There is nothing that it could lose.
        process.kill()
        process.join()


class SignaturesAhead:
    """Holds the statements of the chunks at hand whose signatures were found good."""

    def __init__(self, directories: DirectoryFold, connection: Connection | None) -> None:
        """Certificates are those of the newest directory; without a connection nothing is held."""
        self._directories = directories
        self._connection = connection
        # Its first answer, to no question, says that it has begun.
        self._asked: list[SignedStatement] | None = []
        self._unasked: deque[list[AuditedLeaf]] = deque(maxlen=LEAD)
        self._good: deque[frozenset[SignedStatement]] = deque(maxlen=LEAD + 1)
        self._given: set[bytes] = set()

    def __contains__(self, signed: object) -> bool:
        return any(signed in good for good in self._good)

    def over(self, leaves: Iterable[AuditedLeaf]) -> Iterator[AuditedLeaf]:
        """Give the leaves as they are; those of the chunks behind are being asked about."""
        chunks: deque[list[AuditedLeaf]] = deque()
        for chunk in _chunks(leaves):
            chunks.append(chunk)
            self._unasked.append(chunk)
            self._hear()
            self._ask()
            if len(chunks) > LEAD:
                yield from chunks.popleft()
        for chunk in chunks:
            self._hear()
            yield from chunk

    def _ask(self) -> None:
        """Ask about all that has come since the last question, and whose turn is still ahead."""
        if self._connection is None or self._asked is not None:
            return
        certificates = self._directories.current.certificates
        signed = [
            leaf.opening.statement
            for chunk in self._unasked
            for leaf in chunk
            if leaf.opening is not None
            and leaf.opening.statement is not None
            and leaf.opening.statement.certificate_sha256 in certificates
        ]
        self._unasked.clear()
        new = {each.certificate_sha256 for each in signed} - self._given
        self._given |= new
        question = _Question([certificates[each].certificate.der for each in new], signed)
        try:
            self._connection.send(question)
        except OSError:
            self._connection = None
        self._asked = signed

    def _hear(self) -> None:
        if self._connection is None or self._asked is None:
            return
        try:
            if not self._connection.poll():
                return
            answer: list[bool] = self._connection.recv()
        except (EOFError, OSError):
            self._connection = None
            return
        self._good.append(frozenset(compress(self._asked, answer)))
        self._asked = None


def _chunks(leaves: Iterable[AuditedLeaf]) -> Iterator[list[AuditedLeaf]]:
    chunk: list[AuditedLeaf] = []
    size = 0
    for leaf in leaves:
        chunk.append(leaf)
        if leaf.opening is not None and leaf.opening.statement is not None:
            size += len(leaf.opening.statement.payload)
        if len(chunk) >= CHUNK or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    yield chunk


def _serve(connection: Connection) -> None:
    """Serve as the process beside, until nobody asks any more."""
    signers: dict[bytes, SignerKey] = {}
    try:
        connection.send([])
        while True:
            question: _Question = connection.recv()
            for certificate in question.certificates:
                signer = _signer(certificate)
                signers[signer.fingerprint] = signer
            connection.send(
                [_is_good(signers[each.certificate_sha256], each) for each in question.signed]
            )
    except (EOFError, OSError):
        return


def _signer(certificate: bytes) -> SignerKey:
    parsed = parse_certificate(certificate)
    key = parsed.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError(f"expected the key of a certificate on the log, got {type(key).__name__}")
    return SignerKey(fingerprint(certificate), key, post_quantum_key(parsed))


def _is_good(signer: SignerKey, signed: SignedStatement) -> bool:
    try:
        verify_signature(signer, signed)
    except ExchangeError:
        return False
    return True


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """A block whose children never get a Ctrl-C; one that comes meanwhile is for us, afterwards."""
    if sys.platform == "win32":
        yield
        return
    # It would listen to interrupts again when it starts on the way.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
