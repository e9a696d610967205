"""What the figures are held against: the plain way of doing the same, well done."""

from __future__ import annotations

import os
import smtplib
import ssl
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache

from azure.communication.email import EmailClient
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from tests.bench.stage import INSIDE, OUTSIDE


@cache
def blobs() -> BlobServiceClient:
    """One client, kept."""
    return BlobServiceClient.from_connection_string(os.environ["SCAN_STORAGE"])


def read(name: str) -> bytes:
    """Read a scan whole."""
    return blobs().get_blob_client("scans", name).download_blob().readall()


def message(data: bytes) -> EmailMessage:
    """A mail as the standard library builds it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = os.environ["HVE_SENDER"], INSIDE
    mail["Subject"] = "Scan"
    mail["Message-ID"] = f"<{uuid.uuid4()}@contoso.com>"
    mail.set_content("A scan")
    mail.add_attachment(
        data, maintype="application", subtype="pdf", filename="scan.pdf"
    )
    return mail


def send_by_smtplib(mail: EmailMessage) -> None:
    """Open a connection, sign in, send, close."""
    user, token = os.environ["HVE_SENDER"], os.environ["BENCH_TOKEN"]
    words = f"user={user}\x01auth=Bearer {token}\x01\x01"
    host, port = os.environ["HVE_HOST"], int(os.environ["HVE_PORT"])
    with smtplib.SMTP(host, port, timeout=60) as smtp:
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
        smtp.auth("XOAUTH2", lambda _challenge=None: words)
        smtp.send_message(mail)


def mail_by_smtplib(name: str) -> None:
    """Read the blob, build the mail, send it, delete the blob."""
    send_by_smtplib(message(read(name)))
    blobs().get_blob_client("scans", name).delete_blob()


def acs_sender() -> Callable[[str], None]:
    """A client of the SDK, kept, that reads a blob and sends it."""
    import base64

    client = EmailClient(
        os.environ["ACS_ENDPOINT"],
        ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"]),
    )

    def send(name: str) -> None:
        mail = {
            "senderAddress": os.environ["ACS_SENDER"],
            "recipients": {"to": [{"address": OUTSIDE}]},
            "content": {"subject": "Scan", "plainText": "A scan"},
            "attachments": [
                {
                    "name": "scan.pdf",
                    "contentType": "application/pdf",
                    "contentInBase64": base64.b64encode(read(name)).decode(),
                }
            ],
        }
        client.begin_send(mail, polling=False, retry_total=0).result()

    return send
