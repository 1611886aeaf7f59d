"""`kentongan doctor`: each code is found where its cause is, and nowhere else; dead posts are looked at, too."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.app import main
from dispatcher.cli.asking import NoAnswer, Silence
from dispatcher.cli.doctor.findings import CASES, diagnose
from dispatcher.cli.doctor.model import Look
from dispatcher.cli.doctor.report import lines, plain
from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.post.card import Card, card_of
from dispatcher.post.ending import Ending, note_ending
from dispatcher.post.offline import standing_of
from dispatcher.post.standing import (
    ClockLine,
    DiskLine,
    LaneLine,
    MatcherLine,
    Outbox,
    Standing,
    StartLine,
    StrangerLine,
)
from dispatcher.settings.station import PostSettings, load_post
from tests.support.brokers import free_port
from tests.support.rules import ruleset
from tests.unit.cli.standings import DAY_S, WELL, well, with_rules
from tests.unit.post.desk import Desk

MIB = 2**20
AWAY = NoAnswer(Silence.AWAY, "127.0.0.1:9310")
SITE = """
timezone: Asia/Jakarta
precinct: {id: polsek-tambora}
kelurahan: [{id: krendang}]
posts: [{id: pos-03, kelurahan: krendang}]
devices:
- {id: btn-1, role: panic_button, post: pos-03}
- {id: btn-2, role: panic_button, post: pos-03}
- {id: pir-1, role: motion, post: pos-03, zone: parkir}
"""
RULES = """
version: 1
rules:
- id: ramai
  when: {count: {event: motion, at_least: 3}, within: 2m}
  then: {escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai"}
"""


@pytest.fixture(autouse=True)
def indonesian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "id")


def config(folder: Path, **changes: Any) -> Path:
    """Write a post's files into a folder, and return its post.yaml."""
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "ramai.yaml").write_text(RULES, encoding="utf-8")
    body = {
        "post": "pos-03",
        "data_dir": "data",
        "site": "site.yaml",
        "rules": ["rules"],
        "broker": {"host": "127.0.0.1", "username": "kentongan-post"},
        "precinct": {"id": "polsek-tambora", "broker": {"host": "polsek.example", "username": "pos-03"}},
        "http": {"listen": f"127.0.0.1:{free_port()}"},
        "limits": {"disk_low": "1MiB"},
        **changes,
    }
    path = folder / "post.yaml"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> PostSettings:
    return load_post(config(tmp_path))


def look(settings: PostSettings, standing: Standing | None = WELL, **changes: Any) -> Look:
    """Return a look at a post with which all is well but for what is given."""
    rules = "" if standing is None else standing.rules.version
    site = "" if standing is None else standing.rules.site
    card = Card("mmcblk0p2", free_bytes=12 * 2**30, errors=0)
    return Look(settings, standing, **{"rules_version": rules, "site_version": site, "card": card, **changes})


def found(look: Look) -> list[str]:
    return [finding.code for finding in diagnose(look)]


def link(name: str, **changes: Any) -> Standing:
    """Return a post one of whose connections is otherwise."""
    return well(brokers=tuple(replace(one, **changes) if one.name == name else one for one in WELL.brokers))


def rule(**changes: Any) -> Standing:
    """Return a post with one rule that is otherwise."""
    return with_rules(lines=(replace(WELL.rules.lines[0], **changes),))


def device(**changes: Any) -> Standing:
    """Return a post with one device that is otherwise."""
    return well(devices=(replace(WELL.devices[0], **changes), WELL.devices[1]))


def matcher(**changes: Any) -> Standing:
    return well(matcher=replace(MatcherLine("engine", "durable_rules"), **changes))


FAULT = Fault(
    Place("r.yaml", 4, 3), "unknown-key", Text("kunci {key} tidak dikenal", "unknown key {key}"), {"key": "wehn"}
)
OFF = replace(WELL, running=False, outbox=Outbox(), matcher=None, lanes=(), brokers=())
STARTS = tuple(StartLine(3_600 * n, 0, trusted=True) for n in range(6))
GOOD_CARD = Card("mmcblk0p2", free_bytes=12 * 2**30, errors=0)

Made = Callable[[PostSettings], Look]
CAUSES: dict[str, Made] = {
    "post.stopped": lambda s: look(s, OFF, silence=AWAY, ending=Ending(0, "", OFF.at_ms - 60_000)),
    "post.died": lambda s: look(s, OFF, silence=AWAY),
    "post.config": lambda s: look(s, OFF, silence=AWAY, ending=Ending(78, "site.yaml:1:1: x", 0)),
    "post.storage": lambda s: look(s, OFF, silence=AWAY, ending=Ending(74, "journal: EIO", 0)),
    "post.retry": lambda s: look(s, OFF, silence=AWAY, ending=Ending(75, "http.listen", 0)),
    "post.stuck": lambda s: look(s, OFF, silence=NoAnswer(Silence.STUCK, "127.0.0.1:9310")),
    "post.elsewhere": lambda s: look(s, OFF, silence=AWAY, process=4711),
    "post.safe-mode": lambda s: look(s, replace(with_rules(safe_mode=True, count=0), quick_ends=3)),
    "post.quick-ends": lambda s: look(s, well(quick_ends=2)),
    "post.restarts": lambda s: look(s, well(starts=STARTS)),
    "post.panic-waits": lambda s: look(s, well(lanes=(LaneLine("panic", 3, 9_000),))),
    "post.behind": lambda s: look(s, well(lanes=(LaneLine("panic"), LaneLine("rules", 900, 60_000)))),
    "broker.away": lambda s: look(s, link("rest", phase="unreachable", since_s=60, detail="Connection refused")),
    "broker.refused": lambda s: look(s, link("panic", phase="refused", since_s=60, detail="Not authorized")),
    "broker.topic-refused": lambda s: look(
        s, link("panic", refused_publishes=4, refused_topics=("kentongan/btn-1/confirm",), refused_s=5)
    ),
    "broker.breaks": lambda s: look(s, replace(link("rest", reconnects=30), up_s=7_200)),
    "precinct.away": lambda s: look(
        s, replace(link("precinct", phase="unreachable", since_s=720, detail="timed out"), outbox=Outbox(3, 700))
    ),
    "precinct.refused": lambda s: look(s, link("precinct", phase="refused", since_s=60, detail="Not authorized")),
    "precinct.topic-refused": lambda s: look(
        s, link("precinct", refused_publishes=4, refused_topics=("kentongan/v1/p/pos-03/alert",), refused_s=5)
    ),
    "precinct.no-receipts": lambda s: look(s, well(outbox=Outbox(2, 90))),
    "precinct.breaks": lambda s: look(s, replace(link("precinct", reconnects=30), up_s=7_200)),
    "disk.unsaved": lambda s: look(s, well(disk=DiskLine("failed", trouble="EIO"))),
    "disk.read-only": lambda s: look(s, card=replace(GOOD_CARD, read_only=True)),
    "disk.errors": lambda s: look(s, card=replace(GOOD_CARD, errors=7)),
    "disk.worn": lambda s: look(s, card=replace(GOOD_CARD, worn=90)),
    "disk.slow": lambda s: look(s, well(disk=replace(WELL.disk, save_p99_ms=500.0))),
    "disk.low": lambda s: look(s, card=replace(GOOD_CARD, free_bytes=MIB - 1)),
    "disk.soon-full": lambda s: look(s, card=replace(GOOD_CARD, free_bytes=2 * MIB)),
    "disk.damaged": lambda s: look(s, well(disk=replace(WELL.disk, corrupt=2))),
    "clock.untrusted": lambda s: look(s, well(clock=ClockLine(trusted=False, since_s=600, trust="kernel"))),
    "clock.believed": lambda s: look(
        s, well(clock=ClockLine(trusted=True, trust="always")), synchronised=False, machine="Raspberry Pi 4 Model B"
    ),
    "clock.stepped": lambda s: look(s, well(clock=replace(WELL.clock, steps=1, step_ms=-7_200_000, step_s=60))),
    "device.qos0": lambda s: look(s, device(qos0=2, qos0_s=60)),
    "device.all-silent": lambda s: look(s, well(devices=tuple(replace(one, heard_s=None) for one in WELL.devices))),
    "device.never-heard": lambda s: look(s, device(heard_s=None)),
    "device.silent": lambda s: look(s, well(devices=(WELL.devices[0], replace(WELL.devices[1], heard_s=3 * DAY_S)))),
    "device.unknown": lambda s: look(s, well(strangers=(StrangerLine("aneh", "panic.press", 60, 3),))),
    "config.faults": lambda s: look(s, faults=(FAULT,), changed_s=60.0),
    "config.fallback": lambda s: look(s, with_rules(fallbacks=("site",))),
    "config.needs-restart": lambda s: look(s, site_version="cccccccccccc"),
    "rules.unapplied": lambda s: look(s, rules_version="cccccccccccc", changed_s=60.0),
    "rules.none": lambda s: look(s, with_rules(count=0, wanted=0, lines=())),
    "rules.lost": lambda s: look(s, with_rules(wanted=3)),
    "rules.never-fired": lambda s: look(s, rule(fired_s=None)),
    "rules.never-complete": lambda s: look(s, rule(fired_s=None, matched_s=60)),
    "rules.ungrouped": lambda s: look(s, rule(ungrouped=4)),
    "rules.overflow": lambda s: look(s, rule(dropped=4)),
    "rules.too-late": lambda s: look(s, with_rules(too_late=4)),
    "rules.gave-up": lambda s: look(s, with_rules(gave_up=4)),
    "matcher.down": lambda s: look(s, matcher(answers="twin")),
    "matcher.restarts": lambda s: look(s, matcher(restarts=5, late=2)),
    "matcher.differences": lambda s: look(s, matcher(differences=1)),
    "matcher.quarantined": lambda s: look(s, matcher(quarantined=1)),
}
TOGETHER: dict[str, Made] = {
    "post.other": lambda s: look(s, OFF, silence=NoAnswer(Silence.OTHER, "127.0.0.1:9310", "pos-09"), process=1),
    "precinct.undelivered": lambda s: look(s, replace(OFF, outbox=Outbox(2, 90)), silence=AWAY),
}


# --- findings


def test_with_a_post_that_is_well_nothing_is_found(settings: PostSettings) -> None:
    assert found(look(settings)) == []


def test_for_every_code_there_is_a_cause_in_these_tests() -> None:
    assert set(CAUSES) | set(TOGETHER) == set(CASES)


@pytest.mark.parametrize("code", CAUSES)
def test_a_cause_is_found_and_nothing_beside_it(code: str, settings: PostSettings) -> None:
    assert found(CAUSES[code](settings)) == [code]


def test_what_is_found_beside_something_else_is_found(settings: PostSettings) -> None:
    assert found(TOGETHER["post.other"](settings)) == ["post.elsewhere", "post.other"]
    assert found(TOGETHER["precinct.undelivered"](settings)) == ["post.died", "precinct.undelivered"]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("code", [*CAUSES, *TOGETHER])
def test_every_finding_is_told_in_sixty_columns_with_no_place_left_open(
    code: str, language: str, settings: PostSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", language)
    seen = {**CAUSES, **TOGETHER}[code](settings)
    told = lines(seen, diagnose(seen))
    assert max(map(len, told)) <= 60
    assert any(code in line for line in told)
    # {trust: always} is YAML that a person types; every other brace would be a place that nobody filled.
    assert "{" not in "\n".join(told).replace("{trust: ", "").replace("{trust:", "")
    (entry, *_) = [one for one in plain(seen, diagnose(seen))["findings"] if one["code"] == code]
    assert entry["what"]
    assert entry["means"]
    assert all(entry["do"])


def test_what_matters_most_is_told_first(settings: PostSettings) -> None:
    standing = replace(
        rule(fired_s=None), devices=(replace(WELL.devices[0], qos0=1, qos0_s=5), WELL.devices[1]), quick_ends=2
    )
    assert found(look(settings, standing)) == ["device.qos0", "post.quick-ends", "rules.never-fired"]


@pytest.mark.parametrize(
    "standing",
    [
        link("precinct", phase="connecting", since_s=3),
        rule(fired_s=None, known_s=3_600),
        with_rules(lines=(replace(WELL.rules.lines[0], mode="off", fired_s=None), WELL.rules.lines[1]), wanted=1),
        rule(fired_s=9 * DAY_S, known_s=9 * DAY_S),
        device(role="lamp", heard_s=None),
        device(heard_s=20 * DAY_S),
        well(clock=ClockLine(trusted=False, since_s=5)),
        well(outbox=Outbox(1, 5)),
        replace(matcher(answers="restarting"), up_s=5),
        well(disk=replace(WELL.disk, saves=3, save_p99_ms=900.0)),
        well(strangers=(StrangerLine("aneh", "panic.press", 30 * DAY_S, 3),)),
        replace(device(heard_s=None), known_s=60),
        link("panic", reconnects=3),
    ],
)
def test_what_is_young_or_on_purpose_or_long_past_is_no_finding(standing: Standing, settings: PostSettings) -> None:
    assert found(look(settings, standing)) == []


def test_one_save_of_a_second_is_a_slow_card_while_the_lamp_says_so(settings: PostSettings) -> None:
    standing = well(disk=replace(WELL.disk, state="slow", saves=3))
    assert found(look(settings, standing)) == ["disk.slow"]


def test_a_rule_that_fired_before_it_was_changed_has_never_fired_since(settings: PostSettings) -> None:
    assert found(look(settings, rule(fired_s=20 * DAY_S, matched_s=20 * DAY_S))) == ["rules.never-fired"]


def test_a_rule_with_something_in_its_window_is_not_told_as_one_that_nothing_ever_matched(
    settings: PostSettings,
) -> None:
    assert found(look(settings, rule(fired_s=None, have=1))) == []


def test_names_of_devices_cannot_speak_to_the_terminal(settings: PostSettings) -> None:
    seen = look(settings, well(strangers=(StrangerLine("\x1b[2J\x07", "x", 5, 1),)))
    assert all(line.isprintable() for line in lines(seen, diagnose(seen)))


# --- the card


def sys_of(folder: Path, **files: str) -> Path:
    """Make a /sys in which the device of ``folder`` is the second partition of an eMMC."""
    device = folder.stat().st_dev
    sys = folder / "sys"
    disk = sys / "devices" / "mmcblk0"
    (disk / "mmcblk0p2").mkdir(parents=True)
    (disk / "device").mkdir()
    (sys / "dev" / "block").mkdir(parents=True)
    (sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").symlink_to(disk / "mmcblk0p2")
    (sys / "fs" / "ext4" / "mmcblk0p2").mkdir(parents=True)
    for name, text in files.items():
        path = disk / "device" if name == "life_time" else sys / "fs" / "ext4" / "mmcblk0p2"
        (path / name).write_text(text, encoding="ascii")
    return sys


def test_a_card_tells_its_wear_and_its_errors_where_it_can(tmp_path: Path) -> None:
    sys = sys_of(tmp_path, life_time="0x03 0x0a\n", errors_count="7\n")
    card = card_of(tmp_path / "not" / "there" / "yet", sys)
    assert (card.name, card.worn, card.errors, card.read_only) == ("mmcblk0p2", 100, 7, False)
    assert card.free_bytes is not None


def test_a_card_that_tells_nothing_is_no_fault(tmp_path: Path) -> None:
    card = card_of(tmp_path, sys_of(tmp_path, errors_count="?"))
    assert (card.worn, card.errors) == (None, None)
    assert card_of(tmp_path, tmp_path / "away").name == ""


# --- a post that does not run


def test_a_dead_post_is_looked_at_in_its_folder_and_nothing_is_changed_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path)
    data = tmp_path / "data"
    desk = Desk(data, ruleset("\n".join(RULES.splitlines()[3:])))
    desk.up.up = False
    desk.press(1)
    desk.message("kentongan/btn-2/event", b'{"kind": "panic.press"}', qos=0)
    desk.turns(3, 500)
    desk.journal.close()
    before = snapshot(data)
    assert main(["doctor", "--config", str(path)]) == 1
    said = capsys.readouterr().out
    assert "dibaca dari" in said
    assert "post.died" in said
    assert "2 laporan belum diterima Polsek" in said
    assert "tekanan dari btn-2 datang dengan QoS 0 (1 kali)" in said
    assert snapshot(data) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_how_a_post_ended_is_told_with_what_to_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = config(tmp_path)
    (tmp_path / "data").mkdir()
    note_ending(tmp_path / "data", Ending(75, "http.listen 127.0.0.1:9310: Address already in use", 0))
    assert main(["doctor", "--config", str(path), "--json"]) == 1
    (entry,) = json.loads(capsys.readouterr().out)["findings"]
    assert entry["code"] == "post.retry"
    assert "Address already in use" in entry["what"]


def test_faulty_rules_are_told_with_their_line_though_the_post_never_ran(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path)
    (tmp_path / "rules" / "ramai.yaml").write_text(RULES.replace("when:", "wehn:"), encoding="utf-8")
    assert main(["doctor", "--config", str(path), "--json"]) == 1
    entries = {entry["code"]: entry for entry in json.loads(capsys.readouterr().out)["findings"]}
    assert set(entries) == {"post.died", "config.faults"}
    assert "ramai.yaml:5" in entries["config.faults"]["what"]


def test_a_folder_that_may_not_be_read_is_told_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal").write_text("no folder", encoding="utf-8")
    assert main(["doctor", "--config", str(path)]) == 2
    assert "TIDAK DAPAT MELIHAT" in capsys.readouterr().out


def test_a_post_yaml_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "post.yaml"
    path.write_text("poost: pos-03\n", encoding="utf-8")
    assert main(["doctor", "--config", str(path)]) == 2
    assert "maksud Anda post?" in capsys.readouterr().err
    assert main(["doctor", "--config", str(tmp_path / "away.yaml")]) == 2


def test_what_a_folder_says_is_what_the_post_would_know_at_a_start(tmp_path: Path) -> None:
    settings = load_post(config(tmp_path))
    desk = Desk(tmp_path / "data", ruleset("\n".join(RULES.splitlines()[3:])))
    desk.sensor(1)
    desk.turns(3, 500)
    desk.journal.close()
    standing = standing_of(settings)
    assert (standing.running, standing.post) == (False, "pos-03")
    (line,) = standing.rules.lines
    assert (line.id, line.have, line.need) == ("ramai", 1, 3)
    assert line.matched_s is not None
    heard = {one.id: one.heard_s for one in standing.devices}
    assert heard["pir-1"] is not None
    assert heard["btn-1"] is None
