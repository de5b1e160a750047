"""The guide lists what is known to be refused, with the reason that the script gives."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.evidence.test_bundle import FORGERIES
from tests.integration.evidence.test_hostile_archives import HOSTILE
from tests.integration.evidence.test_timestamp import BAD
from tests.integration.evidence.test_witnessed import COSIGNED

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "evidence.md"


def test_the_guide_lists_every_forgery_with_its_reason() -> None:
    section = GUIDE.read_text(encoding="utf-8").partition("## What is known to be refused\n")[2]
    section = section.partition("\n## ")[0]
    listed = re.findall(r"^\| ([a-z].+) \| `([A-Z_]+)` \|$", section, flags=re.MULTILINE)
    refused = [(what, said) for what, (_, said, _) in FORGERIES.items()]
    refused += [(what, reason.name) for what, (_, reason) in COSIGNED.items()]
    refused += [(what, "TIMESTAMP_INVALID") for what in BAD]
    refused += [(what, said) for what, (_, said, _) in HOSTILE.items()]
    assert listed == refused
    assert f"{len(refused)} bundles" in section
