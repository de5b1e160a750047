"""Tables: every cell arrives as it stands, or the table is refused with the cell's place."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agency_client.content.entities import Entity, entities_from_csv
from agency_client.content.layout import layout_fault, rows_within
from agency_client.content.table_import import TableImport
from exchange_protocol.errors import InvalidInput, Reason

PEOPLE = """
entities:
  person:
    schema: Person
    keys: [id]
    properties:
      name: {column: name}
      country: {column: country}
      birthDate: {column: born}
"""
BANK = """
entities:
  payer:
    schema: BankAccount
    keys: [payer]
    properties: {accountNumber: {column: payer}}
  payment:
    schema: Payment
    keys: [number]
    properties:
      payerAccount: {entity: payer}
      amount: {column: amount}
      date: {column: date}
"""
SECRET = "Тайный (вымышлен)"
NAMED = "entities: {p: {schema: Person, keys: [id], properties: {name: {column: name}}}}"


class Desk:
    """A folder with a table and a mapping."""

    def __init__(self, folder: Path) -> None:
        self.table, self.mapping = folder / "t.csv", folder / "m.yaml"

    def read(self, table: str | bytes, mapping: str = PEOPLE, **options: Any) -> TableImport:
        self.table.write_bytes(table if isinstance(table, bytes) else table.encode())
        self.mapping.write_text(mapping, "utf-8")
        return entities_from_csv(self.table, self.mapping, **options)

    def refused(self, table: str | bytes, mapping: str = PEOPLE, **options: Any) -> str:
        with pytest.raises(InvalidInput) as caught:
            self.read(table, mapping, **options)
        assert caught.value.reason is Reason.DOCUMENT_INVALID
        assert SECRET not in str(caught.value)
        return caught.value.message


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def names(entities: Sequence[Entity] | TableImport) -> list[str]:
    return [each["properties"]["name"][0] for each in entities if "name" in each["properties"]]


def simple(rows: str) -> str:
    return f"id,name,country,born\n{rows}"


# --- What arrives ----------------------------------------------------------------------------


def test_cells_arrive_as_they_stand(desk: Desk) -> None:
    read = desk.read(simple('1," Иванов,  Иван ""Ваня""\n(вымышлен) ",kz,1979-12-31\n'))
    (entity,) = read
    assert entity["schema"] == "Person"
    assert entity["properties"] == {
        "name": [' Иванов,  Иван "Ваня"\n(вымышлен) '],
        "country": ["kz"],
        "birthDate": ["1979-12-31"],
    }
    assert (read.count, read.subjects, read.notes) == (1, 1, ())


def test_paths_may_be_texts_and_entities_may_be_taken_again(desk: Desk) -> None:
    desk.read(simple("1,Имя,kz,1979\n"))
    read = entities_from_csv(str(desk.table), os.fspath(desk.mapping))
    assert [*read] == [*read] != []


def test_what_rows_tell_in_the_same_words_comes_once(desk: Desk) -> None:
    rows = "number,payer,amount,date\n1,KZ1,5.50,2020-01-01\n2,KZ1,7,2020-01-02\n"
    read = desk.read(rows, BANK)
    assert [each["schema"] for each in read] == ["BankAccount", "Payment", "Payment"]
    assert (read.count, read.subjects) == (3, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_table_as_a_bank_sends_it_is_read_and_told(desk: Desk, encoding: str, end: str) -> None:
    rows = ["Номер;Плательщик;Сумма;Дата", '1;ООО "Ромашка" (вымышлено);"1 000,50";05.03.2024']
    mapping = """
entities:
  payer: {schema: Company, keys: [Плательщик], properties: {name: {column: Плательщик}}}
  payment:
    schema: Payment
    keys: [Номер]
    properties:
      payer: {entity: payer}
      amount: {column: Сумма}
      date: {column: Дата}
"""
    read = desk.read(
        (end.join(rows) + end).encode(encoding), mapping, dates="DD.MM.YYYY", numbers="1 000,50"
    )
    company, payment = read
    assert company["properties"]["name"] == ['ООО "Ромашка" (вымышлено)']
    assert payment["properties"]["amount"] == ["1000.50"]
    assert payment["properties"]["date"] == ["2024-03-05"]
    told = " ".join(read.notes)
    assert "semicolon (found out)" in told
    assert "DD.MM.YYYY" in told
    assert "1 000,50" in told
    assert (encoding in told) == (encoding != "utf-8-sig")


def test_first_line_of_excel_names_the_delimiter(desk: Desk) -> None:
    read = desk.read("sep=|\r\nid|name|country|born\r\n1|Имя; и, ещё|kz|1979\r\n")
    assert names(read) == ["Имя; и, ещё"]
    assert "bar" in read.notes[0]
    assert "line 3" in desk.refused("sep=|\nid|name|country|born\n1|Имя|xx|1979\n")


def test_spaces_around_headings_are_nobodys_meaning(desk: Desk) -> None:
    assert names(desk.read("\ufeffid , name,country , born\n1,Имя,kz,1979\n")) == ["Имя"]


def test_pipe_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(PEOPLE, "utf-8")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=pipe.write_text, args=(simple("1,Имя,kz,1979\n"),), kwargs={"encoding": "utf-8"}
    )
    writer.start()
    read = entities_from_csv(pipe, tmp_path / "m.yaml")
    writer.join()
    assert names(read) == ["Имя"] == names(read)


def test_unused_columns_are_told(desk: Desk) -> None:
    read = desk.read("id,name,country,born,more,most\n1,Имя,kz,1979,x,y\n")
    assert read.notes == ("Of the table's 6 columns, 2 are not in the mapping.",)
    assert read.warnings == ("the mapping does not use the columns 'more', 'most'",)


# --- What is refused, and where --------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("1,Имя,kz,31.12.1979", "born", "--dates DD.MM.YYYY"),
        ("1,Имя,kz,45356", "born", "as Excel counts days"),
        ("1,Имя,kz,1979-13-01", "born", "YYYY-MM-DD"),
        ("1,Имя,kz,1979-02-30", "born", "YYYY-MM-DD"),
        ("1,Имя,kz,1979-12-31T10:00:00+05:00", "born", "without a zone"),
        ("1,Имя,kz,1979-12-31T10:00Z", "born", "without a zone"),
        ("1,Имя,kz,1979-12-31 and more", "born", "YYYY-MM-DD"),
        ("1,Имя,kz,19791231", "born", "YYYY-MM-DD"),
        ("1,Имя,Казахстан,1979", "country", "code, such as kz"),
        ("1,Имя,xy,1979", "country", "code, such as kz"),
        ("1,Имя, kz,1979", "country", "no spaces around"),
        ("1,И\x00мя,kz,1979", "name", "U+0000"),
        ("1,Имя\u202e,kz,1979", "name", "U+202E"),
        ("1,И\u200bмя,kz,1979", "name", "U+200B"),
        ("1,И\ufeffмя,kz,1979", "name", "U+FEFF"),
        ("1,И\ufffdмя,kz,1979", "name", "U+FFFD"),
        ("1\u200b,Имя,kz,1979", "id", "U+200B"),
        (f"1,{'x' * 1000},kz,1979", "name", "at most"),
        ('1, "Имя",kz,1979', "name", "a space before them"),
    ],
)
def test_cell_that_cannot_arrive_is_named_by_line_and_column(
    desk: Desk, row: str, column: str, says: str
) -> None:
    message = desk.refused(simple(f"7,Другой,kz,1979\n{row}\n"))
    assert f"line 3, column '{column}'" in message
    assert says in message


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1,Имя,kz", "expected 4 columns"),
        ("1,Имя,kz,1979,more", "expected 4 columns"),
        ("1,Имя,kz,1979,", "expected 4 columns"),
        ('1,"Имя" и,kz,1979', "closing quotes"),
        ('1,"Имя,kz,1979', "not closed"),
    ],
)
def test_row_that_would_shift_or_lose_cells_is_named_by_its_line(
    desk: Desk, row: str, says: str
) -> None:
    message = desk.refused(simple(f"7,Другой,kz,1979\n{row}\n"))
    assert "line 3" in message
    assert says in message


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Итого,,,", "line 3: the row reads like a total"),
        ("Всего: 15,,,", "line 3: the row reads like a total"),
        ("Барлығы,2 адам,,", "line 3: the row reads like a total"),
        ("Баары,,,", "line 3: the row reads like a total"),
        ("Grand Total,,,", "line 3: the row reads like a total"),
        ("Opening Balance,,,1979", "line 3: the row reads like a balance of the account"),
        ("Closing balance as of 1 May,,kz,1979", "line 3: the row reads like a balance"),
        ("Balance brought forward,,kz,1979", "line 3: the row reads like a balance"),
        ("Carried forward,,kz,1979", "line 3: the row reads like a balance"),
        ("Входящее сальдо,,kz,1979", "line 3: the row reads like a balance"),
        ("Исходящий остаток:,,kz,1979", "line 3: the row reads like a balance"),
        ("Сальдо на конец периода,,kz,1979", "line 3: the row reads like a balance"),
        ("Остаток на 01.02.2024,,kz,1979", "line 3: the row reads like a balance"),
        ("Конечный баланс,,kz,1979", "line 3: the row reads like a balance"),
        ("Кіріс қалдығы,,kz,1979", "line 3: the row reads like a balance"),
        ("Кезең соңындағы қалдық,,kz,1979", "line 3: the row reads like a balance"),
        ("Баштапкы калдык,,kz,1979", "line 3: the row reads like a balance"),
        ("Oxirgi qoldiq,,kz,1979", "line 3: the row reads like a balance"),
        ("1,2,3,4", "line 3: the row numbers the columns"),
        ("---,-----,--,----", "line 3: the row is a line drawn between rows"),
        ("id,name,country,born", "line 3: the headings stand here again"),
        ("ID, Name ,COUNTRY,Born", "line 3: the headings stand here again"),
        ("id,name,,", "line 3: the headings stand here again"),
        ("name,id,born,country", "line 3: the headings stand here again"),
        ("I.D.,Name:,,", "line 3: the headings stand here again"),
        ("(продолжение таблицы),,,", "line 3: the row is none of the data, but a note beside"),
        ("*** End of report ***,,,", "line 3: the row is none of the data, but a note beside"),
        ("Для служебного пользования,,,", "line 3: the row is none of the data, but a note"),
        ("Дата выгрузки 01.02.2024,,,", "line 3: the row is none of the data, but a note"),
        ("Количество записей: 2,,,", "line 3: the row is none of the data, but a note beside"),
        ("Жалғасы,,,", "line 3: the row is none of the data, but a note beside"),
        ("Примечание: суммы в тенге,,,", "line 3: the row is none of the data, but a note beside"),
        ("Source: core banking,,,", "line 3: the row is none of the data, but a note beside"),
        ("* данные на 01.01.2024,,,", "line 3: the row is none of the data, but a note beside"),
        ("**) сумма в тысячах тенге,,,", "line 3: the row is none of the data, but a note beside"),
        ("NULL,Имя,kz,1979", "line 3, column 'id': the key of 'person' reads like a value that is"),
        ("-,Имя,kz,1979", "line 3, column 'id': the key of 'person' reads like a value that is"),
        ("н/д,Имя,kz,1979", "line 3, column 'id': the key of 'person' reads like a value that is"),
    ],
)
def test_row_that_is_none_of_the_data_is_refused(desk: Desk, row: str, says: str) -> None:
    assert says in desk.refused(simple(f"7,Другой,kz,1979\n{row}\n"))


def test_total_that_the_mapping_filters_is_left_out_as_it_says(desk: Desk) -> None:
    mapping = f"{PEOPLE.rstrip()}\nfilters_not: {{id: Итого}}\n"
    read = desk.read(simple("7,Имя,kz,1979\nИтого,,,\n"), mapping)
    assert names(read) == ["Имя"]
    assert read.notes == ("The mapping's filters left out 1 of 2 rows.",)


@pytest.mark.parametrize(
    "row",
    ["1,Total (вымышлено),kz,1979", "Итого и К,Имя,kz,1979", "1,2,kz,2003", "--,Имя --,kz,1979"],
)
def test_data_that_only_resembles_such_a_row_is_taken(desk: Desk, row: str) -> None:
    read = desk.read(simple(f"{row}\n"), PEOPLE.replace("[id]", "[id, name]"))
    assert len(names(read)) == 1


def test_row_of_one_cell_is_taken_and_doubted(desk: Desk) -> None:
    mapping = PEOPLE.replace("name: {column: name}", "name: {columns: [id, name]}")
    read = desk.read(simple("7,Имя,kz,1979\nПримечание к таблице,,,\n"), mapping)
    assert read.count == 2
    assert read.warnings == ("line 3: the row has one cell alone: is it a note beside the table?",)


def test_row_that_tells_nothing_but_its_key_is_refused_or_left_out_by_the_mapping(
    desk: Desk,
) -> None:
    """A key is sealed as a digest alone: what stands there would be lost."""
    table = simple("7,Имя,kz,1979\nПримечание к таблице,,,\n")
    message = desk.refused(table)
    assert "line 3: the row tells nothing of 'person' but its key" in message
    required = PEOPLE.replace("name: {column: name}", "name: {column: name, required: true}")
    read = desk.read(table, required)
    assert read.count == 1
    assert "Without what the mapping requires, left out: line 3." in read.notes
    by_id = "entities: {p: {schema: Person, id_column: id, properties: {name: {column: name}}}}"
    read = desk.read("id,name\n7,Имя\n8,\n", by_id)
    assert [each["id"] for each in read] == ["7", "8"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"{words},,,", says)
        for says, rows in {
            "line 3: the row reads like a signature below the table": (
                "Исполнитель: Сидоров (вымышлен)", "Главный бухгалтер ________", "М.П.", "Imzo:",
                "Дата формирования: 01.02.2024", "Rəhbər: ____", "Орындаушы", "Имзо: Каримов",
            ),
            "line 3: the row numbers a page": (
                "Страница 1 из 2", "Стр. 3", "Page 2 of 10", "1-бет", "Səhifə 4", "Саҳифаи 5",
            ),
            "line 3: the row reads like a total": (
                "Cəmi:", "Yekun", "Ҷамъи умумӣ", "Umumiy jami", "Ümumi məbləğ", "Hemmesi", "Разом",
            ),
        }.items()
        for words in rows
    ],
)  # fmt: skip
def test_footers_of_the_region_are_none_of_the_data(desk: Desk, row: str, says: str) -> None:
    mapping = PEOPLE.replace("name: {column: name}", "name: {columns: [id, name]}")
    assert says in desk.refused(simple(f"7,Имя,kz,1979\n{row}\n"), mapping)


@pytest.mark.parametrize(
    "row",
    ["Директор,Имя,kz,1979", "8,Страница 1,kz,1979", "Yekunov (вымышлен),Имя,,", "Лист 5,А,,"],
)
def test_data_that_only_resembles_a_footer_is_taken(desk: Desk, row: str) -> None:
    assert desk.read(simple(f"7,Имя,kz,1979\n{row}\n")).count == 2


def test_forms_that_a_column_mixes_are_each_named(desk: Desk) -> None:
    rows = "1,А,kz,01.02.1980\n2,Б,kz,29252\n3,В,kz,1980-02-01\n4,Г,kz,02/28/1980\n"
    message = desk.refused(simple(rows), dates="DD.MM.YYYY")
    for words in (
        "line 3, column 'born': expected a date as DD.MM.YYYY, and of the calendar; got a number, "
        "as Excel counts days",
        "line 4, column 'born': expected a date as DD.MM.YYYY, and of the calendar; got "
        "'0000-00-00': name its form too, --dates YYYY-MM-DD",
        "line 5, column 'born': expected a date as DD.MM.YYYY, and of the calendar; got "
        "'00/00/0000': name its form too, --dates MM/DD/YYYY",
    ):
        assert words in message


def test_a_sign_with_a_blank_is_read_where_the_form_is_named(desk: Desk) -> None:
    message = desk.refused('number,payer,amount,date\n1,KZ1,"- 1 500,05",2024\n', BANK)
    assert '--numbers "1 000,50"' in message
    read = desk.read(
        'number,payer,amount,date\n1,KZ1,"- 1 500,05",2024\n', BANK, numbers="1 000,50"
    )
    assert [each["properties"]["amount"] for each in read if each["schema"] == "Payment"] == [
        ["-1500.05"]
    ]
    assert "expected a number" in desk.refused("number,payer,amount,date\n1,KZ1,- 5,2024\n", BANK)


def test_headings_in_another_case_are_told_by_their_columns(desk: Desk) -> None:
    message = desk.refused("ID,Name\n1,Имя\n", NAMED)
    assert "no 'id' among 'ID', 'Name'; column 1 looks like it" in message


@pytest.mark.parametrize(
    ("above", "line"),
    [("# выгрузка\n", 2), ("Выписка по счёту\n\n", 3), ("\n", 2), ("Плательщик,,Счёт,\n", 2)],
)
def test_headings_below_other_lines_are_found_and_told(desk: Desk, above: str, line: int) -> None:
    message = desk.refused(above + simple("7,Имя,kz,1979\n"))
    assert message.endswith(
        f"t.csv: line 1: the headings stand in line {line}: remove what is above them"
    )


def test_sign_that_the_first_line_names_wrongly_is_told(desk: Desk) -> None:
    message = desk.refused("sep=;\n" + simple("7,Имя,kz,1979\n"))
    assert "line 2: the headings are parted by another sign, comma" in message


@pytest.mark.parametrize("amount", ["–5.50", "(-5)"])
def test_negative_number_in_a_way_of_its_own_is_told_as_such(desk: Desk, amount: str) -> None:
    message = desk.refused(f'number,payer,amount,date\n1,KZ1,"{amount}",2024\n', BANK)
    assert "no form of --numbers has its sign there; write -1000.50" in message


@pytest.mark.parametrize(
    ("amount", "form", "shown", "sent"),
    [
        ("(5.00)", "(1000.50)", '"(1000.50)"', "-5.00"),
        ("5-", "1000.50-", "1000.50-", "-5"),
        ("5 −", "1000.50-", "1000.50-", "-5"),
        ("−5", "−1000.50", "−1000.50", "-5"),
        ("₸5", "$1000.50", "'$1000.50'", "5 ₸"),
        ("$ 5", "$1000.50", "'$1000.50'", "5 $"),
        ("KZT 5", "$1000.50", "'$1000.50'", "5 KZT"),
        ("(1 005,50)", "(1 000,50)", '"(1 000,50)"', "-1005.50"),
    ],
)
def test_sign_or_money_of_bookkeepers_is_read_as_the_refusal_says(
    desk: Desk, amount: str, form: str, shown: str, sent: str
) -> None:
    table = f'number,payer,amount,date\n1,KZ1,"{amount}",2024\n'
    assert desk.refused(table, BANK).endswith(f"name it, --numbers {shown}")
    read = desk.read(table, BANK, numbers=form)
    assert [each["properties"]["amount"] for each in read if each["schema"] == "Payment"] == [
        [sent]
    ]
    assert f"Numbers stand as {form} in the table; here as 1000.50." in read.notes


@pytest.mark.parametrize("amount", ["1 234,56", "5,50", "1,234.56", "1E+05", "1.234,56", "5-"])
def test_number_in_another_form_is_refused(desk: Desk, amount: str) -> None:
    message = desk.refused(f'number,payer,amount,date\n1,KZ1,"{amount}",2024\n', BANK)
    assert "line 2, column 'amount': expected a number such as 1000.50" in message
    assert "--numbers" in message
    assert amount not in message


def test_every_fault_of_a_table_is_told_at_once(desk: Desk) -> None:
    rows = [f"{number},Имя {number},xy,31.12.1979" for number in range(300)]
    message = desk.refused(simple("\n".join([*rows, "1,2,3", ",Без ключа,kz,1979"])))
    assert "602 faults" in message
    for line in range(2, 12):
        assert f" {line}," in message or f" {line} " in message
    assert "290 more, column 'country'" in message
    assert "290 more, column 'born'" in message
    assert "line 302: expected 4 columns" in message
    assert "line 303, column 'id'" in message
    assert len(message) < 2000


def test_kinds_of_faults_are_bounded_and_the_rest_counted(desk: Desk) -> None:
    rows = [f"{number},{'x' * (400 + number)},kz,1979" for number in range(50)]
    message = desk.refused(simple("\n".join(rows)))
    assert "50 faults" in message
    assert message.endswith("and 30 more")


@pytest.mark.parametrize(
    ("headings", "says"),
    [
        ("id,name,country,born,name", "the heading stands twice, over columns 2 and 5"),
        ("id,name,country,born, name ", "the heading stands twice, over columns 2 and 5"),
        ("id,name,country,na\u200bme,born", "U+200B"),
        ("id,name,country,burn", "no 'born'"),
        ("1,Имя,kz,1979", "no 'born'"),
        ("", "headings"),
    ],
)
def test_headings_that_are_not_certain_are_refused(desk: Desk, headings: str, says: str) -> None:
    cells = ",".join(["1"] * (headings.count(",") + 1))
    message = desk.refused(f"{headings}\n{cells}\n")
    assert "line 1" in message
    assert says in message


def test_cells_without_a_heading_are_refused(desk: Desk) -> None:
    assert names(desk.read("id,name,country,born,\n1,Имя,kz,1979,\n")) == ["Имя"]
    message = desk.refused("id,name,country,born,\n1,Имя,kz,1979,потеряно\n")
    assert "line 2, column 5: the column has no heading" in message


def test_delimiter_that_is_not_certain_is_asked_for(desk: Desk) -> None:
    table = "id;a,id\n1;2,3\n"
    mapping = "entities: {p: {schema: Person, keys: [id], properties: {name: {column: id}}}}"
    # By a comma the headings are `id;a` and `id`, by a semicolon `id` and `a,id`.
    assert "--delimiter" in desk.refused(table, mapping)
    assert names(desk.read(table, mapping, delimiter=";")) == ["1"]
    assert "delimiters" in desk.refused(table, mapping, delimiter="::")


def test_two_tables_in_one_file_are_refused(desk: Desk) -> None:
    message = desk.refused(simple("1,Имя,kz,1979\n") + simple("2,Имя,kz,1979\n"))
    assert "line 3: the headings stand here again" in message


@pytest.mark.parametrize("data", ["", "\n\n", "\ufeff"])
def test_empty_table_is_refused(desk: Desk, data: str) -> None:
    assert "is empty" in desk.refused(data)


def test_table_without_rows_is_refused(desk: Desk) -> None:
    assert "expected at least one entity, got none: it has no rows" in desk.refused(simple(""))


def test_spoiled_key_is_refused_although_no_property_takes_it(desk: Desk) -> None:
    mapping = "entities: {p: {schema: Person, keys: [id], properties: {name: {column: name}}}}"
    message = desk.refused("id,name\n#N/A,A\n#N/A,B\n", mapping)
    assert "lines 2, 3, column 'id': expected a value, got an error of a spreadsheet" in message


def test_workbook_is_refused_with_what_to_do(desk: Desk) -> None:
    assert "save the sheet as CSV" in desk.refused(b"PK\3\4" + bytes(26) + b"xl/workbook.xml")


def test_table_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.read(simple("1,Имя,kz,1979\n"))
    for table, mapping in ((tmp_path / "none", desk.mapping), (desk.table, tmp_path / "none")):
        with pytest.raises(InvalidInput, match="cannot read"):
            entities_from_csv(table, mapping)
    with pytest.raises(InvalidInput, match="to be a file"):
        entities_from_csv(tmp_path, desk.mapping)


def test_table_that_changes_between_the_check_and_the_sending_is_refused(desk: Desk) -> None:
    read = desk.read(simple("1,Имя,kz,1979\n"))
    desk.table.write_text(simple("1,Имя,kz,1979\n2,Другой,kz,1979\n"), "utf-8")
    with pytest.raises(InvalidInput, match="was changed"):
        list(read)


# --- Keys ------------------------------------------------------------------------------------

KEYED = (
    "entities: {p: {schema: Person, keys: [series, number], properties: {name: {column: name}}}}"
)


def test_rows_without_a_key_are_refused_by_their_lines_or_left_out_as_was_said(desk: Desk) -> None:
    table = simple("1,А,kz,1979\n,Б,kz,1979\n2,В,kz,1979\n ,Г,,\n,,,\n")
    assert "lines 3, 5, column 'id': the key of 'person' is empty" in desk.refused(table)
    read = desk.read(table, skip_rows_without_key=True)
    assert names(read) == ["А", "В"]
    assert read.notes == ("Without a key, left out as was said: lines 3, 5.",)


@pytest.mark.parametrize("row", [",,,", " ,\t,\u00a0,", ",,,,,,"])
def test_row_of_blanks_alone_is_as_an_empty_line(desk: Desk, row: str) -> None:
    read = desk.read(simple(f"1,А,kz,1979\n{row}\n2,Б,kz,1979\n{row}\n"))
    assert names(read) == ["А", "Б"]
    assert read.notes == read.warnings == ()


def test_blanks_around_a_date_or_a_number_are_no_part_of_it(desk: Desk) -> None:
    read = desk.read(simple("1,А,kz, 1979-02-03 \n"))
    assert [each["properties"]["birthDate"] for each in read] == [["1979-02-03"]]
    read = desk.read(simple("1,А,kz,03.02.1979\u00a0\n"), dates="DD.MM.YYYY")
    assert [each["properties"]["birthDate"] for each in read] == [["1979-02-03"]]


def test_table_of_which_nothing_is_left_is_refused(desk: Desk) -> None:
    message = desk.refused(simple(",А,kz,1979\n,Б,kz,1979\n"), skip_rows_without_key=True)
    assert "expected at least one entity" in message
    assert "lines 2, 3" in message


def test_entity_that_a_row_does_not_tell_of_is_no_fault_but_one_it_does_is(desk: Desk) -> None:
    mapping = BANK.replace(
        "    properties: {accountNumber: {column: payer}}",
        "    properties: {accountNumber: {column: payer}, bankName: {column: bank}}",
    )
    headings = "number,payer,amount,date,bank\n"
    read = desk.read(f"{headings}1,,5,2024,\n2,KZ1,5,2024,Банк\n", mapping)
    assert [each["schema"] for each in read] == ["Payment", "BankAccount", "Payment"]
    assert "payerAccount" not in next(iter(read))["properties"]
    message = desk.refused(f"{headings}1,,5,2024,Банк\n", mapping)
    assert "line 2, column 'payer': the key of 'payer' is empty" in message


def test_keys_that_only_together_are_the_same_are_two(desk: Desk) -> None:
    rows = [
        "a|bc,,1",
        "a,bc,2",
        "ab,c,3",
        ",abc,4",
        "abc,,5",
        "bc,a,6",
        "1,23,7",
        "12,3,8",
        "23,1,9",
    ]
    read = desk.read("series,number,name\n" + "\n".join(rows), KEYED)
    assert len({each["id"] for each in read}) == len(rows) == read.subjects


def test_keys_of_two_schemata_are_two_and_key_literals_keep_apart(desk: Desk) -> None:
    mapping = """
entities:
  person: {schema: Person, keys: [id], properties: {name: {column: name}}}
  company: {schema: Company, keys: [id], properties: {name: {column: name}}}
  other: {schema: Person, keys: [id], key_literal: other, properties: {name: {column: name}}}
"""
    assert len({each["id"] for each in desk.read("id,name\n1,Имя\n", mapping)}) == 3


def test_rows_of_one_key_that_differ_are_refused_by_both_lines_or_counted_apart(desk: Desk) -> None:
    table = simple("1,Первый,kz,1979\n2,Второй,kz,1979\n1,Третий,kz,1979\n1,Первый,kz,1979\n")
    message = desk.refused(table)
    assert "lines 2, 4, column 'id'" in message
    assert "--allow-repeated-keys" in message
    read = desk.read(table, allow_repeated_keys=True)
    assert names(read) == ["Первый", "Второй", "Третий"]
    assert (read.count, read.subjects) == (3, 3)
    assert "1 rows have the key of a row before" in read.notes[0]


def test_two_payments_of_one_sum_on_one_day_do_not_become_one(desk: Desk) -> None:
    mapping = BANK.replace("keys: [number]", "keys: [payer, amount, date]")
    rows = "number,payer,amount,date\n1,KZ1,5,2020-01-01\n2,KZ2,5,2020-01-01\n3,KZ1,5,2020-01-01\n"
    message = desk.refused(rows, mapping)
    assert "lines 2, 4, column 'payer', column 'amount', column 'date'" in message
    assert "tell one event twice" in message
    read = desk.read(rows, mapping, allow_repeated_keys=True)
    assert len([*read]) == 4 == read.count
    assert "1 rows have the key of a row before" in " ".join(read.notes)
    assert desk.read(rows, BANK).count == 5


def test_one_account_that_pays_and_is_paid_is_one(desk: Desk) -> None:
    mapping = """
entities:
  payer: {schema: BankAccount, keys: [a], properties: {accountNumber: {column: a}}}
  paid: {schema: BankAccount, keys: [b], properties: {accountNumber: {column: b}}}
"""
    read = desk.read("a,b\nKZ1,KZ2\nKZ2,KZ1\n", mapping)
    assert len([*read]) == 2 == read.subjects


# --- Choices ---------------------------------------------------------------------------------


def test_several_forms_of_dates_may_be_named_if_no_cell_is_two_dates(desk: Desk) -> None:
    table = simple("1,А,kz,31.12.1979\n2,Б,kz,1979-12-31\n3,В,kz,1979\n")
    read = desk.read(table, dates=["DD.MM.YYYY", "YYYY-MM-DD", "YYYY"])
    assert [each["properties"]["birthDate"] for each in read] == [
        ["1979-12-31"],
        ["1979-12-31"],
        ["1979"],
    ]
    assert "line 2" in desk.refused(simple("1,А,kz,1979-12-31\n"), dates="DD.MM.YYYY")
    message = desk.refused(simple("1,А,kz,03.04.1979\n"), dates=["DD.MM.YYYY", "MM.DD.YYYY"])
    assert "another date by each" in message
    same = desk.read(simple("1,А,kz,04.04.1979\n"), dates=["DD.MM.YYYY", "MM.DD.YYYY"])
    assert next(iter(same))["properties"]["birthDate"] == ["1979-04-04"]


def test_mapping_may_name_the_form_of_a_column(desk: Desk) -> None:
    mapping = PEOPLE.replace("{column: born}", '{column: born, format: "%d.%m.%Y"}')
    read = desk.read(simple("1,А,kz,31.12.1979\n"), mapping)
    assert next(iter(read))["properties"]["birthDate"] == ["1979-12-31"]
    assert "%d.%m.%Y" in read.notes[0]
    assert "column 'born'" in desk.refused(simple("1,А,kz,1979-12-31\n"), mapping)


@pytest.mark.parametrize("options", [{"dates": "DD.MM.YY"}, {"dates": "x"}, {"numbers": "1"}])
def test_unknown_form_is_refused(desk: Desk, options: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.read(simple("1,А,kz,1979\n"), **options)
    assert caught.value.reason is Reason.INVALID_FIELD


def test_notes_hold_neither_values_nor_names_of_files(desk: Desk) -> None:
    table = "id;name;country;born;x\n1;Тайный;kz;31.12.1979;y\n;Тайный;kz;31.12.1979;y\n"
    read = desk.read(table.encode("cp1251"), dates="DD.MM.YYYY", skip_rows_without_key=True,
                     encoding="cp1251", delimiter=";")  # fmt: skip
    told = " ".join(read.notes)
    assert "cp1251 (as was said)" in told
    assert "semicolon (as was said)" in told
    assert "line 3" in told
    assert "Тайный" not in told
    assert "t.csv" not in told


# --- Nothing else is told --------------------------------------------------------------------


def test_no_library_logs_a_value(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        desk.read(simple(f"1,{SECRET},kz,1979\n"))
        desk.refused(simple(f"1,{SECRET},{SECRET},{SECRET}\n"))
        desk.refused(simple(f",{SECRET},kz,\n"))
    assert SECRET not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_doubtful_identifiers_and_letters_are_warned_of_by_line(desk: Desk) -> None:
    mapping = PEOPLE.replace("name: {column: name}", "name: {column: name}, idNumber: {column: id}")
    mapping = PEOPLE + "      idNumber: {column: id}\n"
    read = desk.read(simple("061211600013,Ivanов,kz,1979\n"), mapping)
    assert [each.partition(": ")[0] for each in read.warnings] == ["line 2", "line 2"]
    assert "IIN or BIN" in read.warnings[0]
    assert "Cyrillic and Latin" in read.warnings[1]
    assert "Ivan" not in " ".join(read.warnings)


def test_doubts_of_one_kind_are_told_once_with_their_lines(desk: Desk) -> None:
    rows = "".join(f"{number},Ivanов {number},kz,1979\n" for number in range(50))
    (warning,) = desk.read(simple(rows)).warnings
    assert warning.startswith(
        "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 40 more: name: it has Cyrillic"
    )


def test_warnings_are_bounded_and_the_rest_counted(desk: Desk) -> None:
    letters = "абвгдежзийклмнопрстуфхцчшщ"
    rows = "".join(f"{n},Ivan{letters[n % 25]}{letters[n // 25]},kz,1979\n" for n in range(50))
    read = desk.read(simple(rows))
    assert len(read.warnings) == 21
    assert read.warnings[-1] == "and 30 more"


# --- Headings that deceive -------------------------------------------------------------------

COMBINED = "e\u0301t"
PLAIN = "\u00e9t"


@pytest.mark.parametrize(("heading", "column"), [(COMBINED, PLAIN), (PLAIN, COMBINED)])
def test_heading_is_found_however_its_accents_are_coded(
    desk: Desk, heading: str, column: str
) -> None:
    mapping = PEOPLE.replace("column: name", f"column: {column}")
    read = desk.read(f"id,{heading},country,born\n1,A,kz,1979\n", mapping)
    assert [each["properties"]["name"] for each in read] == [["A"]]
    message = desk.refused(f"id,{PLAIN},country,born,{COMBINED}\n1,A,kz,1979,B\n", mapping)
    assert "the heading stands twice, over columns 2 and 5" in message


@pytest.mark.parametrize("twin", ["Name", "na me", "n\u0430me"])
def test_heading_that_looks_like_one_of_the_mapping_is_refused(desk: Desk, twin: str) -> None:
    more = f"id,name,country,born,{twin},примечание с буквами\n1,A,kz,1979,B,\n"
    assert "heading of column 5: looks like column 'name'" in desk.refused(more)
    instead = f"id,{twin},country,born,примечание с буквами\n1,A,kz,1979,\n"
    message = desk.refused(instead)
    assert "no 'name' among" in message
    assert "column 2 looks like it" in message


def test_columns_that_look_alike_can_both_be_meant(desk: Desk) -> None:
    mapping = PEOPLE.replace("{column: name}", "{columns: [name, Name]}")
    read = desk.read("id,name,Name,country,born\n1,A,B,kz,1979\n", mapping)
    assert [each["properties"]["name"] for each in read] == [["A", "B"]]


# --- As banks, operators and registers send them ----------------------------------------------


BANK_ROWS = "number,payer,amount,date\n1,KZ1,5.50,2024-01-02\n"


@pytest.mark.parametrize(
    "row",
    [
        "Итого,KZ1,12.00,",
        "Итого:,2 операции,12.00,",
        "Обороты за период,,12.00,",
        "Исходящий остаток,,12.00,",
        "Jami,,12.00,",
        "Жами:,,12.00,",
        "Бардыгы,,12.00,",
        "Ҷамъ,,12.00,",
        "Sum,,12.00,",
    ],
)
def test_sum_in_the_languages_of_the_region_is_refused(desk: Desk, row: str) -> None:
    assert "line 3: the row reads like a " in desk.refused(f"{BANK_ROWS}{row}\n", BANK)


def test_row_without_a_blank_that_begins_like_a_sum_is_doubted(desk: Desk) -> None:
    read = desk.read(f"{BANK_ROWS}Итого за период,KZ2,12.00,2024-01-03\n", BANK)
    assert "line 3: the row begins like a total of the rows above" in read.warnings


def test_note_between_payments_is_no_payment(desk: Desk) -> None:
    said = desk.refused(f"{BANK_ROWS}Страница 1 из 2,,,\n", BANK)
    assert "line 3: the row tells nothing of 'payment' but its key" in said


@pytest.mark.parametrize(
    "key", ["********", "?", "#", ".", "---", "000000000000", "нет", "жоқ", "не указан", "б/н"]
)
def test_key_that_many_things_have_is_refused(desk: Desk, key: str) -> None:
    said = desk.refused(f"{BANK_ROWS}2,{key},6,2024-01-03\n", BANK)
    assert "line 3, column 'payer': the key of 'payer' reads like a value that is absent" in said


@pytest.mark.parametrize(
    "key", ["4.08178E+19", '"4,08178E+19"', '"4,08178Е+19"', "4.08E+9", "1E23"]
)
def test_key_that_was_shortened_is_refused(desk: Desk, key: str) -> None:
    said = desk.refused(simple(f"{key},Имя,kz,1979\n"))
    assert (
        "line 2, column 'id': the key of 'person' holds a number that Excel has shortened" in said
    )


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read_when_it_is_said(desk: Desk, encoding: str) -> None:
    table = simple("1,Имя,kz,1979\n").encode(encoding)
    assert "say --encoding utf-16" in desk.refused(table)
    read = desk.read(table, encoding="utf-16")
    assert names(read) == ["Имя"]
    assert read.notes == (f"Encoding of the table: {encoding} (as was said).",)


def test_utf_16_that_is_said_of_other_bytes_is_refused(desk: Desk) -> None:
    said = desk.refused(simple("1,Имя,kz,1979\n").encode(), encoding="utf-16")
    assert "leave --encoding out" in said or "does not read so" in said


def test_sign_after_sep_that_is_not_known_is_named(desk: Desk) -> None:
    said = desk.refused("sep=^\nid^name^country^born\n1^Имя^kz^1979\n")
    assert "line 1: expected one of the delimiters" in said


@pytest.mark.parametrize("rest", ["\x1a", "\x00" * 500])
def test_line_that_is_none_of_the_table_says_so(desk: Desk, rest: str) -> None:
    said = desk.refused(simple(f"1,Имя,kz,1979\n{rest}"))
    assert "line 3: the row is none of the table; expected visible text" in said


@pytest.mark.parametrize(
    ("value", "says"),
    [("=+77011234567", "a formula"), ("=5", "a formula"), ("# N/A", "an error"),
     ("#N/A N/A", "an error"), ("#YOK", "an error"), ("#DEĞER!", "an error"),
     ("#¡VALOR!", "an error"), ("Error 2042", "an error")],
)  # fmt: skip
def test_cell_that_a_program_spoiled_is_refused(desk: Desk, value: str, says: str) -> None:
    said = desk.refused(simple(f"1,{value},kz,1979\n"))
    assert f"line 2, column 'name': expected a value, got {says}" in said


# --- Mappings that would say less than they seem to --------------------------------------------


FILTERED = """
filters_not: {role: witness}
entities:
  p: {schema: Person, keys: [id], properties: {name: {column: name}}}
"""


@pytest.mark.parametrize(
    "role", ["suspect; witness", "witness.", "Witness", "(witness)", "a/witness"]
)
def test_cell_that_holds_a_filtered_value_among_others_is_refused(desk: Desk, role: str) -> None:
    said = desk.refused(f"id,name,role\n1,{SECRET},{role}\n", FILTERED)
    assert "line 2, column 'role': looks like a value of the mapping's filter" in said


def test_value_that_both_filters_name_between_them_is_known(desk: Desk) -> None:
    """A cell that only looks like a value of the filter passes once it is named itself."""
    rows = "id,name,role\n1,Имя,T\n2,Другой,AT&T\n"
    entities = FILTERED.partition("\n")[2].partition("\n")[2]
    assert "filters to take the row" in desk.refused(rows, f"filters: {{role: T}}\n{entities}")
    left_out = desk.read(rows, f"filters: {{role: T}}\nfilters_not: {{role: AT&T}}\n{entities}")
    assert left_out.count == 1
    taken = desk.read(rows, f"filters: {{role: [T, AT&T]}}\n{entities}")
    assert taken.count == 2


def test_cells_near_a_filter_are_others_where_that_is_said_and_told(desk: Desk) -> None:
    rows = "id,name,role\n1,Имя,T\n2,Другой,AT&T\n3,Третий,B\n"
    mapping = FILTERED.replace("role: witness", "role: T")
    assert "say --exact-filters" in desk.refused(rows, mapping)
    read = desk.read(rows, mapping, exact_filters=True)
    assert [each["properties"]["name"] for each in read] == [["Другой"], ["Третий"]]
    assert (
        "Cells that only look like a value of the mapping's filters, taken for others as was "
        "said: line 3."
    ) in read.notes


@pytest.mark.parametrize("total", ["1500-00", "1500=", "1'500.00", "1500,00 тенге"])
def test_total_behind_its_sum_is_no_row_whatever_its_form(total: str) -> None:
    assert layout_fault(["", "", "", "", total, "Итого"]) is not None


def test_filter_whose_value_no_row_has_is_told(desk: Desk) -> None:
    rows = "id,name,role\n1,Имя,wittness\n"
    assert any("no row has 1" in each for each in desk.read(rows, FILTERED).warnings)
    rows = "id,name,role\n1,Имя,suspect\n2,Другой,witness\n"
    assert not any("no row has" in each for each in desk.read(rows, FILTERED).warnings)


@pytest.mark.parametrize(
    ("key", "value"), [("filters_not", ""), ("filters", "{}"), ("filters_not", "null")]
)
def test_filter_of_nothing_is_refused(desk: Desk, key: str, value: str) -> None:
    said = desk.refused(simple("1,Имя,kz,1979\n"), f"{key}: {value}\n{PEOPLE.lstrip()}")
    assert f"line 1, {key}: expected columns with their values" in said


@pytest.mark.parametrize("template", ["{name}", "fixed", "{{name}} {born}"])
def test_template_without_its_columns_is_refused(desk: Desk, template: str) -> None:
    mapping = PEOPLE.replace("{column: name}", f"{{template: '{template}'}}")
    said = desk.refused(simple("1,Имя,kz,1979\n"), mapping)
    assert "expected columns in double braces" in said


OWNERS = """
entities:
  owner: {schema: Person, keys: [owner], properties: {name: {column: owner}}}
  firm: {schema: Company, keys: [firm], properties: {name: {column: firm}}}
  share:
    schema: Ownership
    keys: [owner, firm]
    properties: {owner: {entity: owner}, asset: {entity: firm}}
"""


def test_link_without_one_of_its_ends_is_refused_or_left_out_as_was_said(desk: Desk) -> None:
    rows = "owner,firm\nИмя,Фирма\nДругой,\n"
    assert "line 3: the link 'share' has no asset" in desk.refused(rows, OWNERS)
    read = desk.read(rows, OWNERS.replace("{entity: firm}", "{entity: firm, required: true}"))
    assert sum(each["schema"] == "Ownership" for each in read) == 1
    assert "Without what the mapping requires, left out: line 3." in read.notes


@pytest.mark.parametrize(
    ("table", "behind"),
    [
        ("id;name\n1;A;\n2;B;\n", 1),
        ("id;name\n1;A; ;\n;;;;\n2;B;;\n", 2),
        ("id;name;\n1;A\n2;B\n", 0),
        ("id;name;\n1;A;\n2;B;\n", 0),
        ("id;name;;\n1;A;;;\n2;B;;;\n", 1),
    ],
)
def test_empty_cells_behind_the_last_heading_lose_nothing(
    desk: Desk, table: str, behind: int
) -> None:
    read = desk.read(table, NAMED)
    assert [each["properties"] for each in read] == [{"name": ["A"]}, {"name": ["B"]}]
    said = f"Empty cells of each row behind the last heading, left out: {behind}."
    assert (said in read.notes) is (behind > 0)


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("id;name\n1;A;\n2;B\n", "line 2"),
        ("id;name\n1;A;x\n2;B;\n", "line 2"),
        ("id;name;\n1;A\n2;B;\n", "line 2"),
        ("id;name\n1;A;;\n2;B;\n3;C\n", "lines 3, 2"),
        ("id\n1,\n2,\n", "lines 2, 3"),
        ("id\n,\n2\n", "line 2"),
    ],
)
def test_rows_that_end_otherwise_than_others_are_refused(
    desk: Desk, table: str, lines: str
) -> None:
    """A sign within a cell moves the cells after it, and may end a row with an empty one."""
    mapping = NAMED if "name" in table else NAMED.replace("column: name", "column: id")
    message = desk.refused(table, mapping)
    for line in re.findall("[0-9]+", lines):
        assert re.search(rf"lines? [^:]*{line}\b[^:]*: expected . columns", message), message


def test_a_table_without_headings_does_not_show_its_cells(desk: Desk) -> None:
    message = desk.refused(f"790101300123;{SECRET}\n", NAMED)
    assert "line 1: expected the headings" in message
    assert "790101300123" not in message
    assert SECRET not in message


@pytest.mark.parametrize("role", ["HET", "НЕТ ", "Heт"])
@pytest.mark.parametrize("kind", ["filters", "filters_not"])
def test_capitals_that_look_like_a_value_of_a_filter_are_told(
    desk: Desk, role: str, kind: str
) -> None:
    """A protected witness must not be sent for a letter that looks like another."""
    mapping = f"{NAMED}\n{kind}: {{role: [НЕТ]}}\n"
    table = f"id,name,role\n1,А,{role}\n2,Б,НЕТ\n3,В,ДА\n"
    if role.strip() == "НЕТ":
        assert desk.read(table, mapping).count > 0
        return
    assert "line 2, column 'role': looks like a value of the mapping's filter" in desk.refused(
        table, mapping
    )


def test_a_heading_in_capitals_that_look_alike_is_told_by_its_column(desk: Desk) -> None:
    mapping = NAMED.replace("[id]", "[ИИН]")
    message = desk.refused("ИИH,name\n1,А\n", mapping)
    assert "column 1 looks like it: write both in the same letters" in message


@pytest.mark.parametrize("sign", ["^", "~", "\x1f", "   "])
def test_another_sign_between_the_cells_is_told(desk: Desk, sign: str) -> None:
    message = desk.refused(f"id{sign}name\n1{sign}{SECRET}\n", NAMED)
    assert "line 1: expected 2 headings or more, got one cell" in message
    assert SECRET not in message


@pytest.mark.parametrize("row", ["(1 rows affected)", "(2 строки)", "3 записей", "1 row"])
def test_the_number_of_rows_is_none_of_the_data(desk: Desk, row: str) -> None:
    mapping = NAMED.replace("column: name", "columns: [id, name]")
    assert "line 3: the row counts the rows" in desk.refused(f"id,name\n1,А\n{row},\n", mapping)


@pytest.mark.parametrize(
    "cell",
    ["=cmd|' /C calc'!A0", "=MSEXCEL|'..\\cmd.exe /c calc'!''", "=cmd|'/C x'!R1C1", "@SUM(A1)",
     "@HYPERLINK(A1)", "'790101300123"],
)  # fmt: skip
def test_what_a_spreadsheet_obeys_is_refused(desk: Desk, cell: str) -> None:
    message = desk.refused(f'id,name\n1,"{cell}"\n', NAMED)
    assert "line 2, column 'name': expected a value, got" in message


def test_a_year_of_two_digits_is_told_beside_a_form(desk: Desk) -> None:
    message = desk.refused(simple("1,А,kz,1.2.80\n"), dates="D.M.YYYY")
    assert "got '0.0.00': write the year with four digits" in message


TRANSFERS = """
entities:
  benef:
    schema: Person
    keys: [BenIIN]
    properties: {name: {column: BenName}}
  payment:
    schema: Payment
    keys: [Number]
    properties:
      beneficiary: {entity: benef}
      amount: {column: Amount}
"""
TRANSFER_ROWS = "Number,Amount,BenIIN,BenName\n1,5.00,790101300123,Имя\n2,6.00,KZ7,\n3,7.00,8,\n"


def test_row_of_a_key_alone_is_told_how_the_key_is_sent(desk: Desk) -> None:
    said = desk.refused(TRANSFER_ROWS, TRANSFERS)
    assert (
        "lines 3, 4: the row tells nothing of 'benef' but its key, which is sealed as a digest "
        "alone: send the key too, by `idNumber: {column: 'BenIIN'}` among its properties"
    ) in said
    assert said.index("idNumber") < said.index("required: true")
    assert "so are the links to them" in said


def test_key_that_is_a_property_too_is_no_key_alone(desk: Desk) -> None:
    """The advice is true: what stands in the key arrives, and the payment has its beneficiary."""
    advised = TRANSFERS.replace("{name:", "{idNumber: {column: 'BenIIN'}, name:")
    read = [*desk.read(TRANSFER_ROWS, advised)]
    people = {e["id"]: e["properties"] for e in read if e["schema"] == "Person"}
    assert [each["idNumber"] for each in people.values()] == [["790101300123"], ["KZ7"], ["8"]]
    paid = [e["properties"]["beneficiary"] for e in read if e["schema"] == "Payment"]
    assert [[each] for each in people] == paid


def test_key_that_another_entity_tells_is_not_lost(desk: Desk) -> None:
    told = TRANSFERS.replace("amount: {", "purpose: {column: BenIIN}\n      amount: {")
    read = [*desk.read(TRANSFER_ROWS, told)]
    paid = [e["properties"] for e in read if e["schema"] == "Payment"]
    assert [each["purpose"] for each in paid] == [["790101300123"], ["KZ7"], ["8"]]
    assert all("beneficiary" in each for each in paid)
    # What hangs on another column may be left out, and the key with it.
    unsure = told.replace("amount: {", "date: {column: BenName, required: true}\n      amount: {")
    assert "tells nothing of 'benef'" in desk.refused(TRANSFER_ROWS, unsure)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("Company", "registrationNumber"), ("BankAccount", "accountNumber"),
        ("CryptoWallet", "publicKey"), ("Passport", "number"), ("Payment", "transactionNumber"),
        ("Vehicle", "registrationNumber"), ("Address", "name"),
    ],
)  # fmt: skip
def test_property_for_a_key_is_one_of_the_schema(desk: Desk, schema: str, says: str) -> None:
    other = {"Payment": "purpose", "Passport": "summary"}.get(schema, "notes")
    mapping = (
        f"entities: {{p: {{schema: {schema}, keys: [key], properties: "
        f"{{{other}: {{column: other}}}}}}}}"
    )
    assert f"`{says}: {{column: 'key'}}`" in desk.refused("key,other\n1,а\n2,\n", mapping)


def test_payment_whose_date_was_merged_with_the_one_above_is_doubted(desk: Desk) -> None:
    """A report prints once what repeats; as CSV the cells below are empty."""
    rows = "number,payer,amount,date\n1,KZ1,10 KZT,2024-03-05\n2,KZ1,20 KZT,\n3,KZ1,30 KZT,\n"
    read = desk.read(rows, BANK)
    assert list(read.warnings) == [
        "lines 3, 4: 'payment' has no date: was its cell merged with the one above?"
    ]
    assert len(list(read)) == 4


PAIRED = "Номер;Дата;Сумма;Назначение\n"
PAIRED_MAPPING = """
entities:
  p: {schema: Payment, keys: [Номер], properties: {recordId: {column: Номер},
      date: {column: Дата}, amount: {column: Сумма}, purpose: {column: Назначение}}}
"""


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ('1;2024-02-03;5;"ТОО Ромашка\n2;2024-02-04;7;ТОО Ромашка"\n', 1),
        ('1;2024-02-03;5;"a\r\n2;2024-02-04;7;b\r\n3;2024-02-05;8;c"\r\n', 2),
        ('1;2024-02-03;"5;a\n2;2024-02-04;7";b\n', 1),
        ('"1;2024-02-03;5;a\n2";2024-02-04;7;b\n', 1),
        ('1;2024-02-03;5;"\n2;2024-02-04;7;b"\n', 1),
    ],
)
def test_quotes_that_take_in_rows_below_are_refused(desk: Desk, rows: str, count: int) -> None:
    """Quotes are even in number, so that a reader of CSV finds nothing wrong."""
    message = desk.refused(PAIRED + rows, PAIRED_MAPPING)
    assert "line 2: the quotes that open here take in what reads like" in message
    assert f"like {count} of the rows below" in message


@pytest.mark.parametrize(
    "cells",
    [
        ["KZ86125K", "Abay ave 5\n050000; flat 7"],
        ["Invoice 5\nof 15.01"],
        ["2026-01-15", "5000.00", "KZ86125K", "Invoices of 15.01:\nNo 1; No 2; No 3; No 4"],
        ["1", "Ivanov", "Abay ave 5\nflat 7; floor 2; block 3; city 4", "2024-01-01"],
    ],
)
def test_text_of_two_lines_is_no_row_that_was_taken_in(cells: list[str]) -> None:
    assert rows_within(cells, ";") == 0


@pytest.mark.parametrize(
    "cell",
    ["a\nb", "a; b\nc; d; e", "по счёту 5;\nот 1;2", "1;2;3\n", "a;b;c\nd;e;f"],
)
def test_cell_of_several_lines_arrives(desk: Desk, cell: str) -> None:
    rows = f'1;2024-02-03;5;"{cell}"\n2;2024-02-04;7;x\n'
    made = desk.read(PAIRED + rows, PAIRED_MAPPING)
    assert [each["properties"]["purpose"] for each in made] == [[cell], ["x"]]


def test_number_in_another_spelling_is_doubted(desk: Desk) -> None:
    table = "Счёт\nKZ86 125K\nKZ86125K\nkz86125k\nKZ99\nKZ86 125K\n"
    mapping = (
        "entities: {a: {schema: BankAccount, keys: [Счёт], properties: "
        "{accountNumber: {column: Счёт}}}}"
    )
    told = [each for each in desk.read(table, mapping).warnings if "spelling" in each]
    assert len(told) == 1
    assert told[0].startswith("lines 3, 4: accountNumber: it stands here before")


def test_account_that_was_merged_with_the_one_above_is_doubted(desk: Desk) -> None:
    table = "Номер;Счёт;Сумма\n1;KZ1;5 KZT\n2;;6 KZT\n3;;7 KZT\n4;KZ2;8 KZT\n"
    mapping = """
entities:
  a: {schema: BankAccount, keys: [Счёт], properties: {accountNumber: {column: Счёт}}}
  p: {schema: Payment, keys: [Номер], properties: {recordId: {column: Номер},
      amount: {column: Сумма}, payerAccount: {entity: a}}}
"""
    assert list(desk.read(table, mapping).warnings) == [
        "lines 3, 4: 'p' has no payerAccount, and a row above has one: was its cell merged with "
        "the one above?"
    ]
    cash = table.replace("1;KZ1", "1;")
    told = desk.read(cash.replace("4;KZ2", "4;"), mapping).warnings
    assert told == ()


@pytest.mark.parametrize(
    ("rows", "is_doubted"), [(999, False), (1000, True), (1001, False), (16_383, True)]
)
def test_table_of_as_many_rows_as_programs_write_is_doubted(
    desk: Desk, rows: int, is_doubted: bool
) -> None:
    """Excel shows the first 65,536 or 1,048,576 lines of a table, and saves no others."""
    table = "id,name\n" + "".join(f"a{number},b{number}\n" for number in range(rows))
    told = desk.read(table, NAMED).warnings
    assert (f"the table has exactly {rows} rows" in " ".join(told)) is is_doubted


@pytest.mark.parametrize(
    "heading",
    ['"Сумма\n(тенге)"', '"Сумма\r\n (тенге) "', "Сумма\u00a0(тенге)", "Сумма  (тенге)"],
)
@pytest.mark.parametrize("named", ["Сумма (тенге)", "Сумма\\n(тенге)", "Сумма\u00a0 (тенге)"])
def test_heading_is_found_however_it_is_wrapped(desk: Desk, heading: str, named: str) -> None:
    mapping = (
        "entities: {p: {schema: Payment, keys: [id], properties: {recordId: {column: id}, "
        f'amount: {{column: "{named}"}}}}}}}}'
    )
    made = list(desk.read(f"id;{heading}\na1;5 KZT\n", mapping))
    assert [each["properties"]["amount"] for each in made] == [["5 KZT"]]


def test_headings_that_differ_in_their_blanks_alone_are_refused(desk: Desk) -> None:
    table = 'id;"на\nme";"на me"\n1;x;y\n'
    message = desk.refused(table, NAMED.replace("column: name", "column: на me"))
    assert "the heading stands twice, over columns 2 and 3" in message


@pytest.mark.parametrize(
    ("purpose", "is_doubted"),
    [
        ("Opening balance", True),
        ("Остаток", True),
        ("Входящее сальдо:", True),
        ("New Balance shoes", False),
        ("Пополнение баланса", False),
        ("Остаток долга по акту", False),
    ],
)
def test_payment_for_a_balance_is_doubted(desk: Desk, purpose: str, is_doubted: bool) -> None:
    mapping = (
        "entities: {it: {schema: Payment, keys: [n], properties: {recordId: {column: n}, "
        "date: {column: d}, amount: {column: a}, purpose: {column: p}}}}"
    )
    found = desk.read(f"n,d,a,p\n1,2024-01-02,5.00 KZT,{purpose}\n", mapping)
    doubt = "line 2: a cell reads like the name of a balance: is the row no payment?"
    assert (doubt in found.warnings) is is_doubted


def test_amounts_of_two_columns_are_doubted(desk: Desk) -> None:
    """A debit and a credit of one sum would be two entities that read alike."""
    mapping = (
        "entities: {it: {schema: Payment, keys: [n], properties: {recordId: {column: n}, "
        "date: {column: d}, amount: {columns: [Debit, Credit]}}}}"
    )
    found = desk.read("n,d,Debit,Credit\n1,2024-01-02,5 KZT,\n2,2024-01-02,,5 KZT\n", mapping)
    assert any(
        each.startswith("the mapping puts columns 'Debit' and 'Credit' into one amount: ")
        for each in found.warnings
    )


@pytest.mark.parametrize(
    "cell", ['"-""-"', '""""', "″", "〃", "-//-", "то же", "Same as above", "см. выше"]
)
def test_sign_for_the_value_above_is_refused(desk: Desk, cell: str) -> None:
    """The reader of an entity sees no row above it."""
    message = desk.refused(simple(f"1,Имя,kz,1979\n2,{cell},kz,1979\n"))
    assert "line 3, column 'name': expected a value, got a sign or a word for the value above" in (
        message
    )


@pytest.mark.parametrize(
    "name", ["Idem", "Same", "Same Sam", "ТОО «Там же»", "О'Нил", 'ТОО "А"', "A//B", "Дитто"]
)
def test_name_with_such_a_sign_is_taken(desk: Desk, name: str) -> None:
    assert names(desk.read(simple(f"1,{name},kz,1979\n"))) == [name]


def test_row_behind_a_blank_one_is_doubted(desk: Desk) -> None:
    rows = "1,А,kz,1979\n2,Б,kz,1979\n3,В,kz,1979\n"
    doubt = "line 6: a blank row stands before it: does another table begin here?"
    assert doubt in desk.read(simple(f"{rows},,,\n4,Г,kz,1979\n")).warnings
    assert doubt in desk.read(simple(f"{rows}\n4,Г,kz,1979\n")).warnings
    for parted in (f"{rows},,,\n\n", rows.replace("\n", "\n\n"), f"\n{rows}"):
        assert not [each for each in desk.read(simple(parted)).warnings if "blank row" in each]


PAID = """
entities:
  payment:
    schema: Payment
    keys: [number]
    properties:
      amount: {column: HEADING}
      currency: {literal: KZT}
      recordId: {column: number}
"""


@pytest.mark.parametrize(
    ("heading", "says"),
    [
        ("Сумма тыс. тенге", "counted thousands or millions"),
        ("Amount (mln)", "counted thousands or millions"),
        ("Сома мың теңге", "counted thousands or millions"),
        ("Amount '000", "counted thousands or millions"),
        ("Amount USD", "names other money than the mapping says of its amounts, KZT"),
        ("Сумма в долл. США", "names other money than the mapping says of its amounts, KZT"),
        ("Сумма ₽", "names other money than the mapping says of its amounts, KZT"),
    ],
)
def test_heading_that_contradicts_its_amounts_is_told(desk: Desk, heading: str, says: str) -> None:
    mapping = PAID.replace("HEADING", f'"{heading}"')
    read = desk.read(f"number,{heading}\nTX-1,100\n", mapping)
    assert [says in each for each in read.warnings] == [True]


@pytest.mark.parametrize(
    "heading",
    ["Сумма", "Sum", "Сумма KZT", "Сумма, тг", "Total amount", "Сумма в тенге", "IIN sum"],
)
def test_heading_that_agrees_with_its_amounts_is_not_doubted(desk: Desk, heading: str) -> None:
    mapping = PAID.replace("HEADING", f'"{heading}"')
    assert desk.read(f'number,"{heading}"\nTX-1,100\n', mapping).warnings == ()
