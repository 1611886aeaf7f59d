"""Whatever is wrong in a file's YAML, the entries beside it are read; places stay what they were."""

import pytest

from dispatcher.domain.tree import plain
from dispatcher.settings.salvage import salvage

HEAD = "version: 1\nrules:\n"
GOOD = "- id: good\n  n: 1\n"


def faults(text: str | bytes) -> list[tuple[int, str]]:
    found = salvage(text.encode() if isinstance(text, str) else text, "f.yaml")
    return [(fault.place.line, fault.code) for fault in found.faults]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("- id: bad\n  a: [1, 2}\n", 4),
        ("- id: bad\n  a: b: c\n", 4),
        ("- id: bad\n\ta: 1\n", 4),
        ("- id: bad\n  a: 1\n a: 2\n", 5),
        ("- id: bad\n  a: 'it''s\n", 4),
        ('- id: bad\n  a: "\\q"\n', 4),
        ("- id: bad\n  a: *nowhere\n", 4),
        ("- id: bad\n  ? [x]\n  : 1\n", 4),
        ("- id: bad\n  a: @home\n", 4),
        ("- id: bad\n  a: 100%\n  - b\n", 5),
    ],
)
def test_an_entry_that_is_no_yaml_costs_itself_and_nothing_else(entry: str, line: int) -> None:
    for text in (HEAD + entry + GOOD, HEAD + entry, HEAD + entry + GOOD + GOOD.replace("good", "best")):
        found = salvage(text.encode(), "f.yaml")
        assert [fault.place.line for fault in found.faults] == [line]
        assert found.node is not None
        whole = [id_ for id_ in ("good", "best") if f"id: {id_}" in text]
        rules = [{"id": id_, "n": 1} for id_ in whole] or None
        assert plain(found.node) == {"version": 1, "rules": rules}
        assert "id: bad" in found.lost


def test_several_entries_that_are_no_yaml_are_each_told() -> None:
    bad = "- id: bad\n  a: [1, 2}\n"
    assert faults(HEAD + bad + GOOD + bad + GOOD + bad) == [
        (4, "yaml-syntax"),
        (8, "yaml-syntax"),
        (12, "yaml-syntax"),
    ]


def test_a_bracket_that_nobody_closes_is_told_where_it_begins_or_names_that_line() -> None:
    found = salvage((HEAD + "- id: bad\n  a: {b: 1\n" + GOOD).encode(), "f.yaml")
    assert [fault.code for fault in found.faults] == ["yaml-syntax"]
    assert "line 4 on" in found.faults[0].render("en")


def test_a_damaged_byte_costs_the_entry_that_it_stands_in() -> None:
    bad = b"- id: bad\n  a: caf\xe9\n"
    assert faults(HEAD.encode() + bad + GOOD.encode()) == [(4, "file-encoding")]
    assert faults(HEAD.encode() + bad.replace(b"\xe9", b"\0") + GOOD.encode()) == [(4, "file-nul")]
    found = salvage(HEAD.encode() + bad + GOOD.encode(), "f.yaml")
    assert found.node is not None
    assert plain(found.node) == {"version": 1, "rules": [{"id": "good", "n": 1}]}
    assert found.complete
    assert not salvage(HEAD.encode() + bad.replace(b"bad", b"b\xe9d"), "f.yaml").complete


def test_very_many_damaged_entries_are_one_fault_and_passed_over_together() -> None:
    found = salvage(HEAD.encode() + b"- id: \xff\n" * 30_000 + GOOD.encode(), "f.yaml")
    assert [fault.code for fault in found.faults] == ["file-encoding"]
    assert found.node is not None
    assert plain(found.node) == {"version": 1, "rules": [{"id": "good", "n": 1}]}


def test_a_damaged_byte_in_a_comment_costs_nothing() -> None:
    text = HEAD.encode() + b"# caf\xe9\n" + GOOD.encode()
    found = salvage(text, "f.yaml")
    assert [fault.code for fault in found.faults] == ["file-encoding"]
    assert found.lost == ""


def test_a_setting_that_is_no_yaml_costs_itself() -> None:
    found = salvage(b"post: pos-1\nbroker: {host: h, port: 1]\nsite: site.yaml\n", "post.yaml")
    assert [fault.place.line for fault in found.faults] == [2]
    assert found.node is not None
    assert plain(found.node) == {"post": "pos-1", "site": "site.yaml"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 999_000, "yaml-syntax"),
        ("[" * 900 + "a" * 900_000, "yaml-depth"),
        ("a: [\n" * 150_000, "yaml-depth"),
        ("- id: x\n  a: ]\n" * 60_000, "yaml-syntax"),
        ("a: b\n" * 5_000, "yaml-duplicate-key"),
        ("x" * 1_000_001, "file-too-large"),
    ],
)
def test_a_large_file_is_refused_with_one_fault(text: str, code: str) -> None:
    assert {found for _, found in faults(text)} == {code}
