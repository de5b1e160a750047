"""Doubts about entities: each names its property, and none repeats a value."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from followthemoney import model

from agency_client.content.doubts import IDENTIFIERS, doubts, is_kz_number


def told(schema: str = "BankAccount", **properties: str) -> list[str]:
    named = {name: [value] for name, value in properties.items()}
    found = list(doubts(named))
    for value in properties.values():
        assert not any(value in each for each in found if len(value) > 3)
    return found


@pytest.mark.parametrize("name", ["email", "phone", "website", "publicKey"])
@pytest.mark.parametrize("value", ["a@b.example\u00a0", " +77011234567"])
def test_blank_around_what_others_are_reached_by_is_doubted(name: str, value: str) -> None:
    """A spreadsheet shows none of them, and nobody finds the value by it."""
    assert f"{name}: it has spaces around it" in told("Person", **{name: value})
    assert not told("Person", **{name: value.strip()})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1234567890123450000", "only zeros after its 15th digit"),
        ("4400 4301 2345 6780", "only zeros after its 15th digit"),
        ("790101300123; 790101300124", "several numbers"),
        ("790101300123\n790101300124", "several numbers"),
        ("790101300123\u00a0", "spaces around"),
        ("７９０１０１３００１２３", "digits of another script"),
        ("٧٩٠١٠١٣٠٠١٢٣", "digits of another script"),
        ("N/A", "value that is absent"),
        ("Исполнитель: Сидоров", "like words"),
        ("%D0%90%D0%91", "signs of a program"),
        ("KZ87125KZT5004100100", "like an IBAN, and fails its check digits"),
        ("KZ87 125K ZT50 0410 0100", "like an IBAN, and fails its check digits"),
        ("KZ86125KZT50041OO1OO", "like an IBAN, and fails its check digits"),
    ],
)
def test_identifier_that_was_spoiled_on_its_way_is_doubted(value: str, says: str) -> None:
    (words,) = told(accountNumber=value)
    assert words.startswith("accountNumber: it ")
    assert says in words


@pytest.mark.parametrize(
    "value",
    [
        "123456789012345",
        "4400430123456789",
        "KZ86 125K ZT50 0410 0100",
        "12345-67890",
        "7",
        "S12345678",
        "B00234567",
        "12345678B",
        "123456789B01",
        "S1234567I",
    ],
)
def test_good_identifier_is_not_doubted(value: str) -> None:
    assert told(accountNumber=value) == []


def test_lost_zero_at_the_beginning_of_an_iin_is_named() -> None:
    (words,) = told("Person", country="kz", idNumber="10101300123")
    assert "is the zero at its beginning missing?" in words
    (words,) = told("Person", country="kz", idNumber="790101300123")
    assert words == "idNumber: it is no valid IIN or BIN"


def test_day_of_another_calendar_is_doubted_where_a_day_stands() -> None:
    (words,) = told("Person", birthDate="1450-05-01")
    assert "another calendar" in words
    assert told("Payment", periodStart="1450-05-01") != []
    assert told("Person", description="1450-05") == []


@pytest.mark.parametrize("number", ["50312550123", "90130112341"])
def test_lost_zero_of_an_iin_is_told_whatever_the_country(number: str) -> None:
    """A spreadsheet takes it for a number, and has no column for the country."""
    (words,) = told("Person", idNumber=number)
    assert words == "idNumber: it reads like an IIN whose zero at the beginning is missing"
    for other in ("0" + number, "10000000146", number[:-1] + "9", "7701234567"):
        assert told("Person", idNumber=other) == []


def test_day_of_the_past_that_has_not_come_yet_is_doubted() -> None:
    """Excel reads 03.02.28 as a day of 2028."""
    for properties in ({"birthDate": "2085-02-03"}, {"birthDate": "2085"}):
        (words,) = told("Person", **properties)
        assert "a day that has not come yet" in words
    assert any("not come yet" in each for each in told("Payment", date="2085-02-03T10:00:00"))
    assert told("Person", birthDate=f"{datetime.now(UTC):%Y-%m-%d}") == []
    assert told("Passport", endDate="2085-02-03") == []


@pytest.mark.parametrize("text", ["1900-01-01", "2212-15", "9999-12-31"])
def test_text_that_is_no_day_is_not_doubted_as_one(text: str) -> None:
    assert told("Person", notes=text, idNumber=text) == []


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("bic", "HSBKKZK", "HSBKKZKX"),
        ("swiftBic", "ХСБККЗКХ", "KCJBKZKXXXX"),
        ("ibanMentioned", "DE89370400440532013001", "DE89370400440532013000"),
    ],
)
def test_identifier_of_one_form_in_all_countries_is_held_to_it(
    name: str, bad: str, good: str
) -> None:
    (words,) = told(**{name: bad})
    assert words.startswith(f"{name}: it ")
    assert told(**{name: good}) == []


@pytest.mark.parametrize(
    "day", ["1899-12-30", "1900-01-01", "1904-01-01", "9999-12-31", "1899-12-30T00:00:00"]
)
def test_day_that_stands_for_none_is_doubted(day: str) -> None:
    (words,) = told("Person", birthDate=day)
    assert "where there is no date" in words


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"amount": "5"}, "amount: it has no currency"),
        ({"amount": "5", "currency": "тенге"}, "currency: it is no code"),
        ({"amount": "5", "currency": "kzt"}, "currency: it is no code"),
        ({"amount": "5.50 USD", "currency": "KZT"}, "another currency"),
        ({"amount": "0.30000000000000004", "currency": "KZT"}, "more than 3 decimals"),
        ({"amount": "0.123456789", "currency": "BTC"}, "more than 8 decimals"),
        ({"amount": "1.000", "currency": "KZT"}, "if the point parts thousands"),
        ({"amount": "50.00%", "currency": "KZT"}, "its unit is none of money"),
        ({"amount": "1e", "currency": "KZT"}, "its unit is none of money"),
        ({"amount": "12 кг"}, "its unit is none of money"),
        ({"amount": "100O", "currency": "KZT"}, "its unit is none of money"),
        ({"amount": "12З", "currency": "KZT"}, "its unit is none of money"),
        ({"amount": "5 Dt", "currency": "KZT"}, "says the side of an account"),
        ({"amount": "5 дебет", "currency": "KZT"}, "says the side of an account"),
        ({"amount": "5 $", "currency": "KZT"}, "another currency"),
        ({"amount": "5 руб.", "currency": "KZT"}, "another currency"),
    ],
)
def test_doubtful_money_is_told(properties: dict[str, str], says: str) -> None:
    (words,) = told("Payment", **properties)
    assert says in words


@pytest.mark.parametrize(
    "properties",
    [
        {"amount": "5.505", "currency": "BHD"},
        {"amount": "5 тенге"},
        {"amount": "5 KZT", "currency": "KZT"},
        {"amount": "-5", "currency": "USDT"},
        {"amount": "0.00012345", "currency": "BTC"},
        {"amount": "0.125 ETH"},
        {"currency": "KZT"},
    ],
)
def test_good_money_is_not_doubted(properties: dict[str, str]) -> None:
    assert told("Payment", **properties) == []


@pytest.mark.parametrize(
    ("unit", "currency"),
    [
        *((unit, "UZS") for unit in (
            "so'm", "so‘m", "so’m", "soʻm", "soʼm", "SO'M", "soum", "som", "сом", "сомов", "sum",
            "сум", "сума", "сумов", "сўм", "uzs",
        )),
        *((unit, "KGS") for unit in ("som", "SOM", "сом", "сома", "сомов", "kgs", "Kgs")),
        ("SUM", "UZS"), ("RUR", "RUB"), ("RMB", "CNY"),
        *((unit, "AMD") for unit in ("драм", "драмов", "dram", "֏", "amd")),
        *((unit, "GEL") for unit in ("лари", "lari", "₾", "gel")),
        *((unit, "AED") for unit in ("дирхам", "дирхамов", "dirham", "aed")),
        *((unit, "TRY") for unit in ("лир", "лира", "лиры", "lira", "₺", "TL")),
        *((unit, "KZT") for unit in ("тенге", "теңге", "тг.", "Kzt")),
        *((unit, "RUB") for unit in ("рублей", "рублями", "руб.", "р.", "rub")),
        *((unit, "USD") for unit in ("usd", "Usd", "долларов", "долл.", "US$")),
        ("сомони", "TJS"), ("сомонӣ", "TJS"), ("манатов", "AZN"), ("manat", "TMT"),
        ("гривен", "UAH"), ("грн.", "UAH"), ("юаней", "CNY"), ("евро", "EUR"), ("usdt", "USDT"),
    ],
)  # fmt: skip
def test_name_of_the_money_of_the_region_is_known(unit: str, currency: str) -> None:
    assert told("Payment", amount=f"1000 {unit}", currency=currency) == []
    assert told("Payment", amount=f"1000 {unit}") == []


@pytest.mark.parametrize(
    ("unit", "currency"),
    [("so'm", "KGS"), ("сум", "KGS"), ("сомони", "KGS"), ("сом", "KZT"), ("usd", "KZT"),
     ("драм", "GEL")],
)  # fmt: skip
def test_name_of_other_money_is_doubted(unit: str, currency: str) -> None:
    (words,) = told("Payment", amount=f"1000 {unit}", currency=currency)
    assert "another currency" in words


@pytest.mark.parametrize("unit", ["шт", "pcs", "box", "кг", "сумма", "kg", "лет"])
def test_unit_that_is_none_of_money_is_doubted(unit: str) -> None:
    (words,) = told("Payment", amount=f"1000 {unit}", currency="UZS")
    assert "its unit is none of money" in words


@pytest.mark.parametrize(
    "text",
    [
        "\\u0418\\u0432\\u0430\\u043d",
        "%D0%98%D0%B2%D0%B0%D0%BD",
        "=D0=98=D0=B2",
        "=?UTF-8?B?0JjQstCw0L0=?=",
    ],
)
def test_letters_that_a_program_wrote_as_signs_are_doubted(text: str) -> None:
    assert told("Person", name=text) == [
        "name: it has signs of a program in the place of letters, such as \\u0410 or %D0%90"
    ]


def test_values_that_exclude_each_other_are_doubted() -> None:
    several = "it has several values, and nobody knows which is meant"
    assert [*doubts({"amount": ["5", "6"], "currency": ["KZT"]})] == [f"amount: {several}"]
    assert [*doubts({"amount": ["5"], "currency": ["KZT", "USD"]})] == [f"currency: {several}"]
    said = "birthDate: it has days that exclude each other"
    assert [*doubts({"birthDate": ["1979", "1980-01-01"]})] == [said]
    assert [*doubts({"birthDate": ["1979", "1979-03-01", "1979-03"]})] == []


def test_each_doubt_names_its_property_in_one_form() -> None:
    all_of_it = {
        "iban": ["KZ00 "],
        "idNumber": ["10101300123", "790101300123; 790101300124", "٧٩٠"],
        "country": ["kz"],
        "accountNumber": ["1234567890123450000"],
        "name": ["????", "Aлия", "NULL", "&amp;", "1900-01-01"],
        "amount": ["5", "5.50 USD", "0.30000000000000004"],
        "currency": ["тенге", "KZT"],
    }
    found = list(doubts(all_of_it))
    assert len(found) > 10
    for words in found:
        name, _, said = words.partition(": ")
        assert name in all_of_it
        assert said.startswith("it "), words


def test_identifiers_are_those_of_the_model() -> None:
    kinds = {
        name: prop.type.name
        for schema in model
        for name, prop in schema.properties.items()
        if name in IDENTIFIERS
    }
    assert kinds == dict.fromkeys(IDENTIFIERS, "identifier")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("4400 43** **** 1234", "as banks mask them"),
        ("440043XXXXXX1234", "as banks mask them"),
        ("0xABC...123", "it is cut"),
        ("0xABC…123", "it is cut"),
        ("'790101300123'", "signs around it"),
        ("«KZ86125»", "signs around it"),
        ("790101300123.", "signs around it"),
        ("KZ\u2011123", "a dash that is no hyphen"),
        ("40\u00a0817\u00a0810\u00a0570", "whose thousands are parted"),
        ("12.янв", "like a day"),
        ("1-Mar", "like a day"),
        ("3 мая 24", "like a day"),
        ("ИИН790101300123", "the name of its kind"),
        ("79O101300123", "looks like a digit"),
        ("79010130012l", "looks like a digit"),
        ("790101З00123", "looks like a digit"),
        ("O790101300123", "looks like a digit"),
        ("l790101300123", "looks like a digit"),
        ("790101300123 850505400120", "several numbers"),
        ("0000000000", "signs or zeros alone"),
        ("?", "signs or zeros alone"),
        ("не указан", "value that is absent"),
        ("ИСТИНА", "what a program writes"),
        ("${account}", "what a program writes"),
        ("System.String[]", "what a program writes"),
        ("KZ1_x000D_", "signs of a program"),
    ],
)
def test_identifier_that_others_may_not_find_is_doubted(value: str, says: str) -> None:
    (words,) = told(accountNumber=value)
    assert words.startswith("accountNumber: it ")
    assert says in words


@pytest.mark.parametrize(
    "value",
    ["N12345678", "AA1234567", "12-34567890", "BO1", "INNOVA-1", "KZ86125KZT5004100100", "1.2.3"],
)
def test_identifier_with_letters_is_not_doubted(value: str) -> None:
    assert told(accountNumber=value) == []


@pytest.mark.parametrize("day", ["1403-10-12", "1379-01-01", "2567-01-02", "1403-10"])
def test_day_of_another_calendar_is_doubted(day: str) -> None:
    (words,) = told("Person", birthDate=day)
    assert "of another calendar" in words


def test_iin_of_another_day_of_birth_is_doubted() -> None:
    good = next(str(n) for n in range(790101300120, 790101300999) if is_kz_number(str(n)))
    assert told("Person", country="kz", idNumber=good, birthDate="1979-01-01") == []
    (words,) = told("Person", country="kz", idNumber=good, birthDate="1985-01-01")
    assert words == "idNumber: it is an IIN of another day of birth than birthDate"
    (words,) = told(
        "Person", country="kz", idNumber=f"{good[:6]} {good[6:11]}{(int(good[11]) + 1) % 10}"
    )
    assert "no valid IIN" in words


@pytest.mark.parametrize("unit", ["тыс.", "млн", "мың", "K", "Dr", "Кт"])
def test_amount_of_thousands_or_of_a_side_is_doubted(unit: str) -> None:
    words = told("Payment", amount=f"5.50 {unit}", currency="KZT")
    assert words == [
        "amount: its unit counts thousands or says the side of an account: write the whole number"
    ]


def test_payment_of_two_days_is_doubted() -> None:
    assert list(doubts({"date": ["2024-01-02", "2024-01-03"]})) == [
        "date: it has several values, and nobody knows which is meant"
    ]
    assert list(doubts({"date": ["2024-01-02", "2024-01-02T10:00:00"]})) == []


def test_doubts_come_in_one_order_whatever_the_seed_of_hashes() -> None:
    bad = {name: ["X1"] for name in ("swiftBic", "leiCode", "isin", "ibanMentioned", "bic")}
    told = [each.partition(":")[0] for each in doubts(bad)]
    assert told == ["bic", "ibanMentioned", "isin", "leiCode", "swiftBic"]
    assert told == [each.partition(":")[0] for each in doubts(dict(reversed(bad.items())))]


@pytest.mark.parametrize("value", ["044525225", "00873", "KKMFKZ2"])
def test_a_number_of_a_bank_in_its_own_country_is_told_from_a_bic(value: str) -> None:
    (words,) = told(bic=value)
    assert "no BIC of SWIFT, which has 8 or 11 letters and digits" in words
    assert "БИК, МФО" in words


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Îïëàòà çà òîâàð", "Russian in cp1251"),
        ("оПЛАТА ЗА ТОВАР", "are turned over"),
        ("нАЗВАНИЕ", "are turned over"),
        ("Қасымова Әлия".encode("kz1048").decode("cp1251"), "Kazakh in kz1048"),
        ("қызмет көрсету".encode("kz1048").decode("cp1251"), "Kazakh in kz1048"),
    ],
)
def test_text_of_a_wrong_encoding_is_doubted(value: str, says: str) -> None:
    (words,) = told("Payment", purpose=value)
    assert says in words


@pytest.mark.parametrize(
    "value",
    ["Ўзбек", "Є. Ґудзь", "Müller", "Íñigo", "Çağrı", "Ööbik", "кВтч", "иПЛ", "еГКН", "Ärztehaus"],
)
def test_text_of_another_language_is_not_doubted_for_its_letters(value: str) -> None:
    said = told("Payment", purpose=value)
    assert not any("cp1251" in each or "turned over" in each for each in said)


@pytest.mark.parametrize("unit", ["KZT", "kzt", "KZT.", "₸", " тг.", " тенге", "", " USDT"])
def test_amount_in_its_currency_is_not_doubted(unit: str) -> None:
    currency = "USDT" if "USDT" in unit else "KZT"
    assert told("Payment", amount=f"5.00{unit}", currency=currency) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("(12 цифр)", "it has signs around it"),
        ("[ИИН]", "it has signs around it"),
        ("Отдел 1", "it reads like words"),
        ("# Group A", "it reads like words"),
    ],
)
def test_heading_in_the_place_of_an_identifier_is_told(value: str, says: str) -> None:
    """A line of units below the headings, and the name of a group of rows."""
    assert any(says in each for each in told("Person", idNumber=value))


@pytest.mark.parametrize(
    "value", ["MSCU 1234567", "ABCD 1234567", "РНАТ 1234567", "POLIS 4455667", "№ ABCD 123"]
)
def test_number_behind_letters_is_no_words(value: str) -> None:
    """Containers, licences and policies are numbered so."""
    assert told("Person", idNumber=value) == []
    assert told("BankAccount", accountNumber=value) == []


@pytest.mark.parametrize("value", ["01.фев", "1-фев", "2-Jan", "12-янв-24"])
def test_house_or_a_share_that_became_a_day_is_told(value: str) -> None:
    found = told("RealEstate", address=value)
    assert found == ["address: it reads like a day, as Excel makes of codes such as 1-3"]


def test_sign_for_a_value_elsewhere_is_told() -> None:
    assert any("a value that stands elsewhere" in each for each in told("Person", notes="〃"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("name", "<NA>", "absent"),
        ("name", "[]", "absent"),
        ("name", "np.str_('Вымышленный')", "a program writes"),
        ("address", "java.lang.Object@1b2c3d", "a program writes"),
        ("name", "[B@6d06d69c", "a program writes"),
        ("name", "<example.Row object at 0x7fb8b59c79d0>", "a program writes"),
        ("notes", "datetime.date(1990, 1, 1)", "a program writes"),
        ("name", "Вымышленная торговая комп...", "ends in points"),
        ("address", "Алматы, улица Вымышлен…", "ends in points"),
        ("email", "mailto:a@example.kz", "the name of its kind"),
        ("name", "Примеров None", "where they have no value"),
        ("name", "Иван nan Примеров", "where they have no value"),
        ("name", "NULL NULL", "where they have no value"),
        ("address", "Алматы, undefined, дом 1", "where they have no value"),
        ("name", "O\\'Brien", "as programs write them within a text"),
        ("name", "Mary O''Brien", "as programs write them within a text"),
        ("name", 'ООО \\"Ромашка\\"', "as programs write them within a text"),
        ("idNumber", "790101300123 (не подтверждён)", "a remark behind it"),
        ("idNumber", "№ 790101300123", "the name of its kind"),
        ("birthDate", "1970-01-01", "programs write where there is no date"),
        ("registrationNumber", "E100001014363.0", "taken for a number"),
    ],
)
def test_what_a_program_of_the_sender_left_is_doubted(name: str, value: str, says: str) -> None:
    assert any(says in each for each in doubts({name: [value]})), [*doubts({name: [value]})]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Иванов И.И."),
        ("name", "ТОО «Пример»..."[:11]),
        ("notes", "and so on..."),
        ("email", "tel.office@example.kz"),
        ("email", "j.Doe@deadbeef.example"),
        ("registrationNumber", "E100001014363"),
        ("birthDate", "1970-01-02"),
        ("name", "[Пример] и партнёры"),
        ("name", "Chris Null"),
        ("name", "CHRIS NULL"),
        ("name", "nan li"),
        ("name", "Nan Goldin"),
        ("name", "Nonesuch Ltd"),
        ("name", "O'Brien's ''quoted''"),
        ("idNumber", "A123456(7)"),
        ("idNumber", "N 1234567"),
    ],
)
def test_what_people_write_is_not_taken_for_what_programs_leave(name: str, value: str) -> None:
    assert [*doubts({name: [value]})] == []


def test_a_long_identifier_with_brackets_takes_no_long_time() -> None:
    """One of 15,000 characters took 15 seconds: each of its parts could begin the remark."""
    long = "1 (ab" * 10_000
    assert not any("remark" in each for each in doubts({"idNumber": [long]}))
    assert any("remark" in each for each in doubts({"idNumber": [f"{long})"]}))
