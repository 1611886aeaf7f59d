"""``event`` and ``any``, and what is common to all: no event of a clause came, or one came and was not it."""

from dispatcher.domain.events import Event
from dispatcher.domain.faults import Text
from dispatcher.post.past.nearest.scene import Near, Scene, nearest
from dispatcher.post.past.sentences import Sentence, clause, condition, event_line, say, value
from dispatcher.rules.language import Cross
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, Not

MAX_MISSED = 3
ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def near_single(scene: Scene, clauses: tuple[Clause, ...]) -> Near:
    """Return the event that came nearest to one of the clauses."""
    found = [_of_clause(scene, one) for one in clauses]
    best = nearest(found, scene)
    assert best is not None  # a rule has a clause
    return best


def _of_clause(scene: Scene, wanted: Clause) -> Near:
    came = sorted(scene.admitted(wanted), key=lambda one: (scene.distance(one.t), one.n))
    here = [one for one in came if scene.distance(one.t) == 0]
    if here:
        return Near(1, 1, here[0].event.arrived, _came(scene, here[0].event), (scene.line(here[0]),), complete=True)
    if came:
        return Near(0, 1, came[0].event.arrived, not_then(scene, wanted, came[0].event), (scene.line(came[0]),))
    return nothing(scene, wanted)


def _came(scene: Scene, event: Event) -> Sentence:
    return say("came", "{event} pukul {at}", "{event} at {at}", event=event_line(event), at=scene.near(event.arrived))


def not_then(scene: Scene, wanted: Clause, event: Event) -> Sentence:
    """Return that what was waited for came at another time."""
    values = {"clause": clause(wanted), "at": scene.near(event.arrived)}
    return say("not_then", "{clause} datang pukul {at}, bukan waktu itu", "{clause} came at {at}, not then", **values)


def _used_up(scene: Scene, wanted: Clause, event: Event) -> Sentence:
    values = {"clause": clause(wanted), "at": scene.near(event.arrived)}
    return say(
        "used_up",
        "{clause} pukul {at} sudah terpakai oleh jawaban lain aturan ini",
        "{clause} at {at} was used up by another firing of this rule",
        **values,
    )


def nothing(scene: Scene, wanted: Clause, need: int = 1) -> Near:
    """Return that no event satisfied a clause then: it came at another time, or a condition failed, or none came."""
    came = min(scene.every(wanted), key=lambda one: (scene.distance(one.t), one.n), default=None)
    if came is not None:
        sentence = _used_up(scene, wanted, came.event) if scene.spent(came) else not_then(scene, wanted, came.event)
        return Near(0, need, came.event.arrived, sentence, (scene.line(came),))
    missed = scene.missed(wanted)
    if not missed:
        return Near(0, need, None, _none(scene, wanted))
    item, failing = missed[0]
    sentence = say(
        "not_it",
        "{event} datang pukul {at}, tetapi {why}",
        "{event} came at {at}, but {why}",
        event=f"{item.event.kind} {item.event.device or ''}".rstrip(),
        at=scene.near(item.event.arrived),
        why=_why(failing, item.event),
    )
    lines = tuple(scene.line(one) for one, _ in missed[:MAX_MISSED])
    return Near(0, need, item.event.arrived, sentence, lines)


def _none(scene: Scene, wanted: Clause) -> Sentence:
    before = [stamp for kind, stamp in scene.before.items() if wanted.wants(kind)]
    values = {"clause": clause(wanted), **scene.asked()}
    if not before:
        return say(
            "none",
            "tidak ada {clause} antara {since} dan {until}",
            "no {clause} came between {since} and {until}",
            **values,
        )
    last = scene.near(max(before, key=lambda one: one.run_ms))
    return say(
        "none",
        "tidak ada {clause} antara {since} dan {until} (jenis itu terakhir datang {last})",
        "no {clause} came between {since} and {until} (that kind came last at {last})",
        last=last,
        **values,
    )


def _why(failing: list[Condition], event: Event) -> Sentence:
    if not failing:  # only a comparison with another event can fail beyond these
        return say("compared", "pembandingnya tidak cocok", "what it compares with does not fit")
    wanted = ", ".join(condition(one) for one in failing)
    seen = ", ".join(
        f"{name} = {_seen(event, name)}" for name in dict.fromkeys(n for one in failing for n in _fields(one))
    )
    values = {"wanted": wanted, "seen": seen}
    return say("failing", "{seen} (diminta {wanted})", "{seen} ({wanted} is wanted)", **values)


def _seen(event: Event, name: str) -> str:
    found = event.field(name)
    return "-" if found is None else value(found)


def _fields(one: Condition) -> list[str]:
    match one:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return [name for part in parts for name in _fields(part)]
        case Not(part=part):
            return _fields(part)
        case Cross() | Compare():
            return [one.field]


def ordinal(number: int) -> Sentence:
    """Return ``ke-3`` / ``third``."""
    english = ORDINALS[number] if number < len(ORDINALS) else f"{number}th"
    return Sentence("ordinal", Text(f"ke-{number}", english))
