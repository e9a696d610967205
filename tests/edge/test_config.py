"""edge.toml: what it may say, and that every fault is told at once."""

from __future__ import annotations

import socket

import pytest

from edge.config import (
    Config,
    Done,
    EdgeConfigError,
    Folder,
    Gathering,
    Limits,
    Sidecar,
    Storage,
    read,
)
from shared.errors import ConfigError

CONNECTION = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1"
)
WHOLE = """
state_dir = "state"
agent     = "office-berlin"
[storage]
account_url = "https://stscans.blob.core.windows.net"
container   = "scans"
[limits]
uploads = 3
[[folder]]
path   = "mfp-2f"
device = "mfp-2f"
quiet_seconds = 5
done   = "delete"
set    = "single"
sidecar = "none"
problems = true
[[folder]]
path   = "mfp-3f"
device = "Copier (3rd floor)"
quiet_seconds = 2.5
done   = "move"
set    = "merge"
sidecar = "papercut-xml"
problems = false
remove_empty = true
pages_quiet_seconds = 20
pages_missing_seconds = 600
sidecar_seconds = 90
"""
SHORT = """
state_dir = "/var/lib/scanpost-edge"
[storage]
account_url = "https://stscans.blob.core.windows.net/"
[[folder]]
path = "mfp-2f"
device = "mfp-2f"
"""


@pytest.fixture
def folder(tmp_path):
    """Where edge.toml lies, with two printers' folders."""
    (tmp_path / "mfp-2f").mkdir()
    (tmp_path / "mfp-3f").mkdir()
    return tmp_path


def written(folder, text, environ=None):
    """Read a configuration of this text."""
    file = folder / "edge.toml"
    file.write_text(text, encoding="utf-8")
    return read(file, environ or {})


def faults(folder, text, environ=None):
    """What is wrong with it, as line and text."""
    with pytest.raises(EdgeConfigError) as caught:
        written(folder, text, environ)
    assert isinstance(caught.value, ConfigError)
    return caught.value.faults


def test_all_keys_are_read(folder):
    """Each key of the file is a field of the configuration."""
    assert written(folder, WHOLE) == Config(
        state_dir=folder / "state",
        agent="office-berlin",
        storage=Storage(account_url="https://stscans.blob.core.windows.net"),
        limits=Limits(uploads=3),
        folders=(
            Folder(path=folder / "mfp-2f", device="mfp-2f"),
            Folder(
                path=folder / "mfp-3f",
                device="Copier (3rd floor)",
                quiet_seconds=2.5,
                done=Done.MOVE,
                set=Gathering.MERGE,
                sidecar=Sidecar.PAPERCUT,
                problems=False,
                remove_empty=True,
                pages_quiet_seconds=20,
                pages_missing_seconds=600,
                sidecar_seconds=90,
            ),
        ),
    )


def test_little_need_be_said(folder):
    """The agent is called like its host; all else has a default."""
    config = written(folder, SHORT)
    assert config.agent == socket.gethostname()
    assert config.limits.uploads == 12
    (watched,) = config.folders
    assert (watched.done, watched.set, watched.sidecar) == ("delete", "single", "none")
    assert config.storage.account_url == "https://stscans.blob.core.windows.net"
    assert config.storage.container == "scans"


def test_the_environment_wins_over_the_file(folder):
    """SCAN_STORAGE makes `[storage]` unnecessary; the container is still the file's."""
    environ = {"SCAN_STORAGE": CONNECTION}
    config = written(folder, WHOLE.replace('"scans"', '"scans-2"'), environ)
    assert config.storage.connection_string == CONNECTION
    assert config.storage.container == "scans-2"
    shorter = 'state_dir = "s"\n[[folder]]\npath = "mfp-2f"\ndevice = "m"\n'
    assert written(folder, shorter, environ).storage.connection_string == CONNECTION


def test_a_key_is_never_shown(folder):
    """Neither in the configuration as text, nor in a fault."""
    assert "a2V5" not in repr(written(folder, SHORT, {"SCAN_STORAGE": CONNECTION}))
    bad = "AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1/x"
    assert "c2VjcmV0" not in str(faults(folder, SHORT, {"SCAN_STORAGE": bad}))


BROKEN = [
    ("AccountKey=a2V5;", "AccountKey=a2V5c;"),
    ("AccountKey=a2V5;", "AccountKey=a2V5cw%3D%3D;"),
    (":10000/", ":99999/"),
    ("AccountName=dev", "AccountName=dëv"),
]


@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_a_connection_string_that_was_cut_short_is_a_fault(folder, right, wrong):
    """And how to mend it."""
    broken = CONNECTION.replace(right, wrong)
    assert broken != CONNECTION
    ((line, said),) = faults(folder, SHORT, {"SCAN_STORAGE": broken})
    assert line == 0
    assert "copy the account's connection string whole" in said
    assert "a2V5" not in said


@pytest.mark.parametrize("key", ["state_dir", "path"])
def test_a_path_that_no_disk_can_hold_is_a_fault(folder, key):
    """255 bytes are the longest name."""
    lines = [
        f'{key} = "/var/{"x" * 256}"' if each.startswith(f"{key} =") else each
        for each in SHORT.splitlines()
    ]
    ((_, said),) = faults(folder, "\n".join(lines))
    assert said.startswith(f"{key}: ")
    assert "255" in said


def test_every_fault_is_told_at_once(folder):
    """With the line, the key, and what to write."""
    (folder / "file").touch()
    said = faults(
        folder,
        """state_dir = 3
agnet = "x"
[storage]
account_url = "http://stscans.blob.core.windows.net"
container = "Scans"
[limits]
uploads = 0
[[folder]]
path = "file"
device = "a/b"
quiet_seconds = "5"
done = "remove"
set = true
sidecar = "papercut"
problems = "yes"
[[folder]]
remove_empty = 1
""",
    )
    assert [line for line, _ in said] == [
        1, 2, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17,
    ]  # fmt: skip
    text = dict(said)
    assert text[1] == "state_dir: write a text, between quotation marks"
    assert text[2] == "agnet: unknown key: did you mean agent?"
    assert "https://stscans" in text[4]
    assert "no folder: name one" in text[9]
    assert "more than one folder" in text[10]
    assert text[11] == "quiet_seconds: write a number of seconds, from 0 to 86400"
    assert "did you mean" in text[12] or "write one of delete, move" in text[12]
    assert "did you mean papercut-xml?" in text[14]
    assert text[15] == "problems: write true or false, without quotation marks"


def test_a_folder_that_is_missing_may_come_later(folder):
    """A share that is not mounted yet keeps nobody from starting."""
    text = SHORT.replace('"mfp-2f"\n', '"not/yet"\n', 1)
    assert written(folder, text).folders[0].path == folder / "not" / "yet"


MISSING = [
    ("", ["state_dir", "folder", "account_url"]),
    ("folder = []", ["state_dir", "folder", "account_url"]),
    ("[folder]\npath = 'x'", ["state_dir", "account_url", "folder"]),
    ("folder = [3]", ["state_dir", "account_url", "folder"]),
    ("[[folder]]", ["state_dir", "account_url", "path", "device"]),
    ("storage = 3", ["state_dir", "folder", "storage", "account_url"]),
]


@pytest.mark.parametrize(("text", "keys"), MISSING)
def test_what_is_missing_is_told(folder, text, keys):
    """With an example of what to write."""
    said = faults(folder, text)
    assert sorted(each.partition(":")[0] for _, each in said) == sorted(keys)
    assert all("write" in each for _, each in said)


DEVICES = [
    ("", "empty"),
    (" ", "empty"),
    (".", "taken out"),
    ("..", "taken out"),
    (".hidden", "systems use"),
    ("@eaDir", "systems use"),
    ("a\\\\b", "more than one"),
    ("mfp.", "dot"),
    ("a\\u202eb", "cannot be read"),
    ("a\\nb", "cannot be read"),
    ("x" * 129, "longer than 128 characters"),
]


@pytest.mark.parametrize(("device", "why"), DEVICES)
def test_a_device_is_one_segment_of_a_name(folder, device, why):
    """What no blob's name can begin with is told before anything is uploaded."""
    text = SHORT.replace('device = "mfp-2f"', f'device = "{device}"')
    ((line, said),) = faults(folder, text)
    assert line == 7
    assert why in said


@pytest.mark.parametrize("device", ["mfp-2f", "Kopierer Süd", "unknown", "x" * 128])
def test_a_device_may_be_called_as_people_call_it(folder, device):
    """Letters of any script, blanks, 128 characters."""
    text = SHORT.replace('device = "mfp-2f"', f'device = "{device}"')
    assert written(folder, text).folders[0].device == device


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("mfp-2f", "mfp-2f"),
        ("mfp-2f", "mfp-2f/sub"),
        ("mfp-2f/sub", "mfp-2f"),
        ("mfp-2f", "link"),
        ("mfp-2f", "mfp-2f/../mfp-2f"),
    ],
)
def test_folders_do_not_lie_in_one_another(folder, first, second):
    """A file would be seen, and sent, twice."""
    (folder / "mfp-2f" / "sub").mkdir()
    (folder / "link").symlink_to(folder / "mfp-2f")
    more = f'[[folder]]\npath = "{second}"\ndevice = "other"\n'
    text = SHORT.replace('"mfp-2f"\n', f'"{first}"\n', 1) + more
    ((_, said),) = faults(folder, text)
    assert said.startswith("path: ")
    assert "name another" in said


def test_the_state_does_not_lie_in_a_watched_folder(folder):
    """The journal is no scan."""
    text = SHORT.replace("/var/lib/scanpost-edge", "mfp-2f/state")
    ((line, said),) = faults(folder, text)
    assert (line, said.partition(":")[0]) == (2, "state_dir")


def test_neighbours_may_begin_alike(folder):
    """`mfp-2f` is not above `mfp-2f-b`."""
    (folder / "mfp-2f-b").mkdir()
    more = '[[folder]]\npath = "mfp-2f-b"\ndevice = "b"\n'
    assert len(written(folder, SHORT + more).folders) == 2


@pytest.mark.parametrize("said", ["-1", "86401", "nan", "inf", "true", '"5s"', "[]"])
def test_a_time_is_a_number_of_seconds(folder, said):
    """Up to a day."""
    ((_, what),) = faults(folder, SHORT + f"quiet_seconds = {said}\n")
    assert what.startswith("quiet_seconds: write a number")


URLS = [
    "https://stscans.blob.core.windows.net/scans",
    "https://stscans.blob.core.windows.net?sv=2026",
    "stscans",
    "https://",
    "http://[",
    "",
    "https://x.y:99999",
    "https://x.y:abc",
    "https://a:b@stscans.blob.core.windows.net",
    "https://stscäns.blob.core.windows.net",
    "https://st scans.blob.core.windows.net",
    "https://stscans.blob.core.windows.net\\r\\nX: y",
]


@pytest.mark.parametrize("url", URLS)
def test_an_address_of_storage_names_the_account_alone(folder, url):
    """Neither a container nor a key."""
    text = SHORT.replace("https://stscans.blob.core.windows.net/", url)
    ((line, _),) = faults(folder, text)
    assert line == 4


@pytest.mark.parametrize("name", ["edge", "held", "sent", "config", "deadletter"])
def test_a_container_with_another_purpose_takes_no_scans(folder, name):
    """No event comes from there: nobody would mail them."""
    text = SHORT.replace("[[folder]]", f'container = "{name}"\n[[folder]]', 1)
    ((_, what),) = faults(folder, text)
    assert "container" in what
    assert name in what


def test_an_emulator_has_the_account_in_the_path(folder):
    """Azurite, on this machine."""
    url = "http://127.0.0.1:10000/devstoreaccount1"
    text = SHORT.replace("https://stscans.blob.core.windows.net/", url)
    assert written(folder, text).storage.account_url == url


def test_a_file_that_is_none_is_told_by_name(tmp_path):
    """Missing, a folder, not TOML, not text, too large: each in one sentence."""
    bad = tmp_path / "edge.toml"
    with pytest.raises(EdgeConfigError, match=r"edge\.toml: cannot be read"):
        read(bad, {})
    with pytest.raises(EdgeConfigError, match="cannot be read"):
        read(tmp_path, {})
    for content, what in (
        (b"[[", "not TOML"),
        (b"a = '\xff'", "not UTF-8"),
        (b"#" * 300_000, "larger"),
        (b"a = " + b"[" * 5000, "not TOML"),
    ):
        bad.write_bytes(content)
        with pytest.raises(EdgeConfigError, match=what):
            read(bad, {})


def test_a_byte_order_mark_is_no_fault(folder):
    """Notepad writes one."""
    assert written(folder, "\ufeff" + SHORT).agent == socket.gethostname()
