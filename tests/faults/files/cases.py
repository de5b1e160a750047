"""Commands that write, each with what must be true when it was repeated after a fault."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from agency_client import Profile
from agency_client.state.keys import load_sealing_keys
from agency_client.state.log_keys import LogKeys
from agency_client.witness.witness import Witness
from exchange_certs.authority import Authority
from exchange_certs.cli import CA_VARIABLE, KEY_VARIABLE
from exchange_certs.records import RevocationReason, read_index
from exchange_keys import load_ec_key, load_signer, read_passphrase
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now
from exchange_server.config import LOG_PASSPHRASE_VARIABLE
from tests.faults.files.faults import Runner
from tests.support.deployment import AUDITOR, Deployment
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN

MIA = "kz.mia/system"
OFFICER = "kz.mia/officer/officer0"
ENVIRONMENT = {
    variable: PASSPHRASE.decode()
    for variable in (
        CA_VARIABLE,
        KEY_VARIABLE,
        LOG_PASSPHRASE_VARIABLE,
        "EXCHANGE_KEY_PASSPHRASE",
    )
}
REQUEST = """\
brief: Отмывание доходов от сбыта героина (вымышлено)
content:
  items: [accounts]
  period: [2020-01-01, 2021-03-01]
  facts: Вымышленные сведения
"""

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """A command, in a folder of its own that `prepare` fills."""

    name: str
    program: str
    words: Sequence[str]
    prepare: Check
    check: Check
    """Fails unless all that the command writes is there, whole, and once."""
    leaves_nothing: bool = True
    """Whether a failure leaves the folder as it was."""


def local_cases(template: Path) -> list[Case]:
    """Commands that need no hub; what they start from is made once, in `template`."""
    authority = Authority.create(template / "ca", TRUST_DOMAIN, PASSPHRASE, utc_now())
    identity = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{MIA}")
    issued = authority.issue_member(identity, Usage.SIGNING, now=utc_now())
    before = len(authority.records())

    def has_authority(folder: Path) -> None:
        shutil.copytree(template / "ca", folder / "ca")

    def nothing(_: Path) -> None:
        pass

    def is_authority(folder: Path) -> None:
        made = Authority.open(folder / "new", PASSPHRASE)
        assert made.records() == ()
        assert len(x509.load_pem_x509_crl(made.crl_pem())) == 0

    def is_issued(folder: Path) -> None:
        certificate = x509.load_pem_x509_certificate((folder / "mia.pem").read_bytes())
        key = load_ec_key(folder / "mia.key", PASSPHRASE)
        assert key.public_key() == certificate.public_key()
        serials = [record.serial for record in read_index(folder / "ca").records]
        assert serials.count(certificate.serial_number) == 1
        # A kill may leave the record of a certificate that nobody has: it can be revoked.
        assert before + 1 <= len(serials) <= before + 2

    def is_revoked(folder: Path) -> None:
        made = Authority.open(folder / "ca", PASSPHRASE)
        crl = x509.load_pem_x509_crl(made.crl_pem())
        assert crl.get_revoked_certificate_by_serial_number(issued.serial) is not None
        [record] = [each for each in made.records() if each.serial == issued.serial]
        assert record.reason is RevocationReason.KEY_COMPROMISE

    def is_published(folder: Path) -> None:
        made = Authority.open(folder / "ca", PASSPHRASE)
        number = x509.load_pem_x509_crl(made.crl_pem()).extensions.get_extension_for_class(
            x509.CRLNumber
        )
        assert number.value.crl_number == read_index(folder / "ca").crl_number

    def is_log_key(folder: Path) -> None:
        load_signer(folder / "log.key", PASSPHRASE)

    member = ("--agency", "kz.mia", "--role", "system", "--usage", "signing")
    certs, server = "exchange-certs", "exchange-server"
    return [
        Case(
            "certs-init", certs, ("init", "new", "--trust-domain", TRUST_DOMAIN), nothing,
            is_authority,
        ),
        Case(
            "certs-issue", certs, ("issue", "ca", *member, "--out", "mia.pem"), has_authority,
            is_issued,
        ),
        Case(
            "certs-revoke", certs,
            ("revoke", "ca", f"{issued.serial:x}", "--reason", "keyCompromise"), has_authority,
            is_revoked,
        ),
        Case("certs-crl", certs, ("crl", "ca"), has_authority, is_published),
        Case(
            "init-log-key", server, ("init-log-key", "--origin", "x.example/l", "--out", "log.key"),
            nothing, is_log_key,
        ),
    ]  # fmt: skip


def hub_cases(town: Deployment, runner: Runner, template: Path) -> list[Case]:
    """Commands of agencies against a running hub, and what the hub's operator writes."""
    request = template / "request.yaml"
    request.write_text(REQUEST, encoding="utf-8")
    own, auditor = town.profile(MIA), town.profile(AUDITOR)
    root, vkey = str(town.files.authority.directory / "root.pem"), town.files.log_vkey

    def agency(profile: str | Path, *words: str) -> dict[str, object]:
        ended = runner.run("agency", ("--profile", str(profile), "--json", *words), template)
        assert ended.code == 0, ended
        said: dict[str, object] = json.loads(ended.out)
        return said

    sent = agency(own, "send", "information-request", str(request), "--to", "kz.fma")
    exchange = str(sent["exchange_id"])
    agency(own, "evidence", "export", exchange, "-o", "bundle.zip")
    agency(auditor, "witness", "init-key", "--key", "w.key", "--name", "witness.example/w")
    secrets = template / "passphrase"
    secrets.touch(mode=0o600)
    secrets.write_bytes(PASSPHRASE)

    def has_profile(name: str, member: str = MIA) -> Check:
        def copy(folder: Path) -> None:
            shutil.copytree(town.profile(member), folder / name)

        return copy

    def has(*names: str) -> Check:
        def copy(folder: Path) -> None:
            has_profile("p")(folder)
            for name in names:
                shutil.copy2(template / name, folder / name)

        return copy

    def has_no_sealing_keys(folder: Path) -> None:
        has_profile("p")(folder)
        shutil.rmtree(folder / "p" / "sealing")

    def has_seen_nothing(folder: Path) -> None:
        has_profile("p")(folder)
        shutil.rmtree(folder / "p" / "state")

    def count(folder: Path) -> int:
        exchanges = agency(folder / "p", "sent")["exchanges"]
        assert isinstance(exchanges, list)
        return len(exchanges)

    def has_count(folder: Path) -> None:
        has("request.yaml")(folder)
        (folder / "before").write_text(str(count(folder)))

    def is_sent_once(folder: Path) -> None:
        before = int((folder / "before").read_text())
        listed = agency(folder / "p", "outbox", "list")
        assert listed["pending"] == listed["refused"] == []
        assert count(folder) == before + 1
        receipts = (folder / "p" / "state" / "receipts").glob("*/*")
        assert all(each.stat().st_size for each in receipts)

    def is_profile(folder: Path) -> None:
        made = Profile.load(folder / "new")
        assert made.vault.signer is not None
        assert made.vault.unusable == ()

    def has_keys(folder: Path) -> None:
        found = load_sealing_keys(folder / "p" / "sealing", PASSPHRASE)
        assert found.unusable == ()
        assert found.keys == load_sealing_keys(own / "sealing", PASSPHRASE).keys

    def has_published(folder: Path) -> None:
        found = load_sealing_keys(folder / "p" / "sealing", PASSPHRASE)
        assert found.unusable == ()
        # A key that was made and not published is published by the repeat, and no other is made;
        # one that was published before the kill is followed by one more.
        assert 2 <= len(found.keys) <= 3

    def is_bundle(folder: Path) -> None:
        agency(folder / "p", "evidence", "verify", str(folder / "out.zip"))

    def is_account(folder: Path) -> None:
        assert (folder / "out.html").read_text(encoding="utf-8").rstrip().endswith("</html>")

    def is_request(folder: Path) -> None:
        assert (folder / "out.tsq").stat().st_size > 0

    def is_witness_key(folder: Path) -> None:
        keys = LogKeys(folder / "new-keys", LogVerifier(vkey))
        Witness.load(folder / "new.key", PASSPHRASE, keys, utc_now)

    def is_shown(folder: Path) -> None:
        found = sorted(each.name for each in (folder / "out").glob("*/*"))
        assert found == ["HANDLING.txt", "READ.txt", "brief.json", "content.json"]
        for each in (folder / "out").glob("*/*.json"):
            json.loads(each.read_bytes())

    def is_synced(folder: Path) -> None:
        agency(folder / "p", "whoami")
        agency(folder / "p", "agencies")

    def is_audited(folder: Path) -> None:
        report = agency(folder / "p", "audit", "verify")
        assert report["clean"] is True, report

    def is_exported(folder: Path) -> None:
        note = (folder / "log" / "checkpoint").read_bytes()
        size = LogVerifier(vkey).verify(note).size
        assert size > 0
        assert (folder / "log" / "tile").is_dir()

    def has_config(folder: Path) -> None:
        pass

    keys = town.files.folder / "keys-of-new"
    if not keys.exists():
        _issue_for_profile(town, keys)
    pins = ("--root", root, "--log-key", vkey, "--crl", str(town.files.crl_file))
    init = (
        "profile", "init", "new", "--hub", "localhost:1", "--hub-name", "main", *pins,
        "--tls-cert", str(keys / "tls.pem"), "--tls-key", str(keys / "tls.key"),
        "--signing-cert", str(keys / "signing.pem"), "--signing-key", str(keys / "signing.key"),
        "--key-passphrase-file", str(secrets),
    )  # fmt: skip
    of_p = ("--profile", "p")
    imported = ("keys", "import", str(own / "sealing"), "--passphrase-file", str(secrets))
    config = str(town.files.config_file)
    assert read_passphrase(secrets, "X") == PASSPHRASE

    def is_nothing(_: Path) -> None:
        pass

    return [
        Case("profile-init", "agency", init, is_nothing, is_profile),
        Case(
            "send", "agency",
            (*of_p, "send", "information-request", "request.yaml", "--to", "kz.fma"),
            has_count, is_sent_once, leaves_nothing=False,
        ),
        Case(
            "sync", "agency", (*of_p, "sync"), has_seen_nothing, is_synced, leaves_nothing=False
        ),
        Case(
            "keys-import", "agency", (*of_p, *imported), has_no_sealing_keys, has_keys,
            leaves_nothing=False,
        ),
        Case(
            "keys-publish", "agency", (*of_p, "keys", "publish"), has("request.yaml"),
            has_published, leaves_nothing=False,
        ),
        Case(
            "evidence-export", "agency", (*of_p, "evidence", "export", exchange, "-o", "out.zip"),
            has("request.yaml"), is_bundle, leaves_nothing=False,
        ),
        Case(
            "evidence-account", "agency",
            (*of_p, "evidence", "verify", "bundle.zip", "--account", "out.html"),
            has("bundle.zip"), is_account,
        ),
        Case(
            "timestamp-request", "agency",
            ("evidence", "timestamp", "request", "bundle.zip", "-o", "out.tsq"),
            has("bundle.zip"), is_request,
        ),
        Case(
            "show-out", "agency", ("--profile", "p", "show", exchange, "--out", "out"),
            has_profile("p", "kz.fma/system"), is_shown, leaves_nothing=False,
        ),
        Case(
            "witness-init-key", "agency",
            (*of_p, "witness", "init-key", "--key", "new.key", "--name", "witness.example/w"),
            has("request.yaml"), is_witness_key,
        ),
        Case(
            "audit-verify", "agency", (*of_p, "audit", "verify"), has_profile("p", AUDITOR),
            is_audited, leaves_nothing=False,
        ),
        Case(
            "log-export", "exchange-server", ("log", "export", "log", "--config", config),
            has_config, is_exported, leaves_nothing=False,
        ),
    ]  # fmt: skip


def _issue_for_profile(town: Deployment, folder: Path) -> None:
    from exchange_keys import save_private_key

    folder.mkdir(mode=0o700)
    identity = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{MIA}")
    for name, usage in (("tls", Usage.TLS_CLIENT), ("signing", Usage.SIGNING)):
        issued = town.files.authority.issue_member(identity, usage, now=utc_now())
        assert issued.key is not None
        (folder / f"{name}.pem").write_bytes(issued.certificate_pem)
        save_private_key(folder / f"{name}.key", issued.key, PASSPHRASE)
