"""`agency search`: find exchanges by what this profile opened or sent, without asking the hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.text import Text

from agency_client.cli.app import app
from agency_client.cli.boxes import print_exchanges
from agency_client.cli.output import Column, complain, print_json, print_table, say
from agency_client.cli.session import (
    Session,
    cases_of,
    check_log,
    references_of,
    search_index_of,
    session_of,
)
from agency_client.content.search_terms import MOST_TERMS
from agency_client.presentation.found import hit_lines, kind_words, search_json
from agency_client.presentation.labels import Label
from agency_client.presentation.lists import MOST_SUMMARY
from agency_client.presentation.locale import Locale
from agency_client.presentation.visible import shortened
from agency_client.state.references import Reference
from agency_client.state.search_index import SearchResult


@app.command(rich_help_panel="Look")
def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS", help="Each must be found, as a part of something."),
    ] = None,
    unopened: Annotated[
        bool,
        typer.Option("--unopened", help="List the exchanges that this profile never opened."),
    ] = False,
) -> None:
    """Find exchanges by reference, name, account, identifier, document or file.

    A name is found in any script and spelling: Юлия finds Yuliya. The search covers all that this
    profile opened or sent, in an index that is sealed on its disk; the hub is not asked.
    """
    session = session_of(context)
    if unopened == bool(words):
        raise typer.BadParameter("expected words, or --unopened", param_hint="WORDS")
    if unopened:
        _list_unopened(session)
        return
    profile = session.load_profile()
    result = search_index_of(profile).search(words or ())
    known, cases = references_of(profile).references(), cases_of(profile).by_exchange()
    if session.as_json:
        print_json(search_json(result, known, cases))
        return
    locale = session.locale(profile)
    _print_found(result, known, cases, locale)
    if result.cut:
        complain(locale.say(Label.NOT_ALL_TERMS, most=MOST_TERMS, ids=", ".join(result.cut)))
    say(locale.say(Label.SEARCHED, number=result.searched))


def _list_unopened(session: Session) -> None:
    with session.hub() as hub:
        check_log(hub)
        opened = hub.search_index.exchange_ids()
        exchanges = [each for each in hub.exchanges() if each.id not in opened]
        locale = session.locale_of(hub)
    print_exchanges(session, hub.profile, exchanges, locale, Label.NOTHING_UNOPENED)


def _print_found(
    result: SearchResult,
    known: Mapping[str, Reference],
    cases: Mapping[str, tuple[str, ...]],
    locale: Locale,
) -> None:
    rows = []
    for each in result.found:
        reference = known.get(each.exchange_id, Reference())
        rows.append(
            (
                each.exchange_id,
                ", ".join(cases.get(each.exchange_id, ())),
                locale.one_line(reference.shown),
                kind_words(each, locale),
                each.initiator,
                Text("\n").join(Text(line) for line in hit_lines(each, locale)),
                locale.one_line(shortened(reference.summary, MOST_SUMMARY)),
            )
        )
    columns = [
        Column(locale.say(Label.EXCHANGE)),
        Column(locale.say(Label.CASE), wraps=True),
        Column(locale.say(Label.REFERENCE)),
        Column(locale.say(Label.KIND), wraps=True, gives_way=2),
        Column(locale.say(Label.FROM), gives_way=1),
        Column(locale.say(Label.FOUND_IN), wraps=True),
        Column(locale.say(Label.ABOUT), wraps=True, gives_way=3),
    ]
    print_table(columns, rows, locale.say(Label.NOTHING_FOUND))
    if result.count > len(result.found):
        say(locale.say(Label.ADD_A_WORD, number=result.count - len(result.found)))
