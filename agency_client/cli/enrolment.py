"""`agency enrol` and `agency keys status|renew|accept`: first certificates, and the next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agency_client.cli import enrolment_by_hub, inputs
from agency_client.cli.app import app
from agency_client.cli.enrolment_by_hub import fetch_answer
from agency_client.cli.meant import MeaningGroup
from agency_client.cli.output import alarm, print_fields, print_json, say
from agency_client.cli.results import tell
from agency_client.cli.session import session_of
from agency_client.cli.setup import PANEL, keys
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.state.expiry import KeyState, key_states
from agency_client.state.keys import PASSPHRASE_VARIABLE
from agency_client.state.profile import SECOND_KEY_FILE, Defaults, KeyPair, PinnedHub, Profile
from agency_client.state.renewal import (
    RENEWAL_FOLDER,
    REQUEST_FILE,
    begin,
    begin_renewal,
    finish_renewal,
    read_answer,
    read_given_answer,
)
from exchange_keys import load_foreign_key, read_passphrase, read_pinned, read_secret
from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import Member, Role

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

enrol = typer.Typer(
    cls=MeaningGroup, no_args_is_help=True, help="Get your first certificates; keys stay here."
)
app.add_typer(enrol, name="enrol", rich_help_panel=PANEL)

KeyPassphraseFile = Annotated[
    Path | None,
    typer.Option(help=f"File (0600) with the keys' passphrase; else ${PASSPHRASE_VARIABLE}."),
]
PostQuantum = Annotated[
    bool,
    typer.Option(
        "--post-quantum", help="Make a key of ML-DSA-65 too; then both sign every statement."
    ),
]


@enrol.command()
def new(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder.")],
    agency: Annotated[str, typer.Option(parser=inputs.agency, metavar="ID")],
    role: Annotated[Role, typer.Option(help="Your role.")],
    trust_domain: Annotated[str, typer.Option(help="Of the deployment, such as caricc.example.")],
    name: Annotated[str | None, typer.Option(help="Your name in it; a system has none.")] = None,
    post_quantum: PostQuantum = False,
    key_passphrase_file: KeyPassphraseFile = None,
) -> None:
    """Make keys and a request. The keys stay here; the request goes to the authority."""
    passphrase = read_passphrase(key_passphrase_file, PASSPHRASE_VARIABLE)
    member = Member(trust_domain, inputs.agency(agency), role, name)
    request = begin(folder, member, passphrase, post_quantum=post_quantum)
    if session_of(context).as_json:
        print_json({"request": str(folder / REQUEST_FILE), "fingerprint": request.fingerprint})
        return
    say(f"Request of {request.identity}: {folder / REQUEST_FILE}")
    say(f"Fingerprint, to be read out by phone: {request.fingerprint}")
    say(
        "Send the request to the authority: the file, or `agency enrol send` by a colleague who has"
    )
    say("a profile. Then call two of its operators, each by a number")
    say("that you know, and read the fingerprint to them.")


@enrol.command()
def finish(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of `enrol new`.")],
    profile: Annotated[Path, typer.Option("--to", metavar="DIR", help="Profile to make.")],
    answer: Annotated[
        Path | None,
        typer.Argument(
            metavar="[ANSWER.json]",
            help="From the authority; else it is fetched where `enrol send` has sent the request.",
        ),
    ] = None,
    hub: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the hub listens.")
    ] = None,
    hub_name: Annotated[
        str | None, typer.Option(help="The hub's name, to be shown; TLS checks the host.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Root certificate to trust, PEM.")] = None,
    log_key: Annotated[
        str | None, typer.Option(metavar="VKEY", help="The log's verifier key to trust.")
    ] = None,
    legal_basis: Annotated[
        str | None, typer.Option(metavar="CODE", help="Legal basis of statements by default.")
    ] = None,
    key_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            help="File (0600) with the keys' passphrase, which is copied into the profile; else "
            f"${PASSPHRASE_VARIABLE}, and no file holds it."
        ),
    ] = None,
) -> None:
    """Take the authority's answer and make the profile. Root and log key come by another way.

    With --profile, a profile of the same agency: the answer is fetched through it, and what is not
    given of --hub, --hub-name, --root and --log-key is as it has them.
    """
    session = session_of(context)
    colleague = session.load_profile() if session.profile else None
    passphrase = read_passphrase(key_passphrase_file, PASSPHRASE_VARIABLE)
    if root is not None:
        roots = read_pinned(root, Reason.PROFILE_INVALID)
        anchors = inputs.anchors_of(roots, root, "--root")
    else:
        known = _known(colleague, "--root")
        roots, anchors = known.roots_pem, known.anchors
    if answer is not None:
        data = read_given_answer(answer)
    else:
        _known(colleague, "ANSWER.json")
        with session.hub() as link:
            data = fetch_answer(link, folder)
    got = read_answer(data, folder, anchors, datetime.now(UTC))
    second = folder / SECOND_KEY_FILE
    made = Profile.create(
        profile,
        hub=PinnedHub(
            target=hub or _known(colleague, "--hub").target,
            name=hub_name or _known(colleague, "--hub-name").hub_name,
            log_vkey=log_key or _known(colleague, "--log-key").files("hub")["log_vkey"],
            roots_pem=roots,
        ),
        tls=KeyPair(got.tls_pem, load_foreign_key(folder / "tls.key", passphrase)),
        signing=KeyPair(
            got.signing_pem,
            load_foreign_key(folder / "signing.key", passphrase),
            read_secret(second) if second.exists() else None,
        ),
        passphrase=passphrase,
        crl_pem=got.crl_pem,
        write_passphrase=key_passphrase_file is not None,
        defaults=Defaults(legal_basis or (colleague.defaults.legal_basis if colleague else None)),
    )
    if session.as_json:
        print_json({"folder": str(made.folder), "agency": made.agency})
        return
    say(f"Profile of {made.vault.member}: {made.folder}")
    if made.vault.member.role is Role.SYSTEM:
        say("Once an operator has published the certificate: `agency keys publish`.")


enrolment_by_hub.register(enrol)


@keys.command()
def status(context: typer.Context) -> None:
    """Tell until when your certificates are good, and what to do; needs no hub."""
    session = session_of(context)
    loaded, now = session.load_profile(), datetime.now(UTC)
    states = key_states(loaded, now)
    if session.as_json:
        told: list[dict[str, Any]] = [
            {
                "what": each.what,
                "ends": iso(each.ends),
                "days": each.days,
                "revoked": each.revoked,
                "warning": each.warning,
            }
            for each in states
        ]
        print_json({"keys": told, "renewal_waits": (loaded.folder / RENEWAL_FOLDER).exists()})
        return
    locale = session.locale(loaded)
    print_fields(
        [
            (
                each.what,
                alarm(_warned(each, locale))
                if each.warning
                else f"good until {locale.second(each.ends)}, {each.days} days",
            )
            for each in states
        ]
    )
    if (loaded.folder / RENEWAL_FOLDER).exists():
        say("A renewal waits for the authority's answer: `agency keys accept ANSWER.json`.")


def _warned(state: KeyState, locale: Locale) -> str:
    """The warning, beside the end that it is about."""
    return str(state.warning) if state.is_early else f"{locale.second(state.ends)}: {state.warning}"


@keys.command()
def renew(context: typer.Context, post_quantum: PostQuantum = False) -> None:
    """Make your next keys for TLS and signing, and a request that your present keys sign.

    A post-quantum key is renewed with them where you have one.
    """
    session = session_of(context)
    loaded = session.load_profile()
    request = begin_renewal(loaded, post_quantum=post_quantum)
    file = loaded.folder / RENEWAL_FOLDER / REQUEST_FILE
    if session.as_json:
        print_json({"request": str(file), "fingerprint": request.fingerprint})
        return
    say(f"Renewal of {request.identity}: {file}")
    say("Send it to the authority: `agency enrol send`, or the file. No phone call is needed.")
    say("Your present keys stay in force.")


@keys.command()
def accept(
    context: typer.Context,
    answer: Annotated[
        Path | None,
        typer.Argument(
            metavar="[ANSWER.json]",
            help="From the authority; else it is fetched where `enrol send` has sent the request.",
        ),
    ] = None,
) -> None:
    """Take the answer to a renewal: publish the new certificate, then put the keys in force.

    A system publishes for its agency. Another member's certificate is published by its system or
    by an operator first (`agency operator certificate`).
    """
    session = session_of(context)
    now = datetime.now(UTC)
    with session.hub() as hub:
        loaded = hub.profile
        made = loaded.folder / RENEWAL_FOLDER
        data = fetch_answer(hub, made) if answer is None else read_given_answer(answer)
        got = read_answer(data, made, loaded.anchors, now)
        _publish(hub, got.signing.der, got.signing.fingerprint)
    finish_renewal(loaded, got)
    if session.as_json:
        print_json({"ends": iso(got.signing.not_after)})
    else:
        ends = session.locale(loaded).second(got.signing.not_after)
        say(f"In force: keys of {loaded.vault.member}, good until {ends}.")
        say(
            "Programs that run take the new keys up by themselves, within a second; start one anew "
            "where a person typed its passphrase."
        )


@keys.command("require-post-quantum")
def require_post_quantum(
    context: typer.Context,
    no_longer: Annotated[bool, typer.Option("--no-longer", help="Take the demand back.")] = False,
) -> None:
    """Bind your agency: from now on each of its statements needs a post-quantum signature.

    First let every member of the agency renew with `agency keys renew --post-quantum`. The agency's
    system says it; for the operating agency an operator may.
    """
    session = session_of(context)
    with session.hub() as hub:
        result = hub.require_post_quantum(not no_longer)
        locale = session.locale_of(hub)
    tell(session, result, "Published", locale)


def _known(colleague: Profile | None, missing: str) -> Profile:
    """The profile that stands in for what was not given; raises MISSING_FIELD without one."""
    if colleague is None:
        raise Reason.MISSING_FIELD.error(
            f"expected {missing}, or --profile with a profile of the same agency"
        )
    return colleague


def _publish(hub: ExchangeClient, der: bytes, fingerprint: bytes) -> None:
    if fingerprint in hub.sync().certificates:
        return
    member = hub.profile.vault.member
    if member.role not in (Role.SYSTEM, Role.OPERATOR):
        raise Reason.CERTIFICATE_UNKNOWN.error(
            "expected the new signing certificate on the log; have your agency's system or an "
            "operator publish it (`agency operator certificate`), then repeat this"
        )
    hub.publish_certificate(der)
    if fingerprint not in hub.sync().certificates:
        raise Reason.CERTIFICATE_UNKNOWN.error(
            "expected the new signing certificate on the log; it waits in the outbox. Repeat this "
            "once the hub is back"
        )
