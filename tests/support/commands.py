"""The commands, run in this process."""

from __future__ import annotations

import sys

import pytest

from agency_client.cli import main
from exchange_server import cli
from tests.support.deployment import Deployment


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run the command; gives its exit code and what it printed."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, out, err


def as_member(town: Deployment, member: str) -> tuple[str, str]:
    """The words that let the command act as a member."""
    return "--profile", str(town.profile(member))


class ServerCommand:
    """The `exchange-server` command in this process: all but `serve`, which fixes grpc's TLS."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        self._monkeypatch.setattr(sys, "argv", ["exchange-server", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        assert isinstance(code, int)
        said = self._capsys.readouterr()
        return code, said.out, said.err
