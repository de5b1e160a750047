"""`agency show`: one exchange, verified and opened.

Everything is verified before a word of it is printed: signatures, certificates, proofs, approvals,
the rules; what does not verify ends the command. What is sealed to others is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.options import Exchange
from agency_client.cli.output import (
    heading,
    instant,
    iso,
    print_fields,
    print_json,
    print_table,
    say,
    state,
)
from agency_client.cli.session import session_of
from agency_client.content.file_names import INDEX, safe_file_name
from agency_client.core.views import UnsealedExchange, UnsealedStatement
from agency_client.presentation.entities import caption, payment_rows
from agency_client.presentation.times import time_left
from agency_client.presentation.words import body_json, body_words
from exchange_files import check_new, drop_drafts, make_folder, read_file, write_new_file
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language, LegState, Party
from exchange_protocol.kinds.spec import OWES
from exchange_protocol.record.entries import Event
from exchange_protocol.rules.lifecycle import Leg
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member

_SHOWN_ENTITIES = 20
_SUFFIXES = {"application/json": ".json", "application/x-ndjson": ".ftm.json"}


@app.command(rich_help_panel="Look")
def show(
    context: typer.Context,
    exchange: Exchange,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write the decrypted parts there, as files of mode 0600."
        ),
    ] = None,
) -> None:
    """Verify an exchange, open what is sealed to you, and show it.

    Opening what was addressed to you is a delivery, and stands on the log.
    """
    session = session_of(context)
    with session.hub() as hub:
        opened = hub.open(exchange)
        legs = known_legs(opened, hub.agency)
    files = write_parts(opened, out_dir) if out_dir else []
    if session.as_json:
        print_json(exchange_json(opened, legs) | {"files": [str(file) for file in files]})
    else:
        print_unsealed(opened, legs)
        if files:
            heading("Files")
        for file in files:
            say(str(file))
    if opened.faults:
        raise typer.Exit(ExitCode.REFUSED)


def print_unsealed(opened: UnsealedExchange, legs: Sequence[Leg]) -> None:
    """Print an opened exchange for people."""
    _print_header(opened, legs)
    _print_timeline(opened)
    for statement in opened.statements:
        _print_statement(statement)


def known_legs(opened: UnsealedExchange, agency: AgencyId) -> list[Leg]:
    """The legs whose state the agency can know: of others it sees how they began, no more."""
    match opened.verified.party:
        case Party.RECIPIENT:
            return [leg for leg in opened.legs if leg.agency == agency]
        case Party.APPROVER:
            return [leg for leg in opened.legs if agency in leg.approvers]
        case _:
            return list(opened.legs)


def write_parts(opened: UnsealedExchange, folder: Path) -> list[Path]:
    """Write every opened part into new files, a folder a statement; gives their paths.

    Nothing is written if a link stands for one of the folders, or if one of the files exists; but
    a file with the same bytes stays, so that a call that was cut off may be repeated.
    """
    parts: dict[Path, bytes] = {}
    for number, statement in enumerate(opened.statements, start=1):
        own = folder / f"{number:02d}-{statement.kind.value}-{statement.author.agency}"
        names = _file_names(statement)
        if names and own.is_symlink():
            raise Reason.FILE_NOT_WRITTEN.error(
                f"a link stands where the folder {own} goes; nothing is written through it: remove "
                "it, or name another folder"
            )
        parts |= {own / name: statement.parts[part] for part, name in names.items()}
    new = {path: data for path, data in parts.items() if _held(path) != data}
    make_folder(folder)
    for own in {path.parent for path in parts}:
        make_folder(own)
    drop_drafts(*(path for path in parts if path not in new))
    for path in new:
        check_new(path)
    for path, data in new.items():
        write_new_file(path, data)
    return list(parts)


def _held(path: Path) -> bytes | None:
    """The bytes of a file that stands in the place, and not of one that a link leads to."""
    return None if path.is_symlink() else read_file(path)


def _file_names(statement: UnsealedStatement) -> dict[str, str]:
    """Under which name each part is written: documents by theirs, files by those of their author.

    No name leads out of the folder, and no two are one on any system.
    """
    names: dict[str, str] = {}
    documents = [name for name in statement.parts if statement.file_name(name) is None]
    for part in [*documents, *(each for each in statement.parts if each not in documents)]:
        given = statement.file_name(part)
        if part == INDEX:
            continue
        sealed = statement.statement.part(part)
        suffix = _SUFFIXES.get(sealed.media_type, "") if sealed and given is None else ""
        names[part] = safe_file_name(given or part + suffix, names.values())
    return names


def exchange_json(opened: UnsealedExchange, legs: Sequence[Leg]) -> dict[str, Any]:
    """An opened exchange as plain values."""
    verified = opened.verified
    first = opened.initial
    return {
        "exchange_id": opened.id,
        "party": verified.party.value,
        "kind": first.kind.value if first else verified.summary.kind.value,
        "header": header_json(first.statement.header) if first else None,
        "legs": [_leg_json(leg) for leg in legs],
        "approvals": [
            {"leg": each.leg, "by": each.by.uri, "at": iso(each.at)} for each in opened.approvals
        ],
        "statements": [_statement_json(each) for each in opened.statements],
        "deliveries": [
            {"at": iso(each.hub_time), "to": each.actor.uri} for each in verified.deliveries
        ],
        "checkpoint": {
            "tree_size": verified.checkpoint.size,
            "root": verified.checkpoint.root.hex(),
        },
    }


def header_json(header: Header) -> dict[str, Any]:
    """A statement's header as plain values."""
    return {
        "handling": header.handling.name,
        "tlp": header.tlp.name,
        "urgency": header.urgency.name,
        "due_at": iso(header.due_at),
        "purpose": header.purpose.name if header.purpose else None,
        "legal_basis": header.legal_basis,
        "permitted_uses": [use.name for use in header.permitted_uses],
        "onward_authorities": list(header.onward_authorities),
        "language": header.language.name if header.language else None,
        "subject_count": header.subject_count,
    }


def who(member: Member) -> str:
    """A member as people say it: agency, role and name, without the trust domain."""
    return member.uri.partition("/agency/")[2]


def outcome(statement: UnsealedStatement) -> str:
    """The codes that a statement carries beside its kind, in words."""
    return ", ".join(body_words(statement.statement.body, Language.EN))


def _print_header(opened: UnsealedExchange, legs: Sequence[Leg]) -> None:
    verified = opened.verified
    fields: list[tuple[str, str | Text]] = [("exchange", opened.id)]
    first = opened.initial
    if first is not None:
        header = first.statement.header
        fields += [
            ("kind", first.kind.spec.words.en),
            ("from", who(first.author)),
            ("handling", f"{header.handling.words.en}; {header.tlp.words.en}"),
            ("urgency", header.urgency.words.en),
            ("asked by", instant(header.due_at)),
            ("purpose", header.purpose.words.en if header.purpose else ""),
            ("legal basis", header.legal_basis or ""),
            ("subjects", str(header.subject_count)),
        ]
        if first.statement.supervisors:
            fields.append(("supervisors", ", ".join(first.statement.supervisors)))
    fields += [
        ("you are", verified.party.value),
        ("verified", f"against the signed log of {verified.checkpoint.size} entries"),
    ]
    print_fields([(name, value) for name, value in fields if value])
    if legs:
        heading("Legs")
        print_table(
            ("AGENCY", "STATE", "APPROVALS", "DUE"),
            [
                (leg.agency, state(leg.state.name), _approvals(leg), _due(leg, datetime.now(UTC)))
                for leg in legs
            ],
            "",
        )


def _approvals(leg: Leg) -> str:
    if not leg.approvals_required:
        return "none needed"
    given = f"{len(leg.approvals)} of {leg.approvals_required}"
    if leg.state is LegState.HELD:
        return f"{given}, by {' or '.join(leg.approvers)}"
    by = ", ".join(uri.partition("/agency/")[2] for uri in leg.approvals)
    return f"{given}: {by}" if by else given


def _due(leg: Leg, now: datetime) -> str | Text:
    if leg.due_at is None:
        return ""
    if leg.state not in OWES:
        return instant(leg.due_at)
    words = f"{instant(leg.due_at)}, {time_left(leg.due_at, now)}"
    return Text(words, style="bold red") if leg.due_at < now else words


def _print_timeline(opened: UnsealedExchange) -> None:
    heading("Timeline")
    happened = [
        (each.hub_time, who(each.author), each.kind.spec.words.en, outcome(each))
        for each in opened.statements
    ]
    received: dict[str, datetime] = {}
    for each in opened.verified.deliveries:
        if each.event is Event.DELIVERY:
            received.setdefault(who(each.actor), each.hub_time)
    happened += [(at, reader, "received it", "") for reader, at in received.items()]
    print_table(
        ("WHEN", "WHO", "WHAT", ""),
        [(instant(at), actor, what, more) for at, actor, what, more in sorted(happened)],
        "Nothing.",
    )


def _print_statement(statement: UnsealedStatement) -> None:
    if not statement.parts and not statement.statement.parts:
        return
    kind = statement.kind.spec.words.en.capitalize()
    heading(f"{kind} of {statement.author.agency}, {instant(statement.hub_time)}")
    for title, document in (("brief", statement.brief), ("content", statement.content)):
        if document is not None:
            fields = document.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            print_fields([(f"{title}: {name}", _text(value)) for name, value in fields.items()])
    if statement.is_erased:
        say("The content was erased, as the initiator asked.")
        return
    if sealed := _sealed_to_others(statement):
        say(f"sealed to others: {', '.join(sealed)}")
    for fault in statement.faults:
        say(f"{fault.part} cannot be read: {fault.error}. Ask {fault.ask}.")
    if statement.missing_subjects:
        say(
            f"declared: {statement.statement.header.subject_count} subjects; the content holds "
            f"{statement.subject_count}"
        )
    for name, data in statement.attachments.items():
        say(f"attachment: {name}, {len(data)} bytes")
    _print_entities(statement)


def _print_entities(statement: UnsealedStatement) -> None:
    shown = list(islice(statement.entities(), _SHOWN_ENTITIES + 1))
    if not shown:
        return
    is_more = len(shown) > _SHOWN_ENTITIES
    shown = shown[:_SHOWN_ENTITIES]
    payments = [each for each in shown if each["schema"] == "Payment"]
    others = {each["id"]: each for each in shown if each["schema"] != "Payment"}
    if payments:
        print_table(
            ("DATE", "AMOUNT", "PAYER", "PAYEE", "PURPOSE"), payment_rows(payments, others), ""
        )
    if others:
        rows = [(each["schema"], caption(each), each["id"]) for each in others.values()]
        print_table(("SCHEMA", "ENTITY", "ID"), rows, "")
    if is_more:
        say(f"... and more; --out DIR writes all of them ({statement.subject_count} subjects)")


def _text(value: Any) -> str:
    """A value of a document as people read it: lists line by line, a period as two days."""
    if isinstance(value, list):
        return "\n".join(_text(each) for each in value)
    if isinstance(value, dict) and value.keys() == {"start", "end"}:
        return f"{value['start']} to {value['end']}"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')}: {_text(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _leg_json(leg: Leg) -> dict[str, Any]:
    return {
        "agency": leg.agency,
        "state": leg.state.name,
        "due_at": iso(leg.due_at),
        "approvals_required": leg.approvals_required,
        "approvers": list(leg.approvers),
        "approvals": list(leg.approvals),
    }


def _statement_json(statement: UnsealedStatement) -> dict[str, Any]:
    return {
        "statement_id": statement.statement.id,
        "index": statement.index,
        "hub_time": iso(statement.hub_time),
        "kind": statement.kind.value,
        "codes": body_json(statement.statement.body),
        "author": statement.author.uri,
        "recipients": list(statement.statement.recipients),
        "role": statement.role.value if statement.role else None,
        "brief": statement.brief.model_dump(mode="json", exclude_none=True)
        if statement.brief
        else None,
        "content": statement.content.model_dump(mode="json", exclude_none=True)
        if statement.content
        else None,
        "entities": list(statement.entities()),
        "subjects_declared": statement.statement.header.subject_count,
        "subjects_found": statement.subject_count,
        "is_erased": statement.is_erased,
        "attachments": {name: len(data) for name, data in statement.attachments.items()},
        "sealed_to_others": _sealed_to_others(statement),
        "faults": [
            {
                "part": fault.part,
                "reason": fault.error.reason.name,
                "message": fault.error.message,
                "ask": fault.ask,
            }
            for fault in statement.faults
        ],
    }


def _sealed_to_others(statement: UnsealedStatement) -> list[str]:
    known = {*statement.parts, *(fault.part for fault in statement.faults)}
    parts = (part.name for part in statement.statement.parts)
    return [name for name in parts if name not in known and name != INDEX]
