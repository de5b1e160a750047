"""Errors pass between processes whole: a pool of them breaks at one that cannot be read again."""

from __future__ import annotations

import copy
import pickle
import weakref
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from agency_client.content.faults import FileInvalid
from exchange_protocol.errors import ExchangeError, InvalidInput, LimitExceeded, Reason


def refuse() -> None:
    """Fail as a worker does."""
    ExchangeClient.from_profile("/absent")


@pytest.mark.parametrize("reason", Reason)
def test_error_of_each_reason_is_read_again(reason: Reason) -> None:
    error = reason.error("expected another", field="due")
    error.add_note("of the profile")
    if isinstance(error, LimitExceeded):
        error.retry_after_seconds = 2.5
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):  # noqa: S301 - our own
        assert type(again) is type(error)
        assert again.reason is reason
        assert (str(again), again.args) == (str(error), error.args)
        assert vars(again) == vars(error)


def test_error_with_places_keeps_them() -> None:
    error = FileInvalid("line 2", (), 3, field="summary")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert vars(again) == vars(error)


def test_error_of_a_worker_reaches_who_gave_the_work(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(InvalidInput, match="PROFILE_INVALID") as caught:
            pool.submit(refuse).result(60)
        assert isinstance(caught.value, ExchangeError)
        assert pool.submit(len, "abc").result(60) == 3


class Brought:
    """Content that a call brought."""


def test_error_that_is_detached_keeps_nothing_of_the_call() -> None:
    def refused(brought: Brought) -> ExchangeError:
        try:
            read_number("x", brought)
        except ExchangeError as error:
            return error.detached()
        raise AssertionError("expected a refusal")

    def read_number(text: str, brought: Brought) -> None:
        try:
            int(text)
        except ValueError:
            raise Reason.MALFORMED.error("expected a number") from None

    brought = Brought()
    kept, error = weakref.ref(brought), refused(brought)
    del brought
    assert kept() is None, "its traceback, or that of what led to it, holds the frame"
    assert error.reason is Reason.MALFORMED
