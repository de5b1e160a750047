"""The command that was meant by a word that is none: a kind's name, or another usual word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

import typer
from typer.core import TyperGroup

from agency_client.cli.loading import modules_of
from exchange_protocol.kinds.catalogue import Kind

USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "answer": ("reply",),
    "ask": ("send information-request", "request-details"),
    "check": ("doctor", "audit verify"),
    "config": ("profile",),
    "delete": ("erase",),
    "enrol-agency": ("operator enrol",),
    "freeze": ("send freeze-request", "freeze-impose"),
    "get": ("show",),
    "init": ("profile init",),
    "list": ("todo", "inbox", "sent"),
    "login": ("profile init",),
    "open": ("show",),
    "outgoing": ("sent",),
    "policy": ("operator show-policy", "operator policy"),
    "publish-acceptance": ("takes",),
    "publish-calendar": ("calendar publish",),
    "publish-certificate": ("operator certificate",),
    "publish-log-key": ("operator publish-log-key",),
    "publish-policy": ("operator policy",),
    "publish-sealing-key": ("keys publish",),
    "publish-time-limit": ("limits publish",),
    "read": ("show",),
    "renew": ("keys renew",),
    "request": ("send information-request",),
    "retract": ("recall",),
    "retire-agency": ("operator retire",),
    "revoke": ("operator revoke", "revoke-consent"),
    "revoke-certificate": ("operator revoke",),
    "status": ("show", "todo"),
    "test": ("ping",),
    "trace": ("send asset-trace-request",),
    "update-agency": ("operator update",),
    "verify": ("audit verify", "evidence verify"),
    "add-agency": ("operator enrol",),
    "export": ("evidence export", "report statistics"),
    "view": ("show",),
    "withdraw": ("recall",),
}
"""Words of other programs, and of the library, for what has another name here, in any group."""
_MOST: Final = 3
_MOST_SHOWN: Final = 64


class MeaningGroup(TyperGroup):
    """A group that answers an unknown word with the commands that may be meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of a word; the error of an unknown one names what may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            # Typer's own advice goes by the spelling of this group's words alone.
            if error.message.startswith("No such command"):
                meant = commands_meant(args[0], ctx.command_path, tuple(self.commands))
                advice = f"did you mean {' or '.join(meant)}?" if meant else "see --help"
                error.message = f"No such command {args[0][:_MOST_SHOWN]!r}; {advice}"
            raise


def commands_meant(word: str, group: str, commands: Sequence[str]) -> list[str]:
    """The commands that a word of a group may mean, at most three, the likeliest first."""
    plain = word.lower().replace("_", "-")
    named = commands_of_kinds()
    meant = [f"agency {each}" for each in (*USUAL.get(plain, ()), *named.get(plain, ()))]
    if not meant:
        meant = [f"{group} {each}" for each in get_close_matches(plain, commands, _MOST)]
    if not meant and modules_of(plain):
        meant = [f"agency {plain}"]
    if not meant:
        kinds = get_close_matches(plain, named, 1)
        meant = [f"agency {each}" for kind in kinds for each in named[kind]]
    return [f"`{each}`" for each in dict.fromkeys(meant)][:_MOST]


def commands_of_kinds() -> dict[str, tuple[str, ...]]:
    """The commands by each name of a kind: its own, and that of the client's method."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in Kind:
        found[kind.value.replace("_", "-")] = tuple(act.command for act in kind.spec.acts)
        for act in kind.spec.acts:
            found.setdefault(act.name.replace("_", "-"), (act.command,))
            found.setdefault(act.command.rpartition(" ")[2], (act.command,))
    return {name: commands for name, commands in found.items() if commands}
