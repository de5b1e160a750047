"""The pages of one exchange: all of it, and the files that came with it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from agency_client.console.exchange_view import view
from agency_client.console.visits import Visit
from exchange_protocol.errors import Reason


def show(visit: Visit) -> Response:
    """One exchange, verified and opened. Opening what was addressed to one is a delivery."""
    console = visit.console
    opened = console.open(str(visit.request.path_params["exchange"]))
    item = view(opened, console.client.agency, visit.locale, console.now)
    return visit.show("exchange.html", item=item)


def save_file(visit: Visit) -> Response:
    """A file of a statement, to be saved; no browser renders it here."""
    parameters = visit.request.path_params
    opened = visit.console.as_read(str(parameters["exchange"]))
    for statement in opened.statements:
        if statement.index == parameters["index"]:
            files = list(statement.attachments.items())
            if parameters["number"] < len(files):
                return as_download(*files[parameters["number"]])
    raise Reason.PART_UNKNOWN.error("expected a file of the exchange; there is none of this number")


def as_download(name: str, data: bytes) -> Response:
    """Bytes to be saved under a name, whatever they are."""
    kept = "".join(each if each.isprintable() and each not in '/\\\\"' else "_" for each in name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept, safe='')}"}
    return Response(data, media_type="application/octet-stream", headers=headers)
