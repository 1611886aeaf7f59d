"""What is suggested to somebody who wrote a word of his own."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from dispatcher.domain.catalogue import CHANNELS, KINDS
from dispatcher.domain.incident import Severity
from dispatcher.domain.meant import meant
from dispatcher.domain.site import ROLES

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = ("id", "name", "when", "then", "only_if", "throttle")


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("tinggi", list(Severity), "high"),
        ("hihg", list(Severity), "high"),
        ("High", list(Severity), "high"),
        ("Then", KEYS, "then"),
        ("jika", KEYS, "when"),
        ("jumat", DAYS, "fri"),
        ("Sabtu", DAYS, "sat"),
        ("gerakan", KINDS, "motion"),
        ("pintu dibuka", KINDS, "door.open"),
        ("tawuran", KINDS, "report.tawuran"),
        ("sirine", ROLES, "siren"),
        ("wa", CHANNELS, "whatsapp"),
        ("starts-with", ("starts_with", "contains"), "starts_with"),
    ],
)
def test_the_word_that_was_meant_is_suggested(word: str, known: Iterable[str], expected: str) -> None:
    assert meant(word, known) == expected


def test_a_word_of_ones_own_is_suggested_only_where_it_can_stand() -> None:
    assert meant("tinggi", ["observed", "likely", "possible"]) is None


@pytest.mark.parametrize("word", ["", "qqqq", "123"])
def test_nothing_is_guessed(word: str) -> None:
    assert meant(word, KEYS) is None
