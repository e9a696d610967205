"""The office's door: from the printer's folder to Blob Storage, whole, once, at once.

What sees: `watch` and `polling` find names, `junk` leaves out what is no scan,
`agenda` says when to look, `look` looks, `finished` decides, `claim` takes it away.
"""
