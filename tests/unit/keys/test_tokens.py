"""Keys in a token sign as keys in files do, and say what is wrong where the token cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange_keys import TokenSigner, load_signer
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import EMPTY_ROOT
from exchange_protocol.signer import SignatureAlgorithm
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign, verify

PIN = "fictional-pin"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
MODULE = next((each for each in MODULES if Path(each).exists()), None)
CURVES = {"p256": "secp256r1", "p384": "secp384r1", "k1": "secp256k1"}

pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None,
    reason="needs SoftHSM, which Debian's package softhsm2 has",
)


class Token:
    """A token of SoftHSM: its objects are files in a folder, which may go away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = folder / "tokens"
        self.objects.mkdir()
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self.objects}\nlog.level = ERROR\n", "utf-8")
        # The library reads it when it is first loaded, once in a process.
        os.environ["SOFTHSM2_CONF"] = str(config)
        for label in ("exchange", "locking"):
            words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN]
            subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)  # noqa: S607

    def make_keys(self) -> None:
        import pkcs11
        from pkcs11 import Attribute, KeyType, Mechanism
        from pkcs11.util.ec import encode_named_curve_parameters

        assert MODULE is not None
        token = pkcs11.lib(MODULE).get_token(token_label="exchange")
        with token.open(rw=True, user_pin=PIN) as session:
            for label, curve in CURVES.items():
                given = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
                parameters = session.create_domain_parameters(KeyType.EC, given, local=True)
                parameters.generate_keypair(label=label, id=label.encode(), store=True)
            edwards = {Attribute.EC_PARAMS: b"\x13\x0cedwards25519"}
            parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, edwards, local=True)
            parameters.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, label="log", store=True
            )

    def key_file(self, folder: Path, path: str, query: str = "", pin: str = PIN) -> Path:
        source = folder / "pin"
        source.touch(mode=0o600)
        source.write_text(f"{pin}\n", "utf-8")
        file = folder / "signing.key"
        file.touch(mode=0o600)
        query = query or f"module-path={MODULE}&pin-source=file:pin"
        file.write_text(f"pkcs11:{path}?{query}\n", "utf-8")
        return file


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    before = os.environ.get("SOFTHSM2_CONF")
    made = Token(tmp_path_factory.mktemp("softhsm"))
    made.make_keys()
    yield made
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


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
