"""Files that appear whole or not at all: the one way in which this project writes files.

    write_new_file, new_file     a file that must not exist
    replace_file                 a file that may
    new_files, new_folder        files that belong together; the last one makes them valid
    staging_folder               a folder that is moved into its place when it is complete
    make_folder, remove_folder, sync_folder, write_inside
    locked, try_locked           one process at a time
    locked_folder                the same, where users of several names write
    writing                      turns the disk's errors into FILE_NOT_WRITTEN
    read_file, read_given, read_steady, without_bom
    hold_streams, results_apart  the standard streams of a command
    heeding_signals              signals that end it
    arguments                    its words before they are read

Rules of this package (docs/adr/0031-files-appear-whole.md):

- A file is written as a draft beside its place (`.NAME.new`), synced, and moved or linked into its
  place; then its folder is synced. So a reader, a killed process and a machine that lost power see
  the old file or the new one, or none.
- A draft is locked while its process lives. The next writer of the same file waits for a living
  process and removes what a dead one left.
- A file that root makes belongs to the owner of its folder; one that root replaces, to the owner
  before.
- A file that cannot be written is FILE_NOT_WRITTEN, with its name and the disk's own error, and
  leaves nothing behind.
"""

from exchange_files.failures import writing
from exchange_files.files import (
    PRIVATE,
    PUBLIC,
    NewFile,
    UnplacedFile,
    check_new,
    dead_drafts,
    drop_drafts,
    new_file,
    new_files,
    replace_file,
    sweep_drafts,
    write_new_file,
)
from exchange_files.folders import (
    make_folder,
    new_folder,
    remove_folder,
    staging_folder,
    sweep_staging,
    sync_folder,
    write_inside,
)
from exchange_files.locks import locked, locked_folder, open_to_lock, try_locked
from exchange_files.owners import give_to_owner_of, is_roots_alone
from exchange_files.reading import MOST_GIVEN, read_file, read_given, read_steady, without_bom
from exchange_files.stopping import Stopped, heeding_signals
from exchange_files.streams import EXIT_UNWRITTEN, hold_streams, results_apart

__all__ = [
    "EXIT_UNWRITTEN",
    "MOST_GIVEN",
    "PRIVATE",
    "PUBLIC",
    "NewFile",
    "Stopped",
    "UnplacedFile",
    "check_new",
    "dead_drafts",
    "drop_drafts",
    "give_to_owner_of",
    "heeding_signals",
    "hold_streams",
    "is_roots_alone",
    "locked",
    "locked_folder",
    "make_folder",
    "new_file",
    "new_files",
    "new_folder",
    "open_to_lock",
    "read_file",
    "read_given",
    "read_steady",
    "remove_folder",
    "replace_file",
    "results_apart",
    "staging_folder",
    "sweep_drafts",
    "sweep_staging",
    "sync_folder",
    "try_locked",
    "without_bom",
    "write_inside",
    "write_new_file",
    "writing",
]
