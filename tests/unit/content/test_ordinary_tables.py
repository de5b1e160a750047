"""Ordinary tables of the region are taken whole: a rule against what is spoiled must let them be.

All names and numbers are invented.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from agency_client.content.entities import entities_from_csv
from exchange_protocol.errors import ExchangeError


def _mapping(schema: str, keys: str, **columns: str) -> str:
    told = ", ".join(f"{name}: {{column: '{column}'}}" for name, column in columns.items())
    return f"entities: {{it: {{schema: {schema}, keys: [{keys}], properties: {{{told}}}}}}}"


_ROWS: Final = {
    "clients with posts": (
        "Должность;Почта;ФИО;ИИН;Телефон\n"
        "Директор;a_ivanov@mail.kz;Иванов;901231300123;\n"
        "Главный бухгалтер;buh_1@mail.kz;Ким;880101400456;\n"
        "Начальник отдела: кредиты;;Петрова;920505400789;\n",
        _mapping("Person", "ИИН", name="ФИО", idNumber="ИИН", position="Должность"),
    ),
    "payments by purpose": (
        "Назначение;Номер;Сумма;Получатель;Примечание\n"
        "Подпись: ЭЦП, оплата;12;100.00;Ким;\n"
        "Сформировано: реестр 5;13;250.50;Ким;\n"
        "Всё за услуги: май;14;1.00;Ли;срочно\n",
        _mapping("Payment", "Номер", purpose="Назначение", amount="Сумма", summary="Получатель"),
    ),
    "names that a star marks": (
        "ФИО;Псевдоним;Адрес\n*Примеров Пример Примерович;;\n*EXAMPLE LTD;;\nКим;Ким;Алматы\n",
        _mapping("Person", "ФИО", name="ФИО", alias="Псевдоним"),
    ),
    "companies with names of types": (
        "Форма;Название\nТОО;Пример\nObject;Real\nText;Any\nЧисло;Дата\n",
        _mapping("Company", "Название", name="Название", legalForm="Форма"),
    ),
    "people with names of totals": (
        "ФИО;ИИН;Телефон;Почта\n"
        "Cemi;901231300123;77011234567;\n"
        "Toplam;880101400456;77017654321;\n"
        "Cəmi Əliyev;920505400789;;a@mail.az\n",
        _mapping("Person", "ИИН", name="ФИО", idNumber="ИИН"),
    ),
    "documents with apostrophes": (
        "Номер;Назначение;Сумма\n"
        "’12;@SHOP(ALMATY);5.00\n"
        "`13;=Альфа|Банк! срочно;6.00\n"
        "14;# 5 по счёту;7.00\n",
        _mapping("Payment", "Номер", recordId="Номер", purpose="Назначение", amount="Сумма"),
    ),
    "card transfers": (
        "Карта;Имя\n440043XXXXXX1234;Иванов\n440043XXXXXX5678;\n",
        _mapping("BankAccount", "Карта", accountNumber="Карта", name="Имя"),
    ),
    "list of numbers and names": (
        "ИИН;ФИО\n901231300123;Иванов\n880101400456;\n",
        _mapping("Person", "ИИН", idNumber="ИИН", name="ФИО"),
    ),
    "account turnover": (
        "Счёт;Дебет;Кредит;Остаток\nKZ12;100.00;;100.00\nKZ13;;50.00;-50.00\nKZ14;0;0;0\n",
        _mapping("BankAccount", "Счёт", accountNumber="Счёт", balance="Остаток"),
    ),
    "purposes of a bank": (
        "Номер,Назначение,Сумма\n"
        "1,Оплата по дог. № 5 от 01.02.2024 (в т.ч. НДС 12%),5.00\n"
        "2,Возврат: итого по акту,6.00\n"
        "3,-- без назначения --,7.00\n",
        _mapping("Payment", "Номер", recordId="Номер", purpose="Назначение", amount="Сумма"),
    ),
    "bank codes": (
        "БИК|Банк|Счёт|Остаток\nCASPKZKA|Банк А|KZ1|\nHSBKKZKX|Банк Б|KZ2|5.00\n",
        _mapping("BankAccount", "Счёт", accountNumber="Счёт", bankName="Банк"),
    ),
    "loans": (
        "Договор;Заёмщик;Сумма;Просрочка\n1/2024;Жами;5000;\n2/2024;Разом ТОО;70000;3\n",
        _mapping("Debt", "Договор", recordId="Договор", amount="Сумма", summary="Заёмщик"),
    ),
    "exchange of currency": (
        "№;Валюта;Сумма;Курс\n1;USD;100;450.5\n2;sum;200000;0.04\n3;KZT;5;\n",
        _mapping("Payment", "№", recordId="№", currency="Валюта", amount="Сумма")
        .replace(", currency: {column: 'Валюта'}", ", summary: {column: 'Валюта'}"),
    ),
    "subscribers": (
        "Номер\tАбонент\tТариф\n+77011234567\tИванов\t*100#\n+77017654321\tКим\t\n",
        _mapping("Person", "Номер", phone="Номер", name="Абонент", notes="Тариф"),
    ),
    "calls": (
        "id;A;B;Секунд\n1;77011234567;77017654321;0\n2;77011234567;111;15\n3;;112;7\n",
        _mapping("Call", "id", recordId="id", summary="B", description="Секунд"),
    ),
    "devices": (
        "IMEI,Модель,Абонент\n356938035643809,SM_A50__,Иванов\n490154203237518,,\n",
        _mapping("Person", "IMEI", idNumber="IMEI", notes="Модель", name="Абонент"),
    ),
    "base stations": (
        "Станция;Адрес;Сектор\nALM_001;г. Алматы, ул. Абая, 1;1\nALM_002;Лист 5, дом 3;2\n",
        _mapping("Address", "Станция", name="Станция", full="Адрес"),
    ),
    "customs declarations": (
        "ДТ;Товар;Вес;Стоимость\n"
        "50505/010224/0000001;Всего: ткани и нитки;100;5.00\n"
        "50505/010224/0000002;Подпись (картина);1;900.00\n",
        _mapping("Document", "ДТ", title="ДТ", summary="Товар", notes="Вес"),
    ),
    "carriers": (
        "Гос. номер;Водитель;Страна\n123ABC02;Каримов;kz\n01A123BC;;uz\n0000;Орлов;\n",
        _mapping("Vehicle", "Гос. номер", registrationNumber="Гос. номер", owner="Водитель")
        .replace("owner", "notes"),
    ),
    "tariff codes": (
        "Код;Наименование;Ставка\n0101210000;Лошади;5\n0102;- прочие;\n010210;-- живые;0\n",
        _mapping("Document", "Код", title="Код", summary="Наименование"),
    ),
    "registry of companies": (
        "БИН;Наименование;Руководитель;Адрес\n"
        "010140000123;ТОО «Итого»;Директор;\n"
        "020240000456;АО «Жами Холдинг»;;г. Астана\n"
        '030340000789;"ИП ""Всего 5"" & Ко";Ким;\n',
        _mapping("Company", "БИН", registrationNumber="БИН", name="Наименование", address="Адрес"),
    ),
    "registry of property": (
        "Кадастровый номер;Владелец;Доля\n20-315-001-001;Сулейменов;1/2\n20-315-001-001-1;Ким;\n",
        _mapping("RealEstate", "Кадастровый номер", registrationNumber="Кадастровый номер",
                 notes="Владелец"),
    ),
    "registry of vehicles": (
        "VIN;Марка;Год;Цвет\nXTA210990Y2766389;ВАЗ_2109;2000;\nJTDBE32K430156789;Camry;2003;=\n",
        _mapping("Vehicle", "VIN", registrationNumber="VIN", model="Марка", notes="Цвет"),
    ),
    "court decisions": (
        "Дело;Исполнитель;Суть\n2-15/24;Исполнитель Ахметов;Взыскать\n2-16/24;Имза А.;Отказать\n",
        _mapping("Document", "Дело", title="Дело", author="Исполнитель", summary="Суть"),
    ),
    "passports": (
        "Паспорт;Гражданин;Выдан\nN12345678;Йўлдошев О‘ткир;МВД РК\nAA1234567;G‘ulom;\n",
        _mapping("Passport", "Паспорт", number="Паспорт", authority="Выдан", summary="Гражданин"),
    ),
    "payers of taxes": (
        "ИНН,Наименование,Оборот,Сальдо\n200000001,Оборот ОсОО,10.00,\n200000002,Сальдо,5.00,1\n",
        _mapping("Company", "ИНН", taxNumber="ИНН", name="Наименование", notes="Оборот"),
    ),
    "crossings of a border": (
        "№;ФИО;Пункт;Время\n1;Rahbar Aliyev;Хоргос;2024-02-01T10:00:00\n2;Imzo Karimov;Достык;\n",
        _mapping("Event", "№", recordId="№", name="ФИО", location="Пункт", date="Время"),
    ),
    "wallets": (
        "Адрес;Биржа;Пометка\nTQn9Y2khEsLJW1;Binance;_hot__\n0x00dEaD;;#1\n",
        _mapping("CryptoWallet", "Адрес", publicKey="Адрес", name="Биржа", notes="Пометка"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _ROWS)
def test_ordinary_table_is_taken_whole(tmp_path: Path, name: str) -> None:
    rows, mapping = _ROWS[name]
    table, by = tmp_path / "t.csv", tmp_path / "m.yaml"
    table.write_text(rows, "utf-8")
    by.write_text(mapping, "utf-8")
    read = entities_from_csv(table, by)
    assert read.count == len(rows.splitlines()) - 1
    assert all(each["properties"] for each in read)


def test_row_of_types_is_refused_below_the_headings(tmp_path: Path) -> None:
    table, by = tmp_path / "t.csv", tmp_path / "m.yaml"
    table.write_text("Форма;Название\nvarchar(10);varchar(200)\nТОО;Пример\n", "utf-8")
    by.write_text(_mapping("Company", "Название", name="Название"), "utf-8")
    with pytest.raises(ExchangeError, match="line 2: the row names the types of the columns"):
        entities_from_csv(table, by)
