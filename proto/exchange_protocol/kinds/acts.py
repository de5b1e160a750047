"""Acts: what people do with a kind, each a method of the client and a command.

An act says what its caller gives: codes of the body, a brief, a document, entities. The client's
method, the command and its help are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from exchange_protocol.words import Code


class Text(NamedTuple):
    """A text that the author types; it goes into a field of the sealed brief."""

    name: str
    """Name of the argument and the option."""
    brief_field: str
    help: str
    default: str | None = None
    is_required: bool = True


class Brief(Enum):
    """The part of a brief that an act takes."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Document(NamedTuple):
    """The document of the part `content`; `type` names its class in the client's documents."""

    type: str
    argument: str = "document"
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One way to say a kind: a method of the client and a command.

    Most kinds have one act. A decision has three, one for each verdict.
    """

    name: str
    """The client's method."""
    command: str
    """The command, such as "reply" or "send referral"."""
    summary: str
    """One sentence, in the imperative: the method's docstring and the command's help."""
    done: str
    """The word that is printed afterwards, and the summary of a brief that was not given."""
    codes: tuple[str, ...] = ()
    """Attributes of the body that the caller gives."""
    fixed: Mapping[str, Code] = field(default_factory=dict)
    """Attributes of the body that the act itself sets."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of `codes`."""
    help: Mapping[str, str] = field(default_factory=dict)
    """The meaning of each of `codes`."""
    brief: Brief = Brief.NONE
    text: Text | None = None
    document: Document | None = None
    entities: str | None = None
    """Name of the argument for FollowTheMoney entities, if it takes any."""
    attachments: bool = False
    terms: bool = False
    """True if the caller may set handling, TLP, urgency and the other terms of the header."""
    binds_to_what_was_read: bool = False
    """True if the command shows the exchange first, and speaks on exactly what it showed."""
    to_is_argument: bool = False
    """True if the command takes the agencies that it addresses without `--to`."""
    confirm: str | None = None
    """A question that the command asks on a terminal before it sends."""
