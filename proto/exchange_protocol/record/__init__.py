"""The meaning of a log entry: entries, receipts, inspections, replay and folds."""
