"""Every reason belongs to exactly one class of the error tree, and has one number and one name."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from exchange_protocol import errors
from exchange_protocol.errors import (
    CallerError,
    ExchangeError,
    HubError,
    LimitExceeded,
    LocalError,
    PeerError,
    Reason,
)

SOURCE = Path(errors.__file__).read_text(encoding="utf-8")
CLASSES = {
    one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, ExchangeError)
}
FAULTS = (CallerError, PeerError, HubError, LocalError)


def test_no_reason_is_an_alias_of_another() -> None:
    written = re.findall(r"^    ([A-Z_]+) = \((\w+),\)$", SOURCE, flags=re.MULTILINE)
    assert [name for name, _ in written] == [reason.name for reason in Reason]
    assert dict(written) == {
        name: reason.error_class.__name__ for name, reason in Reason.__members__.items()
    }
    assert len({reason.value for reason in Reason}) == len(written)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_a_reason_is_found_by_its_name_and_makes_its_own_error(reason: Reason) -> None:
    assert Reason[reason.name] is reason
    error = reason.error("expected this, got that", field="some.field")
    assert type(error) is reason.error_class
    assert error.reason is reason
    assert str(error) == f"{reason.name} [some.field]: expected this, got that"
    assert sum(isinstance(error, fault) for fault in FAULTS) == 1


def test_every_class_that_can_be_raised_has_a_reason_and_a_place_in_the_tree() -> None:
    used = {reason.error_class for reason in Reason}
    assert used == CLASSES - {ExchangeError, *FAULTS}
    tree = SOURCE.split('"""')[1]
    assert all(re.search(rf"^ +{cls.__name__} ", tree, flags=re.MULTILINE) for cls in CLASSES)


def test_only_limits_say_when_to_come_back() -> None:
    assert [cls for cls in CLASSES if hasattr(cls, "retry_after_seconds")] == [LimitExceeded]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_a_reason_says_when_to_come_back_if_it_is_a_limits(reason: Reason) -> None:
    if reason.error_class is LimitExceeded:
        error = reason.until("expected less, got more", 1.5)
        assert isinstance(error, LimitExceeded)
        assert (error.reason, error.retry_after_seconds) == (reason, 1.5)
    else:
        with pytest.raises(TypeError, match=reason.name):
            reason.until("expected less, got more", 1.5)
