"""Keeping the demo's daemons alive: one that dies is told and started again; one that keeps dying ends the demo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dispatcher.demo.children import Child
from dispatcher.domain.faults import Text

READY_S = 45.0  # a cold laptop with a slow disk; a Raspberry Pi is ready in a few seconds
MAX_DEATHS = 3
WITHIN_S = 60.0
LAST_LINES = 12

NEVER_READY = -1
"""Reported in place of an exit code for a daemon that runs but does not become ready."""

Tell = Callable[[Text], None]


class Died(Exception):
    """A daemon that the demo cannot go on without. ``lines`` are the last that it printed."""

    def __init__(self, name: str, code: int, lines: list[str], log: str) -> None:
        super().__init__(f"{name} ended with {code}")
        self.name = name
        self.code = code
        self.lines = lines
        self.log = log


class Supervisor:
    """Watches children. Every step looks once and returns at once; times are seconds of a clock that never jumps."""

    def __init__(self, children: Sequence[Child], tell: Tell) -> None:
        self._children = children
        self._tell = tell
        self._deaths: dict[str, list[float]] = {child.plan.name: [] for child in children}
        self._waiting: dict[str, float] = {}

    def start(self, now_s: float) -> None:
        """Start all of them."""
        for child in self._children:
            child.start()
            self._waiting[child.plan.name] = now_s + READY_S

    def step(self, now_s: float) -> None:
        """Look once. Raises Died for a child that ended before it ever was ready, or ends too often."""
        for child in self._children:
            self._look(child, now_s)

    def all_ready(self) -> bool:
        """Return whether every child has said READY since its last start."""
        return all(child.ready() for child in self._children)

    def stop(self, timeout_s: float) -> None:
        """End them, in the order in which they were given."""
        for child in self._children:
            child.stop(timeout_s)

    def _look(self, child: Child, now_s: float) -> None:
        code = child.exit_code()
        if code is not None:
            self._died(child, code, now_s)
        elif child.plan.name in self._waiting:
            self._await(child, now_s)

    def _await(self, child: Child, now_s: float) -> None:
        if child.ready():
            del self._waiting[child.plan.name]
            if self._deaths[child.plan.name]:
                self._tell(Text(f"{child.plan.name} sudah hidup lagi.", f"{child.plan.name} is up again."))
        elif now_s >= self._waiting[child.plan.name]:
            raise self._verdict(child, NEVER_READY)

    def _died(self, child: Child, code: int, now_s: float) -> None:
        name = child.plan.name
        deaths = [when for when in self._deaths[name] if now_s - when < WITHIN_S] + [now_s]
        self._deaths[name] = deaths
        if not child.ready() or len(deaths) > MAX_DEATHS:
            raise self._verdict(child, code)
        how = _how(code)
        self._tell(Text(f"{name} berhenti ({how.id}); dijalankan lagi.", f"{name} ended ({how.en}); started again."))
        child.start()
        self._waiting[name] = now_s + READY_S

    def _verdict(self, child: Child, code: int) -> Died:
        return Died(child.plan.name, code, child.last_lines(LAST_LINES), str(child.plan.log))


def _how(code: int) -> Text:
    return Text(f"sinyal {-code}", f"signal {-code}") if code < 0 else Text(f"kode {code}", f"code {code}")
