"""A profile that cannot be read says where, what, and what was probably meant."""

import pytest

from dispatcher.devices import parse_profiles
from dispatcher.settings.yamlfile import read_text
from tests.unit.devices.shipped import written

GOOD = """
profile: p
readings:
  r:
    levels:
    - {field: smoke, kind: smoke}
messages:
- {topics: "p/{device}", use: r}
"""


def test_a_good_profile_has_no_faults() -> None:
    profiles, faults = written(GOOD)
    assert faults == ()
    assert list(profiles.by_name) == ["p"]


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "nearest"),
    [
        ("profile: p", "profil: p", "profile.unknown-key", 2, "profile"),
        ("{field: smoke, kind: smoke}", "{field: smoke, kind: smok}", "profile.unknown-kind", 6, "smoke"),
        ("{field: smoke, kind", "{feild: smoke, kind", "profile.unknown-key", 6, "field"),
        ("use: r", "use: rr", "profile.unknown-use", 8, "r"),
        ('"p/{device}"', '"p/+"', "profile.bad-pattern", 8, ""),
        ("kind: smoke", "kind: [smoke]", "profile.wrong-type", 6, ""),
        ("field: smoke, kind: smoke", "kind: smoke", "profile.missing-key", 6, ""),
        ("use: r", "use: r, payload: objekt", "profile.unknown-payload", 8, "object"),
        ("kind: smoke}", "kind: smoke, bit: 99}", "profile.wrong-type", 6, ""),
        ("kind: smoke}", "kind: alert.x}", "profile.unknown-kind", 6, ""),
    ],
)
def test_a_fault_names_its_line_and_the_nearest_word(
    before: str, after: str, code: str, line: int, nearest: str
) -> None:
    profiles, faults = written(GOOD.replace(before, after))
    fault = next(each for each in faults if each.code == code)
    assert fault.place.line == line
    assert fault.values.get("nearest", "") == nearest
    assert fault.render("id")
    assert profiles.by_name == {}


def test_one_faulty_profile_does_not_take_the_others_with_it() -> None:
    nodes = [read_text(GOOD, "a.yaml"), read_text(GOOD.replace("profile: p", "profile: q\nx: 1"), "b.yaml")]
    profiles, faults = parse_profiles(nodes)
    assert list(profiles.by_name) == ["p"]
    assert [str(fault.place) for fault in faults] == ["b.yaml:3:1"]


def test_a_profile_twice_is_a_fault() -> None:
    _, faults = parse_profiles([read_text(GOOD, "a.yaml"), read_text(GOOD, "b.yaml")])
    assert [fault.place.file for fault in faults] == ["b.yaml"]


@pytest.mark.parametrize("text", ["[]", "x", "profile: [1]", "profile: p\nreadings: []", "profile: p\nmessages: {}"])
def test_anything_else_is_a_fault_and_no_exception(text: str) -> None:
    assert written(text)[1] != ()
