"""``all`` and ``sequence``: how far the best beginning came, and what it lacked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.post.past.nearest.scene import MAX_LINES, Near, Scene, nearest
from dispatcher.post.past.nearest.single import nothing
from dispatcher.post.past.sentences import Sentence, clause, say, span
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import AllForm, SequenceForm, Step, Unless

MAX_BEGINNINGS = 500  # of one group; nearer ones first


@dataclass(slots=True)
class _Way:
    """A beginning of a sequence: the events that it took, and what ended it."""

    taken: list[Item] = field(default_factory=list)
    bound: dict[str, Event] = field(default_factory=dict)
    done: int = 0
    void: Item | None = None


# --- sequence


def near_sequence(scene: Scene, form: SequenceForm, within_ms: int) -> Near:
    """Return how near a sequence came."""
    found = [
        _sequence_of(scene, form, within_ms, items, start)
        for items in scene.groups(scene.items).values()
        for start in _starts(scene, form.steps[0], items, within_ms)
    ]
    best = nearest(found, scene)
    return nothing(scene, form.steps[0].clause, len(form.steps)) if best is None else best


def _starts(scene: Scene, step: Step, items: Sequence[Item], within_ms: int) -> list[int]:
    places = [
        at
        for at, one in enumerate(items)
        if scene.admits(step.clause, one, {}) and scene.distance(one.t) <= 2 * within_ms
    ]
    return sorted(places, key=lambda at: scene.distance(items[at].t))[:MAX_BEGINNINGS]


def _sequence_of(scene: Scene, form: SequenceForm, within_ms: int, items: Sequence[Item], start: int) -> Near:
    begin = items[start].t
    way = _walk(scene, form, [one for one in items[start:] if one.t <= begin + within_ms])
    need = len(form.steps)
    if way.done >= need:
        sentence = say("all_came", "semua {need} langkah datang berurutan", "all {need} steps came in order", need=need)
        return Near(need, need, way.taken[-1].event.arrived, sentence, _lines(scene, way.taken), complete=True)
    lacking = form.steps[way.done]
    later = next(
        (one for one in items[start:] if one.t > begin + within_ms and scene.admits(lacking.clause, one, way.bound)),
        None,
    )
    rest = _void(scene, way.void) if way.void is not None else _lacking(scene, lacking, way.taken, later)
    sentence = say(
        "sequence",
        "{have} dari {need} langkah ({names}) dalam {within}; {rest}",
        "{have} of {need} steps ({names}) within {within}; {rest}",
        have=way.done,
        need=need,
        names=" -> ".join(clause(step.clause) for step in form.steps[: way.done]) or "-",
        within=span(within_ms),
        rest=rest,
    )
    lines = _lines(scene, way.taken) + ((scene.line(way.void, "x "),) if way.void is not None else ())
    lines += (scene.line(later, "> "),) if later is not None and way.void is None else ()
    return Near(way.done, need, way.taken[-1].event.arrived, sentence, lines)


def _walk(scene: Scene, form: SequenceForm, items: Sequence[Item]) -> _Way:
    """Take the earliest event for each step, from the first of ``items`` on."""
    way, queue = _Way(), list(_with_unless(form))
    if not queue:
        return way
    got = 0
    for item in items:
        unless, step = queue[way.done]
        if way.taken and any(scene.admits(one.clause, item, way.bound) for one in unless):
            way.void = item
            return way
        if not scene.admits(step.clause, item, way.bound):
            continue
        way.taken.append(item)
        got += 1
        if got < step.at_least:
            continue
        got = 0
        way.done += 1
        if step.name is not None:
            way.bound[step.name] = item.event
        if way.done == len(queue):
            break
    return way


def _with_unless(form: SequenceForm) -> Iterator[tuple[tuple[Unless, ...], Step]]:
    """Yield each step with what must not come before it."""
    waiting: list[Unless] = []
    for part in form.parts:
        if isinstance(part, Unless):
            waiting.append(part)
        else:
            yield tuple(waiting), part
            waiting = []


# --- all


def near_all(scene: Scene, form: AllForm, within_ms: int) -> Near:
    """Return how near an ``all`` came."""
    found = [
        _all_of(scene, form, within_ms, items, last)
        for items in scene.groups(scene.items).values()
        for last in _ends(scene, form, items, within_ms)
    ]
    best = nearest(found, scene)
    return nothing(scene, form.steps[0].clause, len(form.steps)) if best is None else best


def _ends(scene: Scene, form: AllForm, items: Sequence[Item], within_ms: int) -> list[int]:
    places = [
        at
        for at, one in enumerate(items)
        if scene.distance(one.t) <= within_ms and any(scene.admits(step.clause, one, {}) for step in form.steps)
    ]
    return sorted(places, key=lambda at: scene.distance(items[at].t))[:MAX_BEGINNINGS]


def _all_of(scene: Scene, form: AllForm, within_ms: int, items: Sequence[Item], last: int) -> Near:
    end = items[last].t
    window = [one for one in items[: last + 1] if end - one.t <= within_ms]
    taken, lacking = _assign(scene, form.steps, window)
    have, need = len(form.steps) - len(lacking), len(form.steps)
    used = sorted(taken, key=lambda one: one.order)
    void = _voiding(scene, form, window, used) if not lacking else None
    if not lacking and void is None:
        sentence = say("all_came", "semua {need} klausa datang", "all {need} clauses came", need=need)
        return Near(need, need, used[-1].event.arrived, sentence, _lines(scene, used), complete=True)
    later = None
    if lacking:
        others = [one for one in items if one not in window and scene.admits(lacking[0].clause, one, {})]
        later = min(others, key=lambda one: abs(one.t - end), default=None)
    rest = _void(scene, void) if void is not None else _lacking(scene, lacking[0], used, later)
    sentence = say(
        "all",
        "{have} dari {need} klausa dalam {within}; {rest}",
        "{have} of {need} clauses within {within}; {rest}",
        have=have,
        need=need,
        within=span(within_ms),
        rest=rest,
    )
    lines = _lines(scene, used) + ((scene.line(void, "x "),) if void is not None else ())
    lines += (scene.line(later, "> "),) if later is not None else ()
    at = used[-1].event.arrived if used else items[last].event.arrived
    return Near(have, need, at, sentence, lines)


def _assign(scene: Scene, steps: Sequence[Step], window: Sequence[Item]) -> tuple[list[Item], list[Step]]:
    """Return events for as many clauses as there are enough of, an event for one clause only; and the other clauses."""
    free, taken, lacking = list(reversed(window)), [], []
    bound: dict[str, Event] = {}
    fits = {id(step): [one for one in free if scene.admits(step.clause, one, {})] for step in steps}
    for step in sorted(steps, key=lambda one: (bool(scene.compiled[one.clause].aliases), len(fits[id(one)]))):
        found = [one for one in free if scene.admits(step.clause, one, bound)][: step.at_least]
        if len(found) < step.at_least:
            lacking.append(step)
            continue
        free = [one for one in free if one not in found]
        taken += found
        if step.name is not None:
            bound[step.name] = found[0].event
    return taken, lacking


def _voiding(scene: Scene, form: AllForm, window: Sequence[Item], used: Sequence[Item]) -> Item | None:
    between = [one for one in window if used[0].order < one.order < used[-1].order]
    return next((one for one in between if any(scene.admits(part.clause, one, {}) for part in form.unless)), None)


# --- words


def _lines(scene: Scene, items: Sequence[Item]) -> tuple[Sentence, ...]:
    return tuple(scene.line(one) for one in items[-MAX_LINES:])


def _void(scene: Scene, item: Item) -> Sentence:
    return say(
        "void",
        "dibatalkan unless: {event} pukul {at}",
        "voided by unless: {event} at {at}",
        event=f"{item.event.kind} {item.event.device or ''}".rstrip(),
        at=scene.near(item.event.arrived),
    )


def _lacking(scene: Scene, step: Step, taken: Sequence[Item], later: Item | None) -> Sentence:
    what = f"{step.at_least}x {clause(step.clause)}" if step.at_least > 1 else clause(step.clause)
    if later is None or not taken:
        return say(
            "lacking", "{clause} tidak datang sampai {until}", "{clause} did not come until {until}",
            clause=what, until=scene.near(scene.until),
        )  # fmt: skip
    if later.order < taken[0].order:
        gap = span(taken[-1].t - later.t)
        return say(
            "before", "{clause} sudah datang {gap} sebelumnya", "{clause} had come {gap} before", clause=what, gap=gap
        )
    gap = span(later.t - taken[0].t)
    return say(
        "later",
        "{clause} datang {gap} sesudah yang pertama",
        "{clause} came {gap} after the first",
        clause=what,
        gap=gap,
    )
