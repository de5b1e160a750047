"""The mapping from goAML to FollowTheMoney: what each element is, by its name.

National dialects of goAML add elements. So an element of an unknown name is a party if it holds
what a party holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agency_client.content.goaml.elements import Node

_PERSONS: Final = frozenset(
    {"t_person", "from_person", "to_person", "person", "person_my_client", "t_conductor"}
    | {"director_id"}
)
_COMPANIES: Final = frozenset(
    {"t_entity", "from_entity", "to_entity", "entity", "entity_my_client"}
)
_ACCOUNTS: Final = frozenset(
    {"t_account", "from_account", "to_account", "account", "account_my_client"}
)
SIDES: Final = {
    "t_from": "payer",
    "t_from_my_client": "payer",
    "t_to": "beneficiary",
    "t_to_my_client": "beneficiary",
}
"""Properties of the party of a side of a transaction, by the element of that side."""
PROPERTIES: Final[dict[str, dict[str, str]]] = {
    "Person": {
        "title": "title",
        "first_name": "firstName",
        "middle_name": "middleName",
        "last_name": "lastName",
        "birthdate": "birthDate",
        "birth_place": "birthPlace",
        "country_of_birth": "birthCountry",
        "mothers_name": "motherName",
        "alias": "alias",
        "full_name_frn": "name",
        "ssn": "socialSecurityNumber",
        "passport_number": "passportNumber",
        "id_number": "idNumber",
        "nationality1": "nationality",
        "nationality2": "nationality",
        "nationality3": "nationality",
        "residence": "country",
        "email": "email",
        "occupation": "position",
        "date_deceased": "deathDate",
        "tax_number": "taxNumber",
        "comments": "notes",
    },
    "Company": {
        "name": "name",
        "commercial_name": "alias",
        "incorporation_legal_form": "legalForm",
        "incorporation_number": "registrationNumber",
        "business": "sector",
        "email": "email",
        "url": "website",
        "incorporation_country_code": "jurisdiction",
        "incorporation_date": "incorporationDate",
        "date_business_closed": "dissolutionDate",
        "tax_number": "taxNumber",
        "comments": "notes",
    },
    "BankAccount": {
        "institution_name": "bankName",
        "swift": "bic",
        "institution_country": "country",
        "account": "accountNumber",
        "currency_code": "currency",
        "account_name": "name",
        "iban": "iban",
        "personal_account_type": "accountType",
        "account_type": "accountType",
        "opened": "openingDate",
        "closed": "closingDate",
        "balance": "balance",
        "date_balance": "balanceDate",
        "comments": "notes",
    },
    "Identification": {
        "type": "type",
        "number": "number",
        "issue_date": "startDate",
        "expiry_date": "endDate",
        "issued_by": "authority",
        "issue_country": "country",
        "comments": "description",
    },
    "Payment": {
        "transactionnumber": "transactionNumber",
        "internal_ref_number": "recordId",
        "transaction_description": "purpose",
        "date_transaction": "date",
        "amount_local": "amount",
        "comments": "description",
    },
}
"""Properties by schema and element; an element that is not here goes to the notes."""
INTERVALS: Final = frozenset(
    {"Payment", "Identification", "UnknownLink", "Directorship", "Ownership"}
)
"""Schemata that have a description in the place of notes."""
REPORTER: Final = "reporting_person"
"""The one party of a head, which is no subject."""
READ: Final = frozenset(
    {"report", "transaction", "activity", "report_parties", "involved_parties", "party", "role"}
    | {"currency_code_local", "identification", "identifications", "sanctions", "signatory"}
    | {"addresses", "address", "phones", "phone", "tph_number", "tph_country_prefix"}
    | _PERSONS | _COMPANIES | _ACCOUNTS | {*SIDES}
).union(*PROPERTIES.values())  # fmt: skip
"""Names of elements that are read; goAML tells capitals from small letters."""


def schema_of(node: Node) -> str:
    """The schema of a party."""
    if node.tag in _ACCOUNTS:
        return "BankAccount"
    if node.tag in _COMPANIES:
        return "Company"
    if node.tag in _PERSONS:
        return "Person"
    tags = {child.tag for child in node.children}
    if tags & {"first_name", "last_name"}:
        return "Person"
    return "BankAccount" if tags & {"account", "iban"} else "Company"


def is_party(node: Node) -> bool:
    """True for a person, a company or an account: by its name, or by what it holds."""
    if node.is_leaf:
        return False
    if node.tag in _PERSONS or node.tag in _COMPANIES or node.tag in _ACCOUNTS:
        return True
    leaves = {child.tag for child in node.children if child.is_leaf}
    return bool(leaves & {"first_name", "last_name", "account_name", "incorporation_number"})


def has_party(node: Node) -> bool:
    """True if a party stands somewhere below an element."""
    return any(is_party(child) or has_party(child) for child in node.children)


def parties_below(node: Node) -> Iterator[Node]:
    """The parties below an element; those within another party belong to that one."""
    for child in node.children:
        if is_party(child):
            yield child
        else:
            yield from parties_below(child)


def roles_of(node: Node) -> list[Node]:
    """The role of a director, which stands among its names."""
    is_director = node.tag == "director_id"
    return [child for child in node.children if is_director and child.tag == "role" and child.text]
