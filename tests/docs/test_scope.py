"""What the handbook says is not there is not there: the day it is built, these tests ask for the page to be changed."""

from __future__ import annotations

import re

import pytest

from dispatcher.rules.parse import parse_rules
from dispatcher.settings.yamlfile import read_text
from tests.docs.pages import LANGUAGES, page

RULE = """
version: 1
rules:
- id: r
  when: {{event: smoke{when}}}
  then: {{escalate: precinct, incident: i, severity: high{then}}}
{rule}
"""
NOT_BUILT = re.compile(r"\*\*(?:Not in this version|Belum ada di versi ini)\*\*(.*?)\n\n", re.DOTALL)


def claimed(language: str) -> list[str]:
    """Return the words that the technician's page calls not built."""
    found = NOT_BUILT.search(page(language, "technician"))
    assert found is not None
    return [word for word in re.findall(r"`([^`]+)`", found[1]) if word != "not-built"]


def rule_with(word: str) -> str:
    """Return a rule that uses a word, wherever it belongs."""
    if word.startswith("then."):
        return RULE.format(when="", then=f", {word.removeprefix('then.')}: {{x: 1}}", rule="")
    if word.startswith("runs_at") or word in ("only_if", "clear_when", "suppressed_by"):
        return RULE.format(when="", then="", rule=f"  {word if ':' in word else word + ': x'}")
    return RULE.format(when=f", {word}: x", then="", rule="")


@pytest.mark.parametrize("word", claimed("en"))
def test_what_is_called_not_built_is_refused_as_not_built(word: str) -> None:
    rules, faults = parse_rules([read_text(rule_with(word), "example.yaml")])
    assert not rules
    assert "not-built" in {fault.code for fault in faults}


def test_both_languages_call_the_same_things_not_built() -> None:
    assert claimed("id") == claimed("en")
    assert len(LANGUAGES) == 2
