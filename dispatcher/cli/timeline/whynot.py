"""Why a test's expectation was not met, in the two languages of whoever reads it."""

import difflib
from collections.abc import Iterable, Mapping

from dispatcher.cli.timeline.entries import Log
from dispatcher.cli.timeline.model import Entry, Expected, show_time, shown
from dispatcher.domain.faults import Text
from dispatcher.rules.engine.filling import Fill, Sort

MANY = 5  # other times at which a rule said something
UNKNOWN_RULE = Text("tidak ada aturan {rule}{nearest}", "there is no rule {rule}{nearest}")
AT_OTHER_TIMES = Text("{what} pada {at}", "{what} at {at}")
NO_MATCH = Text("tidak ada kejadian yang cocok", "no event matched")
NO_TIMER = Text("tidak ada yang sedang ditunggu", "it waits for nothing")
TIMER = Text("masih menunggu {ends}", "it waits {ends} more")
WINDOW = Text("baru {have} dari {need}{group}", "{have} of {need} so far{group}")
OFF = Text("program sedang mati", "the program was off")


def why_not(wanted: Expected, extra: Iterable[Entry], log: Log) -> Text:
    """Return why what was expected did not come; ``extra`` is what came at that time in its place."""
    if wanted.sort != "command" and wanted.name not in log.rules:
        nearest = "".join(f" ({one}?)" for one in difflib.get_close_matches(wanted.name, sorted(log.rules), 1, 0.6))
        return _filled(UNKNOWN_RULE, {"rule": wanted.name, "nearest": nearest})
    for entry in extra:
        if (entry.sort, entry.name) == (wanted.sort, wanted.name):
            wrong = ", ".join(f"{name}: {shown(entry.fields.get(name))}" for name in wanted.differing(entry))
            return Text(wrong, wrong)
    about = [entry for entry in (*log.entries, *log.notes) if entry.name == wanted.name]
    now = [_word(entry) for entry in about if entry.at == wanted.at]
    if now:
        return _joined(dict.fromkeys(now))
    return _joined([_how_near(log.fills.get((wanted.name, wanted.at))), *_elsewhere(about)])


def _elsewhere(about: Iterable[Entry]) -> list[Text]:
    """Return what the rule said at other times."""
    found: list[Text] = []
    for entry in list(about)[:MANY]:
        word, at = _word(entry), show_time(entry.at)
        found.append(
            Text(
                AT_OTHER_TIMES.render("id", {"what": word.id, "at": at}),
                AT_OTHER_TIMES.render("en", {"what": word.en, "at": at}),
            )
        )
    return found


def _how_near(fill: Fill | None) -> Text:
    if fill is None:
        return OFF
    if fill.sort is Sort.TIMER:
        return _filled(TIMER, {"ends": show_time(fill.ends_ms or 0)}) if fill.have else NO_TIMER
    if fill.sort is Sort.INSTANT or not fill.have:
        return NO_MATCH
    group = ", ".join(f"{name}: {value}" for name, value in fill.group)
    return _filled(WINDOW, {"have": fill.have, "need": fill.need, "group": f" ({group})" if group else ""})


def _word(entry: Entry) -> Text:
    return entry.why or Text(entry.sort, entry.sort)


def _filled(text: Text, values: Mapping[str, object]) -> Text:
    return Text(text.render("id", values), text.render("en", values))


def _joined(texts: Iterable[Text]) -> Text:
    listed = list(texts)
    return Text(", ".join(one.id for one in listed), ", ".join(one.en for one in listed))
