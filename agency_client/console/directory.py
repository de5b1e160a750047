"""The directory: agencies, what each says that it takes, and its members with their certificates.

It is a fold of the log, so the library verified it. While the hub is away it is shown as it was
learnt last. An agency's id stands in addresses: it is no content, and every member knows it.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from agency_client.console.visits import Visit
from agency_client.presentation.directory import agency_facts, agency_rows, member_rows

PAGE_ROWS: Final = 100


def show_agencies(visit: Visit) -> Response:
    """List the agencies that are enrolled."""
    visit.console.prepare()
    directory = visit.console.client.directory
    total = len(directory.agencies)
    page = visit.page_number(total, PAGE_ROWS)
    return visit.show(
        "directory.html",
        rows=agency_rows(directory, visit.locale, page * PAGE_ROWS, (page + 1) * PAGE_ROWS),
        total=total,
        size=directory.size,
        page=page,
        pages=-(-total // PAGE_ROWS),
    )


def show_agency(visit: Visit) -> Response:
    """Show one agency: what it takes, and its members."""
    visit.console.prepare()
    directory, locale = visit.console.client.directory, visit.locale
    agency = directory.agencies.get(visit.request.path_params["agency"])
    if agency is None:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    members = member_rows(directory, agency.id, locale, visit.console.now)
    page = visit.page_number(len(members), PAGE_ROWS)
    return visit.show(
        "agency.html",
        agency=agency.id,
        facts=agency_facts(directory, agency, locale),
        members=members[page * PAGE_ROWS : (page + 1) * PAGE_ROWS],
        page=page,
        pages=-(-len(members) // PAGE_ROWS),
    )
