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
  beside it, and both certificates must be of one agency. Whether they are valid now is asked later:
  an expired one must still be able to read the outbox.
- There is no key that turns a check off.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from agency_client.content.characters import describe_mixed, find_hidden
from agency_client.state.hub_target import parse_target
from agency_client.state.keys import (
    PASSPHRASE_VARIABLE,
    UnusableKey,
    Vault,
    load_sealing_keys,
)
from agency_client.state.log_keys import LogKeys
from exchange_files import NewFile, new_folder
from exchange_keys import (
    TlsKey,
    TokenTlsKey,
    certificate_chain,
    check_guarded_folder,
    encrypted_pem,
    load_client_tls_key,
    load_signer,
    read_passphrase,
    read_pinned,
    verify_passphrase,
)
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.signer import Signer, SigningPublicKey
from exchange_protocol.trust.certificates import (
    Revocations,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_chain,
)
from exchange_protocol.trust.identity import AgencyId, HubIdentity

T = TypeVar("T")

FILE: Final = "profile.toml"
SECOND_KEY_FILE: Final = "post-quantum.key"
PROFILES_VARIABLE: Final = "EXCHANGE_PROFILES"

_KEYS: Final[Mapping[str, Mapping[str, bool]]] = {
    "hub": {"target": True, "name": True, "log_vkey": True},
    "trust": {"roots": True, "crl": False},
    "tls": {"certificate": True, "key": True},
    "signing": {"certificate": True, "key": True, "post_quantum_key": False},
    "sealing": {"directory": True},
    "keys": {"passphrase_file": True},
    "defaults": {"legal_basis": False, "language": False, "time_zone": False},
    "witnesses": {"required": True, "keys": True},
}
"""Tables and their keys; whether a key is required where its table stands."""
_REQUIRED_TABLES: Final = ("hub", "trust", "tls")
_TYPES: Final[Mapping[str, type]] = {"witnesses.required": int, "witnesses.keys": list}
"""Of keys that are no text."""
_TYPE_NAMES: Final[Mapping[type, str]] = {str: "text", int: "a number", list: "a list of texts"}


@dataclass(frozen=True, slots=True)
class Defaults:
    """Terms of statements that the caller leaves out."""

    legal_basis: str | None = None
    language: Language | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """The certificate and key that open the channel."""

    certificate: VerifiedCertificate
    certificate_pem: bytes = field(repr=False)
    """The certificate, and its intermediates where it has some."""
    key: TlsKey | TokenTlsKey

    def key_pem(self) -> bytes:
        """The key without encryption; it never goes to disk.

        Raises KEY_UNAVAILABLE for a key in a token, which nobody sees.
        """
        if isinstance(self.key, TokenTlsKey):
            raise Reason.KEY_UNAVAILABLE.error("expected the TLS key in a file; it is in a token")
        return self.key.plain_pem()

    @property
    def trouble(self) -> ExchangeError | None:
        """The reason for which a token did not sign the last handshake; None where it did."""
        return self.key.trouble if isinstance(self.key, TokenTlsKey) else None

    @property
    def is_signing(self) -> bool:
        """True while a handshake waits for a token."""
        return isinstance(self.key, TokenTlsKey) and self.key.is_signing


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
        table = _read(self.folder).get("sealing", {})
        return self.folder / str(table.get("directory", "sealing"))

    def files(self, table: str) -> Mapping[str, str]:
        """The names of the files in a table, as the profile has them now."""
        return {key: str(value) for key, value in _read(self.folder).get(table, {}).items()}

    @property
    def has_typed_passphrase(self) -> bool:
        """True if no file holds the passphrase of the keys: a person types it."""
        return "keys" not in _read(self.folder)

    def passphrase(self) -> bytes:
        """The passphrase of the profile's keys, read anew; it is not kept."""
        return _passphrase(self.folder, _read(self.folder))

    @classmethod
    def load(cls, profile: str | os.PathLike[str], passphrase: bytes | None = None) -> Profile:
        """Load a profile by its folder, or by its name under $EXCHANGE_PROFILES.

        Without a passphrase it is taken from where the profile says. Raises PROFILE_INVALID,
        KEY_UNAVAILABLE, or what a certificate fails by.
        """
        folder = find_profile(profile)
        check_guarded_folder(folder, Reason.PROFILE_INVALID)
        return cls._of(folder, _read(folder), passphrase)

    @classmethod
    def _of(cls, folder: Path, tables: dict[str, Any], passphrase: bytes | None) -> Profile:
        hub, trust = tables["hub"], tables["trust"]
        roots_pem = _file(folder, trust["roots"], "trust.roots")
        anchors = _checked("trust.roots", lambda: TrustAnchors.from_pem(roots_pem))
        passphrase = passphrase or _passphrase(folder, tables)
        tls = _tls(folder, tables["tls"], anchors, passphrase)
        agency = tls.certificate.member.agency
        _checked("hub.name", lambda: HubIdentity("caricc.example", hub["name"]))
        return cls(
            folder=folder,
            target=_checked("hub.target", lambda: parse_target(hub["target"])),
            hub_name=hub["name"],
            pinned_log=_checked("hub.log_vkey", lambda: LogVerifier(hub["log_vkey"])),
            anchors=anchors,
            roots_pem=roots_pem,
            revocations=_revocations(folder, trust, anchors),
            tls=tls,
            vault=_vault(folder, tables, agency, anchors, passphrase),
            defaults=_defaults(tables.get("defaults", {})),
            witnesses=_witnesses(tables.get("witnesses")),
        )

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        hub_target: str,
        hub_name: str,
        log_vkey: str,
        roots_pem: bytes,
        tls_certificate_pem: bytes,
        tls_key: ec.EllipticCurvePrivateKey,
        passphrase: bytes,
        signing_certificate_pem: bytes | None = None,
        signing_key: ec.EllipticCurvePrivateKey | None = None,
        second_key: bytes | None = None,
        crl_pem: bytes | None = None,
        write_passphrase: bool = False,
        legal_basis: str | None = None,
        language: Language | None = None,
        time_zone: str | None = None,
    ) -> Profile:
        """Write a new profile into a new or empty folder, and load it.

        The passphrase is kept in the folder only with `write_passphrase`; otherwise the profile
        takes it from the environment. `second_key` is the file of a post-quantum key, encrypted
        under that passphrase.
        """
        verify_passphrase(passphrase)
        tables: dict[str, dict[str, str | None]] = {
            "hub": {"target": hub_target, "name": hub_name, "log_vkey": log_vkey},
            "trust": {"roots": "root.pem", "crl": "crl.pem" if crl_pem else None},
            "tls": {"certificate": "tls.pem", "key": "tls.key"},
        }
        files = {
            "root.pem": roots_pem,
            "tls.pem": tls_certificate_pem,
            "tls.key": encrypted_pem(tls_key, passphrase),
        }
        if crl_pem:
            files["crl.pem"] = crl_pem
        if signing_certificate_pem is not None and signing_key is not None:
            files["signing.pem"] = signing_certificate_pem
            files["signing.key"] = encrypted_pem(signing_key, passphrase)
            tables["signing"] = {"certificate": "signing.pem", "key": "signing.key"}
            if second_key is not None:
                files[SECOND_KEY_FILE] = second_key
                tables["signing"]["post_quantum_key"] = SECOND_KEY_FILE
        tables["sealing"] = {"directory": "sealing"}
        if write_passphrase:
            files["passphrase"] = passphrase + b"\n"
            tables["keys"] = {"passphrase_file": "passphrase"}
        tables["defaults"] = {
            "legal_basis": legal_basis,
            "language": language.name if language else None,
            "time_zone": time_zone,
        }
        text = _toml(tables)
        parsed = _parse(text.encode(), folder / FILE)
        files[FILE] = text.encode()
        new = [NewFile(folder / name, data) for name, data in files.items()]
        # The file that makes the folder a profile comes last, after all of it was checked.
        with new_folder(folder, *new, reason=Reason.PROFILE_INVALID):
            profile = cls._of(folder.absolute(), parsed, passphrase)
            for each in profile.vault.unusable:
                raise Reason.KEY_UNAVAILABLE.error(each.why)
        return profile


def find_profile(profile: str | os.PathLike[str]) -> Path:
    """The folder of a profile: itself, or the one of that name under $EXCHANGE_PROFILES."""
    given = Path(profile)
    if (given / FILE).is_file():
        return given.absolute()
    profiles = _profiles_folder()
    if profiles is None:
        raise _invalid(
            f"expected a folder with {FILE}, got {os.fspath(given)!r}; names of profiles are "
            f"looked up under ${PROFILES_VARIABLE} or the home directory: this user has none, so "
            f"set ${PROFILES_VARIABLE} or $HOME"
        )
    if len(given.parts) == 1 and (profiles / given / FILE).is_file():
        return (profiles / given).absolute()
    raise Reason.PROFILE_INVALID.error(
        f"expected a folder with {FILE}, or the name of one under {profiles}; "
        f"got {os.fspath(given)!r}"
    )


def _profiles_folder() -> Path | None:
    """The folder of profiles that are looked up by name; None for a user without a home."""
    named = os.environ.get(PROFILES_VARIABLE)
    if named:
        return Path(named)
    try:
        return Path.home() / ".config" / "caricc-exchange" / "profiles"
    except RuntimeError:
        return None


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    return _parse(read_pinned(path, Reason.PROFILE_INVALID), path)


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _invalid(f"{path} is no TOML: expected text in UTF-8: save it so") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(f"{path} is no TOML: {_first_place(text, str(error))}{error}") from None
    for name in _REQUIRED_TABLES:
        if name not in tables:
            raise _invalid(f"expected a table [{name}] in {path}, got none", name)
    for name, table in tables.items():
        if name not in _KEYS or not isinstance(table, dict):
            raise _invalid(f"expected the tables {', '.join(_KEYS)}; got {name!r}", name)
        _check_table(name, table)
    return tables


def _first_place(text: str, said: str) -> str:
    """Find the first place of a name that stands twice; the parser tells of the second alone."""
    found = re.search(r"\(at line (\d+)", said)
    if not said.startswith(("Cannot overwrite", "Cannot declare")) or found is None:
        return ""
    lines = [line.partition("=")[0].strip() for line in text.splitlines()]
    number = int(found[1]) - 1
    for first in range(number - 1, -1, -1):
        if lines[first] == lines[number]:
            return f"{lines[number]!r} stands twice, at line {first + 1} and line {number + 1}: "
    return ""


def _check_table(name: str, table: Mapping[str, Any]) -> None:
    keys = _KEYS[name]
    for key, value in table.items():
        if key not in keys:
            raise _invalid(f"expected the keys {', '.join(keys)}; got {key!r}", f"{name}.{key}")
        expected = _TYPES.get(f"{name}.{key}", str)
        # Of TOML's types only `bool` passes for another.
        if not isinstance(value, expected) or isinstance(value, bool) or not value:
            raise _invalid(
                f"expected {_TYPE_NAMES[expected]}, got {type(value).__name__}", f"{name}.{key}"
            )
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and (hidden := find_hidden(text)):
                raise _invalid(str(hidden), f"{name}.{key}")
    for key, required in keys.items():
        if required and key not in table:
            raise _invalid("expected a value, got none", f"{name}.{key}")


def _passphrase(folder: Path, tables: Mapping[str, Any]) -> bytes:
    named = tables.get("keys", {}).get("passphrase_file")
    return read_passphrase(folder / named if named else None, PASSPHRASE_VARIABLE)


def _file(folder: Path, name: str, where: str) -> bytes:
    return _checked(where, lambda: read_pinned(folder / name, Reason.PROFILE_INVALID))


def _tls(
    folder: Path, table: Mapping[str, str], anchors: TrustAnchors, passphrase: bytes
) -> TlsIdentity:
    path = folder / table["certificate"]
    pem = _file(folder, table["certificate"], "tls.certificate")
    certificate = _certificate(path, pem, anchors, Usage.TLS_CLIENT, "tls.certificate")
    key = load_client_tls_key(folder / table["key"], passphrase)
    _check_pair(certificate.public_key, key.public_key, "tls.key")
    return TlsIdentity(certificate, pem, key)


def _vault(
    folder: Path,
    tables: Mapping[str, Any],
    agency: AgencyId,
    anchors: TrustAnchors,
    passphrase: bytes,
) -> Vault:
    directory = tables.get("sealing", {}).get("directory", "sealing")
    sealing = load_sealing_keys(folder / directory, passphrase)
    table = tables.get("signing")
    if table is None:
        return Vault.of(agency, None, None, sealing.keys, sealing.unusable)
    path = folder / table["certificate"]
    pem = _file(folder, table["certificate"], "signing.certificate")
    certificate = _certificate(path, pem, anchors, Usage.SIGNING, "signing.certificate")
    if certificate.member.agency != agency:
        raise _invalid(
            f"expected a certificate of {agency}, as for TLS; got one of {certificate.member}",
            "signing.certificate",
        )
    # Content can still be read; an attempt to sign is told why not.
    unusable = [*sealing.unusable]
    key = _signer(folder / table["key"], passphrase, unusable)
    if key is not None:
        _check_pair(certificate.public_key, key.public_key, "signing.key")
    second = None
    if "post_quantum_key" in table:
        second = _signer(folder / table["post_quantum_key"], passphrase, unusable)
    if second is not None:
        named = certificate.post_quantum_key
        _check_pair(named, second.public_key, "signing.post_quantum_key")
    return Vault.of(agency, certificate, key, sealing.keys, unusable, second)


def _signer(path: Path, passphrase: bytes, unusable: list[UnusableKey]) -> Signer | None:
    try:
        return load_signer(path, passphrase)
    except ExchangeError as error:
        unusable.insert(0, UnusableKey(path, error.message))
        return None


def _certificate(
    path: Path, pem: bytes, anchors: TrustAnchors, usage: Usage, where: str
) -> VerifiedCertificate:
    chain = _checked(where, lambda: certificate_chain(pem, path, Reason.PROFILE_INVALID))
    # Validity is asked when the certificate is used; the chain is the same at any time.
    return _checked(
        where,
        lambda: verify_chain(chain[0], chain[1:], anchors, usage=usage, at=datetime.now(UTC)),
    )


def _check_pair(named: SigningPublicKey | None, key: SigningPublicKey, where: str) -> None:
    if named != key:
        raise _invalid("expected the private key of the certificate, got another", where)


def _revocations(
    folder: Path, trust: Mapping[str, str], anchors: TrustAnchors
) -> Revocations | None:
    if "crl" not in trust:
        return None
    pem = _file(folder, trust["crl"], "trust.crl")
    return _checked("trust.crl", lambda: Revocations.from_pem(pem, anchors))


def _defaults(table: Mapping[str, str]) -> Defaults:
    language = table.get("language")
    if language is not None and language not in Language.__members__:
        raise _invalid(
            f"expected one of {', '.join(Language.__members__)}; got {language!r}",
            "defaults.language",
        )
    legal_basis = table.get("legal_basis")
    if legal_basis is not None and not legal_basis.isascii():
        more = describe_mixed(legal_basis) or "letters of another script look like them"
        raise _invalid(f"expected letters and digits of ASCII: {more}", "defaults.legal_basis")
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
        raise _invalid("expected a list of texts", "witnesses.keys")
    return _checked("witnesses", lambda: WitnessPolicy(table["required"], keys))


def _toml(tables: Mapping[str, Mapping[str, str | None]]) -> str:
    lines: list[str] = []
    for name, table in tables.items():
        values = {key: value for key, value in table.items() if value is not None}
        if values:
            lines.append(f"[{name}]")
            lines.extend(f"{key} = {_toml_string(value)}" for key, value in values.items())
            lines.append("")
    return "\n".join(lines)


def _toml_string(text: str) -> str:
    if not text.isprintable() or "'" in text:
        raise _invalid(f"expected printable text without an apostrophe, got {text!r}")
    return f"'{text}'"


def _checked(where: str, parse: Callable[[], T]) -> T:
    """The result of `parse`; its error names the profile's key and keeps its reason."""
    try:
        return parse()
    except ExchangeError as error:
        if error.reason is Reason.CONFIG_INVALID:
            raise _invalid(error.message, where) from None
        error.field = where
        raise


def _invalid(why: str, where: str | None = None) -> ExchangeError:
    return Reason.PROFILE_INVALID.error(why, field=where)
