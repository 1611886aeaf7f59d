"""What one turn of the pipeline gathers before it touches the disk: entries to save, and what to say afterwards."""

from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Decision, Effect
from dispatcher.journal import Entry
from dispatcher.mqtt import Token
from dispatcher.post.rulebook import Edition


@dataclass(slots=True)
class Turn:
    """The first number that the journal will give, and all that goes with it.

    ``urgent`` says that somebody waits, so that what came along need not wait for a fuller batch. ``tokens``
    acknowledge the messages, ``submissions`` are for the rules, ``words`` for the precinct's rules, ``moved`` are
    presses that reached a stage.
    """

    now: Stamp
    first: int
    entries: list[Entry] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    submissions: list[tuple[int, tuple[Event, ...]]] = field(default_factory=list)
    moved: list[tuple[Stage, Stamp]] = field(default_factory=list)
    words: list[Event] = field(default_factory=list)
    reloaded: list[tuple[Edition, tuple[str, ...]]] = field(default_factory=list)  # with the rules that began anew
    presses: int = 0
    urgent: bool = False
    probed: bool = False

    @property
    def next_sequence(self) -> int:
        """Return the number that the next entry will get."""
        return self.first + len(self.entries)

    def add(self, entry: Entry) -> None:
        """Gather an entry."""
        self.entries.append(entry)

    def note(self, decision: Decision, *, urgent: bool) -> None:
        """Gather what a decision wants said. ``urgent`` counts only for one that changes something."""
        self.effects += decision.effects
        self.moved += decision.moved
        self.urgent = self.urgent or (urgent and bool(decision.changes))
