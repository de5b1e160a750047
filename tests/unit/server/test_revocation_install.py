"""A list is put in place whole, and only where it is newer and not overdue."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.config import Config
from exchange_server.tls.revocation_install import install
from tests.unit.trust.conftest import NOW, Issuer, make_issuer
from tests.unit.trust.test_revocation import HOUR, certificate


def test_authority_that_falls_silent_keeps_no_other_from_revoking(tmp_path: Path) -> None:
    root = make_issuer()
    national = make_issuer("fictional national authority", root)
    silent = national.revoke(next_update=NOW + HOUR) + national.pem
    thief = certificate(root, root)
    late = NOW + timedelta(days=1)
    config = _config(tmp_path, root, root.revoke(next_update=NOW + HOUR) + silent)
    given = tmp_path / "given.pem"

    given.write_bytes(root.revoke(thief.serial, at=late, next_update=late + HOUR) + silent)
    new = install(config, given, late)
    assert config.tls.crl.read_bytes() == given.read_bytes()
    with pytest.raises(ExchangeError) as refused:
        new.verify_not_listed(thief)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED

    later = late + HOUR * 2
    with pytest.raises(ExchangeError, match="newer revocation list of CN="):
        install(config, given, later)


def _config(folder: Path, root: Issuer, lists: bytes) -> Config:
    """The parts of a configuration that `install` reads."""
    files = SimpleNamespace(root=folder / "root.pem", crl=folder / "crl.pem")
    files.root.write_bytes(root.pem)
    files.crl.write_bytes(lists)
    return cast(Config, SimpleNamespace(tls=files, held_lists=folder / "held.pem"))
