"""The path of a scan; start reading here.

receive   an event in the queue      -> a scan: is it ours, whole, of a kind we mail?
route     a scan and the rules       -> recipients, split by side, with a trail
compose   a mail of the frozen plan  -> a message: texts, ids, names; pure
deliver   a message and the bytes    -> a receipt, or one of four answers
settle    receipts and answers       -> what becomes of the blob, and when we try again
`path` conducts them; `ledger` remembers; `sweep` finds what nobody sent.
"""
