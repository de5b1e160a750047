"""The hub's TLS key is stolen: a false hub is believed by nobody who pins the log's key.

He has the pair and no key of the log. A new pair goes to the hub, the old one is revoked, and no
hub starts with that. Clients read no list of hubs: the log's key keeps them from him until it ends.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from exchange_certs.records import RevocationReason
from exchange_protocol.errors import HubDishonest, Reason
from exchange_server.bootstrap import utc_now
from tests.faults.rotation import Rotation, does_not_start, nothing_is_lost
from tests.support.asking import ask
from tests.support.deployment import Deployment
from tests.support.foundation import NEWCOMER, OFFICERS, Foundation
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub

VICTIM = OFFICERS[0]
PAIR = ("hub.key", "hub.pem")
TAKES_ANYBODY = """
from exchange_server.tls import tls_version
tls_version.require_tls13()
tls_version.require_tls13 = lambda: None
from exchange_server.rpc import authorization
authorization.verify_allowed = lambda *_: None
from exchange_server.cli import main; main()
"""
"""Nobody is enrolled on his log, and he lets everyone in."""


@contextmanager
def false_hub(true: HubFiles, stolen: Path, folder: Path) -> Iterator[HubProcess]:
    """A hub of the thief: the stolen pair, a list of before, and a log of his own that is empty."""
    files = prepare_hub(folder, authority=true.authority)
    for name in PAIR:
        shutil.copy(stolen / name, files.folder / name)
    text = files.config_file.read_text("utf-8")
    text = text.replace(str(true.crl_file), str(stolen / "crl.pem"))
    files.config_file.write_text(text, encoding="utf-8")
    shutil.copy(stolen / "crl.pem", files.config.held_lists)
    with HubProcess(files, code=TAKES_ANYBODY) as hub:
        yield hub


def believes_nothing(town: Deployment, hub: HubProcess, member: str) -> None:
    """A member is led to a false hub: it refuses it at each call, and learns nothing from it."""
    before = (town.profile(member) / "state" / "checkpoint").read_bytes()
    town.point_to(hub.port, member)
    with town.client(member) as client:
        known = client.directory.size
        for act in (client.sync, client.checkpoint, lambda: ask(client, "kz.fma")):
            with pytest.raises(HubDishonest) as caught:
                act()
            assert caught.value.reason is Reason.CHECKPOINT_INVALID
        assert client.directory.size == known
        assert list(client.outbox.pending()) == []
    assert (town.profile(member) / "state" / "checkpoint").read_bytes() == before


def test_tls_key_of_the_hub(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    town, files = rotation.town, rotation.files
    stolen = tmp_path / "stolen"
    stolen.mkdir()
    for name in PAIR:
        shutil.copy(files.folder / name, stolen / name)
    shutil.copy(files.crl_file, stolen / "crl.pem")
    try:
        town.point_to(rotation.hub.port)
        for member in (VICTIM, NEWCOMER):
            with town.client(member) as client:
                client.sync()
        # Before: the false hub has the name and the chain, and is known by its log alone.
        with false_hub(files, stolen, tmp_path / "false") as thief:
            believes_nothing(town, thief, VICTIM)
        town.point_to(rotation.hub.port)
        with rotation.load.running():
            rotation.go_on()
            rotation.replace_hub_certificate()
            rotation.restart()
            rotation.go_on()
            old = x509.load_pem_x509_certificate((stolen / "hub.pem").read_bytes())
            files.authority.revoke(
                old.serial_number, RevocationReason.KEY_COMPROMISE, now=utc_now()
            )
            # With the new pair the hub goes on, and starts; every client follows.
            rotation.go_on()
            rotation.restart()
            rotation.go_on()
        # After: nobody's hub starts with the revoked pair where the list is read.
        rotation.load.settle()
        rotation.hub.stop()
        rotation.hub.close()
        kept = tmp_path / "kept"
        kept.mkdir()
        for name in PAIR:
            shutil.move(files.folder / name, kept / name)
            shutil.copy(stolen / name, files.folder / name)
        does_not_start(rotation, "revoked")
        for name in PAIR:
            shutil.copy(kept / name, files.folder / name)
        rotation.hub = rotation._start()
        # The thief's own hub starts, for it reads a list of before. Its log convinces nobody.
        with false_hub(files, stolen, tmp_path / "later") as thief:
            believes_nothing(town, thief, VICTIM)
        town.point_to(rotation.hub.port)
        nothing_is_lost((rotation, tmp_path, capsys))
    finally:
        rotation.hub.close()
