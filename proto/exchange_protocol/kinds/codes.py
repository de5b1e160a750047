"""The field's code lists, with the numbers of the wire contract.

Every value here is a code that the hub may read; what needs words is in the sealed parts. Each
enumeration has a twin in `statement.proto` with the same members (an architecture test compares
them); a value outside the list is refused at the edge, never passed on.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from exchange_protocol.v1 import statement_pb2 as pb


class Party(StrEnum):
    """The part that an agency has in an exchange, or on one of its legs."""

    INITIATOR = "initiator"
    RECIPIENT = "recipient"
    APPROVER = "approver"
    SUPERVISOR = "supervisor"

    @property
    def number(self) -> pb.Party.ValueType:
        """The number on the wire and in the tables."""
        return pb.Party.Value(f"PARTY_{self.name}")


class ReaderRole(StrEnum):
    """Why a reader holds a key to a part; the text is bound into the seal."""

    AUTHOR = "author"
    RECIPIENT = "recipient"
    APPROVER = "approver"
    SUPERVISOR = "supervisor"

    @property
    def number(self) -> pb.ReaderRole.ValueType:
        return pb.ReaderRole.Value(f"READER_ROLE_{self.name}")


PARTIES = {party.number: party for party in Party}
READER_ROLES = {role.number: role for role in ReaderRole}


class Handling(IntEnum):
    """Europol handling codes (Council doc. 6243/18)."""

    H0 = pb.HANDLING_H0
    H1 = pb.HANDLING_H1
    H2 = pb.HANDLING_H2
    H3 = pb.HANDLING_H3


class Tlp(IntEnum):
    """FIRST TLP 2.0."""

    CLEAR = pb.TLP_CLEAR
    GREEN = pb.TLP_GREEN
    AMBER = pb.TLP_AMBER
    AMBER_STRICT = pb.TLP_AMBER_STRICT
    RED = pb.TLP_RED


class SourceGrade(IntEnum):
    """Reliability of the source (Council doc. 6243/18)."""

    A = pb.SOURCE_GRADE_A
    B = pb.SOURCE_GRADE_B
    C = pb.SOURCE_GRADE_C
    X = pb.SOURCE_GRADE_X


class InformationGrade(IntEnum):
    """Accuracy of the information, codes 1 to 4 (Council doc. 6243/18)."""

    GRADE_1 = pb.INFORMATION_GRADE_1
    GRADE_2 = pb.INFORMATION_GRADE_2
    GRADE_3 = pb.INFORMATION_GRADE_3
    GRADE_4 = pb.INFORMATION_GRADE_4


class Urgency(IntEnum):
    """How soon an answer is needed; the reason for urgency is in the brief."""

    ROUTINE = pb.URGENCY_ROUTINE
    URGENT = pb.URGENCY_URGENT


class Purpose(IntEnum):
    """What the information may be used for."""

    INTELLIGENCE = pb.PURPOSE_INTELLIGENCE
    INVESTIGATION = pb.PURPOSE_INVESTIGATION
    PROSECUTION = pb.PURPOSE_PROSECUTION
    CONFISCATION = pb.PURPOSE_CONFISCATION
    ANALYSIS = pb.PURPOSE_ANALYSIS


class Language(IntEnum):
    """Language of the sealed text."""

    KK = pb.LANGUAGE_KK
    RU = pb.LANGUAGE_RU
    EN = pb.LANGUAGE_EN


class ReplyResult(IntEnum):
    """What came of a request or referral."""

    INFORMATION = pb.REPLY_RESULT_INFORMATION
    NO_HIT = pb.REPLY_RESULT_NO_HIT
    CASE_OPENED = pb.REPLY_RESULT_CASE_OPENED


class RefusalGround(IntEnum):
    """Grounds on which an exchange may be refused.

    The grounds that FATF R.40 forbids as the sole ground (fiscal matter, bank secrecy, an inquiry
    under way, a different status of the authority) have no code, so nobody can refuse on them.
    """

    SOVEREIGNTY_SECURITY = pb.REFUSAL_GROUND_SOVEREIGNTY_SECURITY
    CONTRARY_TO_LAW = pb.REFUSAL_GROUND_CONTRARY_TO_LAW
    IMPEDES_INVESTIGATION = pb.REFUSAL_GROUND_IMPEDES_INVESTIGATION
    DISPROPORTIONATE = pb.REFUSAL_GROUND_DISPROPORTIONATE
    NO_DRUG_NEXUS = pb.REFUSAL_GROUND_NO_DRUG_NEXUS
    INSUFFICIENT_REQUEST = pb.REFUSAL_GROUND_INSUFFICIENT_REQUEST
    LEGAL_PRIVILEGE = pb.REFUSAL_GROUND_LEGAL_PRIVILEGE


class Verdict(IntEnum):
    """What an approver decides on a held leg."""

    APPROVE = pb.VERDICT_APPROVE
    REJECT = pb.VERDICT_REJECT
    RETURN = pb.VERDICT_RETURN


class ErasureGround(IntEnum):
    """Why content is erased."""

    RETENTION_ENDED = pb.ERASURE_GROUND_RETENTION_ENDED
    ORDERED = pb.ERASURE_GROUND_ORDERED
    UNLAWFUL = pb.ERASURE_GROUND_UNLAWFUL
    SENT_IN_ERROR = pb.ERASURE_GROUND_SENT_IN_ERROR


class FeedbackUse(IntEnum):
    """What the information was used for."""

    INTELLIGENCE = pb.FEEDBACK_USE_INTELLIGENCE
    NEW_CASE = pb.FEEDBACK_USE_NEW_CASE
    EXISTING_CASE = pb.FEEDBACK_USE_EXISTING_CASE
    FREEZE = pb.FEEDBACK_USE_FREEZE
    SEIZURE = pb.FEEDBACK_USE_SEIZURE
    CHARGE = pb.FEEDBACK_USE_CHARGE
    CONVICTION = pb.FEEDBACK_USE_CONVICTION
    CONFISCATION = pb.FEEDBACK_USE_CONFISCATION
    NOT_USED = pb.FEEDBACK_USE_NOT_USED


class AgencyType(IntEnum):
    """What sort of authority an agency is; the policy decides on it."""

    FIU = pb.AGENCY_TYPE_FIU
    POLICE = pb.AGENCY_TYPE_POLICE
    PROSECUTOR = pb.AGENCY_TYPE_PROSECUTOR
    CUSTOMS = pb.AGENCY_TYPE_CUSTOMS
    BORDER = pb.AGENCY_TYPE_BORDER
    SECURITY = pb.AGENCY_TYPE_SECURITY
    TAX = pb.AGENCY_TYPE_TAX
    ASSET_RECOVERY = pb.AGENCY_TYPE_ASSET_RECOVERY
    COORDINATION_CENTRE = pb.AGENCY_TYPE_COORDINATION_CENTRE
    OBSERVER = pb.AGENCY_TYPE_OBSERVER


class RevocationReason(IntEnum):
    """RFC 5280, 5.3.1."""

    KEY_COMPROMISE = pb.REVOCATION_REASON_KEY_COMPROMISE
    AFFILIATION_CHANGED = pb.REVOCATION_REASON_AFFILIATION_CHANGED
    SUPERSEDED = pb.REVOCATION_REASON_SUPERSEDED
    CESSATION_OF_OPERATION = pb.REVOCATION_REASON_CESSATION_OF_OPERATION
