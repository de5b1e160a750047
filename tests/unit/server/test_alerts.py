"""Alert rules and dashboard speak of metrics that the hub has, and fire when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from exchange_server.metrics.instruments import Instruments

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
GUIDE = DEPLOY.parent / "docs" / "metrics.md"
NAME = re.compile(r"\bexchange_[a-z_]+")


def named_metrics() -> set[str]:
    """Every name that the page may show."""
    names: set[str] = set()
    for family in Instruments().registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        names |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    return names


def expressions() -> list[str]:
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    dashboard = json.loads((DEPLOY / "grafana" / "exchange.json").read_text("utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules] + shown


def test_rules_and_dashboard_name_only_metrics_that_there_are() -> None:
    named = {name for text in expressions() for name in NAME.findall(text)}
    assert len(named) > 15
    assert named - named_metrics() == set()


def test_the_guide_explains_every_metric_and_every_alert() -> None:
    text = GUIDE.read_text("utf-8")
    alerts = [
        each["alert"] for each in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    ]
    metrics = {family.name for family in Instruments().registry.collect()}
    assert [each for each in [*alerts, *sorted(metrics)] if f"`{each}" not in text] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "rules", "agency-alerts.yml"),
        ("check", "config", "prometheus.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
)
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(
    arguments: tuple[str, ...],
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool, which Debian's package prometheus has")
    done = subprocess.run(
        [promtool, *arguments], cwd=ALERTS.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
