"""`correct`: a side supersedes what it said on a leg.

The initiator corrects what is still held, or what it called back by `announce_correction`; the
correction passes the gate anew. A recipient corrects its answer, or a part of it, at once; also
after the exchange is closed, as long as its content is kept: others may act on it for years. In a
joint case a member corrects nothing, since a correction goes to one agency alone. The superseded
statement stays on the log, and whoever could read it reads the correction.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.announce_correction import CorrectionReason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, About, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Correct(Body):
    """Supersedes the statement whose digest is `about`."""

    about: bytes
    reason: CorrectionReason


SPEC = KindSpec(
    body=Correct,
    stage=Stage.CONTINUING,
    words=Words("correction", "исправление", "түзету"),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.HELD, LegState.RETURNED}),
            after=LegState.RELEASED,
            becomes_awaited=True,
            adds_content=True,
            about=About.OWN,
        ),
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT | {LegState.ANSWERED, LegState.CLOSED},
            becomes_awaited=True,
            about=About.OWN,
        ),
        # A request to lift goes on to wait for its answer, which a correction is not.
        Row(party=Party.RECIPIENT, before=frozenset({LegState.FROZEN}), about=About.OWN),
    ),
    acts=(
        Act(
            name="correct",
            command="correct",
            summary="Supersede what you said; new content of a request passes the gate anew.",
            done="Corrected",
            codes=("about", "reason"),
            help={
                "about": "Digest of the statement that is superseded, in hexadecimal.",
                "reason": "What was wrong",
            },
            brief=Brief.REQUIRED,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
