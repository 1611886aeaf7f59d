"""``when`` and its clauses. Which keys may stand beside which form is the parser's own table."""

from dispatcher.domain.schema import (
    Schema,
    described,
    either,
    given,
    has,
    mapping,
    never,
    one_of,
    pattern,
    ref,
    scalar,
    short,
    word,
)  # fmt: skip
from dispatcher.domain.site import ROLES
from dispatcher.rules.engine.state import MAX_COUNTED
from dispatcher.rules.glossary import AFTER, BESIDE, CLAUSE, FORMS, ROSTERS, SCHEDULE
from dispatcher.rules.parse_clause import (
    BAD_NAME,
    CLAUSE_KEYS,
    COUNT_KEYS,
    MAX_CLAUSES,
    MAX_KINDS,
    MAX_PLACES,
    STEP_KEYS,
)  # fmt: skip
from dispatcher.rules.parse_when import AFTER_KEYS, SCHEDULE_KEYS, TWICE_KELURAHAN, WHEN_KEYS, WINDOWED
from dispatcher.rules.parse_when import BESIDE as BESIDE_FORM
from dispatcher.rules.parse_when import FORMS as FORM_NAMES
from dispatcher.rules.schema.values import days, duration, explained, field_name, field_names, span, time_of_day
from dispatcher.rules.schema.where import NOT_KNOWN, Names


def kinds() -> Schema:
    """Return one kind or a list of them."""
    return {"anyOf": [ref("kind"), {"type": "array", "items": ref("kind"), "minItems": 1, "maxItems": MAX_KINDS}]}


def _clause_parts(where: str) -> dict[str, Schema]:
    name = pattern(r"[^. ]+", BAD_NAME)
    return {"event": kinds(), "where": ref(where), "as": name, "at_least": _whole(MAX_PLACES)}


def _whole(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _clause(where: str) -> Schema:
    return mapping(explained(CLAUSE_KEYS, CLAUSE, _clause_parts(where)), ["event"])


def _step() -> Schema:
    """Return a clause of a list: an event, or what voids the match."""
    parts = explained(STEP_KEYS, CLAUSE, _clause_parts("whereAcross"))
    unless = described(ref("clauseAcross"), CLAUSE["unless"])
    return mapping({**parts, "unless": unless}, **given("unless", {"maxProperties": 1}, {"required": ["event"]}))


def _steps() -> Schema:
    """Return the list of a ``sequence`` or an ``all``: it never begins with an ``unless``."""
    first: Schema = {"items": [{"properties": {"unless": False}}]}
    return {"type": "array", "items": ref("step"), "minItems": 1, "maxItems": MAX_CLAUSES, "allOf": [first]}


def _any() -> Schema:
    return {"type": "array", "items": ref("clause"), "minItems": 1, "maxItems": MAX_CLAUSES}


def _count() -> Schema:
    parts = {**_clause_parts("where"), "at_least": _whole(MAX_COUNTED), "distinct": field_name()}
    return mapping(explained(COUNT_KEYS, CLAUSE, parts), ["event", "at_least"])


def _state() -> Schema:
    return {"type": "object", "additionalProperties": scalar(), "minProperties": 1, "maxProperties": 1}


def _schedule() -> Schema:
    return mapping(explained(SCHEDULE_KEYS, SCHEDULE, {"at": time_of_day(), "days": days()}), ["at"])


def _after() -> Schema:
    parts = {
        **_clause_parts("where"),
        "sequence": ref("steps"),
        "count": ref("count"),
        "within": duration(),
    }
    several: Schema = {"required": ["within"], "properties": dict.fromkeys(("event", "where", "at_least"), False)}
    sequence: Schema = {**several, "properties": {**several["properties"], "as": False, "count": False}}
    return mapping(
        explained(AFTER_KEYS, AFTER, parts),
        allOf=[
            either(("event", "sequence", "count")),
            given("sequence", sequence),
            given("count", several),
        ],
    )


def roster(names: Names) -> Schema:
    """Return who is expected to be heard."""
    known = names.get("device or post")
    one: Schema = {"enum": sorted(known), "errorMessage": short(NOT_KNOWN)} if known else word()
    role = described({"enum": sorted(ROLES)}, ROSTERS["role"])
    return {
        "anyOf": [
            one_of({name: ROSTERS[name] for name in ("posts", "devices")}),
            mapping({"role": role}, ["role"]),
            {"type": "array", "items": one, "minItems": 1},
        ]
    }


def when(names: Names) -> Schema:
    """Return ``when``: every key that may be there, exactly one form, and beside it only what it uses."""
    forms: dict[str, Schema] = {
        "event": kinds(),
        "count": ref("count"),
        "all": ref("steps"),
        "any": _any(),
        "sequence": ref("steps"),
        "absent": ref("clauseAcross"),
        "state": _state(),
        "schedule": _schedule(),
    }
    beside: dict[str, Schema] = {
        "where": ref("where"),
        "within": duration(),
        "group_by": field_names(),
        "neighbours": {"enum": ["kelurahan"]},
        "reuse": {"type": "boolean"},
        "for": duration(),
        "between": span(),
        "after": ref("after"),
        "expect_from": roster(names),
    }
    parts = {**forms, **beside}
    order = {**FORMS, **BESIDE}
    conditions = [either(FORM_NAMES), *map(_only_beside, FORM_NAMES), *_absent(), _neighbours()]
    return mapping(explained(WHEN_KEYS, order, parts), allOf=conditions)


def _only_beside(form: str) -> Schema:
    needless = sorted(key for key in WHEN_KEYS if key not in FORM_NAMES and key not in BESIDE_FORM[form])
    then: Schema = {"properties": dict.fromkeys(needless, False)}
    return given(form, then | {"required": ["within"]} if form in WINDOWED else then)


def _neighbours() -> Schema:
    return given("neighbours", {"properties": {"group_by": never(has("kelurahan"), ["zone"], TWICE_KELURAHAN)}})


def _absent() -> list[Schema]:
    ways: Schema = {"required": ["absent"]}
    waiting: Schema = {"required": ["within"], "properties": {"expect_from": False, "within": duration(positive=True)}}
    rostered: Schema = {"required": ["expect_from"], "properties": {"within": False, "for": duration(positive=True)}}
    return [
        {"if": ways, "then": either(("for", "between", "after"))},
        {"if": {"required": ["absent", "after"]}, "then": waiting},
        {"if": {"required": ["absent"], "not": {"required": ["after"]}}, "then": rostered},
    ]


def definitions(names: Names) -> dict[str, Schema]:
    """Return what other schemas name."""
    return {
        "clause": _clause("where"),
        "clauseAcross": _clause("whereAcross"),
        "step": _step(),
        "steps": _steps(),
        "count": _count(),
        "after": _after(),
        "when": when(names),
    }
