"""The text's sentences as timelines: each file in ``timelines/`` is played as `kentongan test` plays it."""

from pathlib import Path

import pytest

from dispatcher.cli.timeline.run import Report, play_file

FOLDER = Path(__file__).parent / "timelines"
ROOT = Path(__file__).parents[3]
FILES = sorted((*FOLDER.glob("*.test.yaml"), *(ROOT / "rules").glob("*.test.yaml")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_timeline_comes_out_as_its_file_says(path: Path) -> None:
    report = Report()
    play_file(path, report, "en")
    assert report.failures == []
    assert report.passed
