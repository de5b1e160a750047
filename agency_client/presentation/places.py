"""The places of a file's faults in the reader's language: the row, the column, what was expected.

The modules that read files say in English what they expected. A sentence of theirs is found here by
its form, with what stands in it: a column, a number, the name of a property. A message without a
form here is told in English, beside a place in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agency_client.content.faults import FileInvalid, FilePlace, Spot, SpotKind
from agency_client.presentation.file_faults import (
    MAPPINGS,
    OTHER_SCHEMA,
    WHOLE_FILES,
    WITHIN,
)
from agency_client.presentation.locale import Locale
from agency_client.presentation.words import say
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

_LINE: Final = Words("line {lines}", "строка {lines}", "{lines}-жол")
_LINES: Final = Words("lines {lines}", "строки {lines}", "жолдар: {lines}")
_LINES_MORE: Final = Words(
    "lines {lines} and {rest} more",
    "строки {lines} и ещё {rest}",
    "жолдар: {lines} және тағы {rest}",
)
_SPOTS: Final = {
    SpotKind.COLUMN: Words("column {name}", "столбец {name}", "{name} бағаны"),
    SpotKind.HEADING: Words(
        "heading of column {name}", "заголовок столбца {name}", "{name}-бағанның тақырыбы"
    ),
    SpotKind.PROPERTY: Words("property {name}", "свойство {name}", "{name} қасиеті"),
}
_REST: Final = Words("and {rest} more faults", "и ещё ошибок: {rest}", "және тағы қате: {rest}")


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a file's faults, in words."""

    told: tuple[str, ...] = ()
    """One each: the lines, where in them, what was expected."""
    is_whole: bool = False
    """False if what was expected at one of them stands in the English message alone."""


def places_of(error: ExchangeError, locale: Locale, names: Mapping[str, Words]) -> Places:
    """Put the places of a file's faults into words; there are none if the error has none.

    Args:
        error: the error.
        locale: how the person is told.
        names: names of fields, by the last part of their dotted path.
    """
    if not isinstance(error, FileInvalid):
        return _whole_file(error, locale)
    told, is_whole = [], True
    for place in error.places:
        words = translated(place.expected, locale.language)
        is_known = words != place.expected or locale.language is Language.EN
        is_whole = is_whole and is_known
        spots = [_where(each, locale, names) for each in place.spots]
        where = ", ".join(each for each in (_lines(place, locale), *spots) if each)
        if said := ": ".join(each for each in (where, words if is_known else "") if each):
            told.append(locale.visible(said))
    if error.rest:
        told.append(locale.say(_REST, rest=error.rest))
    return Places(tuple(told), is_whole)


def _whole_file(error: ExchangeError, locale: Locale) -> Places:
    """A fault of a file as a whole, which the message alone tells."""
    if error.reason is not Reason.DOCUMENT_INVALID:
        return Places()
    for form, words in _WHOLE_FORMS:
        if found := form.fullmatch(error.message):
            inner = [_inner(each, locale.language) for each in found.groups()]
            is_foreign = locale.language is not Language.EN
            if words in _NAMED and is_foreign and inner[-1] == found.groups()[-1]:
                continue  # The fault has no words in that language.
            return Places((locale.visible(say(words, locale.language).format(*inner)),), True)
    return Places()


def note_in_words(note: str, locale: Locale) -> str:
    """A note on how a file was read, in words; as its author has it where it has no form."""
    return locale.visible(_inner(note, locale.language))


def _inner(text: str, language: Language) -> str:
    """A part of a sentence on a whole file: a name, a number, or why nothing is left."""
    if language is Language.EN:
        return text
    for form, words in _WITHIN_FORMS:
        if found := form.fullmatch(text):
            inner = [_inner(each, language) for each in found.groups()]
            return say(words, language).format(*inner)
    return translated(text, language)


def _where(spot: Spot, locale: Locale, names: Mapping[str, Words]) -> str:
    """The place within a line: a column by its heading, or the field of a document."""
    if words := _SPOTS.get(spot.kind):
        return locale.say(words, name=repr(spot.name))
    return field_in_words(str(spot.name), locale, names) or str(spot)


def field_in_words(path: str, locale: Locale, names: Mapping[str, Words]) -> str:
    """The field that a dotted path leads to; empty if none of its parts has a word."""
    for name in reversed(path.replace("[", ".").split(".")):
        if name in names:
            return locale.say(names[name])
    return ""


def _lines(place: FilePlace, locale: Locale) -> str:
    lines = ", ".join(map(str, place.lines))
    if place.count > len(place.lines) > 0:
        return locale.say(_LINES_MORE, lines=lines, rest=place.count - len(place.lines))
    return locale.say(_LINE if len(place.lines) == 1 else _LINES, lines=lines) if lines else ""


def translated(text: str, language: Language) -> str:
    """A sentence of those who read files, in another language; as it is where it has no form."""
    if language is Language.EN:
        return text
    for form, words in _FORMS:
        if found := form.fullmatch(text):
            inner = [translated(each, language) for each in found.groups()]
            # A sentence of two languages is worse than one in English.
            if words in _WHOLE and inner == list(found.groups()):
                continue
            return say(words, language).format(*inner)
    return text


_DATE: Final = "YYYY-MM-DD, YYYY-MM, YYYY {} YYYY-MM-DDThh:mm:ss"
EXPECTED: Final = Words("expected {}", "ожидается {}", "{} күтіледі")
EXPECTED_ALONE: Final = Words(
    "expected {}, with no spaces around",
    "ожидается {}, без пробелов вокруг",
    "{} күтіледі, айналасында бос орынсыз",
)
_WHOLE: Final = (EXPECTED, EXPECTED_ALONE)
"""Sentences that are translated only with what stands in them."""
SENTENCES: Final = (
    # a table
    Words(
        "the row cannot be told apart",
        "строку не удалось разделить на ячейки",
        "жолды ұяшықтарға бөлу мүмкін болмады",
    ),
    Words(
        "the quotes that open here are not closed",
        "кавычки, открытые здесь, не закрыты",
        "осы жерде ашылған тырнақша жабылмаған",
    ),
    Words(
        "the quotes that open here take in what reads like {} of the rows below: end them, or "
        'write quotes within a cell twice ("")',
        "кавычки, открытые здесь, захватывают строки ниже, их {}: закройте их или пишите кавычки "
        'внутри ячейки дважды ("")',
        "осы жерде ашылған тырнақша төмендегі жолдарды қамтиды, олардың саны {}: оны жабыңыз не "
        'ұяшық ішіндегі тырнақшаны екі рет жазыңыз ("")',
    ),
    Words(
        'expected the cell to end at its closing quotes; write quotes within twice ("")',
        'ячейка должна кончаться закрывающей кавычкой; внутри пишите кавычки дважды ("")',
        'ұяшық жабатын тырнақшамен аяқталуы тиіс; ішіндегі тырнақшаны екі рет жазыңыз ("")',
    ),
    Words(
        "a cell is longer than 131,072 characters; are quotes left open?",
        "ячейка длиннее 131 072 знаков; не забыта ли закрывающая кавычка?",
        "ұяшық 131 072 таңбадан ұзын; жабатын тырнақша ұмытылған жоқ па?",
    ),
    Words(
        "expected {} columns, as there are headings, got {}",
        "ожидалось столбцов, по числу заголовков: {}; получено: {}",
        "тақырып санына сай баған саны {} болуы тиіс; алынғаны: {}",
    ),
    Words(
        "the headings stand here again: two tables in one file?",
        "здесь снова стоят заголовки: не две ли таблицы в одном файле?",
        "мұнда тақырыптар қайта тұр: бір файлда екі кесте емес пе?",
    ),
    Words(
        "the row numbers the columns: take it out",
        "эта строка нумерует столбцы: уберите её",
        "бұл жол бағандарды нөмірлейді: оны алып тастаңыз",
    ),
    Words(
        "the row is a line drawn between rows: take it out",
        "это линия между строками: уберите её",
        "бұл жолдар арасындағы сызық: оны алып тастаңыз",
    ),
    Words(
        "the row is none of the data, but a note beside the table: take it out",
        "это не строка данных, а пометка при таблице: уберите её",
        "бұл деректер жолы емес, кестенің жанындағы белгі: оны алып тастаңыз",
    ),
    Words(
        "expected a value, got a sign or a word for the value above: write that out",
        "ожидается значение, а здесь знак или слово вместо значения выше: напишите его целиком",
        "мән күтіледі, ал мұнда жоғарыдағы мәннің орнындағы белгі не сөз: оны толық жазыңыз",
    ),
    Words(
        "the row numbers a page: take it out",
        "эта строка нумерует страницу: уберите её",
        "бұл жол бетті нөмірлейді: оны алып тастаңыз",
    ),
    Words(
        "the row reads like a signature below the table: take it out",
        "строка похожа на подпись под таблицей: уберите её",
        "жол кестенің астындағы қолтаңбаға ұқсайды: оны алып тастаңыз",
    ),
    Words(
        "the row reads like a total of the rows above: take it out",
        "строка похожа на итог строк выше: уберите её",
        "жол жоғарыдағы жолдардың қорытындысына ұқсайды: оны алып тастаңыз",
    ),
    Words(
        "the row reads like a balance of the account, and is no payment: take it out",
        "строка похожа на остаток по счёту, а не на платёж: уберите её",
        "жол шоттың қалдығына ұқсайды, төлем емес: оны алып тастаңыз",
    ),
    Words(
        "the headings are parted by another sign, {}: say it with --delimiter, or correct the "
        "line sep=",
        "заголовки разделены другим знаком, {}: назовите его, --delimiter, или исправьте строку "
        "sep=",
        "тақырыптар басқа белгімен бөлінген, {}: оны атаңыз, --delimiter, немесе sep= жолын "
        "түзетіңіз",
    ),
    Words(
        "the headings stand in line {}: remove what is above them",
        "заголовки стоят в строке {}: уберите то, что выше",
        "тақырыптар {}-жолда тұр: олардың үстіндегіні алып тастаңыз",
    ),
    Words(
        "expected a line of headings", "ожидается строка заголовков", "тақырыптар жолы күтіледі"
    ),
    Words(
        "expected {} headings or more, got one cell: save the table with , ; | or a tab between "
        "its cells",
        "ожидается заголовков не меньше {}, получена одна ячейка: сохраните таблицу со знаком , ; "
        "| или табуляцией между ячейками",
        "кемінде {} тақырып күтіледі, бір ұяшық алынды: кестені ұяшықтары арасында , ; | не "
        "табуляциямен сақтаңыз",
    ),
    Words(
        "the row counts the rows: take it out",
        "эта строка считает строки: уберите её",
        "бұл жол жолдарды санайды: оны алып тастаңыз",
    ),
    Words(
        "expected the headings, and of those of the mapping none is here: no {} among {} cells; "
        "does the table have a line of headings?",
        "ожидаются заголовки, а из названных в сопоставлении здесь нет ни одного: нет {} среди "
        "ячеек, которых {}; есть ли в таблице строка заголовков?",
        "тақырыптар күтіледі, ал сәйкестендіруде аталғандардың бірі де жоқ: {} мұнда жоқ, ұяшықтар "
        "саны {}; кестеде тақырып жолы бар ма?",
    ),
    Words(
        "the heading stands twice, over columns {} and {}",
        "заголовок стоит дважды, над столбцами {} и {}",
        "тақырып екі рет тұр, {} және {}-бағандардың үстінде",
    ),
    Words(
        "looks like column {}, which the mapping uses, and is another: rename it, or take it out",
        "похож на столбец {}, который нужен сопоставлению, но это другой столбец: переименуйте его "
        "или уберите",
        "сәйкестендіру қолданатын {} бағанына ұқсайды, бірақ бұл басқа баған: атын өзгертіңіз "
        "немесе алып тастаңыз",
    ),
    Words(
        "expected quotes at the very beginning of the cell, got a space before them",
        "кавычки должны стоять в самом начале ячейки, а перед ними пробел",
        "тырнақша ұяшықтың дәл басында тұруы тиіс, ал оның алдында бос орын бар",
    ),
    Words(
        "the mapping asks for a column that is missing: no {} among {}",
        "нет столбца, которого требует сопоставление: {} отсутствует среди {}",
        "сәйкестендіру талап ететін баған жоқ: {} мыналардың арасында жоқ: {}",
    ),
    Words(
        "the column has no heading, so that its cells would be lost",
        "у столбца нет заголовка, и его ячейки были бы потеряны",
        "бағанның тақырыбы жоқ, сондықтан ұяшықтары жоғалар еді",
    ),
    Words(
        "looks like a value of the mapping's filter and is another: write it as there, or name it, "
        "in filters to take the row or in filters_not to leave it out; if all such cells are "
        "others, say --exact-filters",
        "похоже на значение фильтра сопоставления, но отличается: напишите так же или назовите "
        "его: в filters, чтобы взять строку, или в filters_not, чтобы пропустить её; если все "
        "такие ячейки означают другое, укажите --exact-filters",
        "сәйкестендіру сүзгісінің мәніне ұқсас, бірақ басқа: сондағыдай жазыңыз немесе атаңыз: "
        "жолды алу үшін filters ішінде, қалдыру үшін filters_not ішінде; мұндай ұяшықтардың бәрі "
        "басқа мән болса, --exact-filters деп көрсетіңіз",
    ),
    Words(
        "these rows have one key of {} and differ: name more columns as its keys, or say "
        "--allow-repeated-keys",
        "у этих строк один ключ {}, а содержание разное: назовите ключом больше столбцов или "
        "разрешите повторы, --allow-repeated-keys",
        "бұл жолдардың {} кілті бірдей, ал мазмұны әртүрлі: кілтке көбірек баған атаңыз немесе "
        "қайталануға рұқсат беріңіз, --allow-repeated-keys",
    ),
    Words(
        "these rows have one key of {} and tell one event twice: name more columns as its keys, "
        "or say --allow-repeated-keys",
        "у этих строк один ключ {}, и одно событие сообщено дважды: назовите ключом больше "
        "столбцов или разрешите повторы, --allow-repeated-keys",
        "бұл жолдардың {} кілті бірдей, бір оқиға екі рет айтылған: кілтке көбірек баған атаңыз "
        "немесе қайталануға рұқсат беріңіз, --allow-repeated-keys",
    ),
    Words(
        "the key of {} is empty, so that the row would be lost: fill it in, or say "
        "--skip-rows-without-key",
        "ключ {} пуст, и строка была бы потеряна: заполните его или разрешите пропуск, "
        "--skip-rows-without-key",
        "{} кілті бос, сондықтан жол жоғалар еді: оны толтырыңыз немесе өткізіп жіберуге рұқсат "
        "беріңіз, --skip-rows-without-key",
    ),
    Words(
        "the key of {} reads like a value that is absent, such as NULL: all such rows would become "
        "one; empty it",
        "ключ {} похож на отсутствующее значение, как NULL: все такие строки стали бы одним; "
        "очистите его",
        "{} кілті NULL сияқты жоқ мәнге ұқсайды: мұндай жолдардың бәрі бір болып кетер еді; "
        "тазалаңыз",
    ),
    Words(
        "the key of {} holds a number that Excel has shortened (as 7.9E+11), as it would others",
        "в ключе {} число, которое Excel сократил (как 7.9E+11), как сократил бы и другие",
        "{} кілтінде Excel қысқартқан сан бар (7.9E+11 сияқты), басқаларын да солай қысқартар еді",
    ),
    Words(
        "the row tells nothing of {} but its key, which is sealed as a digest alone: send the key "
        "too, by `{}` among its properties in the mapping. If the row is a note beside the table, "
        "take it out. With `required: true` at a property such rows are left out, and so are the "
        "links to them",
        "строка не говорит о {} ничего, кроме ключа, а он уходит только хешем: передайте и сам "
        "ключ, строкой `{}` среди свойств в сопоставлении. Если это примечание к таблице, уберите "
        "его. С `required: true` у свойства такие строки пропускаются, а с ними и связи, которые "
        "к ним ведут",
        "жол {} туралы кілтінен басқа ештеңе айтпайды, ал ол тек хеш түрінде кетеді: кілттің өзін "
        "де беріңіз, сәйкестендірудегі қасиеттер арасында `{}` жолымен. Бұл кестенің ескертпесі "
        "болса, оны алып тастаңыз. Қасиетте `required: true` тұрса, мұндай жолдар да, оларға "
        "апаратын байланыстар да қалдырылады",
    ),
    Words(
        "the link {} has no {}, for the key of that is empty: fill it in, or say `required: true` "
        "at {} in the mapping to leave such links out",
        "у связи {} нет {}, его ключ пуст: заполните его или, чтобы пропускать такие связи, "
        "напишите `required: true` у {} в сопоставлении",
        "{} байланысында {} жоқ, оның кілті бос: толтырыңыз немесе мұндай байланыстарды өткізіп "
        "жіберу үшін сәйкестендірудегі {} қасына `required: true` жазыңыз",
    ),
    Words(
        "the row is none of the table; {}",
        "строка не из таблицы; {}",
        "жол кестеден емес; {}",
    ),
    # a value
    Words(
        "expected an id without spaces and line breaks",
        "ожидается id без пробелов и переводов строки",
        "бос орынсыз және жол ауыстырусыз id күтіледі",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got a number, as Excel counts days: format "
        "the column as dates first",
        f"ожидается дата вида {_DATE.format('или')}; получено число, каким Excel считает дни: "
        "сначала задайте столбцу формат даты",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; Excel күн санайтын сан алынды: алдымен "
        "бағанға күн пішімін беріңіз",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got digits of another script: write 0 to 9",
        f"ожидается дата вида {_DATE.format('или')}; получены цифры другой письменности: пишите "
        "0-9",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; басқа жазудың цифрлары алынды: 0-9 деп "
        "жазыңыз",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got one that no calendar or clock has",
        f"ожидается дата вида {_DATE.format('или')}; получена такая, какой нет ни в календаре, ни "
        "на часах",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; күнтізбеде де, сағатта да жоқ күн "
        "алынды",
    ),
    Words(
        f"expected a date as {_DATE.format('or')} in UTC, without a zone",
        f"ожидается дата вида {_DATE.format('или')} по UTC, без часового пояса",
        f"{_DATE.format('немесе')} түріндегі күн UTC бойынша, уақыт белдеуінсіз күтіледі",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got {{}}: name the form, --dates {{}}",
        f"ожидается дата вида {_DATE.format('или')}; получено {{}}: назовите вид дат, --dates {{}}",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; алынғаны {{}}: күн түрін атаңыз, "
        "--dates {}",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got {{}}: write the year with four digits, or "
        "say its century, such as --dates {}",
        f"ожидается дата вида {_DATE.format('или')}; получено {{}}: пишите год четырьмя цифрами "
        "или назовите его век, например --dates {}",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; алынғаны {{}}: жылды төрт цифрмен "
        "жазыңыз не ғасырын айтыңыз, мысалы --dates {}",
    ),
    Words(
        f"expected a date as {_DATE.format('or')}; got {{}}",
        f"ожидается дата вида {_DATE.format('или')}; получено {{}}",
        f"{_DATE.format('немесе')} түріндегі күн күтіледі; алынғаны {{}}",
    ),
    Words(
        "expected a date as {}; it is another date by each of them",
        "ожидается дата вида {}; по каждому из них это другая дата",
        "{} түріндегі күн күтіледі; әрқайсысы бойынша бұл басқа күн",
    ),
    Words(
        "expected a date as {}, and of the calendar; got a number, as Excel counts days: format "
        "the column as dates first",
        "ожидается дата вида {}, которая есть в календаре; получено число, каким Excel считает "
        "дни: сначала задайте столбцу формат даты",
        "{} түріндегі, күнтізбеде бар күн күтіледі; Excel күн санайтын сан алынды: алдымен бағанға "
        "күн пішімін беріңіз",
    ),
    Words(
        "expected a date as {}, and of the calendar; got {}: write the year with four digits, or "
        "say its century, such as --dates {}",
        "ожидается дата вида {}, которая есть в календаре; получено {}: пишите год четырьмя "
        "цифрами или назовите его век, например --dates {}",
        "{} түріндегі, күнтізбеде бар күн күтіледі; алынғаны {}: жылды төрт цифрмен жазыңыз не "
        "ғасырын айтыңыз, мысалы --dates {}",
    ),
    Words(
        "expected a date as {}, and of the calendar; got {}: name its form too, --dates {}",
        "ожидается дата вида {}, которая есть в календаре; получено {}: назовите и её вид, "
        "--dates {}",
        "{} түріндегі, күнтізбеде бар күн күтіледі; алынғаны {}: оның түрін де атаңыз, --dates {}",
    ),
    Words(
        "expected a date as {}, and of the calendar; got {}",
        "ожидается дата вида {}, которая есть в календаре; получено {}",
        "{} түріндегі, күнтізбеде бар күн күтіледі; алынғаны {}",
    ),
    Words(
        "expected a date as {}, and one of the calendar",
        "ожидается дата вида {}, которая есть в календаре",
        "{} түріндегі, күнтізбеде бар күн күтіледі",
    ),
    Words("expected a date as {}", "ожидается дата вида {}", "{} түріндегі күн күтіледі"),
    Words(
        "expected a number such as {}; got {}: no form of --numbers has its sign there; write "
        "-1000.50",
        "ожидается число вида {}; получено {}: знак так не стоит ни в одном виде --numbers; пишите "
        "-1000.50",
        "{} түріндегі сан күтіледі; алынғаны {}: --numbers түрлерінің бірінде де таңба бұлай "
        "тұрмайды; -1000.50 деп жазыңыз",
    ),
    Words(
        "expected a number such as {}; got {}: write the currency after the number, or in a column "
        "of its own",
        "ожидается число вида {}; получено {}: пишите валюту после числа или в своём столбце",
        "{} түріндегі сан күтіледі; алынғаны {}: валютаны саннан кейін немесе өз бағанында жазыңыз",
    ),
    Words(
        "expected a number such as {}; got {}: if another form is meant, name it, --numbers {}",
        "ожидается число вида {}; получено {}: если имеется в виду другой вид чисел, назовите его, "
        "--numbers {}",
        "{} түріндегі сан күтіледі; алынғаны {}: сан басқа түрде болса, оны атаңыз, --numbers {}",
    ),
    Words(
        "expected a number such as {}; got digits of another script: write 0 to 9",
        "ожидается число вида {}; получены цифры другой письменности: пишите 0-9",
        "{} түріндегі сан күтіледі; басқа жазудың цифрлары алынды: 0-9 деп жазыңыз",
    ),
    Words(
        "expected a number such as {}; got {}: no form of --numbers reads it; write 1000.50",
        "ожидается число вида {}; получено {}: ни один вид --numbers его не читает; пишите 1000.50",
        "{} түріндегі сан күтіледі; алынғаны {}: --numbers түрлерінің бірі де оны оқымайды; "
        "1000.50 деп жазыңыз",
    ),
    Words(
        "expected a number such as {}; got {}",
        "ожидается число вида {}; получено {}",
        "{} түріндегі сан күтіледі; алынғаны {}",
    ),
    Words(
        "expected a number such as {}", "ожидается число вида {}", "{} түріндегі сан күтіледі"
    ),
    Words(
        "expected a good identifier of the form {}",
        "ожидается верный номер вида {}",
        "{} түріндегі дұрыс нөмір күтіледі",
    ),
    Words(
        "expected an identifier, got one that Excel has shortened (as 7.9E+11)",
        "ожидается номер, а Excel его сократил (как 7.9E+11)",
        "нөмір күтіледі, ал Excel оны қысқартқан (7.9E+11 сияқты)",
    ),
    Words(
        "expected an identifier, got one that was taken for a number (as 790101300123.0)",
        "ожидается номер, а он был принят за число (как 790101300123.0)",
        "нөмір күтіледі, ал ол сан деп алынған (790101300123.0 сияқты)",
    ),
    Words(
        "expected at most {} characters, got {}",
        "ожидается не больше {} знаков, получено {}",
        "ең көбі {} таңба күтіледі, алынғаны {}",
    ),
    Words(
        "expected an id of letters and digits of ASCII, points and hyphens, at most 200",
        "ожидается идентификатор из латинских букв, цифр, точек и дефисов, не длиннее 200",
        "латын әріптерінен, цифрлардан, нүктелер мен сызықшалардан тұратын, 200 таңбадан аспайтын "
        "идентификатор күтіледі",
    ),
    # The names that Unicode gives characters are English.
    Words(
        "expected visible text; character {} is U+{} {}: remove it",
        "ожидается видимый текст; знак {} — невидимый U+{}: удалите его",
        "көрінетін мәтін күтіледі; {}-таңба — көрінбейтін U+{}: оны алып тастаңыз",
    ),
    Words(
        "expected visible text; character {} is U+{}: remove it",
        "ожидается видимый текст; знак {} — невидимый U+{}: удалите его",
        "көрінетін мәтін күтіледі; {}-таңба — көрінбейтін U+{}: оны алып тастаңыз",
    ),
    Words(
        "expected a value, got an error of a spreadsheet: mend the cell, or empty it",
        "ожидается значение, а в ячейке ошибка электронной таблицы: исправьте её или очистите",
        "мән күтіледі, ал ұяшықта электрондық кестенің қатесі тұр: түзетіңіз немесе тазалаңыз",
    ),
    Words(
        "expected a value, got a formula of a spreadsheet: save the table with values alone",
        "ожидается значение, а в ячейке формула: сохраните таблицу только со значениями",
        "мән күтіледі, ал ұяшықта формула тұр: кестені тек мәндерімен сақтаңыз",
    ),
    Words(
        "expected a value, got the apostrophe of a spreadsheet before it: remove it",
        "перед значением стоит апостроф электронной таблицы: удалите его",
        "мәннің алдында электрондық кестенің апострофы тұр: оны алып тастаңыз",
    ),
    EXPECTED_ALONE,
    Words("one of {}", "одно из {}", "мыналардың бірі: {}"),
    Words(
        "a code of FollowTheMoney's list {}",
        "код из списка FollowTheMoney {}",
        "FollowTheMoney тізімінің коды {}",
    ),
    Words(
        "a telephone number with + and the code of the country",
        "телефонный номер с + и кодом страны",
        "+ белгісі мен ел коды бар телефон нөмірі",
    ),
    Words("an address of electronic mail", "адрес почты", "электрондық пошта мекенжайы"),
    Words("an address of the Web", "адрес в интернете", "интернет мекенжайы"),
    Words("an address of the Internet Protocol", "IP-адрес", "IP-мекенжай"),
    Words(
        "a language as a code of three letters, such as kaz or rus",
        "код языка из трёх букв, например kaz или rus",
        "kaz немесе rus сияқты үш әріптен тұратын тіл коды",
    ),
    Words(
        "a media type such as application/pdf",
        "тип файла, например application/pdf",
        "application/pdf сияқты файл түрі",
    ),
    Words(
        "a checksum of at most 40 characters",
        "контрольная сумма не длиннее 40 знаков",
        "40 таңбадан аспайтын бақылау сомасы",
    ),
    Words(
        "a country as FollowTheMoney's code, such as kz",
        "код страны FollowTheMoney, например kz",
        "kz сияқты FollowTheMoney ел коды",
    ),
    Words(
        "a {} that FollowTheMoney can read",
        "{}, понятное FollowTheMoney",
        "FollowTheMoney түсінетін {}",
    ),
    # an entity
    Words(
        "expected a schema of FollowTheMoney, got {}",
        "ожидается схема FollowTheMoney, получено {}",
        "FollowTheMoney схемасы күтіледі, алынғаны {}",
    ),
    Words(
        "the link leads to an entity that is not in the file: add it, or say --allow-links-outside",
        "связь ведёт к сущности, которой нет в файле: добавьте её или разрешите, "
        "--allow-links-outside",
        "байланыс файлда жоқ мәнді нысанға апарады: оны қосыңыз немесе рұқсат беріңіз, "
        "--allow-links-outside",
    ),
    Words(
        "expected a link to {}, got one to {}",
        "ожидается связь с {}, а ведёт она к {}",
        "{} нысанымен байланыс күтіледі, ал ол {} нысанына апарады",
    ),
    Words(
        "a byte order mark stands within the file: two files in one?",
        "внутри файла стоит метка порядка байтов: не два ли файла в одном?",
        "файл ішінде байт реті белгісі тұр: бір файлда екі файл емес пе?",
    ),
    Words("a {} has no property {}", "у {} нет свойства {}", "{} схемасында {} қасиеті жоқ"),
    Words(
        "expected at most {} bytes a line",
        "ожидается не больше {} байт в строке",
        "бір жолда ең көбі {} байт күтіледі",
    ),
    Words(
        "expected one JSON object: {}",
        "ожидается один объект JSON: {}",
        "бір JSON нысаны күтіледі: {}",
    ),
    Words("not in UTF-8", "не в UTF-8", "UTF-8 емес"),
    Words("a number is too long", "слишком длинное число", "сан тым ұзын"),
    Words("nested too deeply", "слишком глубокая вложенность", "тым терең кірістірілген"),
    Words("expected each name once: {}", "каждое имя только раз: {}", "әр атау бір-ақ рет: {}"),
    Words(
        "expected an entity, got {}", "ожидается сущность, получено: {}",
        "мәнді нысан күтіледі, алынғаны: {}",
    ),
    Words("nothing", "ничего", "ештеңе"),
    Words("a list", "список", "тізім"),
    Words("true or false", "да или нет", "иә немесе жоқ"),
    Words("a number", "число", "сан"),
    Words("text", "текст", "мәтін"),
    Words("a date or a time", "дата или время", "күн не уақыт"),
    Words("bytes", "байты", "байттар"),
    Words("an object of a program", "объект программы", "бағдарлама нысаны"),
    Words("fields with names", "поля с именами", "атаулары бар өрістер"),
    Words(
        "expected id, schema and properties, got {} beside them, which would be lost: put it among "
        "the properties, or remove it",
        "ожидаются id, schema и properties; рядом стоит {}, и оно было бы потеряно: перенесите "
        "его в properties или удалите",
        "id, schema және properties күтіледі; қасында {} тұр, ол жоғалар еді: оны properties "
        "ішіне көшіріңіз немесе алып тастаңыз",
    ),
    Words(
        "expected {} to be a text of 1 to {} characters",
        "{} должно быть текстом от 1 до {} знаков",
        "{} 1-ден {} таңбаға дейінгі мәтін болуы тиіс",
    ),
    Words(
        "expected one JSON object a line, got one over several lines: write each in a line",
        "ожидается один объект JSON в строке, а он стоит в нескольких: запишите каждый в одну "
        "строку",
        "бір жолда бір JSON нысаны күтіледі, ал ол бірнеше жолда тұр: әрқайсысын бір жолға жазыңыз",
    ),
    Words(
        "expected {} to be a list of texts of 1 to {} characters; got {} among them",
        "{} должно быть списком текстов от 1 до {} знаков; среди них {}",
        "{} 1-ден {} таңбаға дейінгі мәтіндер тізімі болуы тиіс; олардың арасында {}",
    ),
    Words(
        "expected {} to be a list of texts of 1 to {} characters; got {}",
        "{} должно быть списком текстов от 1 до {} знаков; получено: {}",
        "{} 1-ден {} таңбаға дейінгі мәтіндер тізімі болуы тиіс; алынғаны: {}",
    ),
    Words("an empty text", "пустой текст", "бос мәтін"),
    Words("one of {} characters", "текст из {} знаков", "{} таңбалы мәтін"),
    Words(
        "half a character, such as {}", "половина знака, вроде {}", "таңбаның жартысы, {} сияқты"
    ),
    Words(
        "expected {} to be a list of texts of 1 to {} characters",
        "{} должно быть списком текстов от 1 до {} знаков",
        "{} 1-ден {} таңбаға дейінгі мәтіндер тізімі болуы тиіс",
    ),
    Words("expected {} to be a text", "{} должно быть текстом", "{} мәтін болуы тиіс"),
    Words("expected {} to be an object", "{} должно быть объектом", "{} нысан болуы тиіс"),
    # a report of goAML
    Words(
        "expected XML, it does not parse: {}",
        "ожидается XML, но файл не читается: {}",
        "XML күтіледі, бірақ файл оқылмайды: {}",
    ),
    Words(
        "expected XML in an encoding that is known here",
        "ожидается XML в известной кодировке",
        "белгілі кодтаудағы XML күтіледі",
    ),
    Words(
        "a document type is not taken: it could name entities and other files",
        "объявление типа документа не принимается: оно может ссылаться на другие файлы",
        "құжат түрінің жариялануы қабылданбайды: ол басқа файлдарға сілтей алады",
    ),
    Words(
        "the report is nested too deeply, or has too many elements",
        "отчёт слишком глубоко вложен, или в нём слишком много элементов",
        "есеп тым терең кірістірілген немесе элементтері тым көп",
    ),
    Words(
        "expected the name of the element in small letters, {}: it would be read as another",
        "ожидается имя элемента малыми буквами, {}: иначе это был бы другой элемент",
        "элемент атауы кіші әріптермен күтіледі, {}: әйтпесе ол басқа элемент болар еді",
    ),
    Words(
        "expected a party within a transaction or an activity, got one in the head of the report, "
        "which is left out",
        "ожидается участник в операции или в деятельности, а он стоит в начале отчёта, которое не "
        "передаётся",
        "қатысушы операцияның не әрекеттің ішінде күтіледі, ал ол есептің жіберілмейтін басында "
        "тұр",
    ),
    Words(
        "expected the name of an element of goAML",
        "ожидается имя элемента goAML",
        "goAML элементінің атауы күтіледі",
    ),
    Words(
        "an attribute is not taken, for its value would be lost",
        "атрибут не принимается: его значение было бы потеряно",
        "атрибут қабылданбайды: мәні жоғалар еді",
    ),
    Words(
        "a text stands between elements, where it would be lost",
        "текст стоит между элементами и был бы потерян",
        "мәтін элементтердің арасында тұр, сондықтан жоғалар еді",
    ),
    Words(
        "expected this element once, and it stands twice with other words",
        "ожидается этот элемент один раз, а он стоит дважды с разным содержанием",
        "бұл элемент бір рет күтіледі, ал ол екі рет әртүрлі мазмұнмен тұр",
    ),
    Words("the transaction is empty", "операция пуста", "операция бос"),
    Words(
        "the report names another encoding in its first line, and is written in UTF-8: correct "
        "that line",
        "в первой строке отчёта названа другая кодировка, а написан он в UTF-8: исправьте эту "
        "строку",
        "есептің бірінші жолында басқа кодтау аталған, ал ол UTF-8 кодтауында жазылған: сол жолды "
        "түзетіңіз",
    ),
    Words(
        "expected at most {} bytes of one thing",
        "ожидается не больше {} байт об одном лице или событии",
        "бір тұлға немесе оқиға туралы ең көбі {} байт күтіледі",
    ),
    EXPECTED,
)  # fmt: skip
"""The sentences, each before one that is like it and shorter; `{}` stands for what varies."""

_SHAPE: Final = Words("{} characters", "знаков: {}", "таңба саны: {}")


def _form(words: Words) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, words.en.split("{}"))), re.DOTALL)


_FORMS: Final = (
    (re.compile("([0-9]+) characters"), _SHAPE),
    *((_form(words), words) for words in (*MAPPINGS, *SENTENCES, OTHER_SCHEMA)),
)
_NAMED: Final = (
    Words("{}, line {}: {}", "{}, строка {}: {}", "{}, {}-жол: {}"),
    Words("{}: {}", "{}: {}", "{}: {}"),
)
"""A file, and what was expected there; tried last."""
_WITHIN_FORMS: Final = tuple((_form(words), words) for words in WITHIN)
_WHOLE_FORMS: Final = tuple((_form(words), words) for words in (*WHOLE_FILES, *_NAMED))
