"""What a word says was done to which button."""

from dataclasses import dataclass

from dispatcher.devices.model import Grammar, Verb


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
    if word == trigger or _stripped(word, said) == trigger:
        return Said(Verb.PRESS, said.button if said is not None else None)
    return None if said is not None and said.verb is Verb.PRESS else said


def _plain(grammar: Grammar, word: str) -> Said | None:
    verb = grammar.words.get(word)
    return None if verb is None else Said(verb)


def _with_button(grammar: Grammar, word: str) -> Said | None:
    for template, verb in grammar.templates:
        button = template.match(word)
        if button and (button in grammar.buttons or (button.isascii() and button.isdigit())):
            return Said(verb, button)
    return None


def _stripped(word: str, said: Said | None) -> str:
    if said is None or said.button is None:
        return word
    return word.removeprefix(f"{said.button}_").removesuffix(f"_{said.button}")
