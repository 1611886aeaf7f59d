"""Other rules for a running precinct: between two events, whole or not at all, and nothing forgotten that need not be."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from dispatcher.matcher.port import Refusal, RefusalReason
from dispatcher.matcher.python import PythonMatcher
from dispatcher.precinct.config import Loaded, load
from dispatcher.precinct.reloading import Reloading
from dispatcher.precinct.rules.ruling import Rules
from dispatcher.settings.station import PrecinctSettings
from dispatcher.telemetry import log as logs
from dispatcher.wire.watch import OpenWatch
from tests.unit.precinct.builders import until
from tests.unit.precinct.ruled import NEAR, Ruled, brawl, report, rules_of

OTHER = """
- id: lain
  when: {count: {event: alert.tawuran, at_least: 2}, within: 5m}
  then: {escalate: precinct, incident: lain, severity: low}
"""
WORD = """
- id: kata
  runs_at: precinct
  when: {event: report.kebakaran}
  then: {escalate: precinct, incident: kebakaran, severity: high}
"""


class Reloads(Ruled):
    """A precinct whose rules are changed."""

    def change(self, text: str) -> tuple[tuple[str, ...], tuple[Refusal, ...]]:
        """Change the rules; return what was said when they ran."""
        return self.change_to(rules_of(text))

    def change_to(self, rules: Rules) -> tuple[tuple[str, ...], tuple[Refusal, ...]]:
        said: Future[tuple[tuple[str, ...], tuple[Refusal, ...]]] = Future()
        self.station.change_rules(rules, lambda fresh, refusals: said.set_result((fresh, refusals)))
        return said.result(10)


Make = Callable[[str], Reloads]


@pytest.fixture
def reloads(tmp_path: Path) -> Iterator[Make]:
    """Makes precincts; each is stopped in the end."""
    made: list[Reloads] = []

    def make(text: str) -> Reloads:
        made.append(Reloads(tmp_path / f"polsek-{len(made)}", text))
        return made[-1]

    yield make
    for desk in made:
        desk.station.stop()


def test_an_unchanged_rule_keeps_its_window_and_a_changed_one_begins_anew(reloads: Make) -> None:
    desk = reloads(NEAR + OTHER)
    desk.alert(brawl("pos-03"), "pos-03")
    moved = OTHER.replace("within: 5m", "within: 6m") + NEAR.replace("meluas di", "sampai ke")
    assert desk.change(moved) == (("lain",), ())
    desk.alert(brawl("pos-07"), "pos-07")
    desk.settle()
    assert (desk.one("tawuran-sekitar").count, desk.one("tawuran-sekitar").title) == (2, "Tawuran sampai ke angke")
    assert not desk.of("lain")


def test_what_came_before_is_judged_by_the_old_rules_and_what_comes_after_by_the_new(reloads: Make) -> None:
    desk = reloads(WORD)
    desk.say(report("kebakaran", "k1"))
    desk.change(WORD.replace("id: kata", "id: kata-baru"))
    desk.say(report("kebakaran", "k2"))
    desk.settle()
    assert [row.event for row in desk.history("kata").evidence] == ["k1"]
    assert [row.event for row in desk.history("kata-baru").evidence] == ["k2"]


def test_kinds_that_no_rule_wanted_before_are_heard_from_then_on(reloads: Make) -> None:
    desk = reloads(NEAR)
    desk.say(report("kebakaran", "k1"))
    desk.change(WORD)
    desk.say(report("kebakaran", "k2"))
    desk.settle()
    assert [row.event for row in desk.history("kata").evidence] == ["k2"]
    desk.change(NEAR)
    desk.say(report("kebakaran", "k3"))
    desk.settle()
    assert desk.one("kata").count == 1


def test_a_kill_after_a_change_finds_the_windows_of_the_new_rules(reloads: Make, tmp_path: Path) -> None:
    desk = reloads(WORD)
    desk.change(NEAR)
    desk.alert(brawl("pos-03"), "pos-03")
    desk.settle()
    again = desk.killed(tmp_path / "sesudah", NEAR)
    again.alert(brawl("pos-07"), "pos-07")
    again.settle()
    assert again.one("tawuran-sekitar").count == 2
    again.station.stop()


def test_watches_and_signs_of_life_outlive_a_change(reloads: Make) -> None:
    watched = WORD.replace("  then:", "  only_if: [{watch: tawuran}]\n  then:")
    desk = reloads(NEAR)
    desk.station.open_watch(OpenWatch("tawuran", None), "siti").result(10)
    desk.change(watched)
    desk.say(report("kebakaran", "k1"))
    desk.settle()
    assert desk.one("kata").count == 1


class Stubborn(PythonMatcher):
    """A matcher that takes no clauses."""

    def load(self, clauses: object) -> tuple[Refusal, ...]:
        return (Refusal("kata#0", RefusalReason.TOO_DEEP, "x"),)


def test_rules_that_the_matcher_refuses_leave_the_old_ones_running(reloads: Make) -> None:
    desk = reloads(WORD)
    fresh, refusals = desk.change_to(rules_of(NEAR, Stubborn()))
    assert (fresh, [one.clause for one in refusals]) == ((), ["kata#0"])
    desk.say(report("kebakaran", "k1"))
    desk.settle()
    assert desk.one("kata").count == 1


# --- from files


SITE = """
timezone: Asia/Jakarta
precinct: {id: polsek-tambora}
kelurahan: [{id: krendang}, {id: angke}]
posts: [{id: pos-03, kelurahan: krendang}]
"""
FILE = "version: 1\nrules:\n- id: siaga\n  when: {event: [report.tawuran, report.tanda]}\n" + (
    "  then: {escalate: precinct, incident: siaga, severity: low}\n"
)


class Files:
    """A precinct's files, and what is made of them at a hangup."""

    def __init__(self, folder: Path) -> None:
        self.site, self.rules = folder / "site.yaml", folder / "rules.yaml"
        self.site.write_text(SITE, encoding="utf-8")
        self.rules.write_text(FILE, encoding="utf-8")
        self.settings = PrecinctSettings.model_validate(
            {
                "precinct": "polsek-tambora",
                "data_dir": folder / "data",
                "broker": {"host": "127.0.0.1"},
                "site": self.site,
                "rules": [self.rules],
                "matcher": "python",
            }
        )
        self.changes: list[Rules] = []
        self.faults: list[int] = []

    def reloading(self, loaded: Loaded) -> Reloading:
        """Return what reads these files again."""
        return Reloading(
            self.settings,
            loaded,
            PythonMatcher,
            change=self._change,
            faults=self.faults.append,
            log=logs.get(precinct="polsek-tambora"),
        )

    def _change(self, rules: Rules, done: Callable[[tuple[str, ...], tuple[Refusal, ...]], None]) -> None:
        self.changes.append(rules)
        done((), ())

    @property
    def names(self) -> list[list[str]]:
        """Return the rules of each change."""
        return [[rule.id for rule in rules.engine.rules if rule.id != "di-pos"] for rules in self.changes]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


AT_PRECINCT = FILE.replace("  then", "  runs_at: precinct\n  then")


def test_a_fault_keeps_the_rules_that_run_and_is_told_until_it_is_mended(files: Files) -> None:
    reloading = files.reloading(load(files.settings))
    files.rules.write_text(AT_PRECINCT.replace("tawuran", "tawurn").replace("low", "lwo"), encoding="utf-8")
    reloading.read()
    assert (files.changes, files.faults) == ([], [2])
    files.rules.write_text(AT_PRECINCT, encoding="utf-8")
    reloading.read()
    assert (files.names, files.faults) == ([["siaga"]], [2, 0])


def test_a_precinct_that_began_without_rules_takes_its_first_ones(files: Files) -> None:
    files.rules.write_text("version: 1\nrules: []\n", encoding="utf-8")
    reloading = files.reloading(load(files.settings))
    assert reloading.first().engine.rules == ()
    files.rules.write_text(AT_PRECINCT, encoding="utf-8")
    reloading.read()
    assert files.names == [["siaga"]]


def test_a_start_with_broken_files_runs_what_was_reloaded_last(files: Files) -> None:
    reloading = files.reloading(load(files.settings))
    files.rules.write_text(AT_PRECINCT.replace("id: siaga", "id: waspada"), encoding="utf-8")
    reloading.read()
    files.rules.write_text("rules: [", encoding="utf-8")
    reloading.read()
    loaded = load(files.settings)
    assert ([rule.id for rule in loaded.rules.rules], loaded.fallbacks) == (["waspada"], ("rules",))


def test_a_good_copy_is_used_though_its_names_are_gone_from_the_site(files: Files) -> None:
    named = AT_PRECINCT.replace("tanda]}", "tanda], where: {kelurahan: angke}}")
    files.rules.write_text(named, encoding="utf-8")
    assert not load(files.settings).faults
    files.site.write_text(SITE.replace(", {id: angke}", ""), encoding="utf-8")
    loaded = load(files.settings)
    assert ([rule.id for rule in loaded.rules.rules], loaded.fallbacks) == (["siaga"], ("rules",))
    assert [fault.code for fault in loaded.faults] == ["unknown-name"]


def test_a_hangup_is_heard_by_the_thread_that_reads(files: Files) -> None:
    reloading = files.reloading(load(files.settings))
    reloading.start()
    reloading.hang_up()
    until(lambda: files.changes)
    reloading.stop()
