"""An initiator has content erased: every party learns of it, and the account outlives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client import InformationRequest, Item, Sent
from agency_client.evidence import export_bundle
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.bootstrap import utc_now
from tests.integration.evidence.conftest import Court
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR
from tests.support.foundation import Foundation

pytestmark = pytest.mark.long

REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Тайные сведения (вымышлено)")


def test_erased_content_is_gone_for_every_reader_and_the_account_stays(
    tmp_path: Path, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        with town.client("kz.mia/system") as mia, town.client("kz.fma/system") as fma:
            sent = mia.request_information(to=["kz.fma"], brief="Вымышлено", request=REQUEST)
            assert isinstance(sent, Sent)
            opened = fma.open(sent.exchange_id)
            fma.reply(opened, brief="Ответ (вымышлено)")
            mia.close_exchange(sent.exchange_id)
            with pytest.raises(ExchangeError) as early:
                mia.erase(sent.exchange_id, "NO_SUCH_GROUND")
            assert early.value.reason is Reason.INVALID_FIELD
            words = ("erase", sent.exchange_id, "--ground", "ordered", "--note", "Постановление")
            code, out, err = run(capsys, *as_member(town, "kz.mia/system"), *words)
            assert code == 0, err
            assert "Erased" in out
            for client in (mia, fma):
                now = client.open(sent.exchange_id)
                assert [leg.state.name for leg in now.legs] == ["ERASED"]
                told = {each.kind.value: each for each in now.statements}
                # The words of the notice are sealed as every brief, and stay.
                assert told["erase_notice"].brief is not None
                assert told["information_request"].is_erased
                assert not told["information_request"].parts
                assert not told["erase_notice"].is_erased
            # The supervisor, which holds copies of its own, is told.
            with town.client("kz.gpo/system") as gpo:
                *copies, told_so = gpo.open(sent.exchange_id).statements
                assert copies
                assert all(each.is_erased and not each.parts for each in copies)
                assert told_so.kind.value == "erase_notice"
                assert told_so.brief is not None
            code, out, _ = run(capsys, *as_member(town, "kz.fma/system"), "show", sent.exchange_id)
            assert code == 0
            assert "The content was erased" in out
            with pytest.raises(ExchangeError) as gone:
                fma.fetch(opened.statements[0].verified, "brief")
            assert gone.value.reason is Reason.CONTENT_ERASED
            bundle = tmp_path / "e.zip"
            export_bundle(
                fma.gather_evidence(sent.exchange_id),
                bundle,
                exported_by=fma.profile.tls.certificate.member,
                at=utc_now(),
                anchors=fma.profile.anchors,
                log=fma.profile.log,
            )
        code, out, err = run(capsys, *as_member(town, AUDITOR), "audit", "verify")
        assert code == 0, out + err
        assert "notice to erase the content" in out
    (tmp_path / "root.pem").write_bytes(town.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", town.files.log_vkey)
    assert court.run(bundle).startswith("VERIFIED")
