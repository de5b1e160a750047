"""Loads and builds the commands that are asked for: of 127 commands one is used in a start.

A module registers its commands when it is imported, so the module of the asked word alone is. For
the help, and for a word that is no command, all are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from importlib import import_module
from typing import Any, Final

import typer
from typer.main import get_command_name

from exchange_protocol.kinds.catalogue import Kind

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "show": ("show",),
    "acts": (),  # of every kind, see `words_of`
    "metrics": ("metrics",),
    "outbox": ("outbox",),
    "boxes": ("todo", "inbox", "sent", "pending", "supervised"),
    "due": ("due",),
    "finding": ("search",),
    "cases": ("case",),
    "holdings": ("holdings",),
    "watch": ("watch",),
    "setup": ("profile", "keys", "whoami", "sync", "agencies", "templates"),
    "enrolment": ("keys", "enrol"),
    "enrolment_by_hub": ("enrol",),
    "doctor": ("doctor",),
    "operator": ("operator", "takes"),
    "audit": ("audit",),
    "policy": ("operator",),
    "calendars": ("calendar", "limits"),
    "report": ("report",),
    "audit_entries": ("audit",),
    "split_view": ("audit",),
    "witness": ("witness",),
    "evidence": ("evidence",),
    "console": ("console",),
}
"""The modules in the order of the help, each with the first words of its commands."""

_PACKAGE: Final = "agency_client.cli"
_PLACES: Final = {f"{_PACKAGE}.{module}": place for place, module in enumerate(MODULES)}


def words_of(module: str) -> tuple[str, ...]:
    """The first words of the commands of a module."""
    if module != "acts":
        return MODULES[module]
    commands = (act.command for kind in Kind for act in kind.spec.acts)
    return tuple(command.partition(" ")[0] for command in commands)


def modules_of(word: str) -> tuple[str, ...]:
    """The modules whose commands begin with a word; none for a word that is no command."""
    return tuple(module for module in MODULES if word in words_of(module))


def commands_of(app: typer.Typer, word: str) -> typer.Typer:
    """The app with the commands of a word alone."""
    _load(modules_of(word))
    part = copy(app)
    part.registered_commands = [
        each
        for each in app.registered_commands
        if each.callback and word == (each.name or get_command_name(each.callback.__name__))
    ]
    part.registered_groups = [each for each in app.registered_groups if each.name == word]
    return part


def all_commands(app: typer.Typer) -> typer.Typer:
    """The app with all commands, in the order of the help whatever was loaded before."""
    _load(MODULES)
    _sort(app)
    return app


def _load(modules: Iterable[str]) -> None:
    for module in modules:
        import_module(f"{_PACKAGE}.{module}")


def _sort(app: typer.Typer) -> None:
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _sort(group.typer_instance)
    app.registered_commands.sort(key=lambda each: _place(each.callback))
    app.registered_groups.sort(key=lambda each: min(_places(each.typer_instance)))


def _places(app: typer.Typer | None) -> Iterator[int]:
    if app is not None:
        yield from (_place(each.callback) for each in app.registered_commands)
        for group in app.registered_groups:
            yield from _places(group.typer_instance)


def _place(command: Callable[..., Any] | None) -> int:
    """The place of a command's module in the help; a module that others load comes after them."""
    return _PLACES.get(getattr(command, "__module__", ""), len(_PLACES))
