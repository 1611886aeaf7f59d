"""What a word of the site means: a role or a kind, for an input, a field or a whole device."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.devices.model import Effect, Verb
from dispatcher.domain.catalogue import is_device_kind
from dispatcher.domain.events import is_press
from dispatcher.domain.site import Device

CLEARS = {"door.open": "door.closed", "mains.lost": "mains.restored", "device.offline": "device.online"}
NORMALLY_CLOSED = "_nc"  # a normally closed contact says the opposite

_KIND_OF_ROLE = {
    "panic_button": "panic.press",
    "check_in": "check_in",
    "door": "door.open",
    "motion": "motion",
    "smoke": "smoke",
    "heat": "heat",
    "gas": "gas",
    "flood": "flood",
    "vibration": "vibration",
    "glass": "glass.break",
    "tamper": "tamper",
    "panel": "panel.alarm",
    "mains": "mains.lost",
}
# For these the word ON is the good news.
_INVERTED_ROLES = frozenset({"mains"})

_OF_VERB = {
    Verb.PRESS: Effect("panic.press"),
    Verb.HOLD: Effect("panic.hold"),
    Verb.DOUBLE: Effect("panic.double"),
    Verb.TRIPLE: Effect("panic.press", {"clicks": 3}),
    Verb.QUADRUPLE: Effect("panic.press", {"clicks": 4}),
    Verb.QUINTUPLE: Effect("panic.press", {"clicks": 5}),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind, the kind of its end, and whether the words for on and off are swapped."""

    kind: str
    clear: str | None = None
    inverted: bool = False

    @property
    def is_button(self) -> bool:
        """Return whether somebody does this with a finger."""
        return is_press(self.kind) or self.kind == "check_in"


def meaning(word: str) -> Meaning | None:
    """Return what a role or a kind means, or None where the word is neither (a siren tells nothing)."""
    inverted = word.endswith(NORMALLY_CLOSED)
    base = word.removesuffix(NORMALLY_CLOSED)
    kind = _KIND_OF_ROLE.get(base) or (base if is_device_kind(base) else None)
    if kind is None:
        return None
    return Meaning(kind, CLEARS.get(kind), inverted != (base in _INVERTED_ROLES))


def pressed(verb: Verb, kind: str) -> Effect | None:
    """Return what was done to a button that stands for ``kind``; a verb names the kind of an ordinary panic button."""
    if kind == "panic.press":
        return _OF_VERB[verb]
    if is_press(kind):
        return Effect(kind)
    return Effect(kind) if verb is Verb.PRESS else None


def words_of(device: Device | None, key: str) -> Mapping[str, str]:
    """Return a mapping of texts from a device's site line; anything else there is left out."""
    found = device.settings.get(key) if device is not None else None
    if not isinstance(found, Mapping):
        return {}
    return {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, str)}


def word_of(device: Device | None, key: str) -> str | None:
    """Return a text from a device's site line, or None."""
    found = device.settings.get(key) if device is not None else None
    return found if isinstance(found, str) else None


def number_of(values: Mapping[str, object], key: str) -> float | None:
    """Return a number from a mapping, or None."""
    found = values.get(key)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
