"""Words that are happenings: by the profile's table, by the site's line, or by a grammar in the mouth of a button."""

from collections.abc import Callable, Mapping

from dispatcher.devices.grammar import parse_word
from dispatcher.devices.meaning import meaning, pressed, word_of
from dispatcher.devices.model import Effect, Grammar, Words
from dispatcher.devices.ops import WordOp
from dispatcher.domain.events import Value
from dispatcher.domain.site import Device

Read = Callable[[str], Effect | None]


def word_op(words: Words, device: Device | None, overrides: dict[str, str]) -> WordOp:
    """Return the op of a field of words; takes its overrides (``action=on``) out of ``overrides``."""
    always = {**words.always, **_taken(words.path[-1].text, overrides)}
    read = reader(always, words.grammar, _button_kind(device), word_of(device, "trigger"))
    return WordOp(read, words.button_field)


def reader(
    always: Mapping[str, Effect],
    grammar: Grammar | None,
    kind: str | None,
    trigger: str | None = None,
    extra: Mapping[str, Value] | None = None,
) -> Read:
    """Return what turns a word into an effect. ``kind`` is what the button stands for; None: it is no button here."""

    def read(word: str) -> Effect | None:
        if word in always or grammar is None or kind is None:
            return always.get(word)
        said = parse_word(grammar, word, trigger)
        effect = pressed(said.verb, kind) if said is not None else None
        if effect is None or said is None:
            return None
        named = {"button": said.button} if said.button is not None else {}
        return Effect(effect.kind, {**(extra or {}), **named, **effect.attrs})

    return read


def _taken(field: str, overrides: dict[str, str]) -> dict[str, Effect]:
    taken: dict[str, Effect] = {}
    for name in [each for each in overrides if each.startswith(f"{field}=")]:
        meant = meaning(overrides.pop(name))
        if meant is not None:
            taken[name.partition("=")[2]] = Effect(meant.kind)
    return taken


def _button_kind(device: Device | None) -> str | None:
    meant = meaning(device.role) if device is not None else None
    return meant.kind if meant is not None and meant.is_button else None
