"""A wall clock on the wall of one process, which a test can set while the process runs (tests/support/shim.c)."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import time
import uuid
from pathlib import Path

import pytest

SHIM = Path(__file__).with_name("shim.c")
NS = 1_000_000_000
YEAR_S = 365 * 86_400
_SHIFTS = struct.Struct("qq")


def build_shim(folder: Path) -> Path:
    """Compile the library; skips the test loudly without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("NOT TESTED: no C compiler, so no wall clock can be moved")
    library = folder / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"], check=True)
    return library


class Wall:
    """The clocks that a process sees when it is started with ``env``. ``close`` it at the end."""

    def __init__(self, folder: Path) -> None:
        self._library = build_shim(folder)
        self._boot_id = folder / "boot_id"
        self._file = folder / "shifts"
        self._file.write_bytes(_SHIFTS.pack(0, 0))
        with self._file.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _SHIFTS.size)
        self._wall_s = self._boot_s = 0.0
        self.boot()

    @property
    def env(self) -> dict[str, str]:
        """What the process needs in its environment."""
        return {
            "LD_PRELOAD": str(self._library),
            "KENTONGAN_SHIM_CLOCK": str(self._file),
            "KENTONGAN_SHIM_BOOT_ID": str(self._boot_id),
        }

    def boot(self) -> None:
        """Let the machine be switched on anew: another boot id, and a clock of the boot that begins at zero."""
        self._boot_id.write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        self._boot_s = -time.clock_gettime(time.CLOCK_BOOTTIME)
        self._write()

    def shift(self, seconds: float) -> None:
        """Show the true time and ``seconds`` more."""
        self._wall_s = seconds
        self._write()

    def lose(self) -> None:
        """Show what a machine without a clock battery shows: the first of January 1970."""
        self.shift(-time.time())

    def _write(self) -> None:
        self._page[:] = _SHIFTS.pack(round(self._wall_s * NS), round(self._boot_s * NS))

    def close(self) -> None:
        """Let go of the page."""
        self._page.close()
