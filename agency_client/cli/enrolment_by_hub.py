"""`agency enrol send|waiting|answer` and what fetches an answer: certificates through the hub.

    agency       send      a request of one of its members, in an exchange with the authority
    authority    waiting   takes the requests; two operators approve, and the authority certifies
                 answer    gives the certificates in the same exchange
    agency       `enrol finish` and `keys accept` fetch them

Rules of this module:

- The hub is not believed. The exchange is verified as any other; the certificates must lead to the
  pinned root and be of the keys in the folder; operators approve by what they heard on the phone.
- A request counts only from the agency whose member it names.
- `waiting` shows no fingerprint: whoever approves must have heard it, and not read it here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from agency_client.cli import ids
from agency_client.cli.options import Exchange, LegalBasis
from agency_client.cli.output import Column, complain, print_json, print_table, say
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.state.renewal import (
    ANSWER_FILE,
    EXCHANGE_FILE,
    RENEWAL_FOLDER,
    REQUEST_FILE,
    check_answer,
    check_member,
    read_given_answer,
    read_request,
)
from exchange_files import PUBLIC, make_folder, read_given, write_new_file
from exchange_keys.requests import MAX_BYTES, Request, parse_request
from exchange_protocol.errors import CallerError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import Stage

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient
    from agency_client.core.views import UnsealedExchange, UnsealedStatement

_KINDS: Final = tuple(kind for kind in Kind if kind.spec.is_for_certificates)
MOST_LISTED: Final = 200
"""Requests that one call of `waiting` opens: each is a delivery on the log."""


def register(app: typer.Typer) -> None:
    """Add the commands to `agency enrol`."""
    app.command("send")(send)
    app.command("waiting")(waiting)
    app.command("answer")(answer)


def send(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="The folder of `enrol new`; else that of your renewal."),
    ] = None,
    legal_basis: LegalBasis = None,
) -> None:
    """Send a request to the authority through the hub, for a member of your agency.

    The profile is any of your agency that may send. A member that has none yet is helped by a
    colleague; its keys stay in its folder.
    """
    session = session_of(context)
    with session.hub() as hub:
        place = folder or hub.profile.folder / RENEWAL_FOLDER
        data, request = read_request(place)
        check_member(request, hub.profile.vault.member)
        if (place / EXCHANGE_FILE).exists():
            raise Reason.INVALID_FIELD.error(
                f"the request in {place} was sent before; `agency enrol finish` or `agency keys "
                f"accept` takes the answer. To send it again, delete {place / EXCHANGE_FILE}"
            )
        authority = hub.sync().operating_agency
        if authority is None or authority == hub.agency:
            raise Reason.INVALID_FIELD.error(
                "members of the authority's own agency ask by file: the authority is beside them"
            )
        result = hub.request_certificates(
            authority, attachments={REQUEST_FILE: data}, legal_basis=legal_basis
        )
        write_new_file(place / EXCHANGE_FILE, result.exchange_id.encode() + b"\n", mode=PUBLIC)
        locale = session.locale_of(hub)
    if request.renewal is None and not session.as_json:
        say("Now call two of the authority's operators, each by a number that you know, and read")
        say("to them the fingerprint that `agency enrol new` has printed.")
    tell(session, result, "Sent to the authority", locale)


def waiting(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder that gets each request as a file of its own.")
    ] = None,
) -> None:
    """List the requests for certificates that wait, at the authority's agency.

    Take them with --out. First requests then go to two operators, `exchange-certs approve` and
    `enrol`; renewals go to `exchange-certs renew`.
    """
    session = session_of(context)
    found: list[dict[str, str]] = []
    with session.hub() as hub:
        listed = hub.exchanges(
            party=Party.RECIPIENT,
            kinds=[kind for kind in _KINDS if kind.stage is Stage.INITIAL],
            states=[LegState.RELEASED, *OPEN_TO_RECIPIENT],
        )
        for summary in islice(listed, MOST_LISTED):
            found.append(_told(hub, summary.id, out))
        has_more = next(listed, None) is not None
    if has_more:
        complain(
            f"more than {MOST_LISTED} requests wait: answer or refuse these, and list them again"
        )
    if session.as_json:
        print_json(found)
        return
    print_table(
        ("ID", "", Column("", wraps=True)),
        [
            (
                each["exchange_id"],
                each["what"],
                each.get("fault") or each.get("file") or each["who"],
            )
            for each in found
        ],
        "No request for certificates waits.",
    )


def answer(
    context: typer.Context,
    exchange: Exchange,
    certificates: Annotated[
        Path, typer.Argument(metavar="ANSWER.json", help="From `exchange-certs enrol` or `renew`.")
    ],
) -> None:
    """Give the certificates that a request asked for, at the authority's agency.

    Publish the signing certificate first: `agency operator certificate`.
    """
    session = session_of(context)
    data, now = read_given_answer(certificates), datetime.now(UTC)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        opened = hub.open(ids.exchange_id(hub, exchange, locale))
        got = check_answer(data, request_of(opened), hub.profile.anchors, now, certificates)
        if got.signing.fingerprint not in hub.sync().certificates:
            raise Reason.CERTIFICATE_UNKNOWN.error(
                "expected the signing certificate on the log; publish it first: "
                "`agency operator certificate`"
            )
        result = hub.give_certificates(opened, attachments={ANSWER_FILE: data})
    tell(session, result, "Given", locale)


def request_of(opened: UnsealedExchange) -> Request:
    """The request in an exchange; raises INVALID_FIELD, AUTHOR_MISMATCH for another's member."""
    first = opened.initial
    if first is None or first.kind not in _KINDS:
        raise Reason.INVALID_FIELD.error(f"expected {opened.id} to be a request for certificates")
    request = parse_request(_only_file(first, REQUEST_FILE))
    check_member(request, first.author)
    return request


def sent_from(folder: Path) -> str | None:
    """The exchange in which the request of a folder was sent; None if it was not."""
    file = folder / EXCHANGE_FILE
    return read_given(file, MAX_BYTES).decode("ascii", "replace").strip() if file.exists() else None


def fetch_answer(hub: ExchangeClient, folder: Path) -> bytes:
    """The authority's answer to the request of a folder; raises STATEMENT_UNKNOWN without one.

    The certificates in it are not looked at here.
    """
    exchange = sent_from(folder)
    if exchange is None:
        raise Reason.INVALID_FIELD.error(
            f"expected the authority's answer as a file, for the request in {folder} was not sent "
            "through the hub"
        )
    opened = hub.open(exchange)
    given = [each for each in opened.statements[1:] if each.kind in _KINDS]
    if not given:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"the authority has not answered yet, as far as the hub shows; `agency show {exchange}`"
            " says in which state the request is"
        )
    return _only_file(given[-1], ANSWER_FILE)


def _only_file(statement: UnsealedStatement, name: str) -> bytes:
    files = statement.attachments
    if set(files) != {name}:
        raise Reason.INVALID_FIELD.error(
            f"expected one attached file, {name}, got {', '.join(sorted(files)) or 'none'}"
        )
    return files[name]


def _told(hub: ExchangeClient, exchange: str, out: Path | None) -> dict[str, str]:
    """One request for the list; one that is not good is told with its fault, and not taken.

    A fault of the hub, of this machine, or of one's own keys is no fault of the request: it raises.
    """
    opened = hub.open(exchange)
    first = opened.initial
    if first is not None and first.faults:
        raise first.faults[0].error
    try:
        request = request_of(opened)
    except CallerError as error:
        # The request is checked here alone: nothing was asked of the hub.
        return {"exchange_id": exchange, "what": "not good: refuse it", "fault": error.message}
    what = "first request" if request.renewal is None else "renewal"
    told = {"exchange_id": exchange, "what": what, "who": str(request.identity)}
    if out is not None:
        file = make_folder(out) / f"{exchange}.json"
        if not file.exists():
            write_new_file(file, request.encode(), mode=PUBLIC)
        told["file"] = str(file)
    return told
