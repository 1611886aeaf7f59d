"""Our own convention: what is accepted, and the reason for everything that is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.devices import DeviceStates, Normalised, Normaliser, Profiles, UnknownDevice
from dispatcher.domain.events import MAX_COUNTER, MAX_PAYLOAD, Lane, RawMessage, Reading, Rejected, RejectReason
from dispatcher.domain.site import Device, Site
from dispatcher.domain.stamp import Stamp

SITE = Site(
    timezone="Asia/Jakarta",
    precinct="polsek-tambora",
    devices={
        "btn-1": Device("btn-1", "kentongan", "panic_button", post="pos-03"),
        "btn-far": Device("btn-far", "kentongan", "panic_button", post="pos-09"),
        "lamp-1": Device("lamp-1", "kentongan", "lamp", post="pos-03"),
    },
)
NORMALISER = Normaliser(Profiles(), SITE, "pos-03")


def raw(payload: bytes | str | dict[str, object], topic: str = "kentongan/btn-1/event", **flags: object) -> RawMessage:
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    data = payload.encode() if isinstance(payload, str) else payload
    retain = bool(flags.get("retain", False))
    qos = int(str(flags.get("qos", 1)))
    return RawMessage(Lane.PANIC, topic, data, qos, retain, False, Stamp(1000, 2000, True))


def outcome(payload: bytes | str | dict[str, object], **flags: object) -> object:
    topic = str(flags.pop("topic", "kentongan/btn-1/event"))
    return NORMALISER.normalise(DeviceStates(), raw(payload, topic, **flags))


def reason(payload: bytes | str | dict[str, object], **flags: object) -> RejectReason:
    answer = outcome(payload, **flags)
    assert isinstance(answer, Rejected)
    return answer.reason


def reading(payload: bytes | str | dict[str, object], **flags: object) -> Reading:
    answer = outcome(payload, **flags)
    assert isinstance(answer, Normalised)
    (only,) = answer.readings
    return only


def test_a_press_keeps_its_counters_and_what_the_device_said() -> None:
    press = {
        "kind": "panic.press",
        "boot": 7,
        "seq": 42,
        "attrs": {"button": "red"},
        "happened": "2026-11-24T01:00:00Z",
    }
    got = reading(press)
    assert got == Reading("panic.press", "btn-1", {"button": "red"}, 7, 42, 1795482000000)


def test_a_press_without_counters_counts() -> None:
    assert reading({"kind": "panic.press"}).boot is None


def test_a_press_at_qos_0_counts() -> None:
    assert reading({"kind": "panic.press"}, qos=0).kind == "panic.press"


def test_a_retained_press_never_fires() -> None:
    assert reason({"kind": "panic.press", "boot": 1, "seq": 1}, retain=True) is RejectReason.RETAINED


@pytest.mark.parametrize("boot", ["7.0", "true", '"7"', "-1", str(MAX_COUNTER + 1), "[]", "1e3"])
def test_a_counter_is_a_json_integer_in_range_or_the_message_is_refused(boot: str) -> None:
    assert reason(f'{{"kind":"panic.press","boot":{boot},"seq":1}}') is RejectReason.WRONG_TYPE


def test_the_largest_counter_is_accepted() -> None:
    got = reading({"kind": "panic.press", "boot": MAX_COUNTER, "seq": 0})
    assert (got.boot, got.seq) == (MAX_COUNTER, 0)


@pytest.mark.parametrize("present", ["boot", "seq"])
def test_one_counter_without_the_other_is_refused(present: str) -> None:
    assert reason({"kind": "panic.press", present: 1}) is RejectReason.MISSING_FIELD


def test_a_device_the_site_does_not_know_is_named_with_its_counters() -> None:
    answer = outcome({"kind": "panic.press", "boot": 1, "seq": 2}, topic="kentongan/stranger/event")
    assert answer == UnknownDevice("stranger", "panic.press", 1, 2)


@pytest.mark.parametrize("kind", ["alert.panic", "device.unknown", "watch.opened", "panik.press", "report.", "x" * 60])
def test_a_device_may_only_report_kinds_that_are_its_to_report(kind: str) -> None:
    assert reason({"kind": kind}) is RejectReason.UNKNOWN_KIND


@pytest.mark.parametrize("kind", ["report.tawuran", "reading.temperature", "heartbeat", "check_in", "mains.lost"])
def test_words_of_people_and_measurements_are_kinds(kind: str) -> None:
    assert reading({"kind": kind}).kind == kind


@pytest.mark.parametrize("written", ["9f2c4a7be1d05c38", "9F2C4A7BE1D05C38"])
def test_who_reports_is_a_keyed_hash(written: str) -> None:
    said: dict[str, object] = {"kind": "report.tawuran", "attrs": {"reporter": written, "channel": "whatsapp"}}
    assert reading(said).attrs == {"reporter": "9f2c4a7be1d05c38", "channel": "whatsapp"}


@pytest.mark.parametrize("who", ["Budi", "081234567890", "3173041234567890", "9f2c", 1234567890123456, ""])
def test_a_name_or_a_number_of_who_reports_is_never_kept(who: object) -> None:
    assert reading({"kind": "report.tawuran", "attrs": {"reporter": who}}).attrs == {"reporter": "***"}


@pytest.mark.parametrize("name", ["text", "Pesan", "nama", "ADDRESS", "alamat", "phone", "nik"])
def test_what_people_write_of_each_other_is_never_kept(name: str) -> None:
    attrs: dict[str, object] = {name: "Budi di gang 3", "zone": "gang"}
    assert reading({"kind": "report.sajam", "attrs": attrs}).attrs == {
        name: "***",
        "zone": "gang",
    }


def test_the_text_of_a_call_for_help_is_kept() -> None:
    assert reading({"kind": "panic.press", "attrs": {"text": "tolong"}}).attrs == {"text": "tolong"}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\xff", RejectReason.BAD_UTF8),
        (b"", RejectReason.BAD_JSON),
        (b"{", RejectReason.BAD_JSON),
        (b"[" * 60_000, RejectReason.BAD_JSON),
        (b'{"kind":"panic.press","kind":"heartbeat"}', RejectReason.BAD_JSON),
        (b'{"kind":"panic.press","attrs":{"a":NaN}}', RejectReason.BAD_JSON),
        (b'{"kind":"heartbeat","attrs":{"a":1e999}}', RejectReason.WRONG_TYPE),
        (b'{"kind":"panic.press","attrs":{"a":' + b"9" * 5000 + b"}}", RejectReason.BAD_JSON),
        (b'{"kind":"heartbeat","attrs":{"a":{"b":1}}}', RejectReason.WRONG_TYPE),
        (b'{"kind":"heartbeat","attrs":{"a":"\\ud800"}}', RejectReason.WRONG_TYPE),
        (b'{"kind":"heartbeat","attrs":{"\\ud800":1}}', RejectReason.WRONG_TYPE),
        (b'{"kind":"heartbeat","attrs":{"_a":1}}', RejectReason.WRONG_TYPE),
        (b'{"kind":"heartbeat","attrs":[1]}', RejectReason.WRONG_TYPE),
        (b'{"kind":5}', RejectReason.WRONG_TYPE),
        (b"{}", RejectReason.MISSING_FIELD),
        (b"[]", RejectReason.WRONG_TYPE),
        (b"null", RejectReason.WRONG_TYPE),
        (b" " * (MAX_PAYLOAD + 1), RejectReason.TOO_LARGE),
    ],
)
def test_hostile_bytes_are_refused_with_their_reason(payload: bytes, expected: RejectReason) -> None:
    assert reason(payload) is expected


def test_too_many_or_too_long_attributes_are_refused() -> None:
    assert reason({"kind": "heartbeat", "attrs": {f"a{n}": n for n in range(201)}}) is RejectReason.WRONG_TYPE
    assert reason({"kind": "heartbeat", "attrs": {"a": "é" * 513}}) is RejectReason.WRONG_TYPE
    assert reading({"kind": "heartbeat", "attrs": {"a": "é" * 512}}).kind == "heartbeat"


def test_a_null_attribute_is_a_missing_one() -> None:
    assert reading({"kind": "heartbeat", "attrs": {"a": None, "b": False}}).attrs == {"b": False}


@pytest.mark.parametrize("happened", ["yesterday", 17, "2026-11-24T01:00:00", "9999-12-31T23:59:59-23:59", None])
def test_an_unreadable_claim_about_time_does_not_lose_the_press(happened: object) -> None:
    assert reading({"kind": "panic.press", "happened": happened}).kind == "panic.press"


def test_a_pin_is_neither_kept_nor_stored() -> None:
    answer = outcome({"kind": "panel.alarm", "attrs": {"pin": "1234", "zone": "a"}})
    assert isinstance(answer, Normalised)
    assert answer.readings[0].attrs == {"pin": "***", "zone": "a"}
    assert b"1234" not in answer.redacted


@pytest.mark.parametrize(
    "topic", ["kentongan//event", "kentongan/a/b/event", "kentongan/event", "kentongan/+/event", "x"]
)
def test_a_topic_that_names_no_device_is_unknown(topic: str) -> None:
    assert reason({"kind": "panic.press"}, topic=topic) is RejectReason.UNKNOWN_TOPIC


def test_the_panic_lane_hears_the_buttons_of_this_post_only() -> None:
    assert NORMALISER.panic_topics() == ("kentongan/btn-1/event",)
    assert "kentongan/+/event" in NORMALISER.rest_filters()


@given(payload=st.binary(max_size=200), retain=st.booleans())
def test_any_bytes_give_an_answer(payload: bytes, retain: bool) -> None:
    assert isinstance(outcome(payload, retain=retain), Normalised | Rejected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "attrs", [[1], "x", 7, {"a": {"b": 1}, "zone": "a"}, {"\ud800": 1}, {f"a{n}": n for n in range(300)}]
)
def test_what_a_button_says_wrongly_beside_its_press_does_not_cost_the_press(attrs: object) -> None:
    answer = outcome({"kind": "panic.press", "boot": 1, "seq": 2, "attrs": attrs})
    assert isinstance(answer, Normalised)
    (one,) = answer.readings
    assert (one.kind, one.boot, one.seq) == ("panic.press", 1, 2)
    assert set(one.attrs) <= {"zone", *(f"a{n}" for n in range(200))}


def test_a_newer_buttons_word_for_its_press_is_a_press() -> None:
    assert reading({"kind": "panic.triple"}).kind == "panic.press"


def test_a_device_that_counts_is_told_when_it_was_not_understood() -> None:
    answer = outcome({"kind": "nonsense", "boot": 7, "seq": 42})
    assert answer == Rejected(RejectReason.UNKNOWN_KIND, "'nonsense'", "btn-1", 7, 42)


def test_a_secret_is_not_stored_however_it_is_spelt_or_wherever_it_stands() -> None:
    answer = outcome({"kind": "panel.alarm", "attrs": {"PIN": "9999"}, "pin": "4711", "password": "x"})
    assert isinstance(answer, Normalised)
    assert not any(secret in answer.redacted for secret in (b"9999", b"4711", b"password"))


@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "kind": JSON | st.sampled_from(["panic.press", "heartbeat", "report.x"]),
            "boot": JSON,
            "seq": JSON,
            "attrs": JSON,
            "happened": JSON,
        },
    )
)
def test_any_json_gives_an_answer_whose_attributes_are_bounded_scalars(body: dict[str, object]) -> None:
    answer = outcome(json.dumps(body))
    if isinstance(answer, Normalised):
        for value in answer.readings[0].attrs.values():
            assert isinstance(value, str | int | float | bool)
    else:
        assert isinstance(answer, Rejected)
