"""Storage: the only importer of `azure.storage` and `azure.data`.

`blobs`, `queues` and `tables` are what the path needs of them, no more. Foreign
exceptions cross at `border.crossing`.
"""
