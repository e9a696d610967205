"""The `scanpost` command, run as an operator runs it."""
