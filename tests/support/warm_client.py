"""A program that starts warm: it hands its arguments and its files to a fork of the server.

`warm_programs` writes a copy of this file for each name of a program. It imports little, since
that is what a start costs.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)


def main() -> None:
    """Run the program of this file's name; ends as it ended."""
    folder, name = os.path.split(sys.argv[0])
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{folder}/socket")
    order = marshal.dumps((name, sys.argv[1:], dict(os.environ), os.getcwd()))  # noqa: PTH109 -- pathlib is an import
    socket.send_fds(server, [len(order).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(order)
    for number in FORWARDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: server.sendall(bytes([number])))
    status = server.recv(4)
    if not status:
        sys.exit("the server of warm programs has ended")
    code = os.waitstatus_to_exitcode(int.from_bytes(status, "big"))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
