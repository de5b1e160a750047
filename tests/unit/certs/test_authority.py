"""Certificates of the authority verify, here and with OpenSSL; revoked ones do not."""

from __future__ import annotations

import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_certs import authority as authority_module
from exchange_certs.authority import CLOCK_SKEW, CRL_DAYS, Authority
from exchange_certs.records import RevocationReason, read_index
from exchange_keys import load_ec_key, save_private_key
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    RevocationList,
    Revocations,
    TrustAnchors,
    Usage,
    verify_certificate,
)
from exchange_protocol.trust.identity import HubIdentity, Member, Role, parse_agency_id

from .conftest import NOW, PASSPHRASE

MIA = Member("caricc.example", parse_agency_id("kz.mia"), Role.SYSTEM, None)
OFFICER = Member("caricc.example", parse_agency_id("kz.mia"), Role.OFFICER, "fictional.officer")
HUB = HubIdentity("caricc.example", "main")


def openssl(*arguments: str | Path) -> str:
    program = shutil.which("openssl")
    assert program, "these tests need the openssl command"
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("member", [MIA, OFFICER])
@pytest.mark.parametrize("usage", [Usage.TLS_CLIENT, Usage.SIGNING])
def test_member_certificate_verifies_from_the_moment_it_is_issued(
    authority: Authority, member: Member, usage: Usage
) -> None:
    issued = authority.issue_member(member, usage, now=NOW)
    anchors = TrustAnchors.from_pem(authority.root_pem())
    verified = verify_certificate(issued.der, (), anchors, usage=usage, at=NOW)
    assert verified.identity == member
    assert verified.fingerprint == issued.fingerprint
    assert issued.key is not None
    assert issued.key.public_key() == verified.public_key
    Revocations.from_pem(authority.crl_pem(), anchors).verify_not_revoked(verified, NOW)


def test_hub_certificate_verifies_and_carries_its_addresses(authority: Authority) -> None:
    issued = authority.issue_hub(
        HUB, now=NOW, dns_names=["localhost"], ip_addresses=["127.0.0.1", "::1"]
    )
    anchors = TrustAnchors.from_pem(authority.root_pem())
    verified = verify_certificate(issued.der, (), anchors, usage=Usage.TLS_SERVER, at=NOW)
    assert verified.identity == HUB
    names = issued.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert list(map(str, names.value.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1"]
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [HUB.uri]


def test_openssl_agrees_about_chain_purpose_and_revocation(
    authority: Authority, tmp_path: Path
) -> None:
    now = datetime.now(UTC)  # openssl reads the machine's clock
    tls = authority.issue_member(MIA, Usage.TLS_CLIENT, now=now)
    hub = authority.issue_hub(HUB, now=now, dns_names=["localhost"])
    signing = authority.issue_member(MIA, Usage.SIGNING, now=now)
    paths = {}
    for name, issued in {"tls": tls, "hub": hub, "signing": signing}.items():
        paths[name] = tmp_path / f"{name}.pem"
        paths[name].write_bytes(issued.certificate_pem)
    trust = ("-x509_strict", "-CAfile", authority.directory / "root.pem")
    serves = ("-purpose", "sslserver", "-verify_hostname", "localhost")
    openssl("verify", *trust, "-purpose", "sslclient", paths["tls"])
    openssl("verify", *trust, *serves, paths["hub"])
    openssl("verify", *trust, paths["signing"])
    with pytest.raises(AssertionError, match="unsuitable certificate purpose"):
        openssl("verify", *trust, "-purpose", "sslclient", paths["signing"])
    text = openssl("x509", "-in", paths["signing"], "-noout", "-text")
    assert f"URI:{MIA.uri}\n" in text
    assert "1.3.6.1.5.5.7.3.36" in text

    authority.revoke(tls.serial, RevocationReason.KEY_COMPROMISE, now=now)
    crl = authority.directory / "crl.pem"
    assert "Key Compromise" in openssl("crl", "-in", crl, "-noout", "-text")
    checked = (*trust, "-crl_check", "-CRLfile", crl)
    openssl("verify", *checked, paths["hub"])
    with pytest.raises(AssertionError, match="certificate revoked"):
        openssl("verify", *checked, paths["tls"])


def test_keys_are_encrypted_and_their_owners_only(authority: Authority) -> None:
    key = authority.directory / "root.key"
    assert stat.S_IMODE(authority.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    openssl("pkey", "-in", key, "-passin", f"pass:{PASSPHRASE.decode()}", "-noout")


def test_revoked_certificate_is_named_by_the_published_list(authority: Authority) -> None:
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW)
    later = NOW + timedelta(days=1)
    record = authority.revoke(issued.serial, RevocationReason.SUPERSEDED, now=later)
    assert record.revoked_at == later.replace(microsecond=0)
    anchors = TrustAnchors.from_pem(authority.root_pem())
    verified = verify_certificate(issued.der, (), anchors, usage=Usage.SIGNING, at=NOW)
    revocations = Revocations.from_pem(authority.crl_pem(), anchors)
    revocations.verify_not_revoked(verified, NOW)
    with pytest.raises(ExchangeError) as refused:
        revocations.verify_not_revoked(verified, later)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED
    assert [each.state(later) for each in authority.records()] == ["revoked"]


def test_revoking_again_keeps_the_first_time_and_publishes_again(authority: Authority) -> None:
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW)
    first = authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=NOW)
    again = authority.revoke(
        issued.serial, RevocationReason.SUPERSEDED, now=NOW + timedelta(days=1)
    )
    assert again == first
    assert read_index(authority.directory).crl_number == 3


def test_revocation_cut_short_before_the_list_is_completed_by_the_next_publication(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW)

    def fill_disk(*_: object, **__: object) -> None:
        raise Reason.FILE_NOT_WRITTEN.error("No space left on device: crl.pem")

    with monkeypatch.context() as patched:
        patched.setattr(authority_module, "replace_file", fill_disk)
        with pytest.raises(ExchangeError, match="No space left"):
            authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=NOW)
    assert len(x509.load_pem_x509_crl(authority.crl_pem())) == 0
    authority.refresh_crl(now=NOW)
    crl = x509.load_pem_x509_crl(authority.crl_pem())
    assert crl.get_revoked_certificate_by_serial_number(issued.serial) is not None


def test_refreshed_list_is_current_again(authority: Authority) -> None:
    late = NOW + timedelta(days=CRL_DAYS + 1)
    anchors = TrustAnchors.from_pem(authority.root_pem())
    before = RevocationList.from_pem(authority.crl_pem(), anchors)
    with pytest.raises(ExchangeError):
        before.verify_current(late)
    authority.refresh_crl(now=late)
    RevocationList.from_pem(authority.crl_pem(), anchors).verify_current(late)


def test_unknown_serial_cannot_be_revoked(authority: Authority) -> None:
    with pytest.raises(ExchangeError) as refused:
        authority.revoke(7, RevocationReason.SUPERSEDED, now=NOW)
    assert refused.value.reason is Reason.CERTIFICATE_UNKNOWN


def test_key_that_came_from_outside_is_certified_and_not_returned(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW, public_key=key.public_key())
    assert issued.key is None
    assert issued.certificate.public_key() == key.public_key()


def test_key_on_another_curve_is_not_certified(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP521R1()).public_key()
    with pytest.raises(ExchangeError) as refused:
        authority.issue_member(MIA, Usage.SIGNING, now=NOW, public_key=key)
    assert refused.value.reason is Reason.INVALID_FIELD


def test_validity_is_as_asked_and_inside_the_roots(authority: Authority) -> None:
    whole = NOW.replace(microsecond=0)
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW, days=2)
    assert issued.certificate.not_valid_before_utc == whole - CLOCK_SKEW
    assert issued.certificate.not_valid_after_utc == whole + timedelta(days=2)
    start, end = whole + timedelta(days=1), whole + timedelta(days=3)
    issued = authority.issue_member(MIA, Usage.SIGNING, now=NOW, not_before=start, not_after=end)
    assert issued.certificate.not_valid_before_utc == start
    assert issued.certificate.not_valid_after_utc == end
    for bad in (timedelta(days=4000), timedelta(days=-1)):
        with pytest.raises(ExchangeError) as refused:
            authority.issue_member(MIA, Usage.SIGNING, now=NOW, not_after=NOW + bad)
        assert refused.value.reason is Reason.INVALID_FIELD


def test_other_trust_domains_and_usages_are_refused(authority: Authority) -> None:
    stranger = Member("other.example", MIA.agency, MIA.role, None)
    with pytest.raises(ExchangeError) as refused:
        authority.issue_member(stranger, Usage.SIGNING, now=NOW)
    assert refused.value.reason is Reason.IDENTITY_INVALID
    with pytest.raises(ExchangeError) as refused:
        authority.issue_member(MIA, Usage.TLS_SERVER, now=NOW)
    assert refused.value.reason is Reason.CERTIFICATE_USAGE


def test_hub_without_good_address_is_refused(authority: Authority) -> None:
    for dns, addresses in (([], []), (["хаб.example"], []), ([], ["127.0.0"])):
        with pytest.raises(ExchangeError) as refused:
            authority.issue_hub(HUB, now=NOW, dns_names=dns, ip_addresses=addresses)
        assert refused.value.reason is Reason.INVALID_FIELD


def test_longest_identities_are_issued(authority: Authority) -> None:
    agency = parse_agency_id(".".join(["a" * 32] * 3))
    longest = Member("caricc.example", agency, Role.OFFICER, "b" * 64)
    issued = authority.issue_member(longest, Usage.SIGNING, now=NOW)
    anchors = TrustAnchors.from_pem(authority.root_pem())
    verified = verify_certificate(issued.der, (), anchors, usage=Usage.SIGNING, at=NOW)
    assert verified.identity == longest


def test_opened_authority_issues_under_the_same_root(authority: Authority) -> None:
    again = Authority.open(authority.directory, PASSPHRASE)
    assert again.root_pem() == authority.root_pem()
    assert again.trust_domain == "caricc.example"
    issued = again.issue_member(MIA, Usage.SIGNING, now=NOW)
    assert [record.serial for record in authority.records()] == [issued.serial]
    assert "PrivateKey" not in repr(again)
    assert "PrivateKey" not in repr(issued)


def test_wrong_passphrase_and_open_modes_are_refused(authority: Authority) -> None:
    with pytest.raises(ExchangeError) as refused:
        Authority.open(authority.directory, b"another passphrase")
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    key = authority.directory / "root.key"
    for mode in (0o640, 0o604, 0o660):
        key.chmod(mode)
        with pytest.raises(ExchangeError, match=f"{mode:04o}") as refused:
            Authority.open(authority.directory, PASSPHRASE)
        assert refused.value.reason is Reason.KEY_UNAVAILABLE


def test_root_and_key_must_belong_together(authority: Authority, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "caricc.example", PASSPHRASE, NOW)
    (authority.directory / "root.pem").write_bytes(other.root_pem())
    with pytest.raises(ExchangeError) as refused:
        Authority.open(authority.directory, PASSPHRASE)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_directory_in_use_is_left_alone(authority: Authority, tmp_path: Path) -> None:
    before = authority.root_pem()
    with pytest.raises(ExchangeError) as refused:
        Authority.create(authority.directory, "caricc.example", PASSPHRASE, NOW)
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert (authority.directory / "root.pem").read_bytes() == before
    with pytest.raises(ExchangeError) as refused:
        Authority.open(tmp_path, PASSPHRASE)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_bad_trust_domain_or_passphrase_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as refused:
        Authority.create(tmp_path / "a", "Caricc.Example", PASSPHRASE, NOW)
    assert refused.value.reason is Reason.IDENTITY_INVALID
    with pytest.raises(ExchangeError) as refused:
        Authority.create(tmp_path / "b", "caricc.example", b"short", NOW)
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    assert list(tmp_path.rglob("*.*")) == []


def test_concurrent_issuers_lose_no_record(authority: Authority) -> None:
    others = [Authority.open(authority.directory, PASSPHRASE) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        issued = list(
            pool.map(lambda each: each.issue_member(MIA, Usage.SIGNING, now=NOW), others * 4)
        )
    recorded = {record.serial for record in authority.records()}
    assert recorded == {each.serial for each in issued}
    assert len(recorded) == 16


def test_key_file_is_never_written_over(tmp_path: Path) -> None:
    path, key = tmp_path / "a.key", ec.generate_private_key(ec.SECP256R1())
    save_private_key(path, key, PASSPHRASE)
    with pytest.raises(ExchangeError) as refused:
        save_private_key(path, ec.generate_private_key(ec.SECP256R1()), PASSPHRASE)
    assert refused.value.reason is Reason.FILE_NOT_WRITTEN
    assert load_ec_key(path, PASSPHRASE).private_numbers() == key.private_numbers()


def test_unencrypted_or_missing_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    path.chmod(0o600)
    for name in ("k", "missing"):
        with pytest.raises(ExchangeError) as refused:
            load_ec_key(tmp_path / name, PASSPHRASE)
        assert refused.value.reason is Reason.KEY_UNAVAILABLE


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"certificates": [{}]}', "\xff"])
def test_broken_index_is_refused(authority: Authority, content: str) -> None:
    (authority.directory / "index.json").write_text(content, encoding="latin-1")
    with pytest.raises(ExchangeError) as refused:
        read_index(authority.directory)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_certificate_that_a_restored_index_lacks_is_revoked_by_its_file(
    authority: Authority, tmp_path: Path
) -> None:
    index = authority.directory / "index.json"
    old = index.read_bytes()
    lost = authority.issue_member(MIA, Usage.SIGNING, now=NOW)
    index.write_bytes(old)
    reason = RevocationReason.KEY_COMPROMISE
    with pytest.raises(ExchangeError, match="name the certificate") as caught:
        authority.revoke(lost.serial, reason, now=NOW)
    assert caught.value.reason is Reason.CERTIFICATE_UNKNOWN
    other = Authority.create(tmp_path / "other", "caricc.example", PASSPHRASE, NOW)
    foreign = other.issue_member(MIA, Usage.SIGNING, now=NOW)
    with pytest.raises(ExchangeError, match="has issued no certificate"):
        authority.revoke(foreign.serial, reason, now=NOW, shown=foreign.certificate)
    record = authority.revoke(lost.serial, reason, now=NOW, shown=lost.certificate)
    assert (record.identity, record.usage) == (MIA.uri, Usage.SIGNING)
    anchors = TrustAnchors.from_pem(authority.root_pem())
    [found] = Revocations.from_pem(authority.crl_pem(), anchors).lists.values()
    assert found.revoked_at(lost.serial) is not None
    assert authority.records()[-1].serial == lost.serial
