"""Large scans: what no transport takes is held without being read."""

from __future__ import annotations

import base64
import json

from azure.storage.blob import BlobBlock

from shared import path
from shared.model import Reason, State
from tests.makers import an_event
from tests.path.office import OUTSIDE
from tests.samples import a_pdf

BLOCK = 4 << 20


def test_300_mb_are_held_as_too_large_and_not_read(office):
    """One read for the head; the rest stays where it is."""
    client = office.blobs.get_blob_client("scans", "mfp/huge.pdf")
    ids = [base64.b64encode(b"%04d" % n).decode() for n in range(75)]
    data = a_pdf(BLOCK)[:BLOCK]
    for block_id in ids:
        client.stage_block(block_id, data)
    client.commit_block_list(
        [BlobBlock(block_id) for block_id in ids], metadata={"to": OUTSIDE}
    )
    office.outside.limit_bytes = 10_000_000
    office.scan(name="warm/up.pdf", to=OUTSIDE)
    with office.azurite.counted() as counts:
        path.receive_event(office.works, json.dumps(an_event("mfp/huge.pdf", eTag="")))
        row = office.newest()
    assert row.size == 75 * BLOCK
    assert (row.state, row.reason) == (State.HELD, Reason.TOO_LARGE)
    assert counts["blob.GetBlob"] == 1
    assert office.names("held") == [row.name]
