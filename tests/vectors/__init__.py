"""Known answers that others published, and a reference written straight from the text of an RFC."""
