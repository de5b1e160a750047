"""PlanRoute: the plan of a statement that is described, and its answer on the wire."""

from __future__ import annotations

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import Handling, Tlp, Urgency
from exchange_protocol.kinds.fields import parse_agencies, parse_enum
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.judgement import Route, plan_initial
from exchange_protocol.rules.statements import MAX_RECIPIENTS, Header
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.rpc.bounds import at_most


def plan(request: pb.PlanRouteRequest, author: Member, directory: Directory) -> Route:
    """Plan the initial statement that a request describes; raises as `plan_initial`.

    What continues an exchange follows the exchange's own route, which its parties know.
    """
    kind = parse_kind(request.kind)
    if kind.stage is not Stage.INITIAL:
        raise Reason.INVALID_FIELD.error(
            f"expected a kind that opens an exchange, got {kind}", field="kind"
        )
    header = Header(
        handling=parse_enum(Handling, request.handling, "handling"),
        tlp=parse_enum(Tlp, request.tlp, "tlp"),
        urgency=parse_enum(Urgency, request.urgency, "urgency"),
        subject_count=request.subject_count,
    )
    recipients = at_most(MAX_RECIPIENTS, request.recipients, "recipients")
    return plan_initial(
        directory, author, kind, header, parse_agencies(recipients, "recipients", MAX_RECIPIENTS)
    )


def encode_route(route: Route, directory_size: int) -> pb.PlanRouteResponse:
    """Put a route on the wire."""
    return pb.PlanRouteResponse(
        policy_sha256=route.policy_digest,
        rule_ids=route.rule_ids,
        legs=[
            pb.LegRoute(
                agency=leg.agency,
                approvals_required=leg.approvals_required,
                approvers=leg.approvers,
            )
            for leg in route.legs
        ],
        supervisors=route.supervisors,
        directory_size=directory_size,
    )
