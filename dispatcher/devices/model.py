"""Device profiles as frozen values, after parsing. What each part means is told where it is read (plan.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.devices.patterns import Path, Template, TopicPattern
from dispatcher.domain.events import Value
from dispatcher.domain.tree import Plain


class Retained(StrEnum):
    """What a message means that the broker kept from earlier."""

    IGNORE = "ignore"
    STATE = "state"  # remember the level, report nothing
    ACCEPT = "accept"  # as good as live: availability


class Shape(StrEnum):
    """What a payload looks like."""

    OBJECT = "object"
    WORD = "word"
    ANY = "any"
    NONE = "none"  # the topic says it all


class Verb(StrEnum):
    """What somebody did to a button."""

    PRESS = "press"
    HOLD = "hold"
    DOUBLE = "double"
    TRIPLE = "triple"
    QUADRUPLE = "quadruple"
    QUINTUPLE = "quintuple"


@dataclass(frozen=True, slots=True)
class Effect:
    """A kind of event with constant attributes."""

    kind: str
    attrs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """A field that says whether something is so. Fires on the edge to ``alarm``; ``clear`` is the kind of the way back.

    ``clear_first``: the way back is news even when nothing was known before (a device that comes online).
    """

    path: Path
    alarm: frozenset[str]
    normal: frozenset[str]
    effect: Effect
    clear: str | None = None
    clear_first: bool = False
    bit: int | None = None  # the field is a number, and this bit of it is the level ("1" or "0")
    models: frozenset[str] = frozenset()  # only these; empty: all


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a convention says what was done to a button: words, or templates with ``{button}``."""

    words: Mapping[str, Verb]
    templates: tuple[tuple[Template, Verb], ...] = ()
    buttons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """A field whose words are happenings: each fires. ``always`` needs no role; ``grammar`` speaks for a button."""

    path: Path
    always: Mapping[str, Effect]
    grammar: Grammar | None = None
    button_field: str | None = None  # the field beside it that numbers the button


@dataclass(frozen=True, slots=True)
class Battery:
    """How full a battery is, in ``unit``; below ``low_below`` is low. None: only where the site gives a limit."""

    path: Path
    unit: str
    low_below: float | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """An input whose meaning the site knows by its name (or, with ``by_role``, by the device's role)."""

    path: Path
    name: Template
    alarm: frozenset[str]
    normal: frozenset[str]
    grammar: Grammar | None = None
    by_role: bool = True
    each: bool = False  # a press is told by an event, not by a level that stays
    bit: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A radio code: it means what it was enrolled for, and nothing otherwise. ``prefix`` tells short codes apart."""

    path: Path
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Unless:
    """A field that says this is only a test."""

    path: Path
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Readings:
    """All that can be read in one document."""

    levels: tuple[Level, ...] = ()
    words: tuple[Words, ...] = ()
    battery: tuple[Battery, ...] = ()
    inputs: tuple[Input, ...] = ()
    codes: tuple[Code, ...] = ()
    unless: tuple[Unless, ...] = ()
    alive: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Where in a message a document stands, and whose it is: the captured ``device``, a field, or the topic's."""

    readings: Readings
    at: Path = ()
    device_field: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One sort of message. ``wrap`` names the key under which the payload is put; ``device`` is a fixed name."""

    topics: tuple[TopicPattern, ...]
    shape: Shape
    retained: Retained
    parts: tuple[Part, ...]
    wrap: Template | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One message of a command: a topic and a payload with ``{places}``, as text or as JSON."""

    topic: str
    text: str | None = None
    json: Plain = None


@dataclass(frozen=True, slots=True)
class Command:
    """How one command is said: tried in order, the first whose conditions hold."""

    names: frozenset[str]
    send: tuple[Send, ...]
    models: frozenset[str] = frozenset()
    unknown_model: bool = False
    needs: tuple[str, ...] = ()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    defaults: Mapping[str, Value] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    maps: Mapping[str, Mapping[str, Mapping[str, Plain]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """One convention."""

    name: str
    trust: str = "authenticated"
    subscribe: tuple[str, ...] = ()
    press_topics: tuple[Template, ...] = ()
    redact: frozenset[str] = frozenset()
    messages: tuple[Message, ...] = ()
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles that a post may use, by name. Our own convention is built in and stands in none."""

    by_name: Mapping[str, Profile] = field(default_factory=dict)
