"""`freeze_status`: what became of a freeze, from the executing side.

The executing side proposes the time limit itself: with IMPOSED, PARTLY_IMPOSED and EXTENDED the
header's `due_at` says when the freeze expires, and becomes the due time of the leg. So lists,
alarms and audits follow it. An extension must be on the log before that time; afterwards the freeze
has expired, and either side may put that on record. A court's order, or a lift, may be told at any
time. A partly imposed freeze stands as any other; its amount is the one that is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body, Range
from exchange_protocol.kinds.codes import MAX_AMOUNT, Currency, LegState, Party, TimeLimitRule
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Due, Row, When
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class FreezeOutcome(Code):
    """Outcomes of a freeze."""

    IMPOSED = pb.FREEZE_OUTCOME_IMPOSED, "imposed", "введено", "енгізілді"
    NOT_IMPOSED = pb.FREEZE_OUTCOME_NOT_IMPOSED, "not imposed", "не введено", "енгізілмеді"
    EXTENDED = pb.FREEZE_OUTCOME_EXTENDED, "extended", "продлено", "ұзартылды"
    CONVERTED = pb.FREEZE_OUTCOME_CONVERTED, "converted", "преобразовано", "түрлендірілді"
    LIFTED = pb.FREEZE_OUTCOME_LIFTED, "lifted", "снято", "алып тасталды"
    EXPIRED = pb.FREEZE_OUTCOME_EXPIRED, "expired", "истекло", "мерзімі өтті"
    PARTLY_IMPOSED = (
        pb.FREEZE_OUTCOME_PARTLY_IMPOSED,
        "partly imposed",
        "введено частично",
        "ішінара енгізілді",
    )


class FreezeObstacle(Code):
    """Obstacles to a freeze; a refusal on a legal ground is a `refuse`."""

    NO_ASSET = (
        pb.FREEZE_OBSTACLE_NO_ASSET,
        "no such asset found",
        "актив не найден",
        "актив табылмады",
    )
    ASSET_MOVED = (
        pb.FREEZE_OBSTACLE_ASSET_MOVED,
        "the asset had left before",
        "актив выведен ранее",
        "актив бұрын шығарылған",
    )
    FROZEN_ALREADY = (
        pb.FREEZE_OBSTACLE_FROZEN_ALREADY,
        "another measure holds it already",
        "уже действует другая мера",
        "басқа шара қолданыста",
    )
    NO_CONSENT = (
        pb.FREEZE_OBSTACLE_NO_CONSENT,
        "the required consent was not given",
        "не получено требуемое согласие",
        "қажетті келісім берілмеді",
    )
    LESS_FOUND = (
        pb.FREEZE_OBSTACLE_LESS_FOUND,
        "less was there than was asked for",
        "обнаружено меньше, чем запрошено",
        "сұралғаннан аз табылды",
    )


class FreezeConversion(Code):
    """Measures that take the place of a freeze."""

    COURT_ORDER = (
        pb.FREEZE_CONVERSION_COURT_ORDER,
        "court order",
        "судебный акт",
        "сот актісі",
    )
    LEGAL_ASSISTANCE = (
        pb.FREEZE_CONVERSION_LEGAL_ASSISTANCE,
        "mutual legal assistance",
        "правовая помощь",
        "құқықтық көмек",
    )


@dataclass(frozen=True, slots=True)
class FreezeStatus(Body):
    """Tells what became of a freeze; `amount` is in whole units of `currency`."""

    outcome: FreezeOutcome
    obstacle: FreezeObstacle | None = None
    conversion: FreezeConversion | None = None
    amount: Annotated[int, Range(1, MAX_AMOUNT)] | None = None
    currency: Currency | None = None


_FROZEN = frozenset({LegState.FROZEN})
_AMOUNT = {
    "amount": "What is frozen, in whole units of the currency.",
    "currency": "The currency of the amount",
}
_EXPLANATION = Text("note", "summary", "A note, in words; it is sealed.", is_required=False)


def _row(
    outcome: FreezeOutcome,
    before: frozenset[LegState],
    after: LegState,
    *,
    party: Party = Party.RECIPIENT,
    due: Due | None = None,
    when: When | None = None,
) -> Row:
    return Row(
        party=party,
        before=before,
        after=after,
        code=outcome,
        is_answer=True,
        becomes_awaited=True,
        sets_due=due,
        limited_by=TimeLimitRule.FREEZE if due else None,
        when=when,
    )


SPEC = KindSpec(
    body=FreezeStatus,
    stage=Stage.CONTINUING,
    words=Words("status of a freeze", "состояние замораживания", "қатыру жағдайы"),
    only_with={
        "obstacle": (FreezeOutcome.NOT_IMPOSED, FreezeOutcome.PARTLY_IMPOSED),
        "conversion": FreezeOutcome.CONVERTED,
    },
    together=(("amount", "currency"),),
    never_with={"amount": FreezeOutcome.NOT_IMPOSED},
    due_words="When the freeze ends",
    names={
        "amount": Words("amount", "сумма", "сома"),
        "due_at": Words("until", "действует до", "жарамды мерзімі"),
    },
    rows=(
        _row(FreezeOutcome.IMPOSED, OPEN_TO_RECIPIENT, LegState.FROZEN, due=Due.ANEW),
        _row(FreezeOutcome.PARTLY_IMPOSED, OPEN_TO_RECIPIENT, LegState.FROZEN, due=Due.ANEW),
        _row(FreezeOutcome.NOT_IMPOSED, OPEN_TO_RECIPIENT, LegState.ANSWERED),
        _row(
            FreezeOutcome.EXTENDED,
            _FROZEN,
            LegState.FROZEN,
            due=Due.LATER,
            when=When.BEFORE_DUE,
        ),
        _row(FreezeOutcome.CONVERTED, _FROZEN, LegState.ANSWERED),
        _row(FreezeOutcome.LIFTED, _FROZEN, LegState.ANSWERED),
        _row(FreezeOutcome.EXPIRED, _FROZEN, LegState.ANSWERED, when=When.AFTER_DUE),
        _row(
            FreezeOutcome.EXPIRED,
            _FROZEN,
            LegState.ANSWERED,
            party=Party.INITIATOR,
            when=When.AFTER_DUE,
        ),
    ),
    acts=(
        Act(
            name="impose_freeze",
            command="freeze-impose",
            summary="Say that assets are frozen, and until when.",
            done="Freeze imposed",
            fixed={"outcome": FreezeOutcome.IMPOSED},
            codes=("amount", "currency"),
            defaults={"amount": None, "currency": None},
            help=_AMOUNT,
            text=_EXPLANATION,
        ),
        Act(
            name="impose_freeze_partly",
            command="freeze-impose-partly",
            summary="Say that less is frozen than was asked for, until when, and why not the rest.",
            done="Freeze partly imposed",
            fixed={"outcome": FreezeOutcome.PARTLY_IMPOSED},
            codes=("obstacle", "amount", "currency"),
            defaults={"amount": None, "currency": None},
            help={"obstacle": "What stood against the rest", **_AMOUNT},
            text=Text("explanation", "explanation", "Which part, and why, in words; it is sealed."),
        ),
        Act(
            name="decline_freeze",
            command="freeze-decline",
            summary="Say that no freeze was imposed, and what stood against it.",
            done="Freeze not imposed",
            fixed={"outcome": FreezeOutcome.NOT_IMPOSED},
            codes=("obstacle",),
            help={"obstacle": "What stood against it"},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
        Act(
            name="extend_freeze",
            command="freeze-extend",
            summary="Say that a freeze is extended, and until when; before it expires.",
            done="Freeze extended",
            fixed={"outcome": FreezeOutcome.EXTENDED},
            text=_EXPLANATION,
        ),
        Act(
            name="convert_freeze",
            command="freeze-convert",
            summary="Say that a court's order or legal assistance took the place of a freeze.",
            done="Freeze converted",
            fixed={"outcome": FreezeOutcome.CONVERTED},
            codes=("conversion", "amount", "currency"),
            defaults={"amount": None, "currency": None},
            help={"conversion": "What took its place", **_AMOUNT},
            text=_EXPLANATION,
        ),
        Act(
            name="lift_freeze",
            command="freeze-lift",
            summary="Say that a freeze is lifted.",
            done="Freeze lifted",
            fixed={"outcome": FreezeOutcome.LIFTED},
            text=_EXPLANATION,
        ),
        Act(
            name="record_expiry",
            command="freeze-expired",
            summary="Put on record that a freeze expired; either side may, after its time.",
            done="Expiry recorded",
            fixed={"outcome": FreezeOutcome.EXPIRED},
            text=_EXPLANATION,
        ),
    ),
)
