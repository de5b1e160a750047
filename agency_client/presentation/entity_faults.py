"""Sentences on faults of entities and of goAML reports, in three languages.

Each sentence has the form of the English one of `agency_client.content`, before one that is like it
and shorter; `{}` stands for what varies.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.words import Words

ENTITY_FAULTS: Final = (
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
)  # fmt: skip
