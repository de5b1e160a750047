"""Fuzz with atheris: `python -m tests.fuzz [TARGET ...] [--runs N]`; all targets unless named.

Each target has a process of its own, with the code of the project instrumented, and ends at the
first input that another error comes out of; that input is left in `.fuzz/TARGET`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the targets; gives 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("target", nargs="*")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return _fuzz(given.target[0], given.runs)
    from tests.fuzz.targets import targets

    failed = []
    for name in given.target or targets():
        words = [sys.executable, "-m", "tests.fuzz", name, "--runs", str(given.runs), "--one"]
        ended = subprocess.run(words, check=False)
        print(f"{name}: {'ok' if ended.returncode == 0 else 'FAILED'}", flush=True)
        failed += [name] if ended.returncode else []
    return int(bool(failed))


def _fuzz(name: str, runs: int) -> int:
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore] # `make fuzz` brings it

    with atheris.instrument_imports(include=["exchange_protocol", "agency_client"]):
        from tests.fuzz.targets import targets
    target = targets()[name]
    corpus = Path(".fuzz") / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-runs={runs}",
        "-max_len=8192",
        f"-artifact_prefix={corpus}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *options], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
