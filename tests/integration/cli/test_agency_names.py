"""Two agencies of one name: the operator is told, and lists tell them apart by their ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.deployment import OPERATOR, Deployment
from tests.support.foundation import Foundation

ENROL = ("operator", "enrol", "--agency-type", "FIU", "--time-zone", "Asia/Almaty")


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A hub of its own, for here agencies are enrolled."""
    with foundation.serving(tmp_path_factory.mktemp("names") / "hub") as (town, _):
        yield town


def test_name_that_another_agency_has_is_told_and_both_are_listed_by_id(desk: Desk) -> None:
    listed = desk.run(OFFICER, "agencies", "--json").ok().json["agencies"]
    name = next(each["name"] for each in listed if each["agency"] == "kz.mia")
    for agency, named in (("kz.twin", name), ("kz.twin2", f" {name.upper()}".strip())):
        ended = desk.run(OPERATOR, *ENROL, agency, "--name", named).ok()
        assert "kz.mia" in ended.err
        assert f"people tell {agency} from it by the id alone" in ended.err
    other = desk.run(OPERATOR, *ENROL, "kz.other", "--name", "Another name").ok()
    assert "has this name" not in other.err
    again = desk.run(OFFICER, "agencies", "--json").ok().json["agencies"]
    assert {"kz.mia", "kz.twin"} <= {each["agency"] for each in again if each["name"] == name}
    assert "kz.twin" in desk.run(OFFICER, "agencies").ok().out


def test_agency_that_keeps_its_own_name_is_not_asked_about(desk: Desk) -> None:
    words = ("operator", "update", "--agency-type", "FIU", "--time-zone", "Asia/Almaty")
    ended = desk.run(OPERATOR, *words, "kz.other", "--name", "Another name")
    assert "has this name" not in ended.err
