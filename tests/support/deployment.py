"""A whole deployment for tests: a real hub process, enrolled fictional agencies, a profile each."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agency_client import ExchangeClient, Profile
from agency_client.state.keys import generate_sealing_key
from agency_client.state.profile import Defaults, KeyPair, PinnedHub
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_agency_id, parse_member
from exchange_server.bootstrap import utc_now
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubFiles

POLICY = Path(__file__).resolve().parents[2] / "policies" / "caricc.cedar"

AGENCIES = {
    "caricc": ("", AgencyType.COORDINATION_CENTRE, "Asia/Almaty"),
    "kz.mia": ("KZ", AgencyType.POLICE, "Asia/Almaty"),
    "kz.fma": ("KZ", AgencyType.FIU, "Asia/Almaty"),
    "kz.gpo": ("KZ", AgencyType.PROSECUTOR, "Asia/Almaty"),
    "uz.fiu": ("UZ", AgencyType.FIU, "Asia/Tashkent"),
    "kg.mia": ("KG", AgencyType.POLICE, "Asia/Bishkek"),
}
"""Country, type and time zone of the fictional cast."""
OPERATOR = "caricc/operator/ops1"
COORDINATORS = ("caricc/coordinator/coordinator1", "caricc/coordinator/coordinator2")
AUDITOR = "caricc/auditor/auditor1"


@dataclass(frozen=True)
class Deployment:
    """Enrolled agencies of a hub. Members are named as `kz.mia/system`."""

    files: HubFiles
    profiles: Path

    def profile(self, member: str) -> Path:
        """The profile folder of a member."""
        return self.profiles / member.replace("/", "_")

    def client(self, member: str) -> ExchangeClient:
        """A client of a member, over its profile."""
        return ExchangeClient.from_profile(self.profile(member))

    def point_to(self, port: int, *members: str) -> None:
        """Let these profiles, or all, reach the hub at another port: a restarted one, a wiretap."""
        folders = map(self.profile, members) if members else self.profiles.iterdir()
        for file in (folder / "profile.toml" for folder in folders):
            lines = [
                f'target = "localhost:{port}"' if line.startswith("target") else line
                for line in file.read_text(encoding="utf-8").splitlines()
            ]
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def add_member(self, member: str, port: int) -> Profile:
        """Issue a member's certificates and make its profile; publishes nothing."""
        identity = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{member}")
        authority = self.files.authority
        tls = authority.issue_member(identity, Usage.TLS_CLIENT, now=utc_now())
        signing = authority.issue_member(identity, Usage.SIGNING, now=utc_now())
        assert tls.key is not None
        assert signing.key is not None
        return Profile.create(
            self.profile(member),
            hub=PinnedHub(f"localhost:{port}", "main", self.files.log_vkey, self.files.root_pem),
            tls=KeyPair(tls.certificate_pem, tls.key),
            signing=KeyPair(signing.certificate_pem, signing.key),
            passphrase=PASSPHRASE,
            write_passphrase=True,
            defaults=Defaults("TEST-1"),
        )


def deploy(files: HubFiles, port: int, others: Iterable[str] = ()) -> Deployment:
    """Enrol the whole cast at a running hub, over the public client, as an operator would."""
    deployment = Deployment(files, files.folder / "profiles")
    members = [*(f"{agency}/system" for agency in AGENCIES), *COORDINATORS, AUDITOR, *others]
    operator = deployment.add_member(OPERATOR, port)
    signing = {member: deployment.add_member(member, port) for member in members}
    with ExchangeClient.from_profile(operator) as client:
        client.publish_certificate(_signing_der(operator))
        for agency, (country, agency_type, time_zone) in AGENCIES.items():
            client.enrol_agency(
                agency=parse_agency_id(agency),
                name=f"{agency} (fictional)",
                country=country,
                agency_type=agency_type,
                time_zone=time_zone,
            )
        for profile in signing.values():
            client.publish_certificate(_signing_der(profile))
        client.publish_policy(POLICY.read_text(encoding="utf-8"))
    for agency in AGENCIES:
        profile = signing[f"{agency}/system"]
        generate_sealing_key(profile.sealing_folder, PASSPHRASE, utc_now())
        with deployment.client(f"{agency}/system") as client:
            client.publish_sealing_key()
        # A sealing key is the agency's: its officers open with the same one.
        for member in members:
            if member.startswith(f"{agency}/") and member != f"{agency}/system":
                shutil.copytree(profile.sealing_folder, signing[member].sealing_folder)
    return deployment


def _signing_der(profile: Profile) -> bytes:
    assert profile.vault.certificate is not None
    return profile.vault.certificate.der
