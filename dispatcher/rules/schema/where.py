"""``where``: conditions on one event, and on one beside an earlier one."""

from collections.abc import Mapping

from dispatcher.domain.catalogue import ATTRIBUTES
from dispatcher.domain.events import EVENT_FIELDS, MAX_COUNTER
from dispatcher.domain.faults import Text
from dispatcher.domain.schema import SCALAR, Schema, described, pattern, ref, short, word
from dispatcher.rules.glossary import FIELDS, NESTING, OPERATORS
from dispatcher.rules.language import Relation
from dispatcher.rules.model import Operator
from dispatcher.rules.schema.values import field_name, no_slip
from dispatcher.rules.where import MAX_LIST, MAX_TEXT, UNKNOWN_ALIAS, UNKNOWN_OPERATOR

Names = Mapping[str, frozenset[str]]

_WITHIN = {"maxLength": MAX_TEXT, "minimum": -MAX_COUNTER, "maximum": MAX_COUNTER}
_LIST = {"minItems": 1, "maxItems": MAX_LIST}
_NAMING = ("is", "is_not", "in", "not_in")
NOT_KNOWN = Text("nama ini tidak dikenal", "this name is not known")
AN_ALIAS = Text("tulis nama.isian, misalnya first.zone", "write name.field, as in first.zone")


def operand() -> Schema:
    """Return a value, or another field of the same event."""
    field = described(field_name(), OPERATORS["field"])
    return {
        "type": [*SCALAR, "object"],
        **_WITHIN,
        "properties": {"field": field},
        "additionalProperties": False,
        "required": ["field"],
    }


def _only(*sorts: str) -> Schema:
    return {**operand(), "type": [*sorts, "object"]}


def _comparisons() -> dict[str, Schema]:
    many: Schema = {"type": "array", "items": ref("operand"), **_LIST}
    number, text = _only("number"), _only("string")
    pair: Schema = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    each: dict[str, Schema] = {
        **dict.fromkeys(("is", "is_not"), ref("operand")),
        **dict.fromkeys(("in", "not_in"), many),
        **dict.fromkeys(("above", "below", "at_least", "at_most"), number),
        **dict.fromkeys(("contains", "starts_with", "matches"), text),
        "between": pair,
        "exists": {"type": "boolean"},
    }
    return {operator: described(each[operator], OPERATORS[operator]) for operator in map(str, Operator)}


def _crossings() -> dict[str, Schema]:
    other = pattern(r"[^. ]+\.[\s\S]+", AN_ALIAS)
    difference: Schema = {"type": "number", "minimum": -MAX_COUNTER, "maximum": MAX_COUNTER}
    each: dict[str, Schema] = {
        **dict.fromkeys((Relation.SAME_AS, Relation.NOT_SAME_AS), other),
        **dict.fromkeys((Relation.RISES_BY, Relation.FALLS_BY), difference),
    }
    found = {str(name): described(each[name], OPERATORS[name]) for name in Relation}
    return {**found, "since": described(word() | {"errorMessage": short(UNKNOWN_ALIAS)}, OPERATORS["since"])}


def comparison(*, crossing: bool) -> Schema:
    """Return what may stand behind a field: a value, a list of them, or comparisons."""
    field = described(field_name(), OPERATORS["field"])
    properties = {**_comparisons(), **(_crossings() if crossing else {}), "field": field}
    needs = {"rises_by": ["since"], "falls_by": ["since"]} if crossing else {}
    alone: Schema = {"if": {"type": "object", "required": ["field"]}, "then": {"maxProperties": 1}}
    since: Schema = {
        "if": {"type": "object", "required": ["since"]},
        "then": {"anyOf": [{"required": ["rises_by"]}, {"required": ["falls_by"]}]},
    }
    return {
        "type": [*SCALAR, "array", "object"],
        **_WITHIN,
        **_LIST,
        "items": ref("operand"),
        "properties": properties,
        "additionalProperties": False,
        "dependencies": needs,
        "allOf": [alone, since] if crossing else [alone],
        "errorMessage": short(
            Text(UNKNOWN_OPERATOR.id.replace(" {key}", ""), UNKNOWN_OPERATOR.en.replace(" {key}", ""))
        ),
    }


def where(names: Names, *, crossing: bool) -> Schema:
    """Return conditions by field. ``names`` are the only values that some fields can have."""
    own = "comparisonAcross" if crossing else "comparison"
    fields = {field: described(_named(own, names.get(field)), FIELDS[field]) for field in sorted(EVENT_FIELDS)}
    more = {name: _attribute(own, name) for name in ATTRIBUTES if name not in fields}
    itself = ref("whereAcross" if crossing else "where")
    several: Schema = {"type": "array", "items": itself, "minItems": 1}
    nested = {"any_of": several, "all_of": several, "not": itself}
    return {
        "type": "object",
        "properties": {**fields, **more, **{key: described(nested[key], NESTING[key]) for key in NESTING}},
        "additionalProperties": ref(own),
        "propertyNames": no_slip(),
    }


def _attribute(own: str, name: str) -> Schema:
    attribute = ATTRIBUTES[name]
    unit = f" ({attribute.unit})" if attribute.unit else ""
    return described(ref(own), Text(attribute.title.id + unit, attribute.title.en + unit))


def _named(own: str, known: frozenset[str] | None) -> Schema:
    """Return a comparison of a field whose values are known: a text must be one of them."""
    if known is None:
        return ref(own)
    name: Schema = {"enum": sorted(known), "errorMessage": short(NOT_KNOWN)}
    texts: Schema = {"if": {"type": "string"}, "then": name}
    listed: Schema = {"items": texts}
    behind: Schema = {"properties": {key: {"allOf": [texts], **listed} for key in _NAMING}}
    either: Schema = {"anyOf": [name, {"type": ["array", "object", "number", "boolean"]}]}
    return {"allOf": [ref(own), either, listed, behind]}


def definitions(names: Names) -> dict[str, Schema]:
    """Return what other schemas name."""
    return {
        "operand": operand(),
        "comparison": comparison(crossing=False),
        "comparisonAcross": comparison(crossing=True),
        "where": where(names, crossing=False),
        "whereAcross": where(names, crossing=True),
    }
