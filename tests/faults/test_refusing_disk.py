"""The disk refuses what is written under load, by each error that disks have; then it takes it."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from tests.faults.load import (
    FULL,
    NOT_SERVING,
    SERVING,
    Load,
    free_port,
    wait_for_health,
    wait_until,
)
from tests.support import hub_process
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

SOURCE = Path(__file__).with_name("refusing_disk.c")
ERRORS = {
    errno.EDQUOT: "a quota on it is full",
    errno.EROFS: "the kernel made it read-only",
    errno.EIO: "the disk fails",
    errno.ENOSPC: "make room on the disk",
}
TRIED = list(ERRORS) if FULL else [errno.EDQUOT, errno.EROFS]


class ColdProcess:
    """As `WarmProcess`, and begun by the system's loader, which takes what is preloaded."""

    def __init__(self, code: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        program = f"import sys; sys.argv = {list(arguments)!r}\n{code}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        self.stderr: IO[str] = self._process.stderr
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    words = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(words, check=True)
    return made


@pytest.mark.parametrize("number", TRIED, ids=lambda number: errno.errorcode[number])
def test_every_receipt_survives_a_disk_that_refuses(
    tmp_path: Path,
    foundation: Foundation,
    shim: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    load = Load(foundation.copy(tmp_path / "hub"), free_port())
    refuses = tmp_path / "refuses"
    monkeypatch.setattr(hub_process, "WarmProcess", ColdProcess)
    environment = {
        "LD_PRELOAD": str(shim),
        "FAULT_WHILE": str(refuses),
        "FAULT_ERRNO": str(number),
    }
    with HubProcess(load.files, load.environment | environment) as hub:
        with load.running():
            wait_until(lambda: load.receipts_at() > 5)
            refuses.touch()
            wait_for_health(hub, NOT_SERVING)
            refuses.unlink()
            wait_for_health(hub, SERVING)
            before = load.receipts_at()
            wait_until(lambda: load.receipts_at() > before + 5)
        load.settle()
        assert hub.stop() == 0
    reasons = [str(line["why"]) for line in (*hub.said("batch_failed"), *hub.said("task_failed"))]
    assert any(ERRORS[number] in why for why in reasons), reasons
    load.verify(at_least=10)
