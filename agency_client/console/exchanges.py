"""The pages of one exchange: all of it, the files that came with it, and its evidence."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from agency_client.console.archive import zipped
from agency_client.console.cases import own_cases
from agency_client.console.menu import OFFICERS
from agency_client.console.possible import onward_referrals, possible_acts
from agency_client.console.visits import Visit, as_download
from agency_client.console.words import Word
from agency_client.core.views import UnsealedExchange
from agency_client.evidence import export_bundle
from agency_client.presentation.handling import saved_files
from agency_client.presentation.news import newest_of_others
from exchange_files import make_folder, remove_folder
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.rules.handling import check_saving


def show(visit: Visit) -> Response:
    """One exchange, verified and opened. Opening what was addressed to one is a delivery."""
    console = visit.console
    opened = visit.open(str(visit.request.path_params["exchange"]))
    agency = console.client.agency
    newest = newest_of_others(opened.verified, console.client.member)
    console.marks.note([(opened.id, newest)])
    item = console.view(opened, visit.locale)
    decides = any(leg.state is LegState.HELD and agency in leg.approvers for leg in opened.legs)
    return visit.show(
        "exchange.html",
        item=item,
        acts=possible_acts(visit, opened),
        referrals=onward_referrals(visit, opened),
        decides=decides,
        opening=_opening(visit, opened) if item.lacks_opening else "",
        can_compare=console.member.role in OFFICERS
        and opened.party in (Party.INITIATOR, Party.RECIPIENT),
        cases=own_cases(visit, opened.id),
        all_cases=[each.reference for each in console.client.cases.all()],
    )


def _opening(visit: Visit, opened: UnsealedExchange) -> str:
    """Say to a supervisor who opened an exchange whose first statement it got no copy of."""
    client, locale = visit.console.client, visit.locale
    opener = opened.verified.summary.initiator
    known = client.directory.agencies
    states = {known[each].country for each in (opener, client.agency) if each in known}
    word = Word.OPENING_WITHHELD if len(states) == 1 else Word.OPENING_ABROAD
    return visit.say(word, agency=locale.agency(opener), own=locale.agency(client.agency))


def save_file(visit: Visit) -> Response:
    """A file of a statement, to be saved; no browser renders it here."""
    parameters = visit.request.path_params
    opened = visit.as_read(str(parameters["exchange"]))
    for statement in opened.statements:
        if statement.index == parameters["index"]:
            files = list(statement.attachments.items())
            check_saving(statement.statement, visit.console.client.agency, None)
            if parameters["number"] < len(files):
                return as_download(*files[parameters["number"]])
    raise Reason.PART_UNKNOWN.error("expected a file of the exchange; there is none of this number")


def save_statement(visit: Visit) -> Response:
    """All that came with a statement as one file, with the note on what may be done with it."""
    parameters = visit.request.path_params
    opened = visit.as_read(str(parameters["exchange"]))
    reader = " ".join(visit.field("reader").split()) or None
    for statement in opened.statements:
        if statement.index == parameters["index"]:
            files = saved_files(statement, visit.console.client.agency, reader, visit.locale)
            return as_download(f"{opened.id[:13]}-{statement.index}.zip", zipped(files))
    raise Reason.PART_UNKNOWN.error("expected a statement of the exchange; there is none here")


def export_evidence(visit: Visit) -> Response:
    """Evidence of the exchange as one file; content is in it only where the person said so."""
    client = visit.console.client
    exchange_id = str(visit.request.path_params["exchange"])
    with_content = visit.field("with_content") == "yes"
    gathered = client.gather_evidence(exchange_id, with_content=with_content)
    # The bundle is verified where it was written; the folder is the person's own, and is removed.
    folder = make_folder(client.profile.state / f"evidence-{secrets.token_hex(8)}")
    try:
        path = folder / "evidence.zip"
        export_bundle(
            gathered,
            path,
            exported_by=client.profile.tls.certificate.member,
            at=visit.console.now,
            anchors=client.profile.anchors,
            log=client.profile.log,
        )
        data = path.read_bytes()
    finally:
        remove_folder(folder)
    return as_download(f"evidence-{gathered.exchange.id[:13]}.zip", data)
