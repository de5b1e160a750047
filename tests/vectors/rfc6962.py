"""RFC 6962 section 2.1 word for word, as an oracle: slow, recursive, and nothing of ours in it."""

from __future__ import annotations

from hashlib import sha256


class ReferenceTree:
    """MTH, PATH and PROOF of RFC 6962 over leaves; D[a:b] is written (a, b)."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def mth(self, a: int, b: int) -> bytes:
        """MTH(D[a:b])."""
        if (a, b) not in self._known:
            self._known[a, b] = self._mth(a, b)
        return self._known[a, b]

    def _mth(self, a: int, b: int) -> bytes:
        n = b - a
        if n == 0:
            return sha256(b"").digest()
        if n == 1:
            return sha256(b"\x00" + self.leaves[a]).digest()
        k = largest_power_of_two_below(n)
        return sha256(b"\x01" + self.mth(a, a + k) + self.mth(a + k, b)).digest()

    def path(self, m: int, a: int, b: int) -> list[bytes]:
        """PATH(m, D[a:b])."""
        n = b - a
        if n == 1:
            return []
        k = largest_power_of_two_below(n)
        if m < k:
            return [*self.path(m, a, a + k), self.mth(a + k, b)]
        return [*self.path(m - k, a + k, b), self.mth(a, a + k)]

    def proof(self, m: int, n: int) -> list[bytes]:
        """PROOF(m, D[n])."""
        return self._subproof(m, 0, n, whole=True)

    def _subproof(self, m: int, a: int, b: int, *, whole: bool) -> list[bytes]:
        n = b - a
        if m == n:
            return [] if whole else [self.mth(a, b)]
        k = largest_power_of_two_below(n)
        if m <= k:
            return [*self._subproof(m, a, a + k, whole=whole), self.mth(a + k, b)]
        return [*self._subproof(m - k, a + k, b, whole=False), self.mth(a, a + k)]


def largest_power_of_two_below(n: int) -> int:
    """Compute k with k < n <= 2k."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def numbered_leaves(count: int) -> list[bytes]:
    """Make leaves that differ."""
    return [b"leaf %d" % number for number in range(count)]
