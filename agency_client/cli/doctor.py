"""`agency doctor`: everything that a client needs, on one page."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

import typer

import exchange_doctor
from agency_client.cli.app import app
from agency_client.cli.failures import ExitCode
from agency_client.cli.output import print_json, put
from agency_client.cli.session import Session, session_of
from agency_client.cli.setup import PANEL
from agency_client.state.checkpoints import TrustStore
from agency_client.state.expiry import key_states
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Profile
from exchange_doctor import LIST_WARN_DAYS, WARN_DAYS, Check, Grade, examine
from exchange_keys import TokenTlsKey
from exchange_protocol.errors import ExchangeError, HubUnavailable, LocalError, Reason
from exchange_protocol.record.replay import GIVEN_CONTENT
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.certificates import Usage, verify_chain

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_PACKAGES: Final = ("caricc-exchange", "grpcio", "cryptography", "followthemoney")
_SECONDS: Final = 5.0
_EXCHANGES: Final = 25
"""The newest exchanges, in which statements from another copy of the profile are looked for."""
_ADVICE: Final = {
    Reason.AGENCY_NOT_ENROLLED: (
        "call the operator by a number that you know: either your agency was taken off, or this is "
        "not your hub"
    ),
    Reason.UNAVAILABLE: "see DNS and the port above; else ask the hub's operator",
    Reason.CERTIFICATE_EXPIRED: "`agency keys renew`, or enrol again",
    Reason.CERTIFICATE_REVOKED: "enrol again; if you do not know why, call the operator",
    Reason.FILE_NOT_WRITTEN: "mend the disk of this computer, or who may write there; not the hub",
}


@app.command(rich_help_panel=PANEL)
def doctor(context: typer.Context) -> None:
    """Look at everything that you need, on one page that can be read out; changes nothing.

    Code 1 if something is bad.
    """
    session = session_of(context)
    page = examine(
        [
            ("clock", exchange_doctor.clock),
            ("profile", lambda: _profile(session)),
            ("proxy", exchange_doctor.proxy),
            ("versions", lambda: exchange_doctor.versions(*_PACKAGES)),
        ]
    )
    if session.as_json:
        print_json(exchange_doctor.as_json(page))
    else:
        put("\n".join(exchange_doctor.lines(page)) + "\n")
    if not exchange_doctor.is_well(page):
        raise typer.Exit(ExitCode.REFUSED)


def _profile(session: Session) -> Iterator[Check]:
    profile, now = session.load_profile(), datetime.now(UTC)
    member = profile.tls.certificate.identity
    yield Check("profile", Grade.OK, f"{member} at {profile.folder}")
    if isinstance(profile.tls.key, TokenTlsKey):
        yield Check(
            "TLS key", Grade.OK, "in a token, by an experimental hook of gRPC: docs/keys.md"
        )
    for each in profile.vault.unusable:
        yield Check("key", Grade.FAIL, each.why, "docs/keys.md, Lost")
    for state in key_states(profile, now):
        todo = "copy the authority's newest list" if state.is_list else "agency keys renew"
        if state.revoked:
            yield Check(state.what, Grade.FAIL, "REVOKED on the log", "enrol again")
        elif state.is_early:
            yield Check(state.what, Grade.FAIL, str(state.warning), "set the clock right")
        else:
            days = LIST_WARN_DAYS if state.is_list else WARN_DAYS
            yield exchange_doctor.ending(state.what, state.ends, now, todo, days)
    yield from _waiting(profile)
    if profile.vault.newest_key_id is None:
        yield Check("sealing key", Grade.WARN, "none: you can open nothing", "agency keys import")
    yield exchange_doctor.room("disk", profile.folder)
    yield exchange_doctor.permissions("permissions", profile.folder)
    yield from _hub(session, profile)


def _hub(session: Session, profile: Profile) -> Iterator[Check]:
    host, _, port = profile.target.rpartition(":")
    host = host.strip("[]")
    yield exchange_doctor.name_of(host)
    yield exchange_doctor.reached("port", host, int(port))
    yield from _shown_by(profile, host, int(port))
    now = datetime.now(UTC)
    before = TrustStore(profile.state, profile.log_keys, lambda: now).head()
    try:
        with session.hub() as hub:
            directory = hub.sync()
            head = hub.checkpoint()
            elsewhere = list(_signed_elsewhere(hub, profile))
    except ExchangeError as error:
        seen = f"; {before.size} entries were seen before" if before else ""
        yield Check(
            "hub",
            Grade.FAIL,
            f"{error.reason.name}: {error.message}{seen}",
            _ADVICE.get(error.reason, "read this line to the hub's operator"),
        )
        return
    yield Check(
        "hub", Grade.OK, f"verified, {head.size} entries, {len(directory.agencies)} agencies"
    )
    signing = profile.vault.certificate
    if signing is not None and signing.fingerprint not in directory.certificates:
        yield Check(
            "signing certificate",
            Grade.FAIL,
            "not on the log: nothing that you sign is accepted",
            "have an operator publish it",
        )
    yield from _newest_sealing_key(profile, directory)
    yield from elsewhere
    if profile.witnesses is None:
        yield Check("witnesses", Grade.OK, "none asked for by this profile")
    else:
        yield _witnessed(profile, head.note)


def _waiting(profile: Profile) -> Iterator[Check]:
    """The statements that wait; of a restored copy they may have been sent or withdrawn since."""
    box = Outbox(profile.state)
    for each in box.misplaced():
        yield Check(
            "outbox",
            Grade.WARN,
            f"{each.path} holds statement {each.statement_id} under another name, and is not sent",
            each.advice,
        )
    waiting = box.pending()
    if waiting:
        since = min(each.made_at for each in waiting)
        yield Check(
            "outbox",
            Grade.WARN,
            f"{len(waiting)} statements wait, the oldest since {since:%Y-%m-%d %H:%M} UTC",
            "`agency outbox list`; then `agency outbox flush`, or `withdraw` what is not meant now",
        )


def _newest_sealing_key(profile: Profile, directory: Directory) -> Iterator[Check]:
    """The agency's newest sealing key on the log, where an older copy of the profile lacks it."""
    keys = directory.sealing_keys.get(profile.agency, ())
    if not keys or profile.vault.newest_key_id is None:
        return
    newest = keys[-1].key_id
    try:
        profile.vault.sealing_key(newest)
    except ExchangeError:
        yield Check(
            "sealing key",
            Grade.WARN,
            f"the newest of {profile.agency} on the log, {newest.hex()[:16]}, is not here: what is "
            "sealed to it cannot be opened",
            "`agency keys import` from a profile that has it; after a restore, a newer backup",
        )


def _signed_elsewhere(hub: ExchangeClient, profile: Profile) -> Iterator[Check]:
    """Statements that this profile's key signed and that this profile did not send.

    It is then an older copy, or another copy is in use, or the key is with somebody else. A receipt
    is kept of each statement, and never removed. Auditors and operators have no exchanges: the hub
    lists them none.
    """
    if profile.vault.certificate is None or hub.member.role not in GIVEN_CONTENT:
        return
    own, found = profile.vault.certificate.fingerprint, []
    for summary in islice(hub.exchanges(), _EXCHANGES):
        try:
            verified = hub.get(summary.id)
        except (HubUnavailable, LocalError):
            raise
        except ExchangeError as error:
            # The others are looked at all the same, and what the page says of the hub stands.
            yield Check(
                f"exchange {summary.id}",
                Grade.FAIL,
                f"{error.reason.name}: {error.message}",
                f"`agency show {summary.id}`; read this line to the hub's operator",
            )
            continue
        receipts = hub.outbox.receipts(summary.id)
        found += [
            each
            for each in verified.statements
            if each.signed.certificate_sha256 == own
            and each.statement.id not in receipts
            and not hub.outbox.holds(each.statement.id)
        ]
    if found:
        newest = max(found, key=lambda each: each.index)
        yield Check(
            "copies",
            Grade.WARN,
            f"{len(found)} statements were signed by this profile's key and not sent from here, "
            f"the newest as entry {newest.index} at {newest.hub_time:%Y-%m-%d %H:%M} UTC",
            "this is an older copy of the profile, or another copy is in use: look at `agency "
            "outbox list` before you send what waits. If neither is so, have the certificate "
            "revoked",
        )


def _shown_by(profile: Profile, host: str, port: int) -> Iterator[Check]:
    """The certificate that whatever listens there shows; nothing where nobody does."""
    now = datetime.now(UTC)
    try:
        shown = ssl.get_server_certificate((host, port), timeout=_SECONDS)
    except OSError:
        return
    der = ssl.PEM_cert_to_DER_cert(shown)
    try:
        found = verify_chain(der, (), profile.anchors, usage=Usage.TLS_SERVER, at=now)
    except ExchangeError as error:
        yield Check(
            "hub's certificate",
            Grade.FAIL,
            f"{error.reason.name}: {error.message}",
            "somebody may stand in between: tell the operator, and send nothing by another way",
        )
        return
    if now < found.not_before:
        yield Check(
            "hub's certificate",
            Grade.FAIL,
            f"begins at {found.not_before:%Y-%m-%d %H:%M} UTC; this computer says "
            f"{now:%Y-%m-%d %H:%M} UTC",
            "set the clock if that is not the time; else tell the operator",
        )
        return
    yield exchange_doctor.ending("hub's certificate", found.not_after, now, "tell the operator")


def _witnessed(profile: Profile, note: bytes) -> Check:
    if profile.witnesses is not None and profile.witnesses.is_witnessed(note):
        return Check("witnesses", Grade.OK, "the newest checkpoint is witnessed")
    return Check(
        "witnesses",
        Grade.WARN,
        "the newest checkpoint is not cosigned yet",
        "wait some minutes; if it stays so, call the operator",
    )
