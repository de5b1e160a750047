"""One region for each scenario: a real hub, and real clients of its agencies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import Foundation
from tests.support.refusals import refusal


class Region:
    """The agencies of a running hub; a client for each member that is asked for."""

    def __init__(self, town: Deployment, port: int, clients: ExitStack) -> None:
        self.town = town
        self._port = port
        self._clients = clients
        self._open: dict[str, ExchangeClient] = {}

    def __getitem__(self, member: str) -> ExchangeClient:
        """The client of a member, such as `kz.fma/system`; of an agency it is its system."""
        name = member if "/" in member else f"{member}/system"
        if name not in self._open:
            self._open[name] = self._clients.enter_context(self.town.client(name))
        return self._open[name]

    def employ(self, member: str) -> ExchangeClient:
        """A client of a new member of an agency, which opens with the agency's sealing key."""
        profile = self.town.add_member(member, self._port)
        agency = member.partition("/")[0]
        sealing = self.town.profile(f"{agency}/system") / profile.sealing_folder.name
        shutil.copytree(sealing, profile.sealing_folder)
        assert profile.vault.certificate is not None
        self[OPERATOR].publish_certificate(profile.vault.certificate.der)
        return self[member]

    def approve(self, exchange: str, *members: str) -> None:
        """Let these members approve what waits."""
        for member in members:
            self[member].approve(exchange)

    def state(self, exchange: str, agency: str, seen_by: str) -> str:
        """The state of a leg, as a member sees it."""
        legs = self[seen_by].open(exchange).legs
        return next(leg.state.name for leg in legs if leg.agency == agency)

    def refusal(self, act: object, *arguments: object, **named: object) -> Reason:
        """The reason for which an act is refused."""
        assert callable(act)
        return refusal(act, *arguments, **named)

    def replay(self, capsys: pytest.CaptureFixture[str]) -> str:
        """Let the centre's auditor replay the whole log, and the hub check its tables by it.

        Gives the auditor's report.
        """
        files = self.town.files
        engine = open_engine(files.database_url, read_only=True)
        report = fsck(engine, files.anchors, LogVerifier(files.log_vkey))
        engine.dispose()
        assert report.is_clean, report
        code, out, err = run(capsys, *as_member(self.town, AUDITOR), "audit", "verify")
        assert code == 0, out + err
        return out


@pytest.fixture
def region(tmp_path: Path, foundation: Foundation) -> Iterator[Region]:
    with foundation.serving(tmp_path / "hub") as (town, hub), ExitStack() as clients:
        yield Region(town, hub.port, clients)
