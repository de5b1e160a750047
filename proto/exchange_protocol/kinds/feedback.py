"""`feedback`: the initiator says what an answer was worth and what it was used for.

The source is docs/rules.md#p6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body, Range
from exchange_protocol.kinds.codes import (
    MAX_AMOUNT,
    Currency,
    LegState,
    Party,
    TimeLimitRule,
)
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words

MAX_USEFULNESS = 3


class FeedbackUse(Code):
    """Uses that were made of the information."""

    INTELLIGENCE = pb.FEEDBACK_USE_INTELLIGENCE, "intelligence", "оперативная работа", "жедел жұмыс"
    NEW_CASE = pb.FEEDBACK_USE_NEW_CASE, "new case", "новое дело", "жаңа іс"
    EXISTING_CASE = (
        pb.FEEDBACK_USE_EXISTING_CASE,
        "existing case",
        "имеющееся дело",
        "қолданыстағы іс",
    )
    FREEZE = pb.FEEDBACK_USE_FREEZE, "freeze", "замораживание", "қатыру"
    SEIZURE = pb.FEEDBACK_USE_SEIZURE, "seizure", "арест имущества", "мүлікке тыйым салу"
    CHARGE = pb.FEEDBACK_USE_CHARGE, "charge", "обвинение", "айыптау"
    CONVICTION = pb.FEEDBACK_USE_CONVICTION, "conviction", "приговор", "үкім"
    CONFISCATION = pb.FEEDBACK_USE_CONFISCATION, "confiscation", "конфискация", "тәркілеу"
    NOT_USED = pb.FEEDBACK_USE_NOT_USED, "not used", "не использовано", "пайдаланылмады"


@dataclass(frozen=True, slots=True)
class Feedback(Body):
    """`usefulness` is 0 (not useful) to 3 (very useful).

    `amount` is what was frozen, seized or confiscated, in whole units of `currency`.
    """

    usefulness: Annotated[int, Range(0, MAX_USEFULNESS)]
    uses: tuple[FeedbackUse, ...]
    amount: Annotated[int, Range(1, MAX_AMOUNT)] | None = None
    currency: Currency | None = None


SPEC = KindSpec(
    body=Feedback,
    stage=Stage.CONTINUING,
    words=Words(
        "feedback on use", "сообщение об использовании сведений", "ақпаратты пайдалану туралы хабар"
    ),
    together=(("amount", "currency"),),
    alone=(FeedbackUse.NOT_USED,),
    # Each amount is that of one result, so that the results can be counted apart.
    amount_of=(FeedbackUse.FREEZE, FeedbackUse.SEIZURE, FeedbackUse.CONFISCATION),
    names={
        "usefulness": Words("usefulness", "полезность", "пайдалылығы"),
        "amount": Words("amount", "сумма", "сома"),
    },
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.ANSWERED}),
            meets=TimeLimitRule.FEEDBACK,
        ),
    ),
    acts=(
        Act(
            name="feedback",
            command="feedback",
            summary="Say what an answer was worth and what it was used for.",
            done="Feedback given",
            codes=("usefulness", "uses", "amount", "currency"),
            defaults={"uses": (), "amount": None, "currency": None},
            help={
                "usefulness": "0 (not useful) to 3 (very useful).",
                "uses": "What it was used for; repeatable",
                "amount": "What was frozen, seized or confiscated, in whole units of the currency; "
                "with one such use alone.",
                "currency": "The currency of the amount",
            },
            brief=Brief.OPTIONAL,
        ),
    ),
)
