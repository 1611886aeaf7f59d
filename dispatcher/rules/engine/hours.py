"""``schedule``: at a local time of day."""

from dataclasses import dataclass
from datetime import date

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.completion import Completion, Judge, Machine, Now
from dispatcher.rules.engine.rosters import LATE_MS, began
from dispatcher.rules.engine.state import MAX_DATES, MachineState
from dispatcher.rules.engine.verdict import Subject, timer_event
from dispatcher.rules.language import ScheduleForm

Groups = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Hourly(Machine):
    """``schedule``. It fires once for all ``groups``; with a ``subject`` of its own at a single post."""

    rule: str
    form: ScheduleForm
    calendar: Calendar
    groups: Groups
    subject: Subject
    late_ms: int = LATE_MS

    def begin(self, state: MachineState, now: Stamp) -> None:
        """Fire from now on."""
        state.anew = now.run_ms == state.edge
        state.began, state.began_wall = now.run_ms, now.wall_ms if now.trusted else None
        state.fresh = True

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Fire from now on: an hour that passed while the rule was off is over."""
        self.begin(state, now)

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Fire for each date whose hour has come, once."""
        if now.daily is None:
            return
        after, until = now.daily
        if state.fresh:
            came, state.fresh = began(state, now.stamp) - 1, False
            after = max(after, came) if came < until else after  # else the clock was stepped back since
        for day, instant in self.calendar.occurrences(self.form.at, after, until):
            if day in state.dates or not self._is_wanted(day):
                continue
            state.dates = [*state.dates[-(MAX_DATES - 1) :], day]
            late = now.stamp.wall_ms - instant >= self.late_ms
            event = timer_event(self.rule, "schedule", self.subject, instant, now.stamp)
            judge(Completion(event, self.groups, late=late, everywhere=self.subject.post is None))

    def _is_wanted(self, day: str) -> bool:
        return not self.form.days or date.fromisoformat(day).weekday() in self.form.days

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return when the hour comes next."""
        if not now.trusted:
            return None
        instant = self.calendar.next(self.form.at, now.wall_ms - 1, self.form.days)
        while self.calendar.occurrences(self.form.at, instant - 1, instant)[0][0] in state.dates:
            instant = self.calendar.next(self.form.at, instant, self.form.days)
        return now.run_ms + instant - now.wall_ms
