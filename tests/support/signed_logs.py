"""Logs of bare leaves, signed by one fictional key: what a hub with a split view would sign."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange_keys import SoftwareSigner
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import (
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    tree_root,
)

# The seed counts from 0 to 31 and protects nothing.
SIGNER = LogSigner(
    "hub.example/log", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
)
LOG = LogVerifier(SIGNER.vkey)


@dataclass(frozen=True)
class SignedLog:
    """One history: its words are its leaves."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, words: str) -> SignedLog:
        return cls(tuple(words.split()))

    def leaf(self, index: int) -> bytes:
        return hash_leaf(hashlib.sha256(self.words[index].encode()).digest())

    def _read(self, nodes: Sequence[tuple[int, int]]) -> list[bytes]:
        @cache
        def node(level: int, index: int) -> bytes:
            if level == 0:
                return self.leaf(index)
            return hash_children(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

        return [node(level, index) for level, index in nodes]

    def note(self, size: int | None = None) -> bytes:
        size = len(self.words) if size is None else size
        return SIGNER.sign(Checkpoint(SIGNER.origin, size, tree_root(size, self._read)))

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        return tuple(inclusion_proof(index, size, self._read))

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        return tuple(consistency_proof(first, second, self._read))
