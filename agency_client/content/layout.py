"""Rows of a table that are not of its data: reports and forms print them among the others.

Such a row would become a person called Total, or an account with the number 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agency_client.content.late_pattern import LatePattern

_LEAST_NUMBERED: Final = 3
_LEAST_COLUMNS: Final = 4
_LONGEST_NAME: Final = 100
_FEWEST_MOVED: Final = 3
"""Cells of headings that stand again in another order."""
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|янв(?:ар[ьяе])?|фев(?:рал[ьяе])?|мар(?:т[ае]?)?|апр(?:ел[ьяе])?|ма[йяе]|июн[ьяе]?|июл[ьяе]?"
    r"|авг(?:уст[ае]?)?|сен(?:т(?:ябр[ьяе])?)?|окт(?:ябр[ьяе])?|ноя(?:бр[ьяе])?|дек(?:абр[ьяе])?)"
)
_WHEN: Final = (
    r"(?:\d{1,4}[./-]\d{1,2}(?:[./-]\d{1,4})?(?:[ T,]{1,2}\d{1,2}:\d\d(?::\d\d)?)?"
    rf"|(?:\d{{1,2}} )?{_MONTH}\.?(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:,? \d{{4}})?|\d{{4}})"
    r"(?: ?(?:г|год|года|жыл|жылы|yil)\b\.?)?"
)
"""A day, a month or a year, in figures or with the name of its month."""
_FIGURES_BEHIND: Final = r"[-+(]?\d[\d\s.,'’]{0,24}\)?(?: [a-z]{3})?|[a-z]{3}(?=\))"
_EDGE: Final = (
    r"(?:начал[оеау]|кон(?:ец|це|ца))(?: (?:\w+ого )?"
    r"(?:дня|месяца|периода|года|квартала|недели|смены|выписки))?"
)
_BEHIND: Final = (
    r"(?:\s?[:,(–—-]?\s?(?:(?:на|в|за|as of|as at|at|on|of|for) )?"
    rf"(?:{_EDGE}|{_WHEN}|{_FIGURES_BEHIND})\)?){{0,2}}"
)
"""A day or figures behind the name of a balance."""
_BALANCE_HERE: Final = (
    r"(?:входящ|исходящ|начальн|конечн|заключительн)\w+ (?:остаток|сальдо|баланс)"
    r"|(?:остаток|сальдо|баланс) (?:входящ|исходящ|начальн|конечн)(?:ий|ый|ее|ое)"
    r"|(?:кіріс|шығыс|бастапқы|соңғы|баштапкы|акыркы) (?:қалды[қғ]ы?|калдыг?к?ы?|сальдо|баланс)"
    r"|\w+ (?:басындағы|соңындағы|башындагы|аягындагы) (?:қалдық|калдык|сальдо)"
    r"|(?:бошланғич|охирги|якуний) қолдиқ|(?:boshlang.ich|oxirgi|yakuniy) qoldiq"
    r"|(?:бақияи|мондаи) (?:аввал|охир)\w*|(?:ilkin|son) (?:qalıq|saldo)"
)
_BALANCE_NAME: Final = (
    rf"{_BALANCE_HERE}"
    r"|(?:opening|closing|starting|ending|beginning|initial|final|previous|ledger|available)"
    r" balance"
    r"|balance [bc]/?[fd]|(?:balance )?(?:brought|carried) (?:forward|down|over)"
    r"|page (?:total|balance)s?"
)
_BALANCE: Final = (
    rf"(?:{_BALANCE_NAME}){_BEHIND}"
    rf"|(?:остаток|сальдо|баланс) (?:на|в|к) (?:{_EDGE}|{_WHEN}){_BEHIND}"
    r"|(?:остаток|сальдо|баланс) \d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    rf"|balance (?:as of|as at|at|on) {_WHEN}"
)
"""A balance of an account in a statement, which is no payment: the phrase, and a day or figures.

With other words behind it it is the name of a company (`Баланс Консалтинг`) or a payment for
something (`Available balance inquiry fee`).
"""
_SUM: Final = (
    r"итого|всего|барлығы|жиыны|жиынтығы|бардыгы|баары|жыйынтыгы|жами|jami|hammasi|ҷамъи?|ҳамагӣ|jemi"
    r"|(?:ҷамъи|умуми[ий]|umumiy|ümumi) (?:умумӣ|жами|jami|cəmi|yekun|məbləğ)|cəmi|cemi|yekun"
    r"|toplam|hemmesi|разом|усього|всього"
    r"|оборот(?:ы|тар)?|айналым|айланма|aylanma|остаток на"
)
_REST: Final = r"сальдо|qoldiq|қалдық|қолдиқ"
"""Names of a balance in the region; companies are called so too, with more words."""
_TOTAL: Final = LatePattern(
    rf"(?:{_SUM}|(?:grand |sub-?)?total|sum)(?:\W.*)?"
    rf"|(?:{_REST})(?:\s*:.*|\W*| (?:по|за|бойынша|бўйича|boʻyicha) .*)",
    re.IGNORECASE | re.DOTALL,
)
_BARE_TOTAL: Final = LatePattern(
    rf"(?:{_SUM}|{_REST})(?: (?:по|за|бойынша|бўйича|boʻyicha) .*)?\s*:?", re.I
)
"""A sum's name that is nobody's, in the languages of the region."""
_OF_ACCOUNT: Final = LatePattern(rf"(?:{_BALANCE})\s*:?", re.IGNORECASE)
_BEGINS_AS_BALANCE: Final = LatePattern(
    rf"(?:{_BALANCE_HERE})(?:\W.*)?|(?:opening|closing) balance (?-i:[^A-Z]).*", re.I | re.DOTALL
)
"""Such a phrase with words behind it that are no name."""
_BARE_BALANCE: Final = LatePattern(
    r"остаток|қалдық|калдык|қолдиқ|qoldiq|balance|net (?:change|movement)", re.IGNORECASE
)
_NAMES_TOO: Final = LatePattern(
    r"(?:жами|jami|hammasi|ҷамъ|jemi|cəmi|cemi|yekun|toplam|разом|оборот|айналым|айланма|aylanma|сальдо|qoldiq|sum)\w*(?:\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A person, a company or a document may have such a name: beside a total stand figures alone."""
_NO_NAME: Final = LatePattern(r".*:|\w+ (?:по|за|бойынша|бўйича|boʻyicha) .*", re.I | re.DOTALL)
"""Such a name with words of a report behind it, which is nobody's."""
_WORDS_OF_REPORTS: Final = frozenset(
    {"summa", "сумма", "дебет", "кредит", "дт", "кт", "debet", "kredit", "total"}
)
_FIGURE: Final = LatePattern(r"(?=\D*\d)[-+()\d\s.,'’=\u00a0\u202f]+[^\W\d_]{0,10}\.?")
_BESIDE_BALANCE: Final = LatePattern(
    rf"{_WHEN}|[a-z]{{2}}|(?-i:[A-Z]{{3}})|usd[tc]|(?:cr|dr|дт|кт)\.?|[₸₽$€₼₴¥£₺]"
    r"|debit|credit|debet|kredit|дебет|кредит|те[нң]ге|тг\.?|руб\w*\.?|сомо?в?|сумо?в?|сўм|so.m"
    r"|[a-z]{2}\d{2}[a-z0-9]{6,30}",
    re.IGNORECASE,
)
"""Cells beside a balance, but for figures: a day, a code, a side, money, the account."""
_PAGE: Final = LatePattern(
    r"(?:страница|стр|лист|page|бет|барак|sahifa|саҳифа|саҳифаи|səhifə|sahypa)\W*[0-9]+"
    r"(?:\W*(?:из|of|барлығы|дан|dan|/|аз)?\W*[0-9]+)?\W*|[0-9]+\W*(?:-?бет|-?sahifa|-?bet)\W*",
    re.IGNORECASE,
)
"""The number of a page, in the languages of the region."""
_COUNT: Final = LatePattern(
    r"\(?\s*[0-9]+ (?:rows?|records?|строк[аи]?|запис(?:ь|и|ей)|жол|жазба|qator|сатр|sətir)"
    r"(?: (?:affected|selected|выбрано|затронуто))?\s*\)?\.?",
    re.IGNORECASE,
)
"""The number of rows, as programs of databases write it."""
_BESIDE: Final = LatePattern(
    r"\W*(?:"
    r"(?:продолжение|окончание|жалғасы|уландысы|давоми|davomi|continued|cont'?d)(?:\W.*)?"
    r"|(?:конец|соңы|аягы|охири|oxiri)(?: (?:отч[её]та|списка|таблицы|документа|файла|выписки))?"
    r"|end of (?:the )?(?:report|list|table|document|file|statement|page)|eof"
    r"|для служебного пользования|дсп|конфиденциально|секретно|confidential|for official use only"
    r"|қызмет бабында пайдалану үшін|құпия"
    r"|(?:количество|число|всего) (?:записей|строк|документов|операций)\W*\d*"
    r"|(?:records?|rows?|lines?)(?: count)?\W+\d+|жазбалар саны\W*\d*"
    r"|(?:дата|время) (?:формирования|печати|выгрузки|создания)\W.*"
    r"|(?:примечани[ея]|источники?|ескертпе|ескертүү|эскертүү|эскертме|izoh|изоҳ|эзоҳ|дереккөз|булак|manba"
    r"|notes?|sources?|legend|disclaimer)\s*:.*"
    r"|(?:printed|generated|exported|created) (?:on|at|by)\W.*"
    r")\W*",
    re.IGNORECASE,
)
"""The words beside a table: marks of its parts and its end, its secrecy, its size, its time."""
_SIGNED: Final = LatePattern(
    r"(?:исполнител[ьи]|руководител[ьи]|(?:главный )?бухгалтер|подпис[ьи]|директор|начальник\b.*"
    r"|ответственн\w+(?: исполнитель)?|орындаушы|басшы|бас бухгалтер|қолы|аткаруучу|кол коюу"
    r"|ijrochi|rahbar|bosh buxgalter|imzo|иҷрокунанда|роҳбар|имзо|icraçı|rəhbər|baş mühasib|imza"
    r"|ýerine ýetiriji|(?:дата|время) (?:формирования|печати|выгрузки)|сформирован[оа]?"
    r"|распечатан[оа]?|отч[её]т сформирован|м\.? ?п\.?|prepared by|signature)\s*(?:[:_].*|)",
    re.IGNORECASE | re.DOTALL,
)
"""The words before a signature or the time of a report."""
_BLANK_TO_SIGN: Final = LatePattern(r"(?<!\w)__+(?!\w)|(?<!_)__+\Z")
"""A line for a signature: several underscores that stand apart, or end the cell."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_FIGURES: Final = "figures"
_BARE_FIGURES: Final = LatePattern(r"[^\W_]{0,4}[0-9][0-9.,:/\- ]*", re.ASCII)
"""A number, an amount, a day, an account: at most a few letters, and figures."""
_FEWEST_BARE: Final = 2
_FEWEST_TO_COMPARE: Final = 4
"""Columns of a table whose rows can be told from lines of a text."""
_FOOTNOTE: Final = LatePattern(r"\*{1,3}\)?\s*[-–—:]?\s*[^\W\d_]\w*[^\w*].*", re.DOTALL)
"""A note to a star in the table: words behind it, and no figures, as a masked card has them."""
_TYPE: Final = LatePattern(
    r"(?:n?var)?char2?|character varying|n?text|str|string|int(?:eger)?(?:8|16|32|64)?"
    r"|(?:big|small|tiny)int|number|numeric|decimal|float(?:32|64)?|double(?: precision)?|real"
    r"|bool(?:ean)?|date|time|date ?time(?:64)?|timestamp(?:tz)?|object|category|uuid|any"
    r"|строка|текст|число|целое|дата|логический|булево",
    re.IGNORECASE,
)
"""The name of a type of a column, of programs and databases; a size or a zone may follow it."""
_FEWEST_TYPES: Final = 2
_LONGEST_PARTICLE: Final = 4
_RULE: Final = LatePattern(r"[-=_+*─═]{2,}")


def repeats_headings(cells: Sequence[str], headings: Sequence[str]) -> bool:
    """True if a row holds the headings again, in any case and order, and nothing else."""
    filled = [(cell, name) for cell, name in zip(cells, headings, strict=True) if cell.strip()]
    if not filled:
        return False
    if all(_folded(cell) == _folded(name) for cell, name in filled):
        return True
    if len(filled) > 1 and all(
        _folded(cell) == _folded(name) or _letters(cell) == _letters(name) != ""
        for cell, name in filled
    ):
        return True
    # Two values may be the names of other columns: a currency, a country, a kind of an account.
    if len(filled) < _FEWEST_MOVED or 2 * len(filled) <= len(headings):
        return False
    names = {_letters(each) for each in headings} - {""}
    found = [_letters(cell) for cell, _ in filled]
    return len({*found}) == len(found) and names.issuperset(found)


def layout_fault(cells: Sequence[str]) -> str | None:
    """Say why a row is not of the data; None for any other."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(cells) >= _LEAST_NUMBERED and filled == [str(n + 1) for n in range(len(cells))]:
        return "the row numbers the columns: take it out"
    if len(filled) == len(cells) > 1 and all(map(_RULE.fullmatch, filled)):
        return "the row is a line drawn between rows: take it out"
    if len(filled) == 1 < len(cells) and _COUNT.fullmatch(filled[0]):
        return "the row counts the rows: take it out"
    if len(filled) == 1 < len(cells) and _PAGE.fullmatch(filled[0]):
        return "the row numbers a page: take it out"
    is_half_empty = 2 * len(filled) <= len(cells)
    if filled and is_half_empty and _is_signed(filled):
        return "the row reads like a signature below the table: take it out"
    if len(filled) == 1 < len(cells) and (_BESIDE.fullmatch(filled[0]) or _is_footnote(filled[0])):
        return "the row is none of the data, but a note beside the table: take it out"
    if 0 < len(filled) < len(cells) and _is_balance(filled):
        return "the row reads like a balance of the account, and is no payment: take it out"
    is_name = bool(filled and _NAMES_TOO.fullmatch(filled[0]))
    if is_name:
        is_currency = filled[0].casefold() == "sum" and not cells[0].strip()
        is_other = not all(map(_FIGURE.fullmatch, filled[1:]))
        if is_currency or is_other or _has_name_behind(filled[0]):
            return None
    # An IIN and a telephone number beside a name are figures too.
    is_sum = bool(filled and _BARE_TOTAL.fullmatch(filled[0])) and not (
        is_name and not _NO_NAME.fullmatch(filled[0])
    )
    if filled and (
        (is_half_empty and (_TOTAL.fullmatch(filled[0]) or _ends_a_column(filled)))
        or (1 < len(filled) < len(cells) and is_sum)
    ):
        return "the row reads like a total of the rows above: take it out"
    return None


def names_types(cells: Sequence[str]) -> bool:
    """True if a row, the first one below the headings, names the types of the columns.

    Further down such words are data: a text, and a company called Object.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    return (
        len(filled) >= _FEWEST_TYPES and 2 * len(filled) > len(cells) and all(map(_is_type, filled))
    )


def _is_footnote(text: str) -> bool:
    """True for words behind a star; a name, which a star may mark too, begins with a capital.

    Small words within a name are short: ибн, оглы, von.
    """
    if not _FOOTNOTE.fullmatch(text):
        return False
    words = re.findall(r"[^\W\d_]+", text)
    small = [each for each in words if each[0].islower()]
    return words[:1] == small[:1] or any(len(each) > _LONGEST_PARTICLE for each in small)


def _is_type(text: str) -> bool:
    """True for the name of a type; a long text is none, and would take long to compare."""
    return len(text) <= _LONGEST_NAME and bool(
        _TYPE.fullmatch(re.sub(r"\s*[(\[].*[)\]]\Z", "", text))
    )


def _has_name_behind(text: str) -> bool:
    """True for a capital letter in the second word, as names have it: `Jami Holding`."""
    words = text.split(maxsplit=2)
    return (
        len(words) > 1
        and not _NO_NAME.fullmatch(text)
        and words[1].strip("«»\"'()").istitle()
        and words[1].casefold() not in _WORDS_OF_REPORTS
    )


def _names_balance(text: str) -> bool:
    """True for the name of a balance; a long text is none, and would take long to compare."""
    return len(text) <= _LONGEST_NAME and bool(_OF_ACCOUNT.fullmatch(text))


def _is_balance(filled: Sequence[str]) -> bool:
    """True for the name of a balance with figures, days and codes alone beside it."""
    return _names_balance(filled[0]) and all(
        _FIGURE.fullmatch(each) or _BESIDE_BALANCE.fullmatch(each) for each in filled[1:]
    )


def _is_signed(filled: Sequence[str]) -> bool:
    """True for the words before a signature, with a colon, a line or nothing behind them."""
    return bool(_SIGNED.fullmatch(filled[0])) and (
        ":" in filled[0] or len(filled) == 1 or any(map(_BLANK_TO_SIGN.search, filled[:2]))
    )


def _ends_a_column(filled: Sequence[str]) -> bool:
    """True for a sum with its name behind it or between: figures, and the name of a sum."""
    names = [each for each in filled if _BARE_TOTAL.fullmatch(each) or _names_balance(each)]
    if any(map(_NAMES_TOO.fullmatch, names)):
        return False
    others = [each for each in filled if each not in names]
    return 0 < len(others) < len(filled) and all(map(_FIGURE.fullmatch, others))


def layout_doubt(cells: Sequence[str]) -> str | None:
    """Say why a row may not be of the data; None for any other."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(filled) == 1 and len(cells) >= _LEAST_COLUMNS:
        return "the row has one cell alone: is it a note beside the table?"
    if filled and _TOTAL.fullmatch(filled[0]):
        return "the row begins like a total of the rows above"
    if any(_names_balance(each) or _BARE_BALANCE.fullmatch(each) for each in filled):
        return "a cell reads like the name of a balance: is the row no payment?"
    if 0 < len(filled) < len(cells) and _BEGINS_AS_BALANCE.fullmatch(filled[0]):
        return "a cell reads like the name of a balance: is the row no payment?"
    if 0 < len(filled) < len(cells) and _is_signed(filled) and not _has_figures(filled):
        return "the row begins like a signature below the table"
    return None


def _has_figures(filled: Sequence[str]) -> bool:
    return any(map(_FIGURE.fullmatch, filled[1:]))


def _letters(text: str) -> str:
    """The letters and digits of a text: `Ф.И.О.` and `ФИО` are one heading."""
    return "".join(filter(str.isalnum, text)).casefold()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def rows_within(cells: Sequence[str], delimiter: str) -> int:
    """The rows that a cell has taken in, since quotes opened in it and closed only in a later row.

    The cell then holds the ends of lines of those rows and their signs between cells, and what is
    before its first line and after its last are rows alike. In a narrow table an address of two
    lines may read so too: there nothing is said.
    """
    if len(cells) < _FEWEST_TO_COMPARE:
        return 0
    for index, cell in enumerate(cells):
        if "\n" not in cell and "\r" not in cell:
            continue
        lines = _LINE_END.split(cell)
        count = len(lines) - 1
        if cell.count(delimiter) != count * (len(cells) - 1):
            continue
        first = [*cells[:index], *lines[0].split(delimiter)]
        last = [*lines[-1].split(delimiter), *cells[index + 1 :]]
        if len(first) == len(last) == len(cells) and _are_alike(first, last):
            return count
    return 0


def _are_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if rows have figures, words and empty cells in the same columns, but for a few.

    Two columns at least hold bare figures, as days and amounts are, in both rows.
    """
    pairs = list(zip(one, other, strict=True))
    bare = sum(bool(_BARE_FIGURES.fullmatch(a) and _BARE_FIGURES.fullmatch(b)) for a, b in pairs)
    unlike = sum(_kind(a) != _kind(b) for a, b in pairs)
    return bare >= _FEWEST_BARE and unlike <= len(pairs) // 4


def _kind(cell: str) -> str:
    if not cell.strip():
        return ""
    return _FIGURES if any(map(str.isdigit, cell)) else "words"
