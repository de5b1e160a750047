"""A time stamp that was damaged is refused or means what it meant; nothing else ever happens."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.evidence.timestamp import TimeStamp, stamp_request, verify_stamp
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import TrustAnchors
from tests.support.refusals import reason_or_none
from tests.support.time_stamping import StampingAuthority, make_intermediate, make_root

NOTE = b"hub.example/log\n1\n"


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, TrustAnchors, TimeStamp]:
    """A response with a chain, the root that it leads to, and what it proves."""
    root = make_root()
    folder: Path = tmp_path_factory.mktemp("tsa") / "own"
    response = StampingAuthority(folder, [root, make_intermediate(root)]).answer(
        stamp_request(NOTE)
    )
    anchors = TrustAnchors.from_pem(root.pem)
    return response, anchors, verify_stamp(response, NOTE, anchors)


@given(st.data())
def test_damaged_stamp_is_refused_or_means_the_same(
    stamped: tuple[bytes, TrustAnchors, TimeStamp], data: st.DataObject
) -> None:
    response, anchors, stamp = stamped
    start = data.draw(st.integers(0, len(response) - 1))
    end = data.draw(st.integers(start, min(len(response), start + 40)))
    damage = data.draw(st.binary(max_size=8))
    damaged = response[:start] + damage + response[end:]
    try:
        assert verify_stamp(damaged, NOTE, anchors) == stamp
    except ExchangeError as error:
        if error.reason is not Reason.TIMESTAMP_INVALID:
            raise


def test_stamp_is_refused_wherever_bytes_are_wiped_out(
    stamped: tuple[bytes, TrustAnchors, TimeStamp],
) -> None:
    response, anchors, stamp = stamped

    def verify(start: int) -> None:
        wiped = response[:start] + bytes(8) + response[start + 8 :]
        assert verify_stamp(wiped, NOTE, anchors) == stamp

    reasons = {
        reason_or_none(lambda at=at: verify(at))  # type: ignore[misc]
        for at in range(0, len(response) - 8, 3)
    }
    # A few bytes of a response say nothing that is signed.
    assert Reason.TIMESTAMP_INVALID in reasons <= {Reason.TIMESTAMP_INVALID, None}


@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused(
    stamped: tuple[bytes, TrustAnchors, TimeStamp], data: bytes
) -> None:
    for hostile in (data, b"\x30\x82" + len(data).to_bytes(2, "big") + data):
        with contextlib.suppress(ExchangeError):
            pytest.fail(f"verified: {verify_stamp(hostile, NOTE, stamped[1])}")
