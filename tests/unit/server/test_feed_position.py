"""Resume tokens have one spelling each; whatever else comes is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_protocol.errors import InvalidInput
from exchange_server.ledger import FeedPosition


@given(st.integers(0, 2**63 - 1), st.integers(-1, 2**63 - 2))
def test_token_names_its_position(position: int, entry_index: int) -> None:
    place = FeedPosition(position, entry_index)
    assert FeedPosition.parse(place.token) == place


@pytest.mark.parametrize(
    "token", ["", "1", "1-", "-1", "01-2", "1-02", "1-2-3", "1-2 ", "٣-1", f"{2**63}-1"]
)
def test_other_text_is_no_token(token: str) -> None:
    with pytest.raises(InvalidInput):
        FeedPosition.parse(token)


@given(st.text(max_size=50))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(InvalidInput):
        assert FeedPosition.parse(text).token == text
