"""A list is put in place whole, and only where it is newer and not overdue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_server.config import Config, Metrics
from exchange_server.tls.held_lists import fingerprint
from exchange_server.tls.revocation_install import install, is_taken, refused_by_hub
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
    new = install(config, given, late).lists
    assert config.tls.crl.read_bytes() == given.read_bytes()
    with pytest.raises(ExchangeError) as refused:
        new.verify_not_listed(thief)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED

    later = late + HOUR * 2
    with pytest.raises(ExchangeError, match="newer revocation list of CN="):
        install(config, given, later)


def test_lists_are_taken_only_when_the_hub_has_them_whatever_their_times(tmp_path: Path) -> None:
    """The other authority published a minute ago, and its list is in force: it says nothing."""
    root = make_issuer()
    national = make_issuer("fictional national authority", root)
    thief = certificate(root, root)
    other = national.revoke(at=NOW + HOUR, next_update=NOW + 2 * HOUR) + national.pem
    anchors = TrustAnchors.from_pem(root.pem)
    old = Revocations.from_pem(root.revoke() + other, anchors)
    new = Revocations.from_pem(root.revoke(thief.serial) + other, anchors)
    shown: dict[str, str] = {}
    with _page(shown) as metrics:
        for lists, refused, is_there in (
            ([old], 0, False),
            ([new], 1, False),
            ([new], 0, True),
            ([old, new], 0, False),
            ([new, new], 0, True),
            ([], 0, False),
        ):
            label = [f'{{pid="{number}"}}' for number in range(len(lists))]
            shown["text"] = "".join(
                f"exchange_crl_fingerprint{where if len(lists) > 1 else ''} "
                f"{float(fingerprint(each))}\n"
                for where, each in zip(label, lists, strict=True)
            )
            shown["text"] += f"# HELP\nexchange_crl_refused {refused}.0\n"
            assert is_taken(metrics, new, 0) is is_there
            assert refused_by_hub(metrics) is bool(refused)


@contextmanager
def _page(shown: dict[str, str]) -> Iterator[Metrics]:
    """A page of metrics that shows a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(shown["text"].encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Metrics(port=server.server_port)
        finally:
            server.shutdown()
            thread.join()


def _config(folder: Path, root: Issuer, lists: bytes) -> Config:
    """The parts of a configuration that `install` reads."""
    files = SimpleNamespace(root=folder / "root.pem", crl=folder / "crl.pem")
    files.root.write_bytes(root.pem)
    files.crl.write_bytes(lists)
    return cast(Config, SimpleNamespace(tls=files, held_lists=folder / "held.pem"))
