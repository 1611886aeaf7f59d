"""Comparing a timeline with what a test expects: all of it, exact to the millisecond."""

import difflib
from collections.abc import Iterable

from dispatcher.cli.timeline.entries import Log
from dispatcher.cli.timeline.model import ALWAYS, SORTS, Case, Entry, Expected
from dispatcher.domain.faults import Text
from dispatcher.rules.engine.cross import same

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

    def __init__(self, text: Text, values: dict[str, object]) -> None:
        super().__init__(text.render("en", values))
        self.text, self.values = text, values


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
            "why": _why_not(missing, extra, log),
        }
        return Difference(MISSING, values)
    if extra:
        first = extra[0]
        values = {"place": case.place, "at": show_time(at), "got": _show(first, ()), "why": first.why or "-"}
        return Difference(EXTRA, values)
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
    return (
        wanted.sort == entry.sort
        and wanted.name == entry.name
        and all(_equal(value, entry.fields.get(name)) for name, value in wanted.fields.items())
    )


def _equal(wanted: object, got: object) -> bool:
    if isinstance(got, tuple):
        words = wanted if isinstance(wanted, list) else [wanted]
        return sorted(map(str, words)) == sorted(got)
    return got is None if wanted is None else same(wanted, got)


def _why_not(wanted: Expected, extra: Iterable[Entry], log: Log) -> str:
    if wanted.sort != "command" and wanted.name not in log.rules:
        nearest = difflib.get_close_matches(wanted.name, sorted(log.rules), 1, 0.6)
        return f"no rule {wanted.name}" + "".join(f" ({one}?)" for one in nearest)
    for entry in extra:
        if (entry.sort, entry.name) == (wanted.sort, wanted.name):
            wrong = [name for name, value in wanted.fields.items() if not _equal(value, entry.fields.get(name))]
            return ", ".join(f"{name}: {entry.fields.get(name)}" for name in wrong)
    about = [entry for entry in (*log.entries, *log.notes) if entry.name == wanted.name]
    now = [entry.why or entry.sort for entry in about if entry.at == wanted.at]
    if now:
        return ", ".join(dict.fromkeys(now))
    others = [f"{entry.why or entry.sort} {show_time(entry.at)}" for entry in about]
    return ", ".join(others[:5]) or "not complete"


def _show_expected(one: Expected) -> str:
    fields = ", ".join(f"{name}: {value}" for name, value in one.fields.items())
    return f"{one.sort} {one.name}" + (f" ({fields})" if fields else "")


def _show(entry: Entry, names: Iterable[str]) -> str:
    shown = list(names) or [name for name in ("post", "device", "zone", "count") if entry.fields.get(name) is not None]
    fields = ", ".join(f"{name}: {entry.fields.get(name)}" for name in shown)
    return f"{entry.sort} {entry.name}" + (f" ({fields})" if fields else "")


def show_time(ms: int) -> str:
    """Return a time as a test file writes it."""
    for unit, length in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if ms and ms % length == 0:
            return f"{ms // length}{unit}"
    return "0s" if ms == 0 else f"{ms}ms"
