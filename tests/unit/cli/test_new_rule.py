"""`kentongan rule new`: a few questions, and a rule with tests that pass at once; or nothing at all."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.app import main
from dispatcher.cli.newrule import answers
from dispatcher.cli.newrule.model import Draft, Form
from dispatcher.cli.newrule.prove import Proof, prove
from dispatcher.cli.newrule.rulefile import rule_text
from dispatcher.cli.newrule.testcases import timeline_text
from dispatcher.cli.surroundings import SiteRead, Surroundings
from dispatcher.cli.timeline.run import survivors
from tests.support.schemas import underlined, values_of

ROOT = Path(__file__).parents[3]
Answers = Callable[..., None]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder like a technician's, in Indonesian."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "rules").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KENTONGAN_LANG", "id")
    return tmp_path


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answers:
    """Return what gives answers, one after the other; an exception is raised instead of an answer."""

    def give(*lines: str | BaseException) -> None:
        left = iter(lines)

        def read(prompt: str) -> str:
            print(prompt)
            answer = next(left, EOFError())
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr("builtins.input", read)

    return give


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- every combination -----------------------------------------------------------------------------------------------

KINDS = ("smoke", "reading.temperature", "report.sajam", "panic.press", "panel.alarm", "check_in")
PER = {"report.sajam": ("kelurahan", "post"), "panic.press": ("device",), "panel.alarm": ("device",)}
HOURS = (None, ("22:00", "05:00"), ("01:00", "01:01"))


def drafts() -> Iterator[Draft]:
    """Yield every path through the questions."""
    for kind, hours, once in itertools.product(KINDS, HOURS, ("", "10m", "5s")):
        common: dict[str, Any] = {"id": "a", "name": "A: b", "kind": kind, "hours": hours, "message": "{device}"}
        common |= {"once_within": once, "severity": "critical"}
        common |= {"above": 57} if kind == "reading.temperature" else {}
        floor = kind.startswith("pan")
        for per in PER.get(kind, ("device", "zone", "post")):
            for zone in ("",) if kind.startswith("report") else ("", "gudang belakang"):
                yield Draft(**common, per=per, zone=zone)
                if not floor:
                    yield Draft(**common, per=per, zone=zone, form=Form.COUNT, times=2 if zone else 5, within="1s")
                if not floor and per != "device":
                    second = "report.ranmor" if kind.startswith("report") else kind if per == "post" else "door.open"
                    second = "door.open" if second.startswith("reading") else second
                    yield Draft(**common, per=per, zone=zone, form=Form.THEN, then_kind=second, within="3m")
        if not floor and not kind.startswith("reading"):
            for roster, within in (("posts", "45m"), ("smoke", "20h")) if kind == "smoke" else (("posts", "10s"),):
                yield Draft(**common, form=Form.SILENT, roster=roster, within=within)


EVERY = list(drafts())


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_through_the_questions_ends_in_a_rule_whose_tests_pass(kind: str) -> None:
    for draft in (one for one in EVERY if one.kind == kind):
        rule, tests = rule_text(draft, "id"), timeline_text(draft, "a.yaml", "Asia/Jakarta", "id", None)
        assert prove(rule, tests, [], SiteRead(), Surroundings(), "id") == Proof(), (rule, tests)


def test_every_path_is_tried() -> None:
    assert len(EVERY) > 300
    assert {(draft.form, draft.hours is None, bool(draft.once_within)) for draft in EVERY} == set(
        itertools.product(Form, (True, False), (True, False))
    )


def test_what_is_written_is_not_underlined_by_an_editor() -> None:
    for draft in EVERY[::9]:
        assert underlined("rules", values_of(rule_text(draft, "id"))) == []
        assert underlined("test", values_of(timeline_text(draft, "a.yaml", "Asia/Jakarta", "id", None))) == []


def test_each_has_a_case_that_fires_a_near_miss_and_a_power_cut() -> None:
    for draft in EVERY:
        tests = values_of(timeline_text(draft, "a.yaml", "Asia/Jakarta", "id", None))["tests"]
        alerts = [any(one.get("alert") == "a" for one in case["expect"]) for case in tests]
        assert any(alerts)
        assert any(case["name"].startswith("nyaris") and not fires for case, fires in zip(tests, alerts, strict=True))
        assert [case for case in tests if any("power_cut" in step for step in case["steps"])]


def test_a_rule_whose_tests_fail_would_not_be_written() -> None:
    draft = Draft("a", "A", "smoke", message="x")
    other = timeline_text(draft, "a.yaml", "Asia/Jakarta", "id", None).replace("event: smoke", "event: heat")
    assert prove(rule_text(draft, "id"), other, [], SiteRead(), Surroundings(), "id").failures
    assert prove(rule_text(draft, "id").replace("smoke", "smok"), other, [], SiteRead(), Surroundings(), "id").faults


@pytest.mark.parametrize(
    "options",
    [
        "--event smoke --hours malam --zone gang",
        "--event motion --how count",
        "--event smoke --how then --then heat --hours 21:00-04:30",
        "--event reading.temperature --above 40",
        "--event report.sajam --how count --times 2 --within 5m",
    ],
)
def test_the_tests_notice_every_small_change_of_the_rule(options: str, here: Path) -> None:
    assert main(["rule", "new", "--yes", "--id", "a", *options.split()]) == 0
    assert survivors(here / "rules" / "a.test.yaml") == []


# --- asked -----------------------------------------------------------------------------------------------------------

NIGHT_SMOKE = ("asap", "1", "gang", "", "2", "tinggi", "1,3", "Asap malam hari", "ya")
CONVERSATIONS = [
    NIGHT_SMOKE,
    ("4", "count", "5", "30s", "*", "zona", "selalu", "low", "2", "", ""),
    ("smoke", "diikuti", "panas", "2m", "1", "2", "22-5", "gawat", "precinct fire", "Kebakaran", "y"),
    ("check_in", "silent", "posts", "75m", "malam", "", "koordinator", "", ""),
    ("roll_call", "4", "2", "20h", "", "", "", "", ""),
    ("9", "1", "> 57", "*", "1", "1", "4", "1", "Panas", ""),
    ("reading.water_level", "2", "2", "10m", "< 5", "", "", "", "", "", "", ""),
    ("panic.press", "", "", "", "", ""),
    ("report.tawuran", "2", "3", "10m", "1", "2", "5", "1,2", "Tawuran ramai", ""),
    ("report.sajam", "3", "report.tawuran", "", "", "", "", "", "", ""),
]


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=lambda lines: "-".join(lines[:2]))
def test_a_conversation_ends_in_two_files_that_pass(
    lines: tuple[str, ...], here: Path, answering: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(*lines)
    assert main(["rule", "new"]) == 0, capsys.readouterr()
    printed = capsys.readouterr().out
    assert len(files(here / "rules")) == 2
    assert main(["check"]) == 0, capsys.readouterr().err
    assert main(["test"]) == 0
    assert not [line for line in printed.splitlines() if len(line) > 60 and not line.startswith(("#", "  ", "rules/"))]


def test_smoke_at_night_is_what_was_said(here: Path, answering: Answers) -> None:
    answering(*NIGHT_SMOKE)
    assert main(["rule", "new"]) == 0
    (rule,) = values_of((here / "rules" / "asap-malam-hari.yaml").read_text(encoding="utf-8"))["rules"]
    assert rule == {
        "id": "asap-malam-hari",
        "name": "Asap malam hari",
        "when": {"event": "smoke", "where": {"zone": "gang"}},
        "only_if": [{"between": ["22:00", "05:00"]}],
        "then": {
            "escalate": ["precinct", "fire"],
            "incident": "kebakaran",
            "severity": "high",
            "message": "Asap malam hari: {device}, {post}",
        },
        "throttle": {"once_within": "10m", "group_by": ["device"]},
    }


def test_an_editor_finds_the_schema_of_what_was_written(here: Path) -> None:
    assert main(["rule", "new", "--yes", "--event", "smoke", "--id", "a"]) == 0
    first = (here / "rules" / "a.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../config/schemas/rules.schema.json"


def test_an_answer_that_makes_no_sense_is_asked_for_again(
    here: Path, answering: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(
        "banjirr",
        "99",
        "asap",
        "sometimes",
        "1",
        "gudang",
        "gang",
        "",
        "25:00-26:00",
        "2",
        "",
        "polisi",
        "",
        "",
        "mungkin",
        "ya",
    )
    assert main(["rule", "new"]) == 0
    told = capsys.readouterr().out
    assert "jenis kejadian ini tidak ada" in told
    assert "zona ini tidak ada di site.yaml: " in told
    assert "tulis dua jam" in told
    assert "jawab ya atau tidak" in told


@pytest.mark.parametrize("asked", range(len(NIGHT_SMOKE)))
@pytest.mark.parametrize(("end", "code"), [(KeyboardInterrupt(), 130), (EOFError(), 64)])
def test_whoever_gives_up_finds_nothing_half_written(
    asked: int, end: BaseException, code: int, here: Path, answering: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(*NIGHT_SMOKE[:asked], end)
    assert main(["rule", "new"]) == code
    assert "Tidak ada yang ditulis" in capsys.readouterr().err
    assert files(here / "rules") == []


def test_who_says_no_at_the_end_finds_nothing_written(here: Path, answering: Answers) -> None:
    answering(*NIGHT_SMOKE[:-1], "tidak")
    assert main(["rule", "new"]) == 130
    assert files(here / "rules") == []


@pytest.mark.parametrize("step", ["os.fsync", "os.link"])
@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 74)])
def test_an_end_while_files_are_written_leaves_none(
    step: str, time: int, error: BaseException, code: int, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(os, step.partition(".")[2])
    calls = itertools.count(1)

    def fail(*arguments: Any) -> Any:
        if next(calls) == time:
            raise error
        return real(*arguments)

    monkeypatch.setattr(step, fail)
    assert main(["rule", "new", "--yes", "--event", "smoke"]) == code
    assert files(here / "rules") == []


# --- given -----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_never_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rules" / "asap.test.yaml").write_text("tests: []\n")
    assert main(["rule", "new", "--yes", "--event", "smoke", "--id", "asap"]) == 64
    assert "sudah ada" in capsys.readouterr().err
    assert files(here / "rules") == ["asap.test.yaml"]
    assert (here / "rules" / "asap.test.yaml").read_text() == "tests: []\n"


def test_a_file_that_appears_meanwhile_is_not_written_over(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = os.fsync
    late = here / "rules" / "a.test.yaml"

    def appear(number: int) -> None:
        late.write_text("mine\n")
        real(number)

    monkeypatch.setattr("os.fsync", appear)
    assert main(["rule", "new", "--yes", "--event", "smoke", "--id", "a"]) == 1
    assert "a.test.yaml sudah ada" in capsys.readouterr().err
    assert files(here / "rules") == ["a.test.yaml"]
    assert late.read_text() == "mine\n"


def test_a_name_that_is_taken_gets_a_number(here: Path) -> None:
    for _ in range(3):
        assert main(["rule", "new", "--yes", "--event", "smoke", "--name", "Asap"]) == 0
    assert [name for name in files(here / "rules") if "test" not in name] == ["asap-2.yaml", "asap-3.yaml", "asap.yaml"]
    assert main(["check"]) == 0
    assert main(["test"]) == 0


def test_an_id_of_another_file_is_taken_too(here: Path) -> None:
    (here / "rules" / "all.yaml").write_text(rule_text(Draft("asap", "Asap", "smoke", message="x"), "id"))
    assert main(["rule", "new", "--yes", "--event", "smoke", "--name", "Asap"]) == 0
    assert files(here / "rules") == ["all.yaml", "asap-2.test.yaml", "asap-2.yaml"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("", "--event harus ada"),
        ("--event asapp", "jenis kejadian ini tidak ada"),
        ("--event panic.press --how count", "setiap tekanan sudah diteruskan"),
        ("--event smoke --how then", "--then harus ada"),
        ("--event smoke --how then --then report.tawuran", "keduanya laporan orang"),
        ("--event smoke --how then --then panic.press", "setiap tekanan sudah diteruskan"),
        ("--event smoke --how then --then reading.co", "ukuran"),
        ("--event smoke --how count --times 1", "2 sampai 100"),
        ("--event smoke --how count --within 5", "angka dan satuan"),
        ("--event smoke --how count --within 10ms", "paling sedikit 1s"),
        ("--event reading.co", "--above harus ada"),
        ("--event reading.co --above x", "tulis angka"),
        ("--event reading.co --above 5 --below 5", "tidak ada angka"),
        ("--event smoke --zone gudang", "zona ini tidak ada"),
        ("--event smoke --hours 22", "dua jam"),
        ("--event smoke --hours 22:00-22:00", "dua jam"),
        ("--event smoke --severity penting", "salah satu katanya"),
        ("--event smoke --escalate none", "salah satu katanya"),
        ("--event smoke --incident !", "huruf kecil"),
    ],
)
def test_an_option_that_makes_no_sense_is_told_and_nothing_is_written(
    options: str, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rule", "new", "--yes", *options.split()]) == 64
    assert told in capsys.readouterr().err
    assert files(here / "rules") == []


def test_what_check_refuses_is_told_and_nothing_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "new", "--yes", "--event", "smoke", "--how", "count", "--within", "40d"]) == 1
    assert "beyond-retention" in capsys.readouterr().err
    assert main(["rule", "new", "--yes", "--event", "smoke", "--message", "{a b}"]) == 1
    assert "bad-placeholder" in capsys.readouterr().err
    assert files(here / "rules") == []


def test_a_channel_of_the_site_may_be_told(here: Path) -> None:
    text = (here / "config" / "post.yaml").read_text(encoding="utf-8").replace("\nchannels:", "\n# channels:")
    (here / "config" / "post.yaml").write_text(text + "channels: {ketua-rt: {}}\n", encoding="utf-8")
    assert main(["rule", "new", "--yes", "--event", "smoke", "--escalate", "ketua-rt"]) == 0
    assert main(["check", "rules"]) == 0
    assert main(["test", "rules"]) == 0


def test_without_any_site_a_zone_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(tmp_path / "config")
    assert main(["rule", "new", "--yes", "--event", "smoke", "--zone", "gudang 2", "--folder", "new/rules"]) == 0
    assert main(["test", "new/rules"]) == 0


def test_a_name_with_signs_of_its_own_stays_a_name(here: Path) -> None:
    name = 'Pintu "belakang": {buka}, #1 é gudang'
    assert main(["rule", "new", "--yes", "--event", "door.open", "--name", name]) == 0
    (file,) = (path for path in (here / "rules").iterdir() if not path.name.endswith(".test.yaml"))
    assert file.name == "pintu-belakang-buka-1-e-gudang.yaml"
    assert values_of(file.read_text(encoding="utf-8"))["rules"][0]["name"] == name


def test_in_english_questions_and_tests_are_english(
    here: Path, answering: Answers, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    answering("smoke", "1", "", "", "at night", "high", "", "", "yes")
    assert main(["rule", "new"]) == 0
    assert "What happens?" in capsys.readouterr().out
    assert "near miss" in (here / "rules" / "smoke-at-night.test.yaml").read_text()


@pytest.mark.parametrize(
    ("answer", "hours"),
    [("22-5", ("22:00", "05:00")), ("22.30 - 04.15", ("22:30", "04:15")), ("1:00-2", ("01:00", "02:00"))],
)
def test_hours_are_read_as_people_write_them(answer: str, hours: tuple[str, str]) -> None:
    assert answers.hours(answer) == hours


@pytest.mark.parametrize(
    ("text", "slug"), [("Asap malam", "asap-malam"), ("é!!", "e"), ("…", "aturan"), ("a" * 90, "a" * 60)]
)
def test_a_name_becomes_an_id(text: str, slug: str) -> None:
    assert answers.slug(text) == slug
