"""`asset_findings`: the answer to a request to trace assets, by asset and value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body, Range
from exchange_protocol.kinds.codes import MAX_AMOUNT, Currency
from exchange_protocol.kinds.rows import ANSWERS
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class TraceResult(Code):
    """Results of an asset trace."""

    FOUND = pb.TRACE_RESULT_FOUND, "assets found", "активы найдены", "активтер табылды"
    NOT_FOUND = (
        pb.TRACE_RESULT_NOT_FOUND,
        "no assets found",
        "активов не найдено",
        "активтер табылмады",
    )


class AssetType(Code):
    """Sorts of asset."""

    ACCOUNT = pb.ASSET_TYPE_ACCOUNT, "account", "счёт", "шот"
    SECURITIES = pb.ASSET_TYPE_SECURITIES, "securities", "ценные бумаги", "бағалы қағаздар"
    CRYPTO = pb.ASSET_TYPE_CRYPTO, "crypto-assets", "криптоактивы", "криптоактивтер"
    REAL_ESTATE = pb.ASSET_TYPE_REAL_ESTATE, "real estate", "недвижимость", "жылжымайтын мүлік"
    VEHICLE = pb.ASSET_TYPE_VEHICLE, "vehicle", "транспортное средство", "көлік құралы"
    COMPANY_SHARE = (
        pb.ASSET_TYPE_COMPANY_SHARE,
        "share in a company",
        "доля в компании",
        "компаниядағы үлес",
    )
    CASH = pb.ASSET_TYPE_CASH, "cash", "наличные", "қолма-қол ақша"
    OTHER = pb.ASSET_TYPE_OTHER, "another asset", "иной актив", "өзге актив"


@dataclass(frozen=True, slots=True)
class AssetFindings(Body):
    """Tells what was found; `amount` is the worth of all of it, in whole units of `currency`."""

    result: TraceResult
    assets: tuple[AssetType, ...]
    amount: Annotated[int, Range(1, MAX_AMOUNT)] | None = None
    currency: Currency | None = None


SPEC = KindSpec(
    body=AssetFindings,
    stage=Stage.CONTINUING,
    words=Words(
        "findings of an asset trace", "результаты розыска активов", "активтерді іздеу нәтижелері"
    ),
    together=(("amount", "currency"),),
    never_with={"assets": TraceResult.NOT_FOUND, "amount": TraceResult.NOT_FOUND},
    names={"amount": Words("amount", "сумма", "сома")},
    rows=(ANSWERS,),
    acts=(
        Act(
            name="report_findings",
            command="findings",
            summary="Tell which assets a trace found, and their worth.",
            done="Findings sent",
            codes=("result", "assets", "amount", "currency"),
            defaults={"assets": (), "amount": None, "currency": None},
            help={
                "result": "What the trace gave",
                "assets": "The sorts of asset; repeatable",
                "amount": "Worth of all that was found, in whole units of the currency.",
                "currency": "The currency of the amount",
            },
            brief=Brief.OPTIONAL,
            document=None,
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
