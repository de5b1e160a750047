"""Refused handshakes leave a line, and every line of the hub's log is JSON."""

from __future__ import annotations

import json
import os
import socket
import ssl
from contextlib import closing, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exchange_server import native_lines
from exchange_server.native_lines import MOST_LINES, NativeLines
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.statements import fictional_cast

REPORTS_SOON = """
from exchange_server import native_lines
native_lines.REPORT_SECONDS = 0.3
from exchange_server.cli import main
main()
"""
HANDSHAKE = (
    "I1128 09:22:42.40 7153 ssl_transport_security.cc:2563] Handshake failed with error "
    "SSL_ERROR_SSL: error:100000c0:SSL routines:OPENSSL_internal:{}: Invalid context"
)


def refused(port: int) -> None:
    """A TLS client without a certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(["h2"])
    raw = socket.create_connection(("localhost", port))
    with closing(raw), suppress(OSError), tls.wrap_socket(raw) as wrapped:
        wrapped.recv(1)


def test_refused_handshakes_leave_a_line_and_all_lines_are_json(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path, authority=fictional_cast().authority)
    with HubProcess(files, code=REPORTS_SOON) as hub:
        for _ in range(5):
            refused(hub.port)
        hub.wait_until_said("handshakes_refused", 1)
        assert hub.stop() == 0
    reports = hub.said("handshakes_refused")
    assert sum(report["count"] for report in reports) == 5
    assert reports[0]["last_cause"] == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    assert all(isinstance(json.loads(line), dict) for line in hub.lines if line)


def test_lines_are_bounded_whoever_causes_them() -> None:
    lines = NativeLines()
    with capture_logs() as said:
        for number in range(10_000):
            lines.take(HANDSHAKE.format(f"REASON_{number}"))
            lines.take(f"W1128 09:22:42.40 7153 chttp2.cc:1] something {number}")
            lines.take("I1128 09:22:42.40 7153 chttp2.cc:1] something of interest to nobody")
        lines.report()
    assert len(said) == MOST_LINES + 2
    assert said[0] == {
        "event": "native_line",
        "log_level": "warning",
        "text": "something 0",
        "place": "chttp2.cc:1",
    }
    counted = {line["event"]: line["count"] for line in said[MOST_LINES:]}
    assert counted == {"handshakes_refused": 10_000, "native_lines_dropped": 10_000 - MOST_LINES}
    with capture_logs() as said:
        lines.report()
    assert said == []


def test_line_that_is_no_absl_line_is_said_too() -> None:
    with capture_logs() as said:
        NativeLines().take("malloc(): corrupted top size")
    assert [line["text"] for line in said] == ["malloc(): corrupted top size"]


def test_pipe_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_lines, "REPORT_SECONDS", 60.0)
    reading, writing = os.pipe()
    os.write(writing, b"one\ntw")
    os.write(writing, b"o\n")
    os.close(writing)
    with capture_logs() as said:
        native_lines._read(reading)
    assert [line["text"] for line in said] == ["one", "two"]
