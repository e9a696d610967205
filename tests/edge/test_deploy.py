"""What deploy/edge ships, set up as docs/edge.md says and used as printers use it."""

from __future__ import annotations

import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import smbclient  # type: ignore[import-untyped]

from local.azurite import Azurite
from tests.samples import PDF

from . import machine
from .machine import AGENT, DEPLOY, Machine
from .printer import Open, await_until
from .samba import SmbPrinter
from .sftp import SftpError, SftpPrinter, _SftpOpen, _text

pytestmark = pytest.mark.skipif(bool(machine.why_not()), reason=machine.why_not())
_KEEPALIVE = "02"
"""The kernel's word for a keepalive timer, in /proc/net/tcp."""
_HZ = 100
_NEW, _MODE, _OPEN = 2 | 8 | 16, 4, 3
"""Of SFTP: write, create, empty; attributes that hold a mode; the request."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the machine keeps what is its own."""
    path: Path = tmp_path_factory.mktemp("machine")
    return path


@pytest.fixture(scope="module")
def site(azurite: Azurite, folder: Path) -> Iterator[Machine]:
    """A machine with one printer of each kind, and the agent at work."""
    env = {"SCAN_STORAGE": azurite.connection_string}
    with Machine(folder, env) as made:
        made.passwords = {
            "mfp-2f": made.add_printer("mfp-2f")["password"],
            "mfp-3f": made.add_printer("mfp-3f", "--sftp")["password"],
            "mfp-4f": made.add_printer("mfp-4f")["password"],
        }
        made.serve()
        made.start_agent()
        yield made


class Share(SmbPrinter):
    """A printer at its share."""

    def __init__(self, site: Machine, name: str, share: str = "") -> None:
        self._share = share or name
        self._cache = {}
        self._files = []
        self._words = {
            "username": name,
            "password": site.passwords[name],
            "port": site.smb_port,
            "connection_cache": self._cache,
        }
        smbclient.register_session("127.0.0.1", **self._words)

    def _path(self, name: str) -> str:  # type: ignore[override]
        return f"\\\\127.0.0.1\\{self._share}\\" + name.replace("/", "\\")


class Panel:
    """A printer's user and password, for OpenSSH's client."""

    def __init__(self, site: Machine, name: str) -> None:
        ask = site.folder / f"ask-{name}"
        ask.write_text(f"#!/bin/sh\necho {site.passwords[name]}\n", encoding="utf-8")
        ask.chmod(stat.S_IRWXU)
        self.env = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        self.target = f"{name}@127.0.0.1"
        said = {
            "Port": site.ssh_port,
            "PubkeyAuthentication": "no",
            "NumberOfPasswordPrompts": 1,
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
        }
        words = (("-o", f"{key}={value}") for key, value in said.items())
        self.options = ["-F", "/dev/null", *(each for pair in words for each in pair)]


@pytest.fixture
def panel(site, monkeypatch):
    """The SFTP printer's."""
    made = Panel(site, "mfp-3f")
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def arrived(azurite: Azurite, name: str, data: bytes) -> None:
    """Wait until a blob is there, and is that."""
    client = azurite.blobs().get_blob_client("scans", name)
    await_until(client.exists)
    assert client.download_blob().readall() == data
    client.delete_blob()


def write(file: Open, data: bytes) -> None:
    """Write as printers do, a piece at a time."""
    for at in range(0, len(data), 30_000):
        file.write(data[at : at + 30_000])
    file.close()


def test_scan_travels_from_a_share_to_storage(site, azurite):
    """From the very smb.conf; nothing is left in the folder."""
    with closing(Share(site, "mfp-2f")) as printer:
        write(printer.open("scan.pdf"), PDF)
        arrived(azurite, "mfp-2f/scan.pdf", PDF)
        printer.mkdir("deep")
        write(printer.open("deep/scan.tmp"), PDF)
        printer.rename("deep/scan.tmp", "deep/scan.pdf")
        arrived(azurite, "mfp-2f/deep/scan.pdf", PDF)
        await_until(lambda: not list(site.scans("mfp-2f").glob("**/*.pdf")))


def test_scan_travels_over_sftp_to_storage(site, azurite, panel):
    """From the very sshd.conf, with a password; and where others may not read it."""
    with closing(SftpPrinter(panel)) as printer:
        write(printer.open("scan.pdf"), PDF)
        arrived(azurite, "mfp-3f/scan.pdf", PDF)
        printer.mkdir("/scans/deep")
        body = _text("/scans/deep/scan.pdf") + struct.pack(">III", _NEW, _MODE, 0o600)
        write(_SftpOpen(printer, printer.ask(_OPEN, body), 0), PDF)
        arrived(azurite, "mfp-3f/deep/scan.pdf", PDF)
        await_until(lambda: not list(site.scans("mfp-3f").glob("**/*.pdf")))


def test_check_says_that_all_is_well(site):
    """With the user and the capabilities of the unit."""
    done = site.edge("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok  folder") == 3


def test_sftp_leads_nowhere_else(site, panel):
    """No folder but its own, no shell, no tunnel."""
    with closing(SftpPrinter(panel)) as printer:
        for name in ("/x.pdf", "../x.pdf", "/etc/x.pdf"):
            with pytest.raises(SftpError):
                printer.open(name)
    ssh = ["/usr/bin/ssh", *panel.options]
    for words in (
        [panel.target, "id"],
        ["-W", f"127.0.0.1:{site.smb_port}", panel.target],
    ):
        done = subprocess.run(  # noqa: S603 (our own words)
            [*ssh, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert done.returncode
        assert b"uid=" not in done.stdout


def smb(site: Machine, name: str, words: str, *more: str, share: str = "") -> bool:
    """Whether Samba's own client is let in."""
    who = ["-U", f"{name}%{site.passwords[name]}", "-p", str(site.smb_port)]
    target = f"//127.0.0.1/{share or name}"
    done = site.run(["smbclient", target, *who, *more, "-c", words])
    return done.returncode == 0


OLD = ("-m", "NT1", "--option=client min protocol=NT1")


def test_share_is_for_its_printer_alone(site):
    """Neither another's, nor the template, nor what the agent has in hand."""
    assert smb(site, "mfp-2f", "ls")
    assert not smb(site, "mfp-2f", "ls", share="mfp-4f")
    assert not smb(site, "mfp-2f", "ls", share="printer")
    assert not smb(site, "mfp-2f", "cd .scanpost")
    assert not smb(site, "mfp-2f", "ls", "-N", "-U", "%")


def test_smb1_is_for_printers_that_were_named(site, azurite, tmp_path):
    """Off as shipped; with smb1.conf still refused by every other share."""
    assert not smb(site, "mfp-2f", "ls", *OLD)
    file, shares = tmp_path / "old.pdf", site.etc("samba/scanpost-edge")
    file.write_bytes(PDF)
    shutil.copy(DEPLOY / "smb1.conf", shares)
    with (shares / "printers" / "mfp-2f.conf").open("a") as conf:
        conf.write("    root preexec =\n")
    site.add_printer("mfp-2f")
    site.reload()
    await_until(lambda: smb(site, "mfp-2f", "ls", *OLD))
    try:
        assert smb(site, "mfp-2f", f"put {file} old.pdf", *OLD)
        arrived(azurite, "mfp-2f/old.pdf", PDF)
        assert not smb(site, "mfp-4f", "ls", *OLD)
        assert smb(site, "mfp-4f", "ls")
        weak = ("--option=client ntlmv2 auth=no", "--option=client use spnego=no")
        assert not smb(site, "mfp-2f", "ls", *OLD, *weak)
    finally:
        (shares / "smb1.conf").unlink()
        site.reload()
    await_until(lambda: not smb(site, "mfp-2f", "ls", *OLD))


def timers(port: int) -> list[tuple[str, int]]:
    """Kind and ticks of the timers of a server's sessions, by /proc/net/tcp."""
    lines = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split() for line in lines]
    here = [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    pairs = [row[5].split(":") for row in here]
    return [(kind, int(ticks, 16)) for kind, ticks in pairs]


def test_dead_printer_is_noticed(site):
    """The kernel asks after SMB sessions within 10 s, sshd after SFTP in 15."""
    with closing(Share(site, "mfp-2f")):
        await_until(lambda: {kind for kind, _ in timers(site.smb_port)} == {_KEEPALIVE})
        assert all(ticks <= 10 * _HZ for _, ticks in timers(site.smb_port))
    done = site.run(["/usr/sbin/sshd", "-T", "-C", "user=mfp-3f,host=h,addr=192.0.2.1"])
    for line in (
        "clientaliveinterval 15",
        "clientalivecountmax 4",
        "disableforwarding yes",
    ):
        assert line in done.stdout


def test_samba_knows_every_word(site):
    """No warning but that the template is not available, which it shall not be."""
    done = site.run(["testparm", "-s"])
    said = [line for line in done.stderr.splitlines() if line.strip()]
    known = (
        "Load smb",
        "NOTE: Service printer",
        "Loaded services",
        "Weak crypto",
        "Server role",
    )
    assert [line for line in said if not line.startswith(known)] == []


def files(site: Machine) -> dict[str, bytes]:
    """Everything below /etc, and Samba's passwords."""
    places = (site.folder / "etc", site.folder / "var" / "lib" / "samba" / "private")
    return {
        str(path): path.read_bytes()
        for place in places
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink() and "secrets" not in path.name
    }


def test_printers_may_be_added_again(site):
    """Nothing changes, and no password does; a new one only where it is asked for."""
    before = files(site)
    assert site.add_printer("mfp-2f")["password"].startswith("as before")
    assert site.add_printer("--sftp", "mfp-3f")["password"].startswith("as before")
    assert files(site) == before
    old = site.passwords["mfp-4f"]
    site.passwords["mfp-4f"] = site.add_printer("--new-password", "mfp-4f")["password"]
    assert site.passwords["mfp-4f"] != old
    assert smb(site, "mfp-4f", "ls")


@pytest.mark.parametrize(
    "words",
    [
        ["backup"],
        ["root"],
        [AGENT],
        ["mfp-3f"],
        ["printer"],
        ["MFP"],
        ["a/b"],
        ["a\nb"],
        ["2f"],
        ["a-name-of-21-letters-x"],
        [],
        [""],
        ["a", "b"],
        ["--what", "a"],
    ],
)
def test_names_that_mean_something_else_are_refused(site, words):
    """Users of the system, names that break a file, the other protocol's printer."""
    before = files(site)
    done = site.run(["/opt/add-printer", *words])
    assert done.returncode == 2
    assert done.stderr.startswith("add-printer: ")
    assert files(site) == before


def test_folders_are_the_agent_s_alone(site):
    """The one above is root's, as sshd wants it."""
    agent = site.run(["id", "-u", AGENT]).stdout.strip()
    for name in ("mfp-2f", "mfp-3f"):
        stats = site.scans(name).stat()
        assert (str(stats.st_uid), stat.S_IMODE(stats.st_mode)) == (agent, 0o700)
        above = site.scans(name).parent.stat()
        assert (above.st_uid, stat.S_IMODE(above.st_mode)) == (0, 0o755)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="without systemd")
def test_unit_is_one_and_gives_little_away(site):
    """By systemd's own word: 10 is exposed, 0 is safe."""
    unit = "/etc/systemd/system/scanpost-edge.service"
    done = site.run(["systemd-analyze", "verify", unit])
    assert (done.returncode, done.stderr) == (0, "")
    words = ["--offline=true", "--threshold=15", "--no-pager"]
    done = site.run(["systemd-analyze", "security", *words, unit])
    assert done.returncode == 0, done.stdout[-300:]
