"""``state`` and ``schedule``: what the state was instead, or when the hour comes."""

from collections.abc import Mapping

from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Chronicle
from dispatcher.post.past.conditions import Then, later
from dispatcher.post.past.nearest.scene import Near, Scene
from dispatcher.post.past.sentences import DAYS, Sentence, listed, minute, say, span, value
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.cross import same
from dispatcher.rules.language import ScheduleForm, StateForm

DAY_MS = 86_400_000
TICK_MS = 2_000  # a post may look at its clock a moment after the hour


def near_state(scene: Scene, form: StateForm, chronicle: Chronicle, then: Then) -> Near:
    """Return what a state was at the time asked about, and since when."""
    known = chronicle.state_before(form.name, scene.end)
    values = {
        "name": form.name,
        "wanted": value(form.value),
        "state": then.state(form.name),
        "length": span(form.for_ms),
    }
    if not known.sure or not same(known.value, form.value):
        sentence = say("other_state", "{name} bukan {wanted}: {state}", "{name} was not {wanted}: {state}", **values)
        return Near(0, max(1, form.for_ms), scene.begin, sentence)
    if known.since is None:
        sentence = say(
            "before",
            "{name}: {state}, sejak sebelum jurnal ini",
            "{name}: {state}, since before this journal",
            **values,
        )
        return Near(form.for_ms, form.for_ms, scene.begin, sentence, complete=True)
    lasted = scene.end.run_ms - known.since.run_ms
    due = scene.near(later(known.since, form.for_ms))
    if lasted < form.for_ms:
        sentence = say(
            "too_short",
            "{name}: {state}; baru {lasted} dari {length}, paling cepat {due}",
            "{name}: {state}; {lasted} of {length} only, at the earliest {due}",
            lasted=span(lasted),
            due=due,
            **values,
        )
        return Near(lasted, form.for_ms, known.since, sentence)
    sentence = say(
        "became_before",
        "{name}: {state}; itu dinilai pukul {due}, satu kali",
        "{name}: {state}; that was judged at {due}, once",
        due=due,
        **values,
    )
    return Near(form.for_ms, form.for_ms, known.since, sentence, complete=True)


def near_schedule(scene: Scene, form: ScheduleForm, chronicle: Chronicle, counted: Stamp) -> Near:
    """Return when the hour comes that is nearest to the time asked about, and why it did not count."""
    calendar = Calendar(scene.local.tz)
    at = _nearest_hour(calendar, form, scene.begin.wall_ms)
    hour = Stamp(scene.begin.run_ms + at - scene.begin.wall_ms, at, scene.begin.trusted)
    values = {"hour": minute(form.at), "at": scene.local.full(hour), "days": listed(DAYS[day] for day in form.days)}
    if not scene.begin.wall_ms - TICK_MS <= at <= scene.end.wall_ms:
        return Near(0, 1, hour, _not_this_hour(calendar, form, scene, values))
    if not scene.begin.trusted:
        sentence = say("waits", "jam pos belum dipercaya: jadwal menunggu", "the clock was not trusted: the hour waits")
        return Near(0, 1, hour, sentence)
    off = chronicle.off_at(at)
    if off is not None:
        back = scene.near(off.back)
        sentence = say(
            "off", "pos mati pada {at}, kembali {back}", "the post was off at {at}, back {back}", back=back, **values
        )
        return Near(0, 1, hour, sentence)
    if counted.wall_ms > at:
        since = scene.near(counted)
        sentence = say(
            "began_later", "aturan ini baru jalan sejak {since}", "this rule began at {since} only", since=since
        )
        return Near(0, 1, hour, sentence)
    sentence = say("hour_came", "pukul {hour} tiba pada {at}", "{hour} came at {at}", **values)
    return Near(1, 1, hour, sentence, complete=True)


def _not_this_hour(calendar: Calendar, form: ScheduleForm, scene: Scene, values: Mapping[str, object]) -> Sentence:
    today = calendar.weekday(scene.begin.wall_ms)
    if form.days and today not in form.days and abs(calendar.minute(scene.begin.wall_ms) - form.at) <= 1:
        return say(
            "other_day",
            "hari {today} tidak termasuk ({days}); yang terdekat {at}",
            "{today} is none of its days ({days}); the nearest is {at}",
            today=DAYS[today],
            **values,
        )
    return say("other_hour", "jadwalnya {hour}; yang terdekat {at}", "it is for {hour}; the nearest is {at}", **values)


def _nearest_hour(calendar: Calendar, form: ScheduleForm, wall_ms: int) -> int:
    after = calendar.next(form.at, wall_ms - 1, form.days)
    before = calendar.next(form.at, wall_ms - 8 * DAY_MS, form.days)
    while (following := calendar.next(form.at, before, form.days)) < wall_ms:
        before = following
    return min((before, after), key=lambda one: abs(one - wall_ms))
