"""The state of a profile on disk: keys, checkpoints, directory and outbox."""
