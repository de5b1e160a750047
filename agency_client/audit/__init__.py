"""The audit: replays the log by the rules that the hub must keep, and says what does not fit.

    verify         one audit, from its source to its report: read this first
    source         what an audit reads: hub_log, a hub; database, a copy
    entry_check    the entries, judged and counted
    tree_check     the tree, rebuilt and held against signed checkpoints
    findings       what was found, and whom it accuses
    report         the result, as a value
    monitor_state  how far the log was verified, kept on disk
    copy_checks    the tables of a copy beside its leaves
    shards, shard  a replay that is divided over several cores
    ahead          signatures that are verified beside the replay
    split_views    proofs that a log told two histories
    rehearsal      a policy, before it is published
    clock          this computer's clock beside the times of the log
    collector      the garbage collector of a process that only audits

A rule of the exchange stands in `exchange_protocol.rules`, and its replay in `record.replay`.
"""

from __future__ import annotations

from agency_client.audit.hub_log import HubLog
from agency_client.audit.report import AuditReport, Ground, Reading, Scope, Verdict, Violation
from agency_client.audit.source import AuditedLeaf, LogSource
from agency_client.audit.verify import verify_log

__all__ = [
    "AuditReport",
    "AuditedLeaf",
    "Ground",
    "HubLog",
    "LogSource",
    "Reading",
    "Scope",
    "Verdict",
    "Violation",
    "verify_log",
]
