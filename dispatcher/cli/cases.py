"""``kentongan test``: case files of devices, played against the profiles."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dispatcher.cli.say import complain, show
from dispatcher.devices import Profiles, parse_profiles, run_cases
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.settings.share import share
from dispatcher.settings.sources import collect

GOOD, FOUND, USAGE, IO_ERROR = 0, 1, 64, 74
CASES = ".cases.jsonl"

NO_CASES = Text("tidak ada berkas *{suffix} di sini", "there is no *{suffix} here")
NOT_CASES = Text("{path}: bukan berkas *{suffix}", "{path}: is no *{suffix} file")
CANNOT_READ = Text("{path}: tidak dapat dibaca: {error}", "{path}: cannot be read: {error}")


def play(paths: Sequence[Path], devices: Path | None) -> int:
    """Play case files; print a line for each that fails and close with ``N passed, N failed``."""
    try:
        profiles = _profiles(devices)
    except FaultsFound as found:
        show(found.faults)
        return FOUND
    files = list(_files(list(paths) or [Path("devices")]))
    if not files:
        complain(NO_CASES, suffix=CASES)
        return USAGE
    passed = failed = 0
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            complain(CANNOT_READ, path=path, error=error)
            return IO_ERROR
        report = run_cases(lines, profiles)
        passed, failed = passed + report.passed, failed + report.failed
        for failure in report.failures:
            print(f"{path}: {failure}")
    print(f"{passed} passed, {failed} failed")
    return FOUND if failed else GOOD


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob(f"*{CASES}"))
        elif path.name.endswith((".jsonl", CASES)):
            yield path
        else:
            complain(NOT_CASES, path=path, suffix=CASES)


def _profiles(devices: Path | None) -> Profiles:
    """Return the profiles of ``devices``, else of ./devices, else the shipped ones. Raises FaultsFound."""
    here = Path("devices")
    folder = devices or (here if any(here.glob("*.yaml")) else share() / "devices")
    nodes, faults = collect([folder]).trees()
    profiles, more = parse_profiles(nodes)
    if faults or more:
        raise FaultsFound((*faults, *more))
    return profiles
