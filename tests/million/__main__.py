"""A long log that version 0.2.0 left, taken up by this one: `make million`.

The code of an earlier commit fills a hub of its own with signed statements. Then this version
migrates its database, and `fsck` and `agency audit verify` replay every entry of it. The report
says how long each took, how much memory, and how large the database is before and after.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
VERSION_0_2_0: Final = "a6a6bce"
"""The last commit of schema 0005, with which compatibility begins."""
_MAIN: Final = "from {} import main; main()"
SERVER: Final = _MAIN.format("exchange_server.cli")
AGENCY: Final = _MAIN.format("agency_client.command")


def _python(code: Path, *words: str) -> str:
    """Run Python over the code of a folder; gives what it printed, and tells time and memory."""
    paths = os.pathsep.join(str(code / each) for each in (".", "proto", "certs"))
    environment = {**os.environ, "PYTHONPATH": paths}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *words], cwd=code, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        print(f"   {line.rstrip()}", flush=True)
    # `wait4` tells the peak memory of this one process.
    _, status, used = os.wait4(process.pid, 0)
    code_of_exit = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    print(f"   {seconds:.1f} s, {used.ru_maxrss / 1024:.0f} MiB at most", flush=True)
    if code_of_exit:
        raise SystemExit(f"it ended with {code_of_exit}")
    return "".join(said)


def _step(text: str, folder: Path) -> None:
    size = sum(each.stat().st_size for each in folder.glob("hub.db*")) / 1e6
    print(f"== {text} (database {size:,.0f} MB)", flush=True)


def main(commit: str, folder: Path, entries: int) -> None:
    """Fill, migrate, replay; ends with an error unless the replay is clean."""
    folder.mkdir(parents=True)
    hub, old = folder / "hub", folder / "old"
    git = ("git", "-C", str(REPOSITORY), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(old), commit], check=True)
    try:
        _step(f"fill a hub of {commit} to {entries:,} entries", hub)
        _python(old, str(Path(__file__).with_name("fill.py")), str(hub), str(entries))
    finally:
        subprocess.run([*git, "remove", "--force", str(old)], check=True)
    config = ("--config", str(hub / "hub.toml"))
    _step("migrate it", hub)
    assert "now; before: 0005" in _python(REPOSITORY, "-c", SERVER, "migrate", *config)
    _step("replay every entry: exchange-server fsck", hub)
    found = _python(REPOSITORY, "-c", SERVER, "fsck", *config)
    assert "all is well" in found
    assert found.startswith(f"{entries} entries")
    _step("replay every entry: agency audit verify", hub)
    copy = ("--database", str(hub / "hub.db"), "--root", str(hub / "root.pem"))
    key = ("--log-key", (hub / "log.vkey").read_text("utf-8"))
    said = _python(
        REPOSITORY, "-c", AGENCY, "audit", "verify", *copy, *key, "--at-least", str(entries)
    )
    assert "Clean" in said
    _step("clean", hub)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.million", description=__doc__)
    parser.add_argument("folder", type=Path, help="A new folder.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--commit", default=VERSION_0_2_0)
    given = parser.parse_args()
    main(given.commit, given.folder.absolute(), given.entries)
