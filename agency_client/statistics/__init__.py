"""Statistics: figures of exchanges, from the log alone.

`Gatherer` takes the entries of a replay and keeps the facts of each leg (`facts`).
`make_statistics` counts them (`tables`). Each figure knows the log entries that it was counted
from. Sealed content is never opened: amounts and offences are counted from the codes of signed
bodies.

    facts        the facts of each leg
    tables       all tables: leg_tables and entry_tables make them, of values
    dimensions   the ways to divide legs into rows
    render       tables as JSON, CSV and a page; workbook, as a workbook

No figure here is signed: each names the entries from which anyone can count it again.
"""

from agency_client.statistics.dimensions import DIMENSIONS, check_question
from agency_client.statistics.facts import CountedLeg, Gatherer, Moment, StatementCount
from agency_client.statistics.tables import make_statistics
from agency_client.statistics.values import (
    Cell,
    Column,
    Period,
    Statistics,
    Table,
    TableRow,
)

__all__ = [
    "DIMENSIONS",
    "Cell",
    "Column",
    "CountedLeg",
    "Gatherer",
    "Moment",
    "Period",
    "StatementCount",
    "Statistics",
    "Table",
    "TableRow",
    "check_question",
    "make_statistics",
]
