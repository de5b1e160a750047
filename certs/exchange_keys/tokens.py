"""Signers whose key is in a token: a smart card, a USB key, a hardware security module (PKCS #11).

A key file may hold, in the place of a key, one line that says where the key is (RFC 7512):

    pkcs11:token=exchange;object=signing?module-path=/usr/lib/token.so&pin-source=file:pin

Rules of this module:

- The key never leaves the token. The PIN comes from the file that `pin-source` names, relative to
  the key file, or `credential:NAME` below $CREDENTIALS_DIRECTORY; `prompt` asks the terminal, once
  in a process for each token; without one the passphrase of the keys is the PIN. It never stands in
  the line itself.
- A PIN that was wrong is not tried again by itself: tokens lock after a few.
- A token that was taken away makes KEY_UNAVAILABLE. Once it is back, the next signature finds it.
- Only hashes go to the token, for all tokens sign these; Ed25519 signs the data itself.
- PKCS #11 sessions are for one thread at a time, and a library begins anew for all of its tokens
  together: whatever this process does with tokens takes turns.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from exchange_keys.guarded import CREDENTIALS_VARIABLE, read_secret
from exchange_keys.typed import type_secret
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.signer import SignatureAlgorithm, SigningPublicKey

SCHEME: Final = b"pkcs11:"
PROMPT: Final = "prompt"
"""The `pin-source` of a PIN that a person types."""
_PATH: Final = frozenset({"token", "object", "id"})
_QUERY: Final = frozenset({"module-path", "pin-source"})
_ED25519_POINT: Final = 32
_HASHES: Final = {
    SignatureAlgorithm.ECDSA_P256_SHA256: hashlib.sha256,
    SignatureAlgorithm.ECDSA_P384_SHA384: hashlib.sha384,
}
_CURVES: Final = {
    "secp256r1": SignatureAlgorithm.ECDSA_P256_SHA256,
    "secp384r1": SignatureAlgorithm.ECDSA_P384_SHA384,
}
_LOCK: Final = threading.Lock()
_WRONG_PIN: Final = frozenset({"PinIncorrect", "PinInvalid", "PinLenRange"})
_AWAY: Final = frozenset(
    {
        "DeviceError",
        "DeviceRemoved",
        "GeneralError",
        "KeyHandleInvalid",
        "NoSuchToken",
        "ObjectHandleInvalid",
        "SessionClosed",
        "SessionHandleInvalid",
        "TokenNotPresent",
        "TokenNotRecognised",
        "UserNotLoggedIn",
    }
)


@dataclass(frozen=True, slots=True)
class TokenUri:
    """The place of a key."""

    module: Path
    token: str
    label: str | None
    id: bytes | None
    pin_file: Path | None
    is_prompted: bool = False
    """True if a person types the PIN at the terminal."""


def parse_uri(line: bytes, key_file: Path) -> TokenUri:
    """Take the line of a key file; raises KEY_UNAVAILABLE naming what is wrong."""
    text = line.decode("utf-8", "replace").strip().removeprefix(SCHEME.decode())
    path, _, query = text.partition("?")
    given = _attributes(path, ";", _PATH, key_file) | _attributes(query, "&", _QUERY, key_file)
    module = Path(given.get("module-path", ""))
    if not module.is_absolute() or "token" not in given or not {"object", "id"} & given.keys():
        raise _unavailable(
            f"expected {key_file} to name token, object or id, and an absolute module-path"
        )
    return TokenUri(
        module,
        given["token"],
        given.get("object"),
        given["id"].encode("latin-1") if "id" in given else None,
        _pin_file(given.get("pin-source"), key_file),
        given.get("pin-source") == PROMPT,
    )


def is_in_token(key_file: Path) -> bool:
    """True if a key file names a key in a token, in the place of a key."""
    return read_secret(key_file).startswith(SCHEME)


class TokenSigner:
    """A private key in a token, that signs."""

    __slots__ = ("_key", "_pin", "_refusal", "_session", "_uri", "algorithm", "public_key")

    algorithm: SignatureAlgorithm
    public_key: SigningPublicKey

    def __init__(self, uri: TokenUri, passphrase: bytes) -> None:
        """Open the token and find the key; raises KEY_UNAVAILABLE."""
        self._uri = uri
        if uri.is_prompted:
            self._pin = _typed_pin(uri)
        else:
            self._pin = _Pin(_first_line(uri.pin_file) if uri.pin_file else passphrase)
        self._session: Any = None
        self._key: Any = None
        self._refusal: ExchangeError | None = None
        with _LOCK, _told(uri):
            self._open()
            self.algorithm, self.public_key = self._find_public_key()

    def sign(self, data: bytes) -> bytes:
        """Sign exact bytes; raises KEY_UNAVAILABLE where the token is away."""
        with _LOCK, _told(self._uri):
            if self._refusal is not None:
                raise self._refusal
            if self._session is not None:
                try:
                    return self._sign(data)
                except Exception as error:
                    if type(error).__name__ not in _AWAY:
                        raise
            # It was away, and may be back: one more try, with the library begun anew, since some
            # libraries never see again what they have lost.
            self._session = self._key = None
            _library(self._uri).reinitialize()
            self._open()
            return self._sign(data)

    def _sign(self, data: bytes) -> bytes:
        from pkcs11 import Mechanism
        from pkcs11.util.ec import encode_ecdsa_signature

        if self.algorithm is SignatureAlgorithm.ED25519:
            return bytes(self._key.sign(data, mechanism=Mechanism.EDDSA))
        digest = _HASHES[self.algorithm](data).digest()
        return bytes(encode_ecdsa_signature(self._key.sign(digest, mechanism=Mechanism.ECDSA)))

    def _open(self) -> None:
        from pkcs11 import ObjectClass
        from pkcs11.exceptions import UserAlreadyLoggedIn

        place = (self._uri.module, self._uri.token)
        if (before := _REFUSED.get(place)) and before[0] == self._pin:
            self._refusal = before[1]
            raise before[1]
        token = _library(self._uri).get_token(token_label=self._uri.token)
        try:
            self._session = token.open(user_pin=self._pin.text)
        except UserAlreadyLoggedIn:
            # Another key of this token is in use: the login is the process's.
            self._session = token.open()
        except Exception as error:
            if type(error).__name__ in (*_WRONG_PIN, "PinLocked"):
                # A channel knocks again and again, and each try may be the token's last.
                self._refusal = _unavailable(_why(error, self._uri))
                if type(error).__name__ in _WRONG_PIN:
                    # A locked token counts no tries, and may be unlocked with the same PIN.
                    _REFUSED[place] = (self._pin, self._refusal)
                _TYPED.pop(place, None)
            raise
        self._key = self._session.get_key(object_class=ObjectClass.PRIVATE_KEY, **self._named())

    def _find_public_key(self) -> tuple[SignatureAlgorithm, SigningPublicKey]:
        from pkcs11 import Attribute, KeyType, ObjectClass
        from pkcs11.util.ec import encode_ec_public_key

        found = self._session.get_key(object_class=ObjectClass.PUBLIC_KEY, **self._named())
        if found.key_type is KeyType.EC_EDWARDS:
            point = bytes(found[Attribute.EC_POINT])[-_ED25519_POINT:]
            return SignatureAlgorithm.ED25519, Ed25519PublicKey.from_public_bytes(point)
        key = load_der_public_key(encode_ec_public_key(found))
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
            raise _unavailable(
                f"expected a key on P-256 or P-384, or of Ed25519, in token {self._uri.token!r}"
            )
        return _CURVES[key.curve.name], key

    def _named(self) -> dict[str, Any]:
        named: dict[str, Any] = {"label": self._uri.label, "id": self._uri.id}
        return {name: value for name, value in named.items() if value is not None}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.algorithm.name} in {self._uri.token!r}>"


def _library(uri: TokenUri) -> Any:
    from pkcs11 import lib

    return lib(str(uri.module))


@dataclass(frozen=True, slots=True)
class _Pin:
    raw: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "surrogateescape")


_TYPED: Final[dict[tuple[Path, str], _Pin]] = {}
"""The PINs that a person has typed: a profile is loaded more than once in a process."""


_REFUSED: Final[dict[tuple[Path, str], tuple[_Pin, ExchangeError]]] = {}
"""The PIN that a token refused last: a profile that is loaded again does not try it again."""


def _typed_pin(uri: TokenUri) -> _Pin:
    place = (uri.module, uri.token)
    if place not in _TYPED:
        if not sys.stdin.isatty():
            raise _unavailable(
                f"the PIN of token {uri.token!r} is to be typed, and there is no terminal: name a "
                "file or a credential as pin-source"
            )
        typed = type_secret(f"PIN of token {uri.token!r}: ")
        if not typed:
            # An empty one would be counted by the token as a try.
            raise _unavailable(f"no PIN was typed for token {uri.token!r}")
        _TYPED[place] = _Pin(typed.encode("utf-8", "surrogateescape"))
    return _TYPED[place]


class _told:  # noqa: N801 -- read as a word of `with`
    """Turns what the token's library raises into KEY_UNAVAILABLE, in words that say what to do."""

    def __init__(self, uri: TokenUri) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, ExchangeError) or not isinstance(error, Exception):
            return
        raise _unavailable(_why(error, self._uri)) from None


def _why(error: Exception, uri: TokenUri) -> str:
    name, token = type(error).__name__, f"token {uri.token!r}"
    if isinstance(error, ModuleNotFoundError):
        return "keys in tokens need the extra, `pip install caricc-exchange[pkcs11]`"
    if name in _WRONG_PIN:
        tried = (
            ""
            if uri.pin_file or uri.is_prompted
            else (" (the passphrase of the keys was tried, for the key file names no pin-source)")
        )
        return (
            f"the PIN of {token} is wrong{tried}; it locks after a few tries, so look before the "
            "next"
        )
    if name == "PinLocked":
        return f"{token} is locked after wrong PINs; its security officer can unlock it"
    if name in _AWAY:
        return f"{token} is not there, or was taken away; put it back and try again"
    if name in ("NoSuchKey", "MultipleObjectsReturned"):
        what = uri.label if uri.label is not None else (uri.id or b"").hex()
        return f"expected one key {what!r} in {token}, private and public, got {name}"
    if name in ("AlreadyInitialized", "PKCS11Error") or not type(error).__module__.startswith(
        "pkcs11"
    ):
        return f"cannot load {uri.module}: is it the library of the token?"
    return f"{token} failed: {name}"


def _attributes(text: str, separator: str, known: frozenset[str], file: Path) -> dict[str, str]:
    given: dict[str, str] = {}
    for each in filter(None, text.split(separator)):
        name, equals, value = each.partition("=")
        if name not in known or not equals or name in given:
            raise _unavailable(
                f"expected {file} to hold a pkcs11 URI with each of "
                f"{', '.join(sorted(_PATH | _QUERY))} at most once; PINs stand in a file"
            )
        given[name] = unquote(value, encoding="latin-1" if name == "id" else "utf-8")
    return given


def _pin_file(source: str | None, key_file: Path) -> Path | None:
    if source is None or source == PROMPT:
        return None
    if credential := re.fullmatch(r"credential:([\w.-]+)", source):
        folder = os.environ.get(CREDENTIALS_VARIABLE)
        if folder is None:
            raise _unavailable(f"{key_file} asks for a credential, and systemd gives none")
        return Path(folder) / credential[1]
    return key_file.parent / source.removeprefix("file:")


def _first_line(path: Path) -> bytes:
    return read_secret(path).partition(b"\n")[0].rstrip(b"\r")


def _unavailable(why: str) -> ExchangeError:
    return Reason.KEY_UNAVAILABLE.error(why)
