"""The witness: cosign a log that only grew."""
