"""Which rules and which site a precinct runs with, whatever stands in its files."""

from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.faults import FaultsFound
from dispatcher.precinct.config import load
from dispatcher.settings.station import PrecinctSettings

SITE = """
timezone: Asia/Jakarta
precinct: {id: polsek-tambora}
kelurahan: [{id: krendang, code: "31", name: Krendang}]
posts: [{id: pos-03, name: Pos, kelurahan: krendang}]
"""
RULES = """
version: 1
rules:
- id: di-pos
  when: {event: motion}
  then: {escalate: precinct, incident: gerak, severity: low}
- id: di-polsek
  when: {event: alert.gerak}
  then: {escalate: kelurahan, incident: siaga, severity: low}
"""


class Files:
    """The files of a precinct."""

    def __init__(self, folder: Path) -> None:
        self.site, self.rules = folder / "site.yaml", folder / "rules.yaml"
        self.site.write_text(SITE, encoding="utf-8")
        self.rules.write_text(RULES, encoding="utf-8")
        self._folder = folder

    def settings(self, **changes: Any) -> PrecinctSettings:
        """Return precinct.yaml."""
        body = {
            "precinct": "polsek-tambora",
            "data_dir": self._folder / "data",
            "broker": {"host": "127.0.0.1"},
            "site": self.site,
            "rules": [self.rules],
            "channels": {"kelurahan": {}},
        }
        return PrecinctSettings.model_validate({**body, **changes})


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_the_whole_rule_set_is_read_with_the_channels_of_the_precinct(files: Files) -> None:
    loaded = load(files.settings())
    assert [rule.id for rule in loaded.rules.rules] == ["di-pos", "di-polsek"]
    assert (loaded.faults, loaded.fallbacks) == ((), ())


@pytest.mark.parametrize(
    "broken", [RULES.replace("alert.gerak", "alert.siaga"), RULES.replace("motion", "moton"), "rules: [", "version: 9"]
)
def test_a_faulty_rule_set_is_refused_whole_and_the_last_good_one_stays(files: Files, broken: str) -> None:
    good = load(files.settings()).rules
    files.rules.write_text(broken, encoding="utf-8")
    loaded = load(files.settings())
    assert loaded.rules == good
    assert loaded.fallbacks == ("rules",)
    assert loaded.faults


def test_a_clause_that_no_matcher_takes_is_a_fault_of_its_rule(files: Files) -> None:
    deep = "{severity: high}"
    for _ in range(40):
        deep = f"{{not: {deep}}}"
    where = RULES.replace("{event: alert.gerak}", f"{{event: alert.gerak, where: {deep}}}")
    files.rules.write_text(where, encoding="utf-8")
    loaded = load(files.settings())
    assert "too_deep" in "".join(fault.code for fault in loaded.faults) or loaded.fallbacks == ("rules",)
    assert not loaded.rules.rules


def test_without_a_good_copy_a_faulty_rule_set_leaves_the_precinct_without_rules(files: Files) -> None:
    files.rules.write_text("rules: [", encoding="utf-8")
    loaded = load(files.settings())
    assert (loaded.rules.rules, loaded.fallbacks) == ((), ("rules",))


def test_a_faulty_site_falls_back_to_the_last_good_one(files: Files) -> None:
    load(files.settings())
    files.site.write_text("timezone: Mars/Olympus", encoding="utf-8")
    loaded = load(files.settings())
    assert (list(loaded.site.posts), loaded.fallbacks) == (["pos-03"], ("site",))


def test_without_any_site_the_precinct_cannot_start(files: Files) -> None:
    files.site.unlink()
    with pytest.raises(FaultsFound):
        load(files.settings())
