"""What a person may answer: a number, a word, or a part of its meaning. It is read, or refused in a sentence."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from dispatcher.cli.newrule.model import usable
from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.faults import Text
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.parse_rule import ID
from dispatcher.rules.parse_then import INCIDENT
from dispatcher.rules.parse_time import TIME

Options = Mapping[str, Text]

_HOURS = re.compile(r"\s*([0-9:.]+)\s*-\s*([0-9:.]+)\s*")
_MOST_TIMES = 100
_LEAST_MS = 1000
YES, NO = ("ya", "y", "yes", "1"), ("tidak", "t", "n", "no", "0", "2")

NOT_AMONG = Text("tulis nomornya, atau salah satu katanya", "give its number, or one of the words")
MANY = Text("cocok dengan beberapa: {found}", "fits several: {found}")
NO_KIND = Text("jenis kejadian ini tidak ada; tulis nomornya", "there is no such kind of event; give its number")
BAD_DURATION = Text("tulis angka dan satuan: 60s, 10m, 2h", "digits and a unit: 60s, 10m, 2h")
TOO_SHORT = Text("paling sedikit 1s", "at least 1s")
BAD_TIMES = Text("tulis angka 2 sampai 100", "a number from 2 to 100")
BAD_NUMBER = Text("tulis angka, misalnya 57 atau 57.5", "a number, as 57 or 57.5")
BAD_HOURS = Text("tulis dua jam: 22:00-05:00", "two times of day: 22:00-05:00")
BAD_INCIDENT = Text("huruf kecil, angka, _ . - saja", "lower-case letters, digits, _ . - only")
EMPTY = Text("tulis sesuatu", "write something")
YES_OR_NO = Text("jawab ya atau tidak", "answer yes or no")


class NotUnderstood(ValueError):
    """An answer that cannot be used; ``text`` says why."""

    def __init__(self, text: Text, **values: object) -> None:
        super().__init__(text.en)
        self.text = text
        self.values = values


def chosen(answer: str, options: Options) -> str:
    """Return the option that an answer names: by number, by its word, or by a part of its meaning."""
    words = list(options)
    if answer.isdecimal() and 1 <= int(answer) <= len(words):
        return words[int(answer) - 1]
    wanted = answer.strip().lower()
    if wanted in options:
        return wanted
    spoken = any(letter.isalpha() for letter in wanted)
    found = [word for word, text in options.items() if spoken and wanted in f"{word} {text.id} {text.en}".lower()]
    if len(found) == 1:
        return found[0]
    raise NotUnderstood(MANY, found=", ".join(found[:4])) if found else NotUnderstood(NOT_AMONG)


def several(answer: str, options: Options) -> tuple[str, ...]:
    """Return the options that an answer names, with commas or spaces between them."""
    parts = [part for part in re.split(r"[,\s]+", answer) if part]
    if not parts:
        raise NotUnderstood(NOT_AMONG)
    return tuple(dict.fromkeys(chosen(part, options) for part in parts))


def kind(answer: str, listed: Sequence[str]) -> str:
    """Return the kind of event that an answer means: one of those listed, or any other by name or meaning."""
    answer = answer.strip()
    if usable(answer):
        return answer
    if answer.isdecimal():
        return chosen(answer, {name: KINDS[name].title for name in listed})
    for names in (listed, [name for name in KINDS if usable(name)]):
        try:
            return chosen(answer, {name: KINDS[name].title for name in names})
        except NotUnderstood as error:
            if error.text is MANY:
                raise
    raise NotUnderstood(NO_KIND)


def length(answer: str) -> str:
    """Return a duration of a second or more, as it was written."""
    answer = answer.strip()
    milliseconds = parse_duration(answer)
    if milliseconds is None:
        raise NotUnderstood(BAD_DURATION)
    if milliseconds < _LEAST_MS:
        raise NotUnderstood(TOO_SHORT)
    return answer


def length_or_none(answer: str) -> str:
    """Return a duration, empty for 0."""
    return "" if answer.strip() in ("0", "0s", *NO[:1]) else length(answer)


def times(answer: str) -> int:
    """Return how often: 2 to 100."""
    answer = answer.strip().lower().rstrip("x").strip()
    if not answer.isdecimal() or not 2 <= int(answer) <= _MOST_TIMES:
        raise NotUnderstood(BAD_TIMES)
    return int(answer)


def number(answer: str) -> float:
    """Return a number; whole ones stay whole."""
    answer = answer.strip().replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", answer):
        raise NotUnderstood(BAD_NUMBER)
    value = float(answer)
    return int(value) if value.is_integer() else value


def hours(answer: str) -> tuple[str, str]:
    """Return two times of day; ``22-5`` and ``22.00-05.00`` are understood."""
    match = _HOURS.fullmatch(answer)
    found = tuple(_time(match[part]) for part in (1, 2)) if match else ()
    if len(found) != 2 or found[0] == found[1]:
        raise NotUnderstood(BAD_HOURS)
    return found[0], found[1]


def _time(text: str) -> str:
    hour, _, minute = text.replace(".", ":").partition(":")
    written = f"{hour.zfill(2)}:{minute or '00'}"
    if not TIME.fullmatch(written):
        raise NotUnderstood(BAD_HOURS)
    return written


def incident(answer: str) -> str:
    """Return a kind of incident."""
    word = answer.strip().lower().replace(" ", "-")
    if not INCIDENT.fullmatch(word):
        raise NotUnderstood(BAD_INCIDENT)
    return word


def line(answer: str) -> str:
    """Return a text of one line with something in it."""
    text = "".join(letter for letter in " ".join(answer.split()) if letter.isprintable())
    if not text:
        raise NotUnderstood(EMPTY)
    return text


def yes(answer: str) -> bool:
    """Return whether the answer is yes."""
    word = answer.strip().lower()
    if word not in (*YES, *NO):
        raise NotUnderstood(YES_OR_NO)
    return word in YES


def slug(text: str) -> str:
    """Return a text as an id: lower-case letters, digits and ``-``; ``aturan`` where nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return word if ID.fullmatch(word) else "aturan"
