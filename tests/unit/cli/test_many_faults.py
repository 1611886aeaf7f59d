"""Whoever mends one fault must not find the next one only then, and must not be sent after faults that are none."""

import random
from pathlib import Path

import pytest

from dispatcher.cli.check import faults_of
from dispatcher.settings.sources import collect
from tests.unit.cli.many_faults import FORMS, SORTS, Fault, Sort, faults, files, goes_with

FILES = files()
FAULTS = faults(FILES)
COMBINATIONS = 200
ALWAYS = {"config/site.yaml"}


def written(folder: Path, found: list[Fault], names: set[str]) -> None:
    for name in names:
        lines = list(FILES[name])
        for fault in found:
            if fault.file == name:
                lines[fault.line - 1] = fault.text
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")


def told(folder: Path) -> list[tuple[str, int, str]]:
    found, _ = faults_of(collect(sorted(path for path in folder.iterdir() if path.is_dir()), without=()))
    return sorted((fault.place.file, fault.place.line, fault.code) for fault in found)


def independent(rng: random.Random) -> list[Fault]:
    """Return 2 to 10 faults, each file and each sort of fault as likely as any other."""
    wanted, chosen = rng.randint(2, 10), list[Fault]()
    areas = rng.sample(sorted(FILES), rng.randint(1, 4))
    for _ in range(200):
        file = rng.choice(areas)
        code = rng.choice(sorted({fault.code for fault in FAULTS if fault.file == file}))
        fault = rng.choice([fault for fault in FAULTS if fault.file == file and fault.code == code])
        if len(chosen) < wanted and all(goes_with(fault, other) for other in chosen):
            chosen.append(fault)
    return chosen


def needed(chosen: list[Fault]) -> set[str]:
    """Return the files with faults, and those that they name or are named by."""
    names = {fault.file for fault in chosen} | ALWAYS
    return names | {name.replace(".test", "") for name in names}


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_all_faults_of_all_files_are_told_at_their_lines_in_one_run_and_nothing_else_is(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = independent(random.Random(seed))
    assert len(chosen) >= 2
    written(tmp_path, chosen, needed(chosen))
    assert told(tmp_path) == sorted(fault.place for fault in chosen)


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: f"{sort.code}-{sort.old}")
def test_each_fault_alone_is_told_alone(sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [fault for fault in FAULTS if fault in sort.of(fault.file, fault.line, _line(fault), fault.entry)]
    assert found, "no line of the files can have this fault"
    written(tmp_path, found[:1], needed(found[:1]))
    assert told(tmp_path) == [found[0].place]


def _line(fault: Fault) -> str:
    return FILES[fault.file][fault.line - 1]


def test_the_files_that_the_faults_are_put_into_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, [], set(FILES))
    assert told(tmp_path) == []
    assert FORMS.count("- id: ") == 10
