"""What one console holds for all its pages: the client, the sessions, what was read last."""

from __future__ import annotations

from agency_client.client import ExchangeClient
from agency_client.console.sessions import Sessions
from exchange_protocol.kinds.codes import Language
from exchange_protocol.trust.identity import Member


class Console:
    """One person's console."""

    def __init__(self, client: ExchangeClient, sessions: Sessions) -> None:
        """Make the console of a client."""
        self.client = client
        self.sessions = sessions
        self.language = client.profile.defaults.language or Language.EN

    @property
    def member(self) -> Member:
        """Who acts: the signer, else the holder of the certificate for the channel."""
        return self.client.profile.vault.signer or self.client.profile.tls.certificate.member
