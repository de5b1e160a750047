"""Figures that the hub reads now and then for its metrics: no call tells of these."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine, select

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.leg_record import decode_record
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_server.backup_report import read_report
from exchange_server.ledger import Ledger
from exchange_server.metrics.instruments import Instruments
from exchange_server.storage.cosignature_rows import read_cosignatures
from exchange_server.storage.engine import reading, real_file
from exchange_server.storage.tables import legs
from exchange_server.storage.usage_rows import database_bytes
from exchange_server.tls.held_lists import fingerprint
from exchange_server.tls.revocation_file import RevocationFile

SAMPLE_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The source of the figures."""

    engine: Engine
    ledger: Ledger
    revocations: RevocationFile
    ends: Callable[[], Mapping[str, datetime]]
    """The end of the hub's own certificate and of the roots, by their names."""
    certificate_refused: Callable[[], bool]
    """True while the certificate on the hub's disk is refused."""
    witnesses: tuple[str, ...]
    """Names of the configured witnesses."""
    backup_report: Path | None
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Stored:
    """The figures of the database."""

    cosigned: Mapping[str, datetime]
    held: int
    held_since: datetime | None
    size: int


class Sampler:
    """Looks at everything every few seconds, between `start` and `close`."""

    def __init__(self, instruments: Instruments, sources: Sources) -> None:
        """Take where to look, and where to write it down."""
        self._instruments = instruments
        self._sources = sources
        self._task: asyncio.Task[None] | None = None
        self._refused_report = ""

    async def start(self) -> None:
        """Look once, then again and again."""
        for witness in self._sources.witnesses:
            self._instruments.expect_witness(witness)
        await self._sample()
        self._task = asyncio.create_task(self._keep_sampling())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_sampling(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            await self._sample()

    async def _sample(self) -> None:
        """Look once. A failure leaves the old figures and their time, which an alert watches."""
        shown, sources = self._instruments, self._sources
        try:
            shown.queue.set(sources.ledger.waiting())
            shown.entries.set(sources.ledger.tree_size)
            self._show_ends()
            stored = await asyncio.to_thread(_read, sources.engine)
            for witness, at in stored.cosigned.items():
                if witness in sources.witnesses:
                    shown.cosigned(witness, at)
            shown.held.set(stored.held)
            now = sources.clock()
            since = stored.held_since or now
            shown.oldest_held.set(max(0.0, (now - since).total_seconds()))
            shown.database_bytes.set(stored.size)
            file = real_file(sources.engine)
            if file is not None:
                disk = os.statvfs(file.parent)
                shown.disk_free.set(disk.f_bavail * disk.f_frsize)
                shown.disk_size.set(disk.f_blocks * disk.f_frsize)
            if sources.backup_report is not None:
                self._show_backup(sources.backup_report)
            shown.sampled_at.set(time.time())
        except Exception:  # noqa: BLE001 -- logged by structlog; the old time tells of it
            _log.exception("sampling_failed")

    def _show_ends(self) -> None:
        expiry, sources = self._instruments.expiry, self._sources
        for what, at in sources.ends().items():
            expiry.labels(what, "").set(at.timestamp())
        revocations = sources.revocations()
        lists = revocations.lists.values()
        if lists:
            due = min(each.next_update for each in revocations.awaited(sources.clock()))
            expiry.labels("crl", "").set(due.timestamp())
            newest = max(each.this_update for each in lists)
            self._instruments.crl_time.set(newest.timestamp())
            self._instruments.crl_fingerprint.set(fingerprint(revocations))
        self._instruments.crl_refused.set(int(bool(sources.revocations.refused)))
        self._instruments.certificate_refused.set(int(sources.certificate_refused()))
        for agency, at in first_ends(sources.ledger.directory).items():
            expiry.labels("signing", agency).set(at.timestamp())

    def _show_backup(self, report: Path) -> None:
        """Show the last backup. A report that is refused leaves the figures of the one before: they
        grow old, and an alert watches that."""
        try:
            last = read_report(report, self._sources.clock())
        except ExchangeError as error:
            if error.message != self._refused_report:
                self._refused_report = error.message
                _log.error("backup_report_refused", why=error.message)
            return
        self._refused_report = ""
        self._instruments.backup_time.set(last.ended_at.timestamp() if last else 0)
        if last:
            self._instruments.backup_bytes.set(last.size)


def first_ends(directory: Directory) -> dict[AgencyId, datetime]:
    """The time at which the first member of each agency is left without a signing certificate.

    A member who has published a newer certificate counts by that one, so a renewal ends the alarm.
    """
    latest: dict[Member, datetime] = {}
    for record in directory.certificates.values():
        if record.revoked_at is None:
            end = record.certificate.not_after
            latest[record.member] = max(end, latest.get(record.member, end))
    first: dict[AgencyId, datetime] = {}
    for member, end in latest.items():
        first[member.agency] = min(end, first.get(member.agency, end))
    return first


def _read(engine: Engine) -> _Stored:
    with reading(engine) as connection:
        cosigned: dict[str, datetime] = {}
        for row in read_cosignatures(connection):
            cosigned[row.witness] = max(row.cosigned_at, cosigned.get(row.witness, row.cosigned_at))
        query = select(legs.c.record).where(legs.c.state == int(LegState.HELD))
        times = [decode_record(record).times for record in connection.execute(query).scalars()]
        since = min((each.since for each in times if each), default=None)
        return _Stored(cosigned, len(times), since, database_bytes(connection))
