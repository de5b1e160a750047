"""The audit: replays the log by the rules that the hub must keep, and says what does not fit."""

from __future__ import annotations

from agency_client.audit.hub_log import HubLog
from agency_client.audit.report import AuditReport, Reading, Scope, Violation
from agency_client.audit.source import AuditedLeaf, LogSource
from agency_client.audit.verify import verify_log

__all__ = [
    "AuditReport",
    "AuditedLeaf",
    "HubLog",
    "LogSource",
    "Reading",
    "Scope",
    "Violation",
    "verify_log",
]
