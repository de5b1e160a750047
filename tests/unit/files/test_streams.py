"""A command that Ctrl-C has stopped says what became of its files."""

from __future__ import annotations

import pytest

from exchange_files import results_apart


@pytest.mark.parametrize(("code", "said"), [(130, "tool: stopped; a file is there whole"), (2, "")])
def test_stopped_command_says_that_it_may_be_run_again(
    capsys: pytest.CaptureFixture[str], code: int, said: str
) -> None:
    with pytest.raises(SystemExit) as left, results_apart("tool"):
        raise SystemExit(code)
    assert left.value.code == code
    err = capsys.readouterr().err
    assert err.startswith(said)
    assert bool(err) is bool(said)
