"""A real Prometheus reads the hub's page and an agency's file, takes the rules, and fires."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from agency_client import InformationRequest
from agency_client.cli import main
from tests.integration.rpc.test_metrics import free_port, with_metrics
from tests.support.foundation import Foundation
from tests.support.hub_process import REPOSITORY, HubProcess

pytestmark = pytest.mark.long

DEPLOY = REPOSITORY / "deploy"
SECONDS = 60


class Prometheus:
    """A server of Debian's package, on a free port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **query: str) -> Any:
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            told = json.load(answer)
        assert told["status"] == "success"
        return told["data"]

    def value(self, expression: str) -> float | None:
        found = self.get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def wait_until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.3)


@contextmanager
def prometheus(folder: Path, *targets: int) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs Debian's package prometheus")
    settings = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    rules = ("alerts.yml", "agency-alerts.yml")
    settings["rule_files"] = [str(DEPLOY / "prometheus" / each) for each in rules]
    places = [f"127.0.0.1:{port}" for port in targets]
    settings["scrape_configs"][0]["static_configs"] = [{"targets": places}]
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), "utf-8")
    port = free_port()
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        server = Prometheus(port)
        try:
            end = time.monotonic() + SECONDS
            while True:
                try:
                    server.get("status/buildinfo")
                    break
                except OSError:
                    assert time.monotonic() < end, (folder / "log").read_text("utf-8")
                    time.sleep(0.2)
            yield server
        finally:
            process.terminate()


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Files over HTTP, as node_exporter would show them."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_prometheus_reads_both_pages_and_an_alert_fires(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    page = with_metrics(town.files)
    (tmp_path / "agency").mkdir()
    profile = str(town.profile("kz.mia/system"))
    with HubProcess(town.files) as hub, served(tmp_path / "agency") as files:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            for _ in range(3):
                client.request_information(
                    to="kz.fma", brief="x", request=InformationRequest(items=("TRANSACTIONS",))
                )
        with suppress(SystemExit):
            main(["--profile", profile, "metrics", str(tmp_path / "agency" / "metrics")])
        with prometheus(tmp_path / "prometheus", page, files) as server:
            server.wait_until(lambda: server.value("exchange_log_entries") is not None)
            server.wait_until(lambda: server.value("agency_waiting") is not None)
            assert server.value('exchange_calls_total{method="Submit",outcome="ok"}') == 3
            assert server.value("agency_waiting") == server.value("agency_refused") == 0
            assert server.value('agency_expiry_time_seconds{what="tls"} - time()') > 0  # type: ignore[operator]
            groups = server.get("rules")["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            assert {group["name"] for group in groups} == {"exchange", "agency"}
            server.wait_until(
                lambda: all(
                    rule["health"] == "ok"
                    for group in server.get("rules")["groups"]
                    for rule in group["rules"]
                )
            )
            dashboard = json.loads((DEPLOY / "grafana" / "exchange.json").read_text("utf-8"))
            shown = [each["expr"] for panel in dashboard["panels"] for each in panel["targets"]]
            for expression in [rule["query"] for rule in rules] + shown:
                server.get("query", query=expression.replace("$__rate_interval", "1m"))
            town.files.crl_file.write_text("no list", "utf-8")

            def fires() -> bool:
                alerts = server.get("alerts")["alerts"]
                return "RevocationListRefused" in {
                    each["labels"]["alertname"] for each in alerts if each["state"] == "firing"
                }

            server.wait_until(fires)
