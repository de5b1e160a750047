"""All tables of statistics, counted from the facts of a log.

The columns follow what FATF assessors and the reporting duties of the field ask for
(docs/statistics.md names the sources).

    values        a table, its rows, its figures
    dimensions    the ways to divide legs into rows
    leg_tables    what became of legs, how long they took, the gate
    entry_tables  statements, amounts, copies for supervisors, denials
"""

from __future__ import annotations

from collections.abc import Sequence

from agency_client.statistics.dimensions import DIMENSIONS, Groups, check_question
from agency_client.statistics.entry_tables import (
    amounts_table,
    denials_table,
    statements_table,
    supervision_table,
)
from agency_client.statistics.facts import Gatherer
from agency_client.statistics.leg_tables import (
    exchanges_table,
    gate_table,
    outcomes_table,
    times_table,
)
from agency_client.statistics.values import Period, Statistics
from exchange_protocol.log.checkpoint import Checkpoint


def make_statistics(
    gathered: Gatherer,
    *,
    checkpoint: Checkpoint,
    period: Period,
    by: Sequence[str] = ("state",),
    unopened: int = 0,
) -> Statistics:
    """Count what was gathered, of the exchanges that were opened in a period.

    Args:
        gathered: the facts of the log.
        checkpoint: of the log, up to which they were gathered.
        period: whose exchanges are counted.
        by: names of dimensions, each at most once.
        unopened: entries that this reader may not open.

    Raises:
        InvalidInput: as `check_question` does.
    """
    check_question(period, by)
    cut_at = gathered.last.at if gathered.last else None
    legs = [leg for leg in gathered if period.holds(leg.initiated.at)]
    groups = Groups(legs, [DIMENSIONS[name] for name in by])
    return Statistics(
        origin=checkpoint.origin,
        tree_size=checkpoint.size,
        root=checkpoint.root,
        cut_at=cut_at,
        period=period,
        unopened=unopened,
        tables=(
            exchanges_table(groups, cut_at),
            outcomes_table(groups),
            times_table(groups),
            gate_table(groups),
            statements_table(gathered, period),
            amounts_table(gathered, period),
            supervision_table(gathered, period),
            denials_table(gathered, period),
        ),
    )
