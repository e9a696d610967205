"""Storage: the only importer of `azure.storage` and `azure.data`.

`blobs`, `queues` and `tables` are what the path needs of them, no more. Their frequent
calls go over `wire`; `sdk` has the clients for the rest, whose exceptions cross at
`crossing`.
"""
