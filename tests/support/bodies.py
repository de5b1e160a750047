"""Bodies of any kind, made from the types of its attributes, so that a new kind needs no test."""

from __future__ import annotations

import random
import string
import types
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import RefusalGround
from exchange_protocol.kinds.days import end_of_day
from exchange_protocol.kinds.grounds import NEVER_ALONE
from exchange_protocol.trust.identity import AgencyId

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_ALMATY = timezone(timedelta(hours=5))


def spelled(first: str, rest: str, most: int) -> st.SearchStrategy[str]:
    """A letter of the first, and so many more of the rest: three times as fast as `from_regex`."""
    return st.builds(str.__add__, st.sampled_from(first), st.text(rest, max_size=most))


_LETTERS = string.ascii_lowercase
agency_ids = st.builds(
    "{}.{}".format,
    st.text(_LETTERS, min_size=2, max_size=2),
    st.text(_LETTERS, min_size=2, max_size=6),
).map(AgencyId)


@cache
def bodies(kind: Kind) -> st.SearchStrategy[Body]:
    """Every body of a kind whose parser follows from its types."""
    drawn = {name: _values(hint) for name, hint in _hints(kind).items()}
    return st.fixed_dictionaries(drawn).map(lambda values: kind.body(**_fitting(kind, values)))


def some_body(kind: Kind, chance: random.Random) -> Body:
    """One body of such a kind, by chance."""
    values = {name: _some_value(hint, chance) for name, hint in _hints(kind).items()}
    return kind.body(**_fitting(kind, values, chance))


def _fitting(
    kind: Kind, values: dict[str, Any], chance: random.Random | None = None
) -> dict[str, Any]:
    """The values, with those optional ones alone that their codes ask for."""
    fitting, chance = dict(values), chance or random.Random(0)  # noqa: S311 # no secret
    for name in kind.spec.only_with:
        codes = kind.spec.codes_with(name)
        given = fitting[name]
        if any(value is code for value in values.values() for code in codes):
            [inner] = [each for each in get_args(_hints(kind)[name]) if each is not type(None)]
            fitting[name] = _some_value(inner, chance) if given is None else given
        else:
            fitting[name] = None
    for one, other in kind.spec.together:
        if fitting[one] is None or fitting[other] is None:
            fitting[one] = fitting[other] = None
    for moment, day in kind.spec.days.items():
        if fitting[moment] is None:
            fitting[day] = None
        elif fitting[day] is not None:
            fitting[moment] = end_of_day(fitting[day], _ALMATY).astimezone(UTC)
    if kind.spec.amount_of:
        _fit_amount(kind, fitting)
    if "further_grounds" in fitting:
        _fit_grounds(fitting)
    return fitting


def _fit_amount(kind: Kind, values: dict[str, Any]) -> None:
    """Leave an amount only beside exactly one of the codes of which it may tell."""
    told = [
        each
        for value in values.values()
        for each in (value if isinstance(value, tuple) else (value,))
        if any(each is code for code in kind.spec.amount_of)
    ]
    if len(told) != 1:
        values["amount"] = values["currency"] = None


def _fit_grounds(values: dict[str, Any]) -> None:
    """Make further grounds stand beside a first one, which stands alone."""
    if values["ground"] is None:
        values["further_grounds"] = ()
        return
    if values["ground"] in NEVER_ALONE:
        values["ground"] = RefusalGround.CONTRARY_TO_LAW
    further = [each for each in values["further_grounds"] if each is not values["ground"]]
    values["further_grounds"] = tuple(further)


@cache
def _hints(kind: Kind) -> dict[str, Any]:
    hints = get_type_hints(kind.body, include_extras=True)
    return {each.name: hints[each.name] for each in fields(kind.body)}  # type: ignore[arg-type] # every body is a dataclass


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        [inner] = [each for each in get_args(hint) if each is not type(None)]
        return st.none() | _values(inner)
    if get_origin(hint) is Annotated:
        _, bounds = get_args(hint)
        return st.integers(bounds.least, bounds.most)
    if get_origin(hint) is tuple and get_args(hint)[0] in (bytes, AgencyId):
        return st.lists(_values(get_args(hint)[0]), unique=True, max_size=4).map(tuple)
    if get_origin(hint) is tuple:
        codes = list(get_args(hint)[0])
        return st.lists(st.sampled_from(codes), unique=True, max_size=len(codes)).map(tuple)
    if hint is datetime:
        return st.integers(0, 10**12).map(lambda n: _EPOCH + timedelta(microseconds=n))
    if hint is date:
        return st.integers(0, 9999).map(lambda n: _EPOCH.date() + timedelta(days=n))
    if hint is bool:
        return st.booleans()
    if hint is bytes:
        return st.binary(min_size=32, max_size=32)
    if hint is AgencyId:
        return agency_ids
    return st.sampled_from(list(hint))


def _some_value(hint: Any, chance: random.Random) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return None
    if get_origin(hint) is Annotated:
        _, bounds = get_args(hint)
        return chance.randint(bounds.least, bounds.most)
    if get_origin(hint) is tuple and get_args(hint)[0] in (bytes, AgencyId):
        return (_some_value(get_args(hint)[0], chance),)
    if get_origin(hint) is tuple:
        return (chance.choice(list(get_args(hint)[0])),)
    if hint is datetime:
        return _EPOCH + timedelta(days=chance.randrange(1000))
    if hint is date:
        return _EPOCH.date() + timedelta(days=chance.randrange(1000))
    if hint is bool:
        return chance.random() < 0.5
    if hint is bytes:
        return chance.randbytes(32)
    if hint is AgencyId:
        return AgencyId("kz.fma")
    return chance.choice(list(hint))
