"""Arguments of the library's methods: one of another type is refused by its name.

Without this a text in the place of a number fails somewhere inside, as a TypeError that names
nothing which the caller wrote. A method judges itself the arguments that it reads in several forms,
such as a code or an exchange.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache, wraps
from numbers import Integral, Real
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from exchange_protocol.errors import Reason

ClassT = TypeVar("ClassT", bound=type)
_WORDS: Final[Mapping[type, str]] = {
    bool: "True or False",
    bytes: "bytes",
    float: "a number",
    int: "a whole number",
    str: "a text",
    types.NoneType: "None",
    Callable: "a function",  # type: ignore[dict-item] # it is a class when the code runs
}
_SEVERAL: Final = (Collection, Iterable, Sequence)
_UNION: Final = (Union, types.UnionType)


def checks_arguments(face: ClassT) -> ClassT:
    """Have the public methods of a class raise INVALID_FIELD for an argument of another type."""
    for name, method in list(vars(face).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(face, name, _checking(method))
    return face


def _checking(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    def check(given: tuple[Any, ...], named: dict[str, Any]) -> None:
        hints = _hints(method)
        try:
            bound = signature.bind(*given, **named)
        except TypeError as error:
            raise TypeError(f"{method.__qualname__}() {error}") from None
        for name, value in bound.arguments.items():
            # `**arguments` is a mapping here, and its hint is of its values.
            if (
                name in hints
                and signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD
            ):
                _check(value, hints[name], name)

    if inspect.iscoroutinefunction(method):

        @wraps(method)
        async def awaiting(*given: Any, **named: Any) -> Any:
            check(given, named)
            return await method(*given, **named)

        return awaiting

    @wraps(method)
    def calling(*given: Any, **named: Any) -> Any:
        check(given, named)
        return method(*given, **named)

    return calling


@cache
def _hints(method: Callable[..., Any]) -> Mapping[str, Any]:
    """The types of a method's arguments; they are read when it is first called."""
    several = {
        each.name
        for each in inspect.signature(method).parameters.values()
        if each.kind is inspect.Parameter.VAR_KEYWORD
    }
    # `**arguments` is one mapping when it comes here, and its hint is of the values.
    return {name: each for name, each in get_type_hints(method).items() if name not in several}


def _check(value: object, hint: Any, field: str) -> None:
    classes = _classes(hint)
    if classes is None:
        return
    if not _is_of(value, classes):
        named = [_WORDS.get(each, each.__name__) for each in classes]
        got = "nan" if _is_nan(value) else type(value).__name__
        raise Reason.INVALID_FIELD.error(
            f"expected {' or '.join(dict.fromkeys(named))}, got {got}", field=field
        )
    items = [get_args(each)[0] for each in _members(hint) if _origin(each) in _SEVERAL]
    # A generator is read once, and not here.
    if items and isinstance(value, Collection) and not isinstance(value, Mapping | str):
        for i, each in enumerate(value):
            _check(each, items[0], f"{field}[{i}]")


def _is_of(value: object, classes: Iterable[type]) -> bool:
    """True for a value of one of the classes; True and False are no numbers here.

    Numbers of tables are of types of their own, such as numpy's.
    """
    return any(
        not isinstance(value, bool) and isinstance(value, Real) and not _is_nan(value)
        if each is float
        else not isinstance(value, bool) and isinstance(value, Integral)
        if each is int
        else isinstance(value, each)
        for each in classes
    )


def _is_nan(value: object) -> bool:
    """True for what is of the type of numbers and none: no order holds for it."""
    return isinstance(value, float) and math.isnan(value)


def _classes(hint: Any) -> tuple[type, ...] | None:
    """The classes of a hint; None where a class cannot tell, or the method itself reads a code."""
    found = []
    for each in _members(hint):
        of_it = _origin(each) or each
        if not isinstance(of_it, type) or is_typeddict(of_it):
            return None
        if getattr(of_it, "_is_protocol", False) or issubclass(of_it, Enum):
            return None
        found.append(of_it)
    return tuple(found)


def _members(hint: Any) -> Iterator[Any]:
    return iter(get_args(hint) if get_origin(hint) in _UNION else (hint,))


def _origin(hint: Any) -> type | None:
    origin = get_origin(hint)
    return origin if isinstance(origin, type) and origin not in _UNION else None
