"""The parts of an answer that only the process knows: connections, files, how it last ended."""

from pathlib import Path

from dispatcher.mqtt import LinkState, Phase
from dispatcher.post.ending import Ending, forget_ending, last_ending, note_ending
from dispatcher.post.links import LinkNotes

WHY = "rules.yaml:3:1: unknown-key: ..."


def test_a_link_that_tries_again_and_again_has_been_away_since_it_went_away() -> None:
    notes = LinkNotes(up=False, since_s=0.0)
    steps = [
        (Phase.CONNECTING, ""), (Phase.SUBSCRIBED, ""), (Phase.UNREACHABLE, "polsek:1883: Connection refused"),
        (Phase.CONNECTING, ""), (Phase.UNREACHABLE, "polsek:1883: Connection refused"), (Phase.CONNECTING, ""),
    ]  # fmt: skip
    for second, (phase, detail) in enumerate(steps, start=1):
        notes = notes.told(LinkState(phase, detail), float(second))
    assert (notes.up, notes.since_s, notes.ever) == (False, 3.0, True)
    assert notes.detail == "polsek:1883: Connection refused"


def test_a_link_that_never_came_up_has_been_away_since_the_start() -> None:
    notes = LinkNotes(up=False, since_s=5.0).told(LinkState(Phase.REFUSED, "Not authorized"), 9.0)
    assert (notes.since_s, notes.ever, notes.detail) == (5.0, False, "Not authorized")


def test_how_a_post_ended_is_kept_until_it_runs_again(tmp_path: Path) -> None:
    assert last_ending(tmp_path) is None
    note_ending(tmp_path, Ending(78, WHY, 1_796_000_000_000))
    assert last_ending(tmp_path) == Ending(78, WHY, 1_796_000_000_000)
    forget_ending(tmp_path)
    assert last_ending(tmp_path) is None


def test_a_note_of_an_ending_that_is_no_note_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"code": "x", "why": 1}', '{"code": 1}'):
        (tmp_path / "ended.json").write_text(text, encoding="utf-8")
        assert last_ending(tmp_path) is None


def test_a_disk_that_cannot_keep_the_note_costs_the_note(tmp_path: Path) -> None:
    note_ending(tmp_path / "away", Ending(0, "", 0))
    forget_ending(tmp_path / "away")
    assert last_ending(tmp_path / "away") is None
