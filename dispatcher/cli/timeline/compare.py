"""Comparing a timeline with what a test expects: all of it, exact to the millisecond."""

from collections.abc import Iterable

from dispatcher.cli.timeline.entries import Log
from dispatcher.cli.timeline.model import ALWAYS, SORTS, Case, Entry, Expected, show_time, shown
from dispatcher.cli.timeline.whynot import why_not
from dispatcher.domain.faults import Language, Text

MISSING = Text(
    "{place}: pada {at} diharapkan {expected}; yang terjadi: {got}; sebab: {why}",
    "{place}: at {at} expected {expected}, got {got}; why not: {why}",
)
EXTRA = Text(
    "{place}: pada {at} tidak diharapkan apa pun lagi; yang terjadi: {got}; sebab: {why}",
    "{place}: at {at} expected nothing more, got {got}; why: {why}",
)


class Difference(Exception):
    """The first difference; raised and caught within this package."""

    def __init__(self, text: Text, values: dict[str, object], why: Text) -> None:
        super().__init__(text.render("en", {**values, "why": why.en}))
        self._text, self._values, self._why = text, values, why

    def render(self, language: Language) -> str:
        """Return the line that tells it."""
        return self._text.render(language, {**self._values, "why": self._why.render(language, {})})


def compare(case: Case, log: Log) -> Difference | None:
    """Return the first difference between what was expected and what happened, or None."""
    sorts = {one.sort for one in case.expect} | ALWAYS
    sorts = set(SORTS) if case.strict else sorts
    entries = [entry for entry in log.entries if entry.sort in sorts and entry.at <= case.end]
    for at in sorted({one.at for one in case.expect} | {entry.at for entry in entries}):
        wanted = [one for one in case.expect if one.at == at]
        got = [entry for entry in entries if entry.at == at]
        found = _differ(case, at, wanted, got, log)
        if found is not None:
            return found
    return None


def _differ(case: Case, at: int, wanted: list[Expected], got: list[Entry], log: Log) -> Difference | None:
    paired = _pair(wanted, got)
    missing = next((one for index, one in enumerate(wanted) if index not in paired), None)
    extra = [entry for index, entry in enumerate(got) if index not in paired.values()]
    if missing is not None:
        values = {
            "place": missing.place,
            "at": show_time(at),
            "expected": _show_expected(missing),
            "got": "; ".join(_show(entry, missing.fields) for entry in extra) or "-",
        }
        return Difference(MISSING, values, why_not(missing, extra, log))
    if extra:
        first = extra[0]
        values = {"place": case.place, "at": show_time(at), "got": _show(first, ())}
        return Difference(EXTRA, values, first.why or Text("-", "-"))
    return None


def _pair(wanted: list[Expected], got: list[Entry]) -> dict[int, int]:
    """Pair as many expectations as possible with an entry of their own (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for other, entry in enumerate(got):
            if other in tried or not _fits(wanted[index], entry):
                continue
            tried.add(other)
            if other not in owner or place(owner[other], tried):
                owner[other] = index
                return True
        return False

    for index in range(len(wanted)):
        place(index, set())
    return {index: other for other, index in owner.items()}


def _fits(wanted: Expected, entry: Entry) -> bool:
    return wanted.sort == entry.sort and wanted.name == entry.name and not wanted.differing(entry)


def _show_expected(one: Expected) -> str:
    fields = ", ".join(f"{name}: {shown(value)}" for name, value in one.fields.items())
    return f"{one.sort} {one.name}" + (f" ({fields})" if fields else "")


def _show(entry: Entry, names: Iterable[str]) -> str:
    listed = list(names) or [name for name in ("post", "device", "zone", "count") if entry.fields.get(name) is not None]
    fields = ", ".join(f"{name}: {shown(entry.fields.get(name))}" for name in listed)
    return f"{entry.sort} {entry.name}" + (f" ({fields})" if fields else "")
