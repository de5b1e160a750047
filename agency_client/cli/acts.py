"""The commands that say something, one for each act of a kind: made from the specs of the kinds.

A kind that is added to the contract has its commands here without an edit. Each command takes what
the client's method of that act takes, in the words of a command line.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import typer

from agency_client.cli import ids, inputs
from agency_client.cli.app import app
from agency_client.cli.entity_files import GivenEntities, takes_entities
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.options import (
    Attach,
    Due,
    Exchange,
    HandlingCode,
    HiddenTo,
    InformationGradeCode,
    LegalBasis,
    Legs,
    OnwardAuthorities,
    OwnReference,
    PassedOnPurpose,
    PermittedUses,
    PurposeCode,
    SourceGradeCode,
    TlpCode,
    To,
    ToArgument,
    Urgent,
    WithheldFrom,
    WithholdingGroundCode,
)
from agency_client.cli.output import complain, say
from agency_client.cli.questions import ask
from agency_client.cli.results import tell
from agency_client.cli.sending import Sending, digest_of
from agency_client.cli.session import session_of
from agency_client.cli.show import note_read, open_exchange, print_unsealed
from agency_client.cli.terminal import after_sending, before_sending
from agency_client.content import documents
from agency_client.content.characters import describe_mixed
from agency_client.core.acts import terms_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Range
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language, Party, Urgency
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code

_PANELS: Final = {
    Party.INITIATOR: "Send",
    Party.RECIPIENT: "Answer",
    Party.APPROVER: "Decide",
    Party.SUPERVISOR: "Supervise",
}
_KEYWORD: Final = inspect.Parameter.KEYWORD_ONLY
_FILE, _TO, _EXCHANGE, _LEGS, _ATTACH, _GIVEN = "file", "to", "exchange", "leg", "attach", "given"
_GROUND: Final = "withholding_ground"
_TO_OPTION: Final = "to_option"
_REFERENCE: Final = "own_reference"
_INITIAL_TERMS: Final[dict[str, Any]] = {
    "handling": HandlingCode,
    "tlp": TlpCode,
    "urgent": Urgent,
    "due": Due,
    "legal_basis": LegalBasis,
    "purpose": PurposeCode,
    "source_grade": SourceGradeCode,
    "information_grade": InformationGradeCode,
    "permitted_uses": PermittedUses,
    "onward_authorities": OnwardAuthorities,
    "withheld_from": WithheldFrom,
    "withholding_ground": WithholdingGroundCode,
}
"""The terms of the header, as the method of an act takes them; but for `urgent`."""
_CONTINUING_TERMS: Final[dict[str, Any]] = {
    name: option
    for name, option in _INITIAL_TERMS.items()
    if name not in ("legal_basis", "purpose")
}
_FLAGS: Final = frozenset({"urgent"})
_IN_HEX: Final = ", in hexadecimal"
_OR_A_BEGINNING: Final = ", or a beginning that only it has; `agency show` tells it"
"""The way to type a digest; the library takes whole ones."""

send = typer.Typer(
    cls=MeaningGroup,
    no_args_is_help=True,
    help="Open an exchange: ask, refer, have analysed.",
)
app.add_typer(send, name="send", rich_help_panel="Send")
_GROUPS: Final = {"send": send}


class _Moment(str):
    """A day or a time as it was typed; it is read once the agency's zone is known."""

    __slots__ = ()


def add_commands() -> None:
    """Add the commands of every act of every kind."""
    for kind in Kind:
        for act in kind.spec.acts:
            group, _, name = act.command.rpartition(" ")
            home = _GROUPS[group] if group else app
            party = kind.spec.rows[0].party if kind.spec.rows else Party.INITIATOR
            panel = None if group else _PANELS[party]
            home.command(name, rich_help_panel=panel)(_command(kind, act))


def _command(kind: Kind, act: Act) -> Callable[..., None]:
    """The command of an act, with the signature that its options are made of."""

    hints = get_type_hints(kind.body)
    digests = {name for name in act.codes if hints[name] is bytes}
    lists_of_digests = {name for name in act.codes if _is_list_of(hints[name], bytes)}

    def run(context: typer.Context, **words: Any) -> None:
        session = session_of(context)
        arguments = dict(_arguments(act, words))
        _warn_of_look_alikes(act, words)
        with session.hub() as hub:
            locale = session.locale_of(hub)
            if _EXCHANGE in arguments:
                arguments[_EXCHANGE] = ids.exchange_id(hub, arguments[_EXCHANGE], locale)
                for name in digests & arguments.keys():
                    option = f"--{name.replace('_', '-')}"
                    arguments[name] = ids.digest(
                        hub, arguments[_EXCHANGE], arguments[name], option, locale
                    )
            for name in lists_of_digests & arguments.keys():
                option = f"--{name.removesuffix('s')}"
                arguments[name] = ids.digests(
                    hub, arguments.get(_EXCHANGE), arguments[name], option, locale
                )
            arguments |= dict(_moments(act, words, locale.zone))
            sending = Sending(
                hub,
                locale,
                digest_of(*_said(act, words, arguments)) if _takes_file(act) else None,
                arguments.get("brief"),
                arguments.get(_REFERENCE),
                kind if kind.stage is Stage.INITIAL else None,
            )
            if act.binds_to_what_was_read:
                # Bound to what was opened here: what comes meanwhile is not spoken on with it.
                opened = open_exchange(hub, arguments[_EXCHANGE])
                if not session.as_json:
                    with before_sending():
                        print_unsealed(hub, opened, locale)
                        note_read(hub, opened)
                arguments[_EXCHANGE] = opened
            if act.confirm is not None and not session.as_json:
                ask(act.confirm)
            earlier = sending.warn_of_repetition(as_json=session.as_json)
            method: Callable[..., Any] = getattr(hub, act.name)
            result = sending.run(lambda: method(**arguments))
            locale = session.locale_of(hub)
        tell(session, result, _done(kind, act, locale), locale, earlier, kind)
        if words.get("withheld_from") and not session.as_json:
            withheld = f"{', '.join(words['withheld_from'])}: {locale.say(words[_GROUND])}"
            with after_sending():
                say(f"{locale.say(Label.COPY_WITHHELD).capitalize()}: {withheld}")

    parameters = [
        inspect.Parameter("context", _KEYWORD, annotation=typer.Context),
        *_parameters(kind, act),
    ]
    run.__name__ = act.name
    run.__doc__ = act.summary
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return takes_entities(act.entities)(run) if act.entities else run


def _parameters(kind: Kind, act: Act) -> Iterator[inspect.Parameter]:
    """The parameters of a command: what is spoken on, what is said, and on which terms."""
    is_initial = kind.stage is Stage.INITIAL
    if not is_initial:
        yield _parameter(_EXCHANGE, Exchange)
    if _takes_file(act):
        argument = act.document.argument if act.document else "brief"
        name = _document_name(kind) if argument == "document" else argument
        file = Annotated[Path, typer.Argument(metavar=f"{name.upper()}.yaml")]
        yield _parameter(_FILE, file)
    if is_initial and act.to_is_argument:
        yield _parameter(_TO, ToArgument, None)
        # Every other command that opens an exchange takes it: a hand that types it is understood.
        yield _parameter(_TO_OPTION, HiddenTo, None)
    elif is_initial:
        yield _parameter(_TO, To)
    hints = get_type_hints(kind.body, include_extras=True)
    for name in act.codes:
        yield _code_parameter(name, hints[name], act)
    if act.text is not None:
        is_asked = act.text.is_required and act.text.default is None
        words = typer.Option(f"--{act.text.name}", metavar="TEXT", help=act.text.help)
        if is_asked:
            yield _parameter(act.text.name, Annotated[str, words])
        else:
            yield _parameter(act.text.name, Annotated[str | None, words], None)
    if act.brief is not Brief.NONE:
        yield _parameter(_REFERENCE, OwnReference, None)
    if act.entities:
        yield _parameter(_GIVEN, GivenEntities)
    if act.attachments:
        yield _parameter(_ATTACH, Attach, None)
    terms = _INITIAL_TERMS if is_initial else _CONTINUING_TERMS
    if kind.spec.passes_on and not is_initial:
        terms = terms | {"purpose": PassedOnPurpose}
    must_set_due = kind.spec.act_sets_due(act)
    taken = {"urgent", *terms_of(kind, act)} if act.terms else set(terms_of(kind, act))
    for name, option in terms.items():
        if name in taken and (name != "due" or not must_set_due):
            yield _parameter(name, option, False if name in _FLAGS else None)
    if must_set_due:
        until = Annotated[
            str,
            typer.Option(
                "--due",
                metavar="8h|7d|DAY|TIME",
                help=f"{kind.spec.due_words}: from now on, by a day, or by a time, in your "
                "time zone.",
            ),
        ]
        yield _parameter("due", until)
    if kind.spec.names_legs:
        yield _parameter(_LEGS, Legs, None)


def _document_name(kind: Kind) -> str:
    """The name of a file for the shared form of content, such as `correction`, or `reply`."""
    words = kind.spec.words.en
    return "reply" if words.endswith("reply") else words.split()[0]


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    return inspect.Parameter(name, _KEYWORD, annotation=annotation, default=default)


def _code_parameter(name: str, hint: Any, act: Act) -> inspect.Parameter:
    """The option of one attribute of the body, by its type."""
    help_text = act.help.get(name, "")
    is_optional = name in act.defaults
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [each for each in get_args(hint) if each is not type(None)]
        is_optional = name in act.defaults or name not in act.codes
    default = None if is_optional else inspect.Parameter.empty
    option = f"--{name.replace('_', '-')}"
    kind: Any
    if _is_list_of(hint, bytes) or _is_list_of(hint, AgencyId):
        metavar = "DIGEST" if _is_list_of(hint, bytes) else "AGENCY"
        words = typer.Option(option.removesuffix("s"), metavar=metavar, help=help_text)
        return _parameter(name, Annotated[list[str] | None, words], None)
    if get_origin(hint) is tuple:
        code: Any = get_args(hint)[0]
        many: Any = list[code]
        words = typer.Option(
            option.removesuffix("s"),
            parser=inputs.one_of(code),
            metavar="CODE",
            help=f"{help_text}: {inputs.codes(code)}.",
        )
        return _parameter(name, Annotated[many | None, words], None)
    if get_origin(hint) is Annotated:
        bounds: Range = get_args(hint)[1]
        words = typer.Option(
            option,
            metavar="NUMBER",
            parser=inputs.whole_number(bounds.least, bounds.most),
            help=help_text,
        )
        kind = int
    elif hint is datetime:
        words = typer.Option(option, metavar="30d|DAY|TIME", parser=_Moment, help=help_text)
        kind = _Moment
    elif hint is date:
        words = typer.Option(
            option, metavar="DAY", parser=partial(inputs.day, option=option), help=help_text
        )
        kind = date
    elif hint is bytes:
        words = typer.Option(
            option, metavar="DIGEST", help=help_text.replace(_IN_HEX, _OR_A_BEGINNING)
        )
        kind = str
    elif hint is AgencyId:
        words = typer.Option(option, metavar="AGENCY", parser=inputs.agency, help=help_text)
        kind = str
    elif hint is bool:
        return _parameter(name, Annotated[bool, typer.Option(option, help=help_text)], False)
    else:
        codes: type[Code] = hint
        words = typer.Option(
            option,
            parser=inputs.one_of(codes),
            metavar="CODE",
            help=f"{help_text.removesuffix('.')}: {inputs.codes(codes)}.",
        )
        kind = codes
    return _parameter(name, Annotated[kind | None if is_optional else kind, words], default)


def _is_list_of(hint: Any, kind: type) -> bool:
    return get_origin(hint) is tuple and get_args(hint)[0] is kind


def _takes_file(act: Act) -> bool:
    """True if an act takes a file with a brief and a content."""
    return act.document is not None or act.brief is Brief.REQUIRED


def _arguments(act: Act, words: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments of the client's method, from what was typed; what was not is left out."""
    if _EXCHANGE in words:
        yield _EXCHANGE, words[_EXCHANGE]
    if _TO in words:
        yield _TO, _addressed(act, words)
    if words.get(_LEGS):
        yield "legs", words[_LEGS]
    if _FILE in words:
        yield from _documents(act, words[_FILE])
    for name in act.codes:
        given = words[name]
        if given is not None and not isinstance(given, _Moment):
            yield name, tuple(given) if isinstance(given, list) else given
    if act.text is not None and words[act.text.name] is not None:
        yield act.text.name, words[act.text.name]
    if words.get(_REFERENCE) is not None:
        yield _REFERENCE, words[_REFERENCE]
    if act.entities:
        yield act.entities, words[_GIVEN].read()
    if words.get(_ATTACH):
        yield "attachments", inputs.attachments(words[_ATTACH])
    if words.get("urgent"):
        yield "urgency", Urgency.URGENT
    for name in _INITIAL_TERMS.keys() - _FLAGS - {"due"}:
        if words.get(name):
            yield name, words[name]


def _addressed(act: Act, words: dict[str, Any]) -> list[str]:
    """The agencies that a command addresses; raises MissingParameter if it names none."""
    named = [*(words[_TO] or ()), *(words.get(_TO_OPTION) or ())]
    if not named:
        raise typer.BadParameter(f"expected an agency, such as: agency {act.command} uz.fiu")
    return named


def _moments(
    act: Act, words: dict[str, Any], zone: tzinfo
) -> Iterator[tuple[str, date | timedelta]]:
    """The times of a command, in the agency's zone where they name none of their own."""
    if words.get("due") is not None:
        yield "due", inputs.due(words["due"], zone)
    for name in act.codes:
        if isinstance(words[name], _Moment):
            option = f"--{name.replace('_', '-')}"
            given = inputs.span_or_moment(words[name], zone, option)
            # The library takes moments of a body as they stand on the log.
            yield name, datetime.now(UTC) + given if isinstance(given, timedelta) else given


def _documents(act: Act, file: Path) -> Iterator[tuple[str, Any]]:
    """The brief and the content of a file, for the arguments of an act."""
    document = act.document
    read = inputs.document(file, getattr(documents, document.type) if document else documents.Brief)
    yield "brief", read.brief
    if document is None:
        return
    if read.content is not None:
        yield document.argument, read.content
    elif document.is_required:
        raise Reason.DOCUMENT_INVALID.error(
            f"{file}: expected a content, got none; `agency templates` shows one", field="content"
        )


def _said(
    act: Act, words: dict[str, Any], arguments: dict[str, Any]
) -> tuple[dict[str, Any], list[Path]]:
    """Collect what is said and to whom, and the files that are part of it; no terms."""
    said = {
        "act": act.name,
        "exchange": arguments.get(_EXCHANGE),
        "to": sorted(arguments.get(_TO, ())),
        "legs": sorted(arguments.get("legs", ())),
        "codes": {name: repr(arguments.get(name)) for name in act.codes},
        "text": words[act.text.name] if act.text else None,
        "attachments": [each.partition("=")[0] for each in words.get(_ATTACH) or ()],
    }
    files = [words[_FILE]] if _FILE in words else []
    if act.entities:
        given: GivenEntities = words[_GIVEN]
        files += [
            each for each in (given.ftm, given.goaml, given.csv, given.mapping) if each is not None
        ]
    files += [Path(each.partition("=")[2]) for each in words.get(_ATTACH) or ()]
    return said, files


def _warn_of_look_alikes(act: Act, words: dict[str, Any]) -> None:
    """Warn of codes that other letters look like, in what was typed."""
    names = (_REFERENCE, *([act.text.name] if act.text else []))
    for name in names:
        if found := describe_mixed(words.get(name) or ""):
            complain(f"warning: --{name.replace('_', '-')}: {found}")


def _done(kind: Kind, act: Act, locale: Locale) -> str:
    """Say what was done; the act itself has English words alone."""
    if locale.language is Language.EN:
        return act.done
    what = locale.say(kind.spec.words)
    return locale.say(Label.SENT, what=what[:1].upper() + what[1:])


add_commands()
