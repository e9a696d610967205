"""The crash campaign: all goes wrong at once, and nothing may be lost or doubled.

`python -m tests.soak [--seconds 600] [--seed N] [--keep]`. Workers are killed, storage
is restarted, peers misbehave, and of the two ways to either side now this, now that one
is closed or over its quota; at the end `judge` holds what the peers took against what
was put.
"""
