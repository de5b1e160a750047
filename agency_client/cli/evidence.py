"""`agency evidence export|verify|timestamp`: one exchange in one file, verified without the hub.

A time stamp takes three steps, so that the machine with the evidence needs no network: `request`
here, the authority's answer from wherever there is a way to it (`fetch`), and `add` here again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.text import Text

from agency_client.cli import ids, inputs
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.options import Exchange
from agency_client.cli.output import (
    Column,
    alarm,
    heading,
    print_fields,
    print_json,
    print_table,
    say,
)
from agency_client.cli.session import Session, session_of
from agency_client.presentation.exchanges import fault_words, who
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import fault_json, iso
from agency_client.presentation.words import body_json, due_json, statement_words
from exchange_files import check_new, read_given, write_new_file
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.rules.statements import Header

if TYPE_CHECKING:
    from agency_client.evidence import TimeStamp, VerifiedBundle
    from agency_client.evidence.facts import VerifiedEntry

evidence = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Evidence for a court, in one file."
)
app.add_typer(evidence, name="evidence", rich_help_panel="Audit")
timestamp = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="A time stamp over a bundle (RFC 3161)."
)
evidence.add_typer(timestamp, name="timestamp")

Bundle: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE.zip")]


@evidence.command()
def export(
    context: typer.Context,
    exchange: Exchange,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.zip", help="New file to write.")
    ],
    with_content: Annotated[
        bool,
        typer.Option(
            "--with-content",
            help="Disclose the parts sealed to you: whoever has the file can read them.",
        ),
    ] = False,
    witnessed: Annotated[
        bool,
        typer.Option(
            "--witnessed",
            help="Demand cosignatures: prove all of it by the newest checkpoint that enough of the "
            "profile's witnesses signed, and refuse while an entry is newer.",
        ),
    ] = False,
) -> None:
    """Export all that you are shown of an exchange, with every proof, into one file.

    The file is verified before the command ends. Sealed parts stay sealed and outside, unless
    --with-content discloses those that your agency reads. A part that cannot be opened stays sealed
    and is told of, and the command ends with 1: the file stands without that part.
    """
    from agency_client.evidence import export_bundle

    session = session_of(context)
    # Before work that is lost, or costs, where its result cannot be written.
    check_new(out)
    with session.hub() as hub:
        locale = session.locale_of(hub)
        exchange = ids.exchange_id(hub, exchange, locale)
        gathered = hub.gather_evidence(exchange, with_content=with_content, witnessed=witnessed)
        found = export_bundle(
            gathered,
            out,
            exported_by=hub.profile.tls.certificate.member,
            at=datetime.now(UTC),
            anchors=hub.profile.anchors,
            log=hub.profile.log,
            witnesses=hub.profile.witnesses if witnessed else None,
        )
    faults = [(index, each) for index, parts in gathered.faults.items() for each in parts]
    if session.as_json:
        told = [{"entry": index, **fault_json(each)} for index, each in faults]
        kept = list(gathered.kept_sealed)
        print_json({"file": str(out), **bundle_json(found), "faults": told, "kept_sealed": kept})
    else:
        _print(found, locale)
        for index, each in faults:
            say(alarm(f"{locale.say(Label.ENTRY)} {index}: {fault_words(each, locale)}"))
        for index in gathered.kept_sealed:
            say(f"{locale.say(Label.ENTRY)} {index}: {locale.say(Label.KEPT_SEALED)}")
        say("")
        say(locale.say(Label.WRITTEN_TO, file=out))
        say(locale.say(Label.WITNESSES_BY_ANOTHER_WAY if witnessed else Label.ROOT_BY_ANOTHER_WAY))
    if faults:
        raise typer.Exit(ExitCode.REFUSED)


@evidence.command()
def verify(
    context: typer.Context,
    file: Bundle,
    root: Annotated[
        Path | None, typer.Option(help="Root certificate to trust, PEM; else the profile's.")
    ] = None,
    log_key: Annotated[
        str | None,
        typer.Option(metavar="VKEY", help="The log's verifier key to trust; else the profile's."),
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the account of what is proved, a new file."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VKEY",
            help="Verifier key of a witness that must have cosigned the checkpoint; may be given "
            "again.",
        ),
    ] = None,
    witnesses_required: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="How many of those witnesses must have; all of them, unless given.",
        ),
    ] = None,
    witnessed: Annotated[
        bool,
        typer.Option("--witnessed", help="As many of the profile's own witnesses must have."),
    ] = False,
    tsa_root: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pem",
            help="Root certificate of the time-stamping authority: the file must hold its stamp.",
        ),
    ] = None,
) -> None:
    """Verify a bundle offline and replay the rules; needs no hub.

    Root and log key come from you, or from your profile, never from the file. Cosignatures are
    verified only of witnesses whom you name, a time stamp only if you give its authority's root.
    """
    from agency_client.evidence import verify_bundle
    from agency_client.evidence.account import render

    session = session_of(context)
    if root is not None and log_key is not None:
        anchors, log = inputs.trust_anchors(root, "--root"), LogVerifier(log_key)
    elif root is None and log_key is None and session.profile:
        profile = session.load_profile()
        anchors, log = profile.anchors, profile.log
    else:
        raise typer.BadParameter("expected --root and --log-key, or a profile that has both")
    found = verify_bundle(
        file,
        anchors,
        log,
        authorities=inputs.trust_anchors(tsa_root, "--tsa-root") if tsa_root else None,
        witnesses=_witnesses(session, witness or [], witnesses_required, witnessed=witnessed),
    )
    if account is not None:
        write_new_file(account, render(found))
    if session.as_json:
        print_json(bundle_json(found))
    else:
        locale = session.locale(session.load_profile() if session.profile else None)
        _print(found, locale)
        say("")
        if found.account_matches:
            say(Text(locale.say(Label.VERIFIED_ALL), "green"))
        else:
            say(alarm(locale.say(Label.ACCOUNT_DIFFERS)))
    if not found.account_matches and account is None:
        raise typer.Exit(ExitCode.REFUSED)


@timestamp.command("request")
def request_stamp(
    context: typer.Context,
    file: Bundle,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.tsq", help="New file to write.")
    ],
) -> None:
    """Write the request for a time stamp over a bundle's checkpoint; needs no network.

    It holds a SHA-256 and nothing else. Bring it to a time-stamping authority, by any way, and come
    back with its response.
    """
    from agency_client.evidence import read_note, stamp_request

    write_new_file(out, stamp_request(read_note(file)))
    if session_of(context).as_json:
        print_json({"file": str(out)})
    else:
        say(session_of(context).locale().say(Label.WRITTEN_TO, file=out))


@timestamp.command("fetch")
def fetch(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="FILE.tsq")],
    url: Annotated[str, typer.Argument(metavar="URL")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.tsr", help="New file to write.")
    ],
) -> None:
    """Send a request to a time-stamping authority over HTTP, and write its response.

    Any machine that reaches it will do; it needs neither the bundle nor a profile. The response is
    verified when it is added.
    """
    from agency_client.evidence import fetch_stamp

    check_new(out)
    write_new_file(out, fetch_stamp(read_given(request), url))
    if session_of(context).as_json:
        print_json({"file": str(out)})
    else:
        say(session_of(context).locale().say(Label.WRITTEN_TO, file=out))


@timestamp.command("add")
def add(
    context: typer.Context,
    file: Bundle,
    response: Annotated[Path, typer.Argument(metavar="FILE.tsr")],
    tsa_root: Annotated[
        Path,
        typer.Option(
            metavar="FILE.pem", help="Root certificate of the time-stamping authority to trust."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="NEW.zip", help="New bundle to write.")
    ],
) -> None:
    """Add an authority's response to a bundle, as a new file; it is verified first."""
    from agency_client.evidence import add_stamp

    stamp = add_stamp(file, read_given(response), out, inputs.trust_anchors(tsa_root, "--tsa-root"))
    if session_of(context).as_json:
        print_json({"file": str(out), "time_stamp": _stamp_json(stamp)})
    else:
        locale = session_of(context).locale()
        at, authority = locale.second(stamp.at), locale.one_line(stamp.authority)
        say(locale.say(Label.STAMPED, time=at, authority=authority))
        say(locale.say(Label.WRITTEN_TO, file=out))


def _witnesses(
    session: Session, vkeys: list[str], required: int | None, *, witnessed: bool
) -> WitnessPolicy | None:
    """The witnesses that the command line names or, for --witnessed, the profile."""
    if witnessed and vkeys:
        raise typer.BadParameter("expected --witness or --witnessed, not both")
    if required is not None and required > len(vkeys):
        raise typer.BadParameter(
            f"expected as many --witness as --witnesses-required says, got {len(vkeys)}"
        )
    if vkeys:
        return WitnessPolicy(len(vkeys) if required is None else required, vkeys)
    if not witnessed:
        return None
    policy = session.load_profile().witnesses
    if policy is None:
        raise Reason.PROFILE_INVALID.error(
            "expected a table [witnesses] in profile.toml, got none", field="witnesses"
        )
    return policy


def _stamp_json(stamp: TimeStamp) -> dict[str, Any]:
    return {"verified": True, "at": iso(stamp.at), "authority": stamp.authority}


def bundle_json(found: VerifiedBundle) -> dict[str, Any]:
    """Give the facts that a bundle proves, as plain values."""
    return {
        "exchange_id": found.exchange_id,
        "exported_by": found.exported_by.uri,
        "exported_at": found.exported_at,
        "party": found.party.value,
        "origin": found.checkpoint.origin,
        "tree_size": found.checkpoint.size,
        "root": found.checkpoint.root.hex(),
        "directory_entries": len(found.directory_told),
        "account_matches": found.account_matches,
        "cosignatures": [
            {"witness": each.witness, "at": iso(each.at)} for each in found.cosignatures
        ],
        "unverified_signatures": found.unverified_signatures,
        "time_stamp": _stamp_json(found.stamp)
        if found.stamp
        else {"verified": False}
        if found.is_stamped
        else None,
        "entries": [
            {
                "entry": told.index,
                "hub_time": iso(told.entry.hub_time),
                "actor": told.entry.actor.uri,
                "event": told.entry.event.name,
                "kind": told.statement.kind.value if told.statement else None,
                "codes": body_json(told.statement.body) if told.statement else {},
                **due_json(header.due_at, header.due_on),
                "rule_ids": list(told.entry.ruling.rule_ids) if told.entry.ruling else [],
                "disclosed": list(found.disclosed.get(told.index, ())),
            }
            for told in found.told
            for header in [told.statement.header if told.statement else Header()]
        ],
    }


def _witness_words(found: VerifiedBundle, locale: Locale) -> str:
    said = [f"{each.witness} ({locale.second(each.at)})" for each in found.cosignatures]
    if found.unverified_signatures:
        said.append(locale.say(Label.UNVERIFIED_SIGNATURES, number=found.unverified_signatures))
    return ", ".join(said) or locale.say(Label.NONE)


def _stamp_words(found: VerifiedBundle, locale: Locale) -> str:
    if found.stamp is not None:
        at, authority = locale.second(found.stamp.at), locale.one_line(found.stamp.authority)
        return locale.say(Label.STAMPED, time=at, authority=authority)
    return locale.say(Label.UNVERIFIED_STAMP if found.is_stamped else Label.NONE)


def _print(found: VerifiedBundle, locale: Locale) -> None:
    exporter = who(found.exported_by, locale)
    exported = locale.with_own_times(locale.one_line(found.exported_at))
    tree = locale.say(Label.TREE, size=found.checkpoint.size, root=found.checkpoint.root.hex())
    fields = [
        (Label.EXCHANGE, found.exchange_id),
        (Label.EXPORTED_BY, locale.say(Label.FILES_WORD, who=exporter, time=exported)),
        (Label.SEEN_AS, locale.say(found.party)),
        (Label.LOG, found.checkpoint.origin),
        (Label.CHECKPOINT, tree),
        (Label.DIRECTORY, locale.say(Label.NUMBER_ENTRIES, number=len(found.directory_told))),
        (Label.WITNESSES, _witness_words(found, locale)),
        (Label.TIME_STAMP, _stamp_words(found, locale)),
    ]
    print_fields([(locale.say(name), value) for name, value in fields])
    heading(locale.say(Label.PROVED))
    columns = (Label.ENTRY, Label.WHEN, Label.WHO, Label.WHAT, Label.RULES, Label.DISCLOSED)
    print_table(
        [Column(locale.say(each), wraps=each in _WRAPPED) for each in columns],
        [
            (
                str(told.index),
                locale.second(told.entry.hub_time),
                who(told.entry.actor, locale),
                _what(told, locale),
                ", ".join(told.entry.ruling.rule_ids) if told.entry.ruling else "",
                ", ".join(found.disclosed.get(told.index, ())),
            )
            for told in found.told
        ],
        locale.say(Label.NOTHING),
    )


def _what(told: VerifiedEntry, locale: Locale) -> str:
    """Say the record of an entry: a statement with its codes, such as the verdict, or an event."""
    if told.statement is None:
        return locale.say(told.entry.event)
    codes = statement_words(told.statement, locale.language, locale.zone)
    return ", ".join((locale.say(told.statement.kind.spec.words), *codes))


_WRAPPED = frozenset({Label.WHAT, Label.RULES, Label.DISCLOSED})
