"""The options by which a command is given entities: JSON lines, a goAML report, or a table.

    @takes_entities("subjects")
    def command(context, ..., given: GivenEntities, ...):
        entities = given.read()

The decorator puts the options in the place of `given`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from agency_client.cli.output import complain
from agency_client.content.entities import ImportedEntities, entities_from_csv, read_entities
from agency_client.content.forms import NUMBER_FORMS
from agency_client.content.goaml import entities_from_goaml

_GIVEN: Final = "given"
_TAB: Final = "tab"


@dataclass(frozen=True, slots=True)
class GivenEntities:
    """The files and the choices that a command was given."""

    ftm: Path | None
    goaml: Path | None
    csv: Path | None
    mapping: Path | None
    delimiter: str | None
    encoding: str | None
    dates: list[str] | None
    numbers: str | None
    skip_rows_without_key: bool
    allow_repeated_keys: bool
    allow_links_outside: bool
    exact_filters: bool

    def read(self) -> ImportedEntities | tuple[()]:
        """Read the files whole; tells on stderr how, and what is doubtful.

        Raises:
            InvalidInput: DOCUMENT_INVALID, with every fault and its place.
        """
        if (self.csv is None) != (self.mapping is None):
            raise typer.BadParameter("expected --csv and --mapping together")
        if self.csv is None and any(getattr(self, name) for name in _OF_TABLES):
            raise typer.BadParameter("expected --csv with the options that say how it is written")
        if sum(each is not None for each in (self.ftm, self.goaml, self.csv)) > 1:
            raise typer.BadParameter(
                "expected one of FollowTheMoney entities, --goaml and --csv, got several"
            )
        if self.allow_links_outside and self.ftm is None and self.csv is None:
            raise typer.BadParameter("expected --allow-links-outside with entities or --csv")
        read: ImportedEntities
        if self.ftm is not None:
            read = read_entities(self.ftm, allow_links_outside=self.allow_links_outside)
        elif self.goaml is not None:
            read = entities_from_goaml(self.goaml)
        elif self.csv is not None and self.mapping is not None:
            read = entities_from_csv(
                self.csv,
                self.mapping,
                delimiter="\t" if self.delimiter == _TAB else self.delimiter,
                encoding=self.encoding,
                dates=self.dates or (),
                numbers=self.numbers,
                skip_rows_without_key=self.skip_rows_without_key,
                allow_repeated_keys=self.allow_repeated_keys,
                allow_links_outside=self.allow_links_outside,
                exact_filters=self.exact_filters,
            )
        else:
            return ()
        for note in read.notes:
            complain(f"note, also in the brief: {note}")
        for warning in read.warnings:
            complain(f"warning: {warning}")
        return read


_WHAT: Final = {"subjects": "Subjects", "assets": "Assets to freeze"}
"""The sort of entities of an option; else what was found."""


def _options(name: str) -> dict[str, Any]:
    what = _WHAT.get(name, "Findings")
    return {
        "ftm": Annotated[
            Path | None,
            typer.Option(
                f"--{name}", metavar="F.ftm.json", help=f"{what} as FollowTheMoney JSON lines."
            ),
        ],
        "goaml": Annotated[
            Path | None,
            typer.Option(
                "--goaml", metavar="F.xml", help="The same from a goAML report, without its head."
            ),
        ],
        "csv": Annotated[
            Path | None,
            typer.Option("--csv", metavar="F.csv", help="The same as a table; with --mapping."),
        ],
        "mapping": Annotated[
            Path | None, typer.Option(metavar="M.yaml", help="FollowTheMoney mapping of the table.")
        ],
        "delimiter": Annotated[
            str | None,
            typer.Option(
                metavar="SIGN", help="Sign between the table's cells: , ; | or tab; else found out."
            ),
        ],
        "encoding": Annotated[
            str | None,
            typer.Option(
                metavar="NAME", help="The table's encoding, such as cp1251; else found out."
            ),
        ],
        "dates": Annotated[
            list[str] | None,
            typer.Option(
                metavar="FORM",
                help="How the table writes dates, such as DD.MM.YYYY; repeatable; else YYYY-MM-DD.",
            ),
        ],
        "numbers": Annotated[
            str | None,
            typer.Option(
                metavar="EXAMPLE",
                help=f"How the table writes numbers: {' | '.join(NUMBER_FORMS)}; with a sign or "
                "money as in (1 000,50), 1 000,50- or $1,000.50 if it has them so; else "
                f"{NUMBER_FORMS[0]}.",
            ),
        ],
        "skip_rows_without_key": Annotated[
            bool,
            typer.Option("--skip-rows-without-key", help="Leave out the table's rows without key."),
        ],
        "allow_repeated_keys": Annotated[
            bool,
            typer.Option(
                "--allow-repeated-keys",
                help="Let rows of one key say different things; each counts as a subject.",
            ),
        ],
        "allow_links_outside": Annotated[
            bool,
            typer.Option(
                "--allow-links-outside",
                help="Let links lead to entities that the file does not hold.",
            ),
        ],
        "exact_filters": Annotated[
            bool,
            typer.Option(
                "--exact-filters",
                help="Take cells that only look like a value of the mapping's filters for others.",
            ),
        ],
    }


def takes_entities(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of entities, as its argument `given`; `name` is that of the file.

    The option of the file is `--subjects` for who is asked about, `--entities` for findings.
    """
    options = _options(name)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for each in inspect.signature(command).parameters.values():
            if each.name != _GIVEN:
                parameters.append(each.replace(annotation=hints[each.name]))
                continue
            parameters += [
                inspect.Parameter(
                    option,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=False if option in _FLAGS else None,
                    annotation=kind,
                )
                for option, kind in options.items()
            ]

        @functools.wraps(command)
        def run(**words: Any) -> None:
            given = GivenEntities(**{option: words.pop(option) for option in options})
            command(**words, **{_GIVEN: given})

        names = {each.name: each.annotation for each in parameters}
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
        )
        run.__annotations__ = {**names, "return": None}
        return run

    return decorate


_FLAGS: Final = frozenset(
    {"skip_rows_without_key", "allow_repeated_keys", "allow_links_outside", "exact_filters"}
)
_OF_TABLES: Final = (
    "delimiter",
    "encoding",
    "dates",
    "numbers",
    "skip_rows_without_key",
    "allow_repeated_keys",
    "exact_filters",
)
"""The options that say how a table is written and meant."""
