"""From what was seen in a message to what is news: edges against the kept state, and the window for repetitions.

A level is kept as ``TOLD`` (alarmed, and reported) or ``UNTOLD`` (alarmed when the broker replayed it, which is no
news; the first live word of it still is). A way back is only kept where it is news by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dispatcher.devices.model import Effect
from dispatcher.devices.ops import LevelOp, Pulse, Seen, Sheet
from dispatcher.devices.state import TIME, Change, DeviceStates, Kept
from dispatcher.domain.events import Reading

MAX_SEEN = 64  # of one document: a message of 64 KB could otherwise name thousands of inputs
WINDOW_MS = 2000  # of running time: a repetition of one press, not a second one

TOLD, UNTOLD, NORMAL = 1, 2, 0


@dataclass(slots=True)
class Judge:
    """Judges the sheets of one message; collects readings and changes."""

    state: DeviceStates
    now_ms: int
    trust: str
    readings: list[Reading]
    changes: list[Change]
    spoke: dict[str, None] = field(default_factory=dict)  # in order

    def live(self, device: str, sheet: Sheet) -> None:
        """Judge what a device says now. A test is no news, and leaves no trace."""
        if not any(seen.alarmed and seen.op.effect.kind == "device.offline" for seen in sheet.levels):
            self.spoke[device] = None  # else it is a gateway, or a broker, that says the device is away
        if sheet.tested:
            sheet = Sheet(levels=[seen for seen in sheet.levels if seen.op.effect.kind == "battery.low"])
        for seen in merged(sheet.levels[:MAX_SEEN]):
            self._level(device, seen)
        for pulse in sheet.pulses[:MAX_SEEN]:
            self._pulse(device, pulse)

    def replayed(self, device: str, sheet: Sheet) -> None:
        """Remember the levels of a message that the broker kept from earlier; report nothing."""
        if sheet.tested:
            return
        for seen in merged(sheet.levels[:MAX_SEEN]):
            kept = self.state.get(device, seen.op.slot)
            if seen.op.effect.kind == "battery.low":
                continue
            if seen.alarmed and kept != TOLD:
                self._keep(device, seen.op.slot, kept, UNTOLD)
            elif not seen.alarmed and kept is not None:
                self._keep(device, seen.op.slot, kept, _resting(seen.op))

    def alive(self, device: str) -> None:
        """Report a sign of life."""
        self.readings.append(Reading("heartbeat", device, trust=self.trust))

    def _level(self, device: str, seen: Seen) -> None:
        op = seen.op
        kept = self.state.get(device, op.slot)
        if seen.alarmed:
            self._keep(device, op.slot, kept, TOLD)
            if kept != TOLD or op.each:
                self._fire(device, seen.effect or op.effect, windowed=op.clear is None)
        elif kept is None:
            if op.clear_first and op.clear is not None:
                self._keep(device, op.slot, kept, NORMAL)
                self._fire(device, Effect(op.clear, op.effect.attrs), windowed=False)
        elif kept != NORMAL:
            self._keep(device, op.slot, kept, _resting(op))
            if op.clear is not None:
                self._fire(device, Effect(op.clear, op.effect.attrs), windowed=False)

    def _pulse(self, device: str, pulse: Pulse) -> None:
        kind, named = pulse.effect.kind, pulse.device or device
        if kind == "door.closed":  # of a radio contact: news only after it was open
            kept = self.state.get(named, "door.open")
            if kept is not None:
                self._keep(named, "door.open", kept, None)
                self._fire(named, pulse.effect, windowed=False, trust=pulse.trust)
            return
        if kind == "door.open":
            self._keep(named, "door.open", self.state.get(named, "door.open"), TOLD)
        self._fire(named, pulse.effect, windowed=True, trust=pulse.trust)

    def _fire(self, device: str, effect: Effect, windowed: bool, trust: str | None = None) -> None:
        kind, attrs = effect.kind, effect.attrs
        if windowed:
            which = attrs.get("button") or attrs.get("input") or attrs.get("agent") or ""
            slot = f"{TIME}{kind}/{which}"
            last = self._last(device, slot)
            if isinstance(last, int) and 0 <= self.now_ms - last < WINDOW_MS:
                return
            self.changes.append(Change(device, slot, self.now_ms))
        self.readings.append(Reading(kind, device, attrs, trust=trust or self.trust))

    def _last(self, device: str, slot: str) -> Kept | None:
        # This very message may have fired it already (a level and a word that say the same).
        for change in self.changes:
            if change.slot == slot and change.device == device:
                return change.value
        return self.state.get(device, slot)

    def _keep(self, device: str, slot: str, kept: Kept | None, value: Kept | None) -> None:
        if kept != value:
            self.changes.append(Change(device, slot, value))


def merged(levels: list[Seen]) -> Iterable[Seen]:
    """Return one sight for each level: it is alarmed if one of its fields says so."""
    if len(levels) < 2:
        return levels
    by_slot: dict[str, Seen] = {}
    for seen in levels:
        before = by_slot.get(seen.op.slot)
        if before is None or _says_more(seen, before):
            by_slot[seen.op.slot] = seen
    return by_slot.values()


def _says_more(seen: Seen, before: Seen) -> bool:
    if seen.alarmed != before.alarmed:
        return seen.alarmed
    return seen.effect is not None


def _resting(op: LevelOp) -> Kept | None:
    return NORMAL if op.clear_first else None
