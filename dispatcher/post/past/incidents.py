"""An incident as the journal has it: its revisions, when they were sent, and what the precinct answered."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Kind, Record
from dispatcher.post import records
from dispatcher.post.past.source import Past
from dispatcher.post.past.walk import PRECINCT_LANE
from dispatcher.wire import alert as alert_wire
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire.alert import Alert
from dispatcher.wire.fields import Malformed

MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that became of an incident: ``made``, ``sent``, or a stage of a receipt, for a revision."""

    at: Stamp
    stage: str
    rev: int
    by: str | None = None


@dataclass(slots=True)
class Story:
    """One incident. ``alerts`` are its revisions as they were made, oldest first."""

    id: str
    alerts: list[tuple[Stamp, Alert]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    @property
    def last(self) -> Alert:
        """Return the newest revision."""
        return self.alerts[-1][1]

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the rules that had a part in it, the one that opened it first."""
        return tuple(dict.fromkeys(name for _, one in self.alerts for name in (one.rule, *one.labels)))

    @property
    def events(self) -> tuple[str, ...]:
        """Return the ids of its events, in the order in which they were told."""
        return tuple(dict.fromkeys(entry.event for _, one in self.alerts for entry in one.evidence))


@dataclass(slots=True)
class Incidents:
    """Every incident of a past by id: when it was opened and its first revision, as bytes. ``story`` is the one asked
    for, if there is exactly one whose id is, or begins with, what was asked.
    """

    opened: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    story: Story | None = None

    def nearest(self, wanted: str) -> list[tuple[str, Stamp, Alert]]:
        """Return the incidents that may have been meant: of like ids, else the newest."""
        like = difflib.get_close_matches(wanted, list(self.opened), MAX_NAMED, 0.6)
        like = like or [id_ for id_ in self.opened if len(wanted) >= 4 and wanted in id_][:MAX_NAMED]
        found = []
        for id_ in like or list(self.opened)[: -MAX_NAMED - 1 : -1]:
            stamp, body = self.opened[id_]
            alert = alert_wire.decode(body.encode())
            if isinstance(alert, Alert):
                found.append((id_, stamp, alert))
        return found


def find_incident(past: Past, wanted: str, on_record: Callable[[Record], None] = lambda _: None) -> Incidents:
    """Return the incidents of a past, and the story of the one that is wanted. Raises OSError, FormatTooNew, NoPast."""
    found = Incidents()
    stories: dict[str, Story] = {}
    for record in past.records():
        on_record(record)
        try:
            _note(found, stories, record, wanted)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a record that says nothing we know: the others are told
    whole = stories.get(wanted)
    alone = next(iter(stories.values())) if len(stories) == 1 else None
    found.story = next((one for one in (whole, alone) if one is not None and one.alerts), None)
    return found


def _note(found: Incidents, stories: dict[str, Story], record: Record, wanted: str) -> None:
    if record.kind == Kind.REVISION:
        _revision(found, stories, record, wanted)
    elif record.kind == Kind.SENT:
        body = records.load(record.body)
        if body["i"] in stories:
            stories[body["i"]].turns.append(Turn(record.stamp, "sent", int(body["r"])))
    elif record.kind == Kind.MESSAGE and record.body.startswith(PRECINCT_LANE):
        _receipt(stories, record)


def _revision(found: Incidents, stories: dict[str, Story], record: Record, wanted: str) -> None:
    body = records.load(record.body)
    id_ = str(body["i"])
    found.opened.setdefault(id_, (record.stamp, str(body["b"])))
    if not id_.startswith(wanted):
        return
    story = stories.setdefault(id_, Story(id_))
    alert = alert_wire.decode(str(body["b"]).encode())
    if isinstance(alert, Alert):
        story.alerts.append((record.stamp, alert))
        story.turns.append(Turn(record.stamp, "made", alert.rev))


def _receipt(stories: dict[str, Story], record: Record) -> None:
    message = records.read_message(records.load(record.body), record.stamp)
    receipt = receipt_wire.decode(message.payload)
    if not isinstance(receipt, Malformed) and receipt.id in stories:
        turns = stories[receipt.id].turns
        turn = Turn(record.stamp, str(receipt.stage), receipt.rev, receipt.by)
        if not any((one.stage, one.rev, one.by) == (turn.stage, turn.rev, turn.by) for one in turns):
            turns.append(turn)
