"""The words of the goals, for the table and the picture: `docs/performance.md` explains each."""

from __future__ import annotations

WORDS = {
    "A call": {
        "unary_ratio": "unary Submit: rate / echo",
        "latency_ratio": "a call alone: time / echo",
        "latency_floor_ratio": "a call alone: time / floor",
        "unary_per_core": "unary: statements a second and core",
    },
    "Many in a call": {
        "batch_ratio": "batches: rate / echo",
        "batch_floor_ratio": "batches: rate / floor",
        "stream_ratio": "streams, own signatures: rate / echo",
        "stream_batch_signed_ratio": "streams, signed in batches: rate / echo",
        "stream_per_core": "the same: statements a second and core",
    },
    "A mix of shapes": {
        "mixture_requests_ratio": "requests: rate / echo",
        "mixture_new_shapes_ratio": "new shapes: rate / echo",
        "mixture_held_ratio": "held requests: rate / echo",
        "mixture_replies_ratio": "replies: rate / echo",
        "mixture_decisions_ratio": "decisions: rate / echo",
    },
    "Another's p99 beside a flood": {
        "fairness_unary_calls_ratio": "of calls: time / quiet",
        "fairness_batches_ratio": "of batches: time / quiet",
        "fairness_streams_ratio": "of streams: time / quiet",
    },
    "A recipient": {
        "opening_ratio": "an opening: processor time / cryptography",
        "opening_waiting_ratio": "the same / cryptography that waits too",
    },
    "1 M entries / 10 thousand": {
        "growth_submit_ratio": "Submit: time",
        "growth_inclusion_proof_ratio": "an inclusion proof: time",
        "growth_inbox_ratio": "the inbox: time",
        "growth_exchange_ratio": "GetExchange: time",
        "growth_audit_ratio": "a page of an audit: time",
        "growth_memory_ratio": "peak memory of the hub",
    },
    "More hubs": {"replicas_ratio": "two on one PostgreSQL: rate / one"},
    "The monitor": {
        "monitor_entries_per_second": "entries a second",
        "monitor_leaves_per_second": "leaves a second",
        "monitor_memory_ratio": "memory / that of a log of a tenth",
    },
}
"""The meaning of each figure at the top of report.json, by part of the picture."""


def words_of(name: str) -> tuple[str, str]:
    """Return the part of a figure and its words; a figure without words keeps its name."""
    for part, words in WORDS.items():
        if name in words:
            return part, words[name]
    return "Others", name.replace("_", " ")
