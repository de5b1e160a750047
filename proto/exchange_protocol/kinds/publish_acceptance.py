"""`publish_acceptance`: what an agency takes: kinds, languages, sizes, hours and duty contact.

The hub refuses an initial statement that its recipient does not take (NOT_TAKEN); hours and contact
are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import MAX_NAMED, Body
from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.fields import parse_enum
from exchange_protocol.kinds.names import parse_name
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words

MAX_WORDS = 200


@dataclass(frozen=True, slots=True)
class PublishAcceptance(Body):
    """The limits of what the author's agency takes; empty lists and 0 mean no limit."""

    kinds: tuple[str, ...] = ()
    """Names of initial kinds."""
    languages: tuple[Language, ...] = ()
    max_part_bytes: int = 0
    hours: str = ""
    duty_contact: str = ""


def _parse(message: Any, where: str) -> Body:
    if len(message.kinds) > MAX_NAMED or len(message.languages) > len(Language):
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_NAMED} kinds and {len(Language)} languages", field=where
        )
    return PublishAcceptance(
        kinds=_distinct(tuple(message.kinds), f"{where}.kinds"),
        languages=_distinct(
            tuple(parse_enum(Language, each, f"{where}.languages") for each in message.languages),
            f"{where}.languages",
        ),
        max_part_bytes=message.max_part_bytes,
        hours=_words(message.hours, f"{where}.hours"),
        duty_contact=_words(message.duty_contact, f"{where}.duty_contact"),
    )


def _distinct(given: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if len(set(given)) != len(given):
        raise Reason.INVALID_FIELD.error("expected each once", field=where)
    return given


def _words(text: str, where: str) -> str:
    return parse_name(text, MAX_WORDS, where) if text else ""


SPEC = KindSpec(
    body=PublishAcceptance,
    stage=Stage.DIRECTORY,
    words=Words(
        "what an agency takes", "условия приёма запросов органом", "органның қабылдау шарттары"
    ),
    parse=_parse,
)
