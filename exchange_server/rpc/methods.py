"""The names of the hub's RPCs, as gRPC has them, read off the contract."""

from __future__ import annotations

from typing import Final

from grpc_health.v1 import health_pb2

from exchange_protocol.v1 import audit_service_pb2, directory_service_pb2, exchange_service_pb2

EXCHANGE_SERVICE: Final = exchange_service_pb2.DESCRIPTOR.services_by_name["ExchangeService"]
DIRECTORY_SERVICE: Final = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
AUDIT_SERVICE: Final = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"]
SERVICES: Final = (EXCHANGE_SERVICE, DIRECTORY_SERVICE, AUDIT_SERVICE)
"""Descriptors of the services that the hub serves, the standard health service apart."""

_HEALTH_SERVICE: Final = health_pb2.DESCRIPTOR.services_by_name["Health"]

METHODS: Final = frozenset(
    f"/{service.full_name}/{method.name}" for service in SERVICES for method in service.methods
)
HEALTH_METHODS: Final = frozenset(
    f"/{_HEALTH_SERVICE.full_name}/{method.name}" for method in _HEALTH_SERVICE.methods
)

SUBMIT: Final = f"/{EXCHANGE_SERVICE.full_name}/Submit"
SUBMIT_BATCH: Final = f"/{EXCHANGE_SERVICE.full_name}/SubmitBatch"
UPLOAD_PART: Final = f"/{EXCHANGE_SERVICE.full_name}/UploadPart"
FETCH_PART: Final = f"/{EXCHANGE_SERVICE.full_name}/FetchPart"
WATCH: Final = f"/{EXCHANGE_SERVICE.full_name}/Watch"
