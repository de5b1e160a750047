"""A token of SoftHSM, with keys, for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

PIN = "fictional-pin"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
MODULE = next((each for each in MODULES if Path(each).exists()), None)
CURVES = {"p256": "secp256r1", "p384": "secp384r1", "k1": "secp256k1"}

needs_token = pytest.mark.skipif(
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
        os.environ["SOFTHSM2_CONF"] = str(config)
        for label in ("exchange", "locking"):
            words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN]
            subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)  # noqa: S607

    def make_keys(self) -> None:
        """Make a pair on each curve, and one for a log."""
        import pkcs11
        from pkcs11 import Attribute, KeyType, Mechanism
        from pkcs11.util.ec import encode_named_curve_parameters

        assert MODULE is not None
        # A library that another test has loaded knows that test's tokens alone.
        pkcs11.lib(MODULE).reinitialize()
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

    def key_file(
        self,
        folder: Path,
        path: str,
        query: str = "",
        pin: str = PIN,
        name: str = "signing.key",
    ) -> Path:
        """Write a file that says where a key is, and its PIN beside it."""
        source = folder / "pin"
        source.touch(mode=0o600)
        source.write_text(f"{pin}\n", "utf-8")
        file = folder / name
        file.touch(mode=0o600)
        query = query or f"module-path={MODULE}&pin-source=file:pin"
        file.write_text(f"pkcs11:{path}?{query}\n", "utf-8")
        return file

    def public_key(self, label: str) -> ec.EllipticCurvePublicKey:
        """The public key of a pair that `make_keys` made."""
        import pkcs11
        from pkcs11 import ObjectClass, PublicKey
        from pkcs11.util.ec import encode_ec_public_key

        assert MODULE is not None
        token = pkcs11.lib(MODULE).get_token(token_label="exchange")
        with token.open(user_pin=PIN) as session:
            found = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
            assert isinstance(found, PublicKey)
            key = load_der_public_key(encode_ec_public_key(found))
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return key


@contextmanager
def plugged_in(folder: Path) -> Iterator[Token]:
    """A token with keys, for one test or one module of tests."""
    before = os.environ.get("SOFTHSM2_CONF")
    made = Token(folder)
    made.make_keys()
    try:
        yield made
    finally:
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before
