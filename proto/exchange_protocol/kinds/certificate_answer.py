"""`certificate_answer`: the authority gives the certificates that were asked for."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.rows import ANSWERS
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class CertificateAnswer(Body):
    """Gives certificates; whoever asked checks that they are of its keys and its authority."""


SPEC = KindSpec(
    body=CertificateAnswer,
    stage=Stage.CONTINUING,
    words=Words("certificates", "сертификаты", "сертификаттар"),
    is_counted=False,
    is_for_certificates=True,
    rows=(ANSWERS,),
    acts=(
        Act(
            name="give_certificates",
            command="give-certificates",
            summary="Give certificates, unchecked; `agency enrol answer` checks first.",
            done="Certificates given",
            text=Text(
                "note",
                "summary",
                "Words for whoever asked; they are sealed.",
                default="Certificates.",
            ),
            attachments=True,
        ),
    ),
)
