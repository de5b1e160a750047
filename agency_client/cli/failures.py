"""Failures, in one line and one exit code.

    0   done
    1   refused, or a check failed
    2   the command, the profile or an input file is wrong
    3   the hub is not reachable, and nothing was queued
    4   the statement is kept in the outbox: the hub is not reachable, or the disk took no receipt
    5   done, but the result could not be written to stdout, or what was done not be noted
    6   it could not be checked here, which is no verdict

An audit is a check of the hub. So its 1 is a fault of the hub alone, its 3 also a hub that is busy,
and its 2 everything else that stopped it.

Rules of this module: no traceback for what a person can cause, and nothing of a document's content
in an error. Parsers quote what they read, so of their errors only the place is repeated.
"""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import Final

import typer

from agency_client.cli.begun import NOTHING_BEGUN, Begun
from exchange_protocol.errors import (
    ExchangeError,
    HubDishonest,
    HubInternal,
    HubUnavailable,
    LimitExceeded,
    Reason,
)

USAGE = "USAGE"
"""Reason of an error in the command line itself, which never reaches the hub."""

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})

_ADVICE: Final = {
    errno.EACCES: "it must be readable by the user who runs the command",
    errno.EPERM: "it must be readable by the user who runs the command",
    errno.EISDIR: "a folder stands where a file belongs: name a file, or move the folder away",
}
"""Words for errors of the disk, as of a file that another user left."""
_OPEN_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors that name no file, for it is none that is at fault."""

_INPUT = frozenset(
    {
        Reason.PROFILE_INVALID,
        Reason.DOCUMENT_INVALID,
        Reason.COPY_UNUSABLE,
        Reason.CONFIG_INVALID,
        Reason.KEY_UNAVAILABLE,
        Reason.POLICY_INVALID,
        Reason.FILE_NOT_WRITTEN,
    }
)


_UNCHECKED = frozenset({Reason.POLICY_UNREADABLE})
"""Reasons that find nothing wrong: it could not be checked here."""
OF_PROFILE: Final = "of the profile"
"""A note of an error that the loading of the profile raised, whatever its reason."""
_CHOOSE: Final = " Choose from: "
_MISSING: Final = "Missing option"
AWAY: Final = (HubUnavailable, HubInternal, LimitExceeded)
"""Errors of a hub that is not there or cannot serve now: nothing was found, and it may pass."""


class ExitCode(IntEnum):
    """The ways in which a command ends."""

    DONE = 0
    REFUSED = 1
    INPUT = 2
    UNREACHABLE = 3
    QUEUED = 4
    UNWRITTEN = 5
    UNCHECKED = 6


def exit_code_of(
    error: Exception, done: Begun = NOTHING_BEGUN, *, is_audit: bool = False
) -> ExitCode:
    """The exit code that tells a program what sort of error it was.

    `done` are the statements that went before it: after an error of the disk a program that repeats
    the command would send them twice.
    """
    if done and is_of_disk(error):
        return ExitCode.QUEUED if done.waiting else ExitCode.UNWRITTEN
    if isinstance(error, AWAY if is_audit else HubUnavailable):
        return ExitCode.UNREACHABLE
    if not isinstance(error, ExchangeError) or OF_PROFILE in getattr(error, "__notes__", ()):
        return ExitCode.INPUT
    if error.reason in _UNCHECKED:
        return ExitCode.UNCHECKED
    if is_audit:
        is_refused = isinstance(error, HubDishonest) or error.reason is Reason.NOT_WITNESSED
    else:
        is_refused = error.reason not in _INPUT
    return ExitCode.REFUSED if is_refused else ExitCode.INPUT


def is_of_disk(error: Exception) -> bool:
    """True for an error of the disk, which says nothing of a statement."""
    return isinstance(error, OSError) or (
        isinstance(error, ExchangeError) and error.reason is Reason.FILE_NOT_WRITTEN
    )


def describe(error: Exception) -> dict[str, str | None]:
    """Reason, message and field of an error, for people and programs alike."""
    match error:
        case ExchangeError():
            return {"reason": error.reason.name, "message": error.message, "field": error.field}
        case typer.TyperException():
            return {"reason": USAGE, "message": _usage(error), "field": None}
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            message = f"{where}{error.strerror or type(error).__name__}"
            if error.filename and (advice := _ADVICE.get(error.errno or 0)):
                message += f"; {advice}"
            if error.errno in _OPEN_FILES:
                message += "; raise the limit on open files, as by `ulimit -n 1024`"
            # A disk that takes nothing is no fault of a document.
            full = error.errno in _UNWRITABLE
            reason = Reason.FILE_NOT_WRITTEN if full else Reason.DOCUMENT_INVALID
            return {"reason": reason.name, "message": message, "field": None}
        case _:
            raise TypeError(f"no description for {type(error).__name__}") from error


def _usage(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split())
    head, chooses, _ = message.partition(_CHOOSE)
    if chooses and isinstance(error, typer.BadParameter) and error.param is not None:
        # Typer lists the members of an enum by their values, and those of codes are numbers.
        given = error.param.type_descriptor.annotation
        if isinstance(given, type) and issubclass(given, IntEnum):
            from agency_client.cli.inputs import codes  # it loads documents, for errors alone

            message = f"{head} Expected one of {codes(given)}"
    also = _also_missing(error)
    return f"{message.removesuffix('.')}{also}" if also else message


def _also_missing(error: typer.TyperException) -> str:
    """The other options that a command needs and was not given: they are told at once."""
    param, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if param is None or context is None or not error.format_message().startswith(_MISSING):
        return ""
    # The given options are read first, so a required one that is not read yet is missing too.
    rest = [
        f"'{each.opts[0]}'"
        for each in context.command.params
        if each.required and each is not param and each.name not in context.params
        if each.opts[0].startswith("--")
    ]
    return f". Missing too: {', '.join(rest)}" if rest else ""


def one_line(error: Exception) -> str:
    """The error as a person reads it."""
    said = describe(error)
    if said["reason"] == USAGE:
        return f"{said['message']}"
    where = f" [{_typed(said['field'])}]" if said["field"] else ""
    return f"{said['reason']}{where}: {said['message']}"


def _typed(field: str) -> str:
    """The name of a field as a person knows it: nobody typed the kind in which it stands."""
    from exchange_protocol.kinds.catalogue import Kind  # it loads all kinds, for errors alone

    kind, _, name = field.partition(".")
    return name if name and kind in list(Kind) else field
