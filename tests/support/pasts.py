"""A post's past on disk, as a post leaves it: journal, kept rules and site. Lived through the real pipeline."""

from pathlib import Path
from textwrap import dedent

from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sources import Source, Sources, keep_version
from dispatcher.settings.yamlfile import read_text
from tests.unit.post.desk import Desk, HandClock

# The devices of tests.unit.incidents.town, as a file.
SITE_YAML = """\
timezone: Asia/Jakarta
precinct: {id: polsek-tambora}
kelurahan:
- {id: krendang, code: "31.73.04.1005", name: Krendang}
posts:
- {id: pos-03, name: Pos 03 Krendang, kelurahan: krendang, lat: -6.15, lon: 106.8, zones: [meja, gang, parkir]}
devices:
- {id: btn-1, role: panic_button, post: pos-03, zone: meja}
- {id: btn-2, role: panic_button, post: pos-03, zone: gang}
- {id: pir-1, role: motion, post: pos-03, zone: parkir}
- {id: smoke-1, role: smoke, post: pos-03, zone: meja}
- {id: lamp-1, role: lamp, post: pos-03}
- {id: siren-1, role: siren, post: pos-03}
"""
START_MS = 1_795_975_200_000  # 2026-11-30 01:00:00 WIB


class Life:
    """One post whose past is written into ``folder``; rules can change in the middle of it."""

    def __init__(self, folder: Path, rules: str, site: str = SITE_YAML) -> None:
        self.folder = folder
        self._site_version = self._keep("site", "site.yaml", site)
        self.site = parse_site(read_text(site, "site.yaml"))
        self._seq = 0
        self.desk = Desk(
            folder, self.rules(rules), clock=HandClock(wall_ms=START_MS), absence=self._start(), site=self.site
        )

    def _start(self, **more: object) -> dict[str, object]:
        return {"site": self._site_version, "post": "pos-03", **more}

    def _keep(self, sort: str, name: str, text: str) -> str:
        sources = Sources((Source(name, text.encode()),))
        keep_version(self.folder / "kept", sort, sources)
        return sources.version

    def rules(self, text: str) -> FullRuleSet:
        """Keep a list of rules as a post keeps its files, and return what it would run."""
        whole = "version: 1\nrules:\n" + dedent(text).lstrip("\n")
        version = self._keep("rules", "rules/aturan.yaml", whole)
        rules, faults = parse_ruleset([read_text(whole, "rules/aturan.yaml")], self.site, version=version)
        assert not faults, [fault.render("en") for fault in faults]
        return rules

    def wait(self, milliseconds: int) -> "Life":
        """Let time pass as at a real post, a turn at least each ten seconds."""
        while milliseconds > 0:
            step = min(10_000, milliseconds)
            self.desk.turn(step)
            milliseconds -= step
        return self

    def event(self, kind: str = "motion", device: str = "pir-1", **attrs: object) -> "Life":
        """Let a device say something, and have it judged within this instant."""
        self._seq += 1
        self.desk.say(self._seq, device, kind, attrs)
        self.desk.turns(2, 0)
        return self

    def late(self, kind: str, by_ms: int, device: str = "pir-1") -> "Life":
        """Let a device with a clock of its own say what happened so long ago."""
        self._seq += 1
        self.desk.say(self._seq, device, kind, {}, self.desk.clock.wall_ms - by_ms)
        self.desk.turns(2, 0)
        return self

    def restart(self, rules: str | None = None, **absence: object) -> "Life":
        """Die and start again, with other rules perhaps."""
        self.desk = self.desk.reopen(None if rules is None else self.rules(rules), absence=self._start(**absence))
        return self

    def end(self) -> Path:
        """Have everything on disk and return the folder."""
        self.desk.turns(3)
        self.desk.journal.sync()
        return self.folder


NIGHT = """
- id: ramai
  when: {count: {event: motion, at_least: 3}, within: 60s, group_by: [zone]}
  only_if: [{state: post_status, is: unmanned}]
  then: {escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai di {zone}"}
  throttle: {once_within: 10m, group_by: [zone]}
- id: pos-berjaga
  when: {event: check_in}
  then: {escalate: none, set: {post_status: manned}}
- id: pos-sunyi
  when: {absent: {event: check_in}, for: 45m, expect_from: posts}
  then: {escalate: none, set: {post_status: unmanned}}
- id: panas
  mode: shadow
  when: {event: reading.temperature, where: {value: {above: 57}}}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Suhu {value} di {zone}"}
"""


def night_of_the_handbook(folder: Path) -> Path:
    """Live through the night that the handbook tells of, from 01:00 to 02:45; return the data_dir."""
    life = Life(folder, NIGHT)
    life.event("check_in", "btn-2").wait(600_000)  # 01:10:00
    life.event().wait(20_000).event().wait(44_000).event().wait(3_536_000)  # 02:10:00; unmanned since 01:45
    life.event().wait(15_000).event().wait(15_000).event().wait(90_000)
    life.event().wait(10_000).event().wait(10_000).event().wait(1_060_000)
    life.event("reading.temperature", "smoke-1", value=61, unit="C").wait(600_000)
    life.event("panic.press", "btn-1").wait(300_000)
    return life.end()
