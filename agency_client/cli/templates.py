"""Templates: YAML files to start from, every field with a word on it.

A test reads each of them back as the document that it is a template of.
"""

from __future__ import annotations

from enum import StrEnum

_BRIEF = """\
# What approvers and supervisors read too: enough to judge by, no names of subjects.
brief:
  summary: Suspected laundering of the proceeds of heroin trafficking
  offences: ["297", "218"]                  # codes of the sender's law
  stage: PRE_TRIAL                          # INTELLIGENCE, PRE_TRIAL, TRIAL, CONFISCATION
  registration_number: ERDR 000000000000000 # of the case
  own_reference: 00-00/0000                 # what this agency calls it
  drug_nexus: The payments follow deliveries of heroin seized on the route
  reasons: The accounts are held with banks of the requested state
  # link_to_requested_state: text
  # urgency_reason: text                    # with --urgent
  # handling_restrictions: text             # with --handling H3
"""

_REPLY_BRIEF = """\
# What supervisors read too.
brief:
  summary: Accounts and transactions of the period asked for
  own_reference: 00-00/0000
"""


class Template(StrEnum):
    """The documents that there are templates of."""

    INFORMATION_REQUEST = "information-request"
    REFERRAL = "referral"
    ANALYSIS_REQUEST = "analysis-request"
    REPLY = "reply"
    SUPPLEMENT = "supplement"
    PRODUCT = "product"


TEMPLATES: dict[Template, str] = {
    Template.INFORMATION_REQUEST: f"""\
# agency send information-request REQUEST.yaml --to kz.fma --subjects subjects.ftm.json
{_BRIEF}
# What recipients alone read. Names, accounts and payments go into the entities beside it.
content:
  items:                                    # ACCOUNT_IDENTIFICATION, TRANSACTIONS, STR,
    - ACCOUNT_IDENTIFICATION                # BENEFICIAL_OWNER, REAL_ESTATE, VEHICLE,
    - TRANSACTIONS                          # BORDER_CROSSING, CASH_DECLARATION,
                                            # CRIMINAL_RECORD, OTHER (say which: other_items)
  period: [2020-01-01, 2021-03-01]          # both days included
  facts: What is known so far               # at most 8,000 characters
  do_not_notify_subject: true
  # consent_wanted:                         # onward use that consent is asked for
  #   - authority: Name of the authority
  #     purpose: What it needs it for
""",
    Template.REFERRAL: f"""\
# agency send referral REFERRAL.yaml --to kz.mia --subjects subjects.ftm.json
{_BRIEF}
# What recipients alone read.
content:
  facts: What was seen, and why it is referred
  action_suggested: What the recipient may want to do
""",
    Template.ANALYSIS_REQUEST: f"""\
# agency send analysis-request REQUEST.yaml --to caricc --subjects subjects.ftm.json
{_BRIEF}
# What the Centre alone reads.
content:
  questions:
    - Which other cases do these persons and accounts appear in?
  period: [2020-01-01, 2021-03-01]
  facts: What is known so far
""",
    Template.REPLY: f"""\
# agency reply ID REPLY.yaml --entities payments.ftm.json
# also for: agency interim ID REPLY.yaml, agency partial ID REPLY.yaml
{_REPLY_BRIEF}
# What the initiator alone reads.
content:
  text: What was found, and where
  items: [ACCOUNT_IDENTIFICATION, TRANSACTIONS]
  period: [2020-01-01, 2021-03-01]
  # expected_by: 2026-12-31                 # of an interim reply: when the rest comes
""",
    Template.SUPPLEMENT: f"""\
# agency supplement ID SUPPLEMENT.yaml --subjects subjects.ftm.json
{_BRIEF}
# What recipients alone read.
content:
  text: What was asked for
""",
    Template.PRODUCT: f"""\
# agency product ID PRODUCT.yaml --entities findings.ftm.json
{_REPLY_BRIEF}
# What the initiator alone reads.
content:
  title: Title of the analysis
  findings: What the Centre found
  recommendations: What it recommends
""",
}
