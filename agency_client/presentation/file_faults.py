"""Sentences on faults of a file as a whole, or of a mapping, in three languages.

Each sentence has the form of the English one of `agency_client.content`; `{}` stands for what
varies. A sentence on a whole file begins with the name of the file.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.words import Words

WHOLE_FILES: Final = (
    # any file
    Words("expected {} to be a file", "{}: это не файл", "{}: бұл файл емес"),
    Words(
        "{} was changed while it was read; nothing was sent: send it again",
        "{}: файл изменился во время чтения; ничего не отправлено: отправьте снова",
        "{}: файл оқылып жатқанда өзгерді; ештеңе жіберілмеді: қайта жіберіңіз",
    ),
    Words(
        "{} was changed while it was read: wait until the program that writes it has ended, and "
        "repeat the command",
        "{}: файл изменился во время чтения; дождитесь конца программы, которая его пишет, и "
        "повторите команду",
        "{}: файл оқылып жатқанда өзгерді; оны жазып жатқан бағдарламаның аяқталуын күтіп, "
        "команданы қайталаңыз",
    ),
    Words(
        "{}: expected at most {} bytes from what is no regular file; save it as a file first",
        "{}: не больше {} байт из того, что не обычный файл; сначала сохраните как файл",
        "{}: кәдімгі файл емес нәрседен ең көбі {} байт; алдымен файл етіп сақтаңыз",
    ),
    # The words of the system are those of its language.
    Words("cannot read {}: {}", "не удалось прочесть {}: {}", "{} оқылмады: {}"),
    # a table
    Words(
        "{} is empty: expected a table with a line of headings",
        "{}: файл пуст; нужна таблица со строкой заголовков",
        "{}: файл бос; тақырып жолы бар кесте керек",
    ),
    Words(
        "{} begins with the byte order mark of {}: leave --encoding out",
        "{}: файл начинается с метки порядка байтов {}; кодировку не указывайте",
        "{}: файл {} байт ретінің белгісінен басталады; кодтауды көрсетпеңіз",
    ),
    Words(
        "{} is written in utf-8: leave --encoding out",
        "{}: файл в utf-8; кодировку не указывайте",
        "{}: файл utf-8 кодтауында; кодтауды көрсетпеңіз",
    ),
    Words(
        "{} is a workbook of Excel: save the sheet as CSV (in UTF-8), and give that",
        "{}: это книга Excel; сохраните лист как CSV (в UTF-8) и приложите его",
        "{}: бұл Excel кітабы; парақты CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a workbook of Excel, an old one: open it, save the sheet as CSV (in UTF-8), "
        "and give that",
        "{}: это старая книга Excel; откройте её, сохраните лист как CSV (в UTF-8) и приложите его",
        "{}: бұл ескі Excel кітабы; оны ашып, парақты CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a workbook of Excel, a very old one: open it, save the sheet as CSV (in "
        "UTF-8), and give that",
        "{}: это очень старая книга Excel; откройте её, сохраните лист как CSV (в UTF-8) и "
        "приложите его",
        "{}: бұл өте ескі Excel кітабы; оны ашып, парақты CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a file of Office with a password: open it, save the sheet as CSV (in UTF-8), "
        "and give that",
        "{}: это файл Office с паролем; откройте его, сохраните лист как CSV (в UTF-8) и "
        "приложите его",
        "{}: бұл құпиясөзі бар Office файлы; оны ашып, парақты CSV (UTF-8) етіп сақтап, соны "
        "беріңіз",
    ),
    Words(
        "{} is a file of an old Office (a workbook, a document, a letter), or one with a "
        "password: open it, save the sheet as CSV (in UTF-8), and give that",
        "{}: это файл старого Office (книга, документ, письмо) или файл с паролем; откройте "
        "его, сохраните лист как CSV (в UTF-8) и приложите его",
        "{}: бұл ескі Office файлы (кітап, құжат, хат) не құпиясөзі бар файл; оны ашып, "
        "парақты CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a document of Word, an old one: ask for its table as CSV, and give that",
        "{}: это старый документ Word; запросите его таблицу как CSV и приложите её",
        "{}: бұл ескі Word құжаты; кестесін CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a document of Word: ask for its table as CSV, and give that",
        "{}: это документ Word; запросите его таблицу как CSV и приложите её",
        "{}: бұл Word құжаты; кестесін CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a presentation: ask for its table as CSV, and give that",
        "{}: это презентация; запросите её таблицу как CSV и приложите её",
        "{}: бұл таныстырылым; кестесін CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a document of LibreOffice, and no workbook: ask for its table as CSV, and give that",
        "{}: это документ LibreOffice, а не книга; запросите его таблицу как CSV и приложите её",
        "{}: бұл LibreOffice құжаты, кітап емес; кестесін CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a workbook of Numbers, or another file of Apple: export the sheet as CSV, and "
        "give that",
        "{}: это книга Numbers или другой файл Apple; выгрузите лист как CSV и приложите его",
        "{}: бұл Numbers кітабы не Apple-дің басқа файлы; парақты CSV етіп шығарып, соны беріңіз",
    ),
    Words(
        "{} is a letter of Outlook: save the table that is attached to it as CSV (in UTF-8), "
        "and give that",
        "{}: это письмо Outlook; сохраните приложенную к нему таблицу как CSV (в UTF-8) и "
        "приложите её",
        "{}: бұл Outlook хаты; оған тіркелген кестені CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a letter of Outlook (winmail.dat): ask for the table itself as CSV, and give that",
        "{}: это письмо Outlook (winmail.dat); запросите саму таблицу как CSV и приложите её",
        "{}: бұл Outlook хаты (winmail.dat); кестенің өзін CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a file that begins with zeros alone, as a machine leaves it that lost power while "
        "it was written: take it from its source again, and give that",
        "{}: файл начинается с одних нулей, как бывает, когда при записи пропало питание; возьмите "
        "его из источника снова и приложите",
        "{}: файл тек нөлдерден басталады, жазу кезінде қуат үзілгенде осылай болады; оны бастапқы "
        "көзінен қайта алып, соны беріңіз",
    ),
    Words(
        "{} is a load file of Concordance: save it as CSV (in UTF-8), and give that",
        "{}: это файл загрузки Concordance; сохраните его как CSV (в UTF-8) и приложите",
        "{}: бұл Concordance жүктеу файлы; оны CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is written in utf-7, which few programs read: save it as UTF-8",
        "{}: файл в utf-7, который читают немногие программы; сохраните его в UTF-8",
        "{}: файл аз бағдарлама оқитын utf-7 кодтауында; оны UTF-8 етіп сақтаңыз",
    ),
    Words(
        "{} is a workbook of LibreOffice: save the sheet as CSV (in UTF-8), and give that",
        "{}: это книга LibreOffice; сохраните лист как CSV (в UTF-8) и приложите его",
        "{}: бұл LibreOffice кітабы; парақты CSV (UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a table of dBase (DBF): open it in a spreadsheet, save it as CSV (in UTF-8), and "
        "give that",
        "{}: это таблица dBase (DBF); откройте её в электронной таблице, сохраните как CSV (в "
        "UTF-8) и приложите",
        "{}: бұл dBase (DBF) кестесі; оны электрондық кестеде ашып, CSV (UTF-8) етіп сақтап, соны "
        "беріңіз",
    ),
    Words(
        "{} is a file of {}: save its table as CSV, and give that",
        "{}: это файл {}; сохраните его таблицу как CSV и приложите её",
        "{}: бұл {} файлы; кестесін CSV етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a database: save its table as CSV, and give that",
        "{}: это база данных; сохраните её таблицу как CSV и приложите её",
        "{}: бұл деректер қоры; кестесін CSV етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a file of exchange between 1C and a bank, and no table: save the payments as CSV, "
        "in 1C from their list (More, Output list), in the bank's program as an account "
        "statement, and give that",
        "{}: это файл обмена 1С с банком, а не таблица; сохраните платежи как CSV: в 1С из их "
        "списка (Ещё, Вывести список), в программе банка как выписку по счёту, и приложите их",
        "{}: бұл 1С пен банктің алмасу файлы, кесте емес; төлемдерді CSV етіп сақтаңыз: 1С ішінде "
        "тізімінен (Тағы, Тізімді шығару), банк бағдарламасында шот бойынша үзінді ретінде, соны "
        "беріңіз",
    ),
    Words(
        "{} is an account statement of SWIFT (MT940): ask the bank for the table as CSV, and give "
        "that",
        "{}: это выписка SWIFT (MT940); запросите у банка таблицу как CSV и приложите её",
        "{}: бұл SWIFT үзіндісі (MT940); банктен кестені CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is an account statement in {}: ask the bank for the table as CSV, and give that",
        "{}: это выписка в виде {}; запросите у банка таблицу как CSV и приложите её",
        "{}: бұл {} түріндегі үзінді; банктен кестені CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a page of the Web in one file: open it in a spreadsheet, save it as CSV, and give "
        "that",
        "{}: это страница интернета в одном файле; откройте её в электронной таблице, сохраните "
        "как CSV и приложите",
        "{}: бұл бір файлдағы интернет беті; оны электрондық кестеде ашып, CSV етіп сақтап, соны "
        "беріңіз",
    ),
    Words(
        "{} is JSON, and no table: save the table as CSV, and give that",
        "{}: это JSON, а не таблица; сохраните таблицу как CSV и приложите её",
        "{}: бұл JSON, кесте емес; кестені CSV етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is XML, and no table: give a goAML report with --goaml, of another ask for the table "
        "as CSV",
        "{}: это XML, а не таблица; отчёт goAML приложите как goAML (--goaml), другой запросите "
        "как таблицу CSV",
        "{}: бұл XML, кесте емес; goAML есебін goAML (--goaml) ретінде беріңіз, басқасын CSV "
        "кестесі түрінде сұраңыз",
    ),
    Words(
        "{} is a compressed file: unpack it, and give that",
        "{}: это сжатый файл; распакуйте его и приложите содержимое",
        "{}: бұл сығылған файл; оны ашып, ішіндегісін беріңіз",
    ),
    Words(
        "{} is an archive: unpack it, and give that",
        "{}: это архив; распакуйте его и приложите содержимое",
        "{}: бұл мұрағат файлы; оны ашып, ішіндегісін беріңіз",
    ),
    Words(
        "{} is a picture: ask for the table as CSV, and give that",
        "{}: это изображение; запросите таблицу как CSV и приложите её",
        "{}: бұл сурет; кестені CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a letter of electronic mail: save the table that is attached to it, and give that",
        "{}: это письмо электронной почты; сохраните приложенную к нему таблицу и приложите её",
        "{}: бұл электрондық хат; оған тіркелген кестені сақтап, соны беріңіз",
    ),
    Words(
        "{} is a PDF: ask for the table as CSV, and give that",
        "{}: это PDF; запросите таблицу как CSV и приложите её",
        "{}: бұл PDF; кестені CSV түрінде сұрап, соны беріңіз",
    ),
    Words(
        "{} is a document in RTF: save its table as CSV, and give that",
        "{}: это документ RTF; сохраните его таблицу как CSV и приложите её",
        "{}: бұл RTF құжаты; кестесін CSV етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is a page in HTML or XML, whatever its name says: open it in a spreadsheet, save the "
        "sheet as CSV (in UTF-8), and give that",
        "{}: это страница HTML или XML, каким бы ни было имя; откройте её в электронной таблице, "
        "сохраните лист как CSV (в UTF-8) и приложите его",
        "{}: атауына қарамай, бұл HTML не XML беті; оны электрондық кестеде ашып, парақты CSV "
        "(UTF-8) етіп сақтап, соны беріңіз",
    ),
    Words(
        "{} is written in utf-16 without its mark: say --encoding utf-16, or save it as UTF-8",
        "{}: файл в utf-16 без метки; сохраните его в UTF-8",
        "{}: файл белгісіз utf-16 кодтауында; оны UTF-8 етіп сақтаңыз",
    ),
    Words(
        "{} is written in utf-16, the high byte first, without its mark: say --encoding utf-16, or "
        "save it as UTF-8",
        "{}: файл в utf-16, старший байт первый, без метки; назовите эту кодировку или "
        "сохраните его в UTF-8",
        "{}: файл utf-16 кодтауында, жоғарғы байты бұрын, белгісіз; осы кодтауды атаңыз немесе "
        "оны UTF-8 етіп сақтаңыз",
    ),
    Words(
        "{}: expected utf-16, and it does not read so: say another --encoding",
        "{}: ожидается utf-16, но файл так не читается: назовите другую кодировку, --encoding",
        "{}: utf-16 күтіледі, бірақ файл олай оқылмайды: басқа кодтауды атаңыз, --encoding",
    ),
    Words(
        "{}, line {}: expected one of the delimiters , ; | or a tab after sep=: save the table "
        "with one of these",
        "{}, строка {}: после sep= ожидается знак , ; | или табуляция: сохраните таблицу с одним "
        "из них",
        "{}, {}-жол: sep= кейін , ; | не табуляция күтіледі: кестені солардың бірімен сақтаңыз",
    ),
    Words(
        "{} holds zero bytes in its first line: it is no table of text; save the table as CSV",
        "{}: в первой строке нулевые байты, это не текстовая таблица; сохраните её как CSV",
        "{}: бірінші жолында нөлдік байттар бар, бұл мәтіндік кесте емес; CSV етіп сақтаңыз",
    ),
    Words(
        "{} is written in utf-32: save it as UTF-8",
        "{}: файл в utf-32; сохраните его в UTF-8",
        "{}: файл utf-32 кодтауында; оны UTF-8 етіп сақтаңыз",
    ),
    Words(
        "{}, line {}: expected {}, got utf-8: the file is written in another encoding, or in two "
        "encodings; save it anew in one",
        "{}, строка {}: ожидается {}, а здесь utf-8; файл в другой кодировке или в двух: сохраните "
        "его заново в одной",
        "{}, {}-жол: {} күтіледі, ал мұнда utf-8; файл басқа не екі кодтауда: оны бір кодтауда "
        "қайта сақтаңыз",
    ),
    Words(
        "{}, line {}: expected utf-8, as in line {}: the file is written in two encodings, or is "
        "cut within a letter; save it anew in one",
        "{}, строка {}: ожидается utf-8, как в строке {}: файл в двух кодировках или обрезан "
        "внутри буквы; сохраните его заново в одной",
        "{}, {}-жол: {}-жолдағыдай utf-8 күтіледі: файл екі кодтауда не әріптің ортасынан "
        "кесілген; оны бір кодтауда қайта сақтаңыз",
    ),
    Words(
        "{}, line {}: expected text in UTF-8 or in another encoding that is certain; say which it "
        "is: --encoding {}",
        "{}, строка {}: ожидается текст в UTF-8 или другой определимой кодировке; сохраните файл в "
        "UTF-8 или назовите кодировку: {}",
        "{}, {}-жол: UTF-8 не басқа анық кодтаудағы мәтін күтіледі; файлды UTF-8 етіп сақтаңыз "
        "немесе кодтауын атаңыз: {}",
    ),
    Words(
        "{}: expected text in UTF-8; it could be written in {}: say which it is with --encoding",
        "{}: ожидается текст в UTF-8; файл может быть в кодировках {}: сохраните его в UTF-8 или "
        "назовите кодировку",
        "{}: UTF-8 мәтіні күтіледі; файл мына кодтауларда болуы мүмкін: {}; оны UTF-8 етіп "
        "сақтаңыз немесе кодтауын атаңыз",
    ),
    Words(
        "{}, line {}: expected text in {}",
        "{}, строка {}: ожидается текст в {}",
        "{}, {}-жол: {} кодтауындағы мәтін күтіледі",
    ),
    Words(
        "{}, line 1: the headings can be told apart by {}: say which with --delimiter",
        "{}, строка 1: заголовки можно разделить по-разному ({}): назовите разделитель",
        "{}, 1-жол: тақырыптарды бірнеше тәсілмен бөлуге болады ({}): бөлгішті атаңыз",
    ),
    Words(
        "{}, line {}: expected a line of headings",
        "{}, строка {}: ожидается строка заголовков",
        "{}, {}-жол: тақырып жолы күтіледі",
    ),
    Words(
        "{}: expected at most {} columns, got {}",
        "{}: ожидается не больше {} столбцов, получено {}",
        "{}: ең көбі {} баған күтіледі, алынғаны {}",
    ),
    # entities
    Words(
        "{}: expected at least one entity, got none: {}",
        "{}: в файле не нашлось ни одного лица или события: {}",
        "{}: файлдан бірде-бір тұлға не оқиға табылмады: {}",
    ),
    Words(
        "{}: expected at least one entity, got none",
        "{}: в файле не нашлось ни одного лица или события",
        "{}: файлдан бірде-бір тұлға не оқиға табылмады",
    ),
    # a report of goAML
    Words(
        "{}: expected a transaction or a party of an activity, got none",
        "{}: в отчёте нет ни операции, ни участника деятельности",
        "{}: есепте операция да, әрекетке қатысушы да жоқ",
    ),
    Words(
        "{}: expected at most {} bytes: split the report",
        "{}: ожидается не больше {} байт; разделите отчёт",
        "{}: ең көбі {} байт күтіледі; есепті бөліңіз",
    ),
    Words(
        "{}: expected at most {} bytes",
        "{}: ожидается не больше {} байт",
        "{}: ең көбі {} байт күтіледі",
    ),
    Words(
        "{}: expected a goAML report, whose first element is <report>",
        "{}: ожидается отчёт goAML, первый элемент которого <report>",
        "{}: бірінші элементі <report> болатын goAML есебі күтіледі",
    ),
    # a document
    Words(
        "{} is empty: expected a document in YAML or JSON",
        "{}: файл пуст; нужен документ YAML или JSON",
        "{}: файл бос; YAML не JSON құжаты керек",
    ),
    Words(
        "{} holds no fields: expected a document in YAML or JSON",
        "{}: в файле нет полей; нужен документ YAML или JSON",
        "{}: файлда өрістер жоқ; YAML не JSON құжаты керек",
    ),
    Words(
        "{}: expected fields with names, got {}",
        "{}: ожидаются поля с именами, получено: {}",
        "{}: атаулары бар өрістер күтіледі, алынғаны: {}",
    ),
    Words(
        "{}, line {}: expected YAML or JSON in UTF-8, got another encoding: save the file as UTF-8",
        "{}, строка {}: ожидается YAML или JSON в UTF-8, получена другая кодировка: сохраните файл "
        "в UTF-8",
        "{}, {}-жол: UTF-8 кодтауындағы YAML не JSON күтіледі, басқа кодтау алынды: файлды UTF-8 "
        "етіп сақтаңыз",
    ),
    # The message of a library of YAML or JSON is English.
    Words(
        "{}, line {}: expected YAML or JSON in UTF-8, it does not parse: {}",
        "{}, строка {}: ожидается YAML или JSON в UTF-8, но файл не читается",
        "{}, {}-жол: UTF-8 кодтауындағы YAML не JSON күтіледі, бірақ файл оқылмайды",
    ),
)
"""Each before one that is like it and shorter."""

WITHIN: Final = (
    Words(
        "Encoding of the table: {} (as was said).",
        "Кодировка таблицы: {} (по указанию).",
        "Кестенің кодтауы: {} (нұсқау бойынша).",
    ),
    Words(
        "Encoding of the table: {} (found out).",
        "Кодировка таблицы: {} (определена).",
        "Кестенің кодтауы: {} (анықталды).",
    ),
    Words(
        "Sign between the cells: {} (as was said).",
        "Знак между ячейками: {} (по указанию).",
        "Ұяшықтар арасындағы белгі: {} (нұсқау бойынша).",
    ),
    Words(
        "Sign between the cells: {} (found out).",
        "Знак между ячейками: {} (определён).",
        "Ұяшықтар арасындағы белгі: {} (анықталды).",
    ),
    Words("comma", "запятая", "үтір"),
    Words("semicolon", "точка с запятой", "нүктелі үтір"),
    Words("tab", "табуляция", "табуляция"),
    Words("bar", "вертикальная черта", "тік сызық"),
    Words(
        "Empty cells of each row behind the last heading, left out: {}.",
        "Пустых ячеек в каждой строке за последним заголовком, пропущены: {}.",
        "Әр жолдағы соңғы тақырыптан кейінгі бос ұяшықтар өткізілді: {}.",
    ),
    Words(
        "Fractions of seconds, left out as was said.",
        "Доли секунд опущены, как было сказано.",
        "Секунд бөліктері айтылғандай алынып тасталды.",
    ),
    Words(
        "Dates stand as {} in the table; here as YYYY-MM-DD.",
        "В таблице даты вида {}; здесь вида YYYY-MM-DD.",
        "Кестеде күндер {} түрінде; мұнда YYYY-MM-DD түрінде.",
    ),
    Words(
        "Numbers stand as {} in the table; here as 1000.50.",
        "В таблице числа вида {}; здесь вида 1000.50.",
        "Кестеде сандар {} түрінде; мұнда 1000.50 түрінде.",
    ),
    Words(
        "Of the table's {} columns, {} are not in the mapping.",
        "Столбцов в таблице: {}, из них нет в сопоставлении: {}.",
        "Кестедегі бағандар: {}, сәйкестендіруде жоғы: {}.",
    ),
    Words(
        "Links lead to entities that are not in the file: {}.",
        "Связи ведут к тому, чего нет в файле: {}.",
        "Байланыстар файлда жоқ нәрсеге сілтейді: {}.",
    ),
    Words(
        "Read from a goAML report: {}.",
        "Прочитано из отчёта goAML: {}.",
        "goAML есебінен оқылды: {}.",
    ),
    Words(
        "Of the head of the report, left out: {}.",
        "Из заголовка отчёта пропущены: {}.",
        "Есептің басынан өткізілгені: {}.",
    ),
    Words(
        "Dates that stand for unknown, left out: {}.",
        "Пропущены даты, означающие «неизвестно»: {}.",
        "«Белгісіз» дегенді білдіретін күндер өткізілді: {}.",
    ),
    Words(
        "Values without a property of their own, among the notes: {}.",
        "Значения без своего свойства отнесены к примечаниям: {}.",
        "Өз қасиеті жоқ мәндер ескертпелерге жатқызылды: {}.",
    ),
    Words(
        "Values that their own property does not take, among the notes: {}.",
        "Значения, которые не подходят своему свойству, отнесены к примечаниям: {}.",
        "Өз қасиетіне сәйкес келмейтін мәндер ескертпелерге жатқызылды: {}.",
    ),
    Words("{} or in {}", "{} или {}", "{} немесе {}"),
    Words("{}; {}", "{}; {}", "{}; {}"),
    Words("it has no rows", "в нём нет строк", "онда жолдар жоқ"),
    Words(
        "The mapping's filters left out {} of {} rows.",
        "Фильтры сопоставления исключили строк: {} из {}.",
        "Сәйкестендіру сүзгілері {} жолды алып тастады, барлығы {}.",
    ),
    Words(
        "Cells that only look like a value of the mapping's filters, taken for others as was said: "
        "{}.",
        "Ячейки, лишь похожие на значение фильтра сопоставления, приняты за другие по указанию: "
        "{}.",
        "Сәйкестендіру сүзгісінің мәніне ұқсас қана ұяшықтар нұсқау бойынша басқа деп алынды: {}.",
    ),
    Words(
        "Without a key, left out as was said: {}.",
        "Без ключа, пропущены по указанию: {}.",
        "Кілтсіз, нұсқау бойынша өткізілген: {}.",
    ),
    Words(
        "Without what the mapping requires, left out: {}.",
        "Без того, чего требует сопоставление, пропущены: {}.",
        "Сәйкестендіру талап ететіні жоқ, өткізілген: {}.",
    ),
    Words("line {}", "строка {}", "{}-жол"),
    Words("lines {} and {} more", "строки {} и ещё {}", "жолдар: {} және тағы {}"),
    Words("lines {}", "строки {}", "жолдар: {}"),
    Words(
        "{} rows have the key of a row before; what is the same stands once.",
        "Строк с ключом одной из прежних: {}; одинаковое взято один раз.",
        "Алдыңғы жолдың кілті бар жолдар: {}; бірдейі бір рет алынды.",
    ),
)
"""Parts of sentences on a whole file, and the notes on how a file was read."""

MAPPINGS: Final = (
    Words(
        "expected a mapping of entities, or one data set; there are several names",
        "ожидается сопоставление или один набор данных; имён несколько",
        "сәйкестендіру не бір деректер жиыны күтіледі; атаулар бірнешеу",
    ),
    Words(
        "expected a mapping of entities, got no fields below the name",
        "ожидается сопоставление, а под именем нет полей",
        "сәйкестендіру күтіледі, ал атаудың астында өрістер жоқ",
    ),
    Words(
        "expected a mapping of entities, got none",
        "ожидается сопоставление, а его нет",
        "сәйкестендіру күтіледі, ал ол жоқ",
    ),
    Words("expected a mapping of entities", "ожидается сопоставление", "сәйкестендіру күтіледі"),
    Words(
        "expected columns in double braces, such as {{name}}",
        "ожидаются столбцы в двойных скобках, например {{{{name}}}}",
        "қос жақшадағы бағандар күтіледі, мысалы {{{{name}}}}",
    ),
    Words(
        "expected columns with their values, such as {role: suspect}",
        "ожидаются столбцы с их значениями, например {{role: suspect}}",
        "мәндері бар бағандар күтіледі, мысалы {{role: suspect}}",
    ),
    Words(
        "expected schema, keys and properties",
        "ожидаются schema, keys и properties",
        "schema, keys және properties күтіледі",
    ),
    Words(
        "expected either keys or id_column, the columns that tell one apart",
        "ожидается keys или id_column: столбцы, по которым отличают одно от другого",
        "keys не id_column күтіледі: бірін бірінен ажырататын бағандар",
    ),
    Words(
        "expected each column once",
        "каждый столбец назовите один раз",
        "әр бағанды бір рет атаңыз",
    ),
    Words(
        "expected properties with their columns",
        "ожидаются свойства с их столбцами",
        "бағандары бар қасиеттер күтіледі",
    ),
    Words(
        "expected a schema of FollowTheMoney, spelt exactly so",
        "ожидается схема FollowTheMoney, написанная в точности так",
        "FollowTheMoney схемасы күтіледі, дәл солай жазылған",
    ),
    Words(
        "expected a schema of FollowTheMoney, such as Person",
        "ожидается схема FollowTheMoney, например Person",
        "FollowTheMoney схемасы күтіледі, мысалы Person",
    ),
    Words(
        "expected where its values are from, such as {column: name}",
        "ожидается, откуда взять значения, например {{column: name}}",
        "мәндер қайдан алынатыны күтіледі, мысалы {{column: name}}",
    ),
    Words(
        "a value is taken as it stands, and is never guessed",
        "значение берётся как есть и не угадывается",
        "мән қалай тұрса, солай алынады, болжанбайды",
    ),
    Words("the literal: {}", "постоянное значение: {}", "тұрақты мән: {}"),
    Words(
        "expected one of column, literal, template and entity; got {}",
        "ожидается одно из column, literal, template и entity; получено {}",
        "column, literal, template және entity дегендердің бірі күтіледі; алынғаны {}",
    ),
    Words("is not heeded beside {}", "рядом с {} не учитывается", "{} қасында ескерілмейді"),
    Words(
        "there is no good entity of that name here",
        "здесь нет верно описанной записи с таким именем",
        "мұнда осындай атаулы дұрыс жазба жоқ",
    ),
    Words(
        "these entities go round: {}",
        "эти записи ссылаются по кругу: {}",
        "бұл жазбалар бір-біріне айналып сілтейді: {}",
    ),
    Words(
        "there is no such key here: {}", "здесь нет такого ключа: {}", "мұнда мұндай кілт жоқ: {}"
    ),
    Words("did you mean {}?", "имелось в виду {}?", "{} деп ойладыңыз ба?"),
    Words("there are {}", "есть {}", "барлары: {}"),
    Words(
        "expected a text, or a list of texts",
        "ожидается текст или список текстов",
        "мәтін не мәтіндер тізімі күтіледі",
    ),
    Words("expected a text", "ожидается текст", "мәтін күтіледі"),
    Words("expected true or false", "ожидается true или false", "true не false күтіледі"),
)
OTHER_SCHEMA: Final = Words(
    "expected {}, got a {}", "ожидается {}, получено {}", "{} күтіледі, алынғаны {}"
)
"""A mapping joins what does not fit; many sentences are of this form, so it is tried last."""
