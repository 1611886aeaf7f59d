"""Which regular expressions a rule may use."""

import re
import time
from dataclasses import replace

import pytest

from dispatcher.rules.firing import title
from dispatcher.rules.model import Then
from dispatcher.rules.patterns import is_safe
from tests.unit.incidents.town import Town


@pytest.mark.parametrize(
    "pattern",
    [
        "abc", "a+b", r"B \d{1,4} [A-Z]{1,3}", "(panik|tolong)", ".*tolong.*", "a?b?c?", "", "[A-Z]+ [0-9]+ [A-Z]+",
        r"\d+\.\d+\.\d+\.\d+", "([0-9]{3},)*[0-9]{3}", "[a-z]+(-[a-z]+)*", "(ab|cd)+", "(?i)tolong.*", "(?!tes).*",
        ".*(tawuran|ribut|sajam|celurit|parang|tolong).*", r"(.)\1", r"[^@]+@[^@]+\.[a-z]+", "(a|ab)*c", "a" * 1000,
    ],
)  # fmt: skip
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    assert is_safe(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+", "(a*)*b", "(a|aa)+", "(.*a){11}", "a*a*a*a*b", "(", "[", "a" * 1001, "x{9999999999}", "(a|a?)+",
        "(a?){30}a{30}", "a?" * 40 + "a" * 40, "a{0,60}" * 5 + "b", "(a+)*+b", r"(a*)\1*b", "(?!(a+)+b)a*", "(x+x+)+y",
        "(((b){0,3})?aa)+", r"(\w*\s?)*", "(?i:(a|aA)*b)", "(a{1,60}){1,60}b",
    ],
)  # fmt: skip
def test_patterns_that_can_run_away_are_refused(pattern: str) -> None:
    assert not is_safe(pattern)


def test_the_slowest_pattern_that_is_taken_ends_on_the_longest_text() -> None:
    assert is_safe(".*.*b")
    began = time.process_time()
    assert re.fullmatch(".*.*b", "a" * 1024) is None
    assert time.process_time() - began < 5


def test_a_message_is_filled_from_the_event_and_an_unknown_field_stays_as_written() -> None:
    event, _ = Town().event("smoke", "smoke-1", None, None, level="tinggi")
    event = replace(event, attrs={**event.attrs, "wet": False})
    then = Then(("precinct",), "kebakaran", message="Asap {device} {level} {wet} {tidak_ada} {", severity="high")  # type: ignore[arg-type]
    assert title(then, event, "nama") == "Asap smoke-1 tinggi false {tidak_ada} {"


def test_a_field_that_every_event_may_have_and_this_one_lacks_reads_as_a_question_mark() -> None:
    event, _ = Town().event("report.kebakaran", "meja-lapor", None, None)
    then = Then(("precinct",), "kebakaran", message="Kebakaran di {kelurahan}, {tempat}", severity="high")  # type: ignore[arg-type]
    assert title(then, replace(event, kelurahan=None), "nama") == "Kebakaran di ?, {tempat}"


def test_a_message_that_an_event_leaves_blank_gives_way_to_the_rules_name() -> None:
    event, _ = Town().event("smoke", "smoke-1", None, None, note=" ")
    then = Then(("precinct",), "kebakaran", message="{note}", severity="high")  # type: ignore[arg-type]
    assert title(then, event, "Asap terdeteksi") == "Asap terdeteksi"
