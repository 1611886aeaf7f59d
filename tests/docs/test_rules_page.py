"""The page of the shipped rules says what they do, number by number, and its three new rules pass their own test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatcher.cli.app import main
from tests.docs.pages import LANGUAGES, ROOT, blocks, page, rows

FILES = sorted(path for path in (ROOT / "rules").glob("*.yaml") if ".test." not in path.name)
SPAN = re.compile(r"\d\d:\d\d")
DURATION = re.compile(r"\d+[smhd]")


def rules(file: Path) -> list[dict[str, Any]]:
    """Return the rules of a file as plain values."""
    listed: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
    return listed


def told(node: object, key: str = "") -> Iterator[str]:
    """Yield every number, duration and hour that a reader of the page needs: thresholds are what people change."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from told(value, name)
    elif isinstance(node, list):
        for each in node:
            yield from told(each, key)
    elif isinstance(node, str) and (SPAN.fullmatch(node) or DURATION.fullmatch(node)):
        yield node
    elif isinstance(node, int) and not isinstance(node, bool) and key in ("at_least", "at_most"):
        yield str(node)


def wanted(rule: dict[str, Any]) -> list[str]:
    """Return the words in backticks that a rule's row must hold."""
    to = rule["then"]["escalate"]
    people = [word for word in (to if isinstance(to, list) else [to]) if word != "none"]
    parts = [rule[name] for name in ("when", "only_if", "throttle", "clear_when") if name in rule]
    numbers = [one for one in told(parts) if "distinct: kelurahan" not in str(rule) or not one.isdigit()]
    if "distinct" in str(rule["when"]) and rule["when"]["count"].get("distinct") in ("kelurahan", "reporter"):
        numbers = [one for one in numbers if not one.isdigit()]  # the page says it in a word: two calls, two people
    return [*people, *filter(None, [rule["then"].get("severity")]), *numbers]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_rule_has_its_row_with_its_numbers_and_its_people(language: str, file: Path) -> None:
    text = page(language, "rules")
    assert f"\n## {file.name}: " in text
    by_id = {cells[0].strip("`"): cells for cells in rows(text) if cells[0].startswith("`")}
    for rule in rules(file):
        said = " ".join(by_id[rule["id"]])
        assert not [word for word in wanted(rule) if f"`{word}`" not in said], rule["id"]
        assert (by_id[rule["id"]][-1] == "P") == is_judged_at_the_precinct(rule), rule["id"]


def is_judged_at_the_precinct(rule: dict[str, Any]) -> bool:
    """Return whether the rule runs there, as the language says."""
    return rule.get("runs_at") == "precinct" or "neighbours" in rule["when"] or "alert." in str(rule["when"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_row_tells_of_a_rule_that_is_not_shipped(language: str) -> None:
    shipped = {rule["id"] for file in FILES for rule in rules(file)}
    listed = {cells[0].strip("`") for cells in rows(page(language, "rules")) if cells[0].startswith("`")}
    assert listed == shipped


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_rules_from_a_sentence_each_pass_the_test_beside_them(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = {block.info: block.body for block in blocks() if block.file == f"docs/{language}/rules.md"}
    folder = tmp_path / "rules"
    folder.mkdir()
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (folder / "rt-kita.yaml").write_text(written["yaml"], encoding="utf-8")
    (folder / "rt-kita.test.yaml").write_text(written["yaml test"], encoding="utf-8")
    assert main(["test", "--cov", str(folder)]) == 0
    assert capsys.readouterr().out == "6 passed, 0 failed\n"
