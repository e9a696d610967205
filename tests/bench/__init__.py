"""`make bench`: every figure as a ratio against a baseline of the same run.

Peers run in a process of their own, what is measured in another; docs/performance.md is
written from what came out.
"""
