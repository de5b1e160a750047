"""Everything that must be refused, with the reason on the screen and, where the caller is known, on
the log."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from demo.cast import TRUST_DOMAIN, Actor
from demo.setup import Deployment, init_words, issue_keys, issue_profile
from demo.stage import Stage, expect
from exchange_certs.authority import Authority
from exchange_certs.records import RevocationReason

CRL_SECONDS = 1.2
"""The hub looks at the list once a second at most."""


def play(stage: Stage, deployment: Deployment, authority: Authority, exchange: str) -> None:
    """Try each; `exchange` is one between kz.mia and kz.fma."""
    stage.chapter("6 Refused")
    with stage.step("an agency reads an exchange that is not its own") as step:
        stage.refused("kg.mia", "show", exchange, reason="EXCHANGE_UNKNOWN")
        step.detail = "EXCHANGE_UNKNOWN, on the log"
    for attack, reason, title in (
        ("alter", "SIGNATURE_INVALID", "a statement altered after signing"),
        ("reuse-id", "ID_REUSED", "the same id with other bytes"),
        ("sign-with-tls-key", "CERTIFICATE_UNKNOWN", "a TLS key used to sign a statement"),
        ("omit-supervisor", "SUPERVISOR_MISSING", "the required supervisor left out"),
    ):
        _attack(stage, attack, "kz.mia", reason, title)
    _attack(stage, "forbidden-kind", "kz.gpo", "POLICY_DENIED", "a kind that the policy forbids")
    with stage.step("a TLS certificate offered for signing") as step:
        stage.refused(
            "operator", "operator", "certificate", str(stage.root / "kz.mia" / "tls.pem"),
            reason="CERTIFICATE_USAGE",
        )  # fmt: skip
        step.detail = "CERTIFICATE_USAGE, before it is sent"
    with stage.step("a coordinator approves what its own agency asked") as step:
        own: str = stage.agency(
            "caricc", "send", "information-request",
            str(stage.root / "documents" / "request.yaml"),
            "--to", "kz.fma", "--legal-basis", "CARICC-3",
        ).document["exchange_id"]  # fmt: skip
        outcome = stage.module(
            "demo.rogue", "approve", "--exchange", own,
            "--profile", str(stage.root / "coordinator1"),
        )  # fmt: skip
        got = outcome.document["reason"]
        expect(got == "OWN_REQUEST", f"expected OWN_REQUEST, got {outcome.document}")
        stage.agency("caricc", "recall", own)
        step.detail = "OWN_REQUEST, on the log; then recalled"
    _certificates(stage, deployment, authority)


def _attack(stage: Stage, attack: str, profile: str, reason: str, title: str) -> None:
    with stage.step(title) as step:
        outcome = stage.module("demo.rogue", attack, "--profile", str(stage.root / profile))
        got = outcome.document["reason"]
        expect(got == reason, f"expected {reason}, got {outcome.document}")
        step.detail = f"{reason}, on the log"


def _certificates(stage: Stage, deployment: Deployment, authority: Authority) -> None:
    with stage.step("a TLS certificate of another root") as step:
        foreign = Authority.create(
            stage.root / "foreign-pki", TRUST_DOMAIN, b"fictional foreign", datetime.now(UTC)
        )
        actor = Actor("foreign", "kz.mia", "system")
        keys, _ = issue_keys(stage, foreign, actor)
        words = init_words(stage, deployment, actor, keys)
        stage.refused("foreign", *words, reason="CERTIFICATE_UNTRUSTED", code=2)
        knock = stage.module(
            "demo.knock", str(keys), f"localhost:{deployment.port}",
            str(deployment.root_certificate), code=1,
        )  # fmt: skip
        expect(knock.document["connected"] is False, f"the hub let it in: {knock.document}")
        step.detail = "CERTIFICATE_UNTRUSTED; without the client, TLS itself refuses"
    with stage.step("an expired TLS certificate") as step:
        issue_profile(
            stage, deployment, authority, Actor("expired", "kz.mia", "system"), tls_expired=True
        )
        step.detail = _connection_refused(stage, "expired", "CERTIFICATE_EXPIRED")
    with stage.step("a TLS certificate, revoked while the hub runs") as step:
        tls = issue_profile(
            stage, deployment, authority, Actor("stolen", "kz.mia", "officer", "officer9")
        )
        stage.agency("stolen", "sync")
        authority.revoke(tls.serial, RevocationReason.KEY_COMPROMISE, now=datetime.now(UTC))
        time.sleep(CRL_SECONDS)
        step.detail = _connection_refused(stage, "stolen", "CERTIFICATE_REVOKED")
    with stage.step("a signing certificate, revoked on the log") as step:
        actor = Actor("leaver", "kz.mia", "officer", "officer7")
        issue_profile(stage, deployment, authority, actor)
        signing = str(stage.root / "leaver" / "signing.pem")
        stage.agency("operator", "operator", "certificate", signing)
        stage.agency("operator", "operator", "revoke", signing, "--reason", "superseded")
        outcome = stage.module("demo.rogue", "honest", "--profile", str(stage.root / "leaver"))
        got = outcome.document["reason"]
        expect(got == "CERTIFICATE_REVOKED", f"expected CERTIFICATE_REVOKED, got {got}")
        step.detail = "CERTIFICATE_REVOKED, on the log"


def _connection_refused(stage: Stage, profile: str, reason: str) -> str:
    outcome = stage.agency(profile, "sync", code=1)
    error = outcome.document["error"]
    expect(error["reason"] == reason, f"expected {reason}, got {error}")
    return f"{reason}: {error['message']}"
