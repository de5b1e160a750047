"""Sentences on faults of a table's rows, columns and keys, in three languages.

Each sentence has the form of the English one of `agency_client.content`, before one that is like it
and shorter; `{}` stands for what varies.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.words import Words

TABLE_FAULTS: Final = (
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
        "the row names the types of the columns: take it out",
        "эта строка называет типы столбцов: уберите её",
        "бұл жол бағандардың түрлерін атайды: оны алып тастаңыз",
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
)  # fmt: skip
