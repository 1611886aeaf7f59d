"""Alerts over the wire: what we write can be read, and what anybody writes is read or refused, never worse."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.events import MAX_COUNTER, RejectReason
from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.wire import alert, fields, receipt, status, sync
from dispatcher.wire.fields import Malformed

TEXT = st.text(max_size=700) | st.sampled_from(["", " ", "\t\u00a0", "\ud800", '","age_s":0,"age":"exact",'])
COUNTER = st.none() | st.integers(0, MAX_COUNTER)
PLACES = st.builds(
    PlaceOfIncident,
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | st.floats(-90, 90),
    st.none() | st.floats(-180, 180),
)
ENTRIES = st.builds(
    alert.AlertEvidence, st.just("e1"), TEXT, st.none() | TEXT, st.just("2026-11-24T02:40:00.000Z"), COUNTER, COUNTER
)
ALERTS = st.builds(
    alert.Alert,
    id=st.just("ab12"),
    rev=st.integers(1, MAX_COUNTER),
    post=TEXT,
    rule=TEXT,
    incident=TEXT,
    severity=st.sampled_from(Severity),
    title=TEXT,
    place=PLACES,
    opened_at=st.just("2026-11-24T02:40:00.000Z"),
    clock=st.sampled_from(sorted(alert.CLOCKS)),
    age_s=st.integers(0, MAX_COUNTER),
    age=st.sampled_from(sorted(alert.AGES)),
    count=st.integers(0, MAX_COUNTER),
    evidence=st.lists(ENTRIES, max_size=3).map(tuple),
    instance=st.just("cd34"),
    exercise=st.booleans(),
    labels=st.lists(TEXT, max_size=3).map(tuple),
    certainty=st.none() | TEXT,
    escalate=st.lists(TEXT, max_size=3).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
DECODERS = [alert.decode, receipt.decode, status.decode, sync.decode]


@given(ALERTS)
def test_no_name_however_long_or_empty_makes_the_precinct_refuse_what_we_wrote(one: alert.Alert) -> None:
    read = alert.decode(alert.encode(one))
    assert isinstance(read, alert.Alert)
    assert (read.id, read.rev, read.severity, read.count) == (one.id, one.rev, one.severity, one.count)
    assert len(read.evidence) == len(one.evidence)


@given(ALERTS, st.integers(0, 10**6), st.sampled_from(sorted(alert.AGES)))
def test_the_age_of_a_sending_is_no_part_of_the_content(one: alert.Alert, age_s: int, age: str) -> None:
    body = alert.encode(one)
    later = alert.with_age(body, age_s, age)
    read = alert.decode(later)
    assert isinstance(read, alert.Alert)
    assert (read.age_s, read.age) == (age_s, age)
    assert alert.same_content(body, later)


@given(ALERTS)
def test_an_alert_that_has_its_age_already_is_sent_as_it_is(one: alert.Alert) -> None:
    body = alert.encode(one)
    assert alert.with_age(body, one.age_s, one.age) is body
    assert body == alert.with_age(alert.with_age(body, one.age_s + 1, "exact"), one.age_s, one.age)


def test_an_age_inside_a_foreign_object_is_not_taken_for_that_of_the_alert() -> None:
    body = json.loads(EXAMPLE)
    nested = {**body, "new": {"x": 1, "age_s": 0, "age": "exact", "y": 2}}
    first = fields.dump({**nested, "age_s": 7})
    second = fields.dump({**nested, "age_s": 9})
    assert alert.same_content(first, second)


def test_texts_that_say_nothing_are_written_as_a_dash_and_empty_labels_not_at_all() -> None:
    example = alert.decode(EXAMPLE)
    assert isinstance(example, alert.Alert)
    blank = replace(example, post="", rule=" ", incident="\t", title="", labels=("", "a"), escalate=(" ",))
    read = alert.decode(alert.encode(blank))
    assert isinstance(read, alert.Alert)
    assert (read.post, read.rule, read.incident, read.title) == ("-", "-", "-", "-")
    assert (read.labels, read.escalate) == (("a",), ())


def test_another_title_is_another_content() -> None:
    body = json.loads(EXAMPLE)
    other = {**body, "title": "lain"}
    assert not alert.same_content(json.dumps(body).encode(), json.dumps(other).encode())


EXAMPLE = (
    b'{"v":1,"id":"ab12","rev":1,"post":"pos-03","rule":"floor","incident":"panic","severity":"critical",'
    b'"title":"Tombol panik","place":{"kelurahan":"krendang","zone":"meja","lat":-6.1,"lon":106.8},'
    b'"opened_at":"2026-11-24T02:40:00.000Z","clock":"trusted","age_s":0,"age":"exact","count":1,'
    b'"evidence":[{"event":"e1","kind":"panic.press","device":"btn-1","at":"2026-11-24T02:40:00.000Z","boot":7,"seq":42}],'
    b'"instance":"cd34","exercise":false}'
)


def test_an_alert_as_the_contract_shows_it_is_read() -> None:
    read = alert.decode(EXAMPLE)
    assert isinstance(read, alert.Alert)
    assert (read.evidence[0].boot, read.evidence[0].seq) == (7, 42)
    assert alert.encode(read) == EXAMPLE


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"v": 2}, RejectReason.UNKNOWN_VERSION, "2"),
        ({"v": True}, RejectReason.UNKNOWN_VERSION, "True"),
        ({"v": None}, RejectReason.UNKNOWN_VERSION, "None"),
        ({"rev": "1"}, RejectReason.WRONG_TYPE, "rev"),
        ({"rev": 1.0}, RejectReason.WRONG_TYPE, "rev"),
        ({"rev": True}, RejectReason.WRONG_TYPE, "rev"),
        ({"rev": 0}, RejectReason.WRONG_TYPE, "rev"),
        ({"id": ""}, RejectReason.MISSING_FIELD, "id"),
        ({"id": "x" * 65}, RejectReason.WRONG_TYPE, "id"),
        ({"title": "\ud800"}, RejectReason.WRONG_TYPE, "title"),
        ({"severity": "loud"}, RejectReason.WRONG_TYPE, "severity"),
        ({"evidence": [{}] * 101}, RejectReason.WRONG_TYPE, "evidence"),
        ({"evidence": [1]}, RejectReason.WRONG_TYPE, "evidence"),
        ({"place": {"lat": 91}}, RejectReason.WRONG_TYPE, "lat"),
        ({"exercise": "no"}, RejectReason.WRONG_TYPE, "exercise"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(change: dict[str, object], reason: RejectReason, detail: str) -> None:
    read = alert.decode(json.dumps({**json.loads(EXAMPLE), **change}).encode())
    assert isinstance(read, Malformed)
    assert (read.reason, read.detail) == (reason, detail)


def test_unknown_keys_are_ignored() -> None:
    read = alert.decode(json.dumps({**json.loads(EXAMPLE), "new": {"deep": [1]}}).encode())
    assert isinstance(read, alert.Alert)


@given(st.sampled_from(DECODERS), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(decode, payload: bytes) -> None:  # type: ignore[no-untyped-def]
    decode(payload)


@given(st.sampled_from(DECODERS), JSON)
def test_any_json_is_read_or_refused(decode, value: object) -> None:  # type: ignore[no-untyped-def]
    decode(json.dumps(value).encode())


@given(st.sampled_from(DECODERS), st.dictionaries(st.sampled_from(sorted(json.loads(EXAMPLE))), JSON))
def test_any_object_with_our_keys_is_read_or_refused(decode, changes: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    decode(json.dumps({**json.loads(EXAMPLE), **changes}).encode())


@pytest.mark.parametrize("payload", [b"[" * 100_000, b"x" * 70_000, b'{"v":1,"x":NaN}', b"\xff", b"", b"1" * 5_000])
def test_hostile_bytes_are_refused_quickly(payload: bytes) -> None:
    for decode in DECODERS:
        assert isinstance(decode(payload), Malformed)
