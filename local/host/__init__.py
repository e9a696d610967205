"""A host for any Python function app: the worker library that Azure runs, for real.

`worker` loads the app, `listener` brings it queue messages, `timer` the time, `front`
requests; `config` is host.json and its overrides. `python -m local.host --help`.
"""
