"""The `agency` command: what an agency's officers and systems do, from a terminal or a script.

The command itself:

    app, loading       its global options and how it ends; the commands that a line asks for
    meant, questions   words that are no command; questions to the person
    session, options   profile, language and zone; options that several commands share
    inputs, ids        what people type, parsed; ids by their beginning
    entity_files       the options by which entities are given
    output, terminal   tables, JSON, colours; the streams that they go to
    failures, begun    an error in one line, and its exit code; what a signal has ended
    reference          the help of all commands, as Markdown

The commands:

    acts, sending, results      the acts of the kinds; what is asked before, what is told after
    boxes, due, show, parts     lists, clocks, one exchange, its files
    finding, holdings, cases    search, own records, own cases
    outbox, watch               what waits for the hub; what becomes visible
    setup, enrolment, enrolment_by_hub
                                profiles; certificates, and the way of them through the hub
    operator, policy, calendars
                                the directory, the policy, calendars and time limits
    audit, auditing, audit_entries, audit_follow, audit_report, split_view
                                the audit, and the proof that a log told two histories
    report, metrics, doctor     figures of the log; a profile for Prometheus, and on one page
    evidence, witness, console  bundles, cosigning, the web application

Commands call the library and show what it gives. No rule of the exchange is here.
"""

from __future__ import annotations

from agency_client.cli.app import main

__all__ = ["main"]
