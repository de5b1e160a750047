"""Templates: YAML files to start from, every field with a word on it.

Text in angle brackets is to be replaced. A document that still holds some is refused
(`check_edited`): it would be signed and sent with an invented case in it.

A test reads each template back as the document that it is a template of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from agency_client.content.fields import At, Fields

_BRIEF = """\
# Replace what stands in <angle brackets>, or remove its line.
# A comment stands on a line of its own, or two spaces after the value.

# Approvers and supervisors read this too: enough to judge by, no names of subjects.
brief:
  summary: <what the matter is, in a sentence or two>
  offences: ["<code of the offence>"]       # as the sender's law has them, a list
  # stage: PRE_TRIAL                        # or INTELLIGENCE, TRIAL, CONFISCATION
  registration_number: <number of the case>
  own_reference: <what this agency calls it>
  drug_nexus: <how the matter touches drug crime>
  reasons: <why it is asked of this agency>
  # link_to_requested_state: text
  # urgency_reason: text                    # with --urgent
  # handling_restrictions: text             # with --handling H3
"""

_REPLY_BRIEF = """\
# Replace what stands in <angle brackets>, or remove its line.
# A comment stands on a line of its own, or two spaces after the value.

# Supervisors read this too.
brief:
  summary: <what is sent, in a sentence>
  own_reference: <what this agency calls it>
"""


class Template(StrEnum):
    """The documents that have a template."""

    INFORMATION_REQUEST = "information-request"
    REFERRAL = "referral"
    ANALYSIS_REQUEST = "analysis-request"
    BRIEF = "brief"
    REPLY = "reply"
    SUPPLEMENT = "supplement"
    PRODUCT = "product"
    MAPPING = "mapping"


TEMPLATES: dict[Template, str] = {
    Template.INFORMATION_REQUEST: f"""\
# agency send information-request REQUEST.yaml --to kz.fma --subjects subjects.ftm.json
{_BRIEF}
# Recipients alone read this. Names, accounts and payments go into the entities beside it.
content:
  items:                                    # ACCOUNT_IDENTIFICATION, TRANSACTIONS, STR,
    - ACCOUNT_IDENTIFICATION                # BENEFICIAL_OWNER, REAL_ESTATE, VEHICLE,
    - TRANSACTIONS                          # BORDER_CROSSING, CASH_DECLARATION,
                                            # CRIMINAL_RECORD, OTHER (say which: other_items)
  # period: [2020-01-01, 2021-03-01]        # both days included
  facts: <what is known so far>             # at most 8,000 characters
  do_not_notify_subject: true
  # consent_wanted:                         # onward use that consent is asked for
  #   - authority: Name of the authority
  #     purpose: What it needs it for
""",
    Template.REFERRAL: f"""\
# agency send referral REFERRAL.yaml --to kz.mia --subjects subjects.ftm.json
{_BRIEF}
# Recipients alone read this.
content:
  facts: <what was seen, and why it is referred>
  action_suggested: <what the recipient may want to do>
""",
    Template.ANALYSIS_REQUEST: f"""\
# agency send analysis-request REQUEST.yaml --to caricc --subjects subjects.ftm.json
{_BRIEF}
# The Centre alone reads this.
content:
  questions:
    - <what is to be found out>
  # period: [2020-01-01, 2021-03-01]        # both days included
  facts: <what is known so far>
""",
    Template.BRIEF: f"""\
# agency send joint-case BRIEF.yaml --to kz.fma
# also for: agency send asset-trace-request, agency send freeze-request, agency send
# advance-notice, agency invite ID BRIEF.yaml --member kz.fma
{_BRIEF}""",
    Template.REPLY: f"""\
# agency reply ID REPLY.yaml --entities payments.ftm.json
# also for: agency interim ID REPLY.yaml, agency partial ID REPLY.yaml, and for a correction of an
# answer: agency correct ID CORRECTION.yaml --about DIGEST --reason wrong-fact
{_REPLY_BRIEF}
# The initiator alone reads this.
content:
  text: <what was found, and where>
  # items: [ACCOUNT_IDENTIFICATION, TRANSACTIONS]
  # period: [2020-01-01, 2021-03-01]        # both days included
  # expected_by: 2026-12-31                 # of an interim reply: when the rest comes
""",
    Template.SUPPLEMENT: f"""\
# agency supplement ID SUPPLEMENT.yaml --subjects subjects.ftm.json
# also for: agency contribute ID CONTRIBUTION.yaml, agency complete-task ID ANSWER.yaml --about
# DIGEST, and for a correction of a request: agency correct ID CORRECTION.yaml --about DIGEST
# --reason wrong-identity
{_BRIEF}
# Recipients alone read this.
content:
  text: <what was asked for>
""",
    Template.PRODUCT: f"""\
# agency product ID PRODUCT.yaml --entities findings.ftm.json
{_REPLY_BRIEF}
# The initiator alone reads this.
content:
  title: <title of the analysis>
  findings: <what the Centre found>
  recommendations: <what it recommends>
""",
    Template.MAPPING: """\
# agency reply ID REPLY.yaml --csv payments.csv --mapping MAPPING.yaml
# Which column of a table becomes which property of which entity (FollowTheMoney). Replace the names
# of columns by those in the first line of the table; docs/tables.md says what else there is.

# filters: {status: executed}                # only rows with that value in that column
# filters_not: {status: [refused, returned]} # no row with one of these
entities:
  payer:
    schema: BankAccount
    keys: [payer_account]                    # what tells one account from another
    properties:
      accountNumber: {column: payer_account}
      # currency: {literal: KZT}             # the same in each row
  beneficiary:
    schema: BankAccount
    keys: [beneficiary_account]
    properties:
      accountNumber: {column: beneficiary_account}
  payment:
    schema: Payment
    keys: [number, date]
    properties:
      payerAccount: {entity: payer}
      beneficiaryAccount: {entity: beneficiary}
      amount: {column: amount, required: true}
      date: {column: date}
      # date: {column: date, format: "%d.%m.%Y"}
      purpose: {column: purpose}
""",
}

_PLACEHOLDERS: Final = frozenset(
    found for text in TEMPLATES.values() for found in re.findall(r"<[^<>\n]+>", text)
) - {"<angle brackets>"}


def check_edited(fields: Fields) -> None:
    """Refuse a document in which a template's words still stand; raises DOCUMENT_INVALID."""
    if found := list(unedited(fields.values)):
        raise fields.faults(found)


def unedited(value: Any, at: At = ()) -> Iterator[tuple[At, str]]:
    """Find the places where a template's words still stand."""
    match value:
        case str():
            if any(each in value for each in _PLACEHOLDERS):
                yield at, "still holds the template's words: write your own, or remove the field"
        case list():
            for index, each in enumerate(value):
                yield from unedited(each, (*at, index))
        case dict():
            for name, each in value.items():
                yield from unedited(each, (*at, name))
