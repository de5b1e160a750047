"""Keys in a token sign as keys in files do, and say what is wrong where the token cannot."""

from __future__ import annotations

import os
import pty
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange_keys import TokenSigner, load_client_tls_key, load_signer, load_tls_key
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import EMPTY_ROOT
from exchange_protocol.signer import SignatureAlgorithm
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign, verify
from tests.support.tokens import MODULE, PIN, Token, needs_token, plugged_in

pytestmark = needs_token


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    with plugged_in(tmp_path_factory.mktemp("softhsm")) as made:
        yield made


def unavailable(file: Path, passphrase: bytes = b"unused passphrase") -> str:
    with pytest.raises(ExchangeError) as caught:
        load_signer(file, passphrase)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    assert PIN not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("path", "algorithm"),
    [
        ("token=exchange;object=p256", SignatureAlgorithm.ECDSA_P256_SHA256),
        ("token=exchange;id=p384", SignatureAlgorithm.ECDSA_P384_SHA384),
    ],
)
def test_statement_that_a_token_signs_verifies(
    token: Token, tmp_path: Path, path: str, algorithm: SignatureAlgorithm
) -> None:
    signer = load_signer(token.key_file(tmp_path, path), b"")
    assert signer.algorithm is algorithm
    key = signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    verify(key, PAYLOAD_TYPE, b"a statement", sign(signer, PAYLOAD_TYPE, b"a statement"))
    assert PIN not in repr(signer)


def test_log_whose_key_is_in_a_token_signs_checkpoints(token: Token, tmp_path: Path) -> None:
    file = token.key_file(tmp_path, "token=exchange;object=log")
    signer = load_signer(file, b"", SignatureAlgorithm.ED25519)
    assert isinstance(signer.public_key, Ed25519PublicKey)
    log = LogSigner("caricc.example/exchange-log", signer)
    note = log.sign(Checkpoint("caricc.example/exchange-log", 0, EMPTY_ROOT))
    assert LogVerifier(log.vkey).verify(note).size == 0
    with pytest.raises(ExchangeError) as caught:
        load_signer(file, b"", SignatureAlgorithm.ECDSA_P256_SHA256)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_without_a_source_the_passphrase_is_the_pin(token: Token, tmp_path: Path) -> None:
    file = token.key_file(tmp_path, "token=exchange;object=p256", f"module-path={MODULE}")
    assert isinstance(load_signer(file, PIN.encode()), TokenSigner)


def test_pin_may_be_a_credential_of_systemd(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = f"module-path={MODULE}&pin-source=credential:pin"
    file = token.key_file(tmp_path, "token=exchange;object=p256", query)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "systemd gives none" in unavailable(file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_signer(file, b"").sign(b"data")


@pytest.mark.parametrize(
    ("path", "query", "why"),
    [
        ("token=absent;object=p256", "", "not there"),
        ("token=exchange;object=absent", "", "expected one key 'absent'"),
        ("token=exchange;object=k1", "", "P-256 or P-384"),
        ("token=exchange", "", "object or id"),
        ("token=exchange;object=p256;pin-value=1", "", "PINs stand in a file"),
        ("token=exchange;object=p256", "module-path=softhsm.so", "absolute module-path"),
        ("token=exchange;object=p256", "module-path=/absent.so", "cannot load /absent.so"),
    ],
)
def test_what_is_wrong_is_said(
    token: Token, tmp_path: Path, path: str, query: str, why: str
) -> None:
    assert why in unavailable(token.key_file(tmp_path, path, query))


def test_wrong_pin_is_tried_once(token: Token, tmp_path: Path) -> None:
    file = token.key_file(tmp_path, "token=locking;object=p256", pin="000000")
    assert "PIN of token 'locking' is wrong" in unavailable(file)


def test_token_that_was_pulled_is_told_and_found_again(token: Token, tmp_path: Path) -> None:
    signer = load_signer(token.key_file(tmp_path, "token=exchange;object=p256"), b"")
    assert signer.sign(b"before")
    away = token.folder / "away"
    token.objects.rename(away)
    with pytest.raises(ExchangeError) as caught:
        signer.sign(b"while it is away")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    away.rename(token.objects)
    key = signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signer.sign(b"after"), b"after", ec.ECDSA(hashes.SHA256()))


def test_token_that_was_unlocked_is_asked_again_with_the_same_pin(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkcs11.exceptions import PinLocked

    class Locked:
        def get_token(self, **_: object) -> Locked:
            return self

        def open(self, **_: object) -> None:
            raise PinLocked

        def reinitialize(self) -> None:
            """Nothing changes by it."""

    monkeypatch.setattr("exchange_keys.tokens._REFUSED", {})
    file = token.key_file(tmp_path, "token=exchange;object=p384")
    with monkeypatch.context() as locked:
        locked.setattr("exchange_keys.tokens._library", lambda _: Locked())
        assert "its security officer" in unavailable(file)
    assert load_signer(file, b"").sign(b"unlocked")


def test_locked_token_says_who_unlocks_it(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SoftHSM never locks: its library is the real one, up to the login."""
    from pkcs11 import Token as AnyToken
    from pkcs11.exceptions import PinLocked

    class Locked:
        def get_token(self, **_: object) -> AnyToken:
            raise PinLocked

        def reinitialize(self) -> None:
            """Nothing changes by it."""

    signer = load_signer(token.key_file(tmp_path, "token=exchange;object=p256"), b"")
    monkeypatch.setattr("exchange_keys.tokens._library", lambda _: Locked())
    file = token.key_file(tmp_path, "token=exchange;object=p384")
    assert "locked after wrong PINs; its security officer" in unavailable(file)
    # A session that is open goes on; after a loss it would need the PIN again.
    assert signer.sign(b"still open")
    signer._session = None  # type: ignore[attr-defined]
    with pytest.raises(ExchangeError, match="security officer") as caught:
        signer.sign(b"lost")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_slow_token_is_waited_for(token: Token, tmp_path: Path) -> None:
    """Each signature takes its time, and all who wait get their own."""
    signer = load_signer(token.key_file(tmp_path, "token=exchange;object=p256"), b"")
    fast = signer._key  # type: ignore[attr-defined]

    class Slow:
        def sign(self, *words: object, **named: object) -> object:
            time.sleep(0.2)
            return fast.sign(*words, **named)

    signer._key = Slow()  # type: ignore[attr-defined]
    key = signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(signer.sign, [b"0", b"1", b"2", b"3"]))
    assert time.monotonic() - began >= 0.8
    for number, signature in enumerate(made):
        key.verify(signature, str(number).encode(), ec.ECDSA(hashes.SHA256()))


def test_many_threads_may_sign_at_once(token: Token, tmp_path: Path) -> None:
    signer = load_signer(token.key_file(tmp_path, "token=exchange;object=p384"), b"")
    key = signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    barrier = threading.Barrier(8)

    def one(number: int) -> bytes:
        barrier.wait()
        return signer.sign(bytes([number]))

    with ThreadPoolExecutor(8) as pool:
        for number, signature in enumerate(pool.map(one, range(8))):
            key.verify(signature, bytes([number]), ec.ECDSA(hashes.SHA384()))


def test_pin_that_turned_wrong_is_tried_once_by_a_channel_that_knocks_on(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that comes back with another PIN must not be locked by reconnecting channels."""
    from pkcs11.exceptions import PinIncorrect

    tries = []

    class Changed:
        def get_token(self, **_: object) -> Changed:
            return self

        def open(self, **_: object) -> object:
            tries.append(1)
            raise PinIncorrect

        def reinitialize(self) -> None:
            """Nothing changes by it."""

    signer = load_signer(token.key_file(tmp_path, "token=exchange;object=p256"), b"")
    signer._session = None  # type: ignore[attr-defined]
    monkeypatch.setattr("exchange_keys.tokens._library", lambda _: Changed())
    monkeypatch.setattr("exchange_keys.tokens._REFUSED", {})
    for _ in range(3):
        with pytest.raises(ExchangeError, match="PIN of token 'exchange' is wrong"):
            signer.sign(b"knock")
    assert tries == [1]


@pytest.mark.parametrize("source", ["&pin-source=file:pin", ""])
def test_wrong_pin_is_tried_once_by_a_command_that_loads_its_profile_again(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """`agency doctor` loads it twice, and a card of three tries would be locked by two of them."""
    from pkcs11.exceptions import PinIncorrect

    tries = []

    class Counting:
        def get_token(self, **_: object) -> Counting:
            return self

        def open(self, **words: object) -> object:
            tries.append(words["user_pin"])
            raise PinIncorrect

    monkeypatch.setattr("exchange_keys.tokens._library", lambda _: Counting())
    monkeypatch.setattr("exchange_keys.tokens._REFUSED", {})
    file = token.key_file(tmp_path, "token=exchange;object=p256", f"module-path={MODULE}{source}")
    pin = tmp_path / "pin"
    for given in ("000000", "000000", "111111"):
        pin.write_text(given)
        pin.chmod(0o600)
        with pytest.raises(ExchangeError, match="PIN of token 'exchange' is wrong") as no:
            load_signer(file, given.encode())
        assert ("the passphrase of the keys was tried" in no.value.message) == (not source)
    assert tries == ["000000", "111111"]


def test_hub_takes_no_tls_key_in_a_token(token: Token, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="a hub takes no TLS key in a token") as caught:
        load_tls_key(token.key_file(tmp_path, "token=exchange;object=p256"), b"")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_tls_key_in_a_token_is_on_a_curve(token: Token, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="P-256 or P-384") as caught:
        load_client_tls_key(token.key_file(tmp_path, "token=exchange;object=log"), b"")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


LOADS = "import sys, pathlib; from exchange_keys import load_signer; "
LOADS += "[load_signer(pathlib.Path(sys.argv[1]), b'') for _ in range(2)]; print('signs')"


@pytest.mark.parametrize(
    ("typed", "said"), [(PIN, "signs"), ("000000", "PIN of token 'exchange' is wrong")]
)
def test_pin_is_typed_once_at_the_terminal(
    token: Token, tmp_path: Path, typed: str, said: str
) -> None:
    query = f"module-path={MODULE}&pin-source=prompt"
    file = token.key_file(tmp_path, "token=exchange;object=p256", query)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", LOADS, str(file)])  # noqa: S606
    shown = b""
    while b"PIN of token" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, f"{typed}\n".encode())
    with suppress(OSError):  # the terminal ends with the child
        while more := os.read(terminal, 1024):
            shown += more
    os.waitpid(child, 0)
    assert said in shown.decode()
    assert typed not in shown.decode()
    assert shown.count(b"PIN of token 'exchange':") == 1


def test_pin_that_nobody_can_type_is_told(token: Token, tmp_path: Path) -> None:
    query = f"module-path={MODULE}&pin-source=prompt"
    file = token.key_file(tmp_path, "token=exchange;object=p256", query)
    assert "there is no terminal" in unavailable(file)
