"""The crash campaign: all goes wrong at once, and nothing may be lost or doubled.

`python -m tests.soak [--seconds 600] [--seed N] [--keep]`. Workers are killed, storage
is restarted, mail server and ACS misbehave; at the end `judge` holds what the peers
took against what was put.
"""
