"""The page for Prometheus: who connects to it and asks nothing holds no descriptor for long."""

from __future__ import annotations

import socket

import pytest
from prometheus_client import CollectorRegistry

from exchange_server.config import Metrics
from exchange_server.metrics import endpoint


def test_connection_that_asks_nothing_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint, "ASKING_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = Metrics(host="127.0.0.1", port=port)
    with (
        endpoint.served_metrics(settings, CollectorRegistry()),
        socket.create_connection(("127.0.0.1", port), timeout=60) as idle,
    ):
        assert idle.recv(1) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as asking:
            asking.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert asking.recv(12) == b"HTTP/1.0 200"
