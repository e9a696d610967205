"""The operator's door: the `scanpost` command, one file and one function per verb."""
