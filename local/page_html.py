"""The inbox page as HTML. Pure: everything that comes from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from local.history import Story
from local.inbox import Attachment, Mail, clock, escaped

# What the first bytes say, and the type under which a browser may show it.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
_HEAD = 1024
"""A PDF's header may stand somewhere in its first 1,024 bytes (ISO 32000, annex H)."""
_TRANSPORTS = {"hve": "HVE, inside", "acs": "ACS, outside"}


def shown_as(file: Attachment) -> str:
    """The type a browser may show it under; empty: it is only offered to be saved."""
    for signature, kind in _SIGNATURES:
        if file.content.startswith(signature):
            return kind
    return "application/pdf" if b"%PDF-" in file.content[:_HEAD] else ""


def page(
    mails: Sequence[Mail],
    unsent: Sequence[Story],
    mail: Mail | None,
    story: Story | None,
) -> str:
    """Write the page: the list, and one mail where one is chosen."""
    count = f"{len(mails)} mail{'' if len(mails) == 1 else 's'} received"
    body = _article(mail, story) if mail else _nothing_chosen(bool(mails))
    title = f"{mail.header('Subject')} - Scanpost" if mail else "Scanpost: inbox"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="data:,">
<script src="/page.js" defer></script>
</head>
<body class="{"has-mail" if mail else "no-mail"}">
<header><h1><a href="/">Scanpost</a></h1><p id="count">{count}</p></header>
{_unsent(unsent)}
<div class="panes">
<nav aria-label="Mails"><ol id="list">{_list(mails, mail)}</ol></nav>
<main>{body}</main>
</div>
</body>
</html>
"""


def _nothing_chosen(is_some: bool) -> str:
    words = (
        "Choose a mail to read it."
        if is_some
        else "No mail has come yet. Put a file into ./drop/front-desk/ and watch."
    )
    return f'<div class="empty"><p class="note">{words}</p></div>'


def _list(mails: Iterable[Mail], chosen: Mail | None) -> str:
    return "".join(_entry(mail, mail == chosen) for mail in mails)


def _entry(mail: Mail, is_chosen: bool) -> str:
    mark = ' aria-current="page"' if is_chosen else ""
    files = ", ".join(each.name for each in mail.attachments)
    return f"""
<li><a href="/mail/{mail.number}"{mark}>
<span class="row"><span>{escaped(_from(mail))}</span>
<span><span class="chip">{mail.transport}</span> {clock(mail.time)}</span></span>
<strong>{escaped(mail.header("Subject") or "(no subject)")}</strong>
<span class="row"><span>to {escaped(", ".join(mail.recipients))}</span></span>
<span class="row"><span>{escaped(files)}</span></span>
</a></li>"""


def _from(mail: Mail) -> str:
    return mail.header("From") or mail.sender


def _unsent(stories: Sequence[Story]) -> str:
    if not stories:
        return '<div id="unsent"></div>'
    items = "".join(
        f"<li><strong>{escaped(each.path)}</strong> {escaped(each.headline)}"
        f"<br><small>{escaped(each.error)}</small></li>"
        for each in stories
    )
    return (
        '<div id="unsent"><section class="unsent"><h2>Not sent</h2>'
        f"<ul>{items}</ul></section></div>"
    )


def _article(mail: Mail, story: Story | None) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in mail.headers)
    shown = {
        "From": _from(mail),
        "To": mail.header("To"),
        "Cc": mail.header("Cc"),
        "Reply to": mail.header("Reply-To"),
        "Arrived": f"{clock(mail.time)} by {_TRANSPORTS[mail.transport]}",
        "Envelope": f"{mail.sender} to {', '.join(mail.recipients)}",
    }
    facts = _facts((name, value) for name, value in shown.items() if value)
    files = "".join(_file(mail, i, each) for i, each in enumerate(mail.attachments))
    return f"""
<p class="back"><a href="/">All mails</a></p>
<article>
<h2>{escaped(mail.header("Subject") or "(no subject)")}</h2>
{facts}
<h3>Mail</h3>
{_body(mail)}
<h3>Attachments</h3>
{files or '<p class="note">None.</p>'}
<section id="story"><h3>Story</h3>{_story(mail, story)}</section>
<h3>Headers</h3>
<details><summary>{len(mail.headers)} headers</summary>
<pre>{escaped(headers)}</pre></details>
</article>"""


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    rows = (f"<dt>{escaped(name)}</dt><dd>{escaped(text)}</dd>" for name, text in pairs)
    return f"<dl>{''.join(rows)}</dl>"


def _body(mail: Mail) -> str:
    text = f"<pre>{escaped(mail.text)}</pre>"
    if not mail.html:
        return text
    return (
        f'<iframe class="body" sandbox title="The mail, as HTML" '
        f'src="/mail/{mail.number}/body"></iframe>'
        f"<details><summary>As plain text</summary>{text}</details>"
    )


def _file(mail: Mail, index: int, file: Attachment) -> str:
    where = f"/mail/{mail.number}/file/{index}"
    name, kind = escaped(file.name), shown_as(file)
    if kind == "application/pdf":
        view = f'<iframe class="pdf" title="{name}" src="{where}#navpanes=0"></iframe>'
    elif kind:
        view = f'<img alt="{name}" src="{where}">'
    elif file.media_type == "image/tiff":
        view = '<p class="note">Browsers do not show TIFF: save it to look at it.</p>'
    else:
        view = '<p class="note">This is not shown here: save it to look at it.</p>'
    size = f"{escaped(file.media_type)}, {len(file.content):,} bytes"
    return f"""
<figure><figcaption><strong>{name}</strong><span class="note">{size}</span>
<a href="{where}" target="_blank" rel="noopener">open</a>
<a href="{where}" download="{name}">save</a></figcaption>{view}</figure>"""


def _story(mail: Mail, story: Story | None) -> str:
    if not mail.scan_id:
        return '<p class="note">This mail is not of a scan.</p>'
    if story is None:
        return f'<p class="note">The ledger has no row {escaped(mail.scan_id)}.</p>'
    facts = [("Scan", story.scan_id), *story.facts(), *story.mails()]
    return f"<p>{escaped(story.headline)}</p>{_facts(facts)}"
