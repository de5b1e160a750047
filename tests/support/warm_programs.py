"""The commands and `python -c`, started warm: each is a fork of one process that has imported all.

    subprocess.run([warm_python(), "-c", code, *words], ...)        as with sys.executable
    subprocess.run(["bash", "-c", guide], env=warm_environment(), ...)

A start of `agency` is half a second of imports. A fork has its own arguments, environment, folder,
standard streams, exit code and signals, as a program has that was just begun.
It has not imported grpc, which settles how it speaks TLS when it is imported. A test of the start
itself, or of what Python reads before its first line, takes `sys.executable`.
"""

from __future__ import annotations

import atexit
import importlib
import io
import marshal
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

from tests.support import warm_client
from tests.support.warm_start import MEMORY, PRELOADED

REPOSITORY: Final = Path(__file__).resolve().parents[2]
COMMANDS: Final = {
    "agency": "from agency_client.cli import main; main()",
    "exchange-certs": "from exchange_certs.cli import main; main()",
    "exchange-server": "from exchange_server.cli import main; main()",
}
PYTHON: Final = "python"
OF_HELP: Final = ("rich._emoji_codes", "rich.markdown", "rich.rule", "typer.rich_utils")
"""Modules of a page of help; their import is half of its time."""


def warm_python() -> str:
    """A program that takes `-c CODE` and words, as `sys.executable` does."""
    return str(_programs() / PYTHON)


def warm_environment() -> dict[str, str]:
    """The environment of this process, in which the commands of this project start warm."""
    path = (_programs(), Path(sys.executable).parent, os.environ["PATH"])
    return {**os.environ, "PATH": os.pathsep.join(map(str, path))}


@cache
def _programs() -> Path:
    """A folder with the programs, served for as long as this process of tests lives."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    client = Path(warm_client.__file__).read_text("utf-8")
    for name in (*COMMANDS, PYTHON):
        program = folder / name
        program.write_text(f"#!{sys.executable} -IS\n{client}", "utf-8")
        program.chmod(0o755)
    path = os.pathsep.join(str(REPOSITORY / part) for part in (".", "proto", "certs"))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm_programs", str(folder / "socket")],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    atexit.register(_end, server, folder)
    return folder


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.communicate()
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Order:
    """A program to become."""

    name: str
    words: list[str]
    environment: dict[bytes, bytes]
    folder: bytes
    streams: list[int]


def serve(path: str) -> Order | None:
    """Fork for each client until stdin ends; gives an order in the forks, and None at the end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([listener.fileno(), 0], [], [])
            if listener.fileno() not in ready:
                return None
            client, _ = listener.accept()
            with client:
                if os.fork() == 0:
                    listener.close()
                    return _attend(client)
            _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _attend(client: socket.socket) -> Order:
    """Fork the program, hand it the client's signals, and tell the client how it ended.

    Gives the order in the program alone. A program whose client was killed is killed too.
    """
    head, streams, _, _ = socket.recv_fds(client, 4, 3)
    size = int.from_bytes(head, "big")
    data = client.recv(size, socket.MSG_WAITALL)
    program = os.fork()
    if program == 0:
        client.close()
        name, words, environment, folder = marshal.loads(data)  # noqa: S302 -- from our own client
        return Order(name, words, environment, folder, streams)
    for stream in streams:
        os.close(stream)
    end = os.pidfd_open(program)
    while True:
        ready, _, _ = select.select([client.fileno(), end], [], [])
        if end in ready:
            break
        numbers = client.recv(64)
        for number in numbers or [signal.SIGKILL]:
            os.kill(program, number)
        if not numbers:
            break
    _, status = os.waitpid(program, 0)
    with suppress(OSError):
        client.sendall(status.to_bytes(4, "big"))
    os._exit(0)


def become(order: Order) -> NoReturn:
    """Be the program, and end as it ends."""
    for number, stream in enumerate(order.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order.folder)
    os.environ.clear()
    os.environb.update(order.environment)
    _open_streams()
    code, words = COMMANDS.get(order.name, ""), order.words
    if order.name == PYTHON:
        (option, code, *words) = order.words
        assert option == "-c", f"a warm python takes -c, not {option}"
    sys.argv = ["-c" if order.name == PYTHON else order.name, *words]
    sys.modules["__main__"] = ModuleType("__main__")
    status = _status_of(lambda: exec(code, sys.modules["__main__"].__dict__))  # noqa: S102 -- of the test
    # As an interpreter does at its end, but for taking a thousand modules apart.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError as error:
        sys.stderr.write(f"Exception ignored in: {sys.stdout!r}\n{error!r}\n")
        status = 120
    if status == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def _status_of(run: Callable[[], object]) -> int:
    """Run something; gives the exit code that Python has for what it raises."""
    try:
        run()
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return (left.code or 0) & 0xFF
        sys.stderr.write(f"{left.code}\n")
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        return -signal.SIGINT
    except BaseException:  # noqa: BLE001 -- Python, too, tells of anything
        traceback.print_exc()
        return 1
    return 0


def _open_streams() -> None:
    """Open the standard streams as the environment says, like Python at its start."""
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        mode = "w" if number else "r"
        buffering = 0 if number and os.environ.get("PYTHONUNBUFFERED") else -1
        stream = io.TextIOWrapper(
            open(number, f"{mode}b", buffering, closefd=False),  # noqa: SIM115 -- open to the end
            encoding or "utf-8",
            "backslashreplace" if number == 2 else errors or "strict",
            line_buffering=number == 2 or os.isatty(number),
            write_through=buffering == 0,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def main() -> None:
    """Import all, and serve."""
    for module in ("agency_client.cli", "exchange_certs.cli", *OF_HELP, *PRELOADED):
        importlib.import_module(module)
    from agency_client.cli.app import command_line

    command_line()
    assert "grpc" not in sys.modules, "a fork of grpc hangs, and its TLS is settled"
    importlib.import_module(MEMORY)
    order = serve(sys.argv[1])
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
