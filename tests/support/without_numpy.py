"""A plugin of pytest, loaded before all others: tests run without numpy, as users do.

It is installed for the plots of the benchmark alone. But pytest-randomly would import it in every
process of tests and seed it three times a test, and Hypothesis would keep its state for each
example, which was a tenth of what many properties took.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Without(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "numpy":
            raise ModuleNotFoundError("No module named 'numpy' in tests", name=fullname)
        return None


if "numpy" not in sys.modules:
    sys.meta_path.insert(0, _Without())
