"""The handbook as the tests read it: pages, tables, fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("id", "en")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def page(language: str, name: str) -> str:
    """Return the text of one page."""
    return (DOCS / language / f"{name}.md").read_text(encoding="utf-8")


def handbook(language: str) -> str:
    """Return all pages of one language as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((DOCS / language).glob("*.md")))


def words(text: str) -> set[str]:
    """Return what stands in backticks, blocks of code left out."""
    return set(CODE.findall(FENCE.sub("", text)))


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row of a page."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


@dataclass(frozen=True)
class Block:
    """One fenced block. ``info`` is what follows the fence, e.g. ``yaml site``."""

    file: str
    line: int
    info: str
    body: str

    @property
    def name(self) -> str:
        """Return where it stands, for the names of tests."""
        return f"{self.file}:{self.line}"


def blocks() -> list[Block]:
    """Return every fenced block of README, CONTRIBUTING and the handbook."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("??/*.md"))]
    return [block for path in files for block in _blocks(path)]


def _blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    name = str(path.relative_to(ROOT))
    return [
        Block(name, text.count("\n", 0, found.start()) + 1, found[1].strip(), found[2])
        for found in FENCE.finditer(text)
    ]
