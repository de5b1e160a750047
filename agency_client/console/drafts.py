"""Drafts: what a person began to write, kept through errors, locks and restarts.

A draft is on disk only as content travels: sealed to the agency's own key, one file a draft.
Without such a key a profile keeps no drafts, and says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from agency_client.state.keys import Vault
from exchange_files import make_folder, read_file, replace_file
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.trust.sealing import PartContext, Reader, WrappedKey, open_part, seal_part

_ID_BYTES: Final = 8
_ROLE: Final = ReaderRole.AUTHOR.value
MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a draft."""

    where: str
    """The field of the form."""
    name: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class Draft:
    """A statement that a person began to write."""

    id: str
    act: str
    exchange: str
    """The exchange that it continues; empty for one that it opens."""
    changed_at: datetime
    fields: dict[str, list[str]] = field(default_factory=dict, repr=False)
    files: list[DraftFile] = field(default_factory=list, repr=False)
    sendings: int = 0
    """How often it was signed; a page that was shown before signs it no more."""
    signing_as: str = ""
    """The id that its statement was to have, while nobody knows what became of it (`signed`)."""

    def digest(self, read: Iterable[bytes]) -> str:
        """Hash what a person saw: this draft, and the statements that it answers."""
        whole = hashlib.sha256(
            json.dumps([self.act, self.exchange, self.fields, self.sendings]).encode()
        )
        for each in self.files:
            told = [each.where, each.name, hashlib.sha256(each.data).hexdigest()]
            whole.update(json.dumps(told).encode())
        for digest in read:
            whole.update(digest)
        return whole.hexdigest()

    def one(self, name: str) -> str:
        """The value of a field; empty where there is none."""
        found = self.fields.get(name) or [""]
        return found[0]


class Drafts:
    """The drafts of one profile."""

    def __init__(self, state: Path, vault: Vault) -> None:
        self._folder = state / "drafts"
        self._vault = vault
        self._lock = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def holding(self, draft_id: str) -> Iterator[bool]:
        """Take a draft to send or to write it; False where another request has it (two clicks)."""
        with self._lock:
            is_free = draft_id not in self._held
            self._held.add(draft_id)
        try:
            yield is_free
        finally:
            if is_free:
                with self._lock:
                    self._held.remove(draft_id)

    def new_id(self) -> str:
        """An id for a new draft; it says nothing of what is in it."""
        return secrets.token_hex(_ID_BYTES)

    def keep(self, draft: Draft) -> None:
        """Keep a draft; the file appears whole or not at all."""
        make_folder(self._folder)
        document = {
            "act": draft.act,
            "exchange": draft.exchange,
            "changed_at": draft.changed_at.isoformat(),
            "fields": draft.fields,
            "sendings": draft.sendings,
            "signing_as": draft.signing_as,
            "files": [
                [each.where, each.name, base64.b64encode(each.data).decode()]
                for each in draft.files
            ],
        }
        replace_file(self._path(draft.id), self._sealed(draft.id, json.dumps(document).encode()))

    def find(self, draft_id: str) -> Draft | None:
        """The draft of an id; None where there is none that opens, as after it was sent."""
        return self._load(self._path(draft_id))

    def all(self) -> list[Draft]:
        """The drafts that open, the newest first, at most `MOST_LISTED`."""
        return sorted(self._each(), key=lambda each: each.changed_at, reverse=True)

    def count(self) -> int:
        """The number of drafts, of which `all` gives the newest."""
        return len(self._paths())

    def drop(self, draft_id: str) -> None:
        """Remove a draft: it was sent, or its author wants it no more."""
        self._path(draft_id).unlink(missing_ok=True)

    def _each(self) -> Iterator[Draft]:
        # Ids are random: by the name of its file, the newest draft could be among those left out.
        for path in self._paths()[:MOST_LISTED]:
            if (found := self._load(path)) is not None:
                yield found

    def _paths(self) -> list[Path]:
        found = []
        for path in self._folder.glob("*.draft"):
            with suppress(FileNotFoundError):  # Another tab has dropped it since.
                found.append((-path.lstat().st_mtime_ns, path.name, path))
        return [path for _, _, path in sorted(found)]

    def _path(self, draft_id: str) -> Path:
        if len(draft_id) != 2 * _ID_BYTES or not set(draft_id) <= set("0123456789abcdef"):
            raise Reason.INVALID_FIELD.error("expected the id of a draft", field="draft")
        return self._folder / f"{draft_id}.draft"

    def _load(self, path: Path) -> Draft | None:
        # A link in the place of a draft is none of ours.
        data = None if path.is_symlink() else read_file(path)
        if data is None:
            return None
        try:
            document = json.loads(self._opened(path.stem, data))
            return Draft(
                path.stem,
                document["act"],
                document["exchange"],
                datetime.fromisoformat(document["changed_at"]),
                document["fields"],
                [
                    DraftFile(where, name, base64.b64decode(text))
                    for where, name, text in document["files"]
                ],
                document.get("sendings", 0),
                document.get("signing_as", ""),
            )
        except (ExchangeError, ValueError, KeyError, TypeError):
            # Another key closed it, or a disk damaged it: it is left where it is.
            return None

    def _sealed(self, draft_id: str, plain: bytes) -> bytes:
        reader = Reader(self._vault.agency, _ROLE, self._vault.newest_sealing_key)
        part = seal_part(plain, PartContext("draft", draft_id), [reader])
        [wrapped] = part.wrapped
        head = json.dumps({"key_id": wrapped.key_id.hex(), "enc": wrapped.enc.hex()})
        return head.encode() + b"\n" + part.ciphertext

    def _opened(self, draft_id: str, data: bytes) -> bytes:
        head, _, ciphertext = data.partition(b"\n")
        fields = json.loads(head)
        key_id, enc = bytes.fromhex(fields["key_id"]), bytes.fromhex(fields["enc"])
        wrapped = WrappedKey(self._vault.agency, _ROLE, key_id, enc)
        context = PartContext("draft", draft_id)
        return bytes(open_part(ciphertext, context, wrapped, self._vault.sealing_key(key_id)))
