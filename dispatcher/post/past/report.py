"""An answer about the past: a sentence, and the evidence under headings. Lines for people, values for programs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap

from dispatcher.domain.faults import Language
from dispatcher.post.past.sentences import Sentence

WIDTH = 60
HEADINGS = {
    "events": ("Kejadian", "Events"),
    "only_if": ("Syarat only_if waktu itu", "only_if as it was"),
    "states": ("Keadaan waktu itu", "States then"),
    "timers": ("Waktu", "Timers"),
    "throttle": ("Throttle", "Throttle"),
    "suppression": ("Menahan dan ditahan", "Suppression"),
    "way": ("Perjalanannya", "What became of it"),
    "rule": ("Aturannya", "The rule"),
    "clock": ("Jam", "Clock"),
    "near": ("Yang paling dekat", "What came nearest"),
    "notes": ("Juga", "Also"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Some evidence; a ``str`` stands as it is, such as a line of a rule."""

    key: str
    lines: tuple[Sentence | str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """``sentence`` answers; ``facts`` are values for programs beside what stands in the sections."""

    sentence: Sentence
    sections: tuple[Section, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def lines(self, language: Language) -> Iterator[str]:
        """Yield it as lines that fit a narrow terminal; what is quoted from a file stays as it is."""
        yield from wrap(self.sentence.render(language), WIDTH)
        for section in self.sections:
            yield ""
            yield HEADINGS[section.key][language == "en"] + ":"
            for line in section.lines:
                yield from _folded(line, language)

    def plain(self, language: Language) -> dict[str, object]:
        """Return it as values that JSON can hold."""
        return {
            "answer": self.sentence.key,
            "sentence": self.sentence.render(language),
            **self.facts,
            "evidence": {one.key: [_plain(line, language) for line in one.lines] for one in self.sections},
        }


def _folded(line: Sentence | str, language: Language) -> list[str]:
    if isinstance(line, str):
        return [f"  {line}"]
    return wrap(line.render(language), WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)


def _plain(line: Sentence | str, language: Language) -> object:
    if isinstance(line, str):
        return line
    values = {name: _value(value, language) for name, value in line.values.items()}
    return {"key": line.key, "text": line.render(language), **({"values": values} if values else {})}


def _value(value: object, language: Language) -> object:
    if isinstance(value, Sentence):
        return value.render(language)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def section(key: str, lines: Iterable[Sentence | str]) -> tuple[Section, ...]:
    """Return a section, or nothing where it would be empty."""
    found = tuple(lines)
    return (Section(key, found),) if found else ()
