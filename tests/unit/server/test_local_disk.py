"""SQLite is served from a local disk alone, and a file system without locks is named."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.storage.database_file import FileClaim
from exchange_server.storage.engine import open_engine
from exchange_server.storage.local_disk import verify_local

MOUNTS = r"""sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
server:/share /srv/the\040hub nfs4 rw,vers=4.2 0 0
//server/share /mnt/обмен cifs rw 0 0
/dev/sdb1 /srv/the\040hub/local xfs rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    (tmp_path / "mounts").write_text(MOUNTS, encoding="utf-8")
    return tmp_path / "mounts"


@pytest.mark.parametrize(
    ("file", "kind"),
    [("/srv/the hub/data/hub.db", "nfs4 at /srv/the hub"), ("/mnt/обмен/hub.db", "cifs")],
)
def test_network_file_system_is_refused_with_the_way_out(
    file: str, kind: str, mounts: Path
) -> None:
    with pytest.raises(ExchangeError, match="local disk, or use PostgreSQL") as refused:
        verify_local(Path(file), mounts)
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert kind in refused.value.message


@pytest.mark.parametrize("file", ["/var/hub.db", "/srv/the hub/local/hub.db", "/srv/hub.db"])
def test_local_disk_is_taken(file: str, mounts: Path) -> None:
    verify_local(Path(file), mounts)


def test_system_without_a_list_of_mounts_refuses_nothing(tmp_path: Path) -> None:
    verify_local(Path("/srv/the hub/hub.db"), tmp_path / "none")


def test_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(ExchangeError, match=r"no working locks .* local disk") as refused:
        FileClaim(engine)
    assert refused.value.reason is Reason.CONFIG_INVALID
    engine.dispose()
