"""The profiles that are shipped, and small ones written in a test."""

from pathlib import Path

from dispatcher.devices import Profiles, parse_profiles
from dispatcher.domain.faults import Fault
from dispatcher.settings.yamlfile import read_file, read_text

FOLDER = Path(__file__).parents[3] / "devices"
FILES = sorted(FOLDER.glob("*.yaml"))


def shipped() -> Profiles:
    profiles, faults = parse_profiles([read_file(path) for path in FILES])
    assert faults == ()
    return profiles


def written(text: str) -> tuple[Profiles, tuple[Fault, ...]]:
    return parse_profiles([read_text(text, "p.yaml")])
