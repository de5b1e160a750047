"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from agency_client.cli import inputs
from exchange_protocol.kinds.codes import (
    Handling,
    InformationGrade,
    Purpose,
    SourceGrade,
    Tlp,
    WithholdingGround,
)

Exchange: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the exchange, or a beginning that only it has.")
]
Legs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--leg",
        parser=inputs.agency,
        metavar="AGENCY",
        help="Only the leg of this recipient; repeatable. Else every leg that it applies to.",
    ),
]
To: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--to", parser=inputs.agency, metavar="AGENCY", help="Agency to address; repeatable."
    ),
]
ToArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(parser=inputs.agency, metavar="AGENCY", help="Agencies to test."),
]
HiddenTo: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--to", parser=inputs.agency, metavar="AGENCY", hidden=True),
]
Attach: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FILE", help="File to seal too, and its name; repeatable."),
]
HandlingCode: TypeAlias = Annotated[
    Handling | None,
    typer.Option(
        parser=inputs.one_of(Handling), metavar=inputs.codes(Handling), help="Handling code."
    ),
]
TlpCode: TypeAlias = Annotated[
    Tlp | None,
    typer.Option(parser=inputs.one_of(Tlp), metavar=inputs.codes(Tlp), help="Traffic light."),
]
Urgent: TypeAlias = Annotated[
    bool, typer.Option("--urgent", help="Urgent; the brief says why (urgency_reason).")
]
Due: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="8h|7d|DAY|TIME",
        help="When an answer is needed: from now on, by a day, or by a time, in your time zone.",
    ),
]
LegalBasis: TypeAlias = Annotated[
    str | None, typer.Option(metavar="CODE", help="Legal basis; else the profile's.")
]
PurposeCode: TypeAlias = Annotated[
    Purpose | None,
    typer.Option(
        parser=inputs.one_of(Purpose),
        metavar=inputs.codes(Purpose),
        help="What it may be used for; else investigation.",
    ),
]
PassedOnPurpose: TypeAlias = Annotated[
    Purpose | None,
    typer.Option(
        parser=inputs.one_of(Purpose),
        metavar=inputs.codes(Purpose),
        help="What the sources may be used for, as was consented to; else that of the request.",
    ),
]
OwnReference: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What your agency calls the matter; it is in the brief."),
]
SourceGradeCode: TypeAlias = Annotated[
    SourceGrade | None,
    typer.Option(
        parser=inputs.one_of(SourceGrade),
        metavar=inputs.codes(SourceGrade),
        help="Reliability of the source.",
    ),
]
InformationGradeCode: TypeAlias = Annotated[
    InformationGrade | None,
    typer.Option(
        parser=inputs.one_of(InformationGrade),
        metavar=inputs.codes(InformationGrade),
        help="Accuracy of the information.",
    ),
]
PermittedUses: TypeAlias = Annotated[
    list[Purpose] | None,
    typer.Option(
        "--permitted-use",
        parser=inputs.one_of(Purpose),
        metavar="CODE",
        help=f"Use that is permitted besides; repeatable: {inputs.codes(Purpose)}.",
    ),
]
OnwardAuthorities: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--onward-authority",
        parser=inputs.agency,
        metavar="AGENCY",
        help="Agency that it may be passed on to; repeatable.",
    ),
]

WithheldFrom: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--withhold-copy-from",
        parser=inputs.agency,
        metavar="AGENCY",
        help="Supervisor by rule that gets no copy in this case; repeatable.",
    ),
]
WithholdingGroundCode: TypeAlias = Annotated[
    WithholdingGround | None,
    typer.Option(
        "--withholding-ground",
        parser=inputs.one_of(WithholdingGround),
        metavar=inputs.codes(WithholdingGround),
        help="Why the copy is withheld; it is signed, and on the log for auditors.",
    ),
]

CopyOfDatabase: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE.db", help="Read this copy of the hub's SQLite database instead."),
]
CopyRoot: TypeAlias = Annotated[
    Path | None, typer.Option(help="Root certificate for --database; else the profile's.")
]
CopyLogKey: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="VKEY", help="Log key for --database; else the profile's."),
]


def refuse_alone(context: typer.Context, *, needs: str, **options: str) -> None:
    """Refuse options that need another one to do anything, also with the value they have anyway.

    Args:
        context: the command.
        needs: the option that is not given.
        options: the parameters with the names of their options.

    Raises:
        BadParameter: if one of them was given.
    """
    for parameter, name in options.items():
        if is_given(context, parameter):
            raise typer.BadParameter(f"expected {name} with {needs} only")


def is_given(context: typer.Context, parameter: str) -> bool:
    """True if an option stands on the command line, whatever its value."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"
