"""What is remembered of each device between two messages: alarm levels, latches, and when it last fired.

State changes only through ``apply`` with changes that were journaled, so that replay builds the same state. It is
bounded: the device that changed longest ago makes room, in the same order on every replay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dispatcher.domain.tree import Plain

Kept = str | int | float | bool

MAX_DEVICES = 8192
MAX_SLOTS = 64  # per device: a panel of 32 inputs with a level and a time each
MAX_KEPT_TEXT = 128
TIME = "!"  # begins a slot that holds when something was fired last


@dataclass(frozen=True, slots=True)
class Change:
    """One slot of one device gets a new value; None forgets it."""

    device: str
    slot: str
    value: Kept | None

    def to_plain(self) -> list[Plain]:
        """Return the change as it stands in the journal."""
        return [self.device, self.slot, self.value]

    @classmethod
    def from_plain(cls, plain: object) -> "Change":
        """Read a change from the journal. Raises ValueError for anything else."""
        if not isinstance(plain, list) or len(plain) != 3:
            raise ValueError("a change is [device, slot, value]")
        device, slot, value = plain
        if not isinstance(device, str) or not isinstance(slot, str) or not (value is None or _is_kept(value)):
            raise ValueError("a change is [text, text, scalar]")
        return cls(device, slot, value)


class DeviceStates:
    """The kept state of all devices of a post."""

    __slots__ = ("_devices",)

    def __init__(self) -> None:
        self._devices: dict[str, dict[str, Kept]] = {}

    def get(self, device: str, slot: str) -> Kept | None:
        """Return what is kept in one slot of one device, or None."""
        slots = self._devices.get(device)
        return None if slots is None else slots.get(slot)

    def apply(self, changes: Iterable[Change]) -> None:
        """Put journaled changes in force, oldest first."""
        for change in changes:
            slots = self._devices.pop(change.device, None)
            slots = {} if slots is None else slots
            _put(slots, change.slot, change.value)
            if slots:
                self._devices[change.device] = slots  # at the end: dicts keep order, the first one changed longest ago
        while len(self._devices) > MAX_DEVICES:
            del self._devices[next(iter(self._devices))]

    def forget_times(self) -> None:
        """Forget when each device last fired: time has passed since that nobody can measure."""
        for device, slots in list(self._devices.items()):
            kept = {slot: value for slot, value in slots.items() if not slot.startswith(TIME)}
            if kept:
                self._devices[device] = kept
            else:
                del self._devices[device]

    def to_plain(self) -> list[Plain]:
        """Return the state for a checkpoint: ``[[device, {slot: value}], ...]``, longest unchanged first."""
        return [[device, dict(slots)] for device, slots in self._devices.items()]

    @classmethod
    def from_plain(cls, plain: object) -> "DeviceStates":
        """Read a checkpoint. Raises ValueError when it is not one."""
        if not isinstance(plain, list) or len(plain) > MAX_DEVICES:
            raise ValueError("device states are a list")
        states = cls()
        for entry in plain:
            device, slots = _entry(entry)
            states._devices[device] = slots
        return states


def _put(slots: dict[str, Kept], slot: str, value: Kept | None) -> None:
    slots.pop(slot, None)
    if value is None:
        return
    slots[slot] = value
    if len(slots) > MAX_SLOTS:
        del slots[next(iter(slots))]


def _is_kept(value: object) -> bool:
    return isinstance(value, str | int | float)


def _entry(entry: object) -> tuple[str, dict[str, Kept]]:
    if not isinstance(entry, Sequence) or len(entry) != 2 or not isinstance(entry[0], str):
        raise ValueError("an entry is [device, slots]")
    slots = entry[1]
    if not isinstance(slots, dict) or not all(isinstance(key, str) and _is_kept(kept) for key, kept in slots.items()):
        raise ValueError("slots are a mapping of scalars")
    return entry[0], dict(slots)
