"""Tables of statistics: what is counted, by which definition, in which unit, up to which entry.

The columns follow what FATF assessors and the reporting duties of the field ask for
(docs/statistics.md names the sources). Every row of a table is a group of legs. An exchange with
several recipients has several legs; the column of exchanges counts it once in each row, and once
in the row of totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from statistics import median
from typing import Final, Literal, NamedTuple

from agency_client.statistics.facts import CountedLeg, Gatherer, Moments
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import BEFORE_ANSWER
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Event
from exchange_protocol.words import Code, NamedCode, Words

Heading = Words | Code | NamedCode
Key = str | Heading
"""The name of a group: a code with its words, or a name that is the same in every language."""


class Period(NamedTuple):
    """The span of time whose exchanges are counted, by the hub's time of the initial statement."""

    start: datetime | None
    """Included; None is the start of the log."""
    end: datetime | None
    """Not included; None is the last entry."""

    def holds(self, at: datetime) -> bool:
        """True if a time is within the period."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


class Cell(NamedTuple):
    """A figure, and the log entries that it was counted from."""

    value: int | float | timedelta | None
    """None where there is nothing to measure, such as a median of no answers."""
    entries: tuple[int, ...]
    """Indexes, in log order: of initial statements, or of the entries that ended a leg."""


class Column(NamedTuple):
    """A column of figures."""

    name: str
    """Stable, for programs."""
    heading: Heading
    kind: Literal["count", "share", "span"] = "count"
    """A count is a whole number, a share a fraction of 1, a span a length of time."""


class TableRow(NamedTuple):
    """A group, by one key for each of the table's dimensions, and its figures."""

    keys: tuple[Key, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table with everything that its reader needs."""

    name: str
    """Stable, for programs."""
    title: Words
    definition: Words
    unit: Words
    dimensions: tuple[Words, ...]
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    total: TableRow | None
    """Over all rows; its keys are empty. None where a total means nothing."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """All tables, and what they were counted from."""

    origin: str
    """Name of the log."""
    tree_size: int
    """Entries of the log at the checkpoint that the figures were cut at."""
    root: bytes
    """Root of that checkpoint, 32 bytes."""
    cut_at: datetime | None
    """The hub's time of the last entry; None for an empty log."""
    period: Period
    unopened: int
    """Entries that this reader may not open: they are not counted."""
    tables: tuple[Table, ...]


class Dimension(NamedTuple):
    """A way to divide legs into groups."""

    headings: tuple[Words, ...]
    keys: Callable[[CountedLeg], tuple[Key, ...]]
    """The leg's key for each heading; where `has_many`, its keys for the one heading."""
    has_many: bool = False
    """True if a leg may stand in several groups."""

    def groups(self, leg: CountedLeg) -> tuple[tuple[Key, ...], ...]:
        """The groups that a leg stands in."""
        keys = self.keys(leg)
        return tuple((key,) for key in keys) if self.has_many else (keys,)


_FROM, _TO = Words("from", "от кого", "кімнен"), Words("to", "кому", "кімге")
_NOT_GIVEN = Words("not given", "не указано", "көрсетілмеген")
DIMENSIONS: Final[Mapping[str, Dimension]] = {
    "state": Dimension(
        (
            Words("from state", "из государства", "қай мемлекеттен"),
            Words("to state", "в государство", "қай мемлекетке"),
        ),
        lambda leg: (leg.from_state, leg.to_state),
    ),
    "agency": Dimension((_FROM, _TO), lambda leg: (leg.initiator, leg.recipient)),
    "kind": Dimension((Words("kind", "вид", "түрі"),), lambda leg: (leg.kind.spec.words,)),
    "urgency": Dimension(
        (Words("urgency", "срочность", "шұғылдығы"),), lambda leg: (leg.header.urgency,)
    ),
    "handling": Dimension(
        (Words("handling", "режим", "режим"),), lambda leg: (leg.header.handling,)
    ),
    "purpose": Dimension(
        (Words("purpose", "цель", "мақсаты"),), lambda leg: (leg.header.purpose or _NOT_GIVEN,)
    ),
    "legal-basis": Dimension(
        (Words("legal basis", "правовое основание", "құқықтық негізі"),),
        lambda leg: (leg.header.legal_basis or _NOT_GIVEN,),
    ),
    "offence": Dimension(
        (Words("offence", "преступление", "қылмыс"),),
        lambda leg: leg.offences or (_NOT_GIVEN,),
        has_many=True,
    ),
    "month": Dimension(
        (Words("month", "месяц", "ай"),), lambda leg: (f"{leg.initiated.at:%Y-%m}",)
    ),
}
"""By the names that `--by` takes."""


def check_question(period: Period, by: Sequence[str]) -> None:
    """Check what is to be counted, before a log is read for it.

    Raises:
        InvalidInput: INVALID_FIELD, for a period that ends before it starts, a dimension that does
            not exist, or one that is named twice.
    """
    if period.start is not None and period.end is not None and period.end <= period.start:
        raise Reason.INVALID_FIELD.error(
            f"expected a period that ends after its start {period.start:%Y-%m-%d}, got one that "
            f"ends before {period.end:%Y-%m-%d}",
            field="to",
        )
    if len(set(by)) != len(by) or not DIMENSIONS.keys() >= set(by):
        raise Reason.INVALID_FIELD.error(
            f"expected each of {', '.join(DIMENSIONS)} at most once, got {', '.join(by)}",
            field="by",
        )


def make_statistics(
    gathered: Gatherer,
    *,
    checkpoint: Checkpoint,
    period: Period,
    by: Sequence[str] = ("state",),
    unopened: int = 0,
) -> Statistics:
    """Count what was gathered, of the exchanges that were opened in a period.

    Args:
        gathered: the facts of the log.
        checkpoint: of the log, up to which they were gathered.
        period: whose exchanges are counted.
        by: names of dimensions, each at most once.
        unopened: entries that this reader may not open.

    Raises:
        InvalidInput: as `check_question` does.
    """
    check_question(period, by)
    cut_at = gathered.last.at if gathered.last else None
    legs = [leg for leg in gathered if period.holds(leg.initiated.at)]
    groups = _Groups(legs, [DIMENSIONS[name] for name in by])
    return Statistics(
        origin=checkpoint.origin,
        tree_size=checkpoint.size,
        root=checkpoint.root,
        cut_at=cut_at,
        period=period,
        unopened=unopened,
        tables=(
            _exchanges(groups, cut_at),
            _outcomes(groups),
            _times(groups),
            _gate(groups),
            _statements(gathered, period),
            _amounts(gathered, period),
            _copies(gathered, period),
            _denials(gathered, period),
        ),
    )


class _Groups:
    """Legs by the keys of some dimensions, in the order of their first leg's names."""

    def __init__(self, legs: Sequence[CountedLeg], dimensions: Sequence[Dimension]) -> None:
        self.all = legs
        self.headings = tuple(each for one in dimensions for each in one.headings)
        self._by_keys: dict[tuple[Key, ...], list[CountedLeg]] = defaultdict(list)
        for leg in legs:
            for groups in product(*(one.groups(leg) for one in dimensions)):
                self._by_keys[tuple(key for group in groups for key in group)].append(leg)

    def rows(self, measure: Callable[[Sequence[CountedLeg]], tuple[Cell, ...]]) -> _Measured:
        """Measure each group, and all legs together."""
        rows = [TableRow(keys, measure(legs)) for keys, legs in self._by_keys.items()]
        rows.sort(key=lambda row: [_sorted_as(key) for key in row.keys])
        return _Measured(tuple(rows), TableRow((), measure(self.all)))


class _Measured(NamedTuple):
    rows: tuple[TableRow, ...]
    total: TableRow


def _sorted_as(key: Key) -> tuple[int, int, str]:
    if isinstance(key, Code):
        return (0, key.value, type(key).__name__)
    return (1, 0, key if isinstance(key, str) else key.en)


_ENDS: Final = (LegState.ANSWERED, LegState.REFUSED, LegState.REJECTED, LegState.RECALLED)
"""The ends of a leg, each a column."""
_NAMED_ENDS: Final = (*_ENDS, LegState.LEFT)


class _NamedEnd(NamedTuple):
    """An end of legs of some kinds that has words of its own, and is no refusal, say."""

    column: Column
    state: LegState
    kinds: frozenset[Kind]

    def holds(self, leg: CountedLeg) -> bool:
        """True if a leg ended so."""
        return leg.ended_as is self.state and leg.kind in self.kinds


def _named_ends() -> Iterator[_NamedEnd]:
    """The ends that kinds name themselves, such as a declined invitation; and leaving a case."""
    for state in _NAMED_ENDS:
        for kind in Kind:
            words = kind.spec.states.get(state)
            if kind.stage is Stage.INITIAL and words is not None:
                name = f"{state.name.lower()}_{kind.value}"
                yield _NamedEnd(Column(name, words), state, frozenset({kind}))
    column = Column(LegState.LEFT.name.lower(), LegState.LEFT)
    yield _NamedEnd(column, LegState.LEFT, frozenset(Kind))


def _has_end(leg: CountedLeg, state: LegState) -> bool:
    """True if a leg ended in a state, and its kind has no words of its own for that."""
    return leg.ended_as is state and state not in leg.kind.spec.states


_EXCHANGES_DEFINITION: Final = Words(
    "Exchanges that were opened in the period, as they stood at the last entry. Each "
    "recipient has a leg of its own. An exchange with recipients in several states counts "
    "once in each row and once in the total; its legs count each. By offence, a leg "
    "stands in the row of each offence that its initial statement names, and once in the "
    "total. Open: an answer, or the permission to ask, is still owed. Overdue: open after "
    "the due time. What a kind calls by another name has a column of its own, where it "
    "happened: a declined invitation to a joint case and an objection to an advance notice are "
    "no refusals. A member that is invited again is counted by the newest invitation alone. "
    "Answered late: answered or refused after the due time. A judge is "
    "awaited: of these, the legs on which the recipient told before the due time that a "
    "judge's authorisation is awaited (Directive (EU) 2023/977, article 18(2)(d)).",
    "Обмены, открытые за период, по состоянию на последнюю запись. У каждого получателя "
    "своя линия. Обмен с получателями в нескольких государствах считается один раз в "
    "каждой строке и один раз в итоге; линии считаются каждая. По преступлениям линия "
    "стоит в строке каждого преступления, названного в первом заявлении, и один раз в "
    "итоге. Открытые: ответ или разрешение на запрос ещё ожидается. Просроченные: открыты "
    "после срока. Что вид обмена называет иначе, стоит в отдельном столбце, если оно было: "
    "отклонённое приглашение в совместное дело и возражение против предварительного "
    "уведомления не отказы. Участник, приглашённый снова, считается только по последнему "
    "приглашению. Ответ с опозданием: ответ или отказ после срока. Ожидание суда: из них "
    "линии, на которых получатель до срока сообщил, что ожидается разрешение суда "
    "(Директива (ЕС) 2023/977, статья 18(2)(d)).",
    "Кезеңде ашылған алмасулар, соңғы жазбадағы күйі бойынша. Әр алушының өз желісі бар. "
    "Бірнеше мемлекеттегі алушылары бар алмасу әр жолда бір рет және қорытындыда бір рет "
    "саналады; желілер әрқайсысы саналады. Қылмыс бойынша желі алғашқы мәлімдемеде "
    "аталған әр қылмыстың жолында және қорытындыда бір рет тұрады. Ашық: жауап немесе "
    "сұрауға рұқсат әлі күтілуде. Мерзімі өткен: мерзімнен кейін ашық. Алмасу түрі басқаша "
    "атайтын нәтиже болған жерде бөлек бағанда тұрады: бірлескен іске шақырудан бас тарту "
    "және алдын ала хабарламаға қарсылық бас тарту емес. Қайта шақырылған қатысушы тек соңғы "
    "шақыру бойынша саналады. Кеш жауап: "
    "мерзімнен кейінгі жауап немесе бас тарту. Сот күтілуде: олардың ішінде алушы "
    "мерзімге дейін сот рұқсаты күтілуде деп хабарлаған желілер ((ЕО) 2023/977 "
    "директивасы, 18(2)(d)-бап).",
)
_COLUMNS_OF_LEGS: Final = (
    Column("exchanges", Words("exchanges", "обмены", "алмасулар")),
    Column("legs", Words("legs", "линии", "желілер")),
    Column("gated", Words("through the gate", "через контроль", "бақылау арқылы")),
    Column("open", Words("open", "открытые", "ашық")),
    Column("overdue", Words("overdue", "просроченные", "мерзімі өткен")),
    Column(
        "overdue_judge",
        Words(
            "overdue, a judge is awaited",
            "просроченные, ожидается суд",
            "мерзімі өткен, сот күтілуде",
        ),
    ),
    Column("frozen", LegState.FROZEN),
)
_COLUMNS_OF_ENDS: Final = tuple(Column(state.name.lower(), state) for state in _ENDS)
_COLUMNS_OF_DELAY: Final = (
    Column("late", Words("answered late", "ответ с опозданием", "кеш жауап")),
    Column(
        "late_judge",
        Words(
            "late, a judge was awaited",
            "с опозданием, ожидался суд",
            "кеш, сот күтілген",
        ),
    ),
)


def _exchanges(groups: _Groups, cut_at: datetime | None) -> Table:
    named = [each for each in _named_ends() if any(map(each.holds, groups.all))]

    def measure(legs: Sequence[CountedLeg]) -> tuple[Cell, ...]:
        overdue = [leg for leg in legs if cut_at is not None and leg.is_overdue(cut_at)]
        return (
            Cell(len({leg.exchange_id for leg in legs}), tuple(sorted(_initial(legs)))),
            _cell(legs),
            _cell(leg for leg in legs if LegState.HELD in leg.reached),
            _cell(leg for leg in legs if leg.state in BEFORE_ANSWER),
            _cell(overdue),
            _cell(leg for leg in overdue if cut_at and leg.is_overdue_for_judge(cut_at)),
            _cell(leg for leg in legs if leg.state is LegState.FROZEN),
            *(_cell(leg for leg in legs if _has_end(leg, state)) for state in _ENDS),
            *(_cell(filter(each.holds, legs)) for each in named),
            _cell(leg for leg in legs if leg.was_late),
            _cell(leg for leg in legs if leg.was_late_for_judge),
        )

    rows, total = groups.rows(measure)
    return Table(
        name="exchanges",
        title=Words(
            "Exchanges by what became of them",
            "Обмены по их исходу",
            "Алмасулар нәтижесі бойынша",
        ),
        definition=_EXCHANGES_DEFINITION,
        unit=Words("exchanges and legs", "обмены и линии", "алмасулар мен желілер"),
        dimensions=groups.headings,
        columns=(
            *_COLUMNS_OF_LEGS,
            *_COLUMNS_OF_ENDS,
            *(each.column for each in named),
            *_COLUMNS_OF_DELAY,
        ),
        rows=rows,
        total=total,
    )


def _outcomes(groups: _Groups) -> Table:
    codes = {code for leg in groups.all for code in leg.outcome}
    ordered = sorted(codes, key=lambda code: (type(code).__name__, code.value))

    def measure(legs: Sequence[CountedLeg]) -> tuple[Cell, ...]:
        return tuple(_ending_cell(leg for leg in legs if code in leg.outcome) for code in ordered)

    rows, total = groups.rows(measure)
    return Table(
        name="outcomes",
        title=Words(
            "Results and grounds of refusal",
            "Результаты и основания отказа",
            "Нәтижелер және бас тарту негіздері",
        ),
        definition=Words(
            "The code in the signed statement that ended a leg: the result of an answer, or the "
            "ground of a refusal. A leg without an end is in no column.",
            "Код из подписанного заявления, завершившего линию: результат ответа или основание "
            "отказа. Незавершённая линия не входит ни в один столбец.",
            "Желіні аяқтаған қол қойылған мәлімдемедегі код: жауап нәтижесі немесе бас тарту "
            "негізі. Аяқталмаған желі ешбір бағанға кірмейді.",
        ),
        unit=Words("legs", "линии", "желілер"),
        dimensions=groups.headings,
        columns=tuple(
            Column(f"{type(code).__name__}.{code.name}".lower(), code) for code in ordered
        ),
        rows=rows,
        total=total,
    )


def _times(groups: _Groups) -> Table:
    def measure(legs: Sequence[CountedLeg]) -> tuple[Cell, ...]:
        answered = [leg for leg in legs if leg.answered]
        spans = sorted(leg.answered.at - leg.asked.at for leg in answered if leg.answered)
        due = [leg for leg in answered if leg.answer_due is not None]
        in_time = [leg for leg in due if not leg.was_late]
        share = len(in_time) / len(due) if due else None
        return (
            Cell(len(answered), _answers(answered)),
            Cell(_median(spans), _answers(answered)),
            Cell(_ninth_decile(spans), _answers(answered)),
            Cell(len(due), _answers(due)),
            Cell(share, _answers(due)),
        )

    rows, total = groups.rows(measure)
    return Table(
        name="times",
        title=Words("Time to answer", "Время до ответа", "Жауап беру уақыты"),
        definition=Words(
            "From the initial statement or the newest invitation to the answer or refusal, by the "
            "hub's clock, for legs that are answered or refused. A freeze that is imposed is an "
            "answer. Nine of ten answers took at most the time in the third column. In time: not "
            "after the due time, of those that had one.",
            "От первого заявления или последнего приглашения до ответа или отказа, по часам узла, "
            "для линий с ответом или отказом. Введённое замораживание есть ответ. Девять из десяти "
            "ответов заняли не больше времени в третьем столбце. В срок: не позже срока, среди "
            "имевших срок.",
            "Бастапқы мәлімдемеден немесе соңғы шақырудан жауапқа немесе бас тартуға дейін, "
            "тораптың сағаты бойынша, жауап не бас тарту алған желілер үшін. Енгізілген қатыру "
            "жауап болып табылады. Он жауаптың тоғызы үшінші бағандағыдан артық уақыт алмады. "
            "Мерзімінде: мерзімі барлардың ішінде мерзімнен кешікпегені.",
        ),
        unit=Words("legs, days, share", "линии, дни, доля", "желілер, күндер, үлес"),
        dimensions=groups.headings,
        columns=(
            Column("ended", Words("answered or refused", "ответ или отказ", "жауап не бас тарту")),
            Column("median", Words("median", "медиана", "медиана"), "span"),
            Column(
                "ninth_decile", Words("nine of ten", "девять из десяти", "оннан тоғызы"), "span"
            ),
            Column("with_due", Words("with a due time", "со сроком", "мерзімі бар")),
            Column("in_time", Words("in time", "в срок", "мерзімінде"), "share"),
        ),
        rows=rows,
        total=total,
    )


def _gate(groups: _Groups) -> Table:
    def measure(legs: Sequence[CountedLeg]) -> tuple[Cell, ...]:
        held = [leg for leg in legs if LegState.HELD in leg.reached]
        released = [leg for leg in held if leg.holds]
        spans = [span for leg in released for span in leg.holds]
        return (
            _cell(held),
            _cell(released),
            _cell(leg for leg in held if LegState.RETURNED in leg.reached),
            _cell(leg for leg in held if LegState.REJECTED in leg.reached),
            _cell(leg for leg in held if leg.state is LegState.HELD),
            _cell(released)._replace(value=_median(spans)),
        )

    rows, total = groups.rows(measure)
    return Table(
        name="gate",
        title=Words("Approval at the gate", "Одобрение на контроле", "Бақылаудағы мақұлдау"),
        definition=Words(
            "Legs that had to be approved before the recipient saw them. A leg can be returned "
            "and released later; then it counts in both columns. The median is that of the times "
            "from a hold to its release.",
            "Линии, требовавшие одобрения, прежде чем их увидел получатель. Линия может быть "
            "возвращена и позже передана; тогда она считается в обоих столбцах. Медиана: время "
            "от задержания до передачи.",
            "Алушы көргенге дейін мақұлдауды қажет еткен желілер. Желі қайтарылып, кейін "
            "жіберілуі мүмкін; онда ол екі бағанда да саналады. Медиана: ұстаудан жіберуге дейінгі "
            "уақыт.",
        ),
        unit=Words("legs, days", "линии, дни", "желілер, күндер"),
        dimensions=groups.headings,
        columns=(
            Column("held", Words("held", "задержано", "ұсталды")),
            Column("released", Words("released", "передано", "жіберілді")),
            Column("returned", Words("returned", "возвращено", "қайтарылды")),
            Column("rejected", Words("rejected", "отклонено", "қабылданбады")),
            Column("waiting", Words("still held", "ещё ждут", "әлі күтуде")),
            Column(
                "median", Words("median time held", "медиана ожидания", "күту медианасы"), "span"
            ),
        ),
        rows=rows,
        total=total,
    )


_SENT: Final = Words("sent", "направлено", "жіберілді")
_KIND = Words("kind", "вид", "түрі")
_COUNT = (Column("statements", Words("statements", "заявления", "мәлімдемелер")),)


def _statements(gathered: Gatherer, period: Period) -> Table:
    rows = []
    for key, moments in gathered.statements.items():
        entries = _within(period, moments)
        if entries:
            code: Key = "" if key.code is None else key.code
            rows.append(TableRow((key.kind.spec.words, code), (Cell(len(entries), entries),)))
    rows.sort(key=lambda row: [_sorted_as(key) for key in row.keys])
    return Table(
        name="statements",
        title=Words("Statements by kind", "Заявления по видам", "Мәлімдемелер түрі бойынша"),
        definition=Words(
            "Statements that were accepted in the period, each kind as a whole and by each code "
            "in its signed body. Changes of the directory are not counted.",
            "Заявления, принятые за период: каждый вид в целом и по каждому коду в подписанном "
            "теле. Изменения справочника не считаются.",
            "Кезеңде қабылданған мәлімдемелер: әр түрі тұтас және қол қойылған денесіндегі әр код "
            "бойынша. Анықтамалықтың өзгерістері саналмайды.",
        ),
        unit=Words("statements", "заявления", "мәлімдемелер"),
        dimensions=(_KIND, Words("code", "код", "код")),
        columns=_COUNT,
        rows=tuple(rows),
        total=None,
    )


def _amounts(gathered: Gatherer, period: Period) -> Table:
    rows = []
    for key, stated in gathered.amounts.items():
        counted = [(moment.index, amount) for moment, amount in stated if period.holds(moment.at)]
        if counted:
            entries = tuple(index for index, _ in counted)
            cells = (
                Cell(len(entries), entries),
                Cell(sum(amount for _, amount in counted), entries),
            )
            rows.append(TableRow((key.kind.spec.words, key.outcome, key.currency), cells))
    rows.sort(key=lambda row: [_sorted_as(key) for key in row.keys])
    return Table(
        name="amounts",
        title=Words("Amounts by currency", "Суммы по валютам", "Валюталар бойынша сомалар"),
        definition=Words(
            "Amounts that signed bodies of the period state, such as of freezes, in whole units of "
            "their currency; currencies are not added up. A freeze that is imposed and converted "
            "stands in both rows.",
            "Суммы, указанные в подписанных телах за период, например замороженные, в целых "
            "единицах валюты; валюты не складываются. Введённое и преобразованное замораживание "
            "стоит в обеих строках.",
            "Кезеңдегі қол қойылған денелерде көрсетілген сомалар, мысалы қатырылғандар, "
            "валютаның бүтін бірлігімен; валюталар қосылмайды. Енгізіліп, түрлендірілген қатыру "
            "екі жолда да тұрады.",
        ),
        unit=Words("units of the currency", "единицы валюты", "валюта бірлігі"),
        dimensions=(
            _KIND,
            Words("outcome", "исход", "нәтижесі"),
            Words("currency", "валюта", "валюта"),
        ),
        columns=(*_COUNT, Column("amount", Words("amount", "сумма", "сома"))),
        rows=tuple(rows),
        total=None,
    )


def _copies(gathered: Gatherer, period: Period) -> Table:
    rows = []
    for (agency, ground), moments in gathered.copies.items():
        entries = _within(period, moments)
        if entries:
            key: Key = _SENT if ground is None else ground
            rows.append(TableRow((agency, key), (Cell(len(entries), entries),)))
    rows.sort(key=lambda row: [_sorted_as(key) for key in row.keys])
    return Table(
        name="supervision",
        title=Words("Copies for supervisors", "Копии для надзора", "Қадағалауға көшірмелер"),
        definition=Words(
            "Copies of statements in the period that went to supervisors by rule, and those that "
            "their author withheld, by the signed ground. A statement counts once for each "
            "supervisor.",
            "Копии заявлений за период, направленные надзору по правилу, и копии, в которых автор "
            "отказал, по подписанному основанию. Заявление считается по разу на каждый "
            "надзирающий орган.",
            "Кезеңде ереже бойынша қадағалауға жіберілген көшірмелер және автор бермегендері, қол "
            "қойылған негіз бойынша. Мәлімдеме әр қадағалаушы органға бір рет саналады.",
        ),
        unit=Words("copies", "копии", "көшірмелер"),
        dimensions=(
            Words("author", "автор", "автор"),
            Words("sent or ground", "направлено или основание", "жіберілді не негізі"),
        ),
        columns=(Column("copies", Words("copies", "копии", "көшірмелер")),),
        rows=tuple(rows),
        total=None,
    )


def _denials(gathered: Gatherer, period: Period) -> Table:
    rows = [
        TableRow((reason,), (Cell(len(entries), entries),))
        for reason, moments in sorted(gathered.denials.items())
        if (entries := _within(period, moments))
    ]
    everything = tuple(sorted(index for row in rows for index in row.cells[0].entries))
    return Table(
        name="denials",
        title=Words("Calls that the hub denied", "Отказы узла", "Тораптың бас тартулары"),
        definition=Words(
            "Calls in the period that the hub denied and put on the log, by its reason. The hub "
            "alone says so: nobody signs a denial.",
            "Обращения за период, в которых узел отказал и записал это в журнал, по причинам. "
            "Об этом говорит только узел: отказ никто не подписывает.",
            "Кезеңде торап бас тартып, журналға жазған сұраулар, себептері бойынша. Мұны тек "
            "торап айтады: бас тартуға ешкім қол қоймайды.",
        ),
        unit=Words("calls", "обращения", "сұраулар"),
        dimensions=(Words("reason", "причина", "себебі"),),
        columns=(Column("denials", Event.DENIAL),),
        rows=tuple(rows),
        total=TableRow((), (Cell(len(everything), everything),)),
    )


def _within(period: Period, moments: Moments) -> tuple[int, ...]:
    return tuple(moment.index for moment in moments if period.holds(moment.at))


def _initial(legs: Iterable[CountedLeg]) -> set[int]:
    return {leg.initiated.index for leg in legs}


def _cell(legs: Iterable[CountedLeg]) -> Cell:
    """Count legs, by the entries that opened them."""
    found = list(legs)
    return Cell(len(found), tuple(sorted({leg.opened.index for leg in found})))


def _ending_cell(legs: Iterable[CountedLeg]) -> Cell:
    """Count legs, by the entries that ended them."""
    found = list(legs)
    return Cell(len(found), _entries(found))


def _answers(legs: Iterable[CountedLeg]) -> tuple[int, ...]:
    return tuple(sorted({leg.answered.index for leg in legs if leg.answered}))


def _entries(legs: Iterable[CountedLeg]) -> tuple[int, ...]:
    return tuple(sorted({leg.ended.index for leg in legs if leg.ended}))


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def _ninth_decile(spans: Sequence[timedelta]) -> timedelta | None:
    """The least span that nine of ten do not exceed (nearest rank)."""
    if not spans:
        return None
    rank = -(-len(spans) * 9 // 10)
    return spans[rank - 1]
