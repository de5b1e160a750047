"""Sentences on faults of single values, in three languages.

Each sentence has the form of the English one of `agency_client.content`, before one that is like it
and shorter; `{}` stands for what varies.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.words import Words

_DATE: Final = "YYYY-MM-DD, YYYY-MM, YYYY {} YYYY-MM-DDThh:mm:ss"
EXPECTED: Final = Words("expected {}", "ожидается {}", "{} күтіледі")
EXPECTED_ALONE: Final = Words(
    "expected {}, with no spaces around",
    "ожидается {}, без пробелов вокруг",
    "{} күтіледі, айналасында бос орынсыз",
)
VALUE_FAULTS: Final = (
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
)  # fmt: skip
