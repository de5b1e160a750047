"""`consent_decision`: the author of a statement answers a request for consent, or ends a consent.

A consent names an expiry. It lapses at that time, by the clock of the hub. Where its author gave a
day, it lasts until the end of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import Party, Purpose
from exchange_protocol.kinds.consent_request import AFTER_READING
from exchange_protocol.kinds.rows import About, ConsentStep, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ConsentOutcome(Code):
    """Answers to a request for consent."""

    GRANTED = pb.CONSENT_OUTCOME_GRANTED, "granted", "дано", "берілді"
    PARTLY = (
        pb.CONSENT_OUTCOME_PARTLY,
        "granted for another purpose",
        "дано для иной цели",
        "өзге мақсатқа берілді",
    )
    REFUSED = pb.CONSENT_OUTCOME_REFUSED, "refused", "отказано", "бас тартылды"
    REVOKED = pb.CONSENT_OUTCOME_REVOKED, "revoked", "отозвано", "кері қайтарылды"


class ConsentGround(Code):
    """Grounds to refuse consent (Directive (EU) 2024/1640, article 34)."""

    OUT_OF_SCOPE = (
        pb.CONSENT_GROUND_OUT_OF_SCOPE,
        "out of scope",
        "вне сферы применения",
        "қолдану аясынан тыс",
    )
    IMPAIRS_INVESTIGATION = (
        pb.CONSENT_GROUND_IMPAIRS_INVESTIGATION,
        "would impair an investigation",
        "повредит расследованию",
        "тергеуге зиян келтіреді",
    )
    DISPROPORTIONATE = (
        pb.CONSENT_GROUND_DISPROPORTIONATE,
        "disproportionate",
        "несоразмерно",
        "мөлшерлес емес",
    )
    FUNDAMENTAL_LAW = (
        pb.CONSENT_GROUND_FUNDAMENTAL_LAW,
        "contrary to fundamental principles of law",
        "противоречит основам права",
        "құқық негіздеріне қайшы",
    )


@dataclass(frozen=True, slots=True)
class ConsentDecision(Body):
    """Answers the request for consent `about`, or revokes the consent that was given to it."""

    about: bytes
    outcome: ConsentOutcome
    expires_at: datetime | None = None
    purpose: Purpose | None = None
    ground: ConsentGround | None = None
    expires_on: date | None = None


_STEPS = {
    ConsentOutcome.GRANTED: ConsentStep.GRANTS,
    ConsentOutcome.PARTLY: ConsentStep.GRANTS,
    ConsentOutcome.REFUSED: ConsentStep.REFUSES,
    ConsentOutcome.REVOKED: ConsentStep.REVOKES,
}
_REQUEST = "Digest of the request for consent, in hexadecimal."
_EXPIRES = "When the consent lapses; a day alone means its end."

SPEC = KindSpec(
    body=ConsentDecision,
    stage=Stage.CONTINUING,
    words=Words("decision on onward use", "решение о передаче", "беру туралы шешім"),
    only_with={
        "expires_at": (ConsentOutcome.GRANTED, ConsentOutcome.PARTLY),
        "purpose": ConsentOutcome.PARTLY,
        "ground": ConsentOutcome.REFUSED,
    },
    days={"expires_at": "expires_on"},
    names={
        "expires_at": Words("valid until", "действует до", "жарамды мерзімі"),
        "expires_on": Words("valid to the end of", "действует до конца дня", "жарамды соңғы күні"),
    },
    rows=tuple(
        Row(
            party=party,
            before=AFTER_READING,
            code=outcome,
            shown_while_hidden=True,
            about=About.OTHERS,
            consent=step,
        )
        for outcome, step in _STEPS.items()
        for party in (Party.INITIATOR, Party.RECIPIENT)
    ),
    acts=(
        Act(
            name="grant_consent",
            command="consent",
            summary="Consent to an onward use that was asked for, until a time.",
            done="Consented",
            fixed={"outcome": ConsentOutcome.GRANTED},
            codes=("about", "expires_at"),
            help={"about": _REQUEST, "expires_at": _EXPIRES},
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
        Act(
            name="grant_consent_partly",
            command="consent-partly",
            summary="Consent to an onward use in part: for another purpose than was asked for.",
            done="Consented in part",
            fixed={"outcome": ConsentOutcome.PARTLY},
            codes=("about", "expires_at", "purpose"),
            help={
                "about": _REQUEST,
                "expires_at": _EXPIRES,
                "purpose": "The only purpose that is consented to",
            },
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
        Act(
            name="refuse_consent",
            command="refuse-consent",
            summary="Refuse consent to an onward use, on a ground and with reasons.",
            done="Consent refused",
            fixed={"outcome": ConsentOutcome.REFUSED},
            codes=("about", "ground"),
            help={"about": _REQUEST, "ground": "Ground"},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
        Act(
            name="revoke_consent",
            command="revoke-consent",
            summary="End a consent that was granted; what was passed on before stays so.",
            done="Consent revoked",
            fixed={"outcome": ConsentOutcome.REVOKED},
            codes=("about",),
            help={"about": _REQUEST},
            text=Text("reason", "reasons", "Why, in words; it is sealed."),
        ),
    ),
)
