"""What the demo prints: Indonesian first, English beside it, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

from dispatcher.demo.supervise import NEVER_READY, Died
from dispatcher.domain.faults import Text

WIDTH = 74


def line(text: Text) -> None:
    """Print a sentence in both languages."""
    _out(f"{text.id} / {text.en}")


def failure(text: Text) -> None:
    """Print why the demo cannot go on, in both languages, on stderr."""
    print(f"{text.id}\n{text.en}", file=sys.stderr, flush=True)


def welcome(page: str, board: str, login: str, folder: Path) -> None:
    """Print where to look and what to try."""
    rows = [
        "KENTONGAN · demo",
        "",
        f"Pos, tombol dan lampu / the post      {page}",
        f"Papan Polsek / the precinct's board   {board}",
        *([f"Masuk / log in                        {login}"] if login else []),
        "",
        "Coba: buka keduanya, tekan tombol merah, jawab di papan Polsek,",
        "      lalu lihat lampunya.",
        "Try:  open both, press the red button, answer on the board, and",
        "      watch the lamp.",
        "",
        f"Data: {_short(folder)}",
        "Ctrl-C mengakhiri demo / ends the demo.",
    ]
    _out(framed(rows))


def framed(rows: list[str]) -> str:
    """Return the rows in a frame; a row that is too long (a path) widens it."""
    width = max(WIDTH, *(len(row) + 4 for row in rows))
    inside = "\n".join(f"│  {row:<{width - 4}}  │" for row in rows)
    return f"╭{'─' * width}╮\n{inside}\n╰{'─' * width}╯"


def port_taken(port: int, option: str) -> Text:
    """Return what to do about a port that another program has."""
    return Text(
        f"Port {port} dipakai program lain. Pilih port yang kosong: kentongan demo {option} 0",
        f"Port {port} is taken by another program. Let the demo choose a free one: kentongan demo {option} 0",
    )


def died(problem: Died) -> Text:
    """Return what ended, and where its log is."""
    if problem.code == NEVER_READY:
        return Text(
            f"{problem.name} tidak kunjung siap. Catatannya: {problem.log}",
            f"{problem.name} did not become ready. Its log: {problem.log}",
        )
    return Text(
        f"{problem.name} berhenti dengan kode {problem.code}. Catatannya: {problem.log}",
        f"{problem.name} ended with code {problem.code}. Its log: {problem.log}",
    )


def _short(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(folder)


def _out(text: str) -> None:
    encoding = sys.stdout.encoding or "ascii"
    # A terminal that cannot draw a frame still gets the words.
    print(text.encode(encoding, "replace").decode(encoding), flush=True)
