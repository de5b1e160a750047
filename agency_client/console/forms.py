"""Forms that follow the kinds: the fields of an act.

Codes, briefs, documents and terms are read from the spec of the kind and from the models of
documents, so a new kind has its form by itself. Names of fields are those of the library's methods;
a field of a brief or a document is `brief.summary`, `request.items`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from agency_client.client import ExchangeClient
from agency_client.console.words import FIELD_WORDS, Word
from agency_client.content import documents
from agency_client.content.documents import Brief, CaseStage, Item, Period
from agency_client.content.encodings import NAMES as ENCODINGS
from agency_client.content.forms import NUMBER_FORMS, SIGNED_FORMS
from agency_client.core.acts import terms_of
from agency_client.presentation.documents import FIELDS, ITEMS, STAGES
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.acts import Brief as BriefNeed
from exchange_protocol.kinds.bodies import attribute_types
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import (
    Handling,
    InformationGrade,
    Language,
    Purpose,
    SourceGrade,
    Tlp,
    Urgency,
    WithholdingGround,
)
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.rulebook import Agency
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code, Words

_SHORT: Final = 200
_MOST_SHOWN: Final = 8
"""Boxes of a field that nobody must fill in; with more of them it stands among the seldom ones."""
_MOST_NUMBERS: Final = 20
"""Whole numbers up to here are chosen from a list; larger ones are typed."""
MOST_BOXES: Final = 200
"""Agencies that are chosen by boxes or from a list; where there are more, ids are typed."""
SUBJECT_ROWS: Final = 4
FILE_FIELDS: Final = ("attachments", "entities_file", "goaml_file", "table_file", "mapping_file")
TABLE_CHOICES: Final[Mapping[str, Word]] = {
    "skip_rows_without_key": Word.TABLE_SKIP,
    "allow_repeated_keys": Word.TABLE_REPEATED,
    "allow_links_outside": Word.TABLE_LINKS,
    "exact_filters": Word.TABLE_EXACT,
}
"""Options of a table that are a yes or a no."""
DAY: Final = "birthDate"
SUBJECT_FIELDS: Final = ("name", "idNumber", DAY, "country")
SUBJECT_SCHEMATA: Final = ("Person", "Company", "BankAccount")
_TERM_CODES: Final[dict[str, type[Code]]] = {
    "handling": Handling,
    "tlp": Tlp,
    "urgency": Urgency,
    "purpose": Purpose,
    "source_grade": SourceGrade,
    "information_grade": InformationGrade,
    "language": Language,
    "withholding_ground": WithholdingGround,
}
PRESET: Final[Mapping[str, Code]] = {
    "handling": Handling.H0,
    "tlp": Tlp.AMBER,
    "urgency": Urgency.ROUTINE,
    "purpose": Purpose.INVESTIGATION,
}
"""The terms that a new form has a value for."""
_LONG_CHOICES: Final = ("handling",)
_CONTINUED_TERMS: Final = ("handling", "tlp")
_MAIN_TERMS: Final = ("due", "handling", "tlp", "urgency", "purpose", "legal_basis")


class Sort(StrEnum):
    """The sort of input of a field."""

    SHORT = "short"
    LONG = "long"
    LINES = "lines"
    SELECT = "select"
    RADIOS = "radios"
    """One of a few choices whose words are long: a small screen would cut them."""
    CHECKS = "checks"
    DATE = "date"
    PERIOD = "period"
    FILE = "file"
    FILES = "files"
    SUBJECTS = "subjects"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    sort: Sort
    is_required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    is_more: bool = False
    """True if it stands among the fields that are seldom needed."""
    is_preset: bool = False
    """True if a new form has a value in it already, so that nobody leaves it empty."""
    is_named: bool = False
    """True if its choices are names, which are written as they are."""


def fields_of(
    kind: Kind,
    act: Act,
    locale: Locale,
    agencies: Sequence[Agency],
    own: AgencyId,
    statements: Sequence[tuple[str, str]] = (),
    about: Sequence[tuple[str, str]] = (),
) -> list[Field]:
    """The fields of an act, in the order in which a person thinks of them.

    Args:
        agencies: those that a statement may go to, or name.
        own: the person's own agency.
        statements: digest and title of those of the exchange, for acts that name one.
        about: those of them that the act can be about; empty where any may be named.
    """
    made: list[Field] = []
    others = tuple(
        (each.id, f"{each.id}: {locale.one_line(each.name)}") for each in agencies if each.id != own
    )
    if len(others) > MOST_BOXES:
        others = ()  # Nobody finds one of so many; the directory, where the form leads, has ids.
    if kind.stage is Stage.INITIAL:
        label = locale.say(FIELD_WORDS["to"])
        sort = Sort.CHECKS if others else Sort.LINES
        made.append(Field("to", label, sort, True, others, is_named=True))
    made += _codes(kind, act, locale, others, statements, about)
    if act.text is not None:
        label = _label(act.text.name, locale)
        made.append(Field(act.text.name, label, Sort.LONG, act.text.is_required))
    if act.brief is not BriefNeed.NONE:
        made += _model("brief", Brief, locale, is_needed=act.brief is BriefNeed.REQUIRED)
    if act.document is not None:
        model = getattr(documents, act.document.type)
        needed = act.document.is_required
        made += _model(act.document.argument, model, locale, is_needed=needed)
    if act.entities is not None:
        say = locale.say
        made.append(Field("subjects", say(Word.SUBJECTS_TYPED.value), Sort.SUBJECTS))
        made.append(Field("entities_file", say(Word.SUBJECTS_FILE.value), Sort.FILE, is_more=True))
        made.append(Field("goaml_file", say(Word.GOAML_FILE.value), Sort.FILE, is_more=True))
        made.append(Field("table_file", say(Word.TABLE_FILE.value), Sort.FILE, is_more=True))
        made.append(Field("mapping_file", say(Word.MAPPING_FILE.value), Sort.FILE, is_more=True))
        made += table_options(locale)
    if act.attachments:
        made.append(Field("attachments", locale.say(Word.ATTACHMENTS.value), Sort.FILES))
    made += _terms(kind, act, locale)
    return made


def table_options(locale: Locale) -> Iterator[Field]:
    """The options for reading a table, as the command has them; docs/tables.md explains them."""
    say = locale.say
    numbers = tuple((each, each) for each in (*NUMBER_FORMS, *SIGNED_FORMS))
    signs = ((",", ","), (";", ";"), ("|", "|"), ("\t", say(Word.TABLE_TAB.value)))
    encodings = tuple((each, each) for each in ENCODINGS)
    meant = tuple((name, say(word.value)) for name, word in TABLE_CHOICES.items())
    for name, word, sort, choices in (
        ("table.dates", Word.TABLE_DATES, Sort.LINES, ()),
        ("table.numbers", Word.TABLE_NUMBERS, Sort.SELECT, numbers),
        ("table.delimiter", Word.TABLE_DELIMITER, Sort.SELECT, signs),
        ("table.encoding", Word.TABLE_ENCODING, Sort.SELECT, encodings),
        ("table.meant", Word.TABLE_MEANT, Sort.CHECKS, meant),
    ):
        yield Field(name, say(word.value), sort, False, choices, is_more=True)


def _codes(
    kind: Kind,
    act: Act,
    locale: Locale,
    agencies: tuple[tuple[str, str], ...],
    statements: Sequence[tuple[str, str]],
    about: Sequence[tuple[str, str]],
) -> Iterator[Field]:
    types = attribute_types(kind.body) if act.codes else {}
    hints = get_type_hints(kind.body)
    for name in act.codes:
        attribute = types[name]
        needed = name in _required_arguments(act.name)
        label = _label(name, locale, kind.spec.names)
        if issubclass(attribute.type, Code):
            sort = Sort.CHECKS if attribute.is_many else Sort.SELECT
            choices = _code_choices(attribute.type, locale)
            is_more = sort is Sort.CHECKS and not needed and len(choices) > _MOST_SHOWN
            yield Field(name, label, sort, needed, choices, is_more)
        elif hints[name] is AgencyId:
            yield Field(name, label, Sort.SELECT if agencies else Sort.SHORT, needed, agencies)
        elif attribute.type is bytes:
            # A statement of the exchange; those of other exchanges are typed, by their digests.
            sort = Sort.CHECKS if attribute.is_many else Sort.SELECT
            if not statements:
                sort = Sort.LINES if attribute.is_many else Sort.SHORT
            offered = about if name == "about" and about else statements
            is_only = needed and sort is Sort.SELECT and len(offered) == 1
            yield Field(name, label, sort, needed, tuple(offered), is_preset=is_only)
        elif attribute.type in (datetime, date):
            yield Field(name, label, Sort.DATE, needed)
        elif attribute.type is bool:
            yield Field(name, label, Sort.SELECT, needed, _yes_and_no(locale))
        elif attribute.bounds is not None and attribute.bounds.most < _MOST_NUMBERS:
            numbers = range(attribute.bounds.least, attribute.bounds.most + 1)
            yield Field(name, label, Sort.SELECT, needed, tuple((str(n), str(n)) for n in numbers))
        else:
            yield Field(name, label, Sort.SHORT, needed)


@cache
def _required_arguments(act: str) -> frozenset[str]:
    """The arguments without which the library's method of an act cannot be called."""
    parameters = inspect.signature(getattr(ExchangeClient, act)).parameters
    return frozenset(
        name for name, each in parameters.items() if each.default is inspect.Parameter.empty
    )


def _model(prefix: str, model: type[Any], locale: Locale, *, is_needed: bool) -> Iterator[Field]:
    for name, hint in model_fields(model):
        sort, choices = sort_of(hint)
        is_required = is_needed and model.model_fields[name].is_required()
        is_more = not model.model_fields[name].is_required() and name not in _PROMINENT
        shown = tuple((value, locale.say(words)) for value, words in choices.items())
        if hint is bool:
            shown = _yes_and_no(locale)
        label = _label(f"{prefix}.{name}" if f"{prefix}.{name}" in FIELD_WORDS else name, locale)
        limit = _is_short(model, name)
        made_sort = Sort.SHORT if sort is Sort.LONG and limit else sort
        yield Field(f"{prefix}.{name}", label, made_sort, is_required, shown, is_more)


_PROMINENT: Final = ("drug_nexus", "own_reference", "facts", "items", "period", "text", "findings")


def model_fields(model: type[Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a document with the type of each; those that no form has are left out."""
    hints = get_type_hints(model)
    for name in model.model_fields:
        if name not in _NO_INPUT:
            yield name, _bare(hints[name])


_NO_INPUT: Final = frozenset({"document", "import_notes", "consent_wanted"})


def _bare(hint: Any) -> Any:
    """A type without `| None`."""
    if get_origin(hint) in (Union, UnionType):
        [inner] = [each for each in get_args(hint) if each is not NoneType]
        return _bare(inner)
    return hint


def sort_of(hint: Any) -> tuple[Sort, dict[str, Any]]:
    """The input of a field of a document by its type, with its choices."""
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if inner is Item:
            return Sort.CHECKS, {each.value: words for each, words in ITEMS.items()}
        return Sort.LINES, {}
    if hint is CaseStage:
        return Sort.SELECT, {each.value: words for each, words in STAGES.items()}
    if hint is Period:
        return Sort.PERIOD, {}
    if hint is date:
        return Sort.DATE, {}
    if hint is bool or (isinstance(hint, type) and issubclass(hint, Enum)):
        return Sort.SELECT, {}
    return Sort.LONG, {}


def _is_short(model: type[Any], name: str) -> bool:
    limits = [getattr(each, "max_length", None) for each in model.model_fields[name].metadata]
    return any(limit is not None and limit <= _SHORT for limit in limits) or name in _SHORT_NAMES


_SHORT_NAMES: Final = ("registration_number", "own_reference", "title")


def _terms(kind: Kind, act: Act, locale: Locale) -> Iterator[Field]:
    for name in terms_of(kind, act):
        label, more = _label(name, locale), name not in _MAIN_TERMS
        if kind.stage is not Stage.INITIAL:
            # A continuing statement has its exchange's terms, unless its author says otherwise.
            is_own_due = name == "due" and kind.spec.act_sets_due(act)
            more = name not in _CONTINUED_TERMS and not is_own_due
        if name == "due":
            # The end of a freeze is no time for an answer.
            own = kind.spec.names.get("due_at")
            label = locale.say(own) if own else label
            yield Field(name, label, Sort.DATE, kind.spec.act_sets_due(act))
        elif name in _TERM_CODES:
            choices = _code_choices(_TERM_CODES[name], locale)
            preset = name in PRESET and kind.stage is Stage.INITIAL
            sort = Sort.RADIOS if name in _LONG_CHOICES and preset else Sort.SELECT
            yield Field(name, label, sort, False, choices, more, preset)
        elif name == "legal_basis":
            yield Field(name, label, Sort.SHORT, kind.stage is Stage.INITIAL, (), more)
        elif name == "permitted_uses":
            yield Field(name, label, Sort.CHECKS, False, _code_choices(Purpose, locale), more)
        elif name == "onward_authorities":
            yield Field(name, label, Sort.LINES, False, (), more)
        else:
            yield Field(name, label, Sort.SHORT, False, (), more)


def _yes_and_no(locale: Locale) -> tuple[tuple[str, str], ...]:
    return ("yes", locale.say(Label.YES)), ("no", locale.say(Label.NO))


def _code_choices(codes: type[Code], locale: Locale) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, locale.say(each)) for each in codes)


def _label(name: str, locale: Locale, names: Mapping[str, Words] | None = None) -> str:
    """The words before a field; those of its kind where the console has none."""
    words = FIELD_WORDS.get(name) or FIELDS.get(name)
    if words is not None:
        return locale.say(words)
    said = locale.say(names[name]) if names and name in names else name.replace("_", " ")
    return said[:1].upper() + said[1:]
