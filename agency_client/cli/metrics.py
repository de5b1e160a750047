"""`agency metrics`: the state of a profile in the form that Prometheus reads, as a file.

A client serves no port. node_exporter's textfile collector takes the file up, beside what it knows
of the machine. No figure names a person or an exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agency_client.cli.app import app
from agency_client.cli.output import print_json, put
from agency_client.cli.session import session_of
from agency_client.state.checkpoints import TrustStore
from agency_client.state.expiry import key_states
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Profile
from agency_client.state.watch_place import WatchPlace
from exchange_files import PUBLIC, replace_file


@app.command(rich_help_panel="Send")
def metrics(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File that appears whole; else printed.")
    ] = None,
) -> None:
    """Tell what waits, and until when keys are good, for Prometheus; needs no hub.

    Run it every minute, into the folder of node_exporter's textfile collector.
    """
    session = session_of(context)
    profile = session.load_profile()
    text = "\n".join(_page(profile, datetime.now(UTC))) + "\n"
    if out is not None:
        replace_file(out, text.encode(), mode=PUBLIC)
    if session.as_json:
        print_json({"file": str(out)} if out is not None else {"metrics": text})
    elif out is None:
        put(text)


def _page(profile: Profile, now: datetime) -> Iterator[str]:
    agency = f'agency="{profile.tls.certificate.member.agency}"'
    box = Outbox(profile.state)
    waiting, refused = box.pending(), box.refused()
    head = TrustStore(profile.state, profile.log_keys, lambda: now).head()
    oldest = min((each.made_at for each in waiting), default=None)
    heard = WatchPlace(profile.state).heard_at()
    yield from _gauge("waiting", "Statements that wait for the hub.", agency, len(waiting))
    yield from _gauge(
        "oldest_waiting_time_seconds",
        "When the oldest of these was made; 0 for none.",
        agency,
        _seconds(oldest),
    )
    yield from _gauge("refused", "Statements that the hub refused.", agency, len(refused))
    yield from _gauge(
        "watch_time_seconds",
        "When a watch last took a notice; 0 for never.",
        agency,
        _seconds(heard),
    )
    yield from _gauge(
        "log_entries",
        "Entries of the newest log that was verified.",
        agency,
        head.size if head else 0,
    )
    yield "# HELP agency_expiry_time_seconds When a certificate or the revocation list ends."
    yield "# TYPE agency_expiry_time_seconds gauge"
    for state in key_states(profile, now):
        labels = f'{{{agency},what="{state.what}"}}'
        yield f"agency_expiry_time_seconds{labels} {_seconds(state.ends):.0f}"
    yield from _gauge("told_time_seconds", "When this was written.", agency, _seconds(now))


def _gauge(name: str, what: str, labels: str, value: float) -> Iterator[str]:
    yield f"# HELP agency_{name} {what}"
    yield f"# TYPE agency_{name} gauge"
    yield f"agency_{name}{{{labels}}} {value:.0f}"


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
