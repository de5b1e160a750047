"""The audit: replays the log by the rules that the hub must keep, and says what does not fit."""

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
