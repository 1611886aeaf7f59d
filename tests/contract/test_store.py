"""What any store of the precinct promises; run on a file that stays open, and on one reopened before every step."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dispatcher.domain.incident import Receipt, Severity, Stage
from dispatcher.precinct import schema
from dispatcher.precinct.database import ForeignFile
from dispatcher.precinct.intake import MAX_CONFLICTS, Note, Outcome
from dispatcher.precinct.model import Action, Incident, Reply
from dispatcher.precinct.receipts import Speaker
from dispatcher.precinct.standing import Refusal, Verb
from dispatcher.precinct.store import Store
from dispatcher.wire.alert import Alert, AlertEvidence, encode
from dispatcher.wire.fields import iso
from dispatcher.wire.sync import Known
from tests.unit.precinct.builders import NOW, panic, press, quiet, status

ID = "a1b2c3"


class Keeper:
    """Speaks to the store as the station does; ``fresh`` gives the store for the next step."""

    def __init__(self, fresh: Callable[[], Store]) -> None:
        self.fresh = fresh

    def take(self, alert: Alert, post: str = "pos-03", payload: bytes | None = None) -> Outcome:
        store = self.fresh()
        with store.batch(), store.one():
            return store.take_alert(post, encode(alert) if payload is None else payload, alert, NOW).outcome

    def act(self, verb: Verb, by: str = "4021", **more: object) -> Reply:
        store = self.fresh()
        with store.batch():
            return store.act(Action(ID, verb, by, **more), NOW, Speaker(store.id, NOW))  # type: ignore[arg-type]

    def sync(self, *known: Known, post: str = "pos-03", attended: bool = True) -> list[tuple[str, int]]:
        store = self.fresh()
        with store.batch():
            return said(store.take_sync(post, known, Speaker(store.id, NOW, attended)))

    def receipts(self) -> list[tuple[str, int]]:
        store = self.fresh()
        return said(store.receipts(ID, Speaker(store.id, NOW)))

    def incident(self) -> Incident:
        found = self.fresh().reading.incident(ID)
        assert found is not None
        return found

    def timeline(self) -> list[str]:
        history = self.fresh().reading.history(ID)
        assert history is not None
        return [entry.what for entry in history.entries]


def said(receipts: tuple[Receipt, ...]) -> list[tuple[str, int]]:
    return [(str(receipt.stage), receipt.rev) for receipt in receipts]


def take_and_fail(store: Store, alert: Alert) -> None:
    store.take_alert("pos-03", encode(alert), alert, NOW)
    raise RuntimeError


@pytest.fixture(params=["one process", "restarted before every step"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    opened = [Store(tmp_path / "precinct.db")]

    def fresh() -> Store:
        if request.param != "one process":
            opened.pop().close()
            opened.append(Store(tmp_path / "precinct.db"))
        return opened[-1]

    yield Keeper(fresh)
    opened[-1].close()


def test_a_first_revision_opens_an_incident_that_waits_for_an_answer(keeper: Keeper) -> None:
    assert keeper.take(panic(1)) is Outcome.NEW
    assert keeper.incident().standing.unanswered
    assert keeper.receipts() == [("delivered", 1)]


def test_a_copy_changes_nothing_and_is_answered_again(keeper: Keeper) -> None:
    keeper.take(panic(1))
    before, timeline = keeper.incident(), keeper.timeline()
    assert keeper.take(panic(1)) is Outcome.COPY
    assert (keeper.incident(), keeper.timeline()) == (before, timeline)
    assert keeper.receipts() == [("delivered", 1)]


def test_a_revision_keeps_its_bytes_as_they_were_received(keeper: Keeper) -> None:
    payload = encode(panic(1)).replace(b'"v":1', b'"v": 1, "later": "unknown to us"')
    keeper.take(panic(1), payload=payload)
    assert keeper.fresh().reading.revision(ID, 1) == payload


def test_a_second_content_for_one_revision_is_kept_beside_the_first_and_never_over_it(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.take(panic(1, title="Bukan apa-apa")) is Outcome.CONFLICT
    assert keeper.incident().title == "Tombol panik ditekan"
    assert keeper.incident().conflicts == 1
    assert keeper.timeline().count(Note.CONFLICT) == 1


def test_a_sender_of_endless_conflicts_does_not_fill_the_disk(keeper: Keeper) -> None:
    keeper.take(panic(1))
    for n in range(MAX_CONFLICTS + 5):
        assert keeper.take(panic(1, title=f"Isi {n}")) is Outcome.CONFLICT
    assert keeper.incident().conflicts == MAX_CONFLICTS
    assert keeper.fresh().reading.counters()["alerts", "conflict"] == MAX_CONFLICTS + 5


def test_delivered_names_the_highest_revision_without_a_gap(keeper: Keeper) -> None:
    assert keeper.take(panic(3)) is Outcome.GAP
    assert keeper.receipts() == [("delivered", 0)]
    assert keeper.take(panic(1)) is Outcome.NEW
    assert keeper.receipts() == [("delivered", 1)]
    assert keeper.take(panic(2)) is Outcome.NEW
    assert keeper.receipts() == [("delivered", 3)]


def test_a_revision_that_comes_late_does_not_turn_the_story_back(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.take(panic(3, title="Tawuran, senjata tajam", count=9))
    keeper.take(panic(2, title="Lama"))
    assert (keeper.incident().title, keeper.incident().count) == ("Tawuran, senjata tajam", 9)


def test_a_post_that_knows_better_when_it_began_is_believed_and_the_age_never_shrinks(keeper: Keeper) -> None:
    keeper.take(panic(1, clock="doubtful", age="at_least", age_s=2))
    keeper.take(panic(2, opened_at="2026-11-23T18:40:00Z", age_s=3))
    keeper.take(panic(3, age_s=0))
    assert keeper.incident().opened_ms == NOW - 3_600_000


def test_the_end_of_a_condition_at_a_post_stands_once_in_the_timeline(keeper: Keeper) -> None:
    over = "2026-11-24T02:50:00.000Z"
    keeper.take(quiet(1))
    keeper.take(quiet(2, cleared_at=over))
    keeper.take(quiet(3, cleared_at=over))
    keeper.take(quiet(4))
    keeper.take(quiet(5, cleared_at="2026-11-24T03:00:00.000Z"))
    assert keeper.timeline().count(Note.CLEARED) == 2


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "precinct.db"
    with closing(sqlite3.connect(path)) as old, old:
        head = f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 1;"
        old.executescript(f"{schema.STEPS[0]} {head}")
        old.execute("INSERT INTO meta VALUES ('store', 'abc'), ('inode', ?)", (str(path.stat().st_ino),))
    with closing(Store(path)) as store:
        with store.batch():
            store.take_alert("pos-03", encode(panic(1)), panic(1), NOW)
        found = store.reading.incident(ID)
        assert store.id == "abc"
        assert found is not None
        assert not found.own
    with closing(Store(path)) as store:
        assert store.reading.incident(ID) == found


def test_events_that_two_revisions_carry_are_one_piece_of_evidence(keeper: Keeper) -> None:
    keeper.take(panic(1, press("e1")))
    keeper.take(panic(2, press("e1"), press("e2", seq=2)))
    history = keeper.fresh().reading.history(ID)
    assert history is not None
    assert [(row.event, row.rev) for row in history.evidence] == [("e1", 1), ("e2", 2)]


def test_a_post_cannot_speak_in_anothers_name(keeper: Keeper) -> None:
    assert keeper.take(panic(1), post="pos-07") is Outcome.FOREIGN
    assert keeper.fresh().reading.incident(ID) is None


def test_a_post_cannot_add_to_anothers_incident(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.take(panic(2, post="pos-07"), post="pos-07") is Outcome.FOREIGN
    assert keeper.incident().standing.top == 1
    assert keeper.sync(Known(ID, 9, Stage.SENT), post="pos-07") == []


def test_an_officers_answer_is_kept_with_name_time_and_revision(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.act(Verb.ACKNOWLEDGE).refusal is None
    assert keeper.receipts() == [("delivered", 1), ("acknowledged", 1)]
    assert not keeper.incident().standing.unanswered
    assert keeper.incident().officer == "4021"


def test_two_officers_at_once_the_second_learns_who_has_it(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.ACKNOWLEDGE, "4021")
    reply = keeper.act(Verb.ACKNOWLEDGE, "5133")
    assert reply.refusal is Refusal.ALREADY
    assert reply.incident is not None
    assert reply.incident.officer == "4021"
    assert reply.receipts == ()


def test_pressing_twice_by_the_same_officer_is_no_quarrel_and_one_line_in_the_timeline(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.ACKNOWLEDGE)
    assert keeper.act(Verb.ACKNOWLEDGE).refusal is None
    assert keeper.timeline().count("acknowledged") == 1


def test_an_answer_covers_only_what_the_officer_saw(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.take(panic(2))
    keeper.act(Verb.ACKNOWLEDGE, rev=1)
    assert keeper.receipts() == [("delivered", 2), ("acknowledged", 1)]
    assert keeper.incident().standing.unanswered


def test_a_press_after_the_answer_sounds_again_and_can_be_answered_anew(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.DISPATCH, unit="Patroli 2")
    keeper.take(panic(2))
    assert keeper.incident().standing.unanswered
    assert keeper.timeline()[-1] == Note.SOUNDS_AGAIN
    assert keeper.act(Verb.ACKNOWLEDGE, "5133").refusal is None
    assert keeper.receipts() == [("delivered", 2), ("acknowledged", 2), ("dispatched", 1)]


def test_a_sensor_event_after_the_answer_does_not_sound_again(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.take(quiet(2))
    assert not keeper.incident().standing.unanswered


def test_a_revision_that_only_says_more_does_not_sound_again(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.take(replace(panic(2), evidence=(), title="Panik, gerbang terbuka"))
    assert not keeper.incident().standing.unanswered
    assert keeper.incident().title == "Panik, gerbang terbuka"


def test_another_event_of_the_floor_sounds_again_like_a_press(keeper: Keeper) -> None:
    panel = AlertEvidence("p2", "panel.alarm", "panel-01", iso(NOW))
    keeper.take(panic(1, incident="panel"))
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.take(panic(2, panel, incident="panel"))
    assert keeper.incident().standing.unanswered


def test_a_word_for_the_technician_is_on_the_board_and_wakes_nobody(keeper: Keeper) -> None:
    keeper.take(quiet(1, escalate=("technician",)))
    assert [found.id for found in keeper.fresh().reading.open_incidents()] == [ID]
    assert not keeper.incident().standing.unanswered
    keeper.take(quiet(2, escalate=("technician", "precinct")))
    assert keeper.incident().standing.is_open
    assert keeper.act(Verb.CLOSE, disposition="real").refusal is None
    assert not keeper.incident().standing.is_open


def test_what_grows_louder_than_what_was_answered_sounds_again(keeper: Keeper) -> None:
    keeper.take(quiet(1, severity=Severity.LOW))
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.take(quiet(2, severity=Severity.HIGH))
    assert keeper.incident().standing.unanswered


def test_a_revision_after_the_close_reopens(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.CLOSE, disposition="false")
    assert keeper.fresh().reading.open_incidents() == ()
    keeper.take(quiet(2))
    assert [found.id for found in keeper.fresh().reading.open_incidents()] == [ID]
    assert keeper.timeline()[-1] == Note.REOPENED


def test_a_rules_words_that_come_after_the_close_do_not_reopen(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.CLOSE, disposition="false")
    keeper.take(replace(panic(2), evidence=(), title="Panik di gerbang"))
    assert keeper.fresh().reading.open_incidents() == ()


def test_an_answer_that_only_the_post_remembers_is_restored_after_a_lost_store(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.sync(Known(ID, 1, Stage.CLOSED)) == []
    assert keeper.fresh().reading.open_incidents() == ()
    assert keeper.timeline()[-1] == Note.RESTORED
    assert keeper.receipts() == [("delivered", 1), ("closed", 1)]


def test_a_post_cannot_restore_what_it_does_not_own_or_what_officers_here_have_answered(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.sync(Known(ID, 1, Stage.CLOSED), post="pos-07")
    keeper.sync(Known(ID, 2, Stage.CLOSED))
    keeper.sync(Known(ID, 1, Stage.DELIVERED))
    assert keeper.incident().standing.unanswered
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.sync(Known(ID, 1, Stage.CLOSED))
    assert keeper.incident().standing.is_open


def test_a_sync_silences_no_press_that_a_second_content_brought(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.ACKNOWLEDGE)
    keeper.take(panic(1, press("e1"), press("e9", seq=9)))
    assert keeper.incident().standing.unanswered
    keeper.sync(Known(ID, 1, Stage.ACKNOWLEDGED))
    assert keeper.incident().standing.unanswered


def test_a_closed_incident_takes_no_more_steps(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.CLOSE, disposition="real")
    assert keeper.act(Verb.DISPATCH, "5133").refusal is Refusal.CLOSED


def test_a_press_that_fills_a_gap_was_not_answered_by_who_could_not_see_it(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.take(panic(3))
    keeper.act(Verb.ACKNOWLEDGE, rev=3)
    assert keeper.receipts() == [("delivered", 1), ("acknowledged", 1)]
    keeper.take(panic(2))
    assert keeper.incident().standing.unanswered
    assert keeper.receipts() == [("delivered", 3), ("acknowledged", 1)]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"by": "Budi Santoso"}, Refusal.NO_OFFICER),
        ({"by": ""}, Refusal.NO_OFFICER),
        ({"rev": 2}, Refusal.BAD_REV),
        ({"rev": 0}, Refusal.BAD_REV),
        ({"unit": "<script>"}, Refusal.BAD_UNIT),
        ({"text": "x" * 501}, Refusal.BAD_TEXT),
    ],
)
def test_an_action_that_does_not_fit_changes_nothing(keeper: Keeper, more: dict[str, object], refusal: Refusal) -> None:
    keeper.take(panic(1))
    before, timeline = keeper.incident(), keeper.timeline()
    fields = {"by": "4021", **more}
    assert keeper.act(Verb.ACKNOWLEDGE, **fields).refusal is refusal  # type: ignore[arg-type]
    assert (keeper.incident(), keeper.timeline()) == (before, timeline)


def test_closing_asks_for_a_disposition(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.act(Verb.CLOSE).refusal is Refusal.BAD_DISPOSITION
    assert keeper.act(Verb.CLOSE, disposition="drill").refusal is None


def test_a_note_is_kept_and_moves_nothing(keeper: Keeper) -> None:
    keeper.take(panic(1))
    reply = keeper.act(Verb.NOTE, text="Warga menelepon: dua orang dengan celurit")
    assert (reply.refusal, reply.receipts) == (None, ())
    assert keeper.incident().standing.unanswered
    assert keeper.timeline()[-1] == "note"


def test_an_action_on_nothing_is_answered_so(keeper: Keeper) -> None:
    assert keeper.act(Verb.ACKNOWLEDGE).refusal is Refusal.UNKNOWN_INCIDENT


def test_sync_asks_for_an_incident_that_is_not_held(keeper: Keeper) -> None:
    assert keeper.sync(Known("0ther", 4, Stage.SENT)) == [("delivered", 0)]


def test_sync_repeats_only_what_is_newer(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.sync(Known(ID, 1, Stage.SENT)) == [("delivered", 1)]
    assert keeper.sync(Known(ID, 1, Stage.DELIVERED)) == []
    keeper.act(Verb.DISPATCH, unit="Patroli 2")
    assert keeper.sync(Known(ID, 1, Stage.DELIVERED)) == [("delivered", 1), ("dispatched", 1)]
    assert keeper.sync(Known(ID, 1, Stage.DISPATCHED)) == []
    assert keeper.sync(Known(ID, 2, Stage.DISPATCHED)) == [("delivered", 1), ("dispatched", 1)]


def test_sync_tells_whether_somebody_is_at_the_desk(keeper: Keeper) -> None:
    keeper.take(panic(1))
    assert keeper.sync(Known(ID, 1, Stage.DELIVERED), attended=False) == [("delivered", 1), ("unattended", 1)]
    assert keeper.sync(Known(ID, 1, Stage.UNATTENDED), attended=False) == []
    assert keeper.sync(Known(ID, 1, Stage.UNATTENDED)) == [("delivered", 1)]


def test_receipts_name_the_officer_the_time_and_the_store(keeper: Keeper) -> None:
    keeper.take(panic(1))
    keeper.act(Verb.CLOSE, disposition="false")
    store = keeper.fresh()
    last = store.receipts(ID, Speaker(store.id, NOW + 60_000))[-1]
    assert (last.by, last.disposition, last.store) == ("4021", "false", store.id)
    assert last.at == "2026-11-23T19:40:00.000Z"


def test_a_status_is_written_only_when_it_changes(keeper: Keeper) -> None:
    def take(state: str) -> bool:
        store = keeper.fresh()
        with store.batch():
            return store.take_status("pos-03", status(state), NOW)

    assert [take("online"), take("online"), take("offline")] == [True, False, True]
    assert keeper.fresh().reading.posts()["pos-03"].state == "offline"


def test_a_batch_that_fails_leaves_nothing_behind(keeper: Keeper) -> None:
    store = keeper.fresh()
    with pytest.raises(RuntimeError), store.batch():
        take_and_fail(store, panic(1))
    assert keeper.fresh().reading.incident(ID) is None


def test_a_message_that_fails_takes_no_other_with_it(keeper: Keeper) -> None:
    store = keeper.fresh()
    with store.batch():
        with store.one():
            store.take_alert("pos-03", encode(panic(1)), panic(1), NOW)
        with pytest.raises(RuntimeError), store.one():
            take_and_fail(store, panic(2))
    assert keeper.incident().standing.top == 1


def test_the_store_keeps_its_id_and_a_copy_put_back_gets_another(tmp_path: Path) -> None:
    path, copy = tmp_path / "precinct.db", tmp_path / "copy.db"
    first = Store(path)
    first.close()
    again = Store(path)
    again.close()
    assert again.id == first.id
    copy.write_bytes(path.read_bytes())
    path.unlink()
    copy.rename(path)
    restored = Store(path)
    assert restored.id != first.id
    restored.renew()
    restored.close()
    last = Store(path)
    last.close()
    assert last.id not in {first.id, ""}


def test_another_programs_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "precinct.db"
    store = Store(path)
    with store.batch():
        store._write.execute("PRAGMA user_version = 99")
    store.close()
    before = path.read_bytes()
    with pytest.raises(ForeignFile):
        Store(path)
    assert path.read_bytes() == before


def test_every_commit_is_on_disk_before_anybody_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "precinct.db")
    modes = [store._write.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    store.close()
    assert modes == ["wal", 2]
