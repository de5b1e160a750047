"""`agency show`: one exchange, verified and opened.

Everything is verified before a word of it is printed: signatures, certificates, proofs, approvals,
the rules; what does not verify ends the command. What is sealed to others is not shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
from agency_client.content.entities import Entity
from agency_client.content.file_names import INDEX, safe_file_name
from agency_client.core.views import UnsealedExchange, UnsealedStatement
from agency_client.presentation.words import body_json, body_words
from exchange_files import check_new, drop_drafts, make_folder, read_file, write_new_file
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language, LegState, Party
from exchange_protocol.record.entries import Event
from exchange_protocol.rules.lifecycle import Leg
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member

_SHOWN_ENTITIES = 20
_CAPTION_PROPERTIES = (
    "name",
    "accountNumber",
    "iban",
    "publicKey",
    "registrationNumber",
    "amount",
    "address",
)
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
    first = opened.opening
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


def entity_caption(entity: Entity) -> str:
    """What an entity is called, by the first property that says it."""
    properties = entity["properties"]
    found = [", ".join(properties[name]) for name in _CAPTION_PROPERTIES if properties.get(name)]
    currency = " ".join(properties.get("currency", []))
    return " · ".join([*found[:2], *([currency] if currency and "amount" in properties else [])])


def _print_header(opened: UnsealedExchange, legs: Sequence[Leg]) -> None:
    verified = opened.verified
    fields: list[tuple[str, str | Text]] = [("exchange", opened.id)]
    first = opened.opening
    if first is not None:
        header = first.statement.header
        due = instant(header.due_at)
        fields += [
            ("kind", first.kind.value.replace("_", " ")),
            ("from", who(first.author)),
            ("handling", f"{header.handling.name}, TLP:{header.tlp.name.replace('_', '+')}"),
            ("urgency", header.urgency.name.lower() + (f", due {due}" if due else "")),
            ("purpose", header.purpose.name.lower() if header.purpose else ""),
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
            ("AGENCY", "STATE", "APPROVALS"),
            [(leg.agency, state(leg.state.name), _approvals(leg)) for leg in legs],
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


def _print_timeline(opened: UnsealedExchange) -> None:
    heading("Timeline")
    happened = [
        (each.hub_time, who(each.author), each.kind.value.replace("_", " "), outcome(each))
        for each in opened.statements
    ]
    happened += [
        (each.hub_time, who(each.actor), "received it" if each.event is Event.DELIVERY else "", "")
        for each in opened.verified.deliveries
    ]
    print_table(
        ("WHEN", "WHO", "WHAT", ""),
        [(instant(at), actor, what, more) for at, actor, what, more in sorted(happened)],
        "Nothing.",
    )


def _print_statement(statement: UnsealedStatement) -> None:
    if not statement.parts and not statement.statement.parts:
        return
    kind = statement.kind.value.replace("_", " ").capitalize()
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
    entities = list(islice(statement.entities(), _SHOWN_ENTITIES + 1))
    if not entities:
        return
    print_table(
        ("SCHEMA", "ENTITY", "ID"),
        [(each["schema"], entity_caption(each), each["id"]) for each in entities[:_SHOWN_ENTITIES]],
        "",
    )
    if len(entities) > _SHOWN_ENTITIES:
        say(f"... and more; --out DIR writes all of them ({statement.subject_count} subjects)")


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _leg_json(leg: Leg) -> dict[str, Any]:
    return {
        "agency": leg.agency,
        "state": leg.state.name,
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
