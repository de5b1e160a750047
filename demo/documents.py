"""The files that the actors work with: requests and replies in YAML, entities, a bank's CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import yaml

from demo.cast import (
    ANSWER,
    CONTRIBUTION,
    FACTS,
    NOTE,
    PAYMENT_COUNT,
    REGISTRATION_NUMBER,
    SHELL_COMPANY,
    SUMMARY,
    SUSPECTS,
)


def write_documents(folder: Path) -> None:
    """Write every document of the story."""
    folder.mkdir(mode=0o700)
    _yaml(
        folder / "request.yaml",
        {
            "brief": {
                "summary": SUMMARY,
                "offences": ["KZ-UK-297", "KZ-UK-218"],
                "stage": "PRE_TRIAL",
                "registration_number": REGISTRATION_NUMBER,
                "drug_nexus": "Доходы от сбыта героина.",
            },
            "content": {
                "items": ["ACCOUNT_IDENTIFICATION", "TRANSACTIONS"],
                "period": {"start": "2098-01-01", "end": "2099-03-01"},
                "facts": FACTS,
            },
        },
    )
    _yaml(folder / "referral.yaml", {"brief": {"summary": SUMMARY}, "content": {"facts": FACTS}})
    _yaml(
        folder / "analysis.yaml",
        {"brief": {"summary": SUMMARY}, "content": {"questions": ["Как движутся средства?"]}},
    )
    _yaml(
        folder / "reply.yaml",
        {"brief": {"summary": "Счета и операции."}, "content": {"text": "Выписка за период."}},
    )
    _yaml(folder / "no-hit.yaml", {"brief": {"summary": "Сведений нет."}})
    _yaml(folder / "note.yaml", {"brief": {"summary": NOTE}})
    _yaml(folder / "contribution.yaml", {"brief": {"summary": CONTRIBUTION}})
    _yaml(folder / "case-opened.yaml", {"brief": {"summary": "Начато производство."}})
    _yaml(
        folder / "product.yaml",
        {
            "brief": {"summary": "Аналитическая справка."},
            "content": {"title": "Справка", "findings": FACTS},
        },
    )
    _yaml(folder / "supplement.yaml", {"brief": {"summary": ANSWER}, "content": {"text": ANSWER}})
    _write_subjects(folder / "subjects.ftm.json")
    _write_bank_csv(folder / "bank.csv")
    _yaml(folder / "bank-mapping.yaml", _MAPPING)


def _write_subjects(path: Path) -> None:
    lines = [
        {
            "id": suspect.key,
            "schema": "Person",
            "properties": {
                "name": [suspect.name],
                "idNumber": [suspect.iin],
                "country": ["kz"],
            },
        }
        for suspect in SUSPECTS
    ]
    path.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )


def _write_bank_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "from_iban", "holder", "to_account", "company", "amount", "date"])
        for number in range(PAYMENT_COUNT):
            suspect = SUSPECTS[number % len(SUSPECTS)]
            rows.writerow(
                [
                    f"tx-{number:04d}",
                    suspect.iban,
                    suspect.name,
                    "transit-1",
                    SHELL_COMPANY,
                    f"{2_500_000 + 137 * number}.50",
                    f"2098-0{1 + number % 9}-1{number % 10}",
                ]
            )


_MAPPING: dict[str, Any] = {
    "bank": {
        "queries": [
            {
                "entities": {
                    "holder": {
                        "schema": "Person",
                        "keys": ["holder"],
                        "properties": {"name": {"column": "holder"}},
                    },
                    "account": {
                        "schema": "BankAccount",
                        "keys": ["from_iban"],
                        "properties": {"iban": {"column": "from_iban"}},
                    },
                    "ownership": {
                        "schema": "Ownership",
                        "keys": ["holder", "from_iban"],
                        "properties": {
                            "owner": {"entity": "holder"},
                            "asset": {"entity": "account"},
                        },
                    },
                    "company": {
                        "schema": "Company",
                        "keys": ["company"],
                        "properties": {"name": {"column": "company"}},
                    },
                    "payment": {
                        "schema": "Payment",
                        "keys": ["id"],
                        "properties": {
                            "payerAccount": {"entity": "account"},
                            "beneficiary": {"entity": "company"},
                            "amount": {"column": "amount"},
                            "currency": {"literal": "KZT"},
                            "date": {"column": "date"},
                        },
                    },
                }
            }
        ]
    }
}


def _yaml(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
