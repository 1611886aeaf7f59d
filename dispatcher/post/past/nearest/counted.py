"""``count``: the fullest window near the time asked about, and the event that came too late for it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dispatcher.post.past.nearest.scene import MAX_LINES, Near, Scene
from dispatcher.post.past.nearest.single import nothing, ordinal
from dispatcher.post.past.sentences import Sentence, clause, listed, say, span, value
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import CountForm


def near_count(scene: Scene, form: CountForm, within_ms: int) -> Near:
    """Return how near a count came."""
    admitted = scene.admitted(form.clause)
    if form.distinct is not None:
        admitted = [one for one in admitted if one.event.field(form.distinct) is not None]
    groups = scene.groups(admitted)
    found = [
        (-number, scene.distance(items[last].t), key, first, last)
        for key, items in groups.items()
        for first, last, number in _windows(form, items, within_ms)
        if scene.distance(items[last].t) <= within_ms
    ]
    then = [
        one for one in found if -one[0] < form.at_least or not one[1]
    ]  # complete at another time: of that time only
    best = min(then or found, default=None)
    if best is None:
        return nothing(scene, form.clause, form.at_least)
    _, _, key, first, last = best
    near = _near(scene, form, within_ms, groups[key], first, last)
    split = _split(scene, form, within_ms, admitted, near)
    return near if split is None else replace(near, lines=(*near.lines, split))


def _windows(form: CountForm, items: Sequence[Item], within_ms: int) -> Iterator[tuple[int, int, int]]:
    """Yield first and last place of each window that ends with an event, and what it counts; closed at both ends."""
    first, counted = 0, Counter[object]()
    for last, item in enumerate(items):
        counted[_key(form, item)] += 1
        while item.t - items[first].t > within_ms:
            gone = _key(form, items[first])
            counted[gone] -= 1
            if not counted[gone]:
                del counted[gone]
            first += 1
        yield first, last, last - first + 1 if form.distinct is None else len(counted)


def _number(form: CountForm, items: Sequence[Item]) -> int:
    return len(items) if form.distinct is None else len({_key(form, one) for one in items})


def _key(form: CountForm, item: Item) -> object:
    """Return what two events must differ in to count twice: 3 is 3.0, and neither "3" nor true."""
    if form.distinct is None:
        return None
    found = item.event.field(form.distinct)
    return ("text" if isinstance(found, str) else "bool" if isinstance(found, bool) else "number"), found


def _near(scene: Scene, form: CountForm, within_ms: int, items: Sequence[Item], first: int, last: int) -> Near:
    window = items[first : last + 1]
    have = _number(form, window)
    known = {_key(form, one) for one in window} if form.distinct is not None else set()
    after = scene.groups(one for one in scene.every(form.clause) if one.order > window[-1].order)
    others = after.get(scene.grouping.key(window[-1].event) or "", [])
    later = next((one for one in others if _key(form, one) not in known), None)
    what: Sentence | str = clause(form.clause)
    if form.distinct is not None:
        what = say(
            "distinct", "{clause} ({field} berbeda)", "{clause} (different {field})", clause=what, field=form.distinct
        )
    sentence = say(
        "count",
        "{have} dari {need} {what} dalam {within}; {rest}",
        "{have} of {need} {what} within {within}; {rest}",
        have=have,
        need=form.at_least,
        what=what,
        within=span(within_ms),
        rest=_rest(scene, window, later, have),
    )
    lines = [scene.line(one) for one in window[-MAX_LINES:]]
    lines += [scene.line(later, "> ")] if later is not None else []
    return Near(have, form.at_least, window[-1].event.arrived, sentence, tuple(lines), complete=have >= form.at_least)


def _rest(scene: Scene, window: Sequence[Item], later: Item | None, have: int) -> Sentence:
    if later is None:
        return say(
            "no_more",
            "sesudahnya tidak ada lagi sampai {until}",
            "no other came until {until}",
            until=scene.near(scene.until),
        )
    return say(
        "next_came",
        "yang {nth} datang {gap} sesudah yang pertama",
        "the {nth} came {gap} after the first",
        nth=ordinal(have + 1),
        gap=span(later.t - window[0].t),
    )


def _split(scene: Scene, form: CountForm, within_ms: int, admitted: list[Item], best: Near) -> Sentence | None:
    """Return that there were enough, but in several groups."""
    fields = [name for name in scene.rule.when.group_by if name != "post"]
    if best.at is None or best.have >= best.need or not fields:
        return None
    around = [one for one in admitted if abs(one.t - best.at.run_ms) <= within_ms]
    names = [" ".join(_shown(one, name) for name in fields) for one in around]
    if _number(form, around) < form.at_least or len(set(names)) == 1:
        return None
    counted = (f"{name} {names.count(name)}" for name in dict.fromkeys(names))
    return say(
        "split",
        "dihitung per {fields}: {groups}",
        "counted by {fields}: {groups}",
        fields=listed(fields),
        groups=listed(counted),
    )


def _shown(item: Item, name: str) -> str:
    found = item.event.field(name)
    return "-" if found is None else value(found)
