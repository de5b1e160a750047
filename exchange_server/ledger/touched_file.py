"""The look at a SQLite file that another program has touched under a hub: short, then whole.

A backup tool that sets the time of a file back, an operator's shell, an old copy that was written
over the file in place: all of them change its size or time. Nobody sees from outside which it was.
To read a long log whole takes minutes, and no statement may wait for that. So:

 1. At once, before the next transaction (`wrong_at_ends`): the head, the last `LAST_ENTRIES`
    entries, and entries over the whole log, closer together towards its end. Each is proved from
    the stored tiles against the head. That is at most `MOST_ENTRIES` rows and their tiles, however
    long the log is. An old copy of the log lacks its last entries, or what leads to them.
 2. In a thread of its own (`wrong_with_touched`): every page and every leaf. The hub goes on
    meanwhile, and says so: health calls the service `database` NOT_SERVING until it is done.
    Between two of these the hub rests as long as the last took: a program that touches the file
    all day has the disk read half of the time at most.

If anything is wrong, the file counts as lost: the hub gives no more receipts. Entries whose
receipts went out during step 2 stand in that file; the operator moves it away and keeps it.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog

from exchange_protocol.log.checkpoint import Checkpoint
from exchange_server.ledger.start_check import wrong_at_ends, wrong_with_touched
from exchange_server.storage.database_file import DatabaseFile, FileLostError

AGAIN_SECONDS: Final = 5.0
"""Pause before a look is repeated that said nothing of the file, as for want of open files."""
END_SECONDS: Final = 5.0
"""Time for the thread to end when the hub stops; SQLite is interrupted within milliseconds."""

_log = structlog.get_logger(__name__)


class TouchedFile:
    """The looks at one file; `look` is for the writer's thread, the rest for all."""

    def __init__(self, file: DatabaseFile) -> None:
        """Prepare; nothing is looked at before the file is touched."""
        self._file = file
        self._turn = threading.Lock()
        self._due: Checkpoint | None = None
        """The checkpoint by which the file is to be read whole; None if nothing is due."""
        self._thread: threading.Thread | None = None
        self._is_stopped = threading.Event()
        self._is_reading = False

    @property
    def is_unread(self) -> bool:
        """True from a touch on until the file was read whole, and is in order."""
        return self._thread is not None

    @property
    def is_reading(self) -> bool:
        """True while this hub itself reads the file whole, in one transaction.

        SQLite empties no write-ahead log meanwhile.
        """
        return self._is_reading

    def look(self, known: Checkpoint) -> None:
        """Look at the file if it was touched; `known` is the newest checkpoint committed.

        Raises FileLostError where the file lacks entries; a driver's error, or an OSError, where
        the look says nothing of the file and is to be repeated.
        """
        file = self._file
        if file.lost is not None or not file.is_touched():
            return
        # As the file stood before the look: what is written to it meanwhile is looked at, too.
        state = file.state()
        wrong = wrong_at_ends(file.path, known)
        if wrong is not None:
            self._lose(wrong)
        file.take(state)
        with self._turn:
            self._due = known
            if self._thread is None and not self._is_stopped.is_set():
                self._thread = threading.Thread(
                    target=self._read_whole, name="database-reader", daemon=True
                )
                self._thread.start()
                _log.warning(
                    "database_touched",
                    why="another program wrote to the database's file, or set its time; the end of "
                    "its log is whole, and the rest is read now while the hub goes on. No program "
                    "except the hub should write there",
                )

    def close(self) -> None:
        """End the reading; the next start reads the log."""
        self._is_stopped.set()
        with self._turn:
            thread = self._thread
        if thread is not None:
            thread.join(END_SECONDS)
            if self.is_unread:
                _log.warning(
                    "database_not_read_whole",
                    why="another program touched the database's file, and the hub stopped before "
                    "it had read all of it; run `exchange-server fsck`",
                )

    def _read_whole(self) -> None:
        """Read the file as often as it is due; the thread's work."""
        try:
            while (known := self._take_due()) is not None:
                began_at = time.monotonic()
                is_read = self._read_once(known)
                if self._is_stopped.is_set():
                    return
                if not is_read:
                    self._put_back(known)
                pause = time.monotonic() - began_at if is_read else AGAIN_SECONDS
                if self._is_due():
                    self._is_stopped.wait(pause)
        except FileLostError:
            pass  # The next transaction, and health, say so.

    def _take_due(self) -> Checkpoint | None:
        """Take what is due; where nothing is, the thread ends."""
        with self._turn:
            known, self._due = self._due, None
            if known is None:
                self._thread = None
            return known

    def _put_back(self, known: Checkpoint) -> None:
        with self._turn:
            self._due = self._due or known

    def _is_due(self) -> bool:
        with self._turn:
            return self._due is not None

    def _read_once(self, known: Checkpoint) -> bool:
        """Read the file whole; whether the reading came to its end. Raises FileLostError."""
        began_at = time.monotonic()
        self._is_reading = True
        try:
            wrong = wrong_with_touched(self._file.path, known, self._is_stopped.is_set)
        except Exception as error:  # noqa: BLE001 -- it says nothing of the file, and is repeated
            if not self._is_stopped.is_set():
                _log.warning("database_not_read", why=str(error))
            return False
        finally:
            self._is_reading = False
        if wrong is not None:
            self._lose(wrong)
        seconds = round(time.monotonic() - began_at, 1)
        _log.info("database_read_whole", seconds=seconds, entries=known.size)
        return True

    def _lose(self, wrong: str) -> None:
        self._file.lose(
            "another program wrote over the database's file under this hub, which writes "
            f"nothing more to it: {wrong}. Stop the hub, move the file with its -wal and -shm "
            "away and keep them, for the newest entries stand there; bring the newest backup back"
        )
