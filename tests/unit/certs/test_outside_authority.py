"""Certificates that OpenSSL issued as an outside authority: what is good, and what is missing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_certs.checking import check_certificate
from exchange_certs.cli import main
from exchange_keys.requests import make_keys
from exchange_protocol.errors import ExchangeError
from exchange_protocol.trust.certificates import TrustAnchors, Usage, verify_certificate
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now

REPOSITORY = Path(__file__).resolve().parents[3]
MEMBER = "spiffe://caricc.example/agency/kz.fma/officer/dana"
HUB = "URI:spiffe://caricc.example/hub/main"
PASSPHRASE = b"a fictional passphrase"
SIGNING = "extendedKeyUsage = 1.3.6.1.5.5.7.3.36"


def profile() -> str:
    """The file that docs/keys.md gives to outside authorities."""
    text = (REPOSITORY / "docs" / "keys.md").read_text("utf-8")
    found = re.search(r"```ini\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


class Outside:
    """An authority made of OpenSSL alone: a root on P-384, and an issuing one below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ca.ini").write_text(
            "[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
            "subjectKeyIdentifier = hash\n[req]\ndistinguished_name = dn\n[dn]\n",
            encoding="utf-8",
        )
        for name, curve in (("root", "secp384r1"), ("issuing", "prime256v1")):
            self.openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", f"{name}.key")
        self.openssl("req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", "-days", "30",
                     "-subj", "/CN=Outside root", "-config", "ca.ini",
                     "-extensions", "ca")  # fmt: skip
        self.openssl("req", "-new", "-key", "issuing.key", "-out", "issuing.csr",
                     "-subj", "/CN=Outside issuing", "-config", "ca.ini")  # fmt: skip
        self.openssl("x509", "-req", "-in", "issuing.csr", "-CA", "root.pem", "-CAkey", "root.key",
                     "-out", "issuing.pem", "-days", "30", "-CAcreateserial",
                     "-extfile", "ca.ini", "-extensions", "ca")  # fmt: skip

    def crl(self, name: str, *revoked: bytes) -> bytes:
        """The revocation list of one of the two authorities."""
        (self.folder / "index.txt").write_text("", encoding="utf-8")
        (self.folder / "crlnumber").write_text("01\n", encoding="utf-8")
        (self.folder / "crl.ini").write_text(
            "[ca]\ndefault_ca = one\n[one]\ndatabase = index.txt\ncrlnumber = crlnumber\n"
            "default_md = sha256\ndefault_crl_days = 30\ncrl_extensions = crl\n"
            "[crl]\nauthorityKeyIdentifier = keyid:always\n",
            encoding="utf-8",
        )
        words = ("-config", "crl.ini", "-cert", f"{name}.pem", "-keyfile", f"{name}.key")
        for pem in revoked:
            (self.folder / "revoked.pem").write_bytes(pem)
            self.openssl("ca", "-revoke", "revoked.pem", *words)
        self.openssl("ca", "-gencrl", "-out", f"{name}-crl.pem", *words)
        return (self.folder / f"{name}-crl.pem").read_bytes()

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)  # noqa: S607

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def issue(
        self, csr: bytes, section: str, text: str | None = None, copy: str = "copyall",
        days: str = "30",
    ) -> bytes:  # fmt: skip
        """Certify a request by a profile; gives the certificate with its intermediate."""
        (self.folder / "one.csr").write_bytes(csr)
        (self.folder / "profile.ini").write_text(text or profile(), encoding="utf-8")
        self.openssl("x509", "-req", "-in", "one.csr", "-CA", "issuing.pem", "-CAkey",
                     "issuing.key", "-CAcreateserial", "-days", days, "-copy_extensions", copy,
                     "-extfile", "profile.ini", "-extensions", section,
                     "-out", "one.pem")  # fmt: skip
        return (self.folder / "one.pem").read_bytes() + (self.folder / "issuing.pem").read_bytes()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    return Outside(tmp_path_factory.mktemp("outside"))


def ders(pem: bytes) -> list[bytes]:
    return [each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem)]


@pytest.mark.parametrize("post_quantum", [False, True], ids=["one key", "two keys"])
def test_certificates_by_the_documented_profile_are_good(
    outside: Outside, post_quantum: bool
) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE, post_quantum=post_quantum).request
    for csr, section, usage in (
        (request.tls_csr, "tls", Usage.TLS_CLIENT),
        (request.signing_csr, "signing", Usage.SIGNING),
    ):
        pem = outside.issue(csr, section)
        now = utc_now()
        found = check_certificate(pem, usage, outside.root, now)
        assert (found.identity, found.faults) == (MEMBER, ())
        leaf, *others = ders(pem)
        anchors = TrustAnchors.from_pem(outside.root)
        taken = verify_certificate(leaf, others, anchors, usage=usage, at=now)
        second = request.second_key if usage is Usage.SIGNING else None
        assert taken.post_quantum_key == second
        assert found.has_second_key is (second is not None)


def test_authority_that_does_not_copy_the_second_key_is_told(outside: Outside) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE, post_quantum=True).request
    text = profile() + f"subjectAltName = URI:{MEMBER}\n"
    pem = outside.issue(request.signing_csr, "signing", text, copy="none")
    found = check_certificate(pem, Usage.SIGNING, outside.root, utc_now())
    assert found.faults == ()
    assert not found.has_second_key
    assert "must copy the extension 2.5.29.72" in found.remarks[0]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda text: text.replace("critical,digitalSignature", "digitalSignature"), "key usage"),
        (lambda text: text.replace("digitalSignature", "digitalSignature,keyAgreement"),
         "key usage is not exactly digitalSignature"),
        (lambda text: text.replace(SIGNING, ""), "extended key usage is none"),
        (lambda text: text.replace(SIGNING, SIGNING + ",clientAuth"), "extended key usage is"),
        (lambda text: text + "subjectAltName = URI:https://kz.example\n", "IDENTITY_INVALID"),
        (lambda text: text + "subjectAltName = DNS:kz.example\n", "exactly one URI SAN"),
        (lambda text: text + "1.2.3.4 = critical,ASN1:UTF8String:x\n", "CERTIFICATE_UNTRUSTED"),
        (lambda text: text + "2.5.29.72 = ASN1:UTF8String:x\n", "ML-DSA-65"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(outside: Outside, change: object, missing: str) -> None:
    assert callable(change)
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    text = change(profile())
    copy = "none" if "subjectAltName" in text else "copyall"
    pem = outside.issue(request.signing_csr, "signing", text, copy)
    found = check_certificate(pem, Usage.SIGNING, outside.root, utc_now())
    assert any(missing in fault for fault in found.faults), found.faults


def test_all_faults_are_told_at_once(outside: Outside) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    text = "[signing]\nbasicConstraints = critical,CA:FALSE\n"
    pem = outside.issue(request.signing_csr, "signing", text, copy="none")
    found = check_certificate(pem, Usage.SIGNING, outside.root, utc_now())
    told = " ".join(found.faults)
    assert found.identity == ""
    for each in ("key usage is not exactly", "extended key usage is none", "exactly one URI SAN"):
        assert each in told
    assert len(found.faults) == 3


def test_chain_of_another_root_and_missing_intermediate_are_told(
    outside: Outside, tmp_path: Path
) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    pem = outside.issue(request.tls_csr, "tls")
    elsewhere = Outside(tmp_path)
    for chain, root in ((pem, elsewhere.root), (pem[: pem.index(b"-----END") + 30], outside.root)):
        found = check_certificate(chain, Usage.TLS_CLIENT, root, utc_now())
        assert found.faults[0].startswith("CERTIFICATE_UNTRUSTED")


def test_lists_of_all_issuers_are_needed_and_heeded(outside: Outside) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    pem = outside.issue(request.tls_csr, "tls")
    root, issuing = outside.crl("root"), outside.crl("issuing")

    def faults(*crls: bytes) -> tuple[str, ...]:
        return check_certificate(pem, Usage.TLS_CLIENT, outside.root, utc_now(), crls).faults

    assert faults(root, issuing) == ()
    assert "no revocation list is loaded" in faults(root)[0]
    revoked = outside.crl("issuing", pem)
    assert faults(root, revoked)[0].startswith("CERTIFICATE_REVOKED")


def test_hub_without_a_host_is_told(outside: Outside) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    base = profile().replace("clientAuth", "serverAuth")
    for names, faults in ((HUB, 1), (f"{HUB},DNS:localhost", 0)):
        text = base.replace("[signing]", f"subjectAltName = {names}\n\n[signing]")
        pem = outside.issue(request.tls_csr, "tls", text, copy="none")
        found = check_certificate(pem, Usage.TLS_SERVER, outside.root, utc_now())
        assert len(found.faults) == faults, found.faults


def test_chain_in_the_wrong_order_is_named_as_such(outside: Outside) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE).request
    pem = outside.issue(request.tls_csr, "tls")
    authority = (outside.folder / "root.pem").read_bytes()
    assert not check_certificate(pem + authority, Usage.TLS_CLIENT, outside.root, utc_now()).faults
    with pytest.raises(ExchangeError, match="the first one is an authority's: change the order"):
        check_certificate(authority + pem, Usage.TLS_CLIENT, outside.root, utc_now())


def test_command_tells_and_ends_with_one(
    outside: Outside, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = make_keys(parse_member(MEMBER), PASSPHRASE, post_quantum=True).request
    file = tmp_path / "signing.pem"
    file.write_bytes(outside.issue(request.signing_csr, "signing"))
    root = str(outside.folder / "root.pem")

    def run(*more: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(["check", str(file), "--root", root, *more])
        return int(left.value.code or 0), capsys.readouterr().out

    code, out = run("--usage", "signing")
    assert (code, "with a second key" in out, "good: hub and clients take it" in out) == (
        0, True, True,
    )  # fmt: skip
    code, out = run("--usage", "tls", "--json")
    assert code == 1
    assert "extended key usage" in " ".join(json.loads(out)["faults"])
