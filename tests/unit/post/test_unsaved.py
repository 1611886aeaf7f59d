"""The storage has failed: calls for help still go out, and nothing is called saved."""

import errno
import os
from pathlib import Path

import pytest

from dispatcher.domain.incident import Stage
from dispatcher.journal import JournalError, NoSpace
from dispatcher.post.journaling import Keeper, Retention
from dispatcher.post.unsaved import MemoryOnly, is_broken, passing_instance, storage_works
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
