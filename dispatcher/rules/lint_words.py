"""Notes on words that are legal and that nothing ever says: a rule that waits for them is silent, and nobody knows why.

``confirmed: "true"`` compares with text, ``channel: wa`` with a word that no desk writes. Neither is a fault, since
attributes are open; each is a night without a word.
"""

from collections.abc import Iterator
from itertools import chain

from dispatcher.domain.catalogue import ATTRIBUTES, KINDS, Attribute, Sort
from dispatcher.domain.events import EVENT_FIELDS
from dispatcher.domain.faults import Fault, Text
from dispatcher.domain.meant import meant
from dispatcher.rules.language import FullRule, FullRuleSet, RunsAt, WatchIs
from dispatcher.rules.model import AllOf, AnyOf, Compare, Condition, Not, Operator
from dispatcher.rules.uses import both_of, clauses_of, kinds_of
from dispatcher.rules.where import is_slip

OTHER_TYPE = Text(
    "{field} {wanted}; {found} tidak pernah sama dengannya", "{field} is {wanted_en}; {found} never equals it"
)
OTHER_WORD = Text("{field} biasanya {words}, bukan {found}{meant}", "{field} is mostly {words}, not {found}{meant_en}")
WATCH = Text("siaga {found} tidak dikenal; maksud Anda {nearest}?", "unknown watch {found}; did you mean {nearest}?")
OPEN_BRACE = Text("kurung {brace} di message tidak ditutup", "a {brace} in the message is not closed")
AT_POST = Text(
    "aturan ini dinilai di pos dan tidak melihat laporan yang masuk di Polsek (WhatsApp, telepon); "
    "tambahkan runs_at: precinct",
    "this rule is judged at the posts and sees no report that comes in at the precinct (chat, phone); "
    "add runs_at: precinct",
)

_EQUAL = frozenset({Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN})
_SORTS = {
    Sort.BOOLEAN: ("true atau false", "true or false", bool),
    Sort.NUMBER: ("angka tanpa tanda kutip", "a number without quotes", int | float),
    Sort.INTEGER: ("angka tanpa tanda kutip", "a number without quotes", int | float),
    Sort.TEXT: ("teks", "text", str),
}


def lint_words(ruleset: FullRuleSet) -> Iterator[Fault]:
    """Yield notes on a rule set without faults."""
    watches = {kind.removeprefix("report.") for kind in KINDS if kind.startswith("report.")}
    for rule in ruleset.rules:
        if rule.enabled:
            yield from _of_conditions(rule)
            yield from _of_watches(rule, watches)
            yield from _of_place(rule)


def _note(rule: FullRule, code: str, text: Text, **values: object) -> Fault:
    return Fault(rule.place, f"lint-{code}", text, values)


# --- what events are compared with


def _of_conditions(rule: FullRule) -> Iterator[Fault]:
    clauses = chain.from_iterable(clauses_of(when) for when in both_of(rule))
    for one in chain.from_iterable(_comparisons(clause.where) for clause in clauses):
        attribute = ATTRIBUTES.get(one.field)
        if attribute is not None and one.field not in EVENT_FIELDS and one.operator in _EQUAL:
            for operand in one.operands:
                if isinstance(operand, str | bool | int | float):
                    yield from _of_operand(rule, attribute, operand)


def _comparisons(condition: Condition) -> Iterator[Compare]:
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _comparisons(part)
        case Not(part=part):
            yield from _comparisons(part)
        case Compare():
            yield condition


def _of_operand(rule: FullRule, attribute: Attribute, value: str | float) -> Iterator[Fault]:
    wanted, wanted_en, type_ = _SORTS[attribute.sort]
    fits = isinstance(value, type_) and (attribute.sort is Sort.BOOLEAN or not isinstance(value, bool))
    if not fits:
        yield _note(
            rule, "word", OTHER_TYPE, field=attribute.name, wanted=wanted, wanted_en=wanted_en, found=_shown(value)
        )
    elif attribute.words and value not in attribute.words:
        near = meant(str(value), attribute.words)
        hints = {"meant": f"; maksud Anda {near}?", "meant_en": f"; did you mean {near}?"} if near else {}
        yield _note(
            rule, "word", OTHER_WORD, field=attribute.name, words=", ".join(attribute.words), found=value,
            **{"meant": "", "meant_en": "", **hints},
        )  # fmt: skip


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


# --- watches, places


def _of_watches(rule: FullRule, known: set[str]) -> Iterator[Fault]:
    for one in rule.only_if:
        near = next((word for word in sorted(known) if isinstance(one, WatchIs) and is_slip(one.kind, word)), None)
        if isinstance(one, WatchIs) and near is not None:
            yield _note(rule, "word", WATCH, found=one.kind, nearest=near)


def _of_place(rule: FullRule) -> Iterator[Fault]:
    if rule.then.message.count("{") > rule.then.message.count("}"):
        yield _note(rule, "word", OPEN_BRACE, brace="{")
    kinds = list(kinds_of(rule.when))
    if rule.runs_at is RunsAt.POST and kinds and all(kind.startswith("report.") for kind in kinds):
        yield _note(rule, "word", AT_POST)
