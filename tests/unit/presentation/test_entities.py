"""Entities are shown as tables: who paid whom, who and what there is, who belongs to what."""

from __future__ import annotations

from agency_client.content.entities import Entity
from agency_client.presentation.entities import tables
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language


def entity(id_: str, schema: str, /, **properties: str) -> Entity:
    values = {key: [value] for key, value in properties.items()}
    return Entity(id=id_, schema=schema, properties=values)


PERSON = entity("p1", "Person", name="Иван Вымышленный", birthDate="1980-01-02", country="kz")
COMPANY = entity("c1", "Company", name="ТОО «Пример»", registrationNumber="061211600012")
ACCOUNT = entity("a1", "BankAccount", accountNumber="KZ86125KZT5004100100")
OWNERSHIP = entity("o1", "Ownership", owner="p1", asset="c1", percentage="51")


def payment(id_: str, amount: str, **more: str) -> Entity:
    said = {"amount": amount, "currency": "KZT", "date": "2020-02-05", **more}
    return entity(id_, "Payment", payer="p1", payerAccount="a1", beneficiary="c1", **said)


def test_payment_names_payer_payee_and_purpose() -> None:
    found = tables(
        [payment("1", "1000.50", purpose="Аренда"), PERSON, COMPANY, ACCOUNT], Locale(), 9
    )
    assert found.payments.rows == [
        (
            "2020-02-05",
            "1,000.50",
            "KZT",
            "Иван Вымышленный (KZ86125KZT5004100100)",
            "ТОО «Пример»",
            "Аренда",
        )
    ]


def test_party_of_a_payment_that_is_not_told_of_is_named_by_its_id() -> None:
    assert tables([payment("1", "5")], Locale(), 9).payments.rows[0][3:5] == ("p1 (a1)", "c1")


def test_entities_say_what_they_are_and_what_tells_them_apart() -> None:
    found = tables([PERSON, COMPANY], Locale(), 9).entities.rows
    assert found == [
        ("person", "Иван Вымышленный", "born 1980-01-02; country Kazakhstan"),
        ("company", "ТОО «Пример»", "registration number 061211600012"),
    ]
    assert tables([PERSON], Locale(Language.KK), 9).entities.rows[0][0] == "жеке тұлға"


def test_link_says_who_and_what_it_links() -> None:
    found = tables([OWNERSHIP, PERSON, COMPANY], Locale(), 9).links.rows
    assert found == [("ownership", "Иван Вымышленный", "ТОО «Пример»", "51")]


def test_what_is_told_twice_is_shown_once_and_two_payments_are_two() -> None:
    twice = [PERSON, PERSON, OWNERSHIP, OWNERSHIP, payment("1", "5"), payment("1", "5")]
    found = tables(twice, Locale(), 9)
    assert (found.entities.count, found.links.count, found.payments.count) == (1, 1, 2)


def test_totals_are_by_currency() -> None:
    paid = [payment("1", "1000.50"), payment("2", "0.5"), payment("3", "7", currency="usd")]
    assert tables(paid, Locale(), 1).totals == "1,001.00 KZT; 7 USD"
    assert tables(paid, Locale(Language.RU), 1).totals == "1\u00a0001,00 KZT; 7 USD"


def test_a_total_is_exact_where_the_common_context_would_round() -> None:
    large, small = "9" * 20, "0.0000000000001"
    found = tables([payment("1", large), payment("2", small)], Locale(), 1)
    assert found.totals.replace(",", "") == f"{large}.{small[2:]} KZT"


def test_the_currency_stands_beside_the_amount_of_what_is_worth_something() -> None:
    one = entity("s", "Security", name="Вымышленная", amount="1500.5", currency="USD")
    other = entity("t", "Security", name="Иная", currency="USD")
    found = tables([one, other], Locale(Language.KK), 9).entities.rows
    assert [each[2] for each in found] == ["сома 1\u00a0500,5 USD", "валюта USD"]


def test_several_amounts_are_told_apart_where_the_comma_is_the_decimal_mark() -> None:
    two = payment("1", "5.5")
    two["properties"]["amount"].append("6")
    assert tables([two], Locale(Language.RU), 9).payments.rows[0][1] == "5,5; 6"


def test_unseen_characters_of_a_currency_are_shown_in_the_total() -> None:
    assert tables([payment("1", "5", currency="U\u202eSD")], Locale(), 9).totals == "5 U[U+202E]SD"


def test_no_total_is_told_where_an_amount_is_not_clear() -> None:
    for unclear in ("1 000,50", "1e999999", "NaN", ""):
        assert tables([payment("1", "5"), payment("2", unclear)], Locale(), 9).totals == ""
    two = payment("1", "5")
    two["properties"]["amount"].append("6")
    assert tables([two], Locale(), 9).totals == ""


def test_rows_are_bounded_and_all_are_counted() -> None:
    found = tables([payment(str(n), "1") for n in range(500)], Locale(), 20).payments
    assert (len(found.rows), found.count) == (20, 500)


def test_names_of_others_are_shown_without_anything_unseen() -> None:
    hostile = entity("x\u202e", "Person", name="Имя\u0000\n\u3164")
    [row] = tables([hostile], Locale(), 9).entities.rows
    assert row[1] == "Имя[U+0000] [U+3164]"
