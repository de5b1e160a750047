"""`agency console`: the web application for the person of a profile, on this machine alone."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from agency_client.cli.app import app
from agency_client.cli.session import session_of
from exchange_protocol.errors import Reason

_MINUTE: Final = 60


@app.command(rich_help_panel="Look")
def console(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any that is free.")
    ] = 0,
    idle_minutes: Annotated[
        int, typer.Option(min=1, max=480, help="Lock after so many minutes without a request.")
    ] = 15,
    opens_browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open the browser, or print the link alone."),
    ] = True,
    serves: Annotated[
        bool,
        typer.Option("--serve", help="Serve an office over the network; refused until it exists."),
    ] = False,
) -> None:
    """Open the console in the browser: decide, read, write and audit. Ctrl-C ends it.

    It listens on this machine alone, and lets in the person who has the link of this terminal.
    """
    if serves:
        raise Reason.INVALID_FIELD.error(
            "a shared console (--serve) needs a sign-in for each person, which does not exist yet: "
            "start `agency console` on each person's own machine",
            field="serve",
        )
    try:
        from agency_client.console.server import serve
    except ModuleNotFoundError as error:
        raise Reason.CONFIG_INVALID.error(
            f"the console needs the package {error.name!r}: install caricc-exchange[console]"
        ) from None
    serve(
        session_of(context).load_profile(),
        port=port,
        idle_seconds=idle_minutes * _MINUTE,
        opens_browser=opens_browser,
    )
