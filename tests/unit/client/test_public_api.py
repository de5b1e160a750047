"""The public face of the library: its names, its signatures, its words."""

from __future__ import annotations

import inspect
import pydoc
import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Required, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

import agency_client
from agency_client import AsyncExchangeClient, ExchangeClient
from agency_client.core.acts import ACTS
from agency_client.core.drafting import Terms
from exchange_protocol.kinds.codes import Party

FACES = [ExchangeClient, AsyncExchangeClient]
PUBLIC = {name: getattr(agency_client, name) for name in agency_client.__all__}


def methods(face: type) -> dict[str, Any]:
    """The public methods of a client."""
    found = inspect.getmembers(face, inspect.isroutine)
    return {name: each for name, each in found if not name.startswith("_")}


def parameters(method: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults of all that a caller passes, beside the ports of tests."""
    found = inspect.signature(method).parameters.values()
    ports = ("self", "link", "clock", "random")
    return [(each.name, each.kind, each.default) for each in found if each.name not in ports]


# --- Names --------------------------------------------------------------------------------------


def test_the_names_of_the_library_are_listed_and_found() -> None:
    assert agency_client.__all__ == sorted(agency_client.__all__)
    assert set(agency_client.__all__) <= set(dir(agency_client))
    assert "__version__" in dir(agency_client)
    assert not {"Any", "Final", "TYPE_CHECKING", "annotations", "_HOMES"} & set(dir(agency_client))
    assert re.fullmatch(r"\d+\.\d+\.\d+", agency_client.__version__)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = agency_client.colour


def test_help_names_everything_with_a_line() -> None:
    text = pydoc.plain(pydoc.render_doc(agency_client))
    head = text.split("PACKAGE CONTENTS")[0]
    for name in agency_client.__all__:
        assert re.search(rf"^ +{name} +\S.*", head, flags=re.MULTILINE), name


@pytest.mark.parametrize("name", agency_client.__all__)
def test_a_public_class_says_what_it_is(name: str) -> None:
    value = PUBLIC[name]
    if inspect.isclass(value) and value.__module__.startswith(("agency_client", "exchange_")):
        assert inspect.getdoc(value), name


@pytest.mark.parametrize(
    "document",
    [each for each in PUBLIC.values() if inspect.isclass(each) and issubclass(each, BaseModel)],
)
def test_a_document_explains_its_fields(document: type[BaseModel]) -> None:
    text = inspect.getdoc(document) or ""
    explained = set(re.findall(r"^ {4}(\w+): ", text.split("Args:")[1], flags=re.MULTILINE))
    assert explained == set(document.model_fields) - {"document"}
    shown = inspect.signature(document).parameters
    assert explained <= set(shown)


# --- Signatures ---------------------------------------------------------------------------------


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    blocking, awaiting = methods(ExchangeClient), methods(AsyncExchangeClient)
    assert set(blocking) == set(awaiting)
    for name, method in blocking.items():
        assert parameters(method) == parameters(awaiting[name]), name
    assert parameters(ExchangeClient.__init__) == parameters(AsyncExchangeClient.__init__)


@pytest.mark.parametrize("face", FACES)
def test_every_method_explains_every_argument(face: type) -> None:
    for name, method in methods(face).items():
        text = inspect.getdoc(method) or ""
        assert re.match(r"[A-Z][^\n]*\.$", text.split("\n\n")[0].replace("\n", " ")), name
        args = re.split(r"\n(?:Returns|Raises|Yields):\n", text.partition("Args:\n")[2])[0]
        explained = re.findall(r"^ {4}(\w+): ", args, flags=re.MULTILINE)
        expected = [each for each, _, _ in parameters(method)]
        assert explained == expected, name


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("act", ACTS)
def test_every_act_is_a_method_with_all_its_terms(face: type, act: str) -> None:
    kind, spec = ACTS[act]
    method = methods(face)[act]
    names = [name for name, _, _ in parameters(method)]
    assert inspect.isroutine(method)
    assert set(spec.codes) <= set(names)
    terms = ({each.name for each in fields(Terms)} & set(names)) - set(spec.codes)
    if spec.terms:
        assert terms == {each.name for each in fields(Terms)}
    else:
        withheld = {"withheld_from", "withholding_ground"}
        said_by = {row.party for row in kind.spec.rows}
        expected = {"due"} if kind.spec.act_sets_due(spec) else set()
        expected |= withheld if said_by & {Party.INITIATOR, Party.RECIPIENT} else set()
        assert terms == expected
    assert "kwargs" not in names
    for parameter in inspect.signature(method).parameters.values():
        assert parameter.kind is not parameter.VAR_KEYWORD


@pytest.mark.parametrize("act", ACTS)
def test_unknown_argument_is_a_type_error(act: str) -> None:
    method = methods(ExchangeClient)[act]
    with pytest.raises(TypeError, match="unexpected keyword argument 'handlng'"):
        method(None, "x", handlng="H3")


def test_the_source_of_a_method_is_plain_code() -> None:
    for face in FACES:
        for name, method in methods(face).items():
            # What checks the arguments stands around it; `inspect.getsource` sees through that.
            path = inspect.getsourcefile(inspect.unwrap(method))
            assert path is not None
            assert Path(path).parent == Path(agency_client.__file__).parent, name
            assert f"def {name}(" in inspect.getsource(method)


def test_blocking_methods_give_results_and_not_operations() -> None:
    for name, method in methods(ExchangeClient).items():
        assert "Operation" not in str(inspect.signature(method)), name
        assert not inspect.iscoroutinefunction(method), name
    assert "Sent | Queued" in str(inspect.signature(ExchangeClient.reply))


# --- Types --------------------------------------------------------------------------------------


def types_in(hint: Any) -> Iterator[Any]:
    """A type and all that it is made of."""
    yield hint
    for each in get_args(hint):
        yield from types_in(each)
    if get_origin(hint):
        yield get_origin(hint)


def reached() -> Iterator[tuple[str, Any]]:
    """Every type that a caller can meet: in signatures, and in what they give."""
    seen: set[Any] = set()
    left: list[tuple[str, Any]] = []
    for face in FACES:
        for name, method in methods(face).items():
            left += [(f"{name}.{each}", hint) for each, hint in get_type_hints(method).items()]
    while left:
        where, hint = left.pop()
        for each in types_in(hint):
            if not isinstance(each, type) or each in seen:
                continue
            seen.add(each)
            yield where, each
            if is_dataclass(each) and each.__module__.startswith(("agency_client", "exchange_")):
                left += [(f"{each.__name__}.{n}", h) for n, h in get_type_hints(each).items()]
                for name, member in vars(each).items():
                    if isinstance(member, property) and member.fget and not name.startswith("_"):
                        hints = get_type_hints(member.fget)
                        left.append((f"{each.__name__}.{name}", hints.get("return")))


def test_no_protobuf_type_is_on_the_public_face() -> None:
    met = dict.fromkeys(each for _, each in reached())
    assert len(met) > 60, "the walk should reach what the methods give"
    for where, each in reached():
        assert "_pb2" not in each.__module__, where
    outbox = inspect.getmembers(agency_client.Outbox, inspect.isfunction)
    for name, method in outbox:
        if not name.startswith("_"):
            for each in (t for h in get_type_hints(method).values() for t in types_in(h)):
                assert "_pb2" not in getattr(each, "__module__", ""), name


def test_types_of_the_codes_can_be_imported_from_the_library() -> None:
    for _, each in reached():
        if each.__module__.startswith("exchange_protocol.kinds") and hasattr(each, "__members__"):
            assert each.__name__ in agency_client.__all__, each


def test_typed_arguments_of_many_requests_are_those_of_the_method() -> None:
    for act, (kind, _) in ACTS.items():
        batch = methods(ExchangeClient).get(f"{act}_batch")
        assert (batch is not None) == (not kind.spec.rows)
        if batch is None:
            continue
        [several] = get_args(get_type_hints(batch)["requests"])
        assert typing.is_typeddict(several)
        names = [name for name, _, _ in parameters(methods(ExchangeClient)[act])]
        assert list(several.__annotations__) == names
        required = {
            name
            for name, _, default in parameters(methods(ExchangeClient)[act])
            if default is inspect.Parameter.empty
        }
        hints = get_type_hints(several, include_extras=True)
        assert {name for name, hint in hints.items() if get_origin(hint) is Required} == required
