"""Doubts about what a person gives, in the person's language.

The modules that read files tell them in English: the lines, the property, what is doubtful. A doubt
is found here by its form; one without a form here is told in English, beside its lines.
"""

from __future__ import annotations

import re
from typing import Final

from agency_client.presentation.locale import Locale
from agency_client.presentation.places import translated
from agency_client.presentation.sentences import Forms
from agency_client.presentation.words import say
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

_ABOUT: Final = (
    (
        re.compile(r"line ([0-9]+): (.+)", re.DOTALL),
        Words("line {}: {}", "строка {}: {}", "{}-жол: {}"),
    ),
    (
        re.compile(r"lines ([0-9, ]+) and ([0-9]+) more: (.+)", re.DOTALL),
        Words("lines {} and {} more: {}", "строки {} и ещё {}: {}", "жолдар: {} және тағы {}: {}"),
    ),
    (
        re.compile(r"lines ([0-9, ]+): (.+)", re.DOTALL),
        Words("lines {}: {}", "строки {}: {}", "жолдар: {}: {}"),
    ),
)
"""The lines of a doubt, before it."""
_PROPERTY: Final = re.compile(r"([A-Za-z]+): (its? .+)", re.DOTALL)
DOUBTS: Final = (
    # a table as a whole
    Words("and {} more", "и ещё {}", "және тағы {}"),
    Words(
        "the mapping does not use the columns {}",
        "столбцы, которых нет в сопоставлении: {}",
        "сәйкестендіруде жоқ бағандар: {}",
    ),
    Words(
        "of the {} values that the mapping's filter names for column {}, no row has {}: is each "
        "spelt as in the table? There are no wildcards",
        "из {} значений фильтра для столбца {} ни в одной строке нет {}: написаны ли они как в "
        "таблице? Подстановочных знаков нет",
        "{} баған сүзгісі мәнінен {} бағанында бірде-бір жолда жоғы {}: олар кестедегідей жазылған "
        "ба? Қойылмалы таңбалар жоқ",
    ),
    Words(
        "the row has one cell alone: is it a note beside the table?",
        "в строке одна ячейка: это примечание к таблице?",
        "жолда бір ғана ұяшық бар: бұл кестенің ескертпесі ме?",
    ),
    Words(
        "{} has no date: was its cell merged with the one above?",
        "{}: нет даты; не объединена ли её ячейка с той, что выше?",
        "{}: күні жоқ; оның ұяшығы жоғарыдағымен біріктірілмеген бе?",
    ),
    Words(
        "{} has no {}, and a row above has one: was its cell merged with the one above?",
        "{}: нет {}, а в строке выше есть; не объединена ли эта ячейка с той, что выше?",
        "{}: {} жоқ, ал жоғарыдағы жолда бар; бұл ұяшық жоғарыдағымен біріктірілмеген бе?",
    ),
    Words(
        "the table has exactly {} rows, the most that some programs write: is it whole?",
        "в таблице ровно {} строк, больше некоторые программы не пишут: вся ли она?",
        "кестеде дәл {} жол бар, кейбір бағдарламалар одан артық жазбайды: ол толық па?",
    ),
    Words(
        "a blank row stands before it: does another table begin here?",
        "перед ней пустая строка: не начинается ли здесь другая таблица?",
        "оның алдында бос жол тұр: мұнда басқа кесте басталмай ма?",
    ),
    Words(
        "it reads like a sign or a word for a value that stands elsewhere: write that out",
        "похоже на знак или слово вместо значения, которое стоит в другом месте: напишите его",
        "басқа жерде тұрған мәннің орнындағы белгі не сөзге ұқсайды: оны толық жазыңыз",
    ),
    Words(
        "the row begins like a total of the rows above",
        "строка начинается как итог строк выше",
        "жол жоғарыдағы жолдардың қорытындысы сияқты басталады",
    ),
    Words(
        "a cell reads like the name of a balance: is the row no payment?",
        "ячейка похожа на название остатка: не платёж ли это вовсе?",
        "ұяшық қалдықтың атауына ұқсайды: бұл жол төлем емес пе?",
    ),
    Words(
        "the mapping puts columns {} into one {}: which of them a value is from is not sent, as "
        "debit or credit; a query for each, by filters or with payer and beneficiary, tells it",
        "сопоставление соединяет столбцы {} в одном {}: из какого из них значение, например дебет "
        "или кредит, не отправляется; это скажет отдельный запрос для каждого, с фильтром или с "
        "плательщиком и получателем",
        "сәйкестендіру {} бағандарын бір {} ішіне қосады: мәннің қайсысынан екені, мысалы дебет "
        "не кредит, жіберілмейді; оны әрқайсысына бөлек сұрау айтады, сүзгімен не төлеуші мен "
        "алушымен",
    ),
    Words(
        "the row begins like a signature below the table",
        "строка начинается как подпись под таблицей",
        "жол кестенің астындағы қолтаңба сияқты басталады",
    ),
    # an entity
    Words(
        "nothing is told of it but its id",
        "о нём ничего не сказано, кроме идентификатора",
        "ол туралы идентификаторынан басқа ештеңе айтылмаған",
    ),
    Words(
        "the link has not both its ends, {} and {}",
        "у связи нет обоих концов, {} и {}",
        "байланыстың екі ұшы бірдей жоқ, {} және {}",
    ),
    Words("{} leads to the thing itself", "{} ведёт к самому себе", "{} өзіне апарады"),
    Words("{} and {} are the same", "{} и {} совпадают", "{} және {} бірдей"),
    # a report of goAML
    Words(
        "{}: {}; it stands among the notes, where nobody searches for it",
        "{}: {}; значение стоит в примечаниях, где его никто не ищет",
        "{}: {}; мәні ешкім іздемейтін ескертпелерде тұр",
    ),
    # a value
    Words(
        "it is no BIC of SWIFT, which has 8 or 11 letters and digits: others will not find the "
        "bank by a number of its own country (БИК, МФО)",
        "это не BIC системы SWIFT из 8 или 11 букв и цифр: по номеру своей страны (БИК, МФО) "
        "другие банк не найдут",
        "бұл 8 не 11 әріп пен цифрдан тұратын SWIFT BIC емес: өз елінің нөмірі (БИК, МФО) бойынша "
        "басқалар банкті таппайды",
    ),
    Words(
        "it begins with an apostrophe before a number, as spreadsheets write: is it meant?",
        "перед числом стоит апостроф, как пишут электронные таблицы: так и нужно?",
        "санның алдында электрондық кестелер жазатындай апостроф тұр: солай болуы керек пе?",
    ),
    Words(
        "it reads like a formula of a spreadsheet, and is sent as text: is it meant?",
        "похоже на формулу электронной таблицы и отправляется как текст: так и нужно?",
        "электрондық кестенің формуласына ұқсайды және мәтін ретінде жіберіледі: солай болуы керек "
        "пе?",
    ),
    Words(
        "it reads like an IBAN, and fails its check digits",
        "похоже на IBAN, но контрольные цифры не сходятся",
        "IBAN-ға ұқсайды, бірақ бақылау цифрлары сәйкес емес",
    ),
    Words(
        "it reads like Russian in cp1251 that was taken for an encoding of the West",
        "похоже на русский текст в cp1251, прочитанный в западной кодировке",
        "батыс кодтамасында оқылған cp1251 орыс мәтініне ұқсайды",
    ),
    Words(
        "its small and capital letters are turned over, as by a wrong encoding",
        "строчные и прописные буквы перевёрнуты, как из-за неверной кодировки",
        "кодтама қате болғандағыдай кіші және бас әріптердің орны ауысқан",
    ),
    Words(
        "it fails its check digits",
        "не сходятся контрольные цифры",
        "бақылау цифрлары сәйкес емес",
    ),
    Words(
        "it has signs in the place of digits, as banks mask them: others may read the same",
        "вместо цифр знаки, как их скрывают банки: другие могут читаться так же",
        "цифрлардың орнында банктер жасыратын таңбалар тұр: басқалары да солай оқылуы мүмкін",
    ),
    Words(
        "it is cut: it has points in the place of what is left out",
        "обрезано: вместо пропущенного точки",
        "қысқартылған: қалдырылғанның орнында нүктелер тұр",
    ),
    Words(
        "it has signs around it that are none of its own",
        "вокруг стоят чужие знаки",
        "айналасында бөтен таңбалар тұр",
    ),
    Words(
        "it has a dash that is no hyphen: others write -",
        "стоит тире, а не дефис: другие пишут -",
        "дефис емес, сызықша тұр: басқалар - деп жазады",
    ),
    Words(
        "it reads like a number whose thousands are parted",
        "похоже на число с разделёнными тысячами",
        "мыңдықтары бөлінген санға ұқсайды",
    ),
    Words(
        "it reads like a day, as Excel makes of codes such as 1-3",
        "похоже на дату, в какую Excel превращает коды вроде 1-3",
        "Excel 1-3 сияқты кодтан жасайтын күнге ұқсайды",
    ),
    Words(
        "it ends in points, as programs show what they cut: is it whole?",
        "в конце точки, как программы показывают обрезанное; всё ли здесь?",
        "соңында нүктелер тұр, бағдарламалар қысқартқанын осылай көрсетеді; бәрі түгел ме?",
    ),
    Words(
        "it holds a word that programs write where they have no value, such as None: was it put "
        "together of several?",
        "в нём слово, которое программы пишут вместо отсутствующего значения, например None: не "
        "составлено ли оно из нескольких?",
        "онда бағдарламалар жоқ мәннің орнына жазатын сөз бар, мысалы None: ол бірнешеуінен "
        "құралмаған ба?",
    ),
    Words(
        "it has a remark behind it, in brackets",
        "за ним примечание в скобках",
        "оның артында жақша ішінде ескертпе бар",
    ),
    Words(
        "it has apostrophes or quotes as programs write them within a text: is it so?",
        "апострофы или кавычки стоят так, как их пишут программы внутри текста: так ли это?",
        "апострофтар не тырнақшалар бағдарламалар мәтін ішінде жазатындай тұр: солай ма?",
    ),
    Words(
        "column {} reads as if its amounts counted thousands or millions, and they are sent as "
        "they stand: write the whole numbers",
        "столбец {}: похоже, суммы в тысячах или миллионах, а отправляются как есть: пишите числа "
        "полностью",
        "{} бағаны: сомалар мыңмен не миллионмен саналатын сияқты, ал сол қалпында жіберіледі: "
        "сандарды толық жазыңыз",
    ),
    Words(
        "column {} names other money than the mapping says of its amounts, {}: which is meant?",
        "столбец {} называет другие деньги, чем сопоставление для его сумм, {}: какие верны?",
        "{} бағаны сәйкестендіру оның сомалары үшін айтқаннан, {}, басқа ақшаны атайды: қайсысы "
        "дұрыс?",
    ),
    Words(
        "it ends in .0, as an identifier that was taken for a number",
        "в конце .0, как у идентификатора, который приняли за число",
        "соңында .0 тұр, сан деп қабылданған сәйкестендіргіш осылай болады",
    ),
    Words(
        "it begins with the name of its kind",
        "начинается с названия своего вида",
        "өз түрінің атауынан басталады",
    ),
    Words(
        "it is a day that programs write where there is no date",
        "это день, который программы пишут, когда даты нет",
        "бұл күн жоқ кезде бағдарламалар жазатын күн",
    ),
    Words(
        "it is a day long past or far ahead: is it of another calendar?",
        "это очень давний или далёкий день: не из другого ли он календаря?",
        "бұл тым ескі не алыстағы күн: ол басқа күнтізбеден емес пе?",
    ),
    Words(
        "it has {} letters in one word: {}",
        "буквы двух письменностей ({}) в одном слове: {}",
        "бір сөзде екі жазудың әріптері ({}): {}",
    ),
    Words(
        "it is no valid IIN or BIN; is the zero at its beginning missing?",
        "это неверный ИИН или БИН; не пропал ли ноль в начале?",
        "бұл қате ЖСН не БСН; басындағы нөл жоғалған жоқ па?",
    ),
    Words("it is no valid IIN or BIN", "это неверный ИИН или БИН", "бұл қате ЖСН не БСН"),
    Words(
        "it is an IIN of another day of birth than birthDate",
        "этот ИИН другого дня рождения, чем birthDate",
        "бұл ЖСН-нің туған күні birthDate-тен басқа",
    ),
    Words(
        "it reads like an IIN whose zero at the beginning is missing",
        "похоже на ИИН, у которого пропал ноль в начале",
        "басындағы нөлі жоғалған ЖСН-ге ұқсайды",
    ),
    Words(
        "it is a day that has not come yet: was a year of two digits read so?",
        "этот день ещё не наступил: не так ли прочитан год из двух цифр?",
        "бұл күн әлі келген жоқ: екі цифрлы жыл солай оқылған жоқ па?",
    ),
    Words(
        "it stands here before in another spelling (spaces, signs, case, letters that look alike): "
        "are these one?",
        "выше это записано иначе (пробелы, знаки, регистр, похожие буквы): это одно и то же?",
        "жоғарыда бұл басқаша жазылған (бос орындар, таңбалар, регистр, ұқсас әріптер): бұл бір "
        "нәрсе ме?",
    ),
    Words("it has spaces around it", "вокруг пробелы", "айналасында бос орындар бар"),
    Words(
        "it has digits of another script",
        "цифры другой письменности",
        "басқа жазудың цифрлары",
    ),
    Words(
        "it holds several numbers: name `split` in the mapping",
        "здесь несколько номеров: назовите `split` в сопоставлении",
        "мұнда бірнеше нөмір бар: сәйкестендіруде `split` атаңыз",
    ),
    Words(
        "it reads like words, not like an identifier",
        "похоже на слова, а не на номер",
        "нөмірге емес, сөзге ұқсайды",
    ),
    Words(
        "it has a letter among its digits that looks like a digit: if its paper has it so, leave "
        "it",
        "среди цифр буква, похожая на цифру: если так в документе, оставьте",
        "цифрлардың арасында цифрға ұқсас әріп бар: құжатта солай болса, қалдырыңыз",
    ),
    Words(
        "it is of signs or zeros alone",
        "здесь одни знаки или нули",
        "мұнда тек таңбалар не нөлдер",
    ),
    Words(
        "it has only zeros after its {}th digit, as a spreadsheet leaves them: compare it with the "
        "source",
        "после {}-й цифры одни нули, как их оставляет электронная таблица: сравните с источником",
        "{}-цифрдан кейін тек нөлдер, электрондық кесте солай қалдырады: дереккөзбен салыстырыңыз",
    ),
    Words(
        "it has days that exclude each other",
        "дни исключают друг друга",
        "күндер бірін-бірі жоққа шығарады",
    ),
    Words(
        "it is no code such as KZT or USD",
        "это не код вроде KZT или USD",
        "бұл KZT не USD сияқты код емес",
    ),
    Words(
        "it has several values, and nobody knows which is meant",
        "значений несколько, и неизвестно, какое верно",
        "мәндер бірнешеу, қайсысы дұрыс екені белгісіз",
    ),
    Words("it has no currency", "нет валюты", "валюта жоқ"),
    Words(
        "its unit counts thousands or says the side of an account: write the whole number",
        "единица считает тысячи или называет сторону счёта: напишите число целиком",
        "өлшемі мыңдарды санайды не шот жағын атайды: санды толық жазыңыз",
    ),
    Words(
        "its unit is none of money: is it a share, a weight or a shortened number?",
        "это не денежная единица: это доля, вес или сокращённое число?",
        "бұл ақша өлшемі емес: бұл үлес, салмақ не қысқартылған сан ба?",
    ),
    Words(
        "it names another currency than the property currency",
        "названа другая валюта, чем в свойстве currency",
        "currency қасиетіндегіден басқа валюта аталған",
    ),
    Words(
        "it has more than {} decimals, as a calculation leaves them",
        "больше {} знаков после запятой, как после вычисления",
        "үтірден кейін {} таңбадан көп, есептеуден кейінгідей",
    ),
    Words(
        "it has 3 decimals; if the point parts thousands, say so with --numbers",
        "три знака после точки; если точка делит тысячи, назовите вид чисел, --numbers",
        "нүктеден кейін үш таңба; нүкте мыңдықтарды бөлсе, сан түрін атаңыз, --numbers",
    ),
    Words(
        "it reads like a value that is absent, such as NULL or N/A: empty it",
        "похоже на отсутствующее значение, как NULL или N/A: очистите",
        "NULL не N/A сияқты жоқ мәнге ұқсайды: тазалаңыз",
    ),
    Words(
        "it has question marks where letters may have been lost",
        "вопросительные знаки там, где могли пропасть буквы",
        "әріптер жоғалған болуы мүмкін жерде сұрақ белгілері тұр",
    ),
    Words(
        "it has letters of Serbian or Macedonian: is it Kazakh in kz1048, taken for cp1251?",
        "сербские или македонские буквы: не казахский ли это текст в KZ-1048, прочитанный как "
        "cp1251?",
        "серб не македон әріптері: бұл cp1251 деп оқылған KZ-1048 қазақ мәтіні емес пе?",
    ),
    Words(
        "it has exactly {} characters, at which programs cut: is it whole?",
        "здесь ровно {} знаков, на которых программы обрезают: весь ли это текст?",
        "мұнда дәл {} таңба бар, бағдарламалар осыдан кеседі: мәтін толық па?",
    ),
    Words(
        "it has signs of HTML, such as &amp;",
        "знаки HTML, например &amp;",
        "HTML таңбалары бар, мысалы &amp;",
    ),
    Words(
        "it has signs of a program in the place of letters, such as {}",
        "вместо букв знаки программы, например {}",
        "әріптердің орнында бағдарлама таңбалары, мысалы {}",
    ),
    Words(
        "it reads like what a program writes in the place of a value, such as {}",
        "похоже на то, что программа пишет вместо значения, например {}",
        "бағдарлама мәннің орнына жазатынға ұқсайды, мысалы {}",
    ),
    Words(
        "it reads like UTF-8 that was taken for {}",
        "похоже на UTF-8, прочитанный как {}",
        "{} деп оқылған UTF-8 сияқты",
    ),
    # a file to attach
    Words(
        "the attached file {} is empty", "приложенный файл {} пуст", "қоса берілген {} файлы бос"
    ),
    Words(
        "the attached file {} is a pointer of Git LFS in the place of the file: fetch the file "
        "itself",
        "приложенный файл {}: вместо файла указатель Git LFS; получите сам файл",
        "қоса берілген {}: файлдың орнында Git LFS көрсеткіші; файлдың өзін алыңыз",
    ),
    Words(
        "the attached file {} stands for a file that is in a cloud: fetch the file itself",
        "приложенный файл {} лишь заменяет файл, который лежит в облаке; получите сам файл",
        "қоса берілген {} бұлтта жатқан файлдың орнында ғана тұр; файлдың өзін алыңыз",
    ),
    Words(
        "the attached file {} is a shortcut, which leads to the file on your side alone: attach "
        "the file itself",
        "приложенный файл {} — ярлык, который ведёт к файлу только у вас; приложите сам файл",
        "қоса берілген {} — файлға тек сіздің жақта апаратын таңбаша; файлдың өзін қосыңыз",
    ),
    Words(
        "the attached file {} has the name of a download that did not end",
        "у приложенного файла {} имя незаконченной загрузки",
        "қоса берілген {} файлының аты аяқталмаған жүктеменікіндей",
    ),
    Words(
        "the attached file {} is what a system keeps beside files, and holds nothing of them",
        "приложенный файл {} система хранит рядом с файлами; их содержания в нём нет",
        "қоса берілген {} файлын жүйе файлдардың жанында сақтайды; олардың мазмұны онда жоқ",
    ),
    Words(
        "the attached file {} is the mark of a document that is open, and holds nothing of it",
        "приложенный файл {} — знак открытого документа; его содержания в нём нет",
        "қоса берілген {} — ашық құжаттың белгісі; оның мазмұны онда жоқ",
    ),
    Words(
        "the attached file {} is packed as Outlook does (winmail.dat): attach the files that are "
        "in it",
        "приложенный файл {} упакован программой Outlook (winmail.dat); приложите файлы из него",
        "қоса берілген {} файлын Outlook қаптаған (winmail.dat); ішіндегі файлдарды қосыңыз",
    ),
    Words(
        "the attached file {} holds zeros alone, as a disk leaves them of a file that was not "
        "written",
        "в приложенном файле {} одни нули, какие остаются на диске от незаписанного файла",
        "қоса берілген {} файлында тек нөлдер бар: жазылмаған файлдан дискіде солай қалады",
    ),
    Words(
        "the attached file {} is a page in HTML, whatever its name says: is it one that asks for a "
        "password or tells of an error?",
        "приложенный файл {} — страница HTML, как бы он ни назывался: не спрашивает ли она пароль "
        "и не сообщает ли об ошибке?",
        "қоса берілген {} — аты қалай болса да, HTML беті: ол құпиясөз сұрай ма, әлде қатені "
        "айта ма?",
    ),
    Words(
        "the attached file {} is locked with a password, which its readers need too",
        "приложенный файл {} закрыт паролем, который нужен и его читателям",
        "қоса берілген {} файлы құпиясөзбен жабылған, ол оқушыларға да керек",
    ),
    Words(
        "the attached file {} does not begin as a file does whose name ends in {}: is it another "
        "one?",
        "приложенный файл {} начинается не так, как файл с окончанием {}: тот ли это файл?",
        "қоса берілген {} файлының басы {} деп аяқталатын файлдікіндей емес: бұл сол файл ма?",
    ),
    Words(
        "the attached file {} is a private key, which nobody else may have: attach its certificate",
        "приложенный файл {} — закрытый ключ, которого ни у кого другого быть не должно; приложите "
        "его сертификат",
        "қоса берілген {} — жабық кілт, ол басқа ешкімде болмауы керек; оның сертификатын қосыңыз",
    ),
    Words(
        "the attached file {} is encrypted for whoever has its key: can its readers open it?",
        "приложенный файл {} зашифрован для владельца ключа: откроют ли его читатели?",
        "қоса берілген {} файлы кілт иесіне арнап шифрланған: оны оқушылары аша ала ма?",
    ),
    Words(
        "the attached file {} is a PDF that a password protects: does it open without one?",
        "приложенный файл {} — PDF, защищённый паролем: открывается ли он без него?",
        "қоса берілген {} — құпиясөзбен қорғалған PDF: ол құпиясөзсіз ашыла ма?",
    ),
    Words(
        "the attached file {} is a {} without its end: is it whole?",
        "приложенный файл {} — {} без конца: целый ли он?",
        "қоса берілген {} — соңы жоқ {}: ол толық па?",
    ),
    Words(
        "the attached file {} is an archive whose table of contents cannot be read: is it whole?",
        "приложенный файл {} — архив, оглавление которого не читается: целый ли он?",
        "қоса берілген {} — мазмұны оқылмайтын мұрағат: ол толық па?",
    ),
)
"""The doubts, each before one that is like it and shorter; `{}` stands for what varies."""
_DOUBTS: Final = Forms(DOUBTS)
_SCRIPTS: Final = Forms(
    (
        Words("Cyrillic and Latin", "кириллица и латиница", "кирилл және латын"),
        Words("{} and {}", "{} и {}", "{} және {}"),
    )
)


def doubt_in_words(doubt: str, locale: Locale) -> str:
    """A doubt of those who read files, in words; as they have it where it has no form here."""
    return locale.visible(_said(doubt, locale.language))


def _said(text: str, language: Language) -> str:
    if language is Language.EN:
        return text
    for form, words in _ABOUT:
        if found := form.fullmatch(text):
            *lines, about = found.groups()
            return say(words, language).format(*lines, _said(about, language))
    if found := _PROPERTY.fullmatch(text):
        return f"{found[1]}: {_said(found[2], language)}"
    for words, varying in _DOUBTS.find(text):
        return say(words, language).format(*(_inner(each, language) for each in varying))
    return text


def _inner(text: str, language: Language) -> str:
    for words, varying in _SCRIPTS.find(text):
        return say(words, language).format(*varying)
    return translated(text, language)
