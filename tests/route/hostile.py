"""Paths that somebody might try: each with the people that it may reach, at most.

The rules they meet trust the folder below `home` as a login, `to` as an address, and
let mail go to fabrikam.com; nothing else is outside.
"""

from __future__ import annotations

RULES = """\
[defaults]
subject = "{device}: {name} {file}"
from_name = "{name}"
reply_to = "{name}"

[policy]
external = ["fabrikam.com"]
max_recipients = 3

[[routes]]
match = "{device}/home/{login}/*"
to = ["directory:{login}"]
subject = "{login} {name}"

[[routes]]
match = "{device}/mail/{login}/*"
to = ["{login}@contoso.com"]

[[routes]]
match = "{device}/to/{who}/*"
to = ["{who}"]
"""

ANN = "ann.a@contoso.com"
VICTIM = "boss@contoso.com"
SEEN = "a@contoso.com"

# What stands where a login or an address is expected, and is neither.
NEITHER = (
    *("..", ".", "...", "~", "*", "**", "?", "|", "&", ";", "$(id)", "`id`", "%", "%%"),
    *("%2e%2e", "%2e%2e%2fann", "..%2fann", "ann%2f..", "ann%00", "%00", "%0d%0a"),
    *("ann%0d%0aBcc:boss", "\r\nBcc: boss", "ann\r\nBcc: boss@contoso.com", "ann\n"),
    *("\nann", "ann\0", "\0", "ann\x1b[2J", "ann\t", "ann\x0b", "ann\x85", "ann\u2028"),
    *(
        "{login}",
        "{user}",
        "{device}",
        "{name}",
        "{0}",
        "{{login}}",
        "{login",
        "login}",
    ),
    *("{date}{time}", "${login}", "#{login}", "<%= ann %>", "{% ann %}", "%(login)s"),
    *(
        "\u202eann",
        "ann\u202e",
        "\u202dnna\u202c",
        "a\u200bnn",
        "ann\ufeff",
        "a\u00adnn",
    ),
    *("\u2066ann\u2069", "\u200fann", "\u061cann", "\u0430nn", "an\uff4e", "\u24d0nn"),
    *("directory:ann", "directory:{login}", "mailto:boss", "boss@", "@contoso.com"),
    *("boss,a", "boss;a", "boss a", "boss@contoso.com,a@contoso.com", "<boss>"),
    *("boss@contoso.com>", "<boss@contoso.com>", '"boss"', '"boss@contoso.com"'),
    *("boss@contoso.com a@contoso.com", "boss@contoso.com;a@contoso.com"),
    *("boss@contoso.com\r\na@contoso.com", "boss@contoso.com%0d%0aBcc", "boss@@x"),
    *("Boss <boss@contoso.com>", "boss@contoso.com (x)", "(x)boss@contoso.com"),
    *("boss@[127.0.0.1]", "boss@localhost", "boss@contoso", "boss@contoso.com."),
    *("boss@.contoso.com", "boss@contoso..com", "boss@con_toso.com", "boss@-x.com"),
    *("boss@contoso.com\u202e", "\u202eboss@contoso.com", "boss@con\u200btoso.com"),
    *("boss\uff20contoso.com", "boss@contoso.com\u00ad", "bo\u00dfs@contoso.com"),
    *("x" * 300, "x" * 65 + "@contoso.com", "boss@" + "x." * 130 + "com"),
)

# Whole folders and parts of names that are addresses nobody outside may have.
ABROAD = (
    *("boss@evil.example", "boss@contoso.com.evil.example", "boss@mail.contoso.com"),
    *("boss@c\u043entoso.com", "boss@contoso.co", "boss@xn--contoso-.example"),
    *("boss@fabrikam.com.example", "boss@notfabrikam.com", "boss@mail.fabrikam.com"),
    *("boss%contoso.com@evil.example", "boss+contoso.com@evil.example"),
)

# Shapes of a path that hold one of these.
_NEITHER_IN = ("mfp/home/{}/a.pdf", "mfp/to/{}/a.pdf")
_ABROAD_IN = (
    *("mfp/to/{}/a.pdf", "mfp/{}/a.pdf", "{}/a.pdf", "mfp/{}.pdf", "mfp/a {}.pdf"),
    *("mfp/({}).pdf", "mfp/a,{};b.pdf", "mfp/x/{}/y/a.pdf"),
)

ODD: tuple[tuple[str, list[str]], ...] = (
    ("mfp/boss@contoso.com", [VICTIM]),
    ("mfp/boss@contoso.com.pdf", [VICTIM]),
    ("mfp/boss@contoso.com.pdf.pdf", []),
    ("mfp/boss@contoso.com.exe", [VICTIM]),
    ("mfp/not-boss@contoso.com.pdf", ["not-boss@contoso.com"]),
    ("mfp/boss@contoso.com_1.pdf", []),
    ("mfp/xboss@contoso.com y.pdf", ["xboss@contoso.com"]),
    ("mfp/Bcc: boss@contoso.com.pdf", [VICTIM]),
    ("mfp/Bcc:boss@contoso.com.pdf", []),
    ("mfp/a\r\nBcc: boss@contoso.com.pdf", [VICTIM]),
    ("mfp/a\r\nBcc:boss@contoso.com\r\n.pdf", []),
    ("mfp/a%0d%0aboss@contoso.com.pdf", ["a%0d%0aboss@contoso.com"]),
    ("mfp/../boss@contoso.com/a.pdf", [VICTIM]),
    ("../../home/ann/a.pdf", []),
    ("mfp/home/ann/../../to/a.pdf", []),
    ("mfp/home/ann/a.pdf", [ANN]),
    ("mfp/home/ANN/a.pdf", [ANN]),
    ("mfp/Home/ann/a.pdf", []),
    ("mfp/home/ann", []),
    ("mfp/home//a.pdf", []),
    ("mfp//home/ann/a.pdf", []),
    ("/mfp/home/ann/a.pdf", []),
    ("mfp\\home\\ann\\a.pdf", []),
    ("mfp/home/ann\\a.pdf", []),
    ("home/ann/a.pdf", []),
    ("a.pdf", []),
    ("/", []),
    ("", []),
    ("mfp/", []),
    ("mfp/mail/a/x.pdf", [SEEN]),
    ("mfp/mail/a@evil.example/x.pdf", []),
    ("mfp/mail/a@evil.example?/x.pdf", []),
    ("mfp/mail/boss@contoso.com,a/x.pdf", []),
    ("mfp/mail/%61/x.pdf", ["%61@contoso.com"]),
    ("mfp/to/a@contoso.com/boss@contoso.com.pdf", [SEEN]),
    ("mfp/to/a@fabrikam.com/x.pdf", ["a@fabrikam.com"]),
    ("mfp/to/a@FABRIKAM.com/x.pdf", ["a@fabrikam.com"]),
    ("mfp/to/a@contoso.com/../x.pdf", [SEEN]),
    ("mfp/a@contoso.com b@contoso.com c@contoso.com d@contoso.com.pdf", []),
    ("mfp/" + "a@contoso.com " * 60 + ".pdf", [SEEN]),
    ("mfp/" + "/".join(["x"] * 500) + "/a.pdf", []),
    ("\u202emfp/home/ann/a.pdf", [ANN]),
    ("{device}/home/ann/a.pdf", [ANN]),
    ("mfp\r\nX: y/home/ann/a.pdf", [ANN]),
)

PATHS: tuple[tuple[str, list[str]], ...] = (
    *((shape.replace("{}", bad), []) for bad in NEITHER for shape in _NEITHER_IN),
    *((shape.replace("{}", bad), []) for bad in ABROAD for shape in _ABROAD_IN),
    *ODD,
)
