"""Checks what a kind says twice: in the wire contract, in its module and in the catalogue.

`generate_client` asks this first. A kind that does not fit would be generated wrongly, or would end
in a traceback of the generator; here it is told which line to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import Attribute
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.spec import KindSpec
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code

CONTRACT: Final = "proto/exchange_protocol/v1/statement.proto"
CATALOGUE: Final = "proto/exchange_protocol/kinds/catalogue.py"
_WIRE: Final = {
    FieldDescriptor.TYPE_ENUM: "a code list",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_STRING: "AgencyId",
    FieldDescriptor.TYPE_UINT32: "int",
    FieldDescriptor.TYPE_UINT64: "int",
}
_MESSAGES: Final = {"Timestamp": "datetime", "Day": "date"}


def kind_faults() -> list[str]:
    """The faults of all kinds, each with its file and with what to do; none of a whole kind."""
    found = list(_catalogue_faults())
    if not found:
        for kind in Kind:
            message = pb.Statement.DESCRIPTOR.fields_by_name[kind.value].message_type
            if message is not None:
                found += faults_of(kind.spec, message)
        found += twice_named((kind.spec, act) for kind in Kind for act in kind.spec.acts)
    return found


def _catalogue_faults() -> Iterator[str]:
    wanted = [field.name for field in pb.Statement.DESCRIPTOR.oneofs_by_name["body"].fields]
    listed = [kind.value for kind in Kind]
    for name in wanted:
        if name not in listed:
            yield (
                f"{CATALOGUE}: the contract has {name}, and no line here: import {name}, and write "
                f"{name.upper()} = {name}.SPEC"
            )
    for name in listed:
        if name not in wanted:
            yield (
                f"{CONTRACT}: the catalogue has {name}, and `oneof body` no field of that name: "
                "write it there, or call the class of the body like its message"
            )
    if sorted(wanted) == sorted(listed) and wanted != listed:
        name = next(mine for mine, theirs in zip(listed, wanted, strict=True) if mine != theirs)
        yield f"{CATALOGUE}: {name.upper()} stands elsewhere than in the contract: move its line"


def faults_of(spec: KindSpec, message: Descriptor) -> Iterator[str]:
    """The faults of one kind, whose body is that message on the wire."""
    where = f"proto/exchange_protocol/kinds/{spec.name}.py"
    numbered = {field.name: field for field in message.fields}
    names: set[str] = set(spec.body.__slots__)
    for name in sorted(names ^ numbered.keys()):
        here, there = ("the body", "the message") if name in names else ("the message", "the body")
        yield f"{where}: {here} {message.name} has {name}, and {there} has not: name it alike"
    if names != numbered.keys():
        return
    if spec.parse is None:
        for name, attribute in spec.attributes.items():
            yield from _type_faults(where, name, attribute, numbered[name])
            if _needs_name(attribute) and name not in spec.names:
                yield (
                    f'{where}: "12" alone says nothing: give the spec names={{"{name}": '
                    "Words(...)}, in three languages"
                )
    for act in spec.acts:
        yield from _act_faults(where, spec, act)


def _type_faults(
    where: str, name: str, attribute: Attribute, field: FieldDescriptor
) -> Iterator[str]:
    mine = "a code list" if issubclass(attribute.type, Code) else attribute.type.__name__
    mine = "AgencyId" if attribute.type is str else mine
    message = field.message_type
    theirs = _MESSAGES.get(message.name) if message is not None else _WIRE.get(field.type)
    if mine != theirs:
        yield (
            f"{where}: {name} is {mine}, and {theirs or 'nothing that a body holds'} on the wire: "
            "a `date` is a Day there, a `datetime` a google.protobuf.Timestamp, a `Code` an enum"
        )
    is_repeated = field.is_repeated
    if attribute.is_many != is_repeated:
        yield (
            f"{where}: {name} holds {'several values' if attribute.is_many else 'one value'}, and "
            f"the contract says {'repeated' if is_repeated else 'no repeated'}"
        )


def _needs_name(attribute: Attribute) -> bool:
    return issubclass(attribute.type, int | date | datetime) and not issubclass(
        attribute.type, Code
    )


def _act_faults(where: str, spec: KindSpec, act: Act) -> Iterator[str]:
    given = {*act.codes, *act.fixed}
    for name in sorted(given - set(spec.body.__slots__)):
        yield f"{where}: the act {act.name} gives {name}, which the body has not"
    for each in fields(spec.body):  # type: ignore[arg-type] # every body is a dataclass
        is_needed = each.default is MISSING and each.default_factory is MISSING
        if is_needed and each.name not in given:
            yield (
                f"{where}: the act {act.name} leaves out {each.name}, without which there is no "
                "body: name it in codes or in fixed, or give the body a default"
            )
    for name in act.codes:
        if name not in act.help:
            yield f"{where}: the act {act.name} explains no {name}: say in its help what it is"


def twice_named(acts: Iterable[tuple[KindSpec, Act]]) -> Iterator[str]:
    """The faults of acts that share a command or a method."""
    acts = list(acts)
    for what, named in (
        ("command", [act.command for _, act in acts]),
        ("name", [act.name for _, act in acts]),
    ):
        for word, count in Counter(named).items():
            if count > 1:
                kinds = [spec.name for spec, act in acts if word in (act.command, act.name)]
                yield (
                    f"proto/exchange_protocol/kinds: {' and '.join(dict.fromkeys(kinds))} have "
                    f"acts with one {what}, {word}: give one of them another"
                )
