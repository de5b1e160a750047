"""The disk takes no more under load: commits fail for real, and go on when there is room again."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import psutil

from tests.faults.load import NOT_SERVING, SERVING, Load, free_port, wait_for_health
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

ENDLESS = resource.RLIM_INFINITY


def test_every_receipt_survives_a_full_disk(tmp_path: Path, foundation: Foundation) -> None:
    load = Load(foundation.copy(tmp_path / "hub"), free_port())
    with HubProcess(load.files, load.environment) as hub:
        process = psutil.Process(hub.pid)
        with load.running():
            time.sleep(0.5)
            # No file of the process may grow: write() fails as on a full disk (EFBIG).
            process.rlimit(psutil.RLIMIT_FSIZE, (4096, ENDLESS))
            wait_for_health(hub, NOT_SERVING)
            process.rlimit(psutil.RLIMIT_FSIZE, (ENDLESS, ENDLESS))
            wait_for_health(hub, SERVING)
            time.sleep(0.5)
        load.settle()
        hub.stop()
    assert any('"event": "batch_failed"' in line for line in hub.lines)
    load.verify(at_least=10)
