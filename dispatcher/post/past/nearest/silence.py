"""``absent``: who was heard after all, and when the silence would have been long enough."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Chronicle
from dispatcher.post.past.nearest.counted import near_count
from dispatcher.post.past.nearest.scene import MAX_LINES, Near, Scene, nearest
from dispatcher.post.past.nearest.single import near_single
from dispatcher.post.past.nearest.steps import near_sequence
from dispatcher.post.past.sentences import Sentence, clause, minute, say, span
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.rosters import Expected
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import AbsentForm, After, CountForm, SequenceForm, Step, TimeSpan, When

DAY_MS = 86_400_000
TICK_MS = 2_000  # a post may look at its clock a moment after the deadline


def _later(stamp: Stamp, by_ms: int) -> Stamp:
    return Stamp(stamp.run_ms + by_ms, stamp.wall_ms + by_ms, stamp.trusted)


# --- for


def near_silence(scene: Scene, form: AbsentForm, expected: Expected, chronicle: Chronicle, counted: Stamp) -> Near:
    """Return the longest silence of a roster's entry. ``counted`` is when the rule began to count."""
    found = [_silence_of(scene, form, expected, name, chronicle, counted) for name in expected.names]
    best = nearest(found, scene)
    if best is None:
        sentence = say("nobody", "daftar expect_from kosong di pos ini", "expect_from names nobody at this post")
        return Near(0, 1, None, sentence)
    return best


def _silence_of(
    scene: Scene, form: AbsentForm, expected: Expected, name: str, chronicle: Chronicle, counted: Stamp
) -> Near:
    length = form.for_ms or 0
    heard = [one for one in scene.admitted(form.clause) if name in expected.speakers(one.event)]
    before = [one for one in heard if one.t <= scene.end.run_ms]
    last = before[-1] if before and before[-1].t >= counted.run_ms else None
    since = last.event.arrived if last is not None else counted
    off = chronicle.off_between(since.run_ms, min(since.run_ms + length, scene.end.run_ms))
    if off is not None and off.back.run_ms >= since.run_ms:
        since, last = off.back, None
    due = _later(since, length)
    silent = scene.end.run_ms - since.run_ms
    lines = (scene.line(last),) if last is not None else ()
    values = {
        "clause": clause(form.clause), "who": name, "since": scene.near(since), "length": span(length),
        "silent": span(max(0, min(silent, scene.begin.run_ms - since.run_ms))), "due": scene.near(due),
    }  # fmt: skip
    if silent >= length:
        sentence = say(
            "already",
            "{who} sudah diam sejak {since}; itu dinilai pukul {due}, satu kali untuk satu kesunyian",
            "{who} had been silent since {since}; that was judged at {due}, once for one silence",
            **values,
        )
        return Near(silent, length, due, sentence, lines, complete=True)
    if last is not None:
        sentence = say(
            "heard",
            "{clause} dari {who} datang pukul {since}: baru {silent} dari {length}, paling cepat {due}",
            "{clause} from {who} came at {since}: {silent} of {length} only, at the earliest {due}",
            **values,
        )
    else:
        sentence = say(
            "counted",
            "kesunyian {who} dihitung sejak {since} (pos mulai atau kembali, atau aturan baru): baru {silent} dari "
            "{length}, paling cepat {due}",
            "the silence of {who} counts from {since} (the post began or came back, or the rule was new): {silent} of "
            "{length} only, at the earliest {due}",
            **values,
        )
    return Near(max(0, silent), length, since, sentence, lines)


# --- between


def near_daily(scene: Scene, form: AbsentForm, expected: Expected, chronicle: Chronicle, counted: Stamp) -> Near:
    """Return who was heard in the span whose end is nearest to the time asked about."""
    assert form.between is not None
    calendar = Calendar(scene.local.tz)
    deadline, begin = _nearest_span(calendar, form.between, scene.begin.wall_ms)
    hours = f"{minute(form.between.start)}-{minute(form.between.end)}"
    at = Stamp(scene.begin.run_ms + deadline - scene.begin.wall_ms, deadline, scene.begin.trusted)
    values = {"hours": hours, "clause": clause(form.clause), "due": scene.near(at)}
    if not scene.begin.wall_ms - TICK_MS <= deadline <= scene.end.wall_ms:
        sentence = say(
            "not_due",
            "dinilai setiap hari pada akhir {hours}, yang terdekat {due}",
            "it is judged each day at the end of {hours}, the nearest is {due}",
            **values,
        )
        return Near(0, 1, at, sentence)
    reason = _no_verdict(scene, chronicle, counted, at)
    if reason is not None:
        return Near(0, 1, at, reason)
    heard = [one for one in scene.admitted(form.clause) if begin <= one.event.arrived.wall_ms <= deadline]
    spoke = {name: [one for one in heard if name in expected.speakers(one.event)] for name in expected.names}
    if all(spoke.values()) and spoke:
        last = [items[-1] for items in spoke.values()]
        sentence = say(
            "heard_between",
            "{clause} datang antara {hours}: {who}",
            "{clause} came between {hours}: {who}",
            who=", ".join(f"{name} {scene.near(items[-1].event.arrived)}" for name, items in list(spoke.items())[:5]),
            **values,
        )
        return Near(0, 1, at, sentence, tuple(scene.line(one) for one in last[:MAX_LINES]))
    silent = ", ".join(name for name, items in spoke.items() if not items)
    sentence = say(
        "silent_between",
        "tidak ada {clause} dari {who} antara {hours}",
        "no {clause} came from {who} between {hours}",
        who=silent or "?",
        **values,
    )
    return Near(1, 1, at, sentence, complete=True)


def _no_verdict(scene: Scene, chronicle: Chronicle, counted: Stamp, at: Stamp) -> Sentence | None:
    if not scene.begin.trusted:
        return say("waits", "jam pos belum dipercaya: penilaiannya menunggu", "the clock was not trusted: it waits")
    off = chronicle.off_at(at.wall_ms)
    if off is not None:
        back = scene.near(off.back)
        return say(
            "off",
            "pos mati pada {due}, kembali {back}",
            "the post was off at {due}, back {back}",
            due=scene.near(at),
            back=back,
        )
    if counted.wall_ms >= at.wall_ms:
        since = scene.near(counted)
        return say("began_later", "aturan ini baru jalan sejak {since}", "this rule began at {since} only", since=since)
    return None


def _nearest_span(calendar: Calendar, hours: TimeSpan, wall_ms: int) -> tuple[int, int]:
    """Return the end that is nearest to an instant, and when its span began."""
    after = calendar.next(hours.end, wall_ms - 1)
    before = calendar.next(hours.end, wall_ms - DAY_MS - 7_200_000)
    deadline = min((after, before), key=lambda one: abs(one - wall_ms))
    day = date.fromisoformat(calendar.occurrences(hours.end, deadline - 1, deadline)[0][0])
    day -= timedelta(days=1) if hours.start > hours.end else timedelta()
    return deadline, min(calendar.instant(day, hours.start), deadline)


# --- after


def near_wait(scene: Scene, form: AbsentForm, when: When) -> Near:
    """Return the wait that came nearest: what ended it; or how near it came to begin."""
    assert form.after is not None
    begun = _beginnings(scene, form.after)
    waits = [_wait_of(scene, form, when, one) for one in begun if scene.distance(one.t) <= 2 * when.within_ms]
    best = min(waits, key=lambda one: scene.distance(one.at.run_ms) if one.at is not None else 0, default=None)
    return best if best is not None else _not_begun(scene, form.after, when.within_ms)


def _beginnings(scene: Scene, after: After) -> list[Item]:
    """Return the events that began a wait."""
    trigger = after.trigger
    if isinstance(trigger, Step) and trigger.at_least == 1:
        return scene.admitted(trigger.clause)
    complete = []
    for item in scene.items:
        near = _trigger(_only_until(scene, item), after)
        if near.complete and near.at == item.event.arrived:
            complete.append(item)
    return complete


def _only_until(scene: Scene, item: Item) -> Scene:
    """Return the scene as it was at the instant of one event."""
    until = tuple(one for one in scene.items if one.order <= item.order)
    return replace(scene, items=until, begin=item.event.arrived, end=item.event.arrived)


def _trigger(scene: Scene, after: After) -> Near:
    within = after.within_ms or 0
    match after.trigger:
        case SequenceForm() as form:
            return near_sequence(scene, form, within)
        case CountForm() as form:
            return near_count(scene, form, within)
        case Step(clause=wanted, at_least=number):
            return near_count(scene, CountForm(wanted, number), within) if number > 1 else near_single(scene, (wanted,))


def _not_begun(scene: Scene, after: After, within_ms: int) -> Near:
    near = _trigger(replace(scene, begin=_later(scene.begin, -within_ms)), after)  # a wait begins before its end
    sentence = say("not_begun", "tidak mulai menunggu: {why}", "it began no wait: {why}", why=near.sentence)
    return Near(0, near.need + 1, near.at, sentence, near.lines)


def _wait_of(scene: Scene, form: AbsentForm, when: When, begun: Item) -> Near:
    key, end = scene.grouping.key(begun.event), begun.t + when.within_ms
    name = form.after.name if form.after is not None else None
    trigger = form.after.trigger if form.after is not None else None
    name = trigger.name if isinstance(trigger, Step) else name
    bound = {name: begun.event} if name is not None else {}
    came: Sequence[Item] = [
        one
        for one in scene.admitted(form.clause, bound)
        if begun.order < one.order and scene.grouping.key(one.event) == key
    ]
    values = {
        "begun": f"{begun.event.kind} {begun.event.device or ''}".rstrip(), "at": scene.near(begun.event.arrived),
        "clause": clause(form.clause), "within": span(when.within_ms),
        "end": scene.near(_later(begun.event.arrived, when.within_ms)),
    }  # fmt: skip
    at = begun.event.arrived
    if came and came[0].t <= end:
        sentence = say(
            "ended",
            "sesudah {begun} pukul {at} {clause} datang dalam {gap} (batasnya {within})",
            "after {begun} at {at} {clause} came within {gap} (the limit is {within})",
            gap=span(came[0].t - begun.t),
            **values,
        )
        return Near(1, 2, at, sentence, (scene.line(begun), scene.line(came[0], "> ")))
    if end > scene.end.run_ms:
        sentence = say(
            "waiting",
            "sesudah {begun} pukul {at} masih ditunggu sampai {end}",
            "after {begun} at {at} it waits until {end}",
            **values,
        )
        return Near(1, 2, at, sentence, (scene.line(begun),))
    sentence = say(
        "waited",
        "sesudah {begun} pukul {at} {clause} tidak datang sampai {end}",
        "after {begun} at {at} no {clause} came until {end}",
        **values,
    )
    return Near(2, 2, _later(at, when.within_ms), sentence, (scene.line(begun),), complete=True)
