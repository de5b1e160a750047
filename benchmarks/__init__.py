"""Speed of the hub, as ratios to the ceiling that gRPC over mutual TLS sets on the same machine.

    echo.py      the ceiling: a server that gives back the bytes it got
    letters.py   signed and sealed statements, made before anything is timed
    load.py      the load generator: the same for the echo and for the hub
    seeding.py   fills a log through the ledger; multiplying.py grows it with copies, in SQL
    rounds.py    echo, submit, echo, submit: throughput, latency, and every receipt verified
    batches.py   many statements in one call under one signature
    growth.py    the same hub over logs of ten thousand to ten million entries
    replicas.py  two hubs on one PostgreSQL, beside one
    opening.py   what a recipient pays to fetch, verify and open
    monitor.py   what an auditor pays to verify a log anew
    peers.py     AS4 and AS2 by their own libraries (peer_messaging.py, in their own environment)
    section.py   what a part is given and gives; report.py and plot.py show it

Load goes to loopback only, is bounded in calls and time, and ends by itself. It needs the tests'
support package for its fictional region. How to read it: docs/performance.md.
"""

from __future__ import annotations
