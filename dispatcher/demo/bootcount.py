"""The boot counter of the virtual devices: raised at each start and on disk before anything is said under it."""

from __future__ import annotations

import os
from pathlib import Path


def raise_boot(folder: Path) -> int:
    """Return the number of this start, 1 for the first, and keep it in ``folder``.

    A counter that cannot be read starts again at 1; the post tells a reset counter from a copy by time.
    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "boot"
    number = _read(path) + 1
    _write(path, number)
    return number


def _read(path: Path) -> int:
    try:
        number = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return number if 0 <= number < 2**53 - 1 else 0


def _write(path: Path, number: int) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
