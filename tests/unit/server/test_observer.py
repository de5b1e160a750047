"""Several observers hear what one hears."""

from __future__ import annotations

from inspect import signature
from unittest.mock import create_autospec

import pytest

from exchange_server.observer import Observer, Together

HEARD = [name for name in vars(Observer) if not name.startswith("_")]


@pytest.mark.parametrize("name", HEARD)
def test_each_of_several_observers_is_told_everything(name: str) -> None:
    observers = [create_autospec(Observer, instance=True) for _ in range(2)]
    parameters = list(signature(getattr(Observer, name)).parameters.values())[1:]
    plain = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    named = {each.name: each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    getattr(Together(*observers), name)(*plain, **named)
    for each in observers:
        getattr(each, name).assert_called_once_with(*plain, **named)
