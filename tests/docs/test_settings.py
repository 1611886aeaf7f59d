"""Every key of every configuration file is explained, with the default that the program really has."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pytest
import yaml
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tests.docs import facts
from tests.docs.pages import LANGUAGES, page, rows

REQUIRED = {"id": "wajib", "en": "required"}
NOTHING: tuple[Any, ...] = (None, (), [], {}, "")
SECTIONS = {
    "post": ("## 3.", "## 4."),
    "precinct": ("## 4.", "## site.yaml"),
    "site": ("## site.yaml", "## 5."),
}


def section(language: str, file: str) -> dict[str, str]:
    """Return the rows that explain one file: key to the cell with the default."""
    start, end = SECTIONS[file]
    text = page(language, "technician").partition(f"\n{start}")[2].partition(f"\n{end}")[0]
    return {cells[0].strip("`"): cells[1] for cells in rows(text) if len(cells) == 3}


def explained(file: str, key: str) -> str:
    """Return the row that must explain a key. The precinct's broker takes the keys of the post's; a row says so."""
    if file == "precinct" and key.startswith("broker."):
        return "broker"
    if key.startswith("precinct.broker."):
        return "precinct.broker"
    return key


KEYS = [(file, key) for file in facts.FILES for key in facts.settings(file)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("file", "key"), KEYS, ids=[f"{file}.yaml:{key}" for file, key in KEYS])
def test_every_key_has_its_row_and_its_true_default(language: str, file: str, key: str) -> None:
    listed = section(language, file)
    row = explained(file, key)
    assert row in listed, f"explain {key} in docs/{language}/technician.md"
    if row == key:
        assert says_default(listed[row], facts.settings(file)[key], REQUIRED[language]), listed[row]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", facts.FILES)
def test_no_row_explains_a_key_that_is_not_there(language: str, file: str) -> None:
    known = {explained(file, key) for key in facts.settings(file)} | {"broker.tls"}
    assert not set(section(language, file)) - known - {"kunci", "key", "---"}


def says_default(cell: str, key: facts.Key, required: str) -> bool:
    """Return whether a cell names the key's default, in the form in which a person would write it."""
    if key.default is PydanticUndefined:
        return cell == required
    if key.default in NOTHING:
        return cell != required and "`" not in cell
    written = re.fullmatch(r"`(.*)`", cell)
    assert written is not None, f"{cell!r} should be `{key.default}`"
    return bool(read(key.field, yaml.safe_load(written[1])) == key.default)


def read(field: FieldInfo, value: object) -> object:
    """Return what the program makes of a value for this field."""
    annotation: Any = field.annotation
    for extra in field.metadata:
        annotation = Annotated[annotation, extra]
    return TypeAdapter(annotation).validate_python(value)
