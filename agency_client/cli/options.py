"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from agency_client.cli import inputs
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp

Exchange: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the exchange.")]
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
    typer.Option(metavar="8h|7d|TIME", help="When an answer is needed: from now on, or a time."),
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
