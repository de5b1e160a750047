"""Server reflection, for operators who ask for it: the contract of this hub, as descriptors.

Tools such as grpcurl and Postman then need no .proto files. It is off unless `reflection` of
[listen] is true, and it is a service like every other: behind the pipeline, with a row in the
table of roles. The library answers; ours are its names and what it may show:

- Of the process it shows the files of the services that are served, and what these import, and no
  other file that some library has loaded.
- Newer tools ask by the name `grpc.reflection.v1`, older ones by `v1alpha`. The messages are the
  same, so one servicer answers to both.
"""

from __future__ import annotations

from typing import Any, Final

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha import reflection_pb2 as pb

from exchange_server.rpc.calls import REFLECTION_METHOD, REFLECTION_SERVICES, SERVICES

_SHOWN: Final = (*SERVICES, health_pb2.DESCRIPTOR.services_by_name["Health"])


def add_reflection(server: grpc.aio.Server) -> None:
    """Serve the descriptors of the hub's services, under both names."""
    pool = DescriptorPool()
    for service in _SHOWN:
        _add(pool, service.file, set())
    names = [service.full_name for service in _SHOWN]
    # The stubs of grpc know nothing of this library.
    servicer: Any = reflection.aio.ReflectionServicer(names, pool)
    handler: Any = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=pb.ServerReflectionRequest.FromString,
        response_serializer=pb.ServerReflectionResponse.SerializeToString,
    )
    for name in REFLECTION_SERVICES:
        handlers = {REFLECTION_METHOD: handler}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))


def _add(pool: DescriptorPool, file: Any, added: set[str]) -> None:
    """Add a file's descriptor, after what it imports; its type is protobuf's own or upb's."""
    if file.name in added:
        return
    added.add(file.name)
    for imported in file.dependencies:
        _add(pool, imported, added)
    pool.AddSerializedFile(file.serialized_pb)
