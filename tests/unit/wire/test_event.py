"""What posts pass on, watches and commands over the wire: what we write is read, what anybody writes is judged."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.events import MAX_COUNTER, MAX_PAYLOAD, Event, RejectReason
from dispatcher.domain.stamp import Stamp
from dispatcher.wire import command, event, fields, receipt, watch
from dispatcher.wire.command import Command
from dispatcher.wire.event import EventTaken, Forwarded
from dispatcher.wire.fields import Malformed
from dispatcher.wire.watch import OpenWatch

TEXT = st.text(max_size=700) | st.sampled_from(["", " ", "\ud800"])
VALUE = TEXT | st.integers() | st.floats() | st.booleans()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
EVENTS = st.builds(
    Event,
    id=st.just("ab12"),
    kind=st.sampled_from(["report.tawuran", "device.unknown", "heartbeat", "check_in", "roll_call"]),
    device=st.none() | TEXT,
    role=st.none() | TEXT,
    post=st.just("pos-03"),
    zone=st.none() | TEXT,
    kelurahan=st.none() | TEXT,
    source=TEXT,
    trust=TEXT,
    arrived=st.builds(Stamp, st.integers(0, 2**40), st.integers(0, 2**40), st.booleans()),
    attrs=st.dictionaries(TEXT, VALUE, max_size=80),
    boot=st.none() | st.integers(0, MAX_COUNTER),
    seq=st.none() | st.integers(0, MAX_COUNTER),
    happened_ms=st.none() | st.integers(0, 2**40),
)
GOOD: dict[str, Any] = {
    "v": 1,
    "id": "ab12",
    "kind": "report.tawuran",
    "source": "radio",
    "trust": "authenticated",
    "at": "2026-11-24T02:40:00.000Z",
    "clock": "trusted",
    "age_s": 3,
    "attrs": {"people": 12, "armed": True, "far": 1.5, "word": ""},
}


@given(EVENTS, st.integers(0, MAX_COUNTER), st.booleans())
def test_no_event_of_a_post_is_refused_by_the_precinct(one: Event, age_s: int, happened: bool) -> None:
    payload = event.encode(event.forward(one, age_s, happened=happened))
    assert len(payload) <= event.MAX_EVENT_BYTES
    read = event.decode(payload)
    assert isinstance(read, Forwarded)
    assert (read.id, read.kind, read.age_s) == (one.id, one.kind, age_s)
    assert event.decode(event.encode(read)) == read


@pytest.mark.parametrize(
    "decode", [event.decode, event.decode_taken, watch.decode, command.decode], ids=lambda one: one.__module__
)
@given(st.data())
def test_whatever_comes_is_read_or_refused_with_a_reason(
    decode: Callable[[bytes], object], data: st.DataObject
) -> None:
    keys = st.sampled_from([*GOOD, "device", "boot", "happened", "event", "store", "watches", "command", "args"])
    body = {**GOOD, **data.draw(st.dictionaries(keys, JSON, max_size=5))}
    payload = data.draw(st.binary(max_size=60) | st.just(json.dumps(body).encode()))
    read = decode(payload)
    assert not isinstance(read, Malformed) or isinstance(read.reason, RejectReason)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"kind": "alert.panic"}, RejectReason.UNKNOWN_KIND, "alert.panic"),
        ({"kind": "panic.press"}, RejectReason.UNKNOWN_KIND, "panic.press"),
        ({"kind": "heartbeats"}, RejectReason.UNKNOWN_KIND, "heartbeats"),
        ({"kind": "report."}, RejectReason.UNKNOWN_KIND, "report."),
        ({"id": "../x"}, RejectReason.WRONG_TYPE, "id"),
        ({"id": None}, RejectReason.MISSING_FIELD, "id"),
        ({"v": 2}, RejectReason.UNKNOWN_VERSION, "2"),
        ({"attrs": {"a": {"b": 1}}}, RejectReason.WRONG_TYPE, "attrs"),
        ({"attrs": {str(n): n for n in range(65)}}, RejectReason.WRONG_TYPE, "attrs"),
        ({"attrs": {"n": 2**60}}, RejectReason.WRONG_TYPE, "attrs"),
        ({"attrs": {"": 1}}, RejectReason.MISSING_FIELD, "attrs"),
        ({"age_s": -1}, RejectReason.WRONG_TYPE, "age_s"),
        ({"clock": "perhaps"}, RejectReason.WRONG_TYPE, "clock"),
    ],
)
def test_what_is_no_event_names_the_field_that_is_wrong(
    changes: dict[str, Any], reason: RejectReason, field: str
) -> None:
    read = event.decode(json.dumps({**GOOD, **changes}).encode())
    assert isinstance(read, Malformed)
    assert (read.reason, read.detail) == (reason, field)


def test_an_event_as_large_as_a_message_may_be_is_refused() -> None:
    read = event.decode(json.dumps({**GOOD, "later": "x" * (MAX_PAYLOAD - 1000)}).encode())
    assert isinstance(read, Malformed)
    assert read.reason is RejectReason.TOO_LARGE


def test_the_kinds_that_a_post_passes_on_are_those_that_the_precincts_rules_see() -> None:
    assert [kind for kind in ("report.x", "device.offline", "heartbeat", "check_in", "roll_call") if
            event.is_forwarded(kind)] == ["report.x", "device.offline", "heartbeat", "check_in", "roll_call"]  # fmt: skip
    assert not [kind for kind in ("alert.x", "motion", "panic.press", "report.", "mains.lost") if
                event.is_forwarded(kind)]  # fmt: skip


def test_the_answer_is_read_and_a_post_that_does_not_know_it_finds_no_stage() -> None:
    payload = event.encode_taken(EventTaken("ab12", "store-1"))
    assert json.loads(payload) == {"v": 1, "event": "ab12", "store": "store-1"}
    assert event.decode_taken(payload) == EventTaken("ab12", "store-1")
    old = receipt.decode(payload)
    assert isinstance(old, Malformed)
    assert (old.reason, old.detail) == (RejectReason.MISSING_FIELD, "stage")


def test_a_receipt_for_an_incident_is_no_answer_to_an_event() -> None:
    read = event.decode_taken(b'{"v":1,"id":"a","rev":1,"stage":"delivered"}')
    assert isinstance(read, Malformed)


WATCHES = st.builds(
    OpenWatch, st.text("abc-", min_size=1, max_size=64), st.none() | st.just("krendang"),
    st.none() | st.integers(0, MAX_COUNTER),
)  # fmt: skip


@given(st.lists(WATCHES, max_size=5).map(tuple))
def test_watches_are_read_as_they_were_written(watches: tuple[OpenWatch, ...]) -> None:
    assert watch.decode(watch.encode(watches)) == watches


def test_a_retained_message_that_was_deleted_means_no_watch() -> None:
    assert watch.decode(b"") == ()


ARGS = st.dictionaries(
    st.text("ab", min_size=1), st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.just("x"), max_size=3
)


@given(st.builds(Command, st.just("c1"), st.just("siren.on"), st.just("sirene-03"), ARGS))
def test_a_command_is_read_as_it_was_written(one: Command) -> None:
    assert command.decode(command.encode(one)) == one
    assert set(json.loads(command.encode(one))) == {"v", "id", "command", "device", "args"}


def test_an_event_that_no_line_could_hold_loses_its_attributes_and_nothing_else() -> None:
    attrs = {f"{n}": "\x00" * fields.MAX_TEXT for n in range(64)}
    one = Event("e1", "report.x", None, None, "p", None, None, "radio", "unknown", Stamp(0, 0, True), attrs)
    read = event.decode(event.encode(event.forward(one, 0)))
    assert isinstance(read, Forwarded)
    assert (read.kind, read.attrs) == ("report.x", {})
