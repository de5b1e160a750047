"""Grounds of refusal: which of them cannot stand alone (docs/rules.md#p26).

FATF R.40 names grounds on which assistance may not be refused. A refuser may state one, since it
may be part of the truth, but beside another that allows to refuse.
"""

from __future__ import annotations

from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import RefusalGround

NEVER_ALONE: Final = (
    RefusalGround.FISCAL_MATTER,
    RefusalGround.BANK_SECRECY,
    RefusalGround.INQUIRY_UNDERWAY,
    RefusalGround.DIFFERENT_AUTHORITY,
)
"""Grounds that refuse nothing by themselves, nor together."""
FURTHER_GROUNDS_HELP: Final = "A further ground, beside --ground; repeatable"
"""The help of the argument `further_grounds`."""


def check_grounds(
    ground: RefusalGround | None, further: tuple[RefusalGround, ...], where: str
) -> None:
    """Check that the grounds of a body, if it states any, allow to refuse.

    Raises:
        InvalidInput: GROUND_NEVER_ALONE, if none of them may stand alone; INVALID_FIELD for
            further grounds without a first, or one that is stated twice.
    """
    if ground is None:
        if further:
            raise Reason.INVALID_FIELD.error(
                "expected further grounds only beside a ground", field=f"{where}.further_grounds"
            )
        return
    if ground in further:
        raise Reason.INVALID_FIELD.error(
            f"expected each ground once, got {ground.name} twice", field=f"{where}.further_grounds"
        )
    if all(each in NEVER_ALONE for each in (ground, *further)):
        stated = " and ".join(each.name for each in (ground, *further))
        is_inquiry = RefusalGround.INQUIRY_UNDERWAY in (ground, *further)
        other = (
            "IMPEDES_INVESTIGATION, if it would impede that inquiry,"
            if is_inquiry
            else "another ground"
        )
        raise Reason.GROUND_NEVER_ALONE.error(
            f"FATF Recommendation 40 does not allow to refuse on {stated} alone "
            f"(docs/rules.md#p26): state {other} beside it (--further-ground), or answer",
            field=f"{where}.ground",
        )
