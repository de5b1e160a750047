"""A goAML report: every value arrives, or is refused with its place."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agency_client.content.entity import Entity
from agency_client.content.goaml import entities_from_goaml, parsing
from exchange_protocol.errors import InvalidInput

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<report>
  <rentity_id>17</rentity_id>
  <report_code>STR</report_code>
  <currency_code_local>KZT</currency_code_local>
  <reporting_person><first_name>Reporting</first_name><last_name>Clerk</last_name></reporting_person>
  <transaction>
    <transactionnumber>TX-1</transactionnumber>
    <transaction_location>Алматы</transaction_location>
    <transaction_description>Вымышленный платёж</transaction_description>
    <date_transaction>2025-03-02T23:30:00+05:00</date_transaction>
    <amount_local>1000.50</amount_local>
    <t_from_my_client>
      <from_funds_code>K</from_funds_code>
      <t_conductor><first_name>Third</first_name><last_name>Conductor</last_name></t_conductor>
      <from_account>
        <institution_name>Fictional Bank</institution_name>
        <swift>FICTKZKA</swift>
        <account>KZ-1</account>
        <currency_code>KZT</currency_code>
        <account_name>Account One</account_name>
        <signatory>
          <is_primary>1</is_primary>
          <t_person>
            <gender>M</gender>
            <first_name>Askhat</first_name>
            <last_name>Primer</last_name>
            <birthdate>1900-01-01T00:00:00</birthdate>
            <full_name_frn>Асхат Пример</full_name_frn>
            <nationality1>KZ</nationality1>
            <residence>Атлантида</residence>
            <phones><phone><tph_country_prefix>7</tph_country_prefix>
              <tph_number>7011234567</tph_number></phone></phones>
            <addresses><address><address_type>1</address_type><address>Абая 1</address>
              <city>Алматы</city></address></addresses>
            <identification><type>P</type><number>N1234567</number>
              <issue_date>2020-05-06T00:00:00</issue_date>
              <expiry_date>2100-12-31T00:00:00</expiry_date></identification>
            <sanctions><sanction_list><name>List</name></sanction_list></sanctions>
          </t_person>
          <role>B</role>
        </signatory>
      </from_account>
      <from_country>KZ</from_country>
    </t_from_my_client>
    <t_to>
      <to_foreign_currency><foreign_amount>2.00</foreign_amount></to_foreign_currency>
      <to_entity>
        <name>Fictional LLP</name><incorporation_number>123</incorporation_number>
        <director_id><first_name>Dina</first_name><last_name>Director</last_name>
          <role>D</role></director_id>
      </to_entity>
    </t_to>
    <goods_services><item><item_type>V</item_type></item><item><item_type>W</item_type></item>
    </goods_services>
  </transaction>
  <activity>
    <report_parties>
      <report_party>
        <person><first_name>Other</first_name><last_name>Party</last_name></person>
        <significance>7</significance><reason>Вымышленная причина</reason>
      </report_party>
    </report_parties>
    <goods_services><item><item_type>House</item_type></item></goods_services>
  </activity>
  <report_indicators><indicator>X1</indicator></report_indicators>
</report>
"""
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
UNKNOWN = {"1900-01-01T00:00:00", "2100-12-31T00:00:00"}


def read(report: str = REPORT) -> list[Entity]:
    return list(entities_from_goaml(report.encode(), "report.xml"))


def of(schema: str, report: str = REPORT) -> list[dict[str, list[str]]]:
    return [each["properties"] for each in read(report) if each["schema"] == schema]


def refused(report: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        entities_from_goaml(report.encode(), "report.xml")
    return caught.value.message


def test_every_value_of_transactions_and_activities_arrives() -> None:
    """The property of this importer, taken from another parser of XML."""
    root = ElementTree.fromstring(REPORT.encode())  # noqa: S314 - our own text
    told = [value for each in read() for values in each["properties"].values() for value in values]
    for part in ("transaction", "activity"):
        for node in root.findall(part):
            for leaf in node.iter():
                text = (leaf.text or "").strip()
                if not text or len(leaf) or text in UNKNOWN:
                    continue
                day = text.removesuffix("T00:00:00")
                assert any(
                    day == value or value.endswith(f": {text}") or day in value.split(", ")
                    for value in told
                ), (leaf.tag, text)


def test_the_head_is_left_out_and_told() -> None:
    found = entities_from_goaml(REPORT.encode())
    assert not any("Clerk" in repr(each) for each in found)
    notes = " ".join(found.notes)
    assert "left out: rentity_id, report_code, reporting_person, report_indicators" in notes
    assert "stand for unknown, left out: 2" in notes
    assert "Clerk" not in notes


def test_parties_are_subjects_and_are_linked() -> None:
    found = entities_from_goaml(REPORT.encode())
    assert found.subjects == 6
    persons = {each["name"][0] for each in of("Person")}
    assert persons == {"Third Conductor", "Асхат Пример", "Dina Director", "Other Party"}
    [payment] = of("Payment")
    by_id = {each["id"]: each for each in found}
    assert by_id[payment["payerAccount"][0]]["properties"]["accountNumber"] == ["KZ-1"]
    assert by_id[payment["beneficiary"][0]]["properties"]["name"] == ["Fictional LLP"]
    assert payment["currency"] == ["KZT"]
    [director] = of("Directorship")
    assert director["role"] == ["D"]
    assert {each["role"][0] for each in of("UnknownLink")} == {"B", "t_conductor"}
    [paper] = of("Identification")
    assert by_id[paper["holder"][0]]["properties"]["name"][0] == "Асхат Пример"
    assert "endDate" not in paper


def test_a_day_stays_the_day_that_was_written() -> None:
    [payment] = of("Payment")
    assert payment["date"] == ["2025-03-02"]
    assert "date_transaction: 2025-03-02T23:30:00+05:00" in payment["description"]
    assert of("Identification")[0]["startDate"] == ["2020-05-06"]


def test_a_value_that_no_property_takes_is_a_note() -> None:
    [person] = [each for each in of("Person") if "Асхат Пример" in each["name"]]
    for note in ("gender: M", "residence: Атлантида", "sanctions/sanction_list/name: List"):
        assert note in person["notes"]
    assert person["phone"] == ["+77011234567"]
    assert person["address"] == ["Абая 1, Алматы"]


def test_a_value_that_its_own_property_does_not_take_is_told() -> None:
    report = REPORT.replace("<tph_number>7011234567<", "<tph_number>внутр. 12<")
    told = entities_from_goaml(report.encode())
    assert (
        "Values that their own property does not take, among the notes: residence (1), "
        "tph_number (1)."
    ) in told.notes
    for name in ("residence: expected a country", "tph_number: expected a telephone number"):
        assert any(name in each and "among the notes" in each for each in told.warnings), name
    assert not any("Атлантида" in each or "внутр" in each for each in (*told.notes, *told.warnings))


def test_an_identifier_that_fails_its_check_is_told() -> None:
    report = REPORT.replace(
        "<swift>FICTKZKA</swift>", "<swift>FICT</swift><iban>KZ00125KZT5004100100</iban>"
    )
    warnings = entities_from_goaml(report.encode()).warnings
    assert any("bic: it is no BIC" in each for each in warnings)
    assert any("iban: it fails its check digits" in each for each in warnings)


def test_a_party_in_two_payments_is_one_and_two_payments_are_two() -> None:
    body = re.search(r"<transaction>.*</transaction>", REPORT, re.DOTALL)
    assert body is not None
    doubled = REPORT.replace(body[0], body[0] * 2)
    assert entities_from_goaml(doubled.encode()).subjects == 6
    assert len(of("Payment", doubled)) == 2
    assert len({each["id"] for each in read(doubled)}) == len(read(doubled))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<from_country>KZ</from_country>", "<strange>{}</strange>"),
        ("<gender>M</gender>", "<strange><deeper>{}</deeper></strange>"),
        ("<to_entity>", "<strange>{}</strange><to_entity>"),
        ("<significance>7</significance>", "<strange>{}</strange>"),
    ],
)  # fmt: skip
def test_a_party_where_none_is_expected_is_counted(old: str, new: str) -> None:
    party = "<owner><first_name>Un</first_name><last_name>Expected</last_name></owner>"
    assert old in REPORT
    changed = REPORT.replace(old, new.format(party))
    assert "Un Expected" in {each["name"][0] for each in of("Person", changed)}
    assert entities_from_goaml(changed.encode()).subjects == 7


def test_several_parties_of_a_payment_are_told_by_their_ids() -> None:
    report = """<report><transaction><transactionnumber>T</transactionnumber>
    <amount_local>5</amount_local><involved_parties><party><role>B</role>
    <person><first_name>A</first_name><last_name>B</last_name></person><funds_code>K</funds_code>
    </party></involved_parties></transaction></report>"""
    [person] = [each for each in read(report) if each["schema"] == "Person"]
    [payment] = of("Payment", report)
    assert f"party: {person['id']}" in payment["description"]
    assert "currency" not in payment


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2020-05-06T00:00:00", "06.05.2020", r"line \d+, /report/transaction/.*/issue_date: "),
        ("1000.50", "1 000,50", "/report/transaction/amount_local: expected a number"),
        ("<gender>M", '<gender code="1">M', "/gender: an attribute"),
        ("<gender>M", '<gender xsi:nil="true">M', "/gender: an attribute"),
        ("<gender>M", f'<gender {XSI} xsi:nil="true">M', "/gender: an attribute"),
        ("<gender>M", f'<gender {XSI} xsi:nil="true" code="1">M', "/gender: an attribute"),
        ("<gender>M</gender>", "<gender>M</gender>lost", "text stands between elements"),
        ("Fictional LLP", "Fictional\u202eLLP", r"to_entity/name: .*202E"),
        ("Вымышленная причина", "a\u200bb", r"report_party/reason: .*200B"),
        ("<report>", "<!DOCTYPE report [<!ENTITY a 'b'>]><report>", "document type"),
        ("<report>", "<reports>", "does not parse"),
        ('encoding="UTF-8"', 'encoding="none-such"', "line 1"),
    ],
)
def test_what_cannot_arrive_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    assert old in REPORT
    message = refused(REPORT.replace(old, new, 1))
    assert re.search(said, message), message
    assert message.startswith("report.xml")
    assert "06.05.2020" not in message


@pytest.mark.parametrize(
    ("root", "nil"),
    [
        (f"<report {XSI}>", '<from_country xsi:nil="true"/>'),
        (f"<report {XSI}>", '<from_country xsi:nil="1"></from_country>'),
        (f"<report {XSI}>", '<from_country xsi:nil="false">KZ</from_country>'),
        (f"<report {XSI.replace('xsi', 'i')}>", '<from_country i:nil="true"/>'),
        ("<report>", f'<from_country {XSI} xsi:nil="true"/>'),
    ],
)
def test_element_that_says_it_has_no_value_is_taken(root: str, nil: str) -> None:
    """Programs write xsi:nil at each element that a form left empty."""
    full = "<from_country>KZ</from_country>"
    same = REPORT if "KZ" in nil else REPORT.replace(full, "<from_country/>")
    assert read(REPORT.replace("<report>", root).replace(full, nil)) == read(same)


def test_the_second_element_of_a_name_is_told_apart() -> None:
    message = refused(REPORT.replace("<item_type>W</item_type>", "<a>\u200b</a>"))
    assert "/report/transaction/goods_services/item[2]/a" in message


@pytest.mark.parametrize("report", ["<x/>", "<report/>", "", "<report><activity/></report>"])
def test_what_holds_no_party_is_refused(report: str) -> None:
    refused(report)


def test_depth_and_size_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nested too deeply" in refused("<report>" + "<a>" * 40 + "</a>" * 40 + "</report>")
    monkeypatch.setattr(parsing, "MAX_REPORT_BYTES", 100)
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    with pytest.raises(InvalidInput, match="at most 100 bytes"):
        entities_from_goaml(path)
    with pytest.raises(InvalidInput, match="cannot read"):
        entities_from_goaml(tmp_path / "none.xml")


def test_what_nobody_could_read_again_is_refused() -> None:
    """A recipient reads an entity as one line of bounded length."""
    items = "".join(f"<item><item_type>{number:032}</item_type></item>" for number in range(5000))
    message = refused(REPORT.replace("<goods_services>", f"<goods_services>{items}", 1))
    assert "of one thing" in message


PAYMENT = "<report><transaction><comments>К</comments>{}</transaction></report>"


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (
            PAYMENT.format("<amount_local>5</amount_local>\n<amount_local>6</amount_local>"),
            "line 2, /report/transaction/amount_local[2]: expected this element once",
        ),
        (
            PAYMENT.format(
                "<date_transaction>2024-01-02</date_transaction>"
                "<date_transaction>2024-01-03</date_transaction>"
            ),
            "line 1, /report/transaction/date_transaction[2]: expected this element once",
        ),
        (
            "<report><currency_code_local>KZT</currency_code_local>\n"
            "<currency_code_local>USD</currency_code_local></report>",
            "line 2, /report/currency_code_local[2]: expected this element once",
        ),
        (
            PAYMENT.format("<date_transaction>2024-01-02T24:00:00</date_transaction>"),
            "line 1, /report/transaction/date_transaction: expected a date",
        ),
        (
            PAYMENT.format("<t_to><to_account><account>4,08E+19</account></to_account></t_to>"),
            "/report/transaction/t_to/to_account/account: expected an identifier, got one that",
        ),
        (
            '<report xmlns="u">\n<transaction/></report>',
            "line 2, /report/transaction: the transaction",
        ),
        (
            '<?xml version="1.0" encoding="windows-1251"?>'
            + PAYMENT.format("<transaction_location>Вымышленный город</transaction_location>"),
            "line 1: the report names another encoding",
        ),
    ],
)
def test_value_that_would_be_doubtful_to_all_is_refused(report: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        entities_from_goaml(report.encode())
    assert says in caught.value.message


def test_zone_of_a_midnight_stands_among_the_notes() -> None:
    day = "2024-01-02T00:00:00+05:00"
    (entity,) = entities_from_goaml(
        PAYMENT.format(f"<date_transaction>{day}</date_transaction>").encode()
    )
    assert entity["properties"]["date"] == ["2024-01-02"]
    assert f"date_transaction: {day}" in entity["properties"]["description"]


def test_report_in_another_encoding_that_it_names_is_read() -> None:
    report = '<?xml version="1.0" encoding="windows-1251"?>' + PAYMENT.format("")
    (entity,) = entities_from_goaml(report.encode("cp1251"))
    assert entity["properties"]["description"] == ["К"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("name", ["windows-1251", "ISO-8859-5", "koi8-r"])
def test_report_in_utf_8_that_names_another_encoding_is_refused(mark: str, name: str) -> None:
    """The name of two letters would arrive as two signs, and nobody would find it."""
    given = f"""{mark}<?xml version="1.0" encoding="{name}"?>
<report><transaction><t_from><from_person><first_name>Ан</first_name><last_name>Ли</last_name>
</from_person></t_from></transaction></report>"""
    with pytest.raises(InvalidInput, match="line 1: the report names another encoding"):
        entities_from_goaml(given.encode())


def test_a_mark_of_utf_8_settles_it_where_the_letters_do_not() -> None:
    given = """\ufeff<?xml version="1.0" encoding="windows-1251"?>
<report><transaction><t_from><from_person><first_name>é</first_name></from_person></t_from>
</transaction></report>"""
    with pytest.raises(InvalidInput, match="line 1: the report names another encoding"):
        entities_from_goaml(given.encode())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<amount_local>1000.50</amount_local>", "<Amount_Local>1000.50</Amount_Local>",
         "in small letters, amount_local"),
        ("<currency_code_local>KZT</currency_code_local>",
         "<CURRENCY_CODE_LOCAL>KZT</CURRENCY_CODE_LOCAL>", "small letters, currency_code_local"),
        ("<rentity_id>17</rentity_id>", "<Transaction><comments>A</comments></Transaction>",
         "in small letters, transaction"),
        ("<rentity_id>17</rentity_id>", "<all><t_person><last_name>A</last_name></t_person></all>",
         "/report/all: expected a party within a transaction"),
    ],
)  # fmt: skip
def test_what_would_be_left_out_with_the_head_is_refused(old: str, new: str, said: str) -> None:
    """goAML's names are of small letters: an amount in capitals would be a note and no amount."""
    assert old in REPORT
    with pytest.raises(InvalidInput, match=re.escape(said)):
        entities_from_goaml(REPORT.replace(old, new).encode())
