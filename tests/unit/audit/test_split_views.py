"""The notes that a client or a witness kept of a split view become a proof, if they are one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client.audit.split_views import split_view_in_evidence
from agency_client.state.checkpoints import Head, TrustStore
from agency_client.state.log_keys import LogKeys
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.log.split_view import verify_split_view
from tests.support.signed_logs import LOG, SignedLog

HISTORY = SignedLog.of("enrol enrol ask hold approve reply")
OTHER = SignedLog.of("enrol enrol ask approve reply close")


def head(log: SignedLog, size: int) -> Head:
    return Head(log.note(size), LOG.verify(log.note(size)))


def evidence(folder: Path, held: Head, got: Head) -> bytes:
    """The file that the client writes when it meets the two."""
    trust = TrustStore(folder, LogKeys(folder, LOG), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(HubDishonest):
        trust.verify_answer(held, got, ())
    [file] = (folder / "evidence").iterdir()
    return file.read_bytes()


def test_two_trees_of_one_size_in_the_evidence_are_a_proof(tmp_path: Path) -> None:
    proof = split_view_in_evidence(evidence(tmp_path, head(HISTORY, 5), head(OTHER, 5)))
    a, b = verify_split_view(proof, LOG)
    assert (a, b) == (LOG.verify(HISTORY.note(5)), LOG.verify(OTHER.note(5)))


@pytest.mark.parametrize("size", [4, 6])
def test_trees_of_two_sizes_in_the_evidence_are_none(tmp_path: Path, size: int) -> None:
    proof = split_view_in_evidence(evidence(tmp_path, head(HISTORY, 5), head(OTHER, size)))
    with pytest.raises(ExchangeError) as caught:
        verify_split_view(proof, LOG)
    assert caught.value.reason is Reason.SPLIT_VIEW_NOT_PROVEN


@pytest.mark.parametrize(
    "data", [b"", b"7", b"[]", b"{}", b'{"held": "x"}', b'{"held": "x", "got": 7}', b"[" * 99_999]
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        split_view_in_evidence(data)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
