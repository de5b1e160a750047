"""A program that starts warm: it hands its arguments and its files to a fork of the server.

`warm_programs` writes a copy of this file for each name of a program. It imports little, since
that is what a start costs: `os`, `signal` and `socket` would be half of it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import marshal
import posix
import select
import sys

FORWARDED = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT, _signal.SIGUSR1)


def main() -> None:
    """Run the program of this file's name; ends as it ended."""
    folder, _, name = sys.argv[0].rpartition("/")
    server = _socket.socket(_socket.AF_UNIX)
    server.connect(f"{folder}/socket")
    order = marshal.dumps((name, sys.argv[1:], posix.environ, posix.getcwdb()))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)
    # From here on the program may be heard of, and signals are for it.
    _signal.pthread_sigmask(_signal.SIG_BLOCK, FORWARDED)
    server.sendmsg([len(order).to_bytes(4, "big")], [rights])
    server.sendall(order)
    for number in FORWARDED:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, lambda number, _: None)
    # The number is written as the signal comes. A handler in Python would wait for the end of
    # `recv`, if the signal came just before it.
    server.setblocking(False)
    _signal.set_wakeup_fd(server.fileno())
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, FORWARDED)
    select.select([server], [], [])
    status = server.recv(4)
    if not status:
        sys.exit("the server of warm programs has ended")
    code = posix.waitstatus_to_exitcode(int.from_bytes(status, "big"))
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -code)
    posix._exit(code)


if __name__ == "__main__":
    main()
