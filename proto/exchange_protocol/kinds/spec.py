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
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from google.protobuf.message import Message

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround, TimeLimitRule
from exchange_protocol.kinds.days import check_day, parse_day, to_day
from exchange_protocol.kinds.fields import (
    parse_digest,
    parse_enum,
    parse_timestamp,
    to_timestamp,
    unfit,
)
from exchange_protocol.kinds.grounds import check_grounds
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.words import Code, Words

MAX_NAMED = 32
"""Statements or agencies that one attribute of a body may name."""
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


class Stage(Enum):
    """The effect of a kind: it opens an exchange, continues one, or changes the directory."""

    INITIAL = "initial"
    CONTINUING = "continuing"
    DIRECTORY = "directory"


class Due(Enum):
    """The way in which a header's due time becomes that of the leg."""

    LATER = "later"
    """It must be later than the leg's present due time."""
    ANEW = "anew"
    """It begins a time of its own, whatever was due before."""


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
    """It asks for each of its `sources` that the leg's member contributed."""
    ASKS_MEMBER = "asks a member"
    """A member of a joint case asks for the statement `about` of another one."""
    GRANTS = "grants"
    REFUSES = "refuses"
    REVOKES = "revokes"


class TaskStep(Enum):
    """The step that a row is in the life of a task of a joint case."""

    GIVES = "gives"
    ENDS = "ends"


class Range(NamedTuple):
    """The bounds of a whole number in a body, both included."""

    least: int
    most: int


class Body:
    """Base of all bodies: frozen dataclasses with slots, named like the wire contract's fields.

    An attribute is a `Code`, a `bool`, `Annotated[int, Range(...)]`, an aware `datetime` (a
    moment), a `date` (a day as a person gives it), `bytes` (the digest of a statement), `AgencyId`,
    or `tuple[...]` of codes, digests or agencies (each at most once). `| None` makes it optional.
    Other types need a parser of the kind's own (`KindSpec.parse`).
    """

    __slots__ = ()


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
    awaits_opening: bool = False
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


class Text(NamedTuple):
    """A text that the author types; it goes into a field of the sealed brief."""

    name: str
    """Name of the argument and the option."""
    brief_field: str
    help: str
    default: str | None = None
    is_required: bool = True


class Brief(Enum):
    """How much of a brief an act takes."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Document(NamedTuple):
    """The document of the part `content`; `type` names its class in the client's documents."""

    type: str
    argument: str = "document"
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One way to say a kind: a method of the client and a command.

    Most kinds have one act. A decision has three, one for each verdict.
    """

    name: str
    """The client's method."""
    command: str
    """The command, such as "reply" or "send referral"."""
    summary: str
    """One sentence, in the imperative: the method's docstring and the command's help."""
    done: str
    """The word that is printed afterwards, and the summary of a brief that was not given."""
    codes: tuple[str, ...] = ()
    """Attributes of the body that the caller gives."""
    fixed: Mapping[str, Code] = field(default_factory=dict)
    """Attributes of the body that the act itself sets."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of `codes`."""
    help: Mapping[str, str] = field(default_factory=dict)
    """The meaning of each of `codes`."""
    brief: Brief = Brief.NONE
    text: Text | None = None
    document: Document | None = None
    entities: str | None = None
    """Name of the argument for FollowTheMoney entities, if it takes any."""
    attachments: bool = False
    terms: bool = False
    """True if the caller may set handling, TLP, urgency and the other terms of the header."""
    binds_to_what_was_read: bool = False
    """True if the command shows the exchange first, and speaks on exactly what it showed."""
    confirm: str | None = None
    """A question that the command asks on a terminal before it sends."""


ParseBody = Callable[[Any, str], Body]
"""Takes the body's message and the name of its field; gives the body."""


@dataclass(frozen=True, kw_only=True)
class KindSpec:
    """Everything that is particular to a kind."""

    body: type[Body]
    stage: Stage
    words: Words
    rows: tuple[Row, ...] = ()
    """Its lines of the lifecycle; for continuing kinds alone."""
    answer: type[Body] | None = None
    """For an initial kind: the body of the kind that answers it."""
    acts: tuple[Act, ...] = ()
    parse: ParseBody | None = None
    """A parser of its own; None parses by the types of the body's attributes."""
    only_with: Mapping[str, Code | tuple[Code, ...]] = field(default_factory=dict)
    """Optional attributes of the body, each with the codes that it must and may stand with."""
    together: tuple[tuple[str, str], ...] = ()
    """Pairs of optional attributes of which none stands without the other."""
    days: Mapping[str, str] = field(default_factory=dict)
    """Moments of the body that a person may give as a day, each with the optional attribute that
    keeps that day: the moment is its end then."""
    passes_on: bool = False
    """True if its body names the `sources` that it passes on, and the `consents` to that."""
    is_counted: bool = True
    """False if statistics leave its exchanges out."""
    is_for_certificates: bool = False
    """True if its one attached file asks for certificates, or gives them."""
    needs_due: bool = False
    """True if its header must name a due time; for initial kinds."""
    due_words: str = "When the answer is due"
    """Meaning of the due time in its header, where it sets one."""
    names: Mapping[str, Words] = field(default_factory=dict)
    """Names of its attributes that are numbers or times, which say nothing without their name."""
    states: Mapping[LegState, Words] = field(default_factory=dict)
    """Words for states of its legs where those of the state itself would mislead."""
    steps: Mapping[LegState, Words] = field(default_factory=dict)
    """The next step on its legs in words, by the state, where the general one would mislead."""
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

    def approves(self, body: Body) -> bool:
        """True if a body of this kind is an approval."""
        return any(row.approves and matches(row, body) for row in self.rows)


def matches(row: Row, body: Body) -> bool:
    """True if a row applies to a body, by the code that it names."""
    return row.code is None or _holds(body, row.code)


def _holds(body: Body, code: Code) -> bool:
    return any(value is code for _, value in attributes(body))


def attributes(body: Body) -> tuple[tuple[str, Any], ...]:
    """The attributes of a body with their values, in the order of the class."""
    names: tuple[str, ...] = body.__slots__
    return tuple((name, getattr(body, name)) for name in names)


def body_codes(body: Body) -> tuple[tuple[str, Any], ...]:
    """The attributes of a body that say something: name and value, without those left out.

    A value is a code, a tuple of codes, a number, a text, a time, a day or bytes. Everything that
    shows a statement (lists, JSON, the account for a court) shows these.
    """
    return tuple((name, value) for name, value in attributes(body) if value not in (None, ()))


class Attribute(NamedTuple):
    """The values that an attribute of a body may hold, by its type."""

    type: type
    """A `Code`, `bool`, `int`, `datetime`, `date`, `bytes`, or `str` for an agency's id."""
    is_many: bool
    """True if it holds several, each at most once."""
    is_optional: bool
    """True if it may be left out."""
    bounds: Range | None
    """Of a whole number."""


def attribute_types(body: type[Body]) -> dict[str, Attribute]:
    """The types of a body's attributes, in the order of the class; raises TypeError for others."""
    hints = get_type_hints(body, include_extras=True)
    return {each.name: _attribute(hints[each.name]) for each in fields(body)}  # type: ignore[arg-type] # every body is a dataclass


def _attribute(hint: Any) -> Attribute:
    if get_origin(hint) in (Union, types.UnionType):
        [inner] = [each for each in get_args(hint) if each is not type(None)]
        return _attribute(inner)._replace(is_optional=True)
    if get_origin(hint) is Annotated:
        number, bounds = get_args(hint)
        return Attribute(number, is_many=False, is_optional=False, bounds=bounds)
    if get_origin(hint) is tuple:
        return _attribute(get_args(hint)[0])._replace(is_many=True)
    if hint is AgencyId:
        return Attribute(str, is_many=False, is_optional=False, bounds=None)
    if hint in (datetime, date, bool, bytes) or (isinstance(hint, type) and issubclass(hint, Code)):
        return Attribute(hint, is_many=False, is_optional=False, bounds=None)
    raise TypeError(f"expected a type that a body may have, got {hint}: give the kind a parser")


def parser_of(spec: KindSpec) -> ParseBody:
    """Give the parser of a kind: its own, or one made from the types of its body's attributes."""
    if spec.parse is not None:
        return spec.parse
    types = attribute_types(spec.body)
    parsers = [(name, _attribute_parser(each)) for name, each in types.items()]

    def parse(message: Message, where: str) -> Body:
        values = {name: parse_one(message, name, f"{where}.{name}") for name, parse_one in parsers}
        body = spec.body(**values)
        spec.check(body, where)
        return body

    return parse


def _check_attributes(spec: KindSpec, body: Body, where: str) -> None:
    """Check which optional attributes stand with which others: `only_with` and `together`."""
    for name in spec.only_with:
        codes = spec.codes_with(name)
        is_given, is_due = getattr(body, name) is not None, any(_holds(body, c) for c in codes)
        listed = " or ".join(code.name for code in codes)
        if is_due and not is_given:
            raise Reason.MISSING_FIELD.error(
                f"expected a {name} with {listed}, got none", field=f"{where}.{name}"
            )
        if is_given and not is_due:
            raise Reason.INVALID_FIELD.error(
                f"expected a {name} only with {listed}", field=f"{where}.{name}"
            )
    for one, other in spec.together:
        if (getattr(body, one) is None) != (getattr(body, other) is None):
            raise Reason.MISSING_FIELD.error(
                f"expected both {one} and {other}, or neither", field=f"{where}.{one}"
            )


def encode(body: Body, message: Message) -> None:
    """Set a body's message; the attributes bear the names of its fields.

    Raises:
        InvalidInput: INVALID_FIELD, for a value that its field cannot hold.
    """
    for name, value in attributes(body):
        if value is None:
            continue
        try:
            if isinstance(value, tuple):
                getattr(message, name).extend(value)
            elif isinstance(value, datetime):
                getattr(message, name).CopyFrom(to_timestamp(value))
            elif isinstance(value, date):
                getattr(message, name).CopyFrom(to_day(value))
            else:
                setattr(message, name, value)
        except ValueError as error:
            raise unfit(name, error) from None


_ParseAttribute = Callable[[Any, str, str], Any]


def _attribute_parser(attribute: Attribute) -> _ParseAttribute:
    """The parser of one attribute, by its type."""
    if attribute.is_optional:
        return _optional(_attribute_parser(attribute._replace(is_optional=False)))
    if attribute.bounds is not None:
        return _number(attribute.bounds)
    if attribute.is_many:
        return _distinct(attribute)
    if attribute.type is datetime:
        return lambda message, name, where: parse_timestamp(getattr(message, name), where)
    if attribute.type is date:
        return lambda message, name, where: parse_day(getattr(message, name), where)
    if attribute.type is bool:
        return lambda message, name, _: bool(getattr(message, name))
    parse_one = _parse_one(attribute.type)
    return lambda message, name, where: parse_one(getattr(message, name), where)


def _parse_one(kind: type) -> Callable[[Any, str], Any]:
    """The parser of one value: a code, a digest or the id of an agency."""
    if kind is bytes:
        return parse_digest
    if kind is str:
        return lambda value, where: parse_agency_id(value, field=where)
    return lambda value, where: parse_enum(kind, value, where)


def _optional(parse: _ParseAttribute) -> _ParseAttribute:
    def parse_optional(message: Any, name: str, where: str) -> Any:
        value = getattr(message, name)
        is_set = value.ByteSize() > 0 if isinstance(value, Message) else bool(value)
        return parse(message, name, where) if is_set else None

    return parse_optional


def _number(bounds: Range) -> _ParseAttribute:
    def parse(message: Any, name: str, where: str) -> int:
        value: int = getattr(message, name)
        if not bounds.least <= value <= bounds.most:
            raise Reason.INVALID_FIELD.error(
                f"expected {bounds.least} to {bounds.most}, got {value}", field=where
            )
        return value

    return parse


def _distinct(attribute: Attribute) -> _ParseAttribute:
    parse_one = _parse_one(attribute.type)
    most = len(attribute.type) if issubclass(attribute.type, Code) else MAX_NAMED

    def parse(message: Any, name: str, where: str) -> tuple[Any, ...]:
        given = getattr(message, name)
        values = tuple(parse_one(each, f"{where}[{i}]") for i, each in enumerate(given[: most + 1]))
        if len(set(values)) != len(given) or len(given) > most:
            raise Reason.INVALID_FIELD.error(
                f"expected each once, and at most {most}; got {len(given)}", field=where
            )
        return values

    return parse
