"""`agency profile init|whoami|sync|agencies|keys|templates`: who you are, and whom there is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from agency_client.cli.app import app
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import Column, alarm, print_fields, print_json, print_table, put, say
from agency_client.cli.questions import ask_secret
from agency_client.cli.results import tell
from agency_client.cli.session import faults_of_profile, session_of
from agency_client.content.templates import TEMPLATES, Template
from agency_client.core.views import Sent
from agency_client.presentation.exchanges import who
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.state.checkpoints import TrustStore
from agency_client.state.directory import DirectoryStore
from agency_client.state.expiry import warnings
from agency_client.state.keys import (
    PASSPHRASE_VARIABLE,
    generate_sealing_key,
    import_sealing_keys,
)
from agency_client.state.profile import Defaults, KeyPair, PinnedHub, Profile
from exchange_files import read_given, sweep_drafts
from exchange_keys import load_foreign_key, read_passphrase
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.certificates import VerifiedCertificate

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

PANEL = "Set up"

profile = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="The folder with everything a client must know."
)
keys = typer.Typer(cls=MeaningGroup, no_args_is_help=True, help="Your agency's sealing keys.")
app.add_typer(profile, name="profile", rich_help_panel=PANEL)
app.add_typer(keys, name="keys", rich_help_panel=PANEL)


@profile.command()
def init(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder.")],
    hub: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the hub listens.")],
    hub_name: Annotated[
        str, typer.Option(help="The hub's name, to be shown; TLS checks the host.")
    ],
    root: Annotated[Path, typer.Option(help="Root certificate to trust, PEM.")],
    log_key: Annotated[str, typer.Option(metavar="VKEY", help="The log's verifier key to trust.")],
    tls_cert: Annotated[Path, typer.Option(help="Certificate that opens the channel, PEM.")],
    tls_key: Annotated[Path, typer.Option(help="Its key, PEM.")],
    signing_cert: Annotated[
        Path | None, typer.Option(help="Certificate that signs statements, PEM.")
    ] = None,
    signing_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    key_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            help="File (0600) with the keys' passphrase, which is copied into the profile; else "
            "$EXCHANGE_KEY_PASSPHRASE, and no file holds it."
        ),
    ] = None,
    crl: Annotated[Path | None, typer.Option(help="The authority's revocation list, PEM.")] = None,
    legal_basis: Annotated[
        str | None, typer.Option(metavar="CODE", help="Legal basis of statements by default.")
    ] = None,
) -> None:
    """Make a profile: pin the root and the log key, take in certificates and keys."""
    if (signing_cert is None) != (signing_key is None):
        raise typer.BadParameter("expected --signing-cert and --signing-key together")
    passphrase = read_passphrase(key_passphrase_file, PASSPHRASE_VARIABLE)
    with faults_of_profile():
        made = Profile.create(
            directory,
            hub=PinnedHub(hub, hub_name, log_key, read_given(root)),
            tls=KeyPair(read_given(tls_cert), load_foreign_key(tls_key, passphrase)),
            signing=(
                KeyPair(read_given(signing_cert), load_foreign_key(signing_key, passphrase))
                if signing_cert and signing_key
                else None
            ),
            passphrase=passphrase,
            crl_pem=read_given(crl) if crl else None,
            write_passphrase=key_passphrase_file is not None,
            defaults=Defaults(legal_basis),
        )
    if session_of(context).as_json:
        print_json({"folder": str(made.folder), "agency": made.agency})
    else:
        say(f"Profile of {made.agency}: {made.folder}")


@app.command(rich_help_panel=PANEL)
def whoami(context: typer.Context) -> None:
    """Tell who you are, by which certificates, and what you know of the hub; needs no hub.

    A certificate that was revoked, as far as the last `sync` and the profile's revocation list say,
    is marked. A certificate that ends soon is warned of.
    """
    session = session_of(context)
    loaded = session.load_profile()
    now = datetime.now(UTC)
    certificates = {"tls": loaded.tls.certificate, "signing": loaded.vault.certificate}
    head = TrustStore(loaded.state, loaded.log_keys, lambda: now).head()
    directory = DirectoryStore(loaded.state, loaded.log_keys, loaded.anchors).current
    revoked = {
        use: _revoked_at(each, directory, loaded) for use, each in certificates.items() if each
    }
    if session.as_json:
        print_json(
            {
                "agency": loaded.agency,
                "member": loaded.vault.signer.uri if loaded.vault.signer else None,
                "channel_member": str(loaded.tls.certificate.identity),
                "certificates": {
                    use: _certificate_json(each, now, revoked[use])
                    for use, each in certificates.items()
                    if each
                },
                "hub": {"target": loaded.target, "identity": str(loaded.hub)},
                "log": loaded.log.origin,
                "checkpoint": {
                    "tree_size": head.size,
                    "root": head.checkpoint.root.hex(),
                }
                if head
                else None,
                "folder": str(loaded.folder),
                "warnings": warnings(loaded, now),
                "unusable_keys": [
                    {"file": str(each.path), "why": each.why} for each in loaded.vault.unusable
                ],
            }
        )
        return
    locale = session.locale(loaded, directory)
    fields: list[tuple[str, str | Text]] = [("agency", loaded.agency)]
    for use, each in certificates.items():
        if each:
            fields += [(use, str(each.identity)), ("", _validity(each, now, revoked[use], locale))]
            if each.post_quantum_key is not None:
                fields.append(("", "with a post-quantum key (ML-DSA-65): both sign"))
    known = f"{head.size} entries, root {head.checkpoint.root.hex()[:16]}" if head else "none yet"
    fields += [
        ("hub", f"{loaded.target} ({loaded.hub})"),
        ("log", loaded.log.origin),
        ("checkpoint", known),
        ("profile", str(loaded.folder)),
    ]
    fields += [("unusable key", Text(each.why, "bold red")) for each in loaded.vault.unusable]
    fields += [("warning", alarm(each)) for each in warnings(loaded, now)]
    print_fields(fields)


@app.command(rich_help_panel=PANEL)
def sync(context: typer.Context) -> None:
    """Fetch the newest directory, policy and checkpoint, and verify them."""
    session = session_of(context)
    with session.hub() as hub:
        directory = hub.sync()
        head = hub.checkpoint()
        locale = session.locale_of(hub)
    if session.as_json:
        print_json(
            _directory_json(directory)
            | {"tree_size": head.size, "root": head.checkpoint.root.hex()}
        )
        return
    policy = directory.policy.digest.hex()[:16] if directory.policy else "none"
    say(
        f"Verified: {head.size} entries, {directory.size} of them of the directory; "
        f"{len(directory.agencies)} agencies, policy {policy}."
    )
    waits = directory.proposal
    if waits is not None and waits.lapses_at > datetime.now(UTC):
        say(
            f"A policy that {who(waits.author, locale)} proposed waits for a second operator until "
            f"{locale.minute(waits.lapses_at)}: `agency operator show-policy --proposed`."
        )


@app.command(rich_help_panel=PANEL)
def agencies(context: typer.Context) -> None:
    """List the enrolled agencies."""
    session = session_of(context)
    with session.hub() as hub:
        directory = hub.sync()
        locale = session.locale_of(hub)
    if session.as_json:
        print_json(_directory_json(directory))
        return
    columns = (Label.AGENCY, Label.NAME, Label.COUNTRY, Label.KIND, Label.TIME_ZONE)
    without_key = Text(locale.say(Label.NO), style="yellow")
    print_table(
        [
            *(Column(locale.say(each), wraps=each is Label.NAME) for each in columns),
            locale.say(Label.SEALING_KEY),
        ],
        [
            (
                each.id,
                locale.one_line(each.name),
                each.country or "-",
                locale.say(each.agency_type),
                each.time_zone,
                locale.say(Label.YES) if directory.sealing_keys.get(each.id) else without_key,
            )
            for each in sorted(directory.agencies.values(), key=lambda each: each.id)
        ],
        locale.say(Label.NOTHING),
    )


@keys.command()
def publish(context: typer.Context) -> None:
    """Make a new sealing key and publish it; old ones stay to open what was sealed to them.

    Where a key was made and not published, as by a command that was cut off, that key is published.
    """
    session = session_of(context)
    with session.hub() as hub:
        # No key is made that could not be published.
        before = _published(hub)
        # The statement of a command that was cut off waits in the outbox.
        finished = [each for each in hub.flush_outbox() if isinstance(each, Sent)]
        published = _published(hub)
        loaded, locale = hub.profile, session.locale_of(hub)
    sweep_drafts(loaded.sealing_folder)
    newest = loaded.vault.newest_key_id
    if finished and newest in published - before:
        tell(session, finished[-1], "Published", locale)
        return
    if newest is None or newest in published:
        generate_sealing_key(loaded.sealing_folder, loaded.passphrase(), datetime.now(UTC))
    # The profile is loaded anew, with the key.
    with session.hub() as hub:
        result = hub.publish_sealing_key()
    tell(session, result, "Published", locale)


def _published(hub: ExchangeClient) -> set[bytes]:
    """The ids of the agency's sealing keys on the log."""
    return {key.key_id for key in hub.sync().sealing_keys.get(hub.agency, ())}


@keys.command("import")
def import_keys(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder `sealing` of the other profile.")
    ],
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File (0600) with the other profile's passphrase; else it is asked for.",
        ),
    ] = None,
) -> None:
    """Take your agency's sealing keys over from another of its profiles.

    Content is sealed to an agency, and each of its officers opens it with a copy of that key. The
    copies are encrypted under this profile's own passphrase; the log must know the keys as yours.
    """
    session = session_of(context)
    theirs = (
        read_passphrase(passphrase_file, PASSPHRASE_VARIABLE)
        if passphrase_file
        else _ask_passphrase()
    )
    with session.hub() as hub:
        published = _published(hub)
        own = hub.profile
    new = import_sealing_keys(folder, theirs, own.sealing_folder, own.passphrase(), published)
    if session.as_json:
        print_json({"imported": [each.hex() for each in new]})
    else:
        say(f"Imported: {', '.join(each.hex()[:16] for each in new) or 'nothing new'}")


def _ask_passphrase() -> bytes:
    if not sys.stdin.isatty():
        raise typer.BadParameter("expected --passphrase-file where no terminal is")
    return ask_secret("Passphrase of the other profile")


@app.command(rich_help_panel=PANEL)
def templates(
    context: typer.Context,
    template: Annotated[Template, typer.Argument(help="Which document.")],
) -> None:
    """Print a commented YAML template to start from."""
    if session_of(context).as_json:
        print_json({"template": template.value, "yaml": TEMPLATES[template]})
    else:
        put(TEMPLATES[template])


def _revoked_at(
    certificate: VerifiedCertificate, directory: Directory, profile: Profile
) -> datetime | None:
    """The time of a revocation that this profile knows of: on the log, or in its list."""
    record = directory.certificates.get(certificate.fingerprint)
    if record is not None and record.revoked_at is not None:
        return record.revoked_at
    for each in profile.revocations.lists.values() if profile.revocations else ():
        if each.is_revoked(certificate):
            # Where an intermediate above it was revoked, the list has no time for the certificate.
            return each.revoked.get(certificate.serial, each.this_update)
    return None


def _validity(
    certificate: VerifiedCertificate, now: datetime, revoked_at: datetime | None, locale: Locale
) -> Text:
    start, end = locale.second(certificate.not_before), locale.second(certificate.not_after)
    span = locale.say(Label.VALID, start=start, end=end)
    if revoked_at is not None:
        warning = locale.say(Label.REVOKED_SINCE, time=locale.second(revoked_at))
    elif not certificate.not_before <= now <= certificate.not_after:
        warning = locale.say(Label.NOT_VALID_NOW)
    else:
        return Text(span)
    return alarm(f"{span}: {warning.upper()}")


def _certificate_json(
    certificate: VerifiedCertificate, now: datetime, revoked_at: datetime | None
) -> dict[str, Any]:
    return {
        "identity": str(certificate.identity),
        "sha256": certificate.fingerprint.hex(),
        "serial": f"{certificate.serial:x}",
        "not_before": iso(certificate.not_before),
        "not_after": iso(certificate.not_after),
        "valid_now": certificate.not_before <= now <= certificate.not_after and revoked_at is None,
        "revoked_at": iso(revoked_at),
        "has_post_quantum_key": certificate.post_quantum_key is not None,
    }


def _directory_json(directory: Directory) -> dict[str, Any]:
    return {
        "directory_size": directory.size,
        "operating_agency": directory.operating_agency,
        "policy_sha256": directory.policy.digest.hex() if directory.policy else None,
        "proposed_policy_sha256": directory.proposal.policy.digest.hex()
        if directory.proposal
        else None,
        "agencies": [
            {
                "agency": each.id,
                "name": each.name,
                "country": each.country or None,
                "agency_type": each.agency_type.name,
                "time_zone": each.time_zone,
                "has_sealing_key": bool(directory.sealing_keys.get(each.id)),
                "requires_post_quantum": each.id in directory.post_quantum,
            }
            for each in sorted(directory.agencies.values(), key=lambda each: each.id)
        ],
    }
