"""The pages of a statement's entities: a whole table, and the flows of money as a picture.

The table of flows has all that the picture has; the picture is drawn from the table, in the
browser.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from agency_client.console.contents import Contents
from agency_client.console.visits import Visit
from agency_client.presentation.entities import Section, total_words
from exchange_protocol.errors import Reason

PAGE_ROWS: Final = 200
_TITLES: Final = {
    Section.PAYMENTS: "PAYMENTS",
    Section.ENTITIES: "ENTITIES",
    Section.LINKS: "LINKS",
}


def show_flows(visit: Visit) -> Response:
    """The flows of the payments of one statement."""
    contents, locale = _contents(visit), visit.locale
    flows = [
        (
            locale.one_line(each.payer),
            locale.one_line(each.payee),
            locale.amount(f"{each.amount:f}"),
            locale.one_line(each.currency),
            each.count,
            each.share,
        )
        for each in contents.flows
    ]
    return visit.show(
        "flows.html",
        exchange=str(visit.request.path_params["exchange"]),
        flows=flows,
        count=contents.flow_count,
    )


def show_table(visit: Visit) -> Response:
    """A page of one table of a statement."""
    name = str(visit.request.path_params["section"])
    if name not in list(Section):
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    section, contents = Section(name), _contents(visit)
    page = visit.page_number(len(contents.places[section]), PAGE_ROWS)
    parameters = visit.request.path_params
    return visit.show(
        "table.html",
        exchange=str(parameters["exchange"]),
        title_word=_TITLES[section],
        columns=getattr(visit.columns, section),
        found=contents.table(section, visit.locale, page * PAGE_ROWS, PAGE_ROWS),
        page=page,
        pages=-(-len(contents.places[section]) // PAGE_ROWS),
        first=page * PAGE_ROWS + 1,
        is_payments=section is Section.PAYMENTS,
        address=f"/exchange/{parameters['exchange']}/table/{parameters['index']}/{name}?page=",
        totals=total_words(contents.totals, visit.locale) if section is Section.PAYMENTS else "",
    )


def _contents(visit: Visit) -> Contents:
    """The entities of the statement that the address names."""
    parameters = visit.request.path_params
    opened = visit.as_read(str(parameters["exchange"]))
    for statement in opened.statements:
        if statement.index == parameters["index"]:
            return visit.console.contents(opened)[statement.statement.digest]
    raise Reason.PART_UNKNOWN.error("expected a statement of the exchange; there is none here")
