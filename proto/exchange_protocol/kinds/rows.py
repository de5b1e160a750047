"""Rows of the lifecycle: who may say a kind on a leg in which states, and what follows.

Each kind declares its rows in its own module; together they are the table that `rules/lifecycle.py`
applies. All else that a row says (a due time, a consent, a task, a claim) is a field of it, so that
no rule asks for a kind by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from exchange_protocol.kinds.bodies import Body, holds
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround, TimeLimitRule
from exchange_protocol.words import Code

UNSEEN = frozenset({LegState.HELD, LegState.REJECTED})
"""States of a leg that its recipient is never shown."""
OPEN_TO_RECIPIENT = frozenset({LegState.DELIVERED, LegState.ACKNOWLEDGED})
"""States of a leg in which its recipient may speak."""
BEFORE_ANSWER = frozenset(
    {
        LegState.HELD,
        LegState.RETURNED,
        LegState.RELEASED,
        LegState.DELIVERED,
        LegState.ACKNOWLEDGED,
    }
)
"""States of a leg that still owes an answer, or the permission to ask for one."""
ENDED = frozenset(
    {
        LegState.ANSWERED,
        LegState.REFUSED,
        LegState.REJECTED,
        LegState.RECALLED,
        LegState.LEFT,
    }
)
"""States of a leg that only its initiator moves on, by closing it."""
OWES = BEFORE_ANSWER | {LegState.FROZEN, LegState.JOINED}
"""States of a leg on which a due time runs: for the answer, a task, or until a freeze expires."""


class Due(Enum):
    """The way in which a header's due time becomes that of the leg."""

    LATER = "later"
    """A due time that must be later than the leg's present one."""
    ANEW = "anew"
    """A time of its own, whatever was due before."""


class When(Enum):
    """The time at which a row applies, compared with the leg's due time."""

    BEFORE_DUE = "before due"
    AFTER_DUE = "after due"


class About(Enum):
    """The author of the statement of the leg that a body's `about` names."""

    OWN = "own"
    OTHERS = "others"


class ConsentStep(Enum):
    """The step that a row is in the life of a consent to onward use."""

    ASKS = "asks"
    ASKS_FOR_SOURCES = "asks for sources"
    """A request for each of its `sources` that the leg's member contributed."""
    ASKS_MEMBER = "asks a member"
    """A member of a joint case asks for the statement `about` of another one."""
    GRANTS = "grants"
    REFUSES = "refuses"
    REVOKES = "revokes"


class TaskStep(Enum):
    """The step that a row is in the life of a task of a joint case."""

    GIVES = "gives"
    ENDS = "ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the lifecycle: `party` may say the kind on a leg in any state of `before`."""

    party: Party
    before: frozenset[LegState]
    after: LegState | None = None
    """The state that follows; None leaves it as it is."""
    code: Code | None = None
    """The code of the body to which the row applies; None is every body."""
    becomes_awaited: bool = False
    """True if the next statement on the leg must answer this one."""
    is_answer: bool = False
    """True if the row applies only where this kind answers the initial one (`KindSpec.answer`)."""
    while_unreleased: bool = False
    """True if the row applies only while nothing on the leg was released to the recipient."""
    shown_while_hidden: bool = False
    """True if the recipient of a released leg sees it while other statements are hidden."""
    approves: bool = False
    """True if it counts as an approval; `after` follows when enough distinct members approved."""
    adds_content: bool = False
    """True if it brings new content, which passes the gate anew. The leg then awaits an answer to
    it, and is RELEASED or HELD as the gate says: `after` is RELEASED and `becomes_awaited` True."""
    sets_due: Due | None = None
    """The way in which the header's due time becomes the leg's, if it does."""
    limited_by: TimeLimitRule | None = None
    """The published time limit that the due time which it sets must keep, if there is one."""
    after_return: RefusalGround | None = None
    """The ground on which it applies only to a leg that was returned for information before."""
    meets: TimeLimitRule | None = None
    """The published time limit that it meets without moving the leg, if there is one."""
    awaits_judge: bool = False
    """True if it tells that a judge's authorisation is awaited, which may explain a late answer."""
    when: When | None = None
    """The time of the hub at which it applies; None is any."""
    about: About | None = None
    """The author of the statement that the body's `about` must name; None if the body has none."""
    consent: ConsentStep | None = None
    """Its step in the life of a consent to onward use, if it is one."""
    claims: bool | None = None
    """True if it takes the leg in hand for an approver, False if it gives it back."""
    erases_own: bool = False
    """True if the sealed parts of all that its author said on the leg are forgotten."""
    in_case: bool = False
    """True if it applies in joint cases alone."""
    awaits_initial: bool = False
    """True if the leg then awaits an answer to the initial statement, like every other member's."""
    involves: bool = False
    """True if the supervisor that the body names takes part in the leg from now on."""
    task: TaskStep | None = None
    """Its step in the life of a task, if it is one."""

    def __post_init__(self) -> None:
        """Refuse a row that says something else than what the gate does."""
        if self.adds_content and not (
            self.after is LegState.RELEASED
            and self.becomes_awaited
            and self.party is Party.INITIATOR
        ):
            raise ValueError(
                "expected new content to be the initiator's, to be awaited, and to follow as "
                "RELEASED: the gate decides whether it is HELD first"
            )
        if self.awaits_judge and not (
            self.party is Party.RECIPIENT and self.before <= OPEN_TO_RECIPIENT
        ):
            raise ValueError(
                "expected the recipient to await a judge, on a leg that is open to it: nobody else "
                "owes the answer then"
            )
        if self.limited_by is not None and self.sets_due is None:
            raise ValueError("expected a row that a time limit bounds to set a due time")

    @property
    def follows_unseen(self) -> bool:
        """True if the recipient may not know the state or the statement that came before."""
        return self.shown_while_hidden and not self.before.isdisjoint(UNSEEN)


ANSWERS: Final = Row(
    party=Party.RECIPIENT,
    before=OPEN_TO_RECIPIENT,
    after=LegState.ANSWERED,
    is_answer=True,
    becomes_awaited=True,
)
"""The row of a kind that answers the initial one for good, whatever its codes are."""


def matches(row: Row, body: Body) -> bool:
    """True if a row applies to a body, by the code that it names."""
    return row.code is None or holds(body, row.code)
