"""A real demo and a real browser.

Screenshots go to ``tests/browser/screenshots/``. The copies that the README shows are renewed with
``KENTONGAN_SCREENSHOTS=docs/img make test ARGS=tests/browser``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.support.brokers import find_program, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

START_S = 90.0  # two daemons, two brokers and a web server, on a machine that others use too
STOP_S = 20.0
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")

Shoot = Callable[["Page", str], None]


@dataclass(frozen=True)
class Demo:
    """A running demo. ``say`` returns all that it has printed so far."""

    process: subprocess.Popen[str]
    page: str
    board: str
    folder: Path
    say: Callable[[], str]

    def interrupt(self) -> int:
        """Press Ctrl-C, which a terminal sends to every process of the group, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_S)


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    """Start ``kentongan demo`` on free ports, and end it whatever happens."""
    ports = [word for name in ("board", "page", "broker") for word in (f"--{name}-port", "0")]
    command = [sys.executable, "-m", "dispatcher", "demo", "--data-dir", str(folder), *ports, *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    printed: list[str] = []
    reader = threading.Thread(target=_collect, args=(process, printed), daemon=True)
    reader.start()
    try:
        page, board = _addresses(process, printed)
        yield Demo(process, page, board, folder, lambda: "".join(printed))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join(STOP_S)


def _collect(process: subprocess.Popen[str], printed: list[str]) -> None:
    assert process.stdout is not None
    printed.extend(process.stdout)


def _addresses(process: subprocess.Popen[str], printed: list[str]) -> tuple[str, str]:
    def said_both() -> bool:
        if process.poll() is not None:
            pytest.fail("the demo ended:\n" + "".join(printed))
        return len(ADDRESS.findall("".join(printed))) >= 2

    wait_until(said_both, START_S, "the demo did not say where it is")
    page, board = ADDRESS.findall("".join(printed))[:2]
    return page, board


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A quiet demo: nothing happens unless the test does it."""
    with running_demo(tmp_path / "demo", "--no-evening") as started:
        yield started


@pytest.fixture(scope="package")  # no longer: while playwright is open its event loop runs in the main thread
def browser() -> Iterator[Browser]:
    """Chromium of the system; skips, or fails where KENTONGAN_REQUIRE_BROWSER=1 promises one."""
    program = next((path for name in CHROMIUM if (path := find_program(name))), None)
    if program is None:
        _missing("Chromium is not installed: apt install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed: pip install 'kentongan[dev]'")
    with sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


def _missing(what: str) -> NoReturn:
    if os.environ.get("KENTONGAN_REQUIRE_BROWSER") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def shoot() -> Shoot:
    """Save a screenshot under a name."""
    folder = Path(os.environ.get("KENTONGAN_SCREENSHOTS") or Path(__file__).parent / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return save
