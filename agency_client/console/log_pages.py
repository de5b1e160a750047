"""The auditor's pages of entries: those that a run judged, and one of them with its proof."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from agency_client.console.auditor import Auditor, Judged
from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.core.calls import number_of_the_hub
from agency_client.presentation.countries import country as country_words
from agency_client.presentation.exchanges import who
from agency_client.presentation.faults import words_of
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.log.merkle import verify_inclusion
from exchange_protocol.log.tiles import TILE_WIDTH, partial_width, tile_path
from exchange_protocol.record.entries import Event

PAGE_ROWS: Final = 25


def show_log(visit: Visit, auditor: Auditor) -> Response:
    """The judged entries, the newest first, under the filters of the address."""
    event, agency, entry = visit.query("event"), visit.query("agency"), visit.query("entry")
    state, country = visit.query("state"), visit.query("country")
    run, locale = auditor.run, visit.locale
    judged = list(run.entries) if run and run.report else []
    countries = {
        each.id: each.country.lower() for each in visit.console.client.directory.agencies.values()
    }
    found = [
        each
        for each in reversed(judged)
        if (not event or each.entry.event.name == event)
        and (not agency or each.entry.actor.agency == agency)
        and (not country or countries.get(each.entry.actor.agency) == country)
        and (not state or state in _reached(each))
        and (not entry or str(each.index) == entry)
    ]
    page = visit.page_number(len(found), PAGE_ROWS)
    shown = found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    given = {"event": event, "state": state, "country": country, "agency": agency}
    address = urlencode({name: value for name, value in given.items() if value})
    return visit.show(
        "log.html",
        rows=[_row(each, locale) for each in shown],
        total=len(found),
        page=page,
        pages=-(-len(found) // PAGE_ROWS),
        address=f"/log?{address}&page=" if address else "/log?page=",
        events=[(each.name, locale.say(each), each.name == event) for each in Event],
        states=[(each.name, visit.say_code(each), each.name == state) for each in LegState],
        countries=[
            (each, country_words(each, locale), each == country)
            for each in sorted({each for each in countries.values() if each})
        ],
        agencies=sorted({each.entry.actor.agency for each in judged}),
        agency=agency,
        is_verified=bool(judged),
    )


def _reached(judged: Judged) -> set[str]:
    """The states that an entry brought legs into."""
    legs = judged.entry.ruling.legs if judged.entry.ruling else ()
    return {each.after.name for each in legs if each.before is not each.after}


def show_entry(visit: Visit, auditor: Auditor) -> Response:
    """One entry that was judged: its tile, its leaf, and the proof up to the verified root.

    Raises:
        HubDishonest: PROOF_INVALID, if the proof leads to another root than the one verified.
    """
    index, run = int(visit.request.path_params["entry"]), auditor.run
    report = run.report if run else None
    judged = next((each for each in run.entries if each.index == index), None) if run else None
    if report is None or judged is None:
        is_of_log = report is not None and index < report.tree_size
        word = Word.ENTRY_NOT_JUDGED if is_of_log else Word.NOT_FOUND
        return visit.show("notice.html", 404, notice_word=word.name)
    client, size = visit.console.client, report.tree_size
    number, place = divmod(index, TILE_WIDTH)
    with number_of_the_hub(f"the tile of entry {index}"):
        hashes = client.tile(0, number).hashes
    if place >= len(hashes):
        raise Reason.ENTRY_MISMATCH.error(f"expected leaf {index} in tile {number} of level 0")
    with number_of_the_hub(f"entry {index} in the tree of {size} entries"):
        proof = client.inclusion_proof(index, size)
    # The root was verified with every entry under it, so the leaf at this place is the one judged.
    verify_inclusion(hashes[place], index, size, proof, report.root)
    is_full = (number + 1) * TILE_WIDTH <= size
    return visit.show(
        "entry.html",
        row=_row(judged, visit.locale),
        leaf=hashes[place].hex(),
        place=place,
        tile=tile_path(0, number, TILE_WIDTH if is_full else partial_width(0, size)),
        proof=[each.hex() for each in proof],
        root=report.root.hex(),
        size=size,
    )


def _row(judged: Judged, locale: Locale) -> dict[str, Any]:
    entry = judged.entry
    changes = [
        f"{locale.agency(each.agency)}: "
        f"{f'{locale.say(each.before)} → ' if each.before else ''}"
        f"{locale.say(each.after)}"
        for each in (entry.ruling.legs if entry.ruling else ())
        if each.before is not each.after
    ]
    return {
        "index": judged.index,
        "at": locale.second(entry.hub_time),
        "event": locale.say(entry.event),
        "kind": locale.say(judged.kind.spec.words) if judged.kind else "",
        "who": who(entry.actor, locale),
        "exchange": entry.exchange_id,
        "reason": entry.reason,
        "told": locale.say(words_of(Reason[entry.reason]))
        if entry.reason in Reason.__members__
        else "",
        "changes": changes,
        "read": f"{read.start}–{read.end - 1}, {locale.say(Label.OPENED)}: {read.opened}"
        if (read := entry.inspected)
        else "",
        "rules": entry.ruling.rule_ids if entry.ruling else (),
        "digest": entry.payload_digest.hex(),
    }
