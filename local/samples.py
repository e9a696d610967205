"""Three sample scans, made when they are needed: for inside, outside and both.

Out: `Sample`s with everything that `make run` puts into `scans`, and the routes and the
directory that they are sent by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from local.paper import (
    HEIGHT,
    WHITE,
    WIDTH,
    Box,
    Sheet,
    Words,
    as_jpeg,
    as_pdf,
    as_tiff,
)

DEVICE = "front-desk"
INSIDE, OUTSIDE = "jane@contoso.com", "ap@fabrikam.com"
ROUTES = f"""\
# Who gets the scans of `make run`. Change it: it is read again within a minute.
[defaults]
subject  = "Scan from {{device}}: {{name}}"
fallback = "office@contoso.com"

[policy]
external = ["fabrikam.com"]

[devices."{DEVICE}"]
name = "Front desk copier"

[[routes]]   # ./drop/front-desk/home/jane/scan.pdf goes to jane, by directory.csv
match = "{{device}}/home/{{login}}/*"
to    = ["directory:{{login}}"]

[[routes]]   # ./drop/front-desk/invoices/scan.pdf goes outside
match   = "{{device}}/invoices/**"
to      = ["{OUTSIDE}"]
subject = "Invoice {{name}}"
"""
DIRECTORY = f"login,email,name\njane,{INSIDE},Jane\nomar,omar@contoso.com,Omar\n"
_GREY, _LIGHT = 96, 216
_MARGIN = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file for container `scans`."""

    path: str
    content: bytes
    recipients: frozenset[str]
    """Everybody who is to get it."""
    what: str
    """Why it goes to them, in a few words."""
    metadata: Mapping[str, str] = field(default_factory=dict)


def samples() -> tuple[Sample, ...]:
    """Make the three of them."""
    both = frozenset({INSIDE, OUTSIDE})
    return (
        _sample(
            "home/jane/Minutes of the meeting.pdf",
            as_pdf,
            ("Minutes", _MINUTES),
            frozenset({INSIDE}),
            what="inside, by the folder jane",
        ),
        _sample(
            "invoices/delivery-note-2026-118.tif",
            as_tiff,
            ("Delivery note 2026-118", _DELIVERY),
            frozenset({OUTSIDE}),
            what="outside, by a route",
        ),
        _sample(
            "whiteboard.jpg",
            as_jpeg,
            ("Whiteboard", _WHITEBOARD),
            both,
            what="both sides, by metadata",
            metadata={"to": ",".join(quote(each) for each in sorted(both))},
        ),
    )


def _sample(
    name: str,
    write: Callable[[Sheet], bytes],
    words: tuple[str, Sequence[str]],
    recipients: frozenset[str],
    **more: object,
) -> Sample:
    return Sample(
        path=f"{DEVICE}/{name}",
        content=write(_sheet(*words)),
        recipients=recipients,
        **more,  # type: ignore[arg-type]
    )


_MINUTES = (
    "Present: Jane, Omar, the front desk",
    "",
    "1. The copier on the 2nd floor speaks to no mail server any more.",
    "2. It drops its scans into a folder; the rest happens by itself.",
    "3. Whoever stands at the glass finds the scan in the mailbox.",
    "",
    "Next meeting: when the paper tray is empty.",
)
_DELIVERY = (
    "To: Fabrikam, accounts payable",
    "",
    "  2  boxes of paper, A4, 80 g",
    "  1  toner, black",
    " 12  paper clips",
    "",
    "Received in good order:",
)
_WHITEBOARD = (
    "file  -  blob  -  event",
    "event  -  receive  -  route",
    "compose  -  deliver  -  settle",
    "",
    "inside: HVE",
    "outside: ACS",
)


def _sheet(title: str, lines: Sequence[str]) -> Sheet:
    """A page with a bar, a title, the lines, a few boxes and a foot."""
    marks: list[Box | Words] = [
        Box(0, 0, WIDTH, 84),
        Words(_MARGIN, 54, 26, title, WHITE),
        Words(_MARGIN, HEIGHT - 40, 9, "A sample, made by make run", _GREY),
        Box(_MARGIN, HEIGHT - 58, WIDTH - 2 * _MARGIN, 1),
    ]
    y = 132.0
    for line in lines:
        marks.append(Words(_MARGIN, y, 14, line))
        y += 28
    width = (WIDTH - 2 * _MARGIN) / 10
    for place, height in enumerate((40, 64, 52, 90, 76, 118, 104, 140, 128, 170)):
        x = _MARGIN + place * width
        marks.append(Box(x, 680 - height, width - 10, height, _LIGHT - 18 * place))
    marks.append(Box(_MARGIN, 680, WIDTH - 2 * _MARGIN, 1.5))
    return marks
