"""Values: what a property can hold is kept as it was, and all else is told in words."""

from __future__ import annotations

import logging

import pytest
from followthemoney import model

from agency_client.content.entity import Entity, identifier_warnings
from agency_client.content.spoiled import cell_fault, doubt
from agency_client.content.values import ValueCheck, is_id

SECRET = "Тайный (вымышлен)"


def fault(schema: str, name: str, value: str) -> str | None:
    found = model.get(schema)
    assert found is not None
    prop = found.get(name)
    assert prop is not None
    return ValueCheck().fault(prop, value)


@pytest.mark.parametrize(
    ("schema", "name", "value"),
    [
        ("Person", "name", "Қасымова Әлия"), ("Person", "name", "  x  "), ("Person", "name", "é"),
        ("Person", "country", "kz"), ("Person", "country", "KZ"), ("Person", "country", "suhh"),
        ("Person", "birthDate", "1979"), ("Person", "birthDate", "1979-12"),
        ("Person", "birthDate", "1979-12-31"), ("Person", "gender", "male"),
        ("Person", "phone", "+77011234567"), ("Person", "email", "a@example.kz"),
        ("Person", "website", "https://example.kz"), ("Person", "topics", "crime"),
        ("Person", "idNumber", "0012"), ("Person", "notes", "x" * 65_000),
        ("Person", "idNumber", "12.0"), ("Person", "name", "'t Hooft"), ("Person", "name", "#1"),
        ("Person", "notes", "a = b (c)"), ("Person", "notes", "= b"),
        ("Payment", "amount", "1000.50"), ("Payment", "amount", "-5"),
        ("Payment", "amount", "5 KZT"),
        ("Payment", "date", "2024-03-05T10:11:12"), ("Payment", "date", "2024-03-05 10:11"),
        ("Payment", "payerAccount", "a.b-1"), ("BankAccount", "iban", "KZ00"),
    ],
)  # fmt: skip
def test_good_value_has_no_fault(schema: str, name: str, value: str) -> None:
    assert fault(schema, name, value) is None


@pytest.mark.parametrize(
    ("schema", "name", "value", "says"),
    [
        ("Person", "country", "Казахстан", "code, such as kz"),
        ("Person", "country", "KAZ", "code, such as kz"),
        ("Person", "country", "kz ", "no spaces around"),
        ("Person", "gender", "M", "one of female, male, other"),
        ("Person", "topics", "suspect", "list 'topic'"),
        ("Person", "phone", "8 701 123 45 67", "code of the country"),
        ("Person", "email", "нет", "electronic mail"),
        ("Person", "website", "not a site", "address of the Web"),
        ("Person", "name", '""', "a name"),
        ("Person", "name", "x" * 513, "at most"),
        ("Person", "idNumber", "7.91028E+11", "Excel has shortened"),
        ("Person", "idNumber", "7,9E11", "Excel has shortened"),
        ("Person", "idNumber", "x" * 65, "at most 64"),
        ("Person", "idNumber", "123456789012.0", "taken for a number"),
        ("Person", "idNumber", "'00123", "apostrophe of a spreadsheet"),
        ("Person", "name", "#N/A", "error of a spreadsheet"),
        *(
            ("Person", "name", each, "error of a spreadsheet")
            for each in (
                "#NV",
                "#BLOCKED!",
                "#ПЕРЕНОС!",
                "#ІМ'Я?",
                "#ДІЛ/0!",
                "#GETTING_DATA",
                "Err:502",
                "Ошибка:522",
            )
        ),
        ("Person", "birthDate", "#ССЫЛКА!", "error of a spreadsheet"),
        ("Payment", "amount", "########", "error of a spreadsheet"),
        ("Person", "notes", "x" * 65_001, "at most 65000"),
        ("Person", "name", "a\u202eb", "U+202E"),
        ("Person", "birthDate", "31.12.1979", "--dates"),
        ("Person", "birthDate", "12/31/1979", "--dates"),
        ("Person", "birthDate", "28855", "as Excel counts days"),
        ("Person", "birthDate", "2023-02-29", "one that no calendar or clock has"),
        ("Person", "birthDate", "1900-01-00", "one that no calendar or clock has"),
        ("Payment", "date", "2024-03-05T24:00:00", "one that no calendar or clock has"),
        ("Payment", "date", "٢٠٢٤-٠٣-٠٥", "digits of another script"),
        ("Payment", "amount", "١٢٣", "digits of another script"),
        ("BankAccount", "accountNumber", "1.23457×10^15", "Excel has shortened"),
        ("BankAccount", "accountNumber", "1,23457*10^15", "Excel has shortened"),
        ("BankAccount", "accountNumber", "1.23457\uff25+15", "Excel has shortened"),
        ("Person", "birthDate", "1979-12-31T00:00+05:00", "without a zone"),
        ("Person", "birthDate", "1979-12-31 approximately", "YYYY-MM-DD"),
        ("Payment", "amount", "1 234,56", '--numbers "1 000,50"'),
        ("Payment", "amount", "1,234.56", "--numbers 1,000.50"),
        ("Payment", "amount", "many", "no form of --numbers reads it"),
        ("Payment", "amount", "1500-00", "--numbers 1000-50"),
        ("Payment", "amount", "1500=00", "--numbers 1000-50"),
        ("Payment", "amount", "1500=", "--numbers 1000-50"),
        ("Payment", "amount", "1'234.56", '--numbers "1\'000.50"'),
        ("Person", "birthDate", "31/12/1979", "--dates DD/MM/YYYY"),
        ("Person", "birthDate", "3.4.1979", "--dates D.M.YYYY | M.D.YYYY"),
        ("Person", "birthDate", "31.12.79", "write the year with four digits"),
        ("Person", "birthDate", "5-Jan-79", "write the year with four digits"),
        ("Payment", "payerAccount", "a b", "an id"),
        ("Payment", "payerAccount", "x" * 201, "an id"),
    ],
)
def test_value_that_would_be_lost_or_changed_is_told(
    schema: str, name: str, value: str, says: str
) -> None:
    words = fault(schema, name, value)
    assert words is not None
    assert says in words
    assert value not in words


FORMULAS = (
    '="00123"',
    "=VLOOKUP(A2,B:C,2,0)",
    "@SUM(1)",
    "=+77011234567",
    "=A1",
    "=$B$12",
    "=Sheet1!A1",
    "='Лист 1'!A1",
    "=R[-1]C[2]",
    "=1+1",
    "=-A1",
    "=SUM(A1)*2",
    "=(A1+B1)",
    "{=A1*2}",
    "=СУММ(A1;B2)",
    "=[book.xlsx]Sheet!A1",
)


@pytest.mark.parametrize("value", FORMULAS)
def test_formula_is_free_text_outside_a_table(value: str) -> None:
    """A person may begin a purpose so: it arrives, with a doubt. Nothing else begins so."""
    words = cell_fault(value)
    assert words is not None
    assert "formula of a spreadsheet" in words
    assert value not in words
    for schema, name in (("Person", "name"), ("Person", "idNumber"), ("Person", "position")):
        assert fault(schema, name, value) == words
    assert fault("Payment", "purpose", value) is None
    assert fault("Person", "notes", value) is None
    assert "a formula of a spreadsheet, and is sent as text" in (doubt(value) or "")


@pytest.mark.parametrize("schema", [each for each in model if not each.abstract], ids=str)
def test_no_property_logs_or_repeats_its_value(
    schema: object, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    check = ValueCheck()
    found = check.schema(str(getattr(schema, "name", "")))
    assert found is not None
    with caplog.at_level(logging.DEBUG):
        for prop in found.properties.values():
            if not prop.stub:
                for value in (SECRET, f"{SECRET} 31.12.1979", f"7{SECRET}@x"):
                    assert SECRET not in (check.fault(prop, value) or "")
    assert SECRET not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_only_concrete_schemata_by_their_exact_names_are_known() -> None:
    check = ValueCheck()
    assert check.schema("Person") is not None
    for name in ("person", "Thing", "Interval", "Nobody", ""):
        assert check.schema(name) is None


@pytest.mark.parametrize("text", ["a", "7", "a-b.c", "A" * 200])
def test_id_is_as_links_have_it(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "a b", "-a", "a-", "я", "a\n", "A" * 201])
def test_other_id_is_none(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("????? ????????", "question marks"),
        ("Иван ?????", "question marks"),
        ("O&#39;Neil", "HTML"),
        ("Рога &amp; Копыта", "HTML"),
        ("Сауле".encode().decode("cp1251"), "taken for cp1251"),
        ("José".encode().decode("cp1252"), "taken for cp1252"),
        ("ТОО +BBgEMgQwBD0EPgQy-", "signs of a program"),
        ("я" * 255, "exactly 255 characters"),
        ("+BBgEMgQwBD0EPgQyB", "signs of a program"),
        ("Иван".encode().decode("cp866"), "taken for cp866"),
        *((each, "value that is absent") for each in ("NULL", "nan", "N/A", "Н/Д", "-", "\\N")),
    ],
)
def test_text_that_reads_as_if_it_was_spoiled_is_doubted(text: str, says: str) -> None:
    words = doubt(text)
    assert words is not None
    assert says in words
    entity = Entity(id="p", schema="Person", properties={"name": [text]})
    assert any(says in each for each in identifier_warnings(entity))


@pytest.mark.parametrize(
    "text",
    [
        "Что? Где? Когда??",
        "= 5000 тенге",
        "=====",
        "#1 на рынке!",
        "Нан",
        "Иван",
        "Қасымова Әлия",
        "José",
        "Рога & Копыта",
        "AT&T",
        "№ 5",
        "«Ромашка»",
    ],
)
def test_text_as_people_write_it_is_not_doubted(text: str) -> None:
    assert doubt(text) is None
