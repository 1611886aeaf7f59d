"""Housekeeping of the journal: what a start has to read stays bounded, and what nobody has received stays."""

from pathlib import Path

import pytest

from dispatcher.journal import Entry, Kind
from dispatcher.post.journaling import ALIVE_MS, CHECKPOINT_MS, CHECKPOINT_RECORDS, Retention
from tests.unit.post.desk import Desk

GIB = 2**30


class BigSegments(Desk):
    """A desk with segments of the size that a post has."""

    SEGMENT = 8 * 1024 * 1024


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return BigSegments(tmp_path)


def through(desk: Desk) -> int:
    found = desk.journal.read_checkpoint()
    return 0 if found is None else int(found.through)


def test_a_start_never_has_more_than_fifty_thousand_records_to_fold(desk: Desk) -> None:
    now = desk.clock.stamp()
    for _ in range(CHECKPOINT_RECORDS // 500 - 1):
        desk.journal.append([Entry(Kind.ALIVE, now, b"{}")] * 500)
    desk.keeper.look_after(now)
    assert through(desk) == 0
    desk.journal.append([Entry(Kind.ALIVE, now, b"{}")] * 500)
    desk.keeper.look_after(now)
    assert desk.journal.last_sequence - through(desk) <= 1
    assert sum(1 for _ in desk.journal.replay(through(desk))) <= 1


def test_a_quiet_post_keeps_a_checkpoint_every_ten_minutes_and_a_dead_quiet_one_writes_none(desk: Desk) -> None:
    desk.press()
    desk.turn()
    for _ in range(CHECKPOINT_MS // ALIVE_MS + 1):
        desk.clock.wait(ALIVE_MS)
        desk.keeper.look_after(desk.clock.stamp())
    assert through(desk) >= desk.journal.last_sequence - 1
    written = through(desk)
    desk.keeper.look_after(desk.clock.stamp())
    assert through(desk) == written


def test_a_revision_that_nobody_has_received_outlives_its_segment_in_the_checkpoint(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.up.up = False
    desk.press()
    desk.turns(3)
    desk.keeper._retention = Retention(retain_ms=1, max_bytes=1, disk_low_bytes=0)
    waiting = [revision.body for incident in desk.memory.state.unfinished() for revision in incident.outbox]
    assert waiting
    for _ in range(8):
        desk.journal.append([Entry(Kind.ALIVE, desk.clock.stamp(), bytes(30_000))])
        desk.clock.wait(60_000)
        desk.keeper.checkpoint(desk.clock.stamp())
    assert next(iter(desk.journal.replay())).sequence > 10, "nothing was deleted, and there is nothing to be tested"
    again = desk.reopen()
    assert [revision.body for one in again.memory.state.unfinished() for revision in one.outbox] == waiting
    again.connect()
    again.turn()
    assert [alert["id"] for alert in again.alerts] == [again.memory.state.unfinished()[0].id]
