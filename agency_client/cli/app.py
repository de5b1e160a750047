"""The `agency` command: its global options, and how it ends.

Commands register themselves on `app` when they are loaded (`loading`); `main` runs one and turns
what it raises into one line and an exit code (`failures`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import agency_client
from agency_client.cli.begun import (
    NOTHING_BEGUN,
    Begun,
    begun,
    noting_outboxes,
)
from agency_client.cli.failures import ExitCode, describe, exit_code_of, one_line
from agency_client.cli.loading import all_commands, commands_of, modules_of
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import complain, print_json, put
from agency_client.cli.questions import Declined
from agency_client.cli.session import (
    PROFILE_VARIABLE,
    Session,
    loaded_profile,
    noting_profiles,
)
from agency_client.cli.terminal import (
    ReaderLeft,
    ResultUnwritten,
    Work,
    forget_results,
    results,
    use_any_terminal,
)
from agency_client.presentation.documents import FIELDS
from agency_client.presentation.locale import Locale, language_of
from agency_client.presentation.places import places_of
from agency_client.presentation.refusals import refusal_words
from exchange_files import Stopped, heeding_signals
from exchange_files.arguments import empty_argument, repeated_option
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.codes import Language

_FLAGS: Final = frozenset({"--json", "--utc"})
_VALUES: Final = frozenset({"--profile", "--lang"})
_TEXTS: Final = frozenset({"--reason", "--note", "--explanation", "--question", "--text"})
"""Options with a text for people, whose emptiness the rules judge."""
_STOPPED: Final = "STOPPED"
_DECLINED: Final = "DECLINED"
_VERSION: Final = "--version"
_HELP: Final = "--help"
_LANGUAGES: Final = {each.name.lower(): each for each in Language}

# Tracebacks that show local variables would show content and passphrases.
app = typer.Typer(
    name="agency",
    cls=MeaningGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _language(text: str) -> Language:
    found = _LANGUAGES.get(text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"expected en, ru or kk; got {text[:64]!r}")
    return found


def _print_version(is_asked: bool) -> None:
    if is_asked:
        put(f"agency {agency_client.__version__}\n")
        raise typer.Exit


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
    language: Annotated[
        Language | None,
        typer.Option(
            "--lang",
            parser=_language,
            metavar="en|ru|kk",
            help="Language of what is shown; else the profile's, else the terminal's.",
        ),
    ] = None,
    is_utc: Annotated[
        bool,
        typer.Option("--utc", help="Show and take times in UTC; else in your agency's time zone."),
    ] = False,
    _: Annotated[
        bool,
        typer.Option(
            _VERSION, is_eager=True, callback=_print_version, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Exchange signed and sealed information with other agencies.

    --profile, --json, --lang and --utc may stand anywhere on the line. Exit codes: 0 done;
    1 refused, or a check failed; 2 the command, the profile or an input file is wrong; 3 the hub is
    not reachable; 4 the statement is kept in the outbox: the hub is not reachable, or the disk took
    no receipt; 5 done, but the result could not be written; 6 it could not be checked here, which
    is no verdict; 129, 130 or 143 stopped by a closed terminal, Ctrl-C or SIGTERM.
    """
    context.obj = Session(profile, as_json, language, is_utc)


@cache
def command_line(word: str = "") -> Any:
    """The commands that begin with a word, else all of them: to build them takes a while."""
    return typer.main.get_command(commands_of(app, word) if word else all_commands(app))


def asked_command(rest: Sequence[str]) -> Any:
    """The commands that a line asks for; `rest` is without the global options."""
    word = rest[0] if rest else ""
    return command_line(word if word == _VERSION or modules_of(word) else "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; always leaves by SystemExit."""
    use_any_terminal()
    given = sys.argv[1:] if arguments is None else arguments
    first, rest = hoist_globals(given)
    raise SystemExit(_run(first, rest))


def _run(first: list[str], rest: list[str]) -> int:
    """Run the command; gives its exit code, which tells of the work and not of the terminal."""
    with heeding_signals(), noting_outboxes(), noting_profiles():
        try:
            return _attempt(first, rest)
        except Stopped as stop:
            # For the second time, seconds after the first: the telling itself was waited for.
            complain(
                "agency: stopped; see `agency outbox list` and `agency sent` for what was done"
            )
            return stop.exit_code


def _attempt(first: list[str], rest: list[str]) -> int:
    arguments, as_json = [*first, *rest], "--json" in first
    try:
        _check_encoding(arguments)
        if missing := empty_argument(arguments, _TEXTS):
            raise typer.BadParameter(missing)
        command = asked_command(rest)
        if twice := repeated_option(command, arguments):
            raise typer.BadParameter(twice)
        if as_json:
            _check_complete(command, arguments)
        # Help is a result: a stream that cannot take it is no fault of the question.
        with results() if _HELP in arguments else nullcontext():
            code = command.main(args=arguments, prog_name="agency", standalone_mode=False)
        return code if isinstance(code, int) else ExitCode.DONE
    except ResultUnwritten as error:
        forget_results()
        return _tell_unwritten(error)
    except Stopped as stop:
        _tell_stopped(begun(), as_json=as_json)
        return stop.exit_code
    except (Declined, typer.Abort) as answer:
        _tell_declined(str(answer) or "stopped: the input has ended", as_json=as_json)
        return ExitCode.REFUSED
    except (ExchangeError, OSError, typer.TyperException) as error:
        done = begun()
        try:
            tell_failure(
                error,
                as_json=as_json,
                language=_asked_language(arguments),
                clock=_clock(first),
                done=done,
            )
        except ResultUnwritten:
            forget_results()
        return exit_code_of(error, done)


def _tell_unwritten(error: ResultUnwritten) -> ExitCode:
    match error.work:
        case Work.UNSENT:
            complain(f"agency: nothing was sent: it could not be shown before: {error}", "red")
            return ExitCode.REFUSED
        case Work.SENT:
            complain(
                f"agency: done, but the result could not be written: {error}. Do not send it "
                "again: look at `agency sent` and `agency outbox list` first",
                "red",
            )
            return ExitCode.UNWRITTEN
        case Work.LOOKED if isinstance(error, ReaderLeft):
            return ExitCode.DONE
        case _:
            complain(f"agency: done, but the result could not be written: {error}", "red")
            return ExitCode.UNWRITTEN


def _tell_stopped(done: Begun, *, as_json: bool) -> None:
    said = f"stopped; {done.stopped}"
    if as_json:
        error: dict[str, Any] = {"reason": _STOPPED, "message": said, "field": None}
        error |= {
            "waiting": [*done.waiting, *done.earlier_waiting],
            "sent": [*done.sent, *done.earlier_sent],
        }
        if done.earlier_refused:
            error["refused"] = list(done.earlier_refused)
        try:
            print_json({"error": error})
        except ResultUnwritten:
            forget_results()
    else:
        complain(f"agency: {said}")


def _tell_declined(said: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"reason": _DECLINED, "message": said, "field": None}})
    else:
        complain(f"agency: {said}")


def _check_encoding(arguments: Sequence[str]) -> None:
    """Refuse an argument that is not UTF-8; files may be called anything."""
    for number, text in enumerate(arguments, 1):
        try:
            text.encode()
        except UnicodeEncodeError:
            if not Path(text).exists():
                raise typer.BadParameter(
                    f"argument {number} is not UTF-8: set the terminal to UTF-8, or rename the file"
                ) from None


def _check_complete(command: Any, arguments: Sequence[str]) -> None:
    """Refuse a group without its command; people are shown its help, programs read JSON."""
    words = ["agency"]
    rest = [each for each in arguments if each not in _FLAGS]
    while commands := getattr(command, "commands", None):
        while rest and rest[0].partition("=")[0] in _VALUES:
            rest = rest[1:] if "=" in rest[0] else rest[2:]
        if not rest:
            raise typer.BadParameter(
                f"expected a command after `{' '.join(words)}`: {', '.join(commands)}"
            )
        word = rest.pop(0)
        if word not in commands:
            return
        command = commands[word]
        words.append(word)


def _asked_language(arguments: Sequence[str]) -> Language:
    """The language of --lang, which is among the first arguments; else that of the terminal."""
    words = [part for each in arguments for part in each.split("=", 1)]
    if "--lang" in words[:-1]:
        code = words[words.index("--lang") + 1].upper()
        return Language.__members__.get(code, Language.EN)
    return language_of(os.environ)


def _clock(first: Sequence[str]) -> Locale:
    """The clock by which the person reads the moments of a message; UTC where it is not known.

    No profile is loaded for it: that would try a wrong PIN of a token twice, and a card locks.
    """
    profile = loaded_profile()
    if profile is None or "--utc" in first or "--json" in first:
        return Locale()
    try:
        return Session(None, as_json=False).locale(profile)
    except (ExchangeError, OSError):
        return Locale()  # It may be the profile that is wrong.


def tell_failure(
    error: Exception,
    *,
    as_json: bool,
    language: Language = Language.EN,
    clock: Locale | None = None,
    done: Begun = NOTHING_BEGUN,
) -> None:
    """Print what went wrong: a line for people, a document for programs.

    The message is English; in another language a mistake of casework has words of its own, above,
    and so have the places of a file's faults. Moments are those of the person's `clock`; `done` are
    the statements that went before it.
    """
    if as_json:
        document: dict[str, Any] = {"error": describe(error)}
        if done:
            document["error"] |= {"waiting": list(done.waiting), "sent": list(done.sent)}
        print_json(document)
    elif said := one_line(error):
        # A command without arguments has printed its help, and says nothing more.
        if language is not Language.EN:
            for words in _in_words(error, language):
                complain(f"agency: {words}", "red")
        if isinstance(error, ExchangeError):
            said = _spoken(said)
        complain(f"agency: {clock.with_own_times(said) if clock else said}", "red")
    if done and not as_json:
        complain(f"agency: do not repeat the command: {done}", "red")


def _spoken(message: str) -> str:
    from agency_client.presentation.spoken import spoken  # it takes long to load

    return spoken(message)


def _in_words(error: Exception, language: Language) -> Iterator[str]:
    if not isinstance(error, ExchangeError):
        return
    # Only errors need them, and they take long to load.
    from agency_client.presentation.faults import words_of
    from agency_client.presentation.spoken import possible_words

    locale = Locale(language)
    places = places_of(error, locale, FIELDS).told
    if words := refusal_words(error, language):
        yield words
    elif not places:
        yield locale.say(words_of(error.reason))
    if words := possible_words(error, locale):
        yield words
    yield from places


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
