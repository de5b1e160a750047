"""An enrolled deployment at rest: made once in a run of tests, and copied for each hub.

    foundation = lay_foundation(folder)                     the whole cast is enrolled
    town = foundation.copy(tmp_path / "hub")                files of its own, no hub yet
    with foundation.serving(tmp_path / "hub") as (town, hub): ...

A copy has the keys, the certificates and the log of the foundation, and files and a database of its
own; what one test says or revokes, no other sees.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from exchange_certs.authority import Authority
from exchange_server.storage.engine import open_engine
from tests.support.deployment import Deployment, deploy
from tests.support.hub_process import PASSPHRASE, HubFiles, HubProcess, prepare_hub
from tests.support.schema import make_schema, put_rows, rows_of

STATE_AUDITOR = "kz.gpo/auditor/auditor1"
PROSECUTOR = "kz.gpo/authoriser/prosecutor1"
OFFICERS = tuple(f"kz.mia/officer/officer{number}" for number in range(4))
NEWCOMER = "kz.mia/officer/newcomer"
"""An officer whose client has never seen the hub."""


@dataclass(frozen=True)
class Foundation:
    """A hub's files and its members' profiles, from which no hub runs."""

    files: HubFiles

    def copy(
        self,
        folder: Path,
        *,
        limits: Mapping[str, float] | None = None,
        database_url: str | None = None,
    ) -> Deployment:
        """A deployment of its own in a new folder; with a URL, in an empty PostgreSQL."""
        shutil.copytree(self.files.folder, folder)
        config = folder / "hub.toml"
        text = config.read_text("utf-8").replace(str(self.files.folder), str(folder))
        url = f"sqlite:///{folder}/hub.db"
        if database_url is not None:
            text = text.replace(url, database_url)
            _copy_rows(url, database_url)
        # The limits are the last section.
        text += "".join(f"{key} = {value}\n" for key, value in (limits or {}).items())
        config.write_text(text, encoding="utf-8")
        files = replace(
            self.files,
            folder=folder,
            config_file=config,
            authority=Authority.open(folder / "authority", PASSPHRASE),
            database_url=database_url or url,
        )
        return Deployment(files, folder / "profiles")

    @contextmanager
    def serving(
        self, folder: Path, environment: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Deployment, HubProcess]]:
        """Run a hub over a copy, with every profile pointed to it."""
        town = self.copy(folder)
        with HubProcess(town.files, environment) as hub:
            town.point_to(hub.port)
            yield town, hub


def laid_once(factory: pytest.TempPathFactory, lay: Callable[[Path], Foundation]) -> Foundation:
    """Give what `lay` makes in a folder of all processes of a run; the first that asks lays it."""
    base = factory.getbasetemp()
    # Processes of one run have their folders side by side.
    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    folder = (base.parent if is_shared else base) / lay.__name__
    folder.mkdir(exist_ok=True)
    key = folder / "log.vkey"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not key.exists():
            laid = lay(folder)
            key.write_text(laid.files.log_vkey, "utf-8")
            return laid
    hub = folder / "hub"
    authority = Authority.open(hub / "authority", PASSPHRASE)
    url = f"sqlite:///{hub}/hub.db"
    return Foundation(HubFiles(hub, hub / "hub.toml", authority, key.read_text("utf-8"), url))


def lay_foundation(folder: Path) -> Foundation:
    """Enrol the whole cast at a hub that then stops; some agencies have several members."""
    files = prepare_hub(folder / "hub")
    with HubProcess(files) as hub:
        deployment = deploy(
            files, hub.port, others=(STATE_AUDITOR, *OFFICERS, NEWCOMER, PROSECUTOR)
        )
        for officer in OFFICERS:
            # Who has never seen the hub cannot say anything while it is away.
            with deployment.client(officer) as client:
                client.sync()
        hub.stop()
    return Foundation(files)


def _copy_rows(source_url: str, target_url: str) -> None:
    """Fill an empty database with the rows of another."""
    source, target = open_engine(source_url), open_engine(target_url)
    make_schema(target)
    put_rows(target, rows_of(source))
    source.dispose()
    target.dispose()
