"""Two contents for one revision: a post that ran without storage, or two posts that answer to one name."""

from __future__ import annotations

from pathlib import Path

from dispatcher.domain.incident import Stage
from dispatcher.precinct.intake import Note, Outcome
from dispatcher.precinct.model import Action
from dispatcher.precinct.receipts import Speaker
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.store import Store
from dispatcher.wire.alert import Alert, encode
from tests.unit.precinct.builders import NOW, panic, press

ID = "a1b2c3"


def take(store: Store, alert: Alert) -> Outcome:
    with store.batch(), store.one():
        return store.take_alert("pos-03", encode(alert), alert, NOW).outcome


def test_a_press_that_only_the_second_content_brings_is_taken_in_and_sounds_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "precinct.db")
    take(store, panic(1, evidence=(press("first", seq=1),)))
    take(store, panic(2, evidence=(press("unsaved", seq=2),), count=2))
    speaker = Speaker(store.id, NOW)
    with store.batch():
        store.act(Action(ID, Verb.ACKNOWLEDGE, "4021"), NOW, speaker)

    assert take(store, panic(2, evidence=(press("saved", seq=3),), count=2)) is Outcome.CONFLICT

    history = store.reading.history(ID)
    assert history is not None
    assert [row.event for row in history.evidence] == ["first", "unsaved", "saved"]
    assert history.incident.count == 3
    assert history.incident.standing.unanswered, "nobody has seen this press"
    assert [entry.what for entry in history.entries][-2:] == [Note.CONFLICT, Note.SOUNDS_AGAIN]
    said = [(receipt.stage, receipt.rev) for receipt in store.receipts(ID, speaker)]
    assert said == [(Stage.DELIVERED, 2), (Stage.ACKNOWLEDGED, 1)]
    store.close()


def test_a_second_content_with_the_same_presses_takes_no_answer_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "precinct.db")
    take(store, panic(1, evidence=(press("first", seq=1),)))
    with store.batch():
        store.act(Action(ID, Verb.ACKNOWLEDGE, "4021"), NOW, Speaker(store.id, NOW))
    assert take(store, panic(1, title="Kata lain", evidence=(press("first", seq=1),))) is Outcome.CONFLICT
    found = store.reading.incident(ID)
    assert found is not None
    assert (found.count, found.standing.stage) == (1, Stage.ACKNOWLEDGED)
    store.close()
