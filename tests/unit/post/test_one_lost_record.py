"""One flipped bit costs at most one record: every record of an evening is taken away in turn, and the rest must hold."""

from pathlib import Path

from dispatcher.domain.incident import Stage
from dispatcher.incidents.floor import Context
from dispatcher.journal import Kind, Record
from dispatcher.post.memory import Memory
from dispatcher.post.rulebook import Rulebook, edition
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import Desk
from tests.unit.post.test_pipeline import RULES


def evening(folder: Path, *, delivered: bool = True) -> tuple[Desk, list[Record]]:
    """Three presses in one incident and one in another; perhaps some are delivered and one is answered."""
    desk = Desk(folder, RULES)
    for seq in (1, 2):
        desk.press(seq)
        desk.turns(12)
    incident = desk.alerts[0]["id"]
    if delivered:
        desk.broker_takes()
        desk.receipt(incident, 2, Stage.DELIVERED)
        desk.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021")
    desk.press(3)
    desk.press(1, "btn-2")
    desk.turns(12)
    desk.turn(11_000)  # an alive mark: a record behind the last that matters shows that one is missing before it
    desk.journal.sync()
    return desk, list(desk.journal.replay())


def fold(records: list[Record]) -> Memory:
    memory = Memory(Context("pos-03", SITE), Rulebook(edition(RULES, SITE, "pos-03")))
    for record in records:
        memory.fold(record)
    return memory


def where(memory: Memory) -> dict[tuple[str | None, int | None], list[str]]:
    found: dict[tuple[str | None, int | None], list[str]] = {}
    for incident in memory.state.incidents.values():
        for entry in incident.evidence:
            found.setdefault((entry.device, entry.seq), []).append(incident.id)
    return found


def test_every_other_press_stays_in_its_one_incident_whichever_record_is_lost(tmp_path: Path) -> None:
    desk, records = evening(tmp_path)
    whole = where(desk.memory)
    assert sorted(whole) == [("btn-1", 1), ("btn-1", 2), ("btn-1", 3), ("btn-2", 1)]
    for lost in records[1:-1]:
        left = where(fold([record for record in records if record is not lost]))
        assert all(left[key] == whole[key] for key in left), lost
        assert len(whole) - len(left) <= (1 if lost.kind == Kind.MESSAGE else 0), lost


def test_no_revision_number_is_used_for_other_words_whichever_record_is_lost(tmp_path: Path) -> None:
    desk, records = evening(tmp_path)
    for lost in records[1:-1]:
        left = fold([record for record in records if record is not lost])
        for incident in left.state.incidents.values():
            assert incident.rev >= desk.memory.state.incidents[incident.id].rev, lost


def test_what_a_lost_revision_said_is_said_again_and_the_gap_is_closed(tmp_path: Path) -> None:
    desk, records = evening(tmp_path, delivered=False)
    second = [record for record in records if record.kind == Kind.REVISION][1]
    folder = tmp_path / "again"
    again = Desk(folder, RULES, clock=desk.clock)
    for record in records:
        if record is not second:
            again.memory.fold(record)
    incident = desk.alerts[0]["id"]
    again.turns(40)
    sent = {alert["rev"]: alert for alert in again.alerts if alert["id"] == incident}
    assert sorted(sent) == list(range(1, max(sent) + 1))
    told = {entry["seq"] for alert in sent.values() for entry in alert["evidence"]}
    assert told == {1, 2, 3}
