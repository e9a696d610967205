"""Each verb: what it prints, its one JSON document, and its exit status."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace

import pytest

from local.azurite import ROOT
from ops.__main__ import main
from shared.errors import UnreachableError
from shared.model import Reason, State
from tests.path.office import INSIDE

pytestmark = pytest.mark.usefixtures("office")
COLUMNS = {
    *("scan_id", "state", "reason", "path", "received", "size", "type", "device"),
    *("container", "name", "etag", "generation", "ordered", "assigned", "attempts"),
    *("last_error", "updated", "plan", "lease_until", "next_attempt"),
}


def test_list_is_an_array_of_the_ledger_s_columns(office, scanpost):
    """One JSON document; the plan is JSON, not text."""
    office.scan(name="a/1.pdf")
    office.scan(name="b/2.pdf", to="")
    status, rows, _ = scanpost("list", "--json")
    assert status == 0
    assert [row["path"] for row in rows] == ["a/1.pdf", "b/2.pdf"]
    assert rows[0].keys() == COLUMNS
    assert rows[0]["plan"][0]["to"] == [INSIDE]


FILTERS = [
    (["--state", "held"], ["b/2.pdf"]),
    (["--device", "a"], ["a/1.pdf"]),
    (["--reason", "no-recipient"], ["b/2.pdf"]),
    (["--since", "1h"], ["a/1.pdf", "b/2.pdf"]),
    (["--since", "2100-01-01"], []),
    (["--state", "waiting"], []),
]


@pytest.mark.parametrize(("words", "paths"), FILTERS)
def test_list_filters(office, scanpost, words, paths):
    """By state, device, reason and age."""
    office.scan(name="a/1.pdf")
    office.scan(name="b/2.pdf", to="")
    _, rows, _ = scanpost("list", *words, "--json")
    assert [row["path"] for row in rows] == paths


def test_list_prints_a_table(office, scanpost):
    """For people."""
    row = office.scan(name="a/1.pdf")
    _, text, _ = scanpost("list")
    assert row.scan_id in text
    assert "a/1.pdf" in text


def test_show_finds_by_id_and_by_path(office, scanpost):
    """The newest of a path."""
    office.scan()
    row = office.scan()
    for word in (row.scan_id, row.path):
        status, shown, _ = scanpost("show", word, "--json")
        assert (status, shown["scan_id"]) == (0, row.scan_id)
        assert shown.keys() == COLUMNS


def test_show_tells_people_what_to_do(office, scanpost):
    """The reason has its action beside it."""
    row = office.scan(to="")
    _, text, _ = scanpost("show", row.scan_id)
    assert "no-recipient" in text
    assert "what to do" in text


def test_show_of_nothing_says_so(scanpost):
    """Exit status 1, and where to look."""
    status, _, err = scanpost("show", "mfp/never.pdf")
    assert status == 1
    assert "scanpost list" in err


def test_explain_walks_the_trail_of_a_file(office, scanpost):
    """Every step, dry: nothing is claimed, nothing is sent."""
    office.put("mfp/scan.pdf")
    status, told, _ = scanpost("explain", "mfp/scan.pdf", "--json")
    assert status == 0
    assert told.keys() == {
        *("device", "trail", "recipients", "transports", "subject", "reason"),
    }
    assert (told["device"], told["recipients"]) == ("mfp", [INSIDE])
    assert told["transports"] == ["outbox"]
    assert told["reason"] == ""
    assert told["trail"]
    assert office.rows() == []


def test_explain_needs_no_file(office, scanpost):
    """A name alone can be explained before the first scan."""
    office.write(
        "config", "routes.toml", b'[defaults]\nfallback = "office@contoso.com"\n'
    )
    status, told, _ = scanpost("explain", "new device/Übung.pdf", "--json")
    assert (status, told["recipients"]) == (0, [INSIDE])
    assert told["subject"] == "Scan from new device: Übung"


def test_explain_of_nobody_is_no(scanpost):
    """Exit status 1 and the reason."""
    status, told, _ = scanpost("explain", "mfp/scan.pdf", "--json")
    assert (status, told["reason"]) == (1, "no-recipient")


@pytest.mark.parametrize("path", ["mfp/.x.pdf", "mfp/x.tmp"])
def test_explain_says_what_is_ignored(scanpost, path):
    """Junk is nobody's."""
    status, told, _ = scanpost("explain", path, "--json")
    assert (status, told["reason"]) == (1, "ignored")


def test_explain_of_an_impossible_name_is_usage(scanpost):
    """Exit status 2."""
    assert scanpost("explain", "../held/x")[0] == 2


def test_release_without_yes_and_without_terminal_is_usage(office, scanpost):
    """Nobody can be asked."""
    row = office.scan(to="")
    status, _, err = scanpost("release", row.scan_id)
    assert status == 2
    assert "--yes" in err


class Terminal(io.StringIO):
    """A person at the keyboard."""

    def isatty(self) -> bool:
        """They are there."""
        return True


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_release_asks(office, scanpost, monkeypatch, answer, status):
    """Only a yes releases."""
    row = office.scan(to="")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert scanpost("release", row.scan_id)[0] == status
    expected = State.WAITING if status == 0 else State.HELD
    assert office.reread(row).state is expected


def test_release_by_id_queues_and_returns(office, scanpost):
    """The functions do the rest."""
    row = office.scan(to="")
    status, told, _ = scanpost(
        "release", row.scan_id, "--to", INSIDE, "--yes", "--json"
    )
    assert (status, told) == (0, {"released": [row.scan_id], "refused": {}})
    row = office.wake(office.reread(row))
    assert (row.state, row.assigned) == (State.SENT, (INSIDE,))


def test_release_by_reason_takes_all(office, scanpost):
    """Also what was given up waiting for that reason."""
    first = office.scan(name="a/1.pdf", to="")
    office.inside.script = [UnreachableError("down")] * 2
    second = office.scan(name="a/2.pdf")
    office.later(hours=49)
    second = office.wake(second)
    assert second.reason is Reason.GAVE_UP
    _, told, _ = scanpost("release", "--reason", "unreachable", "--yes", "--json")
    assert told["released"] == [second.scan_id]
    _, told, _ = scanpost("release", "--reason", "no-recipient", "--yes", "--json")
    assert told["released"] == [first.scan_id]


def test_release_of_what_is_not_held_is_no(office, scanpost):
    """Sent is sent."""
    row = office.scan()
    status, told, _ = scanpost("release", row.scan_id, "x", "--yes", "--json")
    assert (status, told["released"]) == (1, [])
    assert told["refused"].keys() == {row.scan_id, "x"}


@pytest.mark.parametrize(
    "words",
    [["--yes"], ["x", "--reason", "missed", "--yes"], ["x", "--to", "no", "--yes"]],
)
def test_release_that_says_too_little_or_too_much_is_usage(scanpost, words):
    """Exit status 2."""
    assert scanpost("release", *words)[0] == 2


def test_who_released_is_logged_by_the_functions(office, scanpost, caplog):
    """The order carries the operator's name."""
    row = office.scan(to="")
    scanpost("release", row.scan_id, "--to", INSIDE, "--yes")
    queue = office.azurite.queues().get_queue_client("scan-retries")
    import base64

    from shared import path

    (message,) = queue.receive_messages()
    caplog.set_level("INFO", "scanpost")
    path.retry(office.works, base64.b64decode(message.content).decode())
    assert "event=released" in caplog.text
    assert "by=" in caplog.text


def test_check_passes_where_all_is_well(scanpost):
    """Settings, storage, routes and each transport."""
    status, checks, _ = scanpost("check", "--json")
    assert status == 0
    names = [each["check"] for each in checks]
    assert names == ["storage", "routes", "transport outbox"]


def test_check_names_a_broken_routes_file(office, scanpost):
    """With its line, and exit status 1."""
    office.write("config", "routes.toml", b"[defaults]\nfallbak = 5\n")
    status, text, _ = scanpost("check")
    assert status == 1
    assert "line 2" in text
    assert "fallbak" in text


def test_check_with_wrong_settings_is_configuration(scanpost, monkeypatch):
    """Exit status 2, and the setting's name."""
    monkeypatch.setenv("LEASE_SECONDS", "soon")
    status, checks, _ = scanpost("check", "--json")
    assert (status, checks[0]["check"], checks[0]["ok"]) == (2, "settings", False)
    assert "LEASE_SECONDS" in checks[0]["text"]


def test_transport_for_the_inside_cannot_serve_the_outside(scanpost, monkeypatch):
    """HVE reaches nobody there; each scan would find out for itself."""
    monkeypatch.setenv("EXTERNAL_TRANSPORT", "hve")
    for name in ("MAIL_TENANT_ID", "MAIL_CLIENT_ID"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HVE_SENDER", "scans@contoso.com")
    status, text, _ = scanpost("check")
    assert status == 2
    assert "EXTERNAL_TRANSPORT: hve reaches nobody outside" in text


# The SDK for tables looks at an XML element as if it were a truth value.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value")
def test_storage_that_lets_nobody_in_is_configuration(office, scanpost, monkeypatch):
    """A wrong key: later will not be better; what to look at is said."""
    text = office.env["SCAN_STORAGE"]
    key = text.split("AccountKey=")[1].split(";")[0]
    monkeypatch.setenv("SCAN_STORAGE", text.replace(key, "d3Jvbmc="))
    status, _, err = scanpost("list")
    assert status == 2
    assert "check SCAN_STORAGE" in err
    status, checks, _ = scanpost("check", "--json")
    assert status == 1
    assert "check SCAN_STORAGE" in checks[0]["text"]


@pytest.mark.parametrize("words", ["yesterday", "999999999999d", "9" * 400 + "h"])
def test_since_says_what_to_write(capsys, words):
    """A time that is none."""
    with pytest.raises(SystemExit, match="2"):
        main(["list", "--since", words])
    assert "write 36h, 7d or a date" in capsys.readouterr().err


def test_reader_who_has_seen_enough_is_no_fault():
    """As in `scanpost list --help | head -1`, but for a verb that prints."""
    words = [sys.executable, "-m", "ops", "explain", "a/.b", "--json"]
    done = subprocess.Popen(  # noqa: S603 (our own words)
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert done.stdout
    assert done.stderr
    done.stdout.close()
    assert done.stderr.read() == b""
    assert done.wait() == 1
    done.stderr.close()


@pytest.mark.parametrize("path", ["20261121-a/b.pdf", "99999999-x/scan.pdf"])
def test_path_that_looks_like_an_id_is_a_path(office, scanpost, path):
    """A device may be called as it likes."""
    row = office.scan(name=path)
    assert scanpost("show", path, "--json")[1]["scan_id"] == row.scan_id


@pytest.mark.parametrize("name", ["x/y", "../..", "20261121-a/b"])
def test_release_of_what_is_no_id_is_no(scanpost, name):
    """It is not asked of storage at all."""
    status, told, _ = scanpost("release", name, "--yes", "--json")
    assert (status, list(told["refused"])) == (1, [name])


def test_terminal_gets_no_commands_from_a_path(office, scanpost):
    """Control characters and marks that turn the direction stay out of it."""
    name = "mfp/\x1b[31mred\u202efdp.exe\x85x.pdf"
    # Azurite cannot list such a name: the row alone has it.
    row = office.works.ledger.save(replace(office.scan(to=""), path=name))
    _, table, _ = scanpost("list")
    _, one, _ = scanpost("show", row.scan_id)
    for text in (table, one):
        assert not {"\x1b", "\u202e", "\x85"} & set(text)
    assert scanpost("show", row.scan_id, "--json")[1]["path"] == name


def test_answer_to_the_question_leaves_one_json_document(office, scanpost, monkeypatch):
    """The question goes to standard error; a no is told as one."""
    row = office.scan(to="")
    for answer, status in (("n\n", 1), ("", 1), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        done, told, err = scanpost("release", row.scan_id, "--json")
        assert (done, "Send 1? [y/N]" in err) == (status, True)
        assert told["released"] == ([row.scan_id] if status == 0 else [])


def test_operator_without_a_name_releases_too(office, scanpost, monkeypatch):
    """In a container there may be a number only."""

    def nobody() -> str:
        raise OSError("no user name")

    monkeypatch.setattr("getpass.getuser", nobody)
    row = office.scan(to="")
    assert scanpost("release", row.scan_id, "--to", INSIDE, "--yes")[0] == 0
    assert office.messages() == 1


@pytest.mark.parametrize(
    ("path", "reason", "status"),
    [("mfp/x.pdf", "", 0), ("mfp/x.docx", "type-not-accepted", 1), ("mfp/x.e", "", 0)],
)
def test_explain_asks_which_kinds_are_accepted(office, scanpost, path, reason, status):
    """By the name alone; a name that says nothing is taken for a PDF, and told so."""
    office.write(
        "config",
        "routes.toml",
        b"[defaults]\nfallback = 'a@contoso.com'\n[policy]\naccept = ['pdf']\n",
    )
    done, told, _ = scanpost("explain", path, "--json")
    assert (done, told["reason"]) == (status, reason)
    assert ("taken for a PDF" in " ".join(told["trail"])) == path.endswith(".e")


@pytest.mark.parametrize("path", ["mfp/scan.pdf", "mfp/absent.pdf"])
def test_explain_with_broken_routes_says_so(office, scanpost, path):
    """One document, as always."""
    office.put("mfp/scan.pdf")
    office.write("config", "routes.toml", b"[defaults\n")
    status, told, _ = scanpost("explain", path, "--json")
    assert (status, told["reason"]) == (1, "routes-broken")


def test_unreachable_storage_is_try_later(office, scanpost, monkeypatch):
    """Exit status 3."""
    from local.azurite import free_port

    text = office.env["SCAN_STORAGE"]
    port = text.split("TableEndpoint=http://127.0.0.1:")[1].split("/")[0]
    monkeypatch.setenv("SCAN_STORAGE", text.replace(port, str(free_port())))
    assert scanpost("list")[0] == 3
