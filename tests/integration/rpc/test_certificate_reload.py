"""A new certificate of the hub is shown without a restart; a bad one never replaces a good one."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from exchange_certs.authority import Authority
from exchange_keys import encrypted_pem
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.bootstrap import utc_now
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, HubFiles, HubProcess

pytestmark = pytest.mark.long

SECONDS = 20


def shown_serial(hub: HubProcess) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", hub.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def put(path: Path, data: bytes) -> None:
    """Replace a file whole."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    draft.replace(path)


def issue(files: HubFiles) -> tuple[int, bytes, bytes]:
    issued = files.authority.issue_hub(
        HubIdentity(files.authority.trust_domain, "main"), now=utc_now(), dns_names=["localhost"]
    )
    assert issued.key is not None
    return issued.serial, issued.certificate_pem, encrypted_pem(issued.key, PASSPHRASE)


def test_certificate_is_replaced_under_a_running_hub_and_open_connections_stay(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, hub):
        before = shown_serial(hub)
        serial, certificate, key = issue(town.files)
        with town.client("kz.mia/system") as client:
            client.sync()
            # Only half of it is there: the old one stays in force, and nobody is turned away.
            put(town.files.folder / "hub.pem", certificate)
            end = time.monotonic() + SECONDS
            while not hub.said("certificate_refused") and time.monotonic() < end:
                assert shown_serial(hub) == before
                time.sleep(0.3)
            assert hub.said("certificate_refused")
            put(town.files.folder / "hub.key", key)
            end = time.monotonic() + SECONDS
            while shown_serial(hub) != serial and time.monotonic() < end:
                time.sleep(0.3)
            assert shown_serial(hub) == serial
            client.sync()
        with town.client("uz.fiu/system") as client:
            client.sync()
        assert len(hub.said("certificate_read")) == 1


def test_certificate_of_another_authority_is_refused(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, hub):
        before = shown_serial(hub)
        domain = town.files.authority.trust_domain
        other = Authority.create(tmp_path / "other", domain, PASSPHRASE, utc_now())
        issued = other.issue_hub(
            HubIdentity(domain, "main"), now=utc_now(), dns_names=["localhost"]
        )
        assert issued.key is not None
        put(town.files.folder / "hub.key", encrypted_pem(issued.key, PASSPHRASE))
        put(town.files.folder / "hub.pem", issued.certificate_pem)
        end = time.monotonic() + SECONDS
        while not hub.said("certificate_refused") and time.monotonic() < end:
            assert shown_serial(hub) == before
            time.sleep(0.3)
        assert hub.said("certificate_refused")
        with town.client("kz.mia/system") as client:
            client.sync()
