"""What became of one message: the three answers of the normaliser."""

from dataclasses import dataclass

from dispatcher.devices.state import Change
from dispatcher.domain.events import Reading, Rejected


@dataclass(frozen=True, slots=True)
class Normalised:
    """A message that was understood, even where it says nothing that matters (no readings).

    ``changes`` are replacements in the kept state of the devices; the caller journals them with the readings and then
    applies them. ``redacted`` is the payload as it may be stored. ``heard`` are the site's devices that spoke here and
    now: a message that the broker kept from earlier, or one in which a gateway says that a device is away, is no word
    of the device.
    """

    readings: tuple[Reading, ...]
    changes: tuple[Change, ...]
    redacted: bytes
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownDevice:
    """A message that would be an event, were its device known to the site. ``boot`` and ``seq`` are both or neither."""

    device: str
    kind: str
    boot: int | None = None
    seq: int | None = None


Outcome = Normalised | UnknownDevice | Rejected
