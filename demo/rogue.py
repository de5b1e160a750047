"""Attackers of the demonstration: software of their own that keeps no rules, with real keys.

`python -m demo.rogue ATTACK --profile DIR` prints {"reason", "message"} as the hub refused it, and
exits 0 if the hub refused, 1 if it took what it should not.

The honest client makes none of these statements, so they are made here by hand from the protocol
package, and go over a channel that this module opens.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from agency_client import ExchangeClient, Profile, VerifiedExchange
from exchange_keys import load_signer
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.rules.access import readers, spoken
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.lifecycle import open_exchange
from exchange_protocol.rules.routing import plan_route
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import (
    BRIEF,
    UUID_RANDOM_BYTES,
    Draft,
    Header,
    Part,
    new_statement_id,
)
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign
from exchange_protocol.trust.identity import AgencyId, Member, parse_agency_id
from exchange_protocol.trust.sealing import SEALING_SUITE, PartContext, Reader, seal_part
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1.exchange_service_pb2_grpc import ExchangeServiceStub

SECONDS = 20


class Rogue:
    """An enrolled agency's keys in the hands of someone who keeps no rules."""

    def __init__(self, profile: Profile, directory: Directory) -> None:
        self.profile = profile
        self.directory = directory
        credentials = grpc.ssl_channel_credentials(
            profile.roots_pem, profile.tls.key_pem(), profile.tls.certificate_pem
        )
        self._hub = ExchangeServiceStub(grpc.secure_channel(profile.target, credentials))

    @property
    def member(self) -> Member:
        return self.profile.vault.member

    def request(self, to: AgencyId, kind: Kind = Kind.INFORMATION_REQUEST) -> tuple[Draft, bytes]:
        """A complete initial statement, with its brief sealed to whom the lifecycle asks for."""
        now = datetime.now(UTC)
        statement_id = new_statement_id(now, os.urandom(UUID_RANDOM_BYTES))
        draft = Draft(
            id=statement_id,
            exchange_id=statement_id,
            author=self.member,
            made_at=now,
            body=kind.body(),
            recipients=(to,),
            header=Header(purpose=Purpose.INVESTIGATION, legal_basis="KZ-CPC-161"),
        )
        planned = replace(draft, body=Kind.INFORMATION_REQUEST.body())
        route = plan_route(self.directory, planned)
        draft = replace(draft, supervisors=route.supervisors)
        statement = parse_statement(encode_statement(draft))
        opened, _ = open_exchange(statement, route.legs, at=now)
        said = spoken(opened, statement)
        sealed = seal_part(
            b'{"document":"brief","summary":"-"}',
            PartContext(draft.id, BRIEF),
            [
                Reader(agency, role.value, self.directory.sealing_key(agency))
                for agency, role in readers(opened, said, BRIEF).items()
            ],
        )
        part = Part(
            name=BRIEF,
            sha256=hashlib.sha256(sealed.ciphertext).digest(),
            size=len(sealed.ciphertext),
            media_type="application/json",
            suite=SEALING_SUITE,
            wrapped_keys=sealed.wrapped,
        )
        return replace(draft, parts=(part,)), sealed.ciphertext

    def submit(self, signed: SignedStatement, brief: bytes | None) -> None:
        """Send a statement; raises grpc.RpcError if the hub refuses it."""
        request = pb.SubmitRequest(
            statement=encode_signed_statement(signed),
            parts=[pb.InlinePart(name=BRIEF, sealed=brief)] if brief else [],
        )
        self._hub.Submit(request, timeout=SECONDS)

    def sign(self, draft: Draft) -> SignedStatement:
        """Sign as the profile's member."""
        return self.profile.vault.sign(encode_statement(draft))


def alter(rogue: Rogue, to: AgencyId) -> None:
    """One byte of the payload is changed after signing: another year of `made_at`."""
    draft, brief = rogue.request(to)
    signed = rogue.sign(draft)
    other = replace(draft, made_at=draft.made_at.replace(microsecond=draft.made_at.microsecond ^ 1))
    rogue.submit(replace(signed, payload=encode_statement(other)), brief)


def reuse_id(rogue: Rogue, to: AgencyId) -> None:
    """A second statement with the id of the first, and other bytes."""
    draft, brief = rogue.request(to)
    rogue.submit(rogue.sign(draft), brief)
    header = replace(draft.header, legal_basis="KZ-CPC-162")
    rogue.submit(rogue.sign(replace(draft, header=header)), brief)


def sign_with_tls_key(rogue: Rogue, to: AgencyId) -> None:
    """The statement is signed with the key of the TLS certificate."""
    draft, brief = rogue.request(to)
    payload = encode_statement(draft)
    tls = rogue.profile.tls
    key = load_signer(rogue.profile.folder / "tls.key", rogue.profile.passphrase())
    signature = sign(key, PAYLOAD_TYPE, payload)
    rogue.submit(
        SignedStatement(PAYLOAD_TYPE, payload, tls.certificate.fingerprint, signature), brief
    )


def omit_supervisor(rogue: Rogue, to: AgencyId) -> None:
    """The supervisor that the policy requires is left out."""
    draft, brief = rogue.request(to)
    rogue.submit(rogue.sign(replace(draft, supervisors=())), brief)


def forbidden_kind(rogue: Rogue, to: AgencyId) -> None:
    """A kind that the policy allows nobody to send to this agency."""
    draft, brief = rogue.request(to, Kind.ANALYSIS_REQUEST)
    rogue.submit(rogue.sign(draft), brief)


def honest(rogue: Rogue, to: AgencyId) -> None:
    """No attack: with a revoked or expired key this is refused for the key alone."""
    draft, brief = rogue.request(to)
    rogue.submit(rogue.sign(draft), brief)


ATTACKS: dict[str, Callable[[Rogue, AgencyId], None]] = {
    "alter": alter,
    "reuse-id": reuse_id,
    "sign-with-tls-key": sign_with_tls_key,
    "omit-supervisor": omit_supervisor,
    "forbidden-kind": forbidden_kind,
    "honest": honest,
}


def approve(rogue: Rogue, exchange: VerifiedExchange) -> None:
    """An approval that the honest client would not make."""
    leg = exchange.legs[0]
    now = datetime.now(UTC)
    draft = Draft(
        id=new_statement_id(now, os.urandom(UUID_RANDOM_BYTES)),
        exchange_id=exchange.id,
        author=rogue.member,
        made_at=now,
        body=Decision(Verdict.APPROVE),
        answers=leg.awaits,
        recipients=(leg.agency,),
    )
    rogue.submit(rogue.sign(draft), None)


def main() -> int:
    """Run one attack."""
    parser = argparse.ArgumentParser(prog="python -m demo.rogue", description=__doc__)
    parser.add_argument("attack", choices=[*sorted(ATTACKS), "approve"])
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--to", default="kz.fma")
    parser.add_argument("--exchange", help="what to approve")
    arguments = parser.parse_args()
    profile = Profile.load(arguments.profile)
    with ExchangeClient.from_profile(profile) as client:
        rogue = Rogue(profile, client.sync())
        target = client.get(arguments.exchange) if arguments.exchange else None
    try:
        if target is not None:
            approve(rogue, target)
        else:
            ATTACKS[arguments.attack](rogue, parse_agency_id(arguments.to))
    except grpc.RpcError as error:
        print(json.dumps(_explained(error), ensure_ascii=False))
        return 0
    print(json.dumps({"reason": None, "message": "the hub took it"}))
    return 1


def _explained(error: grpc.RpcError) -> dict[str, str]:
    status = rpc_status.from_call(cast(grpc.Call, error))  # a failed call is both, at run time
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return {"reason": info.reason, "message": status.message}
    return {"reason": "UNEXPLAINED", "message": str(error)}


if __name__ == "__main__":
    sys.exit(main())
