"""The rule file of a draft."""

from typing import Any

from dispatcher.cli.newrule.model import Draft, Form
from dispatcher.cli.newrule.yamltext import flow, scalar
from dispatcher.domain.faults import Language, Text

HEAD = Text(
    "# Dari `kentongan rule new`. Ubah, lalu: kentongan check; kentongan test",
    "# From `kentongan rule new`. Edit, then: kentongan check; kentongan test",
)


def rule_text(draft: Draft, language: Language, schema: str | None = None) -> str:
    """Return the file. ``schema`` is where editors find what it may say, from the file itself."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [
        HEAD.render(language, {}),
        "version: 1",
        "rules:",
        f"- id: {scalar(draft.id)}",
        f"  name: {scalar(draft.name)}",
    ]
    lines += ["  runs_at: precinct"] if draft.at_precinct else []
    lines.append(f"  when: {flow(_when(draft))}")
    if draft.hours is not None:
        lines.append(f"  only_if: {flow([{'between': list(draft.hours)}])}")
    lines += ["  then:", *(f"    {key}: {flow(value)}" for key, value in _then(draft).items())]
    if draft.once_within:
        lines.append(f"  throttle: {flow({'once_within': draft.once_within, **_grouped(draft)})}")
    return "\n".join(lines) + "\n"


def _when(draft: Draft) -> dict[str, Any]:
    clause = {"event": draft.kind, **_where(draft)}
    match draft.form:
        case Form.EACH:
            return clause
        case Form.COUNT:
            count = {**clause, "at_least": draft.times}
            return {"count": count, "within": draft.within, **_grouped(draft)}
        case Form.THEN:
            second = {"event": draft.then_kind, **({"where": {"zone": draft.zone}} if draft.zone else {})}
            return {"sequence": [clause, second], "within": draft.within, **_grouped(draft)}
        case Form.SILENT:
            roster: object = "posts" if draft.roster == "posts" else {"role": draft.roster}
            return {"absent": {"event": draft.kind}, "for": draft.within, "expect_from": roster}


def _where(draft: Draft) -> dict[str, Any]:
    limit = {"above": draft.above} if draft.above is not None else {}
    limit |= {"below": draft.below} if draft.below is not None else {}
    found = {**({"zone": draft.zone} if draft.zone else {}), **({"value": limit} if limit else {})}
    return {"where": found} if found else {}


def _grouped(draft: Draft) -> dict[str, Any]:
    """Return the group: at a post each post stands for itself anyway, a silence for each that is silent."""
    alone = draft.form is Form.SILENT or (draft.per == "post" and not draft.at_precinct)
    return {} if alone else {"group_by": [draft.per]}


def _then(draft: Draft) -> dict[str, Any]:
    escalate: object = draft.escalate[0] if len(draft.escalate) == 1 else list(draft.escalate)
    told = {"escalate": escalate, "incident": draft.incident, "severity": draft.severity, "message": draft.message}
    return told | ({"actions": ["siren.on"]} if draft.siren else {})
