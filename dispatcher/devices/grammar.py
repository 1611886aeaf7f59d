"""What a word says was done to which button."""

from dataclasses import dataclass

from dispatcher.devices.model import Grammar, Verb
from dispatcher.devices.patterns import Template


@dataclass(frozen=True, slots=True)
class Said:
    """A verb, and the button if the word names one."""

    verb: Verb
    button: str | None = None


def parse_word(grammar: Grammar, word: str, trigger: str | None = None) -> Said | None:
    """Return what a word says, or None for one that says nothing. Words match exactly.

    ``trigger`` is the site's choice where one press makes several messages: that word is the press, other presses are
    nothing.
    """
    said = _plain(grammar, word) or _with_button(grammar, word)
    if trigger is None:
        return said
    button = _button_beside(grammar, word, trigger)
    if word == trigger or button is not None:
        return Said(Verb.PRESS, button)
    return None if said is not None and said.verb is Verb.PRESS else said


def _plain(grammar: Grammar, word: str) -> Said | None:
    verb = grammar.words.get(word)
    return None if verb is None else Said(verb)


def _with_button(grammar: Grammar, word: str) -> Said | None:
    for template, verb in grammar.templates:
        button = template.match(word)
        if button and _is_button(grammar, button):
            return Said(verb, button)
    return None


def _button_beside(grammar: Grammar, word: str, trigger: str) -> str | None:
    for template in (Template("", "", f"_{trigger}", "button"), Template("", f"{trigger}_", "", "button")):
        button = template.match(word)
        if button and _is_button(grammar, button):
            return button
    return None


def _is_button(grammar: Grammar, name: str) -> bool:
    return name in grammar.buttons or (name.isascii() and name.isdigit())
