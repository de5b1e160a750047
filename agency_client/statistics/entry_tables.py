"""Tables of entries: statements, amounts, copies for supervisors, and denials."""

from __future__ import annotations

from typing import Final

from agency_client.statistics.dimensions import in_order
from agency_client.statistics.facts import Gatherer, Moments
from agency_client.statistics.values import Cell, Column, Key, Period, Table, TableRow
from exchange_protocol.record.entries import Event
from exchange_protocol.words import Words

_SENT: Final = Words("sent", "направлено", "жіберілді")
_KIND = Words("kind", "вид", "түрі")
_COUNT = (Column("statements", Words("statements", "заявления", "мәлімдемелер")),)


def statements_table(gathered: Gatherer, period: Period) -> Table:
    """Count statements by kind and code."""
    rows = []
    for key, moments in gathered.statements.items():
        entries = _within(period, moments)
        if entries:
            code: Key = "" if key.code is None else key.code
            rows.append(TableRow((key.kind.spec.words, code), (Cell(len(entries), entries),)))
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
        rows=in_order(rows),
        total=None,
    )


def amounts_table(gathered: Gatherer, period: Period) -> Table:
    """Add up the amounts that signed bodies state, by currency."""
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
        rows=in_order(rows),
        total=None,
    )


def supervision_table(gathered: Gatherer, period: Period) -> Table:
    """Count the copies for supervisors, sent and withheld."""
    rows = []
    for (agency, ground), moments in gathered.copies.items():
        entries = _within(period, moments)
        if entries:
            key: Key = _SENT if ground is None else ground
            rows.append(TableRow((agency, key), (Cell(len(entries), entries),)))
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
        rows=in_order(rows),
        total=None,
    )


def denials_table(gathered: Gatherer, period: Period) -> Table:
    """Count the denials of the hub, by reason."""
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
