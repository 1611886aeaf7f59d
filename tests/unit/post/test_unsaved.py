"""The storage has failed: calls for help still go out, and nothing is called saved."""

import errno
import os
from pathlib import Path

import pytest

from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import Context
from dispatcher.journal import JournalError, NoSpace
from dispatcher.journal.readonly import ReadOnlyJournal
from dispatcher.post.journaling import Keeper, Retention
from dispatcher.post.recovery import recover, unmade
from dispatcher.post.unsaved import MemoryOnly, is_broken, passing_instance, storage_works
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import GIB, Desk


def unsaved(folder: Path) -> Desk:
    desk = Desk(folder, journal=MemoryOnly(folder / "journal"))
    keeper = Keeper(desk.clock, desk.journal, desk.memory, Retention(1, GIB, 0), lambda: GIB, saves=False)
    object.__setattr__(desk.pipeline._parts, "saves", False)
    object.__setattr__(desk.pipeline._parts, "keeper", keeper)
    return desk


def test_a_press_is_relayed_and_never_called_saved(tmp_path: Path) -> None:
    desk = unsaved(tmp_path)
    token = desk.press()
    desk.turn()
    assert [alert["rev"] for alert in desk.alerts] == [1]
    assert desk.acked == [token]
    assert desk.confirms() == []
    desk.press()
    desk.turn(10)
    assert desk.confirms() == []
    desk.broker_takes()
    desk.turn(2_000)
    desk.receipt(desk.alerts[0]["id"], 1, Stage.DELIVERED)
    desk.turn(10)
    assert desk.confirms() == [(1, "delivered")]


def test_what_an_earlier_run_had_saved_and_not_delivered_still_goes_out(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.up.up = False
    before.press()
    before.turn()
    before.journal.abandon()
    desk = unsaved(tmp_path)
    desk.turn()
    assert [(alert["rev"], alert["evidence"][0]["seq"]) for alert in desk.alerts] == [(1, 1)]
    desk.press()
    desk.turn(10)
    assert len(desk.memory.state.incidents) == 1


def test_the_old_journal_is_not_touched(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.press()
    before.turn()
    before.journal.close()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "journal").iterdir()}
    desk = unsaved(tmp_path)
    desk.press(seq=2)
    desk.turns(5, 5_000)
    assert {path.name: path.read_bytes() for path in (tmp_path / "journal").iterdir()} == kept


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENOSPC, errno.ENXIO, errno.EUCLEAN])
def test_what_broke_by_itself_is_broken(number: int) -> None:
    assert is_broken(OSError(number, "x"))
    assert is_broken(JournalError(number, "x"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.ENOTDIR])
def test_what_a_person_set_up_wrongly_is_for_that_person(number: int) -> None:
    assert not is_broken(OSError(number, "x"))
    assert not is_broken(JournalError(number, "x"))


def test_a_full_disk_is_broken() -> None:
    assert is_broken(NoSpace("full"))


def test_each_unsaved_run_has_a_name_of_its_own() -> None:
    assert passing_instance("ab") != passing_instance("ab")
    assert passing_instance("ab").startswith("ab-")


def test_a_folder_that_takes_files_works_and_one_that_does_not_exist_does_not(tmp_path: Path) -> None:
    assert storage_works(tmp_path)
    assert not storage_works(tmp_path / "none")
    assert os.listdir(tmp_path) == []


def test_a_press_while_nothing_can_be_saved_opens_an_incident_of_its_own(tmp_path: Path) -> None:
    """Its revision has a number that is never on a card: in an older incident another press would get it again."""
    desk = Desk(tmp_path)
    desk.press(1)
    desk.turn()
    old = desk.alerts[0]["id"]
    unsaved = desk.reopen()
    unsaved.memory.state.seal()
    unsaved.press(2)
    unsaved.turn(1_000)
    assert [alert["rev"] for alert in unsaved.alerts if alert["id"] != old] == [1]
    assert unsaved.memory.state.incidents[old].count == 1


def sealed(before: Desk, name: str = "run-1") -> Desk:
    """Let the next run be one that saves nothing, over the same folder."""
    before.journal.abandon()
    desk = unsaved(before.folder)
    desk.memory.state.seal(name)
    return desk


def test_a_receipt_does_not_open_an_older_incident_to_new_presses(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.press(1)
    before.turn()
    old = before.alerts[0]["id"]
    desk = sealed(before)
    desk.receipt(old, 1, Stage.DELIVERED)
    desk.turn(10)
    desk.press(2)
    desk.turn(10)
    assert [one.count for one in desk.memory.state.incidents.values()] == [1, 1]


def test_a_press_that_only_an_unsaved_run_heard_gets_another_id_when_it_is_repeated(tmp_path: Path) -> None:
    """Its revision 1 would come to the precinct twice, with different words."""
    ids = []
    for name in ("run-1", "run-2", ""):
        desk = unsaved(tmp_path)
        if name:
            desk.memory.state.seal(name)
        desk.press()
        desk.turn()
        ids.append(desk.alerts[0]["id"])
    assert len(set(ids)) == 3


def test_a_button_hears_nothing_before_the_precinct_has_its_press_so_that_it_repeats_it(tmp_path: Path) -> None:
    desk = unsaved(tmp_path)
    desk.up.up = False
    desk.press()
    desk.turns(3, 6_000)
    assert desk.confirms() == []


def test_a_press_that_is_on_the_card_may_be_told_undelivered(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.up.up = False
    before.press()
    before.turn()
    desk = sealed(before)
    desk.turns(2, 6_000)
    assert desk.confirms() == [(1, "undelivered")]


def test_a_press_whose_own_record_is_lost_stays_in_the_incident_that_tells_of_it(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.press()
    before.turn()
    desk = sealed(before)
    desk.memory.state.copies.clear()
    desk.press()
    desk.turn(10)
    assert len(desk.memory.state.incidents) == 1


def test_it_leaves_only_when_what_is_in_memory_alone_is_delivered(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.up.up = False
    before.press()
    before.turn()
    desk = sealed(before)
    desk.pipeline.leave()
    over = [desk.pipeline.is_over]  # what is on the card can wait for the next run
    desk.press(2)
    desk.turn(10)
    over.append(desk.pipeline.is_over)
    desk.receipt(
        next(id_ for id_ in desk.memory.state.waiting if id_ not in desk.memory.state.sealed), 1, Stage.DELIVERED
    )
    desk.turn(10)
    assert [*over, desk.pipeline.is_over] == [True, False, True]


def test_what_was_pending_gets_the_same_words_in_the_unsaved_run_and_in_the_one_after_it(tmp_path: Path) -> None:
    before = Desk(tmp_path)
    before.press(1)
    before.turn()
    before.press(2)
    before.turn(10)
    before.journal.abandon()
    made = []
    for _ in range(2):
        memory = recover(ReadOnlyJournal(tmp_path / "journal"), Context("pos-03", SITE)).memory
        made.append([entry.body for entry in unmade(memory, "instance", Stamp(50_000, 0, trusted=False))])
        assert not any(one.pending for one in memory.state.incidents.values())
    assert made[0] == made[1]
    assert len(made[0]) == 1


def test_a_card_that_does_not_read_to_its_end_is_known_to_be_incomplete(tmp_path: Path) -> None:
    journal = MemoryOnly(tmp_path / "none")
    assert not journal.complete
    assert list(journal.replay()) == []
