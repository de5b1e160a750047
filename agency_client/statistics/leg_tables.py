"""Tables of legs: what became of them, how long they took, and the gate.

Every row is a group of legs. An exchange with several recipients has several legs; the column of
exchanges counts it once in each row, and once in the row of totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

from agency_client.statistics.dimensions import Groups
from agency_client.statistics.facts import CountedLeg
from agency_client.statistics.values import Cell, Column, Table
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import BEFORE_ANSWER
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.words import Words

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
    "the due time. An end that a kind calls by another name has a column of its own, where it "
    "happened: a declined invitation to a joint case and an objection to an advance notice are "
    "no refusals. A member that is invited again is counted by the newest invitation alone. "
    "Answered late: answered or refused after the due time, also where that was extended, or the "
    "request returned, after it was over; a due time that was over before the recipient was given "
    "the request is nobody's delay. A judge is awaited: of these, the legs on which the recipient "
    "told before the due time that a judge's authorisation is awaited (Directive (EU) 2023/977, "
    "article 18(2)(d)).",
    "Обмены, открытые за период, по состоянию на последнюю запись. У каждого получателя "
    "своя линия. Обмен с получателями в нескольких государствах считается один раз в "
    "каждой строке и один раз в итоге; линии считаются каждая. По преступлениям линия "
    "стоит в строке каждого преступления, названного в первом заявлении, и один раз в "
    "итоге. Открытые: ответ или разрешение на запрос ещё ожидается. Просроченные: открыты "
    "после срока. Что вид обмена называет иначе, стоит в отдельном столбце, если оно было: "
    "отклонённое приглашение в совместное дело и возражение против предварительного "
    "уведомления не отказы. Участник, приглашённый снова, считается только по последнему "
    "приглашению. Ответ с опозданием: ответ или отказ после срока, в том числе если срок продлён "
    "или запрос возвращён уже после него; срок, истёкший до выдачи запроса получателю, никому не "
    "засчитывается. Ожидание суда: из них "
    "линии, на которых получатель до срока сообщил, что ожидается разрешение суда "
    "(Директива (ЕС) 2023/977, статья 18(2)(d)).",
    "Кезеңде ашылған алмасулар, соңғы жазбадағы күйі бойынша. Әр алушының өз желісі бар. "
    "Бірнеше мемлекеттегі алушылары бар алмасу әр жолда бір рет және қорытындыда бір рет "
    "саналады; желілер әрқайсысы саналады. Қылмыс бойынша желі алғашқы мәлімдемеде "
    "аталған әр қылмыстың жолында және қорытындыда бір рет тұрады. Ашық: жауап немесе "
    "сұрауға рұқсат әлі күтілуде. Мерзімі өткен: мерзімнен кейін ашық. Алмасу түрі басқаша "
    "атайтын нәтиже болған жерде бөлек бағанда тұрады: бірлескен іске шақырудан бас тарту "
    "және алдын ала хабарламаға қарсылық бас тарту емес. Қайта шақырылған қатысушы тек соңғы "
    "шақыру бойынша саналады. Кеш жауап: мерзімнен кейінгі жауап немесе бас тарту, соның ішінде "
    "мерзім өткен соң ұзартылса не сұрау салу қайтарылса; алушыға берілгенге дейін өткен мерзім "
    "ешкімге есептелмейді. Сот күтілуде: олардың ішінде алушы "
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


def exchanges_table(groups: Groups, cut_at: datetime | None) -> Table:
    """Count exchanges and legs by what became of them."""
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


def outcomes_table(groups: Groups) -> Table:
    """Count legs by the result or the ground of refusal."""
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


def times_table(groups: Groups) -> Table:
    """Measure the times to an answer."""

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
            "late, of those that had a due time when the recipient was given the request.",
            "От первого заявления или последнего приглашения до ответа или отказа, по часам узла, "
            "для линий с ответом или отказом. Введённое замораживание есть ответ. Девять из десяти "
            "ответов заняли не больше времени в третьем столбце. В срок: не позже срока, среди "
            "имевших срок.",
            "Бастапқы мәлімдемеден немесе соңғы шақырудан жауапқа немесе бас тартуға дейін, "
            "тораптың сағаты бойынша, жауап не бас тарту алған желілер үшін. Енгізілген қатыру "
            "жауап болып табылады. Он жауаптың тоғызы үшінші бағандағыдан артық уақыт алмады. "
            "Мерзімінде: мерзімі барлардың ішінде мерзімнен кешікпегені.",
        ),
        unit=Words(
            "legs, lengths of time, share",
            "линии, продолжительность, доля",
            "желілер, ұзақтығы, үлес",
        ),
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


def gate_table(groups: Groups) -> Table:
    """Count the legs that had to be approved, and measure how long they waited."""

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
        unit=Words("legs, lengths of time", "линии, продолжительность", "желілер, ұзақтығы"),
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
