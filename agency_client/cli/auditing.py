"""Audits of commands: of what the hub shows, or of a copy of its database.

An audit's exit codes are its own: 1 is the hub's fault alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from agency_client.audit import AuditReport, HubLog, Verdict, verify_log
from agency_client.audit.ahead import usable_cores
from agency_client.audit.database import DatabaseCopy
from agency_client.audit.monitor_state import MonitorState
from agency_client.audit.shards import begun
from agency_client.cli import inputs
from agency_client.cli.app import tell_failure
from agency_client.cli.failures import ExitCode, exit_code_of
from agency_client.cli.output import complain, progress
from agency_client.cli.session import Session
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.state.checkpoints import Head, TrustStore, WitnessedHead
from agency_client.state.profile import Profile
from exchange_files import read_given
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.record.folds import Applied

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

EXIT_CODE_OF_VERDICT: Final = {
    Verdict.VIOLATIONS: ExitCode.REFUSED,
    Verdict.TORN_COPY: ExitCode.INPUT,
    Verdict.INCOMPLETE: ExitCode.INPUT,
}
"""Exit codes of every command that audits first: 1 is the hub's fault alone."""


@contextmanager
def ending_as_audit(session: Session) -> Iterator[None]:
    """Tell a failure of the block, and end with the exit code that it has for an audit."""
    try:
        yield
    except ExchangeError as error:
        tell_failure(error, as_json=session.as_json)
        raise typer.Exit(exit_code_of(error, is_audit=True)) from None


def verify_shown(
    hub: ExchangeClient,
    head: Head | None = None,
    *,
    place: MonitorState | None = None,
    from_start: bool = False,
    watch: Callable[[Applied], None] | None = None,
) -> AuditReport:
    """Audit what the hub shows to this profile, up to a head or the newest one.

    It begins at the kept `place`, or at the start of the log where there is none or `from_start`
    asks for it. `watch` is called with every entry that was judged.
    """
    source = hub_log(hub, head)
    with progress("entries") as advance:
        return verify_log(
            source,
            hub.profile.anchors,
            auditor=hub.profile.tls.certificate.member,
            place=place,
            from_start=from_start,
            progress=advance,
            cores=usable_cores(),
            watch=watch,
        )


@contextmanager
def place_of(hub: ExchangeClient) -> Iterator[MonitorState]:
    """The place up to which this profile's auditor has checked the log."""
    profile = hub.profile
    path, auditor = profile.state / "monitor.db", profile.tls.certificate.member

    def verify(note: bytes) -> Checkpoint:
        # The client may learn of a new key before the round.
        return profile.log_keys.verifier.verify(note)

    with closing(MonitorState(path, profile.anchors, auditor, verify)) as place:
        yield place


def hub_log(hub: ExchangeClient, head: Head | None = None) -> HubLog:
    """The log as the hub shows it to this profile; where reading has to wait, that is told."""
    return HubLog(hub, head, on_pause=_tell_pause)


def _tell_pause(error: ExchangeError, seconds: float) -> None:
    complain(f"agency: {error}; going on in {seconds:g} s")


def verify_database(
    session: Session,
    path: Path,
    root: Path | None,
    log_key: str | None,
    *,
    at_least: int = 1,
    checkpoints: Sequence[Path] = (),
    watch: Callable[[Applied], None] | None = None,
) -> AuditReport:
    """Audit a copy of the database; the trust comes from the options, or from the profile.

    The copy must hold all that a profile of this log has seen, also where options say the trust.
    `watch` is called with every entry that was judged.
    """
    if root is not None and log_key is not None:
        anchors, log = inputs.trust_anchors(root, "--root"), LogVerifier(log_key)
        seen = _seen(session.load_profile(), log) if session.profile else []
    elif root is None and log_key is None and session.profile:
        profile = session.load_profile()
        anchors, log = profile.anchors, profile.log
        seen = _seen(profile, log)
    else:
        raise typer.BadParameter(
            "expected --root and --log-key together, or neither and a profile that has both"
        )
    seen += [_signed_checkpoint(each, log) for each in checkpoints]
    cores = usable_cores()
    with (
        begun(cores if watch is None else 1) as early,
        closing(DatabaseCopy(path, log)) as copy,
        progress("entries") as advance,
    ):
        return verify_log(
            copy,
            anchors,
            auditor=None,
            seen=seen,
            at_least=at_least,
            progress=advance,
            cores=cores,
            early=early,
            watch=watch,
        )


def _seen(profile: Profile, log: LogVerifier) -> list[Checkpoint]:
    """The newest checkpoint of a profile; none where its log is another."""
    if profile.log.vkey != log.vkey:
        return []
    head = TrustStore(profile.state, profile.log_keys, lambda: datetime.now(UTC)).head()
    return [head.checkpoint] if head else []


def _signed_checkpoint(path: Path, log: LogVerifier) -> Checkpoint:
    """A checkpoint of a file; one that another key signed accuses nobody."""
    try:
        return log.verify(read_given(path))
    except HubDishonest as error:
        raise Reason.DOCUMENT_INVALID.error(
            f"expected in {path} a checkpoint that the log {log.origin} signed: {error.message}"
        ) from None


def newest_witnessed(hub: ExchangeClient) -> WitnessedHead | None:
    """The newest checkpoint that enough witnesses cosigned; None if there is none yet."""
    if hub.profile.witnesses is None:
        return None
    try:
        return hub.witnessed_checkpoint()
    except ExchangeError as error:
        if error.reason is Reason.NOT_WITNESSED:
            return None
        raise


def witnesses_of(vouched: WitnessedHead, locale: Locale) -> str:
    """Say which witnesses cosigned how much of the log, and when."""
    names = [f"{each.witness} ({locale.second(each.at)})" for each in vouched.cosignatures]
    return locale.say(Label.WITNESSED_BY, size=vouched.head.size, names=", ".join(names))


def witnessed_json(vouched: WitnessedHead | None) -> dict[str, Any] | None:
    """A witnessed checkpoint as plain values."""
    if vouched is None:
        return None
    return {
        "tree_size": vouched.head.size,
        "root": vouched.head.checkpoint.root.hex(),
        "note": vouched.head.note.decode(),
        "cosignatures": [
            {"witness": each.witness, "at": iso(each.at)} for each in vouched.cosignatures
        ],
    }
