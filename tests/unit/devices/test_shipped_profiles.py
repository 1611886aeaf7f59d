"""Invariants over every profile that is shipped, and its case file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.devices import Change, DeviceStates, Normalised, Normaliser, UnknownDevice, run_cases
from dispatcher.devices.model import Profile
from dispatcher.domain.catalogue import KINDS, is_device_kind
from dispatcher.domain.events import Lane, RawMessage, Reading, Rejected
from dispatcher.domain.site import Device, Site
from dispatcher.domain.stamp import Stamp
from tests.unit.devices.shipped import FILES, FOLDER, shipped

PROFILES = shipped()
ALL = sorted(PROFILES.by_name.values(), key=lambda profile: profile.name)


def named(profile: Profile) -> str:
    return profile.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_profile_is_named_like_its_file_and_has_cases(path: Path) -> None:
    assert path.stem in PROFILES.by_name
    assert path.with_name(f"{path.stem}.cases.jsonl").exists()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.cases.jsonl")), ids=lambda path: path.name)
def test_every_case_holds(path: Path) -> None:
    report = run_cases(path.read_text("utf-8").splitlines(), PROFILES)
    assert report.failures == ()
    assert report.passed > 0


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.cases.jsonl")), ids=lambda path: path.name)
def test_case_ids_are_unique(path: Path) -> None:
    ids = [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines() if line.strip()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("profile", ALL, ids=named)
def test_every_kind_is_in_the_catalogue_and_every_attribute_is_known_there(profile: Profile) -> None:
    for message in profile.messages:
        for part in message.parts:
            effects = [level.effect for level in part.readings.levels]
            effects += [effect for words in part.readings.words for effect in words.always.values()]
            for effect in effects:
                assert is_device_kind(effect.kind)
                assert set(effect.attrs) <= {*KINDS[effect.kind].attributes, "service", "agent"}


@pytest.mark.parametrize("profile", ALL, ids=named)
def test_no_word_means_both_alarm_and_normal(profile: Profile) -> None:
    for message in profile.messages:
        for part in message.parts:
            for level in part.readings.levels:
                assert level.alarm.isdisjoint(level.normal), level


@pytest.mark.parametrize("profile", ALL, ids=named)
def test_only_availability_is_believed_from_the_brokers_memory(profile: Profile) -> None:
    for message in profile.messages:
        if message.retained != "accept":
            continue
        for part in message.parts:
            assert {level.effect.kind for level in part.readings.levels} == {"device.offline"}
            assert not part.readings.words
            assert not part.readings.inputs
            assert not part.readings.codes


@pytest.mark.parametrize("profile", ALL, ids=named)
def test_every_topic_that_a_profile_reads_is_subscribed_to(profile: Profile) -> None:
    for message in profile.messages:
        if not message.parts:
            continue
        for pattern in message.topics:
            topic = "/".join(level.fill({"device": "d", "field": "f", "n": "1"}) for level in pattern.head)
            tail = "/".join(level.fill({"device": "d", "field": "f", "n": "1"}) for level in pattern.tail)
            full = "/".join(each for each in (topic, tail if pattern.stretch is None else f"x/{tail}") if each)
            assert any(_subscribed(each, full.rstrip("/")) for each in profile.subscribe), full


def _subscribed(filter_: str, topic: str) -> bool:
    levels = topic.split("/")
    for index, level in enumerate(filter_.split("/")):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(filter_.split("/")) == len(levels)


# --- totality --------------------------------------------------------------------------------------------------------

CASES = [
    case
    for path in sorted(FOLDER.glob("*.cases.jsonl"))
    for case in map(json.loads, path.read_text("utf-8").splitlines())
    if "topic" in case
]
TOPICS = sorted({case["topic"] for case in CASES})


def _fields(case: dict[str, str]) -> list[str]:
    try:
        body = json.loads(case["payload"])
    except ValueError:
        return []
    return list(body) if isinstance(body, dict) else []


FIELDS = sorted({field for case in CASES for field in _fields(case)})
ROLES = ["panic_button", "door", "smoke", "gateway", "check_in", "mains", "siren"]
DEVICES = ["dev", "btn", "zb", "0x1234", "rf", "d"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["ON", "single", "0xA1"]) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4),
    max_leaves=10,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "inputs": JSON | st.dictionaries(st.sampled_from(["Switch1", "contact"]), st.sampled_from(ROLES)),
        "profile_override": JSON | st.dictionaries(st.sampled_from(FIELDS), st.sampled_from([*ROLES, "true=open"])),
        "battery": JSON,
        "sleepy": JSON,
        "trigger": JSON,
    },
)


def normaliser(role: str, profile: str, settings: dict[str, object]) -> Normaliser:
    enrolled = {"A1": {"device": "fob", "kind": "panic.press"}}
    devices = {name: Device(name, profile, role, enrolled=enrolled, settings=settings) for name in DEVICES}
    return Normaliser(PROFILES, Site("Asia/Jakarta", "p", devices=devices), "pos-03")


@given(
    payloads=st.lists(st.binary(max_size=60) | JSON.map(lambda body: json.dumps(body).encode()), max_size=3),
    topic=st.sampled_from(TOPICS) | st.text(max_size=30),
    role=st.sampled_from(ROLES),
    profile=st.sampled_from(sorted(PROFILES.by_name)),
    settings=SETTINGS,
    retain=st.booleans(),
)
def test_any_bytes_on_any_topic_give_an_answer_that_can_be_journaled(
    payloads: list[bytes], topic: str, role: str, profile: str, settings: dict[str, object], retain: bool
) -> None:
    door, state = normaliser(role, profile, settings), DeviceStates()
    for number, payload in enumerate(payloads):
        raw = RawMessage(Lane.REST, topic, payload, 0, retain, False, Stamp(1000 * number, 0, False))
        outcome = door.normalise(state, raw)
        assert isinstance(outcome, Normalised | UnknownDevice | Rejected)
        if isinstance(outcome, Normalised):
            for reading in outcome.readings:
                _is_sound(reading)
                assert not (retain and reading.kind.startswith("panic."))
            assert [Change.from_plain(json.loads(json.dumps(c.to_plain()))) for c in outcome.changes] == list(
                outcome.changes
            )
            state.apply(outcome.changes)


def _is_sound(reading: Reading) -> None:
    assert is_device_kind(reading.kind)
    assert 0 < len(reading.device) <= 128
    json.dumps(dict(reading.attrs), allow_nan=False).encode()
    assert all(isinstance(value, str | int | float | bool) for value in reading.attrs.values())
