"""The random bytes of a batch: drawn for many at once, and none given twice."""

from __future__ import annotations

from unittest.mock import Mock

from exchange_server.ledger.draft import BatchDraft


def test_no_random_bytes_are_given_twice() -> None:
    draft = BatchDraft(Mock(), Mock(), Mock(), Mock())
    lengths = [32, 16] * 500
    drawn = [draft.random(length) for length in lengths]
    assert [len(each) for each in drawn] == lengths
    whole = b"".join(drawn)
    windows = {whole[at : at + 16] for at in range(0, len(whole), 16)}
    assert len(windows) == len(whole) // 16
