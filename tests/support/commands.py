"""The `agency` command, run in this process."""

from __future__ import annotations

import pytest

from agency_client.cli import main
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
