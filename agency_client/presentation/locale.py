"""The language and the time zone in which something is shown to a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from agency_client.presentation.labels import Label
from agency_client.presentation.numbers import filled, grouped
from agency_client.presentation.visible import one_line, visible
from agency_client.presentation.words import date_words, say, say_code
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Code, NamedCode, Words

_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables of POSIX: the first that is set says the language of messages."""
_MOMENT: Final = re.compile(
    r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})(?![0-9:])",
    re.ASCII,
)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Locale:
    """The language and the clock in which a person is told."""

    language: Language = Language.EN
    zone: tzinfo = UTC
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The names of agencies, as they were enrolled; a terminal has no room for them."""

    def agency(self, agency: str) -> str:
        """An agency by its id, and by its name where names are shown.

        The id comes first: it alone is sure, and a name may look like that of another.
        """
        name = self.one_line(self.names.get(agency, ""))
        return f"{agency} {name}" if name else agency

    def say(self, words: Label | Words | Code | NamedCode, /, **values: object) -> str:
        """A word or a phrase in this language, with values in its places."""
        if isinstance(words, Code | NamedCode):
            return say_code(words, self.language)
        if isinstance(words, Label):
            words = words.value
        return filled(say(words, self.language), self.language, values)

    def visible(self, text: str) -> str:
        """Another's text, with nothing unseen in it."""
        return visible(text, self.language)

    def one_line(self, text: str) -> str:
        """Another's text on one line, with nothing unseen in it."""
        return one_line(text, self.language)

    def amount(self, given: str) -> str:
        """An amount as this language writes it, digit for digit: nothing is rounded or left out.

        A text that is no plain number stays as its author wrote it.
        """
        shown = grouped(given, self.language)
        return self.one_line(given) if shown is None else shown

    def second(self, at: datetime | None) -> str:
        """A time to the second, with its zone."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}"

    def minute(self, at: datetime | None) -> str:
        """A time to the minute, with its zone."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    def with_own_times(self, text: str) -> str:
        """A message for programs, with its moments (RFC 3339) as this person reads them."""
        return _MOMENT.sub(lambda found: self._moment(found[0]), text)

    def until(self, at: datetime | None, day: date | None) -> str:
        """The time until which something lasts: the day that was given, or else the minute.

        Midnight is 24:00 of the day that ends with it: what is due at the end of Tuesday must not
        read as Wednesday.
        """
        if at is not None and day is not None:
            return date_words(day, at, self.language, self.zone)
        if at is not None and at.astimezone(self.zone).time() == time():
            return f"{(at - _INSTANT).astimezone(self.zone):%Y-%m-%d 24:00 %Z}"
        return self.minute(at)

    def span(self, time: timedelta) -> str:
        """A length of time in its largest unit, rounded down: "2 days", "5 h", "1 min"."""
        if time >= 2 * _DAY:
            return self.say(Label.DAYS, number=time // _DAY)
        if time >= _HOUR:
            return self.say(Label.HOURS, number=time // _HOUR)
        return self.say(Label.MINUTES, number=max(1, time // _MINUTE))

    def due(
        self,
        at: datetime | None,
        day: date | None,
        now: datetime,
        *,
        is_overdue: bool,
        is_end: bool = False,
        between: str = ", ",
        time: str = "",
    ) -> str:
        """A due time, and how far away it is; where nothing is due any more, the time alone.

        `day` is the day whose end it is, where a person gave one. `time` is the due time in other
        words. `is_end`: it is the end of something, such as a freeze, that nobody owes.
        """
        if at is None:
            return ""
        time = time or self.until(at, day)
        if is_overdue:
            over = Label.ENDED_BY if is_end else Label.OVERDUE_BY
            distance = self.say(over, span=self.span(now - at))
        elif at > now:
            left = Label.ENDS_IN if is_end else Label.DUE_IN
            distance = self.say(left, span=self.span(at - now))
        else:
            return time
        return f"{time}{between}{distance}"

    def _moment(self, text: str) -> str:
        try:
            return self.second(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            return text  # It only looks like one.


def language_of(environment: Mapping[str, str]) -> Language:
    """The language that a terminal is set to; English where it is none of the three."""
    name = next((environment[each] for each in _VARIABLES if environment.get(each)), "")
    code = name.partition(".")[0].partition("_")[0].upper()
    return Language.__members__.get(code, Language.EN)
