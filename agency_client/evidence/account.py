"""The account for people: one static page in three languages, from verified facts alone.

Rules of this module: no script, no link, no picture. Every text is escaped, and goes through
`visible`: nothing in it is unseen, and no letters pass for others. The same facts make the same
bytes: `verification` writes the page anew and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Final

from agency_client.evidence.facts import VerifiedBundle, VerifiedEntry
from agency_client.evidence.words import ENGLISH, KAZAKH, RUSSIAN, AccountWords
from agency_client.presentation.steps import state_words
from agency_client.presentation.visible import visible
from agency_client.presentation.words import due_words, say, statement_words
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.rows import BEFORE_ANSWER, When, matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import Event
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member

_HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 Georgia, "Times New Roman", serif; margin: 2em auto; max-width: 80em;
  padding: 0 1em; color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.6em; border-bottom: 2px solid #1a1a1a; padding-bottom: .2em; }}
h2 {{ font-size: 1.15em; margin: 1.8em 0 .5em; break-after: avoid; }}
table {{ border-collapse: collapse; width: 100%; }}
tr {{ break-inside: avoid; }}
th, td {{ border: 1px solid #999; padding: .3em .5em; text-align: left; vertical-align: top; }}
th {{ background: #eee; }}
tbody th {{ width: 22%; font-weight: normal; }}
.short {{ white-space: nowrap; width: 1%; }}
.code {{ font: .85em/1.5 "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }}
.lead {{ border-left: 4px solid #a33; padding-left: .8em; }}
.other {{ color: #555; }}
section + section {{ margin-top: 4em; }}
@page {{ size: A4 landscape; margin: 12mm; }}
@media print {{
  body {{ font-size: 9.5pt; margin: 0; max-width: none; padding: 0; }}
  section + section {{ break-before: page; margin-top: 0; }}
}}
</style>
</head>
<body>
"""
_LANGUAGES: Final = (ENGLISH, RUSSIAN, KAZAKH)
"""The parts of the page, in order."""
_EVENT_CLASSES: Final = ("short", "short", "", "", "", "code", "")
_PART_CLASSES: Final = ("short", "short", "short", "code", "")

Cell = str | tuple[str, ...]
"""A cell of a table: a line of text, or several."""


def render(found: VerifiedBundle) -> bytes:
    """Write the page, UTF-8."""
    title = f"{' / '.join(words.title for words in _LANGUAGES)}: {found.exchange_id}"
    sections = "".join(_section(found, words) for words in _LANGUAGES)
    return f"{_HEAD.format(title=_text(title))}{sections}</body>\n</html>\n".encode()


def _section(found: VerifiedBundle, words: AccountWords) -> str:
    others = "".join(
        f'<p class="other" lang="{each.tag}">{_text(each.place)}</p>\n'
        for each in _LANGUAGES
        if each is not words
    )
    said = {told.statement.digest: told.index for told in found.told if told.statement}
    rows = [_row(found, told, said, words) for told in found.told]
    parts = list(_parts(found, words))
    proofs, limits = words.proofs, (words.others, *words.limits)
    if found.cosignatures:
        proofs, limits = (*proofs, words.witnessed), (words.other_witnesses, *words.limits)
    return (
        f'<section lang="{words.tag}">\n'
        f"<h1>{_text(words.title)}</h1>\n"
        f"{others}"
        f'<p class="lead">{_text(words.lead)}</p>\n'
        f"<h2>{_text(words.request)}</h2>\n"
        f"{_list(_request(found, words))}"
        f"<h2>{_text(words.timeline)}</h2>\n"
        f"{_table(words.columns, rows, _EVENT_CLASSES)}"
        f"<h2>{_text(words.parts)}</h2>\n"
        + (
            _table(words.part_columns, parts, _PART_CLASSES)
            if parts
            else f"<p>{_text(words.no_parts)}</p>\n"
        )
        + f"<h2>{_text(words.proved)}</h2>\n"
        f"{_table(words.proved_columns, proofs)}"
        f"<h2>{_text(words.unproved)}</h2>\n"
        f"<ul>\n{''.join(f'<li>{_text(each)}</li>{chr(10)}' for each in limits)}</ul>\n"
        f"<h2>{_text(words.file)}</h2>\n"
        f"{_list(_facts(found, words))}"
        f"<h2>{_text(words.agencies)}</h2>\n"
        f"{_table(words.body_columns, _agencies(found))}"
        "</section>\n"
    )


def _request(found: VerifiedBundle, words: AccountWords) -> list[tuple[str, Cell]]:
    """Tell what was asked, of whom and on what terms, by the initial statement."""
    initial = _initial(found)
    values: list[Cell] = [found.exchange_id]
    if initial is not None:
        header = initial.header
        values += [
            say(initial.kind.spec.words, words.language),
            _who(found, initial.author, words),
            _instant(initial.made_at),
            tuple(_agency(found, agency) for agency in initial.recipients),
            tuple(_agency(found, agency) for agency in initial.supervisors),
            words.say(header.purpose) if header.purpose else "",
            header.legal_basis or "",
            words.say(header.handling),
            f"TLP:{header.tlp.name.replace('_', '+')}",
            words.say(header.urgency),
            due_words(header, words.language),
            ", ".join(words.say(use) for use in header.permitted_uses),
            tuple(_agency(found, agency) for agency in header.onward_authorities),
        ]
    else:
        values += [""] * (len(words.request_rows) - 2)
    if found.exchange is None:
        values.append(words.outcome_unknown)
    else:
        values.append(
            tuple(
                f"{_agency(found, leg.agency)}: {_state(found, leg.state, words)}"
                for leg in found.exchange.legs
            )
        )
    return [pair for pair in zip(words.request_rows, values, strict=True) if pair[1]]


def _initial(found: VerifiedBundle) -> Statement | None:
    """The initial statement, where the bundle has it."""
    said = (told.statement for told in found.told if told.statement)
    return next((each for each in said if each.kind.stage is Stage.INITIAL), None)


def _facts(found: VerifiedBundle, words: AccountWords) -> list[tuple[str, Cell]]:
    claim = f" ({words.claim})"
    policies = tuple(
        f"SHA-256 {sha256(told.statement.body.cedar.encode()).hexdigest()}, "
        f"{words.policy} {told.index}"
        for told in found.directory_told
        if told.statement and isinstance(told.statement.body, PublishPolicy)
    )
    checkpoint = found.checkpoint
    values: tuple[Cell, ...] = (
        found.exported_by.uri + claim,
        found.exported_at + claim,
        found.software + claim,
        checkpoint.origin,
        f"{checkpoint.size} {words.tree} {checkpoint.root.hex()}",
        tuple(_cosigned(found, words)),
        words.parties[found.party],
        policies,
    )
    return [pair for pair in zip(words.facts, values, strict=True) if pair[1]]


def _cosigned(found: VerifiedBundle, words: AccountWords) -> Iterator[str]:
    for each in found.cosignatures:
        yield f"{each.witness}, {_instant(each.at)}"
    if found.unverified_signatures:
        yield f"{words.unverified}: {found.unverified_signatures}"


def _row(
    found: VerifiedBundle, told: VerifiedEntry, said: Mapping[bytes, int], words: AccountWords
) -> tuple[Cell, ...]:
    entry = told.entry
    ruling = entry.ruling
    return (
        str(told.index),
        tuple(_instant(entry.hub_time).split(" ")),
        _who(found, entry.actor, words),
        (*_what(told, said, words), *_missed(told, words)),
        tuple(_leg(found, change, words) for change in ruling.legs) if ruling else "",
        ruling.rule_ids if ruling else "",
        words.signed if entry.event is Event.STATEMENT else words.recorded,
    )


def _who(found: VerifiedBundle, member: Member, words: AccountWords) -> tuple[str, ...]:
    role = words.say(member.role)
    return _agency(found, member.agency), f"{role} {member.name}" if member.name else role


def _agency(found: VerifiedBundle, agency: AgencyId) -> str:
    enrolled = found.directory.agencies.get(agency)
    return f"{enrolled.name} [{agency}]" if enrolled else agency


def _what(told: VerifiedEntry, said: Mapping[bytes, int], words: AccountWords) -> tuple[str, ...]:
    """Say the record of an entry, and the entry of the statement that it is about."""
    if told.statement is None:
        word, about = words.given, said.get(told.entry.payload_digest)
        lines = [words.say(told.entry.event), told.entry.reason]
    else:
        word, about = words.answers, said.get(told.statement.answers or b"")
        kind = told.statement.kind
        lines = [
            say(kind.spec.words, words.language),
            *statement_words(told.statement, words.language),
        ]
    if about is not None:
        lines.append(f"{word} {about}")
    return tuple(filter(None, lines))


def _missed(told: VerifiedEntry, words: AccountWords) -> Iterator[str]:
    """Say which deadlines a statement proves to be missed: the hub takes it after them alone."""
    said, ruling = told.statement, told.entry.ruling
    if said is None or ruling is None:
        return
    rows = [row for row in said.kind.spec.rows if matches(row, said.body)]
    for change in ruling.legs:
        if change.before not in BEFORE_ANSWER:
            continue
        if any(row.when is When.AFTER_DUE and change.before in row.before for row in rows):
            yield words.unanswered.format(agency=change.agency)
            if change.before is LegState.RELEASED:
                yield words.not_fetched.format(agency=change.agency)


def _leg(found: VerifiedBundle, change: LegChange, words: AccountWords) -> str:
    before = f"{_state(found, change.before, words)} → " if change.before else ""
    return f"{change.agency}: {before}{_state(found, change.after, words)}"


def _state(found: VerifiedBundle, state: LegState, words: AccountWords) -> str:
    """The state of a leg, by the kind of the exchange: who declines an invitation refuses nothing.

    Without the initial statement the kind is not proven.
    """
    initial = _initial(found)
    return words.say(state) if initial is None else words.say(state_words(initial.kind, state))


def _parts(found: VerifiedBundle, words: AccountWords) -> Iterator[tuple[Cell, ...]]:
    for told in found.told:
        for part in told.statement.parts if told.statement else ():
            opened = part.name in found.disclosed.get(told.index, ())
            yield (
                str(told.index),
                part.name,
                str(part.size),
                part.sha256.hex(),
                f"content/{told.index:019d}/{part.name}/plain" if opened else words.sealed,
            )


def _agencies(found: VerifiedBundle) -> list[tuple[Cell, ...]]:
    return [
        (body.agency, body.name, body.country, str(told.index))
        for told in found.directory_told
        if told.statement and isinstance(body := told.statement.body, EnrolAgency)
    ]


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], classes: Sequence[str] = ()
) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    lines = [f"<thead><tr>{head}</tr></thead>\n<tbody>\n"]
    for row in rows:
        named = classes or [""] * len(row)
        cells = "".join(_cell(cell, name) for cell, name in zip(row, named, strict=True))
        lines.append(f"<tr>{cells}</tr>\n")
    return f"<table>\n{''.join(lines)}</tbody>\n</table>\n"


def _list(rows: Iterable[tuple[str, Cell]]) -> str:
    lines = (f'<tr><th scope="row">{_text(name)}</th>{_cell(cell)}</tr>\n' for name, cell in rows)
    return f"<table>\n<tbody>\n{''.join(lines)}</tbody>\n</table>\n"


def _cell(cell: Cell, name: str = "") -> str:
    lines = (cell,) if isinstance(cell, str) else cell
    marked = f' class="{name}"' if name else ""
    return f"<td{marked}>{'<br>'.join(map(_text, lines))}</td>"


def _text(value: str) -> str:
    return escape(visible(value), quote=True)
