"""Where an event stands: by its device, by its receiver, or by its own word."""

from dispatcher.devices import enrich
from dispatcher.domain.events import Event, Reading
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp

SITE = Site(
    timezone="Asia/Jakarta",
    precinct="polsek-tambora",
    kelurahan={"angke": Kelurahan("angke", "31.73.04.1007", "Angke")},
    posts={"pos-03": Post("pos-03", "Pos 3", "angke")},
    devices={
        "btn-1": Device("btn-1", "kentongan", "panic_button", post="pos-03", zone="gate"),
        "bridge": Device("bridge", "tasmota", "gateway", post="pos-03", zone="roof"),
        "wa": Device("wa", "kentongan", "cyber"),
    },
)
STAMP = Stamp(1, 2, True)


def event(reading: Reading, post: str | None = "pos-03") -> Event:
    return enrich(reading, SITE, post, STAMP, "e1")


def test_role_post_zone_and_kelurahan_come_from_the_site() -> None:
    got = event(Reading("panic.press", "btn-1", boot=1, seq=2))
    assert (got.role, got.post, got.zone, got.kelurahan) == ("panic_button", "pos-03", "gate", "angke")
    assert (got.source, got.boot, got.seq, got.id, got.arrived) == ("button", 1, 2, "e1", STAMP)


def test_what_the_event_says_about_its_zone_wins() -> None:
    assert event(Reading("motion", "btn-1", {"zone": "yard"})).zone == "yard"


def test_an_event_cannot_claim_another_post_or_role() -> None:
    got = event(Reading("motion", "btn-1", {"post": "pos-99", "role": "panel"}))
    assert (got.post, got.role) == ("pos-03", "panic_button")


def test_an_enrolled_fob_stands_where_its_receiver_stands() -> None:
    got = event(Reading("panic.press", "fob-31", {"via": "bridge"}))
    assert (got.post, got.zone, got.role) == ("pos-03", "roof", None)


def test_a_device_without_a_post_reports_at_the_post_that_heard_it() -> None:
    assert event(Reading("heartbeat", "wa")).post == "pos-03"
    assert event(Reading("heartbeat", "wa"), post=None).post is None


def test_a_report_says_how_it_came_and_only_in_known_words() -> None:
    assert event(Reading("report.tawuran", "wa", {"source": "citizen"})).source == "citizen"
    assert event(Reading("report.tawuran", "wa", {"source": "root"})).source == "cyber"
    assert event(Reading("report.tawuran", "btn-2")).source == "citizen"


def test_sensors_and_cameras_are_named_as_such() -> None:
    assert event(Reading("motion", "pir")).source == "sensor"
    assert event(Reading("camera.person", "cam")).source == "camera"
