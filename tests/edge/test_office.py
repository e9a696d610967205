"""Signing in: what keeps us out is told in words that mend it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from edge.office import Identity
from local.azurite import ROOT
from shared.stores.border import DeniedError, StorageError
from shared.stores.wire import Call

CHAIN = "ChainedTokenCredential failed to retrieve a token.\nAttempted credentials:\n"
EXPIRED = (
    "\tEnvironmentCredential: Authentication failed: AADSTS7000222: The provided "
    "client secret keys for app 'x' are expired.\n"
)
NOTHING = (
    "\tEnvironmentCredential: EnvironmentCredential authentication unavailable.\n"
    "\tManagedIdentityCredential: ManagedIdentityCredential unavailable.\n"
)
AWAY = (
    "\tEnvironmentCredential: Authentication failed: HTTPSConnection(host='login."
    "microsoftonline.com', port=443): Failed to resolve 'login.microsoftonline.com'\n"
)


class Refusing:
    """A chain of credentials of which none has a token."""

    def __init__(self, words: str) -> None:
        self._words = words

    def get_token(self, *_: str) -> Any:
        """As azure.identity ends."""
        raise ClientAuthenticationError(message=CHAIN + self._words)


def refused(words: str) -> StorageError:
    """What a call ends with."""
    identity = Identity(lambda: Refusing(words))  # type: ignore[arg-type,return-value]
    with pytest.raises(StorageError) as caught:
        identity.sign(Call("GET", "/"), "/", {})
    return caught.value


@pytest.mark.parametrize(("words", "what"), [(EXPIRED, "AADSTS7000222"), (NOTHING, "")])
def test_credential_that_is_missing_or_has_ended_lets_nobody_in(words, what):
    """Until a person has mended it; where to look stands there."""
    said = refused(words)
    assert isinstance(said, DeniedError)
    assert what in str(said)
    assert "Signing in" in str(said)
    assert "az login" not in str(said)


def test_line_that_is_down_is_no_refusal():
    """It may mend itself: the credential is not to be renewed for that."""
    said = refused(AWAY)
    assert not isinstance(said, DeniedError)
    assert "check the network" in str(said)


def test_check_without_a_credential_says_so_in_one_line(site):
    """And that the answer is no."""
    text = site.config.read_text()
    storage = '[storage]\naccount_url = "https://stscans.blob.core.windows.net"\n'
    site.config.write_text(text.replace("[[folder]]", f"{storage}[[folder]]", 1))
    hidden = ("SCAN_", "AZURE_", "IDENTITY_", "IMDS_")
    env = {key: it for key, it in os.environ.items() if not key.startswith(hidden)}
    # No machine's own identity is asked for, wherever this runs.
    env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:1"
    words = [sys.executable, "-m", "edge", "check", "--config", str(site.config)]
    done = subprocess.run(  # noqa: S603 (our own module)
        words,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Signing in" in done.stdout
    assert done.stderr == ""
