"""`certificate_request`: an agency asks the authority for certificates of keys that it has made.

The request is a sealed file (PKCS #10; `exchange_keys.requests`), so the log shows that it was
made, by whom and when, and no more. Statistics leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.certificate_answer import CertificateAnswer
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class CertificateRequest(Body):
    """Asks for certificates of new keys."""


SPEC = KindSpec(
    body=CertificateRequest,
    stage=Stage.INITIAL,
    words=Words("request for certificates", "запрос сертификатов", "сертификаттарға сұрау салу"),
    answer=CertificateAnswer,
    steps=dict.fromkeys(
        OPEN_TO_RECIPIENT,
        Words(
            "issue the certificates or refuse",
            "выпустите сертификаты или откажите",
            "сертификаттарды шығарыңыз немесе бас тартыңыз",
        ),
    )
    | {
        LegState.ANSWERED: Words(
            "take the certificates, then close",
            "заберите сертификаты и закройте",
            "сертификаттарды алып, жабыңыз",
        )
    },
    is_counted=False,
    is_for_certificates=True,
    acts=(
        Act(
            name="request_certificates",
            command="send certificate-request",
            summary="Ask for certificates, unchecked; `agency enrol send` checks first.",
            done="Certificates requested",
            text=Text(
                "note",
                "summary",
                "Words for the authority; they are sealed.",
                default="Request for certificates.",
            ),
            attachments=True,
            terms=True,
        ),
    ),
)
