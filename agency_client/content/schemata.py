"""The schemata of FollowTheMoney, and which of them are subjects.

Entities of others are counted without loading FollowTheMoney's model, which takes a second. A test
holds these names against the model.
"""

from __future__ import annotations

from typing import Final

SUBJECT_SCHEMATA: Final = frozenset(
    {
        "Airplane", "Asset", "BankAccount", "Company", "Contract", "CryptoWallet", "LegalEntity",
        "License", "Organization", "Person", "PublicBody", "RealEstate", "Security", "UserAccount",
        "Vehicle", "Vessel",
    }
)  # fmt: skip
"""Schemata that count as subjects of a request: persons, companies, assets, wallets and
accounts. LegalEntity, Asset, CryptoWallet, UserAccount and all that derives from them."""

STAND_IN_SCHEMATA: Final = {
    "Identification": "holder",
    "Mention": "resolved",
    "Passport": "holder",
}
"""Papers and mentions of a person, and the property that says of whom: each is a subject unless it
says which subject of the statement it belongs to."""

OTHER_SCHEMATA: Final = frozenset(
    {
        "Address", "Article", "Associate", "Audio", "Call", "CallForTenders", "ContractAward",
        "Control", "CourtCase", "CourtCaseParty", "Debt", "Directorship", "Document",
        "Documentation", "EconomicActivity", "Email", "Employment", "Event", "Family", "Folder",
        "HyperText", "Image", "Membership", "Message", "Note", "Occupancy", "Ownership",
        "Package", "Page", "Pages", "Payment", "PlainText", "Position", "Project",
        "ProjectParticipant", "Representation", "Risk", "Sanction", "Similar", "Succession",
        "Table", "TaxRoll", "Territory", "Trip", "UnknownLink", "Video", "Workbook",
    }
)  # fmt: skip
"""Links, events, payments, papers and places: what is told of subjects."""

EVENT_SCHEMATA: Final = frozenset({"Call", "ContractAward", "Debt", "Event", "Payment", "Trip"})
"""Events: two that are told in the same words are two, and not one told twice."""

SCHEMATA: Final = SUBJECT_SCHEMATA | STAND_IN_SCHEMATA.keys() | OTHER_SCHEMATA
"""All schemata that an entity may have."""
