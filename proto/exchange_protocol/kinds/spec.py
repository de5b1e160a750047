"""The shape of a kind: its body, its rows of the lifecycle, its codes, its words, its acts.

A kind of statement is one module of this package. It holds a frozen body, the code lists of that
body, and one `KindSpec`. Everything else follows from the spec: parsing and encoding, the
lifecycle, access, the policy's schema, replay, the client's methods, the commands, and all that is
shown to people. Outside this package no code asks for a kind by its name, but for the kinds of the
directory; it asks for a trait.

A trait is derived from the rows wherever that is possible, so the table says it once:

    passes_gate   the kind brings new content to a recipient, so a gate may hold it
    decides       an approver says it, on legs that wait for an approval
    erases        the leg that it moves loses its content
    sets_due      the header's due time becomes the leg's
    approves_any  it may be an approval
    is_news       lists name it beside the state of the leg

`bodies`, `rows` and `acts` have the pieces of a spec; `catalogue` lists all specs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import (
    Attribute,
    Body,
    ParseBody,
    attribute_types,
    attributes,
    given_attributes,
    holds,
)
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround
from exchange_protocol.kinds.days import check_day
from exchange_protocol.kinds.grounds import check_grounds
from exchange_protocol.kinds.rows import ConsentStep, Row, matches
from exchange_protocol.words import Code, Words


class Stage(Enum):
    """The effect of a kind: it opens an exchange, continues one, or changes the directory."""

    INITIAL = "initial"
    CONTINUING = "continuing"
    DIRECTORY = "directory"


@dataclass(frozen=True, kw_only=True)
class KindSpec:
    """Everything that is particular to a kind."""

    body: type[Body]
    stage: Stage
    words: Words
    rows: tuple[Row, ...] = ()
    """Its lines of the lifecycle; for continuing kinds alone."""
    answer: type[Body] | None = None
    """The body of the kind that answers it, for an initial kind."""
    acts: tuple[Act, ...] = ()
    parse: ParseBody | None = None
    """A parser of its own; None parses by the types of the body's attributes."""
    only_with: Mapping[str, Code | tuple[Code, ...]] = field(default_factory=dict)
    """Optional attributes of the body, each with the codes that it must and may stand with."""
    never_with: Mapping[str, Code] = field(default_factory=dict)
    """Attributes of the body, each with a code beside which it contradicts the statement."""
    alone: tuple[Code, ...] = ()
    """Codes that no other stands beside in their list."""
    together: tuple[tuple[str, str], ...] = ()
    """Pairs of optional attributes that stand together or not at all."""
    amount_of: tuple[Code, ...] = ()
    """Codes of which its `amount` may tell: with an amount exactly one of them stands. Empty for a
    kind whose first code says what the amount is of."""
    days: Mapping[str, str] = field(default_factory=dict)
    """Moments of the body that a person may give as a day, each with the optional attribute that
    keeps that day: the moment is its end then."""
    passes_on: bool = False
    """True if its body names the `sources` that it passes on, and the `consents` to that."""
    is_counted: bool = True
    """False if statistics leave its exchanges out."""
    legal_basis: str | None = None
    """For an initial kind without data of a case: the code in its header, which nobody types."""
    is_for_certificates: bool = False
    """True if its one attached file asks for certificates, or gives them."""
    is_urgent: bool = False
    """True if a client marks it as urgent, unless its author says otherwise; for initial kinds."""
    needs_due: bool = False
    """True if its header must name a due time; for initial kinds."""
    due_words: str = "When the answer is due"
    """Meaning of the due time in its header, where it sets one."""
    names: Mapping[str, Words] = field(default_factory=dict)
    """Names of its attributes that are numbers or times: such a value needs its name to be
    understood. Also of `due_at`, the due time that it sets, where "due" would mislead."""
    states: Mapping[LegState, Words] = field(default_factory=dict)
    """Words for states of its legs where those of the state itself would mislead."""
    steps: Mapping[LegState, Words] = field(default_factory=dict)
    """The next step on its legs in words, by the state, where the general one would mislead."""
    asks: Words | None = None
    """Words for its request to the other end of the leg. While the leg awaits an answer to it
    (`Row.becomes_awaited`), lists name that as the next step, whatever else is said."""
    is_case: bool = False
    """True if its legs are members of a joint case, who speak to each other; for initial kinds."""
    to_members: bool = False
    """True if it is said to the lead and every active member of a joint case."""
    invites: bool = False
    """True if it gives the agency that its body names as `member` a leg of its own."""

    @cached_property
    def name(self) -> str:
        """The name of the body's field on the wire, such as "information_request"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.body.__name__).lower()

    @cached_property
    def is_news(self) -> bool:
        """True if lists name it, because the state of the leg does not tell that it was said.

        Such a kind leaves the state as it was, or may do so, or brings new content. A claim is
        left out: lists tell who has a leg in hand.
        """
        return any(
            row.claims is None
            and (row.after is None or row.after in row.before or row.adds_content)
            for row in self.rows
        )

    @property
    def action(self) -> str:
        """The kind as the policy writes it, such as "InformationRequest"."""
        return self.body.__name__

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """The types of its body's attributes; raises TypeError for a kind with its own parser."""
        return attribute_types(self.body)

    @cached_property
    def passes_gate(self) -> bool:
        """True if it brings new content to a recipient, so that approvals may be required."""
        return self.stage is Stage.INITIAL or any(row.adds_content for row in self.rows)

    @cached_property
    def decides(self) -> bool:
        """True if an approver says it, on the legs that it names."""
        return any(row.party is Party.APPROVER for row in self.rows)

    @cached_property
    def erases(self) -> bool:
        """True if content of the legs that it names is forgotten."""
        return any(row.after is LegState.ERASED or row.erases_own for row in self.rows)

    @cached_property
    def approves_any(self) -> bool:
        """True if a body of this kind may be an approval."""
        return any(row.approves for row in self.rows)

    @cached_property
    def supervises(self) -> bool:
        """True if a supervisor says it, to one agency that alone is shown it."""
        return any(row.party is Party.SUPERVISOR for row in self.rows)

    @cached_property
    def involves(self) -> bool:
        """True if it lets a supervisor take part in the legs that it speaks on."""
        return any(row.involves for row in self.rows)

    @cached_property
    def answers_consent(self) -> bool:
        """True if it decides on a request for consent, or ends a consent."""
        answers = (ConsentStep.GRANTS, ConsentStep.REFUSES, ConsentStep.REVOKES)
        return any(row.consent in answers for row in self.rows)

    @cached_property
    def names_legs(self) -> bool:
        """True if its author may choose on which legs to say it."""
        parties = {row.party for row in self.rows}
        is_addressed = self.invites or self.to_members or self.supervises  # By their own rules.
        return bool(self.rows) and parties != {Party.RECIPIENT} and not is_addressed

    def state_name(self, state: LegState) -> str:
        """The name of a state for programs, such as REFUSED: its own words make it DECLINED."""
        words = self.states.get(state)
        return state.name if words is None else words.en.upper().replace(" ", "_")

    def sets_due(self, body: Body) -> bool:
        """True if the header beside a body must name a due time, which becomes that of the leg."""
        return self.needs_due or any(row.sets_due and matches(row, body) for row in self.rows)

    def act_sets_due(self, act: Act) -> bool:
        """True if an act says a body that `sets_due`."""
        codes = tuple(act.fixed.values())
        return self.needs_due or any(
            row.sets_due and (row.code is None or any(code is row.code for code in codes))
            for row in self.rows
        )

    def outcome_of_amount(self, body: Body) -> Code | None:
        """The code that says what the amount of a body is of; None if it is not told by one."""
        codes: list[Code] = []
        for name, value in given_attributes(body):
            if name != "currency":
                codes += [
                    each
                    for each in (value if isinstance(value, tuple) else (value,))
                    if isinstance(each, Code)
                ]
        if not self.amount_of:
            return next(iter(codes), None)
        found = [each for each in codes if any(each is one for one in self.amount_of)]
        return found[0] if len(found) == 1 else None

    def codes_with(self, name: str) -> tuple[Code, ...]:
        """The codes with which an optional attribute stands (`only_with`)."""
        codes = self.only_with[name]
        return codes if isinstance(codes, tuple) else (codes,)

    def check(self, body: Body, where: str) -> None:
        """Check which attributes of a body stand with which others, its days and its grounds.

        Raises:
            InvalidInput: MISSING_FIELD, INVALID_FIELD or GROUND_NEVER_ALONE.
        """
        _check_attributes(self, body, where)
        for moment, day in self.days.items():
            check_day(getattr(body, day), getattr(body, moment), f"{where}.{day}")
        ground = getattr(body, "ground", None)
        if ground is None or isinstance(ground, RefusalGround):
            check_grounds(ground, getattr(body, "further_grounds", ()), where)

    def check_sense(self, body: Body, *, names_due: bool) -> None:
        """Check that a new body does not contradict itself, or the due time beside it.

        Raises:
            InvalidInput: CONTRADICTORY.
        """
        values = dict(attributes(body))
        for name, code in self.never_with.items():
            if values[name] not in (None, ()) and holds(body, code):
                raise _contradiction(f"a {name} is named beside {code.name}", name)
        for name, value in values.items():
            given = value if isinstance(value, tuple) else ()
            code_alone = next((code for code in self.alone if code in given), None)
            if code_alone is not None and len(given) > 1:
                raise _contradiction(f"{code_alone.name} stands beside other {name}", name)
        # Where some of its codes set a time, one that sets none would name a time for nothing.
        if names_due and any(row.sets_due for row in self.rows) and not self.sets_due(body):
            said = (row.code for row in self.rows if row.code and holds(body, row.code))
            name = next((code.name for code in said), self.name)
            raise _contradiction(f"a due time is named beside {name}, which sets none", "due_at")

    def approves(self, body: Body) -> bool:
        """True if a body of this kind is an approval."""
        return any(row.approves and matches(row, body) for row in self.rows)


def _contradiction(what: str, where: str) -> ExchangeError:
    return Reason.CONTRADICTORY.error(
        f"expected a statement that agrees with itself, but {what}: say one of both", field=where
    )


def _check_attributes(spec: KindSpec, body: Body, where: str) -> None:
    """Check which optional attributes stand with which others: `only_with` and `together`."""
    for name in spec.only_with:
        codes = spec.codes_with(name)
        is_given, is_due = getattr(body, name) is not None, any(holds(body, c) for c in codes)
        listed = " or ".join(code.name for code in codes)
        if is_due and not is_given:
            raise Reason.MISSING_FIELD.error(
                f"expected a {name} with {listed}, got none", field=f"{where}.{name}"
            )
        if is_given and not is_due:
            raise Reason.INVALID_FIELD.error(
                f"expected a {name} only with {listed}", field=f"{where}.{name}"
            )
    has_amount = bool(spec.amount_of) and ("amount", None) not in attributes(body)
    if has_amount and spec.outcome_of_amount(body) is None:
        listed = ", ".join(code.name for code in spec.amount_of)
        raise Reason.INVALID_FIELD.error(
            f"expected an amount beside exactly one of {listed}: each of them is told in a "
            "statement of its own",
            field=f"{where}.amount",
        )
    for one, other in spec.together:
        if (getattr(body, one) is None) != (getattr(body, other) is None):
            raise Reason.MISSING_FIELD.error(
                f"expected both {one} and {other}, or neither", field=f"{where}.{one}"
            )
