"""Generated code of the wire contract; see the .proto files beside it."""
