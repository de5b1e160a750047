"""The keys that an agency signs and opens with, and the folder of its sealing keys.

Rules of this module:

- `Vault` uses keys and sees none: it holds a `Signer` and a `Decapsulator` for each sealing key
  (`exchange_keys` has those of files).
- The name of a sealing key's file starts with the time at which it was made, so the newest sorts
  last. Old files stay: they open old content.
- A file that does not load is named, and the rest works: an old sealing key opens what waits,
  whatever became of a newer one.
- Keys that are new on disk are taken up while the process runs: a service would else sign with a
  certificate that ends, and could not open what is sealed to the key that its agency published
  since. Whatever does not load, or is another member's, is no renewal: the keys stay as they are.
- Left to the caller: whether the certificate beside a key is good now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exchange_files import (
    NewFile,
    make_folder,
    new_files,
    replace_file,
    sweep_drafts,
    write_new_file,
)
from exchange_keys import SealingPrivateKey, encrypted_sealing_key, load_sealing_key
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.signer import Signer
from exchange_protocol.trust.certificates import VerifiedCertificate
from exchange_protocol.trust.envelope import (
    PAYLOAD_TYPE,
    BatchInclusion,
    sign,
    sign_batch,
    sign_second,
)
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import Decapsulator, SealingPublicKey

PASSPHRASE_VARIABLE: Final = "EXCHANGE_KEY_PASSPHRASE"  # noqa: S105 - the name of one
LOOK_SECONDS: Final = 1.0
"""Least time between two looks at the files of the signing key."""


@dataclass(frozen=True, slots=True)
class UnusableKey:
    """A key file that does not load, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The keys in the folder of sealing keys."""

    keys: tuple[SealingPrivateKey, ...]
    """Oldest first."""
    unusable: tuple[UnusableKey, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """The keys as they were loaded."""

    certificate: VerifiedCertificate | None
    unusable: tuple[UnusableKey, ...]
    signing: Signer | None
    sealing: Mapping[bytes, Decapsulator]
    """Sealing keys by their key id, oldest first."""
    second: Signer | None
    """The post-quantum key that the certificate names beside the first."""


class Vault:
    """The keys that an agency signs and opens with; it may be shared by threads."""

    def __init__(
        self, agency: AgencyId, held: _Held, renewed: Callable[[], Vault | None] | None
    ) -> None:
        """`Vault.of` makes one."""
        self.agency: Final = agency
        self._held = held
        self._renewed = renewed
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._looking = threading.Lock()

    def __repr__(self) -> str:
        return f"<Vault of {self.signer or self.agency}>"

    @classmethod
    def of(
        cls,
        agency: AgencyId,
        certificate: VerifiedCertificate | None,
        signing: Signer | None,
        sealing: Sequence[Decapsulator],
        unusable: Iterable[UnusableKey] = (),
        second: Signer | None = None,
        *,
        renewed: Callable[[], Vault | None] | None = None,
    ) -> Vault:
        """Hold keys whose certificate and agency were checked; sealing keys come oldest first.

        `renewed` gives the keys anew where they are others on disk; None for as they are held.
        """
        by_id = MappingProxyType({key.public_key.key_id: key for key in sealing})
        return cls(agency, _Held(certificate, tuple(unusable), signing, by_id, second), renewed)

    @property
    def certificate(self) -> VerifiedCertificate | None:
        """The certificate that statements are signed with; None for a profile that only reads."""
        return self._held.certificate

    @property
    def unusable(self) -> tuple[UnusableKey, ...]:
        """The key files of the profile that do not load."""
        return self._held.unusable

    @property
    def signer(self) -> Member | None:
        """The signer; None for a profile that only reads and audits."""
        return self.certificate.member if self.certificate else None

    @property
    def member(self) -> Member:
        """The signer; raises KEY_UNAVAILABLE where the profile has no signing key."""
        if self.signer is None:
            raise Reason.KEY_UNAVAILABLE.error(
                "expected a profile with a signing key and its certificate, got one without"
            )
        return self.signer

    @property
    def newest_sealing_key(self) -> SealingPublicKey:
        """The sealing key to publish; raises KEY_UNAVAILABLE where there is none."""
        if not self._held.sealing:
            self._look(at_once=True)
        if not self._held.sealing:
            raise self._unavailable("expected a sealing key in the profile, got none")
        return list(self._held.sealing.values())[-1].public_key

    @property
    def newest_key_id(self) -> bytes | None:
        """The id of the newest sealing key; None where there is none."""
        return next(reversed(list(self._held.sealing)), None)

    def sign(self, payload: bytes) -> SignedStatement:
        """Sign the payload of a statement; raises KEY_UNAVAILABLE."""
        signing, certificate, second = self._signers()
        signature = sign(signing, PAYLOAD_TYPE, payload)
        return SignedStatement(
            PAYLOAD_TYPE,
            payload,
            certificate.fingerprint,
            signature,
            post_quantum_signature=_sign_second(second, payload),
        )

    def sign_batch(self, payloads: Sequence[bytes]) -> list[SignedStatement]:
        """Sign the payloads of many statements with one signature of each key.

        Raises KEY_UNAVAILABLE.
        """
        signing, certificate, second = self._signers()
        signature, paths = sign_batch(signing, PAYLOAD_TYPE, payloads)
        added = _sign_second(second, payloads[0], paths[0])
        return [
            SignedStatement(PAYLOAD_TYPE, payload, certificate.fingerprint, signature, batch, added)
            for payload, batch in zip(payloads, paths, strict=True)
        ]

    def sealing_key(self, key_id: bytes) -> Decapsulator:
        """The key of that id, to open with; raises KEY_UNAVAILABLE."""
        if key_id not in self._held.sealing:
            self._look(at_once=True)
        key = self._held.sealing.get(key_id)
        if key is None:
            held = ", ".join(each.hex()[:16] for each in self._held.sealing)
            raise self._unavailable(
                f"expected the profile to hold the sealing key {key_id.hex()[:16]}, "
                f"it holds {held or 'none'}"
            )
        return key

    def _signers(self) -> tuple[Signer, VerifiedCertificate, Signer | None]:
        """The keys that sign now, and their certificate."""
        self._look(at_once=self._held.signing is None)
        held = self._held
        if held.signing is None or held.certificate is None:
            raise self._unavailable("expected a signing key in the profile, got none")
        if held.certificate.post_quantum_key is not None and held.second is None:
            raise self._unavailable("expected the post-quantum key of the certificate, got none")
        return held.signing, held.certificate, held.second

    def _look(self, *, at_once: bool) -> None:
        """Take up the keys that are new on disk; it looks once a second, or at once."""
        if self._renewed is None or not (at_once or time.monotonic() >= self._next_look):
            return
        with self._looking:
            self._next_look = time.monotonic() + LOOK_SECONDS
            new = self._renewed()
            if new is not None and new.signer == self.signer:
                self._held = _taken_up(self._held, new._held)

    def _unavailable(self, what: str) -> ExchangeError:
        faults = "".join(f"; {each.why}" for each in self.unusable)
        return Reason.KEY_UNAVAILABLE.error(f"{what}{faults}")


def _taken_up(old: _Held, new: _Held) -> _Held:
    """New keys in the place of old ones; what does not load, or is gone, stays as it was."""
    sealing = {key_id: key for key_id, key in old.sealing.items() if key_id not in new.sealing}
    new = replace(new, sealing=MappingProxyType({**sealing, **new.sealing}))
    names_second = new.certificate is not None and new.certificate.post_quantum_key is not None
    if new.signing is None or (names_second and new.second is None):
        return replace(new, certificate=old.certificate, signing=old.signing, second=old.second)
    return new


def _sign_second(
    second: Signer | None, payload: bytes, batch: BatchInclusion | None = None
) -> bytes:
    """The post-quantum signature; empty where the certificate names no key for one."""
    return b"" if second is None else sign_second(second, PAYLOAD_TYPE, payload, batch)


def generate_sealing_key(folder: Path, passphrase: bytes, at: datetime) -> SealingPrivateKey:
    """Make a sealing key and keep it in a new file of the folder."""
    key = SealingPrivateKey.generate()
    save_sealing_key(folder, key, passphrase, at)
    return key


def save_sealing_key(folder: Path, key: SealingPrivateKey, passphrase: bytes, at: datetime) -> None:
    """Keep a sealing key, made at a time, in a new file of the folder."""
    name = f"{at:%Y%m%dT%H%M%S%fZ}-{_short_id(key)}.key"
    data = encrypted_sealing_key(key, passphrase)
    write_new_file(make_folder(folder) / name, data)


def load_sealing_keys(folder: Path, passphrase: bytes) -> SealingKeys:
    """Load every sealing key of a folder; one that does not load is told of, and the rest works."""
    keys, unusable = [], []
    try:
        paths = _key_files(folder)
    except OSError as error:
        why = f"cannot read {folder}: {error.strerror}; the user who runs the command must be able"
        return SealingKeys((), (UnusableKey(folder, f"{why} to read it"),))
    for path in paths:
        try:
            keys.append(load_sealing_key(path, passphrase))
        except ExchangeError as error:
            unusable.append(UnusableKey(path, error.message))
    return SealingKeys(tuple(keys), tuple(unusable))


def _key_files(folder: Path) -> list[Path]:
    """The files of keys in a folder, which need not be there; `glob` hides one that is closed.

    A name with a point before it is of no key: macOS writes `._NAME.key` beside each on a disk of
    another system.
    """
    try:
        return sorted(
            each
            for each in folder.iterdir()
            if each.name.endswith(".key") and not each.name.startswith(".")
        )
    except FileNotFoundError:
        return []


def import_sealing_keys(
    source: Path,
    source_passphrase: bytes,
    folder: Path,
    passphrase: bytes,
    published: Collection[bytes],
) -> tuple[bytes, ...]:
    """Take an agency's sealing keys over from another profile's folder, under one's own passphrase.

    All are opened before any is written; those that are held already stay as they are. A file of
    one's own that does not load is replaced by the key that it was of, and by no other.

    Args:
        published: ids of the keys that the agency published on the log; no other is taken.

    Returns:
        The ids of the keys that are new here.

    Raises:
        NotAuthenticated: KEY_UNAVAILABLE.
        StorageFailed: FILE_NOT_WRITTEN.
    """
    try:
        paths = _key_files(source)
    except OSError as error:
        raise Reason.KEY_UNAVAILABLE.error(f"cannot read {source}: {error.strerror}") from None
    theirs = {path.name: load_sealing_key(path, source_passphrase) for path in paths}
    if not theirs:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected sealing keys (*.key) in {source}, the folder of another profile of this "
            "agency; got none"
        )
    for name, key in theirs.items():
        if key.public_key.key_id not in published:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected {source / name} to be a key that this agency published; the log has no "
                "such key"
            )
    own = load_sealing_keys(folder, passphrase)
    held = {key.public_key.key_id for key in own.keys}
    damaged = {each.path.name for each in own.unusable}
    new = {name: key for name, key in theirs.items() if key.public_key.key_id not in held}
    files = [
        NewFile(folder / name, encrypted_sealing_key(key, passphrase)) for name, key in new.items()
    ]
    if files:
        make_folder(folder)
    sweep_drafts(folder)
    # A name holds its key's id: only a damaged file of the very key makes way, for nothing is lost.
    replaced = [
        file
        for file in files
        if file.path.name in damaged and file.path.stem.endswith(_short_id(new[file.path.name]))
    ]
    added = [file for file in files if file not in replaced]
    if added:
        with new_files(*added):
            pass
    for file in replaced:
        replace_file(file.path, file.data)
    return tuple(key.public_key.key_id for key in new.values())


def _short_id(key: SealingPrivateKey) -> str:
    return key.public_key.key_id.hex()[:16]
