"""The elements of a report, each with its path and its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agency_client.content.entity import digest


@dataclass(slots=True)
class Node:
    """An element of the report."""

    tag: str
    path: str
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        """True if it has no elements itself."""
        return not self.children

    def leaves(self, *, but: Callable[[Node], bool] | None = None) -> Iterator[Node]:
        """All elements below it that have no elements themselves, in their order.

        Args:
            but: true for an element that is left out, with all below it.
        """
        for child in self.children:
            if child.is_leaf:
                yield child
            elif but is None or not but(child):
                yield from child.leaves(but=but)

    def below(self, child: Node) -> str:
        """The path of an element below, as seen from here."""
        return child.path[len(self.path) + 1 :]

    def digest(self) -> int:
        """A digest of all that it says."""
        said = [(self.below(leaf), leaf.text) for leaf in self.leaves()]
        return digest(repr((self.tag.removesuffix("_my_client"), said)).encode())
