"""Other providers' mail servers: what `SMTP_PRESET` fills in. A table, and pure.

Every row names the pages that it comes from; what no page says is left out, and the
server's own SIZE is believed once it was heard. All of them take 50 recipients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from .base import Quota

_MB = 1_000_000
"""Where a page says MB, the smaller of its two meanings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One provider."""

    host: str = ""
    """Empty: it has one for each region, and SMTP_HOST must name it."""
    port: int = 587
    """With STARTTLS."""
    user: str = ""
    """Everybody's, where the provider has one; empty: SMTP_USER must be set."""
    write: str
    """What SMTP_USER and SMTP_PASSWORD are there, and SMTP_HOST where it differs."""
    max_bytes: int | None = None
    """Of a whole mail, encoded."""
    quotas: tuple[Quota, ...] = ()
    """Those that hold for everybody; most providers' depend on the plan."""


PRESETS: Mapping[str, Preset] = {
    # Learn, "Send email by using SMTP" and "Service limits for Azure Communication
    # Services": of a custom domain, until they are raised by a ticket.
    "acs": Preset(
        host="smtp.azurecomm.net",
        write="SMTP_USER: an SMTP username of the Communication Services resource; "
        "SMTP_PASSWORD: the secret of its Entra application",
        max_bytes=10 * _MB,
        quotas=(Quota(30, timedelta(minutes=1)), Quota(100, timedelta(hours=1))),
    ),
    # infobip.com/docs/email/email-over-smtp/smtp-api-integration; no page says a size.
    "infobip": Preset(
        host="smtp-api.infobip.com",
        write="SMTP_USER, SMTP_PASSWORD: those of the Infobip account; SMTP_HOST: the "
        "region's, such as smtp-api-us.infobip.com, where it is not Europe",
    ),
    # documentation.mailgun.com, "Sending Messages": 25 MB.
    "mailgun": Preset(
        host="smtp.mailgun.org",
        write="SMTP_USER, SMTP_PASSWORD: the domain's SMTP credentials; SMTP_HOST: "
        "smtp.eu.mailgun.org for a domain in the EU",
        max_bytes=25 * _MB,
    ),
    # postmarkapp.com/support, articles 811 (SMTP details) and 1056 (size limits).
    "postmark": Preset(
        host="smtp.postmarkapp.com",
        write="SMTP_USER and SMTP_PASSWORD: both the server's API token",
        max_bytes=10 * _MB,
    ),
    # twilio.com/docs/sendgrid, "Integrating with the SMTP API" and "Build an SMTP
    # email": 20 MB, headers included.
    "sendgrid": Preset(
        host="smtp.sendgrid.net",
        user="apikey",
        write="SMTP_PASSWORD: an API key that may send mail; SMTP_USER is the word "
        "apikey",
        max_bytes=20 * _MB,
    ),
    # docs.aws.amazon.com/ses/latest/dg/quotas.html: 40 MB after encoding.
    "ses": Preset(
        write="SMTP_HOST: the region's, such as email-smtp.eu-central-1.amazonaws.com; "
        "SMTP_USER, SMTP_PASSWORD: SMTP credentials made in the SES console",
        max_bytes=40 * _MB,
    ),
}
