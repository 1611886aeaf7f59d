"""What the precinct's own rules see, raise and remember: stories over the station and its real store."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.incident import Severity
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Verdict
from dispatcher.matcher.python import PythonMatcher
from dispatcher.precinct.model import Action
from dispatcher.precinct.rules.inputs import Seen
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.watches import WatchRefusal
from dispatcher.wire import command as command_wire
from dispatcher.wire import event as event_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.alert import AlertEvidence
from dispatcher.wire.command import Command
from dispatcher.wire.event import EventTaken
from dispatcher.wire.fields import Malformed
from dispatcher.wire.watch import OpenWatch
from tests.unit.precinct.builders import PRECINCT, status, until
from tests.unit.precinct.ruled import NEAR, Ruled, brawl, pressed, report

Make = Callable[..., Ruled]


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[Make]:
    """Makes precincts with rules; each is stopped in the end."""
    made: list[Ruled] = []

    def make(text: str, **more: object) -> Ruled:
        made.append(Ruled(tmp_path / "polsek", text, **more))  # type: ignore[arg-type]
        return made[-1]

    def kill(desk: Ruled, text: str, off_s: float = 0) -> Ruled:
        made.append(desk.killed(tmp_path / f"polsek-{len(made)}", text, off_s))
        return made[-1]

    make.kill = kill  # type: ignore[attr-defined]
    yield make
    for desk in made:
        desk.station.stop()


def test_brawls_in_neighbouring_kelurahan_raise_one_incident_of_the_precincts_own(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    found = desk.one("tawuran-sekitar")
    assert (found.kind, found.severity, found.title) == ("tawuran-luas", Severity.CRITICAL, "Tawuran meluas di angke")
    assert (found.post, found.place.kelurahan, found.count, found.own) == ("pos-07", "angke", 2, True)
    assert found.standing.unanswered
    rows = desk.history("tawuran-sekitar").evidence
    assert [(row.event, row.kind, row.device) for row in rows] == [
        ("tawuran-pos-03", "alert.tawuran", "pos-03"),
        ("tawuran-pos-07", "alert.tawuran", "pos-07"),
    ]


def test_brawls_far_apart_raise_nothing(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-09"), "pos-09")
    desk.settle()
    assert not desk.of("tawuran-sekitar")


def test_an_alert_that_is_sent_again_is_one_event(ruled: Make) -> None:
    desk = ruled(NEAR)
    for _ in range(3):
        desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-03", rev=2, count=2), "pos-03")
    desk.settle()
    assert not desk.of("tawuran-sekitar")


def test_revisions_that_come_in_the_wrong_order_are_one_event(ruled: Make) -> None:
    desk = ruled(NEAR)
    for rev in (3, 1, 2):
        desk.alert(brawl("pos-03", rev=rev), "pos-03")
    desk.settle()
    assert not desk.of("tawuran-sekitar")


def test_an_incident_whose_kind_changes_is_an_alert_of_the_new_kind_once(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03", incident="kerumunan"), "pos-03")
    for rev, kind in ((2, "tawuran"), (3, "kerumunan"), (4, "tawuran")):
        desk.alert(brawl("pos-03", rev=rev, incident=kind), "pos-03")
    desk.settle()
    assert not desk.of("tawuran-sekitar")
    desk.alert(brawl("pos-07"), "pos-07")
    assert desk.one("tawuran-sekitar").count == 2


def test_every_press_is_an_alert_and_no_press_is_two(ruled: Make) -> None:
    desk = ruled("""
- id: tiga-tekanan
  when: {count: {event: alert.panic, at_least: 3, distinct: id}, within: 5m}
  then: {escalate: precinct, incident: serbuan, severity: critical}
""")
    desk.alert(pressed("pos-03", "e1"), "pos-03")
    desk.alert(pressed("pos-03", "e1"), "pos-03")
    desk.alert(pressed("pos-03", "e1", "e2", rev=2), "pos-03")
    desk.settle()
    assert not desk.of("tiga-tekanan")
    desk.alert(pressed("pos-03", "e3", rev=3), "pos-03")
    assert desk.one("tiga-tekanan").count == 3


def test_an_alert_of_the_precincts_own_wakes_its_other_rules(ruled: Make) -> None:
    desk = ruled(
        NEAR
        + """
- id: siaga
  when: {event: alert.tawuran-luas, where: {severity: critical}}
  then: {escalate: precinct, incident: siaga, severity: high}
"""
    )
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    assert desk.one("siaga").post == "pos-07"


def test_a_repeat_within_the_throttle_joins_the_incident_as_evidence(ruled: Make) -> None:
    desk = ruled("""
- id: dilaporkan
  when: {event: report.tawuran}
  runs_at: precinct
  then: {escalate: precinct, incident: tawuran, severity: high, message: "Laporan di {zone}"}
  throttle: {once_within: 10m}
""")
    desk.say(report("tawuran", "r1", zone="Gang 1"))
    first = desk.one("dilaporkan")
    desk.station.enter()
    desk.station.act(Action(first.id, Verb.ACKNOWLEDGE, "4021")).result(10)
    desk.hands.pass_s(60)
    desk.say(report("tawuran", "r2", zone="Gang 2"))
    until(lambda: desk.one("dilaporkan").count == 2)
    found = desk.one("dilaporkan")
    assert (found.id, found.title, found.opened_at) == (first.id, "Laporan di Gang 1", first.opened_at)
    assert not found.standing.unanswered  # more of the same is no new call
    assert [row.event for row in desk.history("dilaporkan").evidence] == ["r1", "r2"]


def test_a_repeat_after_the_officers_close_reopens_the_incident(ruled: Make) -> None:
    desk = ruled("""
- id: dilaporkan
  when: {event: report.tawuran}
  runs_at: precinct
  then: {escalate: precinct, incident: tawuran, severity: high}
  throttle: {once_within: 10m}
""")
    desk.say(report("tawuran", "r1"))
    desk.station.act(Action(desk.one("dilaporkan").id, Verb.CLOSE, "4021", disposition="false")).result(10)
    desk.say(report("tawuran", "r2"))
    until(lambda: desk.one("dilaporkan").standing.unanswered)
    assert "reopened" in [entry.what for entry in desk.history("dilaporkan").entries]


def test_an_officers_close_ends_what_an_incident_holds_back(ruled: Make) -> None:
    desk = ruled("""
- id: besar
  when: {event: report.kebakaran}
  runs_at: precinct
  then: {escalate: precinct, incident: kebakaran, severity: critical}
- id: kecil
  when: {event: report.asap}
  runs_at: precinct
  suppressed_by: [besar]
  then: {escalate: precinct, incident: asap, severity: low}
""")
    desk.say(report("kebakaran", "r1"))
    incident = desk.one("besar").id
    desk.say(report("asap", "r2"))
    desk.settle()
    assert not desk.of("kecil")
    assert desk.counter("rule_said", "kecil suppressed") == 1
    desk.station.act(Action(incident, Verb.CLOSE, "4021", disposition="real")).result(10)
    desk.say(report("asap", "r3"))
    assert desk.one("kecil").count == 1


def test_the_end_of_a_condition_stands_in_the_timeline_and_people_close_it(ruled: Make) -> None:
    desk = ruled("""
- id: banjir
  when: {event: report.banjir}
  runs_at: precinct
  clear_when: {event: report.surut}
  then: {escalate: precinct, incident: banjir, severity: high}
""")
    desk.say(report("banjir", "r1"))
    desk.say(report("banjir", "r2"))
    desk.say(report("surut", "r3"))
    desk.settle()
    found = desk.one("banjir")
    assert (found.count, found.standing.is_open) == (2, True)
    assert [entry.what for entry in desk.history("banjir").entries][-1] == "cleared"


def test_the_post_of_a_rules_incident_is_sent_no_receipt_for_it(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    found = desk.one("tawuran-sekitar")
    for verb, more in ((Verb.ACKNOWLEDGE, {}), (Verb.CLOSE, {"disposition": "real"})):
        reply = desk.station.act(Action(found.id, verb, "4021", **more)).result(10)  # type: ignore[arg-type]
        assert reply.refusal is None
    assert not desk.one("tawuran-sekitar").standing.is_open
    assert found.id not in [receipt.id for post in ("pos-03", "pos-07") for receipt in desk.link.receipts(post)]


def test_no_post_can_speak_in_an_incident_of_the_precincts_own(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    found = desk.one("tawuran-sekitar")
    desk.alert(brawl("pos-07", id=found.id, rev=2, title="Bukan apa-apa"), "pos-07")
    assert desk.one("tawuran-sekitar").title == found.title
    assert desk.counter("alerts", "foreign") == 1


def test_what_concerns_no_post_stands_under_the_precincts_own_name(ruled: Make) -> None:
    desk = ruled("""
- id: apel
  runs_at: precinct
  when: {schedule: {at: "02:41"}}
  then: {escalate: coordinator, incident: apel, severity: info}
""")
    desk.hands.pass_s(61)
    desk.wake()
    found = desk.one("apel")
    assert (found.post, found.place.kelurahan) == (PRECINCT, None)
    assert not found.standing.unanswered  # it is for the coordinator, and wakes nobody here


def test_a_rule_sounds_the_siren_of_the_post_that_it_is_about(ruled: Make) -> None:
    desk = ruled("""
- id: peringatan
  when: {event: alert.tawuran}
  then: {escalate: none, actions: [siren.on]}
""")
    desk.alert(brawl("pos-07"), "pos-07")
    topic = f"kentongan/v1/{PRECINCT}/pos-07/command"
    until(lambda: [body for name, body in desk.link.log if name == topic])
    (payload,) = [body for name, body in desk.link.log if name.endswith("/command")]
    assert isinstance(payload, bytes)
    said = command_wire.decode(payload)
    assert isinstance(said, Command)
    assert (said.command, said.device) == ("siren.on", "sirene-07")
    assert not desk.of("peringatan")
    assert desk.counter("rule_fired", "peringatan") == 1
    until(lambda: not desk.station.store.rules.orders())


def test_a_shadow_rule_is_counted_and_tells_nobody(ruled: Make) -> None:
    desk = ruled("""
- id: bayangan
  mode: shadow
  when: {event: alert.tawuran}
  then: {escalate: precinct, incident: coba, severity: high, actions: [siren.on]}
""")
    desk.alert(brawl("pos-03"), "pos-03")
    desk.settle()
    assert not desk.of("bayangan")
    assert desk.counter("rule_said", "bayangan shadow") == 1
    assert desk.counter("rule_fired", "bayangan") == 0


def test_what_a_post_passes_on_is_answered_and_counts_once(ruled: Make) -> None:
    desk = ruled("""
- id: dua-laporan
  when: {count: {event: report.tawuran, at_least: 2}, within: 5m}
  runs_at: precinct
  then: {escalate: precinct, incident: tawuran, severity: high}
""")
    desk.say(report("tawuran", "r1"))
    desk.say(report("tawuran", "r1"))
    desk.settle()
    assert not desk.of("dua-laporan")
    assert (desk.counter("events", "new"), desk.counter("events", "copy")) == (2, 1)  # with the mark
    answers = [event_wire.decode_taken(body) for _, body in desk.link.log if isinstance(body, bytes)]
    assert answers.count(EventTaken("r1", desk.station.store.id)) == 2
    desk.say(report("tawuran", "r1"), "pos-07")  # another post's own numbering
    assert desk.one("dua-laporan").post == "pos-07"


def test_a_post_that_says_it_lives_is_heard_and_its_silence_is_told(ruled: Make) -> None:
    desk = ruled("""
- id: sepi
  runs_at: precinct
  when: {absent: {event: heartbeat}, for: 3m, expect_from: [pos-03, pos-07]}
  then: {escalate: precinct, incident: sepi, severity: medium, message: "{post} diam"}
""")
    for _ in range(10):
        desk.hands.pass_s(20)
        desk.status(status(), "pos-03")
    found = desk.one("sepi")
    assert (found.title, found.post) == ("pos-07 diam", "pos-07")


def test_a_last_will_is_no_sign_of_life(ruled: Make) -> None:
    desk = ruled("""
- id: sepi
  runs_at: precinct
  when: {absent: {event: heartbeat}, for: 3m, expect_from: [pos-03]}
  then: {escalate: precinct, incident: sepi, severity: medium}
""")
    for _ in range(10):
        desk.hands.pass_s(20)
        desk.status(status("offline"), "pos-03")
    assert desk.one("sepi").count == 1


# --- kills and restarts ----------------------------------------------------------------------------------------------


def test_a_kill_between_two_alerts_loses_no_window_and_fires_once(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    again = ruled.kill(desk, NEAR, off_s=60)  # type: ignore[attr-defined]
    again.alert(brawl("pos-07"), "pos-07")
    assert again.one("tawuran-sekitar").count == 2
    third = ruled.kill(again, NEAR, off_s=1)  # type: ignore[attr-defined]
    third.alert(brawl("pos-07"), "pos-07")
    third.settle()
    assert third.one("tawuran-sekitar").count == 2
    assert third.counter("rule_fired", "tawuran-sekitar") == 1


def test_the_time_that_the_precinct_was_off_counts_for_its_windows(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    again = ruled.kill(desk, NEAR, off_s=301)  # type: ignore[attr-defined]
    again.alert(brawl("pos-07"), "pos-07")
    again.settle()
    assert not again.of("tawuran-sekitar")


def test_an_alert_that_was_stored_but_not_judged_is_judged_after_the_start(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.station.ruling.stop()  # the rules hang, or the kill came before them
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    assert not desk.of("tawuran-sekitar")
    again = ruled.kill(desk, NEAR)  # type: ignore[attr-defined]
    assert again.one("tawuran-sekitar").count == 2


def test_a_silence_that_spans_our_own_absence_is_unknown_and_no_incident(ruled: Make) -> None:
    text = """
- id: sepi
  runs_at: precinct
  when: {absent: {event: heartbeat}, for: 3m, expect_from: [pos-03]}
  then: {escalate: precinct, incident: sepi, severity: medium}
"""
    desk = ruled(text)
    desk.hands.pass_s(60)
    desk.status(status(), "pos-03")
    desk.settle()
    again = ruled.kill(desk, text, off_s=600)  # type: ignore[attr-defined]
    again.hands.pass_s(1)
    again.wake()
    again.settle()
    assert not again.of("sepi")
    assert again.counter("rule_said", "sepi unknown") == 1


def test_a_changed_rule_starts_afresh_and_the_others_keep_their_windows(ruled: Make) -> None:
    other = """
- id: lain
  when: {count: {event: alert.tawuran, at_least: 2}, within: 5m}
  then: {escalate: precinct, incident: lain, severity: low}
"""
    desk = ruled(NEAR + other)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.settle()
    changed = NEAR + other.replace("within: 5m", "within: 6m")
    again = ruled.kill(desk, changed)  # type: ignore[attr-defined]
    again.alert(brawl("pos-07"), "pos-07")
    again.settle()
    assert again.one("tawuran-sekitar").count == 2
    assert not again.of("lain")


def test_a_store_that_is_new_is_not_set_off_by_what_posts_send_again(ruled: Make) -> None:
    desk = ruled(NEAR)
    yesterday = "2026-11-22T19:40:00Z"
    for post in ("pos-03", "pos-07"):
        seen = AlertEvidence(f"e-{post}", "report.tawuran", "cam-1", yesterday)
        desk.alert(brawl(post, age_s=86_400, opened_at=yesterday, evidence=(seen,)), post)
    desk.settle()
    assert len(desk.of("tawuran")) == 2
    assert not desk.of("tawuran-sekitar")


def test_a_watch_that_was_opened_while_no_rule_ran_is_known_to_the_rules_of_later(ruled: Make) -> None:
    desk = ruled("")
    desk.station.open_watch(OpenWatch("tawuran"), "4021").result(10)
    again = ruled.kill(desk, WATCHED)  # type: ignore[attr-defined]
    again.alert(brawl("pos-03"), "pos-03")
    assert again.one("waspada").count == 1


def test_signs_of_life_stand_on_the_disk_before_whatever_came_after_them(ruled: Make) -> None:
    desk = ruled("""
- id: sepi
  runs_at: precinct
  when: {absent: {event: heartbeat}, for: 3m, expect_from: [pos-03]}
  then: {escalate: precinct, incident: sepi, severity: medium}
""")
    ruling = desk.station.ruling
    assert ruling is not None
    ruling.stop()  # nothing is judged any more: all that there is stands in the inputs
    desk.status(status(), "pos-03")
    assert desk.station.store.rules.pending() == ((), 0)
    desk.hands.pass_s(5)
    desk.say(report("tanda", "r1"))
    pending, unreadable = desk.station.store.rules.pending()
    bodies = [one.body for one in pending]
    assert [body.event.kind for body in bodies if isinstance(body, Seen)] == ["heartbeat", "report.tanda"]
    assert [one.at.run_ms for one in pending] == [0, 5000]
    assert unreadable == 0


def test_what_an_exercise_sets_off_is_an_exercise_unless_something_real_is_in_it(ruled: Make) -> None:
    desk = ruled(NEAR)
    desk.alert(brawl("pos-03", exercise=True), "pos-03")
    desk.alert(brawl("pos-07", exercise=True), "pos-07")
    assert desk.one("tawuran-sekitar").exercise
    desk.alert(brawl("pos-03", "-2", exercise=True), "pos-03")
    desk.alert(brawl("pos-07", "-2"), "pos-07")
    until(lambda: len(desk.of("tawuran-sekitar")) == 2)
    assert sorted(found.exercise for found in desk.of("tawuran-sekitar")) == [False, True]


# --- what the rules must never hold up -------------------------------------------------------------------------------


class Stuck(PythonMatcher):
    """A matcher that answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def match(self, events: Sequence[Event]) -> list[Verdict]:
        self.go.wait(60)
        return super().match(events)


class Broken(PythonMatcher):
    """A matcher that fails."""

    def match(self, events: Sequence[Event]) -> list[Verdict]:
        raise RuntimeError(events[0].id)


def test_alerts_and_officers_are_answered_while_the_matcher_says_nothing(ruled: Make) -> None:
    matcher = Stuck()
    desk = ruled(NEAR, matcher=matcher)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    reply = desk.station.act(Action("tawuran-pos-03", Verb.ACKNOWLEDGE, "4021")).result(10)
    assert reply.refusal is None
    assert not desk.of("tawuran-sekitar")
    matcher.go.set()
    assert desk.one("tawuran-sekitar").count == 2


def test_rules_that_fail_take_no_alert_with_them_and_the_board_says_so(ruled: Make) -> None:
    desk = ruled(NEAR, matcher=Broken())
    desk.alert(brawl("pos-03"), "pos-03")
    until(lambda: desk.station.notices == ("rules_failed",))
    desk.alert(brawl("pos-07"), "pos-07")
    assert desk.link.said("pos-07") == [("delivered", 1)]
    desk.say(report("tanda", "r1"))  # the post gets no answer: it keeps this, and sends it again
    assert not [body for _, body in desk.link.log if isinstance(body, bytes) and b'"event":"r1"' in body]
    assert desk.counter("events", "behind") == 1
    again = ruled.kill(desk, NEAR)  # type: ignore[attr-defined]
    assert again.one("tawuran-sekitar").count == 2


def test_durable_rules_judges_as_its_twin_does(ruled: Make) -> None:
    desk = ruled(NEAR, matcher=DurableMatcher(lambda _report: None))
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    assert desk.one("tawuran-sekitar").count == 2


# --- watches ---------------------------------------------------------------------------------------------------------

WATCHED = """
- id: waspada
  when: {event: alert.tawuran}
  only_if: [{watch: tawuran}]
  then: {escalate: precinct, incident: waspada, severity: high}
"""


def retained(desk: Ruled, post: str) -> tuple[OpenWatch, ...] | Malformed:
    topic = f"kentongan/v1/{PRECINCT}/{post}/watch"
    said = [payload for name, payload in desk.link.log if name == topic]
    assert isinstance(said[-1], bytes)
    return watch_wire.decode(said[-1])


def test_a_watch_is_known_to_the_rules_and_told_to_the_posts_it_concerns(ruled: Make) -> None:
    desk = ruled(WATCHED)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.settle()
    assert not desk.of("waspada")
    watch = OpenWatch("tawuran", "krendang", desk.hands.wall + 60_000)
    assert desk.station.open_watch(watch, "4021").result(10).refusal is None
    assert (retained(desk, "pos-03"), retained(desk, "pos-07")) == ((watch,), ())
    desk.alert(brawl("pos-03", "-2"), "pos-03")
    assert desk.one("waspada").count == 1


def test_a_watch_ends_when_it_is_closed_or_its_time_is_over(ruled: Make) -> None:
    desk = ruled(WATCHED)
    short, long = OpenWatch("tawuran", "krendang", desk.hands.wall + 30_000), OpenWatch("ranmor")
    for watch in (short, long):
        desk.station.open_watch(watch, "4021").result(10)
    assert desk.station.close_watch("ranmor", None, "4021").result(10).refusal is None
    assert retained(desk, "pos-03") == (short,)
    desk.hands.pass_s(61)
    desk.wake()
    until(lambda: retained(desk, "pos-03") == ())
    assert desk.station.watches == ()
    desk.alert(brawl("pos-03"), "pos-03")
    desk.settle()
    assert not desk.of("waspada")


def test_a_watch_survives_a_kill(ruled: Make) -> None:
    desk = ruled(WATCHED)
    desk.station.open_watch(OpenWatch("tawuran"), "4021").result(10)
    again = ruled.kill(desk, WATCHED, off_s=60)  # type: ignore[attr-defined]
    assert again.station.watches == (OpenWatch("tawuran"),)
    assert retained(again, "pos-09") == (OpenWatch("tawuran"),)
    again.alert(brawl("pos-03"), "pos-03")
    assert again.one("waspada").count == 1


@pytest.mark.parametrize(
    ("watch", "by", "refusal"),
    [
        (OpenWatch("tawuran"), "", WatchRefusal.NO_OFFICER),
        (OpenWatch("Tawuran besar"), "4021", WatchRefusal.BAD_KIND),
        (OpenWatch("tawuran", "bulan"), "4021", WatchRefusal.UNKNOWN_KELURAHAN),
        (OpenWatch("tawuran", None, 1), "4021", WatchRefusal.OVER),
    ],
)
def test_a_watch_that_cannot_be_is_refused(ruled: Make, watch: OpenWatch, by: str, refusal: WatchRefusal) -> None:
    desk = ruled(WATCHED)
    assert desk.station.open_watch(watch, by).result(10).refusal is refusal
    assert desk.station.watches == ()


def test_a_command_that_a_kill_came_before_is_given_after_the_start_unless_it_is_old(ruled: Make) -> None:
    text = """
- id: peringatan
  when: {event: alert.tawuran}
  then: {escalate: precinct, incident: awas, severity: high, actions: [siren.on]}
"""
    desk = ruled(text)
    desk.station.broker(up=False)
    desk.alert(brawl("pos-07"), "pos-07")
    desk.one("peringatan")
    assert not [name for name, _ in desk.link.log if name.endswith("/command")]
    soon = ruled.kill(desk, text, off_s=20)  # type: ignore[attr-defined]
    until(lambda: [name for name, _ in soon.link.log if name.endswith("/command")])
    until(lambda: not soon.station.store.rules.orders())
    late = ruled.kill(desk, text, off_s=90)  # type: ignore[attr-defined]
    until(lambda: not late.station.store.rules.orders())
    assert not [name for name, _ in late.link.log if name.endswith("/command")]
