"""``kentongan explain``: why an incident was told, from a post's journal."""

import json
from dataclasses import dataclass
from pathlib import Path

from dispatcher.cli.pasts import FOUND, GOOD, Cannot, Opened, Waiting, find_data, open_past
from dispatcher.cli.say import language
from dispatcher.domain.events import Event
from dispatcher.domain.faults import Text
from dispatcher.post.past.chronicle import Saying, Wanted
from dispatcher.post.past.explaining import Explaining
from dispatcher.post.past.gathering import gather
from dispatcher.post.past.incidents import Incidents, Story, find_incident
from dispatcher.post.past.report import Report
from dispatcher.post.past.stories import ExplainedStory
from dispatcher.rules.language import AbsentForm, FullRule

SLACK_MS = 5_000

NOT_FOUND = Text(
    "{wanted}: tidak ada kejadian ber-id ini di jurnal {post} ({begin} - {end}), dan tidak ada aturan bernama "
    "itu.{near}",
    "{wanted}: the journal of {post} ({begin} - {end}) has no incident of this id, nor is there a rule of that "
    "name.{near}",
)
NEAREST = Text("\nYang paling mirip atau terbaru:\n{lines}", "\nThe most alike or newest:\n{lines}")
NO_INCIDENT = Text("\nTidak ada satu pun kejadian di jurnal ini.", "\nThere is no incident at all in this journal.")
NEVER_SAID = Text(
    "{rule}: aturan ini belum pernah memberi tahu di jurnal ini. Mengapa tidak: kentongan why-not {rule} --at JAM",
    "{rule}: this rule has said nothing in this journal. Why not: kentongan why-not {rule} --at TIME",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line: an incident's id or the beginning of it, or a rule's id."""

    what: str
    data: Path | None
    config: Path | None
    post: str | None
    site: Path | None
    as_json: bool


def run(asked: Asked) -> int:
    """Explain; print it. Returns 0, or 1 where there is nothing of that name."""
    opened = open_past(find_data(asked.data, asked.config, asked.post), asked.post, asked.site)
    with Waiting() as waiting:
        incidents = find_incident(opened.past, asked.what, waiting.record)
    story = incidents.story
    report = _rule(opened, asked.what, incidents) if story is None else _incident(opened, story)
    show_report(report, opened, as_json=asked.as_json)
    return GOOD


def show_report(report: Report, opened: Opened, *, as_json: bool) -> None:
    """Print a report for a person or for a program."""
    if as_json:
        body = {"post": opened.post, "lost": opened.about.lost, **report.plain(language())}
        print(json.dumps(body, ensure_ascii=False))
    else:
        print("\n".join(report.lines(language())))


# --- an incident


def _incident(opened: Opened, story: Story) -> Report:
    rules = frozenset(story.rules)
    ids = frozenset(story.events)
    known = [rule for name in rules if (rule := _known(opened, name, story.alerts[0][0].wall_ms)) is not None]
    back = max((_reach(rule) for rule in known), default=0)
    begin = min(_opened_ms(story), story.alerts[0][0].wall_ms) - back - SLACK_MS
    wanted = Wanted(rules, begin, story.alerts[-1][0].wall_ms + SLACK_MS, _Keeps(ids, tuple(known)))
    return ExplainedStory(story, _explaining(opened, wanted)).report()


def _opened_ms(story: Story) -> int:
    stamp, first = story.alerts[0]
    return stamp.wall_ms - 1000 * first.age_s


def _reach(rule: FullRule) -> int:
    form = rule.when.form
    return max(rule.when.within_ms, form.for_ms or 0 if isinstance(form, AbsentForm) else 0)


def _known(opened: Opened, name: str, wall_ms: int) -> FullRule | None:
    found = None
    for stamp, versions in opened.about.versions:
        if stamp.wall_ms <= wall_ms or found is None:
            found = opened.library.rule(versions, name) or found
    return found


@dataclass(frozen=True, slots=True)
class _Keeps:
    """Which events are worth keeping: those of the incident, and those whose absence a rule waited for."""

    ids: frozenset[str]
    rules: tuple[FullRule, ...]

    def __call__(self, event: Event) -> bool:
        forms = (rule.when.form for rule in self.rules)
        return event.id in self.ids or any(
            isinstance(form, AbsentForm) and form.clause.wants(event.kind) for form in forms
        )


def _explaining(opened: Opened, wanted: Wanted) -> Explaining:
    with Waiting() as waiting:
        chronicle = gather(opened.past, opened.about, opened.library, wanted, waiting.record)
    return Explaining(chronicle, opened.library, opened.local, {event.id: event for event in chronicle.events})


# --- the last word of a rule


def _rule(opened: Opened, name: str, incidents: Incidents) -> Report:
    names = {rule.id for _, versions in opened.about.versions for rule in opened.library.rules(versions)}
    if name not in names:
        raise Cannot(FOUND, NOT_FOUND, **_not_found(opened, name, incidents))
    with Waiting() as waiting:
        found = gather(opened.past, opened.about, opened.library, Wanted(frozenset((name,))), waiting.record)
    said = found.of_rule(name)
    if not said:
        raise Cannot(FOUND, NEVER_SAID, rule=name)
    return explain_saying(opened, said[-1])


def explain_saying(opened: Opened, saying: Saying) -> Report:
    """Return why a rule said one thing. Raises OSError, FormatTooNew."""
    rule = opened.library.rule(saying.versions, saying.said.rule)
    ids = {one.event for one in getattr(saying.said, "evidence", ())} | {saying.said.event}
    back = _reach(rule) if rule is not None else 0
    keeps = _Keeps(frozenset(ids), (rule,) if rule is not None else ())
    begin = saying.when.wall_ms - back - SLACK_MS
    wanted = Wanted(frozenset((saying.said.rule,)), begin, saying.at.wall_ms + SLACK_MS, keeps)
    explaining = _explaining(opened, wanted)
    same = next((one for one in explaining.chronicle.sayings if _is(one, saying)), saying)
    return explaining.saying(same)


def _is(one: Saying, other: Saying) -> bool:
    return (one.sequence, one.said) == (other.sequence, other.said)


def _not_found(opened: Opened, wanted: str, incidents: Incidents) -> dict[str, object]:
    about, local = opened.about, opened.local
    near = incidents.nearest(wanted)
    lines = "\n".join(f"  {id_}  {local.full(stamp)}\n    {alert.title}" for id_, stamp, alert in near)
    text = NEAREST if near else NO_INCIDENT
    begin, end = (local.full(one) if one is not None else "-" for one in (about.first, about.last))
    shown = text.render(language(), {"lines": lines})
    return {"wanted": wanted, "post": opened.post, "begin": begin, "end": end, "near": shown}
