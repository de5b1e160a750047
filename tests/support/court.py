"""The script of a bundle, `verify.py`, run in this process with the machine's openssl.

    code, out, err = run_script(str(bundle), "--root", str(root), "--log-key", vkey)

A start compiles the script anew and asks openssl some twenty times. Forged bundles differ from the
genuine one in a few bytes, so what openssl has found good once is kept, by all the bytes that it
was asked about. A test of the program itself starts it (`alone`).
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final
from unittest.mock import patch

from agency_client.evidence import verify

SCRIPT: Final = Path(verify.__file__)
SYSTEM_PYTHON: Final = "/usr/bin/python3"

Answer = subprocess.CompletedProcess[bytes]
_GOOD: Final[dict[bytes, Answer]] = {}


def alone(*words: str, folder: Path | None = None) -> tuple[int, str, str]:
    """Start the script with the system's Python, as a court does: its exit code and its streams."""
    ended = subprocess.run(
        [SYSTEM_PYTHON, "-I", str(SCRIPT), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
    )
    return ended.returncode, ended.stdout, ended.stderr


def run_script(*words: str, path: str | None = None) -> tuple[int, str, str]:
    """Run it here; gives its exit code, stdout and stderr. `path` is another PATH."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {} if path is None else {"PATH": path}),
        patch.object(verify.OpenSsl, "_run", _run),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            code = verify.main(words)
        except SystemExit as left:
            code = int(left.code or 0)
    return code, out.getvalue(), err.getvalue()


_ask = verify.OpenSsl._run


def _run(self: verify.OpenSsl, words: Sequence[str], given: bytes = b"") -> Answer:
    """Ask openssl, unless it has found the same bytes good before."""
    if "-out" in words:
        return _ask(self, words, given)
    digest = hashlib.sha256()
    for part in (self._program, *words):
        file = Path(part)
        data = file.read_bytes() if file.is_absolute() and part != self._program else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    digest.update(given)
    key = digest.digest()
    answer = _GOOD.get(key)
    if answer is None:
        answer = _ask(self, words, given)
        # What is refused names the files, and these have other names each time.
        if answer.returncode == 0:
            _GOOD[key] = answer
    return answer
