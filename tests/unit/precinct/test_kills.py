"""Wherever a kill comes, the precinct's rules tell what they would have told without it: no less, and nothing twice."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.precinct.ruled import Ruled, brawl, report

RULES = """
- id: dua-bertetangga
  when: {count: {event: alert.tawuran, at_least: 2}, within: 60s, neighbours: kelurahan}
  then: {escalate: precinct, incident: luas, severity: critical}
- id: berantai
  when: {event: alert.luas}
  then: {escalate: precinct, incident: siaga, severity: high}
  throttle: {once_within: 90s, group_by: [kelurahan]}
- id: urut
  runs_at: precinct
  when: {sequence: [{event: report.ajakan}, {event: report.kumpul}], within: 45s}
  then: {escalate: precinct, incident: urut, severity: medium}
- id: tanpa-kabar
  runs_at: precinct
  when: {absent: {event: report.selesai}, after: {event: report.ajakan}, within: 3m}
  then: {escalate: precinct, incident: tanpa-kabar, severity: low}
"""

Step = tuple[str, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tawuran", "ajakan", "kumpul", "selesai"]),
        st.sampled_from(["pos-03", "pos-07", "pos-09"]),
        st.integers(0, 40),
    ),
    min_size=2,
    max_size=12,
)
Told = list[tuple[str, str, int, tuple[str, ...]]]


def play(desk: Ruled, step: Step, n: int) -> None:
    """Say one thing, some seconds after the one before."""
    what, post, seconds = step
    desk.hands.pass_s(seconds)
    if what == "tawuran":
        desk.alert(brawl(post, f"-{n}"), post)
    else:
        desk.say(report(what, f"r{n}"), post)


def told(desk: Ruled) -> Told:
    """Return every incident that the rules have raised, with its evidence."""
    found = []
    for incident in desk.station.store.reading.incidents(500):
        history = desk.station.store.reading.history(incident.id)
        if incident.own and incident.rule != "tanda" and history is not None:
            events = tuple(sorted(row.event for row in history.evidence))
            found.append((incident.rule, incident.post, incident.count, events))
    return sorted(found)


def quiet_night(folder: Path, steps: list[Step]) -> Told:
    """Return what is told without a kill."""
    desk = Ruled(folder / "tenang", RULES)
    try:
        for n, step in enumerate(steps):
            play(desk, step, n)
        desk.settle()
        return told(desk)
    finally:
        desk.station.stop()


def killed_night(folder: Path, steps: list[Step], kills: set[int]) -> Told:
    """Return what is told when the kills come right behind these steps, with their inputs still under way."""
    desk = Ruled(folder / "0", RULES)
    try:
        for n, step in enumerate(steps):
            play(desk, step, n)
            if n in kills:
                before, desk = desk, desk.killed(folder / f"{n + 1}", RULES)
                before.station.stop()
        desk.settle()
        return told(desk)
    finally:
        desk.station.stop()


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS, kills=st.sets(st.integers(0, 11), max_size=4))
def test_a_night_with_kills_tells_what_a_night_without_them_tells(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], kills: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("malam")
    without = [one for one in quiet_night(folder, steps) if one[0] != "tanpa-kabar"]
    with_kills = killed_night(folder, steps, kills)
    assert [one for one in with_kills if one[0] != "tanpa-kabar"] == without
    silences = [one for one in with_kills if one[0] == "tanpa-kabar"]
    assert len(silences) == len(set(silences))  # what spans our own absence is unknown; none is told twice
