"""Profiles from YAML trees: what may be written, and where it goes. Every fault is named, none is guessed at."""

from collections.abc import Iterable, Mapping, Sequence

from dispatcher.devices.model import (
    Battery,
    Code,
    Effect,
    Grammar,
    Input,
    Level,
    Message,
    Part,
    Profile,
    Profiles,
    Readings,
    Retained,
    Shape,
    Unless,
    Verb,
    Words,
)
from dispatcher.devices.parse_commands import COMMAND_KEYS, command
from dispatcher.devices.patterns import Template, path, template, topic_pattern
from dispatcher.devices.reading import Block, Faults
from dispatcher.domain.catalogue import KINDS, is_device_kind
from dispatcher.domain.faults import Fault
from dispatcher.domain.tree import Leaf, Node

PROFILE_KEYS = (
    "profile", "name", "notes", "trust", "subscribe", "press_topics", "redact",
    "grammars", "readings", "messages", "commands",
)  # fmt: skip
READINGS_KEYS = ("levels", "words", "battery", "inputs", "codes", "unless", "alive")
LEVEL_KEYS = ("field", "alarm", "normal", "kind", "attrs", "clear", "clear_first", "bit", "models")
WORDS_KEYS = ("field", "kinds", "grammar", "button_field")
BATTERY_KEYS = ("field", "unit", "low_below")
INPUT_KEYS = ("field", "name", "alarm", "normal", "grammar", "by_role", "each", "bit")
CODE_KEYS = ("field", "prefix")
UNLESS_KEYS = ("field", "is")
MESSAGE_KEYS = ("topics", "payload", "wrap", "device", "retained", "use", "parts", "ignore")
PART_KEYS = ("at", "device_field", "use")
GRAMMAR_KEYS = (*(verb.value for verb in Verb), "buttons")
TRUSTS = ("authenticated", "replayable", "unknown")
UNITS = ("percent", "V", "mV", "byte")

Named = Mapping[str, Readings]


def parse_profiles(nodes: Sequence[Node]) -> tuple[Profiles, tuple[Fault, ...]]:
    """Return the profiles of some files, and every fault in them. A profile with a fault is left out."""
    by_name: dict[str, Profile] = {}
    found: list[Fault] = []
    for node in nodes:
        faults = Faults()
        parsed = _profile(node, faults)
        if parsed.name in by_name:
            faults.unknown(node.place, "profile", f"{parsed.name} (2x)", ())
        if not faults.found:
            by_name[parsed.name] = parsed
        found.extend(faults.found)
    return Profiles(by_name), tuple(found)


def _profile(node: Node, faults: Faults) -> Profile:
    block = Block(node, PROFILE_KEYS, faults)
    block.need("profile")
    grammars = {name: _grammar(Block(each, GRAMMAR_KEYS, faults)) for name, _, each in block.entries("grammars")}
    named = {
        name: _readings(Block(each, READINGS_KEYS, faults), grammars) for name, _, each in block.entries("readings")
    }
    return Profile(
        name=block.text("profile"),
        trust=block.choice("trust", TRUSTS, TRUSTS[0]),
        subscribe=block.words("subscribe"),
        press_topics=block.patterns("press_topics", template),
        redact=frozenset(block.words("redact")),
        messages=tuple(_message(Block(each, MESSAGE_KEYS, faults), named) for each in block.items("messages")),
        commands=tuple(command(Block(each, COMMAND_KEYS, faults)) for each in block.items("commands")),
    )


def _grammar(block: Block) -> Grammar:
    words: dict[str, Verb] = {}
    templates: list[tuple[Template, Verb]] = []
    for verb in Verb:
        for each in block.patterns(verb.value, template):
            if each.capture is None:
                words[each.text] = verb
            else:
                templates.append((each, verb))
    return Grammar(words, tuple(templates), frozenset(block.words("buttons")))


def _readings(block: Block, grammars: Mapping[str, Grammar]) -> Readings:
    def blocks(key: str, keys: Sequence[str]) -> list[Block]:
        return [Block(node, keys, block.faults) for node in block.items(key)]

    return Readings(
        levels=tuple(level for each in blocks("levels", LEVEL_KEYS) for level in _levels(each)),
        words=tuple(found for each in blocks("words", WORDS_KEYS) for found in _words(each, grammars)),
        battery=tuple(found for each in blocks("battery", BATTERY_KEYS) for found in _battery(each)),
        inputs=tuple(found for each in blocks("inputs", INPUT_KEYS) for found in _inputs(each, grammars)),
        codes=tuple(found for each in blocks("codes", CODE_KEYS) for found in _codes(each)),
        unless=tuple(found for each in blocks("unless", UNLESS_KEYS) for found in _unless(each)),
        alive=block.flag("alive"),
    )


def _kind(block: Block, key: str) -> str:
    node = block.need(key)
    return _known_kind(node, block.faults) if node is not None else ""


def _known_kind(node: Node, faults: Faults) -> str:
    if not isinstance(node, Leaf) or not isinstance(node.value, str):
        faults.wrong(node.place, "kind", "text")
        return ""
    if not is_device_kind(node.value):
        faults.unknown(node.place, "kind", node.value, KINDS)
    return node.value


def _levels(block: Block) -> Iterable[Level]:
    block.need("field")
    alarm = frozenset(block.words("alarm", ["1"] if block.integer("bit") is not None else ["true"]))
    opposite = {"true": ["false"], "false": ["true"], "1": ["0"], "ON": ["OFF"]}
    default = [each for word in alarm for each in opposite.get(word, [])]
    clear = _kind(block, "clear") if block.get("clear") is not None else None
    for each in block.patterns("field", path):
        yield Level(
            path=each,
            alarm=alarm,
            normal=frozenset(block.words("normal", default)),
            effect=Effect(_kind(block, "kind"), block.values("attrs")),
            clear=clear,
            clear_first=block.flag("clear_first"),
            bit=block.integer("bit"),
            models=frozenset(block.words("models")),
        )


def _words(block: Block, grammars: Mapping[str, Grammar]) -> Iterable[Words]:
    block.need("field")
    always = {word: _effect(node, block.faults) for word, _, node in block.entries("kinds")}
    grammar = _named(block, "grammar", grammars)
    button_field = block.text("button_field") or None
    return [Words(each, always, grammar, button_field) for each in block.patterns("field", path)]


def _effect(node: Node, faults: Faults) -> Effect:
    if isinstance(node, Leaf):
        return Effect(_known_kind(node, faults))
    block = Block(node, ("kind", "attrs"), faults)
    return Effect(_kind(block, "kind"), block.values("attrs"))


def _battery(block: Block) -> Iterable[Battery]:
    block.need("field")
    unit = block.choice("unit", UNITS, UNITS[0])
    return [Battery(each, unit, block.number("low_below")) for each in block.patterns("field", path)]


def _inputs(block: Block, grammars: Mapping[str, Grammar]) -> Iterable[Input]:
    block.need("field")
    names = block.patterns("name", template)
    for each in block.patterns("field", path):
        yield Input(
            path=each,
            name=names[0] if names else each[0],
            alarm=frozenset(block.words("alarm", ("ON", "true", "1"))),
            normal=frozenset(block.words("normal", ("OFF", "false", "0"))),
            grammar=_named(block, "grammar", grammars),
            by_role=block.flag("by_role", default=True),
            each=block.flag("each"),
            bit=block.integer("bit"),
        )


def _codes(block: Block) -> Iterable[Code]:
    block.need("field")
    return [Code(each, block.text("prefix")) for each in block.patterns("field", path)]


def _unless(block: Block) -> Iterable[Unless]:
    block.need("field")
    return [Unless(each, frozenset(block.words("is", ("true",)))) for each in block.patterns("field", path)]


def _named(block: Block, key: str, grammars: Mapping[str, Grammar]) -> Grammar | None:
    name = block.text(key)
    if name and name not in grammars:
        block.faults.unknown(block.place, key, name, grammars)
    return grammars.get(name)


def _message(block: Block, named: Named) -> Message:
    block.need("topics")
    wraps = block.patterns("wrap", template)
    parts = [_part(Block(node, PART_KEYS, block.faults), named) for node in block.items("parts")]
    if not parts and not block.flag("ignore"):
        block.need("use")
        parts = [Part(_use(block, named))]
    return Message(
        topics=block.patterns("topics", topic_pattern),
        shape=Shape(block.choice("payload", [shape.value for shape in Shape], Shape.ANY)),
        retained=Retained(block.choice("retained", [each.value for each in Retained], Retained.STATE)),
        parts=tuple(parts),
        wrap=wraps[0] if wraps else None,
        device=block.text("device") or None,
    )


def _part(block: Block, named: Named) -> Part:
    paths = block.patterns("at", path)
    block.need("use")
    return Part(_use(block, named), paths[0] if paths else (), block.text("device_field") or None)


def _use(block: Block, named: Named) -> Readings:
    name = block.text("use")
    if name and name not in named:
        block.faults.unknown(block.place, "use", name, named)
    return named.get(name, Readings())
