"""docs/getting-started.md and docs/keys.md, as they stand there, one after the other at one hub.

From nothing to the first request and its audit; then every key enrolled, renewed, lost and stolen.
The ports are free ones of this machine; nothing else of the commands changes.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.faults.load import free_port
from tests.support.hub_process import REPOSITORY
from tests.support.warm_programs import warm_environment

STOP_THE_HUB = "trap 'kill $!; wait' EXIT\n"
"""The hub is the one command of the guides that runs in the background."""
END_OF_A_GUIDE = "-- end of a guide --\n"


@dataclass(frozen=True)
class Played:
    """The output of the guides: of each that came to its end, and then the rest."""

    out: list[str]
    err: str
    code: int
    hub_log: str


def typed(guide: str) -> str:
    """The commands of a guide."""
    text = (REPOSITORY / "docs" / guide).read_text("utf-8")
    return "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Both guides: the second begins where the first ends."""
    folder = tmp_path_factory.mktemp("guides")
    told = f"printf '%s' '{END_OF_A_GUIDE}'\n"
    guides = (typed(guide) + told for guide in ("getting-started.md", "keys.md"))
    ended = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", STOP_THE_HUB + _at_free_port("".join(guides))],
        cwd=folder,
        env={
            **warm_environment(),
            "POLICIES": str(REPOSITORY / "policies"),
            "EXCHANGE_METRICS_PORT": str(free_port()),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    log = folder / "hub.log"
    return Played(
        ended.stdout.split(END_OF_A_GUIDE),
        ended.stderr,
        ended.returncode,
        log.read_text("utf-8") if log.exists() else "",
    )


def _at_free_port(script: str) -> str:
    return script.replace("8443", str(free_port()))


def test_guide_to_a_deployment_of_your_own_works_as_typed(played: Played) -> None:
    assert len(played.out) > 1, f"{played.out} {played.err}"
    request, _, inbox = played.out[0].partition("kz.fma  released to the recipient  flows at once")
    [exchange] = re.findall(r"^exchange +(\S+)$", request, flags=re.MULTILINE)
    listed = f"{exchange}  request for information  kz.mia  kz.fma: released to the recipient"
    assert listed in inbox
    assert "Clean: the log is whole and signed, and every rule was kept." in inbox


def test_guide_to_keys_works_as_typed(played: Played) -> None:
    assert played.code == 0, f"{played.out} {played.err}"
    out = "".join(played.out)
    assert "the hub has taken it" in out
    assert "In force: keys of" in out
    assert "CERTIFICATE_REVOKED" in played.err
    assert '"event": "certificate_read"' in played.hub_log
