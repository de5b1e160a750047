"""docs/getting-started.md, as it stands there: from nothing to the first request and its audit.

The port is a free one of this machine; nothing else of the commands changes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.faults.load import free_port
from tests.support.hub_process import REPOSITORY

GUIDE = REPOSITORY / "docs" / "getting-started.md"

STOP_THE_HUB = "trap 'kill $!; wait' EXIT\n"
"""The hub is the one command of the guide that runs in the background."""


def test_guide_to_a_deployment_of_your_own_works_as_typed(tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    script = STOP_THE_HUB + "".join(blocks).replace("8443", str(free_port()))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    ended = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    request, _, inbox = ended.stdout.partition("kz.fma  released to the recipient  flows at once")
    [exchange] = re.findall(r"^exchange +(\S+)$", request, flags=re.MULTILINE)
    listed = f"{exchange}  request for information  kz.mia  kz.fma: released to the recipient"
    assert listed in inbox
    assert "Clean: the log is whole and signed, and every rule was kept." in inbox
