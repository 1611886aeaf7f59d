"""Words for the terminal, in the reader's language."""

import io
import os
import sys
from collections.abc import Iterable

from dispatcher.domain.faults import Fault, Text


def language() -> str:
    """Return ``en`` when the environment asks for it, else ``id``."""
    wanted = os.environ.get("KENTONGAN_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "en" if wanted.lower().startswith("en") else "id"


def say(text: Text, **values: object) -> None:
    """Print one sentence."""
    print(text.render(language(), values))


def complain(text: Text, **values: object) -> None:
    """Print one sentence to stderr."""
    print(text.render(language(), values), file=sys.stderr)


def show(faults: Iterable[Fault]) -> None:
    """Print faults, a line each, to stderr."""
    for fault in faults:
        print(fault.render(language()), file=sys.stderr)


def be_lenient() -> None:
    """Write what the terminal has no letters for by its number: a rule's name must not end the program."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def fall_silent() -> None:
    """Send what is still buffered for stdout nowhere: its reader is gone, and Python would complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
