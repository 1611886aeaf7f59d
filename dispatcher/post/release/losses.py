"""What a rule would forget if it began anew: counted in things that a technician knows."""

from dataclasses import dataclass, fields

from dispatcher.rules.engine.state import MachineState, RuleState, Window
from dispatcher.rules.language import FullRule


@dataclass(frozen=True, slots=True)
class Loss:
    """Events in windows, running waits, entries whose silence is timed, open conditions, and running throttles."""

    events: int = 0
    waits: int = 0
    silences: int = 0
    conditions: int = 0
    throttles: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))


NOTHING = Loss()


def loss_of(own: RuleState | None, rule: FullRule | None, run_ms: int) -> Loss:
    """Return what a rule remembers at ``run_ms`` of running time."""
    if own is None:
        return NOTHING
    return Loss(
        events=_events(own.when) + _events(own.clear),
        waits=sum(len(waits) for waits in own.when.waits.values()),
        silences=len(own.when.entries) + len(own.when.pending),
        conditions=len(own.conditions),
        throttles=_throttles(own, rule, run_ms),
    )


def _events(machine: MachineState) -> int:
    return sum(map(_in_window, machine.windows.values()))


def _in_window(window: Window) -> int:
    """Return how many events wait in a window, or values that were counted; what only proves them is not counted."""
    counted = sum(tally.size for tally in window.tallies.values())
    numbers = {item.n for items in (window.items, *window.kept.values()) for item in items}
    numbers |= {chain.n for chains in window.chains for chain in chains.values()}
    return max(counted, len(numbers))  # the same events, held in more than one way


def _throttles(own: RuleState, rule: FullRule | None, run_ms: int) -> int:
    within = rule.throttle.once_within_ms if rule is not None and rule.throttle is not None else 0
    return sum(run_ms - start < within for start in own.throttles.values())
