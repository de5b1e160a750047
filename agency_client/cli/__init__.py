"""The `agency` command: what an agency's officers and systems do, from a terminal or a script."""

from __future__ import annotations

# Each module registers its commands on `app`; the order is that of the help.
# isort: off
from agency_client.cli import acts as acts
from agency_client.cli import metrics as metrics
from agency_client.cli import outbox as outbox
from agency_client.cli import boxes as boxes
from agency_client.cli import due as due
from agency_client.cli import finding as finding
from agency_client.cli import show as show
from agency_client.cli import cases as cases
from agency_client.cli import holdings as holdings
from agency_client.cli import watch as watch
from agency_client.cli import setup as setup
from agency_client.cli import enrolment as enrolment
from agency_client.cli import doctor as doctor
from agency_client.cli import operator as operator
from agency_client.cli import policy as policy
from agency_client.cli import calendars as calendars
from agency_client.cli import audit as audit
from agency_client.cli import report as report
from agency_client.cli import audit_entries as audit_entries
from agency_client.cli import split_view as split_view
from agency_client.cli import witness as witness
from agency_client.cli import evidence as evidence
from agency_client.cli import console as console
from agency_client.cli.app import main

# isort: on

__all__ = ["main"]
