"""JSON Schema for editors: it agrees with `check`, it is the one that is shipped, and the command prints it."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from dispatcher.cli.app import main
from dispatcher.cli.schema import SCHEMAS, file_name, text_of
from dispatcher.domain.faults import FaultsFound
from dispatcher.domain.tree import plain
from dispatcher.settings.yamlfile import read_bytes, read_text
from tests.support.schemas import damaged, damages, sort_of, told, underlined, validator, values_of
from tests.unit.rules.test_refusals import REFUSED, TAKEN

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(path for folder in ("rules", "config", "devices") for path in (ROOT / folder).rglob("*.yaml"))
PLAYED = sorted(path for folder in ("unit", "stories") for path in (ROOT / "tests" / folder).rglob("*.yaml"))

# What a schema can see: keys, sorts of values, closed lists. Names, circles and lengths need more than one place.
SEEN = {
    "unknown-key", "missing-key", "wrong-type", "two-forms", "needless-key", "unknown-kind", "unknown-operator",
    "bad-duration", "bad-time", "bad-id", "step", "expect", "file-version",
    "profile.unknown-key", "profile.missing-key", "profile.wrong-type",
}  # fmt: skip


@pytest.mark.parametrize("sort", SCHEMAS)
def test_a_schema_is_valid_draft_07_and_the_shipped_one(sort: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[sort]())
    shipped = (ROOT / "config" / "schemas" / file_name(sort)).read_text(encoding="utf-8")
    assert shipped == text_of(SCHEMAS[sort]()), "kentongan schema --write config/schemas"


def test_no_other_schema_is_shipped() -> None:
    there = {path.name for path in (ROOT / "config" / "schemas").iterdir()}
    assert there == {file_name(sort) for sort in SCHEMAS}


@pytest.mark.parametrize("path", [*SHIPPED, *PLAYED], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_that_works_is_not_underlined(path: Path) -> None:
    if path.name == "reload-bad.rules.yaml":
        pytest.skip("it is faulty on purpose")
    node = read_bytes(path.read_bytes(), path.name)
    assert underlined(sort_of(node), plain(node)) == []


@pytest.mark.parametrize("sort", SCHEMAS)
def test_every_key_is_explained_in_both_languages(sort: str) -> None:
    bare = [key for key, part in keys_of(SCHEMAS[sort]()) if not part.get("description")]
    assert not bare


def keys_of(schema: Any) -> list[tuple[str, Any]]:
    """Return every key that an editor completes: those of closed mappings."""
    if isinstance(schema, list):
        return [found for each in schema for found in keys_of(each)]
    if not isinstance(schema, dict):
        return []
    own = schema.get("properties", {}) if schema.get("additionalProperties") is False else {}
    listed = [(key, part) for key, part in own.items() if isinstance(part, dict) and "if" not in schema]
    return [*listed, *(found for each in schema.values() for found in keys_of(each))]


# --- beside the check ------------------------------------------------------------------------------------------------


def structural(codes: set[str]) -> set[str]:
    return codes & SEEN


@pytest.mark.parametrize("data", TAKEN, ids=range(len(TAKEN)))
def test_what_the_language_allows_is_not_underlined(data: str | bytes) -> None:
    node = read_bytes(data if isinstance(data, bytes) else data.encode(), "r.yaml")
    assert underlined("rules", plain(node)) == []


@pytest.mark.parametrize("data", [data for data, _ in REFUSED], ids=range(len(REFUSED)))
def test_what_is_refused_for_its_form_is_underlined(data: str | bytes, tmp_path: Path) -> None:
    try:
        value = plain(read_bytes(data if isinstance(data, bytes) else data.encode(), "r.yaml"))
    except FaultsFound:
        return  # no YAML at all: the editor's own affair
    if structural({fault.code for fault in told("rules", value, tmp_path)}):
        assert underlined("rules", value)


GOOD = [
    *(ROOT / "rules" / name for name in ("panic.yaml", "ranmor.yaml", "tawuran.yaml", "ranmor.test.yaml")),
    *(ROOT / "config" / name for name in ("site.yaml", "post.yaml", "precinct.yaml")),
    ROOT / "devices" / "tasmota.yaml",
]


@cache
def content(path: Path) -> tuple[str, Any]:
    """Return a file's sort and its values."""
    text = path.read_text(encoding="utf-8")
    return sort_of(read_text(text, path.name)), values_of(text)


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder beside which a file of tests finds what it names."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("rules", "config"):
        shutil.copytree(ROOT / name, folder / name)
    return folder / "rules"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_editor_and_check_agree_on_a_damaged_file(path: Path, surroundings: Path, data: st.DataObject) -> None:
    sort, whole = content(path)
    place, wrong = data.draw(st.sampled_from(list(damages(whole))))
    value = damaged(whole, place, wrong)
    faults = told(sort, value, surroundings)
    found = underlined(sort, value)
    if structural({fault.code for fault in faults}):
        assert found, (place, wrong, [fault.render("en") for fault in faults])
    if found:
        assert faults, (place, wrong, found)


@pytest.mark.parametrize(
    ("sort", "text", "where"),
    [
        ("rules", "version: 1\nrules:\n- {id: a, wen: {}, then: {escalate: none}}\n", "rules/0"),
        ("rules", "version: 1\nrules:\n- {id: a, when: {event: moton}, then: {escalate: none}}\n", "rules/0/when/event"),
        ("rules", "version: 1\nrules:\n- {id: a, when: {absent: {event: heartbeat}, for: 5m}, then: {escalate: none}}\n", "rules/0/when"),
        ("rules", "version: 1\nrules:\n- {id: a, when: {event: panic.press}, then: {escalate: none}}\n", "rules/0/then/escalate"),
        ("test", "tests:\n- {steps: [{at: 0s, evnt: motion}]}\n", "tests/0/steps/0"),
        ("test", "tests:\n- {steps: [{event: motion}]}\n", "tests/0/steps/0"),
        ("test", "tests:\n- {expect: [{at: 0s}]}\n", "tests/0/expect/0"),
        ("test", "tests:\n- {steps: [{at: 0s, power_cut: 4s, restart: 1s}]}\n", "tests/0/steps/0"),
        ("test", "rules: [{id: a, when: {evnt: motion}, then: {escalate: none}}]\ntests: []\n", "rules/0/when"),
        ("site", "timezone: Asia/Jakarta\nprecinct: {id: p}\ndevices: [{id: a, rol: smoke}]\n", "devices/0"),
        ("post", "post: a\ndata_dir: d\nsite: s\nbroker: {host: h}\nprecinct: {id: p, broker: {host: h, prot: 1}}\n", "precinct/broker"),
        ("devices", "profile: a\nmessages: [{topics: x}]\n", "messages/0"),
    ],
)  # fmt: skip
def test_a_slip_is_underlined_where_it_stands(sort: str, text: str, where: str) -> None:
    assert [one for one in underlined(sort, values_of(text)) if one.startswith(where)]


def test_a_power_cut_may_end_with_a_clock_that_is_not_trusted() -> None:
    step = "{at: 0s, power_cut: 4s, clock_untrusted: true}"
    assert underlined("test", values_of(f"tests: [{{steps: [{step}]}}]\n")) == []


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SCHEMAS)
def test_the_command_prints_one_schema(sort: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", sort]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMAS[sort]()


def test_without_a_name_the_command_lists_them_within_sixty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert {line.split()[0] for line in lines[-len(SCHEMAS) :]} == set(SCHEMAS)


def test_all_schemas_are_written_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--write", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {file_name(sort) for sort in SCHEMAS}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["schema", "--write", str(tmp_path / "file")]) == 74
    assert "file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["rulez"], ["site", "--site", "x"], ["rules", "--write", "x"], ["--write", "x", "--site", "y"]]
)
def test_words_that_make_no_sense_end_with_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", *words]) == 64
    assert capsys.readouterr().err


def test_with_a_site_its_devices_and_channels_are_the_only_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    assert main(["schema", "rules", "--site", str(tmp_path / "config" / "site.yaml")]) == 0
    own = Draft7Validator(json.loads(capsys.readouterr().out))
    rule = "version: 1\nrules:\n- {id: a, when: {event: smoke, where: {device: DEVICE}}, then: {escalate: CHANNEL, incident: x, severity: low}}\n"
    known = values_of(rule.replace("DEVICE", "smoke-1").replace("CHANNEL", "precinct"))
    assert not list(own.iter_errors(known))
    for slip in (("smoke-x", "precinct"), ("smoke-1", "precint")):
        value = values_of(rule.replace("DEVICE", slip[0]).replace("CHANNEL", slip[1]))
        assert list(own.iter_errors(value))
        assert validator("rules").is_valid(value)


def test_a_faulty_site_is_told_and_no_schema_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text("timezone: WIB\nprecinct: {id: p}\n")
    assert main(["schema", "rules", "--site", str(tmp_path / "site.yaml")]) == 78
    printed = capsys.readouterr()
    assert not printed.out
    assert "timezone" in printed.err


# --- the shipped files name their schemas ----------------------------------------------------------------------------

MODELINE = "# yaml-language-server: $schema="


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_file_names_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    sort = sort_of(read_bytes(path.read_bytes(), path.name))
    assert first.startswith(MODELINE), f"the first line of {path.name} should begin with {MODELINE}"
    assert (path.parent / first.removeprefix(MODELINE)).resolve() == ROOT / "config" / "schemas" / file_name(sort)
