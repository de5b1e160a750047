"""Bytes that somebody damaged."""

from __future__ import annotations


def flipped(data: bytes, at: int = -1) -> bytes:
    """The bytes, with one bit of one of them another."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)
