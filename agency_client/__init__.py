"""The client library and the `agency` command."""
