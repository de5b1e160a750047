"""The `agency` command: its global options, and how it ends.

Commands register themselves on `app`; `main` runs one and turns what it raises into one line and
an exit code (`failures`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from agency_client.cli.failures import ExitCode, describe, exit_code_of, one_line
from agency_client.cli.output import ResultUnwritten, complain, print_json, use_any_terminal
from agency_client.cli.session import PROFILE_VARIABLE, Session
from exchange_protocol.errors import ExchangeError

_INTERRUPTED: Final = 130
_FLAGS: Final = frozenset({"--json"})
_VALUES: Final = frozenset({"--profile"})

# Tracebacks that show local variables would show content and passphrases.
app = typer.Typer(
    name="agency",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def agency(
    context: typer.Context,
    profile: Annotated[
        str | None,
        typer.Option(
            envvar=PROFILE_VARIABLE,
            show_envvar=False,
            metavar="PATH_OR_NAME",
            help=f"Profile of the agency that you act for; else ${PROFILE_VARIABLE}.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, errors too.")
    ] = False,
) -> None:
    """Exchange signed and sealed information with other agencies.

    --profile and --json may stand anywhere on the line. Exit codes: 0 done; 1 refused, or a check
    failed; 2 the command, the profile or an input file is wrong; 3 the hub is not reachable;
    4 the hub is not reachable and the statement is kept in the outbox; 5 done, but the result
    could not be written; 6 it could not be checked here, which is no verdict.
    """
    context.obj = Session(profile, as_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; always leaves by SystemExit."""
    use_any_terminal()
    first, rest = hoist_globals(sys.argv[1:] if arguments is None else arguments)
    raise SystemExit(_run([*first, *rest], as_json="--json" in first))


def _run(arguments: list[str], *, as_json: bool) -> int:
    try:
        code = app(args=arguments, prog_name="agency", standalone_mode=False)
    except BrokenPipeError:
        # The reader went away (`agency inbox | head`); the rest has nowhere to go.
        _forget_results()
        return ExitCode.REFUSED
    except ResultUnwritten as error:
        _forget_results()
        advice = ". Do not send it again: look at `agency sent` first" if error.is_sent else ""
        complain(f"agency: done, but the result could not be written: {error}{advice}", "red")
        return ExitCode.UNWRITTEN
    except (KeyboardInterrupt, typer.Abort):
        complain("agency: interrupted")
        return _INTERRUPTED
    except (ExchangeError, OSError, typer.TyperException) as error:
        tell_failure(error, as_json=as_json)
        return exit_code_of(error)
    return code if isinstance(code, int) else ExitCode.DONE


def _forget_results() -> None:
    """What stdout holds back would fail again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_failure(error: Exception, *, as_json: bool) -> None:
    """Print what went wrong: a line for people, a document for programs."""
    if as_json:
        print_json({"error": describe(error)})
    elif said := one_line(error):
        # A command without arguments has printed its help, and says nothing more.
        complain(f"agency: {said}", "red")


def hoist_globals(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the global options, wherever they stand before a `--`, from the rest of the line."""
    first: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUES)):
            first.append(word)
        elif word in _VALUES:
            value = next(words, None)
            first += [word] if value is None else [word, value]
        else:
            rest.append(word)
    return first, rest
