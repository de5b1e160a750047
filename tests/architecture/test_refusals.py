"""Every refusal that the rules know is provoked by a test, and docs/refusals.md says where."""

from __future__ import annotations

import ast

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.spec import Stage
from tests.support.provoked import (
    NO_HUB,
    ROOT,
    SCENARIOS,
    at_a_hub,
    flows,
    named,
    of_the_rules,
    page,
    parsed,
)


@pytest.mark.parametrize("reason", [each for each in Reason if each in of_the_rules()])
def test_a_refusal_of_the_rules_is_provoked_at_a_real_hub(reason: Reason) -> None:
    if reason not in NO_HUB:
        assert reason in at_a_hub(), f"no scenario and no integration test provokes {reason.name}"


def test_an_exception_is_still_needed_and_is_provoked_elsewhere() -> None:
    assert NO_HUB.keys() <= of_the_rules() - at_a_hub()
    for reason, (test, _) in NO_HUB.items():
        assert reason in set(named(parsed(ROOT / test)))


def test_the_page_of_refusals_is_complete() -> None:
    assert (ROOT / "docs" / "refusals.md").read_text("utf-8") == page(), (
        "run `python -m tests.support.provoked > docs/refusals.md`"
    )


def test_every_act_of_an_exchange_is_called_in_a_scenario() -> None:
    sources = [*SCENARIOS.glob("*.py"), ROOT / "tests" / "support" / "asking.py"]
    called = {
        node.attr
        for file in sources
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Attribute)
    }
    acts = {
        act.name for kind in Kind if kind.stage is not Stage.DIRECTORY for act in kind.spec.acts
    }
    # Members are enrolled by their commands: tests/integration/cli/test_enrolment_by_hub.py.
    assert acts - called == {"request_certificates", "give_certificates"}, (
        "call each act in a scenario below tests/scenarios (docs/adding-a-kind.md)"
    )


def test_every_flow_is_replayed() -> None:
    """A scenario whose log nobody replays proves less than it says."""
    without = [flow.name for flow in flows() if ".replay(" not in flow.read_text("utf-8")]
    assert without == []
