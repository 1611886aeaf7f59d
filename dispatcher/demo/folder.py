"""The demo's data folder: where it is, what is written into it, and that only one demo uses it at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template

from dispatcher.demo.ports import Ports
from dispatcher.settings.share import share


class FolderInUse(Exception):
    """Another demo runs on this folder."""


def default(environment: Mapping[str, str]) -> Path:
    """Return the user's own folder for state, as the XDG base directory specification has it."""
    state = environment.get("XDG_STATE_HOME", "")
    home = Path(environment["HOME"]) if environment.get("HOME") else Path.cwd()
    base = Path(state) if os.path.isabs(state) else home / ".local" / "state"
    return base / "kentongan" / "demo"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make the folder and keep it for this process. Raises FolderInUse, or OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise FolderInUse(str(folder)) from problem
        yield


def write_settings(folder: Path, ports: Ports) -> tuple[Path, Path]:
    """Write post.yaml and precinct.yaml for these ports; return their paths. Raises OSError."""
    shared = share()
    values = {
        "site": _quoted(shared / "config" / "demo" / "site.yaml"),
        "rules": _quoted(shared / "rules"),
        "profiles": _quoted(shared / "devices"),
        "post_data": _quoted(folder / "post"),
        "precinct_data": _quoted(folder / "precinct"),
        "post_broker": ports.post_broker[1],
        "precinct_broker": ports.precinct_broker[1],
        "post_http": ports.post_http,
        "board": ports.board,
    }
    (folder / "logs").mkdir(exist_ok=True)
    return _filled(folder, "post.yaml", values), _filled(folder, "precinct.yaml", values)


def _filled(folder: Path, name: str, values: Mapping[str, object]) -> Path:
    template = (share() / "config" / "demo" / f"{name}.in").read_text(encoding="utf-8")
    path = folder / name
    path.write_text(Template(template).substitute(values), encoding="utf-8")
    return path


def _quoted(path: Path) -> str:
    """Return the path so that YAML reads it as one string, whatever characters are in it."""
    return json.dumps(str(path.absolute()), ensure_ascii=False)
