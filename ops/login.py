"""`scanpost login`: a person signs in, once, and mails go out by that sign-in."""

from __future__ import annotations

import argparse
import os
from typing import Any

from shared.errors import ConfigError
from shared.works import utc_now

NAME = "login"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="sign in as a person, for mails to go out by",
        description="Shows a code to type on a page of Microsoft's, waits for you to "
        "sign in there, and keeps the sign-in in TOKEN_STORE. Ctrl-C ends it.",
    )
    words.add_argument(
        "--transport", choices=("exo",), default="exo", help="for which way out"
    )
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:  # noqa: ARG001 (all have one shape)
    """Sign in; 0: done, 2: settings, 3: nobody signed in, or nobody answers."""
    # Imported here: no other verb needs to wait for them.
    from shared.transports import exo, keyvault
    from shared.transports.base import Patience
    from shared.transports.config import fill
    from shared.transports.delegated import Entry

    # Not by `settings`: a person's machine need not know the storage account.
    config, patience = fill(exo.Config, os.environ), Patience()
    if not config.token_store:
        raise ConfigError(
            "TOKEN_STORE is not set",
            hint="write the address of a Key Vault's secret, or a file's path",
        )
    who = keyvault.as_operator(config.azure_client_id, patience)
    store = exo.store_of(config, who, patience)
    entry = Entry(config, store, patience, config.host)
    print(entry.begin(), flush=True)
    account = entry.wait(utc_now)
    print(f"Signed in as {account}; kept in {store}.")
    for sender in config.exo_sender:
        if sender.lower() != account.lower():
            print(_needs(sender, account))
    return 0


def _needs(sender: str, account: str) -> str:
    return (
        f"Mails come from {sender}, which is another mailbox. {account} needs both:\n"
        f"  Add-MailboxPermission -Identity {sender} -User {account} "
        "-AccessRights FullAccess\n"
        f"  Add-RecipientPermission -Identity {sender} -Trustee {account} "
        "-AccessRights SendAs"
    )
