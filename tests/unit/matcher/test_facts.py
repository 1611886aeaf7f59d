"""What goes to the engine is tame, and compares as the event's own values do."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher import facts as facts_module
from dispatcher.matcher.facts import FactWriter, Field, Names, fnv32, is_plain_number, number_text, tame

TAME = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.:/@+-~")
ANY_TEXT = st.text(st.characters(), max_size=50)  # lone surrogates too
NUMBERS = st.integers() | st.floats(allow_nan=False)


def written(attrs: Mapping[str, Any], *fields: Field) -> dict[str, Any]:
    event = Event("e", "motion", None, None, None, "a", None, "sensor", "unknown", Stamp(0, 0, True), attrs)
    text: str = '{"id":1' + FactWriter(fields, ()).write(event) + "}"
    parsed: dict[str, Any] = json.loads(text)
    del parsed["id"]
    return parsed


@given(ANY_TEXT)
def test_any_text_becomes_tame(text: str) -> None:
    result = tame(text)
    assert result is not None
    assert set(result) <= TAME


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_are_equal_when_their_tame_forms_are(first: str, second: str) -> None:
    assert (first == second) == (tame(first) == tame(second))


@pytest.mark.parametrize(("first", "second"), [("~22~", '"'), ("~~", "~"), ("~~", "x" * 1001), ("é", "e\u0301")])
def test_forms_that_look_alike_are_told_apart(first: str, second: str) -> None:
    assert tame(first) != tame(second)


@given(NUMBERS, NUMBERS)
def test_a_number_as_the_engine_reads_it_compares_with_every_operand_as_the_number_itself(
    value: int | float, operand: int | float
) -> None:
    if not is_plain_number(operand):
        return
    read = json.loads(number_text(value))
    assert ((value < operand), (value == operand)) == ((read < operand), (read == operand))


@given(NUMBERS)
def test_no_number_is_written_with_an_exponent(value: int | float) -> None:
    assert set(number_text(value)) <= set("-.0123456789")


def test_sorts_have_names_of_their_own() -> None:
    field = Field("x", (("t", "t1"), ("n", "n2"), ("s", "s3"), ("b", "b4")))
    assert written({"x": 5}, field) == {"t1": 1, "n2": 5}
    assert written({"x": 5.5}, field) == {"t1": 1, "n2": 5.5}
    assert written({"x": "5"}, field) == {"t1": 2, "s3": "5"}
    assert written({"x": True}, field) == {"t1": 3, "b4": 1}
    assert written({"x": float("nan")}, field) == {"t1": 4}
    assert written({"x": ["5"]}, field) == {"t1": 4}
    assert written({"x": None}, field) == {"t1": 0}
    assert written({}, field) == {"t1": 0}


def test_only_what_a_clause_looks_at_is_written() -> None:
    attrs = {"x": 5, "y": "b", "secret": "1234"}
    assert written(attrs, Field("x", (("n", "n1"),)), Field("y", (("t", "t2"),))) == {"n1": 5, "t2": 2}


def test_a_field_that_two_clauses_look_at_is_written_once() -> None:
    both = written({"x": 5}, Field("x", (("n", "n1"), ("t", "t2"))), Field("x", (("n", "n1"),)))
    assert both == {"n1": 5, "t2": 1}


def test_a_string_longer_than_any_operand_is_cut_to_what_no_operand_is() -> None:
    assert written({"x": "a" * 1001}, Field("x", (("s", "s1"),))) == {"s1": "~~"}


def test_the_hash_is_the_one_the_engine_uses() -> None:
    assert fnv32("costarring") == fnv32("liquid")


def test_names_whose_hashes_meet_are_never_both_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "fnv32", lambda name: sum(name.encode()) % 97)  # meets often
    names = Names()
    given_names = [names.of("n", f"field-{number}") for number in range(60)]

    assert len({facts_module.fnv32(name) for name in given_names}) == 60


def test_a_thing_keeps_its_name() -> None:
    names = Names()
    assert names.of("n", "x") == names.of("n", "x")
    assert len({names.of("n", "x"), names.of("s", "x"), names.of("n", "y")}) == 3
