"""Profiles: strict, and clear about the key at fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from agency_client.state.profile import (
    NO_DEFAULTS,
    Defaults,
    KeyPair,
    PinnedHub,
    Profile,
)
from agency_client.state.profile_file import PROFILES_VARIABLE
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, InvalidInput, NotAuthenticated, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_protocol.trust.certificates import Usage
from tests.support.hub_data import log_signer, tls_certificate
from tests.support.in_memory_hub import PASSPHRASE, InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA, START, fictional_cast


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return InMemoryHub().profile(tmp_path).folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "profile.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_profile_is_loaded_by_folder_and_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROFILES_VARIABLE, str(folder.parent))
    for name in (folder, str(folder), folder.name):
        profile = Profile.load(name)
        assert profile.agency == "kz.mia"
        assert profile.vault.member == KZ_MIA
        assert profile.hub.uri == "spiffe://exchange.example/hub/main"
        assert profile.defaults.legal_basis == "KZ-AML-18"


def test_profile_that_is_not_there_says_where_it_was_sought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROFILES_VARIABLE, str(tmp_path))
    for name in ("kz.nobody", tmp_path, "../kz.nobody", ""):
        with pytest.raises(InvalidInput, match=r"PROFILE_INVALID.*profile\.toml"):
            Profile.load(name)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("target = 'localhost:1'", "", "hub.target"),
        ("target = 'localhost:1'", "target = 7", "hub.target"),
        ("target = 'localhost:1'", "target = 'localhost'", "hub.target"),
        ("target = 'localhost:1'", "target = 'localhost:70000'", "hub.target"),
        ("target = 'localhost:1'", "target = 'localhost:1'\nverify = 'no'", "hub.verify"),
        ("name = 'main'", "name = 'Main Hub'", "hub.name"),
        ("log_vkey = '", "log_vkey = 'x", "hub.log_vkey"),
        ("[trust]", "[insecure]\n[trust]", "insecure"),
        ("[trust]", "[roots]", "trust"),
        ("roots = 'root.pem'", "roots = 'none.pem'", "trust.roots"),
        ("roots = 'root.pem'", "roots = 'tls.key'", "trust.roots"),
        ("certificate = 'tls.pem'", "certificate = 'signing.pem'", "tls.certificate"),
        ("certificate = 'signing.pem'", "certificate = 'tls.pem'", "signing.certificate"),
        ("key = 'tls.key'", "key = 'signing.key'", "tls.key"),
        ("certificate = 'tls.pem'", "certificate = 'tls.key'", "tls.certificate"),
        ("[defaults]", "[defaults]\nlanguage = 'LA'", "defaults.language"),
        ("roots = 'root.pem'", "roots = 'root.pem'\ncrl = 'root.pem'", "trust.crl"),
        ("[trust]", "[witnesses]\nrequired = 1\n[trust]", "witnesses.keys"),
        ("[trust]", "[witnesses]\nrequired = true\n[trust]", "witnesses.required"),
        ("[trust]", "[witnesses]\nrequired = '1'\n[trust]", "witnesses.required"),
        ("[trust]", "[witnesses]\nrequired = 1\nkeys = 'x'\n[trust]", "witnesses.keys"),
        ("[trust]", "[witnesses]\nrequired = 1\nkeys = [7]\n[trust]", "witnesses.keys"),
        ("[trust]", "[witnesses]\nrequired = 1\nkeys = ['x']\n[trust]", "witnesses"),
    ],
)
def test_fault_names_the_key(folder: Path, old: str, new: str, field: str) -> None:
    edit(folder, old, new)
    with pytest.raises(ExchangeError) as caught:
        Profile.load(folder)
    assert caught.value.field == field, caught.value


def test_witnesses_are_named_with_how_many_must_have_signed(folder: Path) -> None:
    assert Profile.load(folder).witnesses is None
    vkeys = [
        WitnessSigner(f"witness.example/{n}", SoftwareSigner.generate_ed25519()).verifier.vkey
        for n in (1, 2)
    ]
    table = f"[witnesses]\nrequired = 2\nkeys = ['{vkeys[0]}', '{vkeys[1]}']\n[trust]"
    edit(folder, "[trust]", table)
    policy = Profile.load(folder).witnesses
    assert policy is not None
    assert policy.required == 2
    assert [each.vkey for each in policy.witnesses] == vkeys
    edit(folder, "required = 2", "required = 3")
    with pytest.raises(InvalidInput, match="expected 1 to 2 required witnesses"):
        Profile.load(folder)


def test_file_that_is_no_toml_is_refused(folder: Path) -> None:
    (folder / "profile.toml").write_text("[hub\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no TOML"):
        Profile.load(folder)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1251"])
def test_file_in_another_encoding_is_refused_in_words(folder: Path, encoding: str) -> None:
    text = (folder / "profile.toml").read_text(encoding="utf-8") + "# Заметка\n"
    (folder / "profile.toml").write_bytes(text.encode(encoding))
    with pytest.raises(InvalidInput, match="expected text in UTF-8"):
        Profile.load(folder)


def test_profile_as_notepad_saves_it_is_read(folder: Path) -> None:
    for path in [folder / name for name in ("profile.toml", "passphrase", "root.pem", "tls.pem")]:
        if path.exists():
            mode = path.stat().st_mode
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
            path.chmod(mode)
    for path in [folder / "tls.key", folder / "signing.key", *(folder / "sealing").glob("*.key")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    profile = Profile.load(folder, PASSPHRASE)
    assert profile.vault.member == KZ_MIA
    assert profile.vault.newest_key_id
    assert profile.vault.unusable == ()


def test_log_key_with_what_editors_put_around_it_is_read(folder: Path) -> None:
    edit(folder, "log_vkey = '", "log_vkey = ' \ufeff")
    with pytest.raises(InvalidInput, match="U\\+FEFF"):
        Profile.load(folder)
    edit(folder, "log_vkey = ' \ufeff", "log_vkey = ' ")
    assert Profile.load(folder).log.vkey == log_signer().vkey


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\u2800"])
def test_text_that_deceives_is_refused_by_its_key(folder: Path, char: str) -> None:
    edit(folder, "legal_basis = '", f"legal_basis = '{char}")
    with pytest.raises(InvalidInput, match=f"U\\+{ord(char):04X}") as caught:
        Profile.load(folder)
    assert caught.value.field == "defaults.legal_basis"


@pytest.mark.parametrize("basis", ["KZ-СРС-1", "УПК-1", "KZ-٣"])
def test_legal_basis_in_letters_of_another_script_is_refused(folder: Path, basis: str) -> None:
    edit(folder, "legal_basis = 'KZ-AML-18'", f"legal_basis = '{basis}'")
    with pytest.raises(InvalidInput, match="ASCII") as caught:
        Profile.load(folder)
    assert caught.value.field == "defaults.legal_basis"


def test_port_in_digits_of_another_script_is_refused(folder: Path) -> None:
    edit(folder, "localhost:1", "localhost:٨٤٤٣")
    with pytest.raises(InvalidInput, match="host:port"):
        Profile.load(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name = 'main'", "name = 'main'\nname = 'other'"),
        ("[trust]", "[hub]\ntarget = 'x:1'\n[trust]"),
    ],
)
def test_name_that_stands_twice_is_refused_with_both_places(
    folder: Path, old: str, new: str
) -> None:
    edit(folder, old, new)
    lines = (folder / "profile.toml").read_text(encoding="utf-8").splitlines()
    name = new.partition("\n")[0].partition(" =")[0]
    places = [n for n, line in enumerate(lines, 1) if line.partition(" =")[0] == name][:2]
    with pytest.raises(InvalidInput, match=f"line {places[0]} and line {places[1]}"):
        Profile.load(folder)


def test_certificates_of_two_agencies_make_no_profile(folder: Path) -> None:
    other = fictional_cast().signers[KZ_FMA]
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = x509.load_der_x509_certificate(other.certificate).public_bytes(Encoding.PEM)
    (folder / "signing.pem").write_bytes(pem)
    with pytest.raises(InvalidInput, match=r"expected a certificate of kz\.mia"):
        Profile.load(folder)


def test_certificate_of_another_root_is_refused(folder: Path, tmp_path: Path) -> None:
    from exchange_certs.authority import Authority

    other = Authority.create(tmp_path / "ca", "exchange.example", PASSPHRASE, START)
    (folder / "root.pem").write_bytes(other.root_pem())
    with pytest.raises(NotAuthenticated, match=r"CERTIFICATE_UNTRUSTED.*tls\.certificate.*root"):
        Profile.load(folder)


def test_shared_key_file_is_refused(folder: Path) -> None:
    (folder / "signing.key").chmod(0o644)
    # What is there can be read; the key is not used, and named.
    vault = Profile.load(folder).vault
    assert [each.path for each in vault.unusable] == [folder / "signing.key"]
    with pytest.raises(NotAuthenticated, match=r"signing\.key.*0600"):
        vault.sign(b"payload")
    (folder / "tls.key").chmod(0o644)
    with pytest.raises(NotAuthenticated, match=r"tls\.key.*0600"):
        Profile.load(folder)


@pytest.mark.parametrize("name", ["profile.toml", "root.pem", "tls.pem", "signing.pem"])
@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_pinned_file_that_others_may_write_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(InvalidInput, match=rf"PROFILE_INVALID.*{name}.*{mode:04o}"):
        Profile.load(folder)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_folder_that_others_may_write_into_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(InvalidInput, match=rf"PROFILE_INVALID.*{mode:04o}.*chmod go-w"):
        Profile.load(folder)


def test_user_without_a_home_is_told_what_to_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv(PROFILES_VARIABLE, raising=False)
    assert Profile.load(folder).agency == "kz.mia"
    with pytest.raises(
        InvalidInput, match=rf"PROFILE_INVALID.*set \${PROFILES_VARIABLE} or \$HOME"
    ):
        Profile.load("kz.mia")
    monkeypatch.setenv(PROFILES_VARIABLE, str(folder.parent))
    assert Profile.load(folder.name).agency == "kz.mia"


def test_expired_certificate_still_loads_so_that_the_outbox_can_be_read(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = fictional_cast().authority.issue_member(
        KZ_MIA,
        Usage.TLS_CLIENT,
        now=START,
        not_after=START + timedelta(minutes=1),
        public_key=key.public_key(),
    )
    profile = create(tmp_path / "p", KeyPair(issued.certificate_pem, key))
    assert profile.tls.certificate.not_after == START + timedelta(minutes=1)


def test_profile_without_a_signing_key_reads_and_cannot_sign(tmp_path: Path) -> None:
    profile = create(tmp_path / "p")
    assert profile.agency == "kz.mia"
    with pytest.raises(NotAuthenticated, match="KEY_UNAVAILABLE"):
        _ = profile.vault.member


def test_profile_is_made_of_values_that_come_back(tmp_path: Path) -> None:
    profile = create(tmp_path / "p", defaults=Defaults("KZ-1", Language.KK, "Asia/Almaty"))
    assert profile.defaults.language is Language.KK
    assert profile.defaults.time_zone == "Asia/Almaty"
    assert (profile.folder / "profile.toml").stat().st_mode & 0o777 == 0o600
    assert not (profile.folder / "passphrase").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "something").write_text("x"),
        lambda folder: (folder / "state").mkdir(),
    ],
)
def test_profile_is_made_in_an_empty_folder_only(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(tmp_path)
    with pytest.raises(InvalidInput, match="new or empty"):
        create(tmp_path)


def test_no_secret_shows_in_a_repr(folder: Path) -> None:
    profile = Profile.load(folder)
    shown = repr(profile)
    assert "PRIVATE KEY" not in shown
    assert PASSPHRASE.decode() not in shown
    assert "BEGIN" not in shown


def test_passphrase_may_come_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, "passphrase_file = 'passphrase'", "")
    edit(folder, "[keys]\n", "")
    with pytest.raises(NotAuthenticated, match="EXCHANGE_KEY_PASSPHRASE"):
        Profile.load(folder)
    monkeypatch.setenv("EXCHANGE_KEY_PASSPHRASE", PASSPHRASE.decode())
    assert Profile.load(folder).agency == "kz.mia"


def create(folder: Path, tls: KeyPair | None = None, defaults: Defaults = NO_DEFAULTS) -> Profile:
    """A profile with a TLS certificate alone."""
    issued = tls_certificate(KZ_MIA)
    assert issued.key is not None
    root = fictional_cast().authority.root_pem()
    return Profile.create(
        folder,
        hub=PinnedHub("localhost:1", "main", log_signer().vkey, root),
        tls=tls or KeyPair(issued.certificate_pem, issued.key),
        passphrase=PASSPHRASE,
        defaults=defaults,
    )


def test_reason_of_a_fault_stays_what_it_is(folder: Path) -> None:
    edit(folder, "certificate = 'tls.pem'", "certificate = 'signing.pem'")
    with pytest.raises(NotAuthenticated) as caught:
        Profile.load(folder)
    assert caught.value.reason is Reason.CERTIFICATE_USAGE


@pytest.mark.parametrize(
    ("given", "under"), [("~/kz.mia", "/profiles"), ("~other/p", "/profiles"), ("kz.mia", "~/p")]
)
def test_home_that_no_shell_wrote_out_is_told(
    monkeypatch: pytest.MonkeyPatch, given: str, under: str
) -> None:
    """A unit of systemd, a file of variables and a program hand ~ on as it stands."""
    monkeypatch.setenv(PROFILES_VARIABLE, under)
    with pytest.raises(InvalidInput, match="a shell alone writes out ~"):
        Profile.load(given)


def test_folder_that_is_called_so_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    folder.rename(folder.with_name("~kz"))
    assert Profile.load("~kz").folder == folder.with_name("~kz")
