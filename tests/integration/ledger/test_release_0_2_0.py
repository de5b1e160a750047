"""This version takes up what 0.2.0 has left behind: database, profiles and messages.

`tests/data/v0_2_0` was made by that version with its own guide: a hub and agencies, a request that
was answered and closed, and a request that waits in an outbox since the hub is away. All of it is
fictional, its keys among it.
"""

from __future__ import annotations

import tarfile
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from agency_client import Profile
from agency_client.audit import verify_log
from agency_client.audit.database import DatabaseCopy
from agency_client.state.checkpoints import TrustStore
from agency_client.state.directory import DirectoryStore
from agency_client.state.outbox import Outbox
from exchange_keys import load_signer
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.signer import SignatureAlgorithm
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_server.bootstrap import utc_now
from exchange_server.caller import Caller
from exchange_server.ledger import Ledger
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from exchange_server.storage.schema import check_schema, migrate

DATA = Path(__file__).resolve().parents[2] / "data" / "v0_2_0" / "place.tar.gz"
SCHEMA, ENTRIES = "0005", 20
LOG_NAME = "caricc.example/exchange-log"


@dataclass(frozen=True)
class Place:
    """The folder in which that version ran."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'hub.db'}"

    @property
    def log(self) -> LogVerifier:
        return LogVerifier((self.folder / "log.vkey").read_text("utf-8").strip())

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors.from_pem((self.folder / "authority" / "root.pem").read_bytes())

    def migrate(self) -> str | None:
        """Migrate the database; gives the schema that it had."""
        engine = open_engine(self.url)
        try:
            before, _ = migrate(engine, self.anchors)
            check_schema(engine)
        finally:
            engine.dispose()
        return before

    def profile(self, name: str) -> Profile:
        return Profile.load(self.folder / name)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    with tarfile.open(DATA) as archive:
        archive.extractall(tmp_path, filter="data")
    for each in tmp_path.rglob("*"):
        each.chmod(0o700 if each.is_dir() else 0o600)
    return Place(tmp_path)


def test_its_database_is_migrated_and_clean(place: Place) -> None:
    assert place.migrate() == SCHEMA
    engine = open_engine(place.url)
    report = fsck(engine, place.anchors, place.log)
    engine.dispose()
    assert report.findings == ()
    assert report.entries == ENTRIES


@pytest.mark.parametrize("is_migrated", [False, True])
def test_a_copy_of_it_is_audited_before_and_after(place: Place, is_migrated: bool) -> None:
    if is_migrated:
        place.migrate()
    with closing(DatabaseCopy(place.folder / "hub.db", place.log)) as copy:
        report = verify_log(copy, place.anchors, auditor=None)
    assert report.violations == ()


def test_its_profiles_load_with_what_they_know(place: Place) -> None:
    for name in ("kz.mia-erlan", "kz.fma"):
        profile = place.profile(name)
        head = TrustStore(profile.state, profile.log_keys, utc_now).head()
        assert head is not None
        assert 0 < head.size <= ENTRIES
        directory = DirectoryStore(profile.state, profile.log_keys, profile.anchors).current
        assert {"caricc", "kz.mia", "kz.fma"} <= directory.agencies.keys()
        assert profile.vault.newest_key_id is not None
    receipts = Outbox(place.profile("kz.mia-erlan").state).all_receipts()
    assert len(receipts) == 2


async def test_a_message_that_waited_is_accepted_by_this_hub(place: Place) -> None:
    place.migrate()
    profile = place.profile("kz.mia-erlan")
    box = Outbox(profile.state)
    [waiting] = box.pending()
    stored = box.load(waiting.statement_id)
    parts = {part.name: stored.part_path(part.name).read_bytes() for part in stored.statement.parts}
    passphrase = (place.folder / "hub.passphrase").read_bytes().strip()
    key = load_signer(place.folder / "log.key", passphrase, SignatureAlgorithm.ED25519)
    crl = (place.folder / "authority" / "crl.pem").read_bytes()
    engine = open_engine(place.url)
    ledger = await Ledger.open(
        engine,
        anchors=place.anchors,
        signer=LogSigner(LOG_NAME, key),
        clock=lambda: waiting.made_at + timedelta(minutes=1),
        revocations=lambda: Revocations.from_pem(crl, place.anchors),
    )
    tls = profile.tls.certificate
    accepted = await ledger.submit(Caller(tls.member, tls.fingerprint), stored.signed, parts, 0)
    assert accepted.index == ENTRIES
    await ledger.close()
    report = fsck(engine, place.anchors, place.log)
    engine.dispose()
    assert report.findings == ()
    assert report.entries == ENTRIES + 1
