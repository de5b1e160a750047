"""The set-up of the demonstration: an authority, the hub's files, a profile for each actor.

The authority stands for the deployment's own; each profile holds the keys of one actor, encrypted
under that actor's own passphrase. Nothing is shared but the root certificate, the revocation list
and the log's public key.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from demo.cast import ACTORS, HUB_NAME, LOG_ORIGIN, TRUST_DOMAIN, Actor
from demo.stage import Stage, StepFailed
from exchange_certs.authority import Authority, IssuedCertificate
from exchange_keys import save_private_key
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import HubIdentity, Member, Role, parse_agency_id

MARK = ".demonstration"
"""An empty file in the folder of a demonstration, made first: no other folder is emptied."""
CONFIG = """\
# The demonstration's hub. Every key is described in docs/configuration.md.
[listen]
host = "127.0.0.1"
port = {port}

[tls]
certificate = "hub/tls.pem"
key = "hub/tls.key"
key_passphrase_file = "hub/passphrase"
root = "pki/root.pem"
crl = "pki/crl.pem"

[log]
origin = "{origin}"
key = "hub/log.key"
key_passphrase_file = "hub/passphrase"

[database]
url = "sqlite:///{database}"
"""


@dataclass(frozen=True)
class Deployment:
    """The folders of the demonstration."""

    root: Path
    port: int
    log_key: str
    """The log's C2SP verifier key."""

    @property
    def config(self) -> Path:
        return self.root / "hub.toml"

    @property
    def database(self) -> Path:
        return self.root / "hub.db"

    @property
    def root_certificate(self) -> Path:
        return self.root / "pki" / "root.pem"


def member(actor: Actor) -> Member:
    """The identity of an actor."""
    return Member(TRUST_DOMAIN, parse_agency_id(actor.agency), Role(actor.role), actor.name)


def prepare(stage: Stage) -> tuple[Deployment, Authority]:
    """Make everything anew under `stage.root`; what an earlier demonstration left is removed."""
    _empty(stage.root)
    stage.root.mkdir(mode=0o700, exist_ok=True)
    (stage.root / MARK).touch()
    now = datetime.now(UTC)
    authority = Authority.create(stage.root / "pki", TRUST_DOMAIN, _passphrase(), now)
    deployment = _prepare_hub(stage, authority, now)
    for actor in ACTORS:
        issue_profile(stage, deployment, authority, actor)
    return deployment, authority


def _empty(root: Path) -> None:
    """Remove the folder of an earlier demonstration; one with other files in it is left alone."""
    if root.is_dir() and any(root.iterdir()) and not is_ours(root):
        raise StepFailed(
            f"{root} holds files that no demonstration made: name a new folder, or empty this one"
        )
    shutil.rmtree(root, ignore_errors=True)


def is_ours(root: Path) -> bool:
    """True for the folder of a demonstration, also of one that was cut off."""
    config = root / "hub.toml"
    # Demonstrations of 0.2.0 and before left no other mark.
    return (root / MARK).exists() or (
        config.is_file() and config.read_text("utf-8").startswith(CONFIG.partition("\n")[0])
    )


def issue_profile(
    stage: Stage,
    deployment: Deployment,
    authority: Authority,
    actor: Actor,
    *,
    tls_expired: bool = False,
) -> IssuedCertificate:
    """Issue an actor's keys and write its profile with the public command; gives the TLS one."""
    keys, tls = issue_keys(stage, authority, actor, tls_expired=tls_expired)
    stage.agency(actor.profile, *init_words(stage, deployment, actor, keys))
    shutil.rmtree(keys)
    return tls


def issue_keys(
    stage: Stage, authority: Authority, actor: Actor, *, tls_expired: bool = False
) -> tuple[Path, IssuedCertificate]:
    """Issue an actor's TLS and signing certificates into a folder of their own."""
    now = datetime.now(UTC)
    keys = stage.root / "keys" / actor.profile
    keys.mkdir(mode=0o700, parents=True)
    passphrase = _passphrase()
    _write_secret(keys / "passphrase", passphrase)
    tls = authority.issue_member(
        member(actor),
        Usage.TLS_CLIENT,
        now=now,
        not_before=now - timedelta(minutes=4) if tls_expired else None,
        not_after=now - timedelta(minutes=1) if tls_expired else None,
    )
    signing = authority.issue_member(member(actor), Usage.SIGNING, now=now)
    for name, issued in (("tls", tls), ("signing", signing)):
        (keys / f"{name}.pem").write_bytes(issued.certificate_pem)
        save_private_key(keys / f"{name}.key", _key(issued), passphrase)
    return keys, tls


def init_words(stage: Stage, deployment: Deployment, actor: Actor, keys: Path) -> list[str]:
    """The words of `agency profile init` for an actor."""
    return [
        "profile", "init", str(stage.root / actor.profile),
        "--hub", f"localhost:{deployment.port}", "--hub-name", HUB_NAME,
        "--root", str(deployment.root_certificate), "--log-key", deployment.log_key,
        "--tls-cert", str(keys / "tls.pem"), "--tls-key", str(keys / "tls.key"),
        "--signing-cert", str(keys / "signing.pem"), "--signing-key", str(keys / "signing.key"),
        "--key-passphrase-file", str(keys / "passphrase"),
        "--crl", str(deployment.root / "pki" / "crl.pem"),
    ]  # fmt: skip


def _prepare_hub(stage: Stage, authority: Authority, now: datetime) -> Deployment:
    folder = stage.root / "hub"
    folder.mkdir(mode=0o700)
    passphrase = _passphrase()
    _write_secret(folder / "passphrase", passphrase)
    issued = authority.issue_hub(
        HubIdentity(TRUST_DOMAIN, HUB_NAME),
        now=now,
        dns_names=["localhost"],
        ip_addresses=["127.0.0.1"],
    )
    (folder / "tls.pem").write_bytes(issued.certificate_pem)
    save_private_key(folder / "tls.key", _key(issued), passphrase)
    made = stage.server(
        "init-log-key",
        "--origin", LOG_ORIGIN,
        "--out", str(folder / "log.key"),
        "--passphrase-file", str(folder / "passphrase"),
    )  # fmt: skip
    deployment = Deployment(stage.root, _free_port(), made.text.strip())
    deployment.config.write_text(
        CONFIG.format(port=deployment.port, origin=LOG_ORIGIN, database=deployment.database)
    )
    stage.server("migrate", "--config", str(deployment.config))
    return deployment


def _key(issued: IssuedCertificate) -> ec.EllipticCurvePrivateKey:
    if issued.key is None:
        raise RuntimeError("the authority gave no key")
    return issued.key


def share_sealing_key(stage: Stage, agency: str) -> None:
    """Give an agency's officers the sealing key that its system published: it is the agency's."""
    system = stage.root / agency
    for actor in ACTORS:
        if actor.agency == agency and actor.profile != agency:
            stage.agency(
                actor.profile, "keys", "import", str(system / "sealing"),
                "--passphrase-file", str(system / "passphrase"),
            )  # fmt: skip


def _passphrase() -> bytes:
    return secrets.token_urlsafe(24).encode()


def _write_secret(path: Path, secret: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret + b"\n")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
