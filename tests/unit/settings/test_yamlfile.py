"""YAML as a technician means it, and as an attacker does not."""

from pathlib import Path

import pytest

from dispatcher.domain.faults import FaultsFound
from dispatcher.domain.tree import Mapping, place_at, plain
from dispatcher.settings.yamlfile import read_bytes, read_file, read_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("true", True), ("False", False),
        ("null", None), ("~", None), ("5", 5), ("-5", -5), ("'5'", "5"), ("5.0", 5.0), ("1e3", 1000.0), ("22:00", "22:00"),
        ("0x10", "0x10"), ("0o7", "0o7"), ("1_000", "1_000"), (".5", 0.5), ("-.inf", float("-inf")), ("2026-11-24", "2026-11-24"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)  # fmt: skip
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    tree = read_text(f"a: {text}", "f.yaml")
    assert plain(tree) == {"a": value}
    assert type(plain(tree)["a"]) is type(value)  # type: ignore[index,call-overload]


def test_every_value_remembers_its_line_and_column() -> None:
    tree = read_text("a:\n- b: 1\n  c: 2\n", "f.yaml")
    assert str(place_at(tree, ("a", 0, "c"))) == "f.yaml:3:3"
    assert str(place_at(tree, ("a", 0, "zz"))) == "f.yaml:2:3"
    assert isinstance(tree, Mapping)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]" for n in range(12)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\nb: 2\na: 3", "yaml-duplicate-key"),
        ("a: !!python/object/apply:os.system [x]", "yaml-tag"),
        ("!!map {}", "yaml-tag"),
        ("a: !x 1", "yaml-tag"),
        ("a: [1, 2", "yaml-syntax"),
        ("a: b: c", "yaml-syntax"),
        ("\ta: 1", "yaml-syntax"),
        ("a: *nowhere", "yaml-alias"),
        ("a: 1\n---\nb: 2", "yaml-documents"),
        ("? [a]\n: b", "yaml-key"),
        ("[" * 40 + "]" * 40, "yaml-depth"),
        ("", "file-empty"),
        ("# only a comment", "file-empty"),
        (BOMB, "yaml-size"),
    ],
)
def test_what_no_careful_person_writes_is_refused(text: str, code: str) -> None:
    with pytest.raises(FaultsFound) as refused:
        read_text(text, "f.yaml")
    assert [fault.code for fault in refused.value.faults] == [code]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a: \xff", "file-encoding"), (b"a: \0", "file-nul"), (b"#" * 1_000_001, "file-too-large")],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(FaultsFound) as refused:
        read_bytes(data, "f.yaml")
    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultsFound, match="No such file"):
        read_file(tmp_path / "nothing.yaml")


def test_an_alias_is_allowed_where_it_helps() -> None:
    assert plain(read_text("a: &x {k: v}\nb: *x", "f.yaml")) == {"a": {"k": "v"}, "b": {"k": "v"}}
