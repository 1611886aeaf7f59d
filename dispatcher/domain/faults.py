"""What is wrong in a file that a technician wrote: where, what, and what to do.

Faults are data. They are collected, all of them in one run, and rendered in the reader's language at the rim.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Language = str  # "id" or "en"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of our users."""

    id: str
    en: str

    def render(self, language: Language, values: Mapping[str, object]) -> str:
        """Fill ``{name}`` places; a missing value shows its name rather than failing while reporting a fault."""
        template = self.en if language == "en" else self.id
        for name, value in values.items():
            template = template.replace("{" + name + "}", str(value))
        return template


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its place, its code (explained in the documentation), its sentence and a hint."""

    place: Place
    code: str
    text: Text
    values: Mapping[str, object] = field(default_factory=dict)
    hint: Text | None = None

    def render(self, language: Language) -> str:
        """Return ``file:line:column: code: sentence (hint)``."""
        line = f"{self.place}: {self.code}: {self.text.render(language, self.values)}"
        if self.hint is None:
            return line
        return f"{line} ({self.hint.render(language, self.values)})"


class FaultsFound(Exception):
    """Raised where a file cannot be used at all; carries every fault found on the way."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(fault.render("en") for fault in faults))
        self.faults = faults
