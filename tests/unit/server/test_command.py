"""The command of the hub says of which version it is."""

from __future__ import annotations

import re

from typer.testing import CliRunner

from exchange_server.cli import app


def test_version_is_printed() -> None:
    ended = CliRunner().invoke(app, ["--version"])
    assert ended.exit_code == 0
    assert re.fullmatch(r"exchange-server \d+\.\d+\.\d+\S*\n", ended.output)
