"""Everything Scanpost needs, on one machine: start reading at `run`.

`azurite` is the storage, `eventgrid` tells the queue what was written to it, `host`
runs the functions in the worker library, `mailserver`, `entra` and `acs` are the peers,
`page` shows what arrived. The product itself relies on nothing from here.
"""
