"""A profile: everything that an agency's client must know, in one folder.

    profile.toml       the tables below; paths in it are relative to the folder
    state/             the memory of the client: checkpoint, directory, outbox, receipts

    [hub]      target = "host:port", name = "main", log_vkey = "..."    the pinned log key
    [trust]    roots = "root.pem", crl = "crl.pem" (optional)           the pinned root
    [tls]      certificate, key                                         opens the channel
    [signing]  certificate, key                (optional)               signs statements
               post_quantum_key                (optional)               as the certificate says
    [sealing]  directory = "sealing"           (optional)               opens content
    [keys]     passphrase_file = "passphrase"  (optional)      else $EXCHANGE_KEY_PASSPHRASE
    [defaults] legal_basis, language, time_zone (optional)              of statements
    [witnesses] required = 2, keys = ["...", ...]  (optional)   who must cosign a checkpoint

Rules of this module:

- The certificates say who the agency is; the file never does.
- Everything is checked when the profile is loaded: unknown and missing keys are PROFILE_INVALID
  with the key's name; a certificate must lead to the pinned root, have its usage, belong to the key
  beside it, and both certificates must be of one agency. Their validity is asked later: an expired
  one must still be able to read the outbox.
- There is no key that turns a check off.

`profile_file` reads and writes the file, `profile_keys` loads the keys that it names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from agency_client.content.characters import describe_mixed
from agency_client.state.hub_target import parse_target
from agency_client.state.keys import Vault
from agency_client.state.log_keys import LogKeys
from agency_client.state.profile_file import (
    FILE,
    checked,
    find_profile,
    invalid,
    parse_tables,
    read_named,
    read_tables,
    to_toml,
)
from agency_client.state.profile_keys import TlsIdentity, load_tls, load_vault, passphrase_of
from exchange_files import NewFile, new_folder
from exchange_keys import check_guarded_folder, encrypted_pem, verify_passphrase
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_protocol.trust.identity import AgencyId, HubIdentity

SECOND_KEY_FILE: Final = "post-quantum.key"


@dataclass(frozen=True, slots=True)
class Defaults:
    """Terms of statements that the caller leaves out."""

    legal_basis: str | None = None
    language: Language | None = None
    time_zone: str | None = None


NO_DEFAULTS: Final = Defaults()


@dataclass(frozen=True, slots=True)
class PinnedHub:
    """The hub that a new profile is for, with all that the profile pins."""

    target: str
    """Its address, as `host:port`."""
    name: str
    """The name in its certificate."""
    log_vkey: str
    """The verifier key of its log."""
    roots_pem: bytes = field(repr=False)
    """Certificates of the authorities to which every certificate must lead."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate of a new profile, with its keys."""

    certificate_pem: bytes = field(repr=False)
    """The certificate with its chain."""
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    second_key: bytes | None = field(default=None, repr=False)
    """The file of the post-quantum key, for signing: encrypted under the profile's passphrase."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A loaded profile: pinned trust, and the keys of one agency."""

    folder: Path
    target: str
    hub_name: str
    pinned_log: LogVerifier
    """The log by its pinned key alone; `log` follows its successors."""
    anchors: TrustAnchors
    roots_pem: bytes = field(repr=False)
    revocations: Revocations | None = field(repr=False)
    """The authority's list, where the profile names one: tells why a hub refuses a certificate."""
    tls: TlsIdentity
    vault: Vault
    defaults: Defaults
    witnesses: WitnessPolicy | None = None
    """The witnesses that must have cosigned a checkpoint for it to be witnessed."""

    @property
    def agency(self) -> AgencyId:
        """The agency that this profile speaks for."""
        return self.vault.agency

    @property
    def hub(self) -> HubIdentity:
        """The hub that this profile is for."""
        return HubIdentity(self.tls.certificate.member.trust_domain, self.hub_name)

    @property
    def log(self) -> LogVerifier:
        """The log: its pinned key, and the successors that are known now."""
        return self.log_keys.verifier

    @property
    def log_keys(self) -> LogKeys:
        """The keys of the log that this profile follows."""
        return LogKeys(self.state, self.pinned_log)

    @property
    def state(self) -> Path:
        """The folder of what the client remembers."""
        return self.folder / "state"

    @property
    def sealing_folder(self) -> Path:
        """The folder of sealing keys, as the file names it or by default."""
        table = read_tables(self.folder).get("sealing", {})
        return self.folder / str(table.get("directory", "sealing"))

    def files(self, table: str) -> Mapping[str, str]:
        """The names of the files in a table, as the profile has them now."""
        return {key: str(value) for key, value in read_tables(self.folder).get(table, {}).items()}

    @property
    def has_typed_passphrase(self) -> bool:
        """True if no file holds the passphrase of the keys: a person types it."""
        return "keys" not in read_tables(self.folder)

    def passphrase(self) -> bytes:
        """The passphrase of the profile's keys, read anew; it is not kept."""
        return passphrase_of(self.folder, read_tables(self.folder))

    @classmethod
    def load(cls, profile: str | os.PathLike[str], passphrase: bytes | None = None) -> Profile:
        """Load a profile by its folder, or by its name under $EXCHANGE_PROFILES.

        Without a passphrase it is taken from where the profile says. Raises PROFILE_INVALID,
        KEY_UNAVAILABLE, or what a certificate fails by.
        """
        folder = find_profile(profile)
        check_guarded_folder(folder, Reason.PROFILE_INVALID)
        return cls._of(folder, read_tables(folder), passphrase)

    @classmethod
    def _of(cls, folder: Path, tables: dict[str, Any], passphrase: bytes | None) -> Profile:
        hub, trust = tables["hub"], tables["trust"]
        roots_pem = read_named(folder, trust["roots"], "trust.roots")
        anchors = checked("trust.roots", lambda: TrustAnchors.from_pem(roots_pem))
        passphrase = passphrase or passphrase_of(folder, tables)
        tls = load_tls(folder, tables["tls"], anchors, passphrase)
        agency = tls.certificate.member.agency
        checked("hub.name", lambda: HubIdentity("caricc.example", hub["name"]))
        return cls(
            folder=folder,
            target=checked("hub.target", lambda: parse_target(hub["target"])),
            hub_name=hub["name"],
            pinned_log=checked("hub.log_vkey", lambda: LogVerifier(hub["log_vkey"])),
            anchors=anchors,
            roots_pem=roots_pem,
            revocations=_revocations(folder, trust, anchors),
            tls=tls,
            vault=load_vault(folder, tables, agency, anchors, passphrase),
            defaults=_defaults(tables.get("defaults", {})),
            witnesses=_witnesses(tables.get("witnesses")),
        )

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        hub: PinnedHub,
        tls: KeyPair,
        passphrase: bytes,
        signing: KeyPair | None = None,
        crl_pem: bytes | None = None,
        write_passphrase: bool = False,
        defaults: Defaults = NO_DEFAULTS,
    ) -> Profile:
        """Write a new profile into a new or empty folder, and load it.

        Args:
            folder: the folder of the profile; it must be new or empty.
            hub: the hub, with all that the profile pins.
            tls: what opens the channel.
            passphrase: encrypts every key of the profile.
            signing: what signs statements; None for a profile that only reads.
            crl_pem: revocation lists of the authorities.
            write_passphrase: keep the passphrase in the folder; else the profile takes it from the
                environment.
            defaults: terms of statements that name none.

        Raises:
            InvalidInput: PROFILE_INVALID, if the folder is not empty or a value cannot be used.
            NotAuthenticated: KEY_UNAVAILABLE, if a key file does not load.
        """
        verify_passphrase(passphrase)
        text = to_toml(_tables(hub, signing, crl_pem, defaults, write_passphrase=write_passphrase))
        parsed = parse_tables(text.encode(), folder / FILE)
        files = {
            "root.pem": hub.roots_pem,
            **({"crl.pem": crl_pem} if crl_pem else {}),
            **_key_files("tls", tls, passphrase),
            **(_key_files("signing", signing, passphrase) if signing else {}),
            **({"passphrase": passphrase + b"\n"} if write_passphrase else {}),
            # The file that makes the folder a profile comes last, after all of it was checked.
            FILE: text.encode(),
        }
        new = [NewFile(folder / name, data) for name, data in files.items()]
        with new_folder(folder, *new, reason=Reason.PROFILE_INVALID):
            profile = cls._of(folder.absolute(), parsed, passphrase)
            for each in profile.vault.unusable:
                raise Reason.KEY_UNAVAILABLE.error(each.why)
        return profile


def _tables(
    hub: PinnedHub,
    signing: KeyPair | None,
    crl_pem: bytes | None,
    defaults: Defaults,
    *,
    write_passphrase: bool,
) -> dict[str, dict[str, str | None]]:
    """The tables of a new profile's file; a value that is None is left out."""
    tables: dict[str, dict[str, str | None]] = {
        "hub": {"target": hub.target, "name": hub.name, "log_vkey": hub.log_vkey},
        "trust": {"roots": "root.pem", "crl": "crl.pem" if crl_pem else None},
        "tls": {"certificate": "tls.pem", "key": "tls.key"},
    }
    if signing is not None:
        second = SECOND_KEY_FILE if signing.second_key is not None else None
        tables["signing"] = {
            "certificate": "signing.pem",
            "key": "signing.key",
            "post_quantum_key": second,
        }
    tables["sealing"] = {"directory": "sealing"}
    if write_passphrase:
        tables["keys"] = {"passphrase_file": "passphrase"}
    tables["defaults"] = {
        "legal_basis": defaults.legal_basis,
        "language": defaults.language.name if defaults.language else None,
        "time_zone": defaults.time_zone,
    }
    return tables


def _key_files(name: str, pair: KeyPair, passphrase: bytes) -> dict[str, bytes]:
    """The files of a certificate and its keys, encrypted under a passphrase."""
    files = {
        f"{name}.pem": pair.certificate_pem,
        f"{name}.key": encrypted_pem(pair.key, passphrase),
    }
    if pair.second_key is not None:
        files[SECOND_KEY_FILE] = pair.second_key
    return files


def _revocations(
    folder: Path, trust: Mapping[str, str], anchors: TrustAnchors
) -> Revocations | None:
    if "crl" not in trust:
        return None
    pem = read_named(folder, trust["crl"], "trust.crl")
    return checked("trust.crl", lambda: Revocations.from_pem(pem, anchors))


def _defaults(table: Mapping[str, str]) -> Defaults:
    language = table.get("language")
    if language is not None and language not in Language.__members__:
        raise invalid(
            f"expected one of {', '.join(Language.__members__)}; got {language!r}",
            "defaults.language",
        )
    legal_basis = table.get("legal_basis")
    if legal_basis is not None and not legal_basis.isascii():
        more = describe_mixed(legal_basis) or "letters of another script look like them"
        raise invalid(f"expected letters and digits of ASCII: {more}", "defaults.legal_basis")
    return Defaults(
        legal_basis=legal_basis,
        language=Language[language] if language else None,
        time_zone=table.get("time_zone"),
    )


def _witnesses(table: Mapping[str, Any] | None) -> WitnessPolicy | None:
    if table is None:
        return None
    keys = table["keys"]
    if not all(isinstance(key, str) for key in keys):
        raise invalid("expected a list of texts", "witnesses.keys")
    return checked("witnesses", lambda: WitnessPolicy(table["required"], keys))
