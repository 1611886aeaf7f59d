"""``kentongan test``: case files of devices against the profiles, timelines of rules against the core."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dispatcher.cli.say import complain, language, show
from dispatcher.cli.timeline.load import Unplayable
from dispatcher.cli.timeline.run import Report, play_file, survivors, uncovered
from dispatcher.devices import Profiles, parse_profiles, run_cases
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.settings.share import share
from dispatcher.settings.sources import TESTS, collect

GOOD, FOUND, USAGE, IO_ERROR = 0, 1, 64, 74
CASES = ".cases.jsonl"
DEFAULTS = ("devices", "rules")

NO_CASES = Text("tidak ada berkas uji di sini: {suffix}", "there is no test file here: {suffix}")
NOT_CASES = Text("{path}: bukan berkas uji ({suffix})", "{path}: is no test file ({suffix})")
SURVIVED = Text("{path}: tidak ketahuan: {line}", "{path}: survived: {line}")
UNUSABLE = Text("tidak dapat dimainkan: {faults} kesalahan", "cannot be played: {faults} faults")
CANNOT_READ = Text("{path}: tidak dapat dibaca: {error}", "{path}: cannot be read: {error}")


@dataclass(slots=True)
class Tally:
    """What has been played so far. ``timelines`` also holds which clauses were true and false."""

    passed: int = 0
    failed: int = 0
    timelines: Report = field(default_factory=Report)


def play(
    paths: Sequence[Path],
    devices: Path | None,
    site: Path | None = None,
    *,
    coverage: bool = False,
    mutate: bool = False,
) -> int:
    """Play test files; print a line for each case that fails and close with ``N passed, N failed``.

    ``coverage`` also names the clauses that no test made true and false, ``mutate`` the changes that none noticed.
    """
    files = list(_files(list(paths) or [path for path in map(Path, DEFAULTS) if path.exists()]))
    if not files:
        complain(NO_CASES, suffix=f"*{CASES}, *{TESTS[0]}")
        return USAGE
    tally = Tally()
    try:
        _play_cases([path for path in files if not path.name.endswith(TESTS)], devices, tally)
    except FaultsFound as found:
        show(found.faults)
        return FOUND
    except OSError as error:
        complain(CANNOT_READ, path=error.filename or "", error=error)
        return IO_ERROR
    for path in files:
        if path.name.endswith(TESTS):
            play_timelines(path, site, tally)
    for line in uncovered(tally.timelines) if coverage else ():
        print(line)
    if mutate and not tally.failed:
        _tell_survivors([path for path in files if path.name.endswith(TESTS)], site)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return FOUND if tally.failed else GOOD


def _tell_survivors(files: list[Path], site: Path | None) -> None:
    """Change the rules of each file that passes a little, one at a time, and print what no test noticed."""
    for path in files:
        for line in survivors(path, site):
            print(SURVIVED.render(language(), {"path": path, "line": line}))


def _play_cases(files: list[Path], devices: Path | None, tally: Tally) -> None:
    """Play case files of devices. Raises FaultsFound for faulty profiles, and OSError."""
    profiles = _profiles(devices) if files else None
    for path in files:
        # A byte that is no UTF-8 spoils the line that it stands in, and no other.
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        report = run_cases(lines, profiles or _profiles(devices))
        tally.passed, tally.failed = tally.passed + report.passed, tally.failed + report.failed
        for failure in report.failures:
            print(f"{path}: {failure}")


def play_timelines(path: Path, site: Path | None, tally: Tally) -> None:
    """Play a file of timelines. In a file that cannot be used every case fails, and it says why."""
    before = tally.timelines.passed, len(tally.timelines.failures)
    try:
        play_file(path, tally.timelines, language(), site)
    except FaultsFound as found:
        show(found.faults)
        print(f"{path}: {UNUSABLE.render(language(), {'faults': len(found.faults)})}")
        tally.failed += max(1, found.cases if isinstance(found, Unplayable) else 1)
    tally.passed += tally.timelines.passed - before[0]
    new = tally.timelines.failures[before[1] :]
    tally.failed += len(new)
    for failure in new:
        print(failure)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.name.endswith((CASES, *TESTS)))
        elif path.name.endswith((".jsonl", *TESTS)):
            yield path
        else:
            complain(NOT_CASES, path=path, suffix=f"*{CASES}, *{TESTS[0]}")


def _profiles(devices: Path | None) -> Profiles:
    """Return the profiles of ``devices``, else of ./devices, else the shipped ones. Raises FaultsFound."""
    here = Path("devices")
    folder = devices or (here if any(here.glob("*.yaml")) else share() / "devices")
    nodes, faults = collect([folder]).trees()
    profiles, more = parse_profiles(nodes)
    if faults or more:
        raise FaultsFound((*faults, *more))
    return profiles
