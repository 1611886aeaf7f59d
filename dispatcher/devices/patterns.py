"""Names with a gap in them, and topics made of such names. Matching is by prefix and suffix; there are no regexes.

``Switch{input#}`` matches Switch1 and captures ``input``; ``#`` allows digits only. In a topic ``{device...}`` captures
one or more levels and a bare ``...`` stands for any number of levels; a topic has at most one of these two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_CAPTURE = 128  # characters
MANY = "..."


@dataclass(frozen=True, slots=True)
class Template:
    """A name with at most one gap. ``capture`` is None for a plain name."""

    text: str
    prefix: str
    suffix: str = ""
    capture: str | None = None
    digits: bool = False
    many: bool = False

    def match(self, name: str) -> str | None:
        """Return what stands in the gap (empty for a plain name), or None if the name does not fit."""
        if self.capture is None:
            return "" if name == self.prefix else None
        if not name.startswith(self.prefix) or not name.endswith(self.suffix):
            return None
        inner = name[len(self.prefix) : len(name) - len(self.suffix)]
        if not inner or len(inner) > MAX_CAPTURE or len(inner) + len(self.prefix) + len(self.suffix) != len(name):
            return None
        return inner if not self.digits or (inner.isascii() and inner.isdigit()) else None

    def fill(self, captures: Mapping[str, str]) -> str:
        """Return the name with its gap filled."""
        if self.capture is None:
            return self.prefix
        return self.prefix + captures.get(self.capture, "") + self.suffix


def template(text: str) -> Template:
    """Read a name with at most one gap. Raises ValueError for anything else."""
    before, opened, rest = text.partition("{")
    if not opened:
        if "}" in text or not text:
            raise ValueError(text)
        return Template(text, text)
    gap, closed, after = rest.partition("}")
    digits, many = gap.endswith("#"), gap.endswith(MANY)
    name = gap.removesuffix("#").removesuffix(MANY)
    if not closed or not name.isidentifier() or "{" in after or "}" in after:
        raise ValueError(text)
    return Template(text, before, after, name, digits, many)


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A topic pattern: the levels before and after the one that may stretch, if there is one."""

    text: str
    head: tuple[Template, ...]
    stretch: Template | None = None
    tail: tuple[Template, ...] = ()

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the captures, or None if the topic does not fit."""
        levels = topic.split("/")
        split = len(self.head)
        if self.stretch is None:
            return _captures(self.head, levels) if len(levels) == split else None
        end = len(levels) - len(self.tail)
        least = 1 if self.stretch.capture is not None else 0
        if end - split < least:
            return None
        captures = _captures((*self.head, *self.tail), levels[:split] + levels[end:])
        if captures is not None and self.stretch.capture is not None:
            captures[self.stretch.capture] = "/".join(levels[split:end])
        return captures


def _captures(templates: tuple[Template, ...], levels: list[str]) -> dict[str, str] | None:
    captures: dict[str, str] = {}
    for each, level in zip(templates, levels, strict=True):
        inner = each.match(level)
        if inner is None:
            return None
        if each.capture is not None:
            captures[each.capture] = inner
    return captures


def topic_pattern(text: str) -> TopicPattern:
    """Read a topic pattern. Raises ValueError for wildcards of MQTT, empty levels, or two levels that stretch."""
    if any(char in text.replace("#}", "}") for char in "+#\0") or "//" in text:
        raise ValueError(text)
    levels = [Template(MANY, "", many=True) if level == MANY else template(level) for level in text.split("/")]
    stretching = [index for index, level in enumerate(levels) if level.many]
    if len(stretching) > 1 or any(level.prefix or level.suffix for level in levels if level.many):
        raise ValueError(text)
    if not stretching:
        return TopicPattern(text, tuple(levels))
    at = stretching[0]
    return TopicPattern(text, tuple(levels[:at]), levels[at], tuple(levels[at + 1 :]))


Path = tuple[Template, ...]


def path(text: str) -> Path:
    """Read a path into a document: names between dots. Raises ValueError."""
    return tuple(template(step) for step in text.split("."))
