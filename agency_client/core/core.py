"""The core of a client: its parts, each with what it needs of the others.

    view             the verified checkpoint and directory
    exchanges        list, get and open exchanges; `watching` follows what is new of them
    statements       make a statement and keep it in the outbox
    foresight        what would happen to a statement that was sent now
    acts             what people do with each kind, over `statements`
    sender           from the outbox to the hub; `withdrawing` takes back what waits there
    administration   the directory's own statements
    log              leaves, tiles, proofs, witnesses
    gathering        the evidence of an exchange

Every operation is a generator of calls and does no network I/O (`calls`).
"""

from __future__ import annotations

from agency_client.core.acts import Acts
from agency_client.core.administration import Administration
from agency_client.core.exchanges import Exchanges
from agency_client.core.foresight import Foresight
from agency_client.core.gathering import Gathering
from agency_client.core.log import Log
from agency_client.core.ports import Ports
from agency_client.core.sender import Sender
from agency_client.core.statements import Statements
from agency_client.core.view import View
from agency_client.core.withdrawing import Withdrawing


class Core:
    """All operations of one client."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.view = View(ports)
        self.exchanges = Exchanges(ports, self.view)
        self.statements = Statements(ports, self.view, self.exchanges)
        self.foresight = Foresight(ports, self.view, self.exchanges, self.statements)
        self.acts = Acts(self.statements, self.foresight)
        self.sender = Sender(ports, self.view)
        self.withdrawing = Withdrawing(ports, self.exchanges)
        self.administration = Administration(ports, self.view, self.sender)
        self.log = Log(ports, self.view)
        self.gathering = Gathering(ports, self.view, self.exchanges, self.log)
