"""The tests of a draft: cases in which it fires, cases in which it nearly does, and one with a power cut.

The site is written in the test itself, two posts and a few devices, so that a change of site.yaml breaks no test. Each
case says when the rule is complete; its ``start`` is chosen so that this moment is inside the rule's hours, or is
their very end, which is outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatcher.cli.newrule.model import Draft, Form, is_reading, role_of
from dispatcher.cli.newrule.yamltext import duration, flow, scalar
from dispatcher.domain.faults import Language, Text
from dispatcher.rules.duration import parse_duration

DAY_MS = 86_400_000
_DATE = datetime(2026, 1, 15)  # a day on which no clock is changed anywhere
_NIGHT_MS = 3_600_000  # 01:00, where the rule has no hours
_CUT_MS = 4000

OTHER_KIND = Text("nyaris: kejadian lain", "near miss: something else")
HEAD = Text("# Uji untuk {file}: kentongan test", "# Tests of {file}: kentongan test")
FIRES = Text("menyala", "fires")
OTHER_ZONE = Text("nyaris: di zona lain", "near miss: in another zone")
AT_LIMIT = Text("nyaris: tepat di batas", "near miss: exactly at the limit")
BEFORE = Text("nyaris: sesaat sebelum {begin}", "near miss: an instant before {begin}")
FROM = Text("menyala: tepat {begin}", "fires: at {begin}")
UNTIL = Text("menyala: sesaat sebelum {last}", "fires: an instant before {last}")
OUTSIDE = Text("nyaris: tepat {last}, sudah di luar", "near miss: at {last}, which is outside")
APART = Text("di tempat lain: peringatan sendiri", "elsewhere: an alert of its own")
LATE = Text("nyaris: yang terakhir terlambat satu milidetik", "near miss: the last one comes a millisecond late")
ELSEWHERE = Text("nyaris: yang terakhir di tempat lain", "near miss: the last one comes from elsewhere")
ONE_LESS = Text("nyaris: kurang satu", "near miss: one less")
TURNED = Text("nyaris: urutannya terbalik", "near miss: the other way round")
REPEATS = Text("ulangan: satu kali dalam {once}", "repeats: once in {once}")
CUT = Text("listrik padam di tengah", "a power cut in the middle")
CUT_SILENT = Text("listrik padam: ulangannya tetap teredam", "a power cut: the repeat still joins")
CUT_FIRES = Text("listrik padam: tetap menyala sesudahnya", "a power cut: it fires again afterwards")
QUIET = Text("menyala: sunyi selama {within}", "fires: silent for {within}")
HEARD = Text("nyaris: terdengar pada saat terakhir", "near miss: heard at the last moment")
CUT_UNKNOWN = Text("listrik padam: tidak diketahui, waktunya dari awal", "a power cut: unknown, and its time runs anew")

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``complete`` is when the rule is complete, in milliseconds after the start.

    ``moment`` is the time of day at which that is, in milliseconds; None is well inside the rule's hours.
    """

    name: Text
    steps: tuple[Event, ...]
    expect: tuple[Event, ...] = ()
    complete: int = 0
    moment: int | None = None


def timeline_text(draft: Draft, rule_file: str, timezone: str, language: Language, schema: str | None) -> str:
    """Return the file of tests beside the rule file."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [HEAD.render(language, {"file": rule_file}), "site:", *(f"  {line}" for line in _site(draft, timezone))]
    lines += [f"rules: [{scalar(rule_file)}]", "tests:"]
    for case in cases(draft):
        lines += [
            f"- name: {scalar(case.name.render(language, _values(draft)))}",
            f"  start: {scalar(_start(draft, case))}",
            "  steps:",
        ]
        lines += [f"  - {flow(step)}" for step in case.steps]
        lines += ["  expect:", *(f"  - {flow(one)}" for one in case.expect)] if case.expect else ["  expect: []"]
    return "\n".join(lines) + "\n"


def cases(draft: Draft) -> list[Case]:
    """Return every case of a draft."""
    if draft.form is Form.SILENT:
        return [*_silences(draft)]
    return [_fires(draft), *_near(draft), _cut(draft)]


def _values(draft: Draft) -> dict[str, object]:
    begin, last = draft.hours or ("", "")
    return {"begin": begin, "last": last, "once": draft.once_within, "within": draft.within}


# --- the site ----------------------------------------------------------------------------------------------------


def _site(draft: Draft, timezone: str) -> list[str]:
    zone = {"zone": draft.zone or "gerbang"}
    first, second = role_of(draft.kind), role_of(draft.then_kind or draft.kind)
    posts = [{"id": "pos-1", "kelurahan": "satu"}, {"id": "pos-2", "kelurahan": "dua"}]
    devices: list[Event] = [
        {"id": _device(1), "role": first, "post": "pos-1", **zone},
        {"id": _device(2), "role": first, "post": "pos-1", **zone},
    ]
    if draft.form is Form.SILENT:
        posts, devices = posts[:1], devices[:1]
    if draft.then_kind and _second(draft) == _device(3):
        devices.append({"id": _second(draft), "role": second, "post": "pos-1", **zone})
    listed = [f"timezone: {timezone}", f"posts: {flow(posts)}", "devices:"]
    return [*listed, *(f"- {flow(device)}" for device in devices)]


def _device(number: int) -> str:
    return f"alat-{number}"


def _second(draft: Draft) -> str:
    """Return the device that reports what comes second: the same where it is the same thing."""
    return _device(1) if draft.then_kind == draft.kind or draft.per == "device" else _device(3)


# --- the clock ---------------------------------------------------------------------------------------------------


def _start(draft: Draft, case: Case) -> str:
    moment = (_inside(draft) if case.moment is None else case.moment) - case.complete
    started = _DATE + timedelta(milliseconds=moment)
    return started.isoformat(timespec="milliseconds" if started.microsecond else "seconds")


def _inside(draft: Draft) -> int:
    """Return a time of day in the middle of the rule's hours, in milliseconds since midnight."""
    if draft.hours is None:
        return _NIGHT_MS
    begin, end = map(_of_day, draft.hours)
    return begin + (end - begin) % DAY_MS // 2


def _of_day(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


def _holds(draft: Draft, later: int) -> bool:
    """Return whether the rule's hours still hold so long after a case is complete."""
    if draft.hours is None:
        return True
    begin, end = map(_of_day, draft.hours)
    return (_inside(draft) + later - begin) % DAY_MS < (end - begin) % DAY_MS


# --- events ------------------------------------------------------------------------------------------------------


def _at(at: int, kind: str, device: str, **more: object) -> Event:
    return {"at": duration(at), "event": kind, "device": device, **more}


def _event(draft: Draft, at: int, device: str | None = None, **more: object) -> Event:
    value = {"value": _beyond(draft)} if is_reading(draft.kind) else {}
    return _at(at, draft.kind, device or _device(1), **{**value, **more})


def _beyond(draft: Draft) -> float:
    limits = [one for one in (draft.above, draft.below) if one is not None]
    if len(limits) == 2:
        return sum(limits) / 2
    return draft.above + 1 if draft.above is not None else (draft.below or 0) - 1


def _rounds(draft: Draft, end: int, span: int) -> list[Event]:
    """Return what completes the rule once, at ``end``, spread over ``span`` before it."""
    if draft.form is Form.EACH:
        return [_event(draft, end)]
    if draft.form is Form.THEN:
        return [_event(draft, end - span), _at(end, draft.then_kind, _second(draft))]
    step = span // (draft.times - 1)
    return [_event(draft, end - span + step * each) for each in range(draft.times - 1)] + [_event(draft, end)]


def _span(draft: Draft) -> int:
    return 0 if draft.form is Form.EACH else draft.within_ms


def _alert(draft: Draft, at: int) -> Event:
    count = {"count": draft.times} if draft.form is Form.COUNT else {}
    return {"at": duration(at), "alert": draft.id, "severity": draft.severity, **count}


def _relayed(draft: Draft, *moments: int) -> tuple[Event, ...]:
    """Return what is told of presses on which the rule is silent: the floor relays each."""
    return tuple({"at": duration(at), "alert": "floor"} for at in moments) if draft.is_floor else ()


# --- cases -------------------------------------------------------------------------------------------------------


def _fires(draft: Draft) -> Case:
    end = _span(draft)
    return Case(FIRES, tuple(_rounds(draft, end, end)), (_alert(draft, end),), end)


def _near(draft: Draft) -> Iterator[Case]:
    end = _span(draft)
    if draft.zone:
        other = "lain" if draft.zone != "lain" else "sana"
        steps = tuple({**step, "zone": other} for step in _rounds(draft, end, end))
        yield Case(OTHER_ZONE, steps, _relayed(draft, end), end)
    for limit in (draft.above, draft.below):
        if limit is not None:
            steps = tuple({**step, "value": limit} if "value" in step else step for step in _rounds(draft, end, end))
            yield Case(AT_LIMIT, steps, (), end)
    yield from _edges(draft, tuple(_rounds(draft, end, end)), end)
    if draft.form is Form.EACH:
        other = "check_in" if draft.kind != "check_in" else "heartbeat"
        yield Case(OTHER_KIND, (_at(0, other, _device(1)),))
    if draft.form in (Form.COUNT, Form.THEN):
        yield from _near_windows(draft)
    if draft.once_within:
        yield from _repeats(draft)
        yield from _apart(draft)


def _edges(draft: Draft, steps: tuple[Event, ...], end: int) -> Iterator[Case]:
    """Yield the edges of the rule's hours: the first instant is inside, the last one is not."""
    if draft.hours is None:
        return
    begin, last = map(_of_day, draft.hours)
    told, silent = (_alert(draft, end),), _relayed(draft, end)
    yield Case(BEFORE, steps, silent, end, begin - 1)
    yield Case(FROM, steps, told, end, begin)
    yield Case(UNTIL, steps, told, end, last - 1)
    yield Case(OUTSIDE, steps, silent, end, last)


def _near_windows(draft: Draft) -> Iterator[Case]:
    end = draft.within_ms
    whole = _rounds(draft, end, end)
    late = (*whole[:-1], {**whole[-1], "at": duration(end + 1)})
    yield Case(LATE, late, (), end + 1)
    yield Case(ELSEWHERE, (*whole[:-1], {**whole[-1], **_elsewhere(draft)}), (), end)
    if draft.form is Form.COUNT:
        yield Case(ONE_LESS, tuple(whole[:-1]), (), end)
    elif draft.then_kind != draft.kind:
        turned = ({**whole[1], "at": "0s"}, {**whole[0], "at": duration(end)})
        yield Case(TURNED, turned, (), end)


def _apart(draft: Draft) -> Iterator[Case]:
    """Yield the case in which the same happens elsewhere at once: what is throttled here is not throttled there."""
    end = _span(draft)
    if draft.per == "zone" and draft.zone:
        return  # there is no elsewhere
    there = ({**step, **_elsewhere(draft)} for step in _rounds(draft, end, end))
    steps = sorted([*_rounds(draft, end, end), *there], key=lambda step: parse_duration(step["at"]) or 0)
    yield Case(APART, tuple(steps), (_alert(draft, end), _alert(draft, end)), end)


def _elsewhere(draft: Draft) -> Event:
    other = {"device": {"device": _device(2)}, "post": {"post": "pos-2"}, "kelurahan": {"kelurahan": "tiga"}}
    return other.get(draft.per, {"zone": "lain" if draft.zone != "lain" else "sana"})


def _repeats(draft: Draft) -> Iterator[Case]:
    """Yield the case in which what happens again joins the incident, and alerts anew only after ``once_within``."""
    end = _span(draft)
    again, anew = end + draft.once_ms, end + draft.once_ms + 1
    steps = (*_rounds(draft, end, end), *_rounds(draft, again, 0), *_rounds(draft, anew, 0))
    told = [_alert(draft, end)] + ([_alert(draft, anew)] if _holds(draft, anew - end) else [])
    silent = [again] + ([] if _holds(draft, anew - end) else [anew])
    expect = sorted([*told, *_relayed(draft, *silent)], key=lambda one: parse_duration(one["at"]) or 0)
    yield Case(REPEATS, steps, tuple(expect), end)


def _cut(draft: Draft) -> Case:
    if draft.form is Form.EACH:
        return _cut_between_two(draft)
    end = draft.within_ms
    early = _rounds(draft, end, end)
    quarter = end // 4
    before = [{**step, "at": duration(quarter * at // len(early))} for at, step in enumerate(early[:-1])]
    off = {"at": duration(end // 2), "power_cut": duration(min(_CUT_MS, quarter))}
    return Case(CUT, (*before, off, early[-1]), (_alert(draft, end),), end)


def _cut_between_two(draft: Draft) -> Case:
    second = 10_000
    steps = (_event(draft, 0), {"at": "2s", "power_cut": duration(_CUT_MS)}, _event(draft, second))
    throttled = second <= draft.once_ms
    if throttled or not _holds(draft, second):
        return Case(CUT_SILENT, steps, (_alert(draft, 0), *_relayed(draft, second)))
    return Case(CUT_FIRES, steps, (_alert(draft, 0), _alert(draft, second)))


def _silences(draft: Draft) -> Iterator[Case]:
    """Yield the cases of a silence; the power cut makes it unknown, and its time runs anew from the cut's end."""
    length = draft.within_ms
    heard = _event(draft, 0)
    yield Case(QUIET, (heard,), (_alert(draft, length),), length)
    yield Case(HEARD, (heard, _event(draft, length)), (), length)
    yield from _edges(draft, (heard, {"at": "0s", "advance": duration(length)}), length)
    off = min(_CUT_MS, length // 4)
    steps = (heard, {"at": duration(length // 2), "power_cut": duration(off)})
    again = length // 2 + off + length
    told: tuple[Event, ...] = ({"at": duration(length), "unknown": draft.id},)
    told += (_alert(draft, again),) if _holds(draft, again - length) else ()
    yield Case(CUT_UNKNOWN, steps, told, length)
