"""A machine set up from deploy/edge, as docs/edge.md says: in a mount namespace.

It has an /etc, /srv and /opt of its own, so users, servers and the agent are the real
ones, and nothing of it is left behind. Only the ports are others.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path
from typing import Self

from local.azurite import ROOT

from . import samba, sftp
from .printer import answers, await_until, end, free_port, start

DEPLOY = ROOT / "deploy" / "edge"
AGENT = "scanpost-edge"
LAUNCHER = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib
export PYTHONPATH=/opt/code:/opt/site PYTHONDONTWRITEBYTECODE=1
exec /opt/python/bin/{python} -m edge "$@"
"""
"""The virtual environment that docs/edge.md makes: Python here may be root's alone."""
_PLACES = ("etc", "srv", "opt", "run", "var/lib", "var/cache", "var/log")
_INNER = (
    *("run/samba", "run/sshd", "var/lib/samba/private", "var/cache/samba"),
    *("var/log/samba", "opt/python", "opt/code", "opt/site", f"opt/{AGENT}/bin"),
    f"var/lib/{AGENT}",
)


def why_not() -> str:
    """Why it cannot be set up here; empty where it can."""
    why = samba.why_not() or sftp.why_not()
    if not why and os.geteuid() != 0:
        why = "only root may make users and mounts"
    if not why and subprocess.run(["/usr/bin/unshare", "-m", "true"]).returncode:
        why = "a mount namespace is not to be had here"
    return why


class Machine:
    """One machine; a context manager."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env
        self.smb_port, self.ssh_port = free_port(), free_port()
        self.passwords: dict[str, str] = {}
        """By printer."""
        self._servers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for name in (*_PLACES, *_INNER):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        mounts = [
            *((str(self.folder / name), f"/{name}") for name in _PLACES),
            (sys.base_prefix, "/opt/python"),
            (str(ROOT), "/opt/code"),
            (sysconfig.get_path("purelib"), "/opt/site"),
        ]
        shutil.copytree("/etc", self.folder / "etc", symlinks=True, dirs_exist_ok=True)
        lines = [f"mount --bind '{what}' {at}" for what, at in mounts]
        said = " && ".join([*lines, "exec sleep infinity"])
        self._space = start(["/usr/bin/unshare", "-m", "sh", "-c", said])
        await_until(lambda: self._is_up(mounts[-1][1]))
        self._install()
        return self

    def __exit__(self, *exc: object) -> None:
        for each in reversed(self._servers):
            end(each)
            if each.stdout:
                each.stdout.close()
        end(self._space)

    def _is_up(self, last: str) -> bool:
        mounts = Path(f"/proc/{self._space.pid}/mounts").read_text(encoding="utf-8")
        return f" {last} " in mounts

    def _install(self) -> None:
        """Do what docs/edge.md says under "Install"."""
        launcher = self.folder / "opt" / AGENT / "bin" / AGENT
        name = Path(sys.executable).resolve().name
        launcher.write_text(LAUNCHER.format(python=name), encoding="utf-8")
        launcher.chmod(0o755)
        for source, target in (
            ("edge.toml", "scanpost-edge/edge.toml"),
            ("smb.conf", "samba/smb.conf"),
            ("sshd.conf", "ssh/sshd_config.d/scanpost-edge.conf"),
            ("scanpost-edge.service", "systemd/system/scanpost-edge.service"),
        ):
            self.etc(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(DEPLOY / source, self.etc(target))
        self.etc("samba/scanpost-edge").mkdir()
        shutil.copy(DEPLOY / "add-printer", self.folder / "opt")
        self.run(["ssh-keygen", "-A"])

    def etc(self, path: str) -> Path:
        """A file below /etc, as it is seen from outside."""
        return self.folder / "etc" / path

    def scans(self, printer: str) -> Path:
        """A printer's folder, as it is seen from outside."""
        return self.folder / "srv" / "scans" / printer / "scans"

    def inside(self, command: Sequence[str]) -> list[str]:
        """Words that run a command on the machine."""
        return ["/usr/bin/nsenter", f"--mount=/proc/{self._space.pid}/ns/mnt", *command]

    def run(
        self, command: Sequence[str], said: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the machine to its end."""
        return subprocess.run(  # noqa: S603 (our own words)
            self.inside(command),
            input=said,
            capture_output=True,
            text=True,
            env={**os.environ, **env},
            timeout=60,
            check=False,
        )

    def add_printer(self, *words: str) -> dict[str, str]:
        """Add one; returns what it printed, by the first word of each line."""
        done = self.run(["/opt/add-printer", *words])
        assert done.returncode == 0, done.stderr
        told = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
        return {each[0]: each[1] for each in told}

    def serve(self) -> None:
        """Start both servers, from the very files."""
        here = ["--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes"]
        port = f"--option=smb ports={self.smb_port}"
        words = [samba.SMBD, "--foreground", "--no-process-group", port, *here]
        self._start(words)
        words = [sftp.SSHD, "-D", "-e", "-p", str(self.ssh_port)]
        self._start([*words, "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=none"])
        await_until(lambda: answers(self.smb_port) and answers(self.ssh_port))

    def reload(self) -> None:
        """Let Samba read its files again."""
        self._servers[0].send_signal(signal.SIGHUP)

    def unit(self) -> ConfigParser:
        """The unit, as far as its keys stand once."""
        parser = ConfigParser(interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment]
        parser.read(DEPLOY / "scanpost-edge.service", encoding="utf-8")
        return parser

    def as_the_unit_says(self, command: Sequence[str]) -> list[str]:
        """Words that run a command with the user and the capabilities of the unit."""
        service = self.unit()["Service"]
        assert not service["CapabilityBoundingSet"] + service["AmbientCapabilities"]
        who = [f"--reuid={service['User']}", f"--regid={service['Group']}"]
        what = ["--clear-groups", "--no-new-privs", "--inh-caps=-all"]
        words = ["/usr/bin/setpriv", *who, *what, "--bounding-set=-all", "--", *command]
        return self.inside(words)

    def edge(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the agent's commands to its end."""
        launcher = self.unit()["Service"]["ExecStart"].split()[0]
        return subprocess.run(  # noqa: S603 (our own words)
            self.as_the_unit_says([launcher, *words]),
            capture_output=True,
            text=True,
            env={**os.environ, **self.env},
            timeout=60,
            check=False,
        )

    def start_agent(self) -> None:
        """Start it by the unit's own words, and wait until it watches."""
        words = self.unit()["Service"]["ExecStart"].split()
        state = f"/var/lib/{self.unit()['Service']['StateDirectory']}"
        self.run(["install", "-d", "-m", "0700", "-o", AGENT, "-g", AGENT, state])
        agent = subprocess.Popen(  # noqa: S603 (our own words)
            self.as_the_unit_says(words),
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._servers.append(agent)
        assert agent.stdout
        assert b"ready" in agent.stdout.readline()

    def _start(self, command: Sequence[str]) -> None:
        self._servers.append(start(self.inside(command)))
