"""Plays `az`: storage is the Azurite of the tests, the mail domain a clockwork.

It knows: `subscription`, `signed_in`, `account`; `refusals` (how many calls of storage
are refused until the role counts), `closed` (the firewall); `blob` and
`table`, where Azurite is;
`states` of the domain's verification and `dns`, the records that are public.
Words of errors are those that azure-cli 2.91.0 printed.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from tests.infra.fakes import query
from tests.infra.fakes.options import parse

type Known = dict[str, Any]
type Given = dict[str, list[str]]
NO_ROLE = (
    "\nYou do not have the required permissions needed to perform this operation."
    "\nDepending on your operation, you may need to be assigned one of the following "
    'roles:\n    "Storage Blob Data Owner"\n    "Storage Blob Data Contributor"'
)
CLOSED = (
    "\nThe request may be blocked by network rules of storage account. Please check "
    "network rule set using 'az storage account show -n accountname --query "
    "networkRuleSet'."
)
EXISTS = (
    "The specified blob already exists.\nRequestId:2c620f91\nErrorCode:BlobAlready"
    "Exists\nIf you want to overwrite the existing one, please add --overwrite in your "
    "command."
)
KINDS = ("Domain", "SPF", "DKIM", "DKIM2")
API_VERSION = "2026-03-18"


class RefusedError(Exception):
    """What `az` prints after `ERROR: `; it ends with 1 then."""


def show_account(known: Known, given: Given) -> Any:
    """Say who is signed in, and let nobody else pass."""
    if not known.get("signed_in", True):
        raise RefusedError("Please run 'az login' to setup account.")
    if given.get("--subscription") != [known["subscription"]]:
        raise RefusedError(f"Subscription '{given.get('--subscription')}' not found.")
    return {"id": known["subscription"]}


def upload(known: Known, given: Given) -> Any:
    """Write a blob, if nothing is there yet."""
    _storage(known, given)
    if given["--overwrite"] != ["false"]:
        raise RefusedError("the hooks never overwrite")
    name = urllib.parse.quote(f"{given['--container-name'][0]}/{given['--name'][0]}")
    said = dict(each.split("=", 1) for each in given.get("--metadata", []))
    headers = {f"x-ms-meta-{key}": value for key, value in said.items()}
    headers |= {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*"}
    data = Path(given["--file"][0]).read_bytes()
    try:
        done = _ask(known["blob"], name, headers, data)
    except urllib.error.HTTPError as exc:
        if exc.headers["x-ms-error-code"] != "BlobAlreadyExists":
            raise
        raise RefusedError(EXISTS) from exc
    changed = parsedate_to_datetime(done.headers["Last-Modified"]).astimezone(UTC)
    return {"etag": done.headers["ETag"], "lastModified": changed.isoformat()}


def entities(known: Known, given: Given) -> Any:
    """Read the ledger."""
    _storage(known, given)
    asked = urllib.parse.urlencode({"$filter": given["--filter"][0]})
    headers = {"Accept": "application/json;odata=nometadata"}
    name = f"{given['--table-name'][0]}()?{asked}"
    answer = json.load(_ask(known["table"], name, headers))
    return {"items": answer["value"], "nextMarker": {}}


def _ask(
    place: list[str], name: str, headers: dict[str, str], data: bytes | None = None
) -> Any:
    at, signature = place
    request = urllib.request.Request(  # noqa: S310 (the Azurite of the tests)
        f"{at}/{name}{'&' if '?' in name else '?'}{signature}",
        data,
        {"x-ms-version": "2023-11-03", **headers},
        method="GET" if data is None else "PUT",
    )
    return urllib.request.urlopen(request)  # noqa: S310 (the same)


def _storage(known: Known, given: Given) -> None:
    if given.get("--auth-mode") != ["login"]:
        raise RefusedError("Key based authentication is not permitted on this account.")
    if given.get("--account-name") != [known["account"]]:
        raise RefusedError("Failed to resolve the account's name")
    if known.get("closed"):
        raise RefusedError(CLOSED)
    if known.get("refusals", 0) > 0:
        known["refusals"] -= 1
        raise RefusedError(NO_ROLE)


def rest(known: Known, given: Given) -> Any:
    """Ask Azure's resource manager about the mail domain."""
    path, _, version = given["--url"][0].partition("?")
    if version != f"api-version={API_VERSION}":
        raise RefusedError("Bad Request(InvalidApiVersionParameter)")
    if path.removesuffix("/initiateVerification") != known["domain"]:
        raise RefusedError("Not Found(ResourceNotFound)")
    states = known.setdefault("states", dict.fromkeys(KINDS, "NotStarted"))
    if given.get("--method") == ["post"]:
        return _initiate(states, given)
    for kind, state in states.items():
        if state == "VerificationRequested":
            is_public = kind in known.get("dns", [])
            states[kind] = "Verified" if is_public else "VerificationFailed"
    named = {kind: {"status": state} for kind, state in states.items()}
    return {"properties": {"verificationStates": named}}


def _initiate(states: dict[str, str], given: Given) -> None:
    body = given["--body"][0]
    if not body.startswith("@"):
        raise RefusedError("the hooks send bodies as files: quotation marks get lost")
    kind = json.loads(Path(body[1:]).read_text())["verificationType"]
    if kind not in KINDS:
        raise RefusedError("Bad Request(InvalidVerificationType)")
    if kind != "Domain" and states["Domain"] == "NotStarted":
        raise RefusedError("Bad Request(DomainNotVerified)")
    states[kind] = "VerificationRequested"


RUN: dict[tuple[str, ...], Callable[[Known, Given], Any]] = {
    ("account", "show"): show_account,
    ("storage", "blob", "upload"): upload,
    ("storage", "entity", "query"): entities,
    ("rest",): rest,
}


def main(words: list[str]) -> int:
    """Run one command."""
    with Path(os.environ["FAKE_LOG"]).open("a") as log:
        log.write(json.dumps(["az", *words]) + "\n")
    name, given = parse(words)
    state = Path(os.environ["FAKE_STATE"])
    known = json.loads(state.read_text())
    try:
        show_account(known, given)
        answer = RUN[name](known, given)
    except RefusedError as exc:
        sys.stderr.write(f"ERROR: {exc}\n")
        return 1
    finally:
        state.write_text(json.dumps(known))
    query.show(answer, given)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
