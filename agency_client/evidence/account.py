"""The account for people: one static page, English and Russian, from verified facts alone.

Rules of this module: no script, no link, no picture; every text is escaped, and characters that
steer a display are shown as a replacement. The same facts make the same bytes: `verification`
writes the page anew and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final

from agency_client.evidence.words import ENGLISH, RUSSIAN, Words
from exchange_protocol.log.entries import Event
from exchange_protocol.rules.bodies import Decision, EnrolAgency, PublishPolicy, Refuse, Reply
from exchange_protocol.rules.lifecycle import LegChange

if TYPE_CHECKING:
    from agency_client.evidence.verification import Told, VerifiedBundle

_HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 Georgia, "Times New Roman", serif; margin: 2em auto; max-width: 75em;
  padding: 0 1em; color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.5em; border-bottom: 2px solid #1a1a1a; }}
h2 {{ font-size: 1.15em; margin-top: 1.6em; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #999; padding: .3em .5em; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }}
th {{ background: #eee; }}
.lead {{ border-left: 4px solid #a33; padding-left: .8em; }}
section + section {{ margin-top: 4em; }}
</style>
</head>
<body>
"""


def render(found: VerifiedBundle) -> bytes:
    """Write the page, UTF-8."""
    title = f"{ENGLISH.title} / {RUSSIAN.title}: {found.exchange_id}"
    sections = "".join(_section(found, words) for words in (ENGLISH, RUSSIAN))
    return f"{_HEAD.format(title=_text(title))}{sections}</body>\n</html>\n".encode()


def _section(found: VerifiedBundle, words: Words) -> str:
    return (
        f'<section lang="{words.tag}">\n'
        f"<h1>{_text(words.title)}</h1>\n"
        f'<p class="lead">{_text(words.lead)}</p>\n'
        f"{_table((), _facts(found, words))}"
        f"<h2>{_text(words.timeline)}</h2>\n"
        f"{_table(words.columns, (_row(found, told, words) for told in found.told))}"
        f"<h2>{_text(words.disclosed)}</h2>\n"
        f"{_disclosed(found, words)}"
        f"<h2>{_text(words.bodies)}</h2>\n"
        f"{_table(words.body_columns, _bodies(found))}"
        f"<h2>{_text(words.proved)}</h2>\n"
        f"{_table(words.proved_columns, words.proofs)}"
        f"<h2>{_text(words.unproved)}</h2>\n"
        f"<ul>\n{''.join(f'<li>{_text(each)}</li>{chr(10)}' for each in words.limits)}</ul>\n"
        "</section>\n"
    )


def _facts(found: VerifiedBundle, words: Words) -> list[tuple[str, str]]:
    claim = f" ({words.claim})"
    policies = [
        f"{told.index}: {sha256(told.statement.body.cedar.encode()).hexdigest()}"
        for told in found.directory_told
        if told.statement and isinstance(told.statement.body, PublishPolicy)
    ]
    checkpoint = found.checkpoint
    values = (
        found.exchange_id,
        found.exported_by.uri + claim,
        found.exported_at + claim,
        found.software + claim,
        checkpoint.origin,
        f"{checkpoint.size}, {checkpoint.root.hex()}",
        words.standings[found.standing],
        "; ".join(policies),
    )
    return list(zip(words.facts, values, strict=True))


def _row(found: VerifiedBundle, told: Told, words: Words) -> tuple[str, ...]:
    entry = told.entry
    agency = found.directory.agencies.get(entry.actor.agency)
    who = f"{agency.name} ({entry.actor.uri})" if agency else entry.actor.uri
    ruling = entry.ruling
    at = entry.hub_time.astimezone(UTC)
    return (
        str(told.index),
        f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond:06d}",
        who,
        _what(told, words),
        "; ".join(_leg(change, words) for change in ruling.legs) if ruling else "",
        ", ".join(ruling.rule_ids) if ruling else "",
        words.signed if entry.event is Event.STATEMENT else words.recorded,
    )


def _what(told: Told, words: Words) -> str:
    if told.statement is None:
        return " ".join(filter(None, (words.say(told.entry.event.name), told.entry.reason)))
    match told.statement.body:
        case Decision(verdict=verdict, ground=ground):
            more = words.say(verdict.name) + (f", {ground.name}" if ground else "")
        case Refuse(ground=ground):
            more = ground.name
        case Reply(result=result):
            more = result.name
        case _:
            more = ", ".join(told.statement.recipients)
    return words.say(told.statement.kind.value) + (f": {more}" if more else "")


def _leg(change: LegChange, words: Words) -> str:
    before = f"{words.say(change.before.name)} → " if change.before else ""
    return f"{change.agency}: {before}{words.say(change.after.name)}"


def _disclosed(found: VerifiedBundle, words: Words) -> str:
    if not found.disclosed:
        return f"<p>{_text(words.nothing_disclosed)}</p>\n"
    rows = [
        (str(index), part, f"content/{index:019d}/{part}/plain")
        for index, parts in sorted(found.disclosed.items())
        for part in sorted(parts)
    ]
    return _table(words.disclosed_columns, rows)


def _bodies(found: VerifiedBundle) -> list[tuple[str, ...]]:
    return [
        (body.agency, body.name, body.country, str(told.index))
        for told in found.directory_told
        if told.statement and isinstance(body := told.statement.body, EnrolAgency)
    ]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    lines = [f"<tr>{head}</tr>\n"] if columns else []
    for row in rows:
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>\n")
    return f"<table>\n{''.join(lines)}</table>\n"


def _text(value: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    return escape(shown, quote=True)
