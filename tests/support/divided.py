"""Audits whose replay is divided over processes, and compared with the replay as a whole."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from unittest import mock

from agency_client.audit import AuditedLeaf, AuditReport, Violation, shards, verify, verify_log
from agency_client.audit.source import DividedSource
from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.trust.certificates import TrustAnchors
from tests.support.warm_start import FORKING


@contextmanager
def dividing(count: int = 2) -> Iterator[list[AuditReport | None]]:
    """Let the replay of a short log be divided; gives what divided replays have said."""
    said: list[AuditReport | None] = []
    honest = verify._Run.verify_divided

    def listen(run: verify._Run) -> AuditReport | None:
        said.append(honest(run))
        return said[-1]

    with (
        mock.patch.object(shards, "WORTHWHILE", 0),
        mock.patch.object(shards, "MOST", count),
        # A leaf or a few at once: shards are then apart from each other by more than one request.
        mock.patch.object(shards, "AT_ONCE", 3),
        # How a process begins is not what is tested.
        mock.patch.object(multiprocessing, "get_context", return_value=FORKING),
        mock.patch.object(verify._Run, "verify_divided", listen),
    ):
        yield said


def verify_both_ways(source: DividedSource, anchors: TrustAnchors, **options: Any) -> AuditReport:
    """Audit a log as a whole and divided: the same is found, in the same order."""
    alone, refused = _outcome(source, anchors, 1, options)
    with dividing() as said:
        together, refused_too = _outcome(source, anchors, 2, options)
    assert together == alone
    assert repr(refused_too) == repr(refused)
    # Nothing but a clean log is divided to its end.
    [divided] = said
    found = alone is None or bool(alone.violations or alone.faults)
    assert (divided is None) == found
    if alone is None:
        assert refused is not None
        raise refused
    return alone


def _outcome(
    source: DividedSource, anchors: TrustAnchors, cores: int, options: dict[str, Any]
) -> tuple[AuditReport | None, ExchangeError | None]:
    try:
        report = verify_log(source, anchors, cores=cores, **options)
    except ExchangeError as error:
        return None, error
    return replace(report, seconds=0.0), None


class NothingBeside:
    """The checks of a shard of a log that has nothing beside its leaves."""

    rows_of_legs = 0

    def open(self) -> AbstractContextManager[NothingBeside]:
        return nullcontext(self)

    def begin(self, state: ReplayState) -> None:
        """Nothing is compared."""

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterable[Violation]:
        return ()

    def check_state(self, state: ReplayState) -> Iterable[Violation]:
        return ()
