"""Is this file complete? One module of tests for each format."""
