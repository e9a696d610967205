"""The tests; their docstrings, read from top to bottom, are the specification."""
