"""The Pi as the post's clock sees it: a monotonic clock for each boot, and a wall clock that may be years off."""

from collections.abc import Iterator
from contextlib import contextmanager

from dispatcher.domain.stamp import Stamp
from dispatcher.post import clock
from tests.simulation.world import World

START_WALL_MS = 1_796_000_000_000
YEAR_MS = 365 * 86_400_000


class Machine:
    """Boots, and the two clocks of each. The wall clock is right only while a time service says so."""

    def __init__(self, world: World, number: int = 0) -> None:
        self.world = world
        self.number = number
        self.boots = 0
        self.booted_ms = 0
        self.wall_offset_ms = START_WALL_MS
        self.synchronised = True
        self.reboot(clock_lost=False)

    def reboot(self, *, clock_lost: bool) -> None:
        """Start anew after a power cut. ``clock_lost``: no battery, so that the wall clock begins in the past."""
        self.boots += 1
        self.booted_ms = self.world.now
        if clock_lost:
            self.synchronised = False
            self.wall_offset_ms = START_WALL_MS - self.world.now - self.world.between(0, 3 * YEAR_MS)

    def heal(self) -> None:
        """Let a time service set the clock right."""
        self.wall_offset_ms = START_WALL_MS
        self.synchronised = True

    @property
    def boot(self) -> str:
        """Return the kernel's boot id."""
        return f"{self.number:016x}{self.boots:016x}"

    def mono_ns(self) -> int:
        """Return CLOCK_BOOTTIME in nanoseconds."""
        return (self.world.now - self.booted_ms + 20_000) * 1_000_000

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds, right or wrong."""
        return self.world.now + self.wall_offset_ms


class MachineClock:
    """The real clock of a post, reading its own machine."""

    def __init__(self, machine: Machine, trust: clock.Trust, last: clock.Last | None) -> None:
        self._machine = machine
        _here[0] = machine
        self._clock = clock.PostClock(trust, last)

    def stamp(self) -> Stamp:
        """Return now."""
        _here[0] = self._machine
        return self._clock.stamp()

    def last(self) -> clock.Last:
        """Return now as the next start will want to know it."""
        _here[0] = self._machine
        return self._clock.last()

    def downtime(self) -> dict[str, object]:
        """Return what a START record says of the absence before it."""
        return self._clock.downtime()


_here: list[Machine] = []  # whose clock is read


@contextmanager
def installed(machine: Machine) -> Iterator[None]:
    """Let posts' clocks read simulated machines: `dispatcher.post.clock` is the one place that asks the kernel."""
    _here[:] = [machine]
    names = ("boot_id", "boottime_ns", "_wall_ms", "kernel_synchronised")
    kept = {name: getattr(clock, name) for name in names}

    def here() -> Machine:
        return _here[0]

    clock.boot_id = lambda: here().boot
    clock.boottime_ns = lambda: here().mono_ns()
    clock._wall_ms = lambda: here().wall_ms()
    clock.kernel_synchronised = lambda: here().synchronised
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(clock, name, value)
