"""`kentongan status`: the view of a post in 60 columns, the view that keeps up, and a post that does not answer."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from dispatcher.cli.app import main
from dispatcher.cli.asking import NoAnswer, Silence, ask
from dispatcher.cli.quantities import brief, clock_span, instant, size, span
from dispatcher.cli.status.command import Watching
from dispatcher.cli.status.news import news_of
from dispatcher.cli.status.screen import view
from dispatcher.post.standing import Broker, IncidentLine, LaneLine, Outbox, RuleLine, Standing, encode
from dispatcher.settings.station import PostSettings, load_post
from dispatcher.telemetry.http import Answer, Health, Server
from tests.support.brokers import free_port
from tests.unit.cli.standings import WELL, well, with_rules


@pytest.fixture(autouse=True)
def indonesian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "id")


FULL = RuleLine("ramai-di-gerbang", "", "live", "window", 2, 3, 42_000, (("post", "pos-03"), ("zone", "gang")))


# --- the view


def test_a_window_shows_how_full_it_is_where_and_when_it_runs_out() -> None:
    lines = view(with_rules(lines=(FULL,)))
    at = next(number for number, line in enumerate(lines) if line.startswith("ramai-di-gerbang"))
    assert lines[at].split() == ["ramai-di-gerbang", "2/3", "##..", "0:42", "0x", "belum"]
    assert lines[at + 1] == "  zone=gang"


def test_whatever_is_to_be_told_fits_sixty_columns() -> None:
    long = "x" * 300
    standing = well(
        lamp="undelivered",
        trouble="disk_low",
        brokers=tuple(Broker(name, "unreachable", 720, f"{long} {long}") for name in ("panic", "rest", "precinct")),
        outbox=Outbox(3, 720),
        incidents_open=1,
        incidents=(IncidentLine("i", "floor", f"Tombol {long}", "critical", "undelivered", 720, 12),),
        rules=replace(WELL.rules, lines=(replace(FULL, id=long, group=(("zone", long),), today={"fired": 10**12}),)),
    )
    for language in ("id", "en"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KENTONGAN_LANG", language)
            assert max(map(len, view(standing, news=[long]))) <= 60


def test_the_fullest_window_comes_first_and_what_has_no_room_is_counted() -> None:
    rules = [replace(FULL, id=f"r{number}", have=0, group=()) for number in range(30)]
    rules[20] = replace(rules[20], have=2)
    rules[25] = replace(rules[25], have=1)
    lines = view(with_rules(lines=tuple(rules)), height=24)
    assert len(lines) <= 24
    names = [line.split()[0] for line in lines if line.startswith("r") and "/3" in line]
    assert names[:3] == ["r20", "r25", "r0"]
    assert f"... dan {30 - len(names)} aturan lain" in lines


def test_a_low_terminal_shows_rules_and_news_even_when_much_is_wrong() -> None:
    standing = well(
        incidents_open=9,
        incidents=tuple(IncidentLine(str(n), "floor", "Tombol " * 20, "critical", "saved", 9, 1) for n in range(9)),
        devices=tuple(replace(WELL.devices[0], id=f"btn-{n}", heard_s=None) for n in range(40)),
    )
    lines = view(standing, height=24, news=["10:00:00 a", "10:00:01 b", "10:00:02 c"])
    assert len(lines) <= 24
    assert any(line.startswith("ramai") for line in lines)
    assert lines[-1] == "  10:00:02 c"


def test_a_connection_that_is_away_says_since_when_and_why() -> None:
    away = replace(WELL.brokers[2], phase="unreachable", since_s=720, detail="polsek.example:8883: Connection refused")
    text = "\n".join(view(well(brokers=(*WELL.brokers[:2], away), outbox=Outbox(3, 700))))
    assert "Polsek     TAK TERJANGKAU 12 mnt: polsek.example:8883:" in text
    assert "3 BELUM diterima Polsek, tertua 11 mnt" in text
    assert "broker pos tersambung 8 hari" in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "2 berjalan, versi aaaaaaaaaaaa"),
        ({"in_files": "c"}, "BERKASNYA LAIN"),
        ({"faults": ("r.yaml:1:1: x: y",)}, "BERKASNYA SALAH"),
        ({"safe_mode": True}, "mode aman"),
    ],
)
def test_rules_that_are_not_those_of_the_files_are_told(changes: dict[str, object], says: str) -> None:
    assert any(says in line for line in view(with_rules(**changes)))


def test_nothing_that_a_device_says_is_obeyed_by_the_terminal() -> None:
    evil = IncidentLine("i", "floor", "\x1b[2Jmuka\x07\u202e", "critical", "saved", 1, 1)
    assert all(line.isprintable() for line in view(well(incidents_open=1, incidents=(evil,)), news=["\x1b[0m"]))


def test_a_word_of_a_newer_post_is_shown_as_it_is() -> None:
    standing = well(brokers=(Broker("panic", "dreaming", 1),), lanes=(LaneLine("new", 7),))
    text = "\n".join(view(standing))
    assert "dreaming" in text
    assert "new 7" in text


# --- what happened between two views


def test_what_a_rule_came_to_between_two_views_is_news() -> None:
    before = with_rules(lines=(replace(FULL, today={"fired": 1}),))
    after = replace(before, lamp="saved", rules=replace(before.rules, lines=(replace(FULL, today={"fired": 3}),)))
    assert [line[9:] for line in news_of(before, after)] == ["ramai-di-gerbang menyala 2x", "lampu: saved"]
    assert news_of(before, before) == []
    assert news_of(None, after) == []


def test_a_new_day_counts_from_nothing() -> None:
    before = with_rules(lines=(replace(FULL, today={"fired": 9}),))
    after = with_rules(lines=(replace(FULL, today={"fired": 1}),))
    assert [line[9:] for line in news_of(before, after)] == ["ramai-di-gerbang menyala"]


def test_a_connection_that_breaks_is_news() -> None:
    after = well(brokers=(*WELL.brokers[:2], replace(WELL.brokers[2], phase="unreachable")))
    assert [line[9:] for line in news_of(WELL, after)] == ["precinct: TAK TERJANGKAU"]


# --- the view that keeps up


class Screen(io.StringIO):
    """A terminal, as far as it says so."""

    def isatty(self) -> bool:
        return True


def watched(looks: list[Standing | NoAnswer], out: io.StringIO) -> int:
    """Watch until all looks are used up, then press Ctrl-C."""
    left = iter(looks)

    def once() -> Standing:
        look = next(left, None)
        if look is None:
            raise KeyboardInterrupt
        if isinstance(look, NoAnswer):
            raise look
        return look

    return Watching(once, "pos-03", out, wait=lambda: None).run()


def test_the_view_is_drawn_over_the_old_one_and_ctrl_c_ends_it_well() -> None:
    out = Screen()
    assert watched([WELL, well(lamp="saved")], out) == 0
    frames = out.getvalue().split("\x1b[H")
    assert len(frames) == 3
    assert "lampu      saved" in frames[2]
    assert frames[2].endswith("\x1b[J\n")
    assert all(line.endswith("\x1b[K") for line in frames[1].split("\r\n")[:-1])


def test_a_post_that_goes_away_and_comes_back_does_not_end_the_view() -> None:
    out = io.StringIO()
    assert watched([WELL, NoAnswer(Silence.AWAY, "127.0.0.1:9310"), WELL], out) == 0
    said = out.getvalue()
    assert "pos tidak berjalan" in said
    assert said.count("lampu      idle") == 2
    assert "\x1b" not in said  # into a file or a pipe no drawing


# --- over HTTP


@contextmanager
def served(answer: Answer) -> Iterator[int]:
    health = Health(good=True, parts={})
    server = Server(("127.0.0.1", 0), CollectorRegistry(), lambda: health, lambda: health, {"/status": lambda: answer})
    server.start()
    try:
        yield server.address[1]
    finally:
        server.stop()


def settings(folder: Path, port: int) -> PostSettings:
    return load_post(config(folder, port))


def config(folder: Path, port: int) -> Path:
    body = {
        "post": "pos-03",
        "data_dir": "data",
        "site": "site.yaml",
        "broker": {"host": "127.0.0.1"},
        "precinct": {"id": "polsek-tambora", "broker": {"host": "127.0.0.1"}},
        "http": {"listen": f"127.0.0.1:{port}"},
    }
    path = folder / "post.yaml"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((503, "application/json", b"{}"), Silence.STUCK),
        ((404, "text/plain", b"/ready"), Silence.OLD),
        ((200, "text/html", b"<html>"), Silence.OLD),
        ((200, "application/json", b'{"rules": 1}'), Silence.OLD),
        ((200, "application/json", encode(well(post="pos-09"))), Silence.OTHER),
    ],
)
def test_an_answer_that_is_none_says_why(tmp_path: Path, answer: Answer, why: Silence) -> None:
    with served(answer) as port, pytest.raises(NoAnswer) as silence:
        ask(settings(tmp_path, port))
    assert silence.value.why is why
    assert str(port) in silence.value.render()


def test_a_post_that_says_nothing_in_time_is_stuck_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    go = threading.Event()
    health = Health(good=True, parts={})

    def never() -> Answer:
        go.wait(30)
        return 200, "application/json", encode(WELL)

    server = Server(("127.0.0.1", 0), CollectorRegistry(), lambda: health, lambda: health, {"/status": never})
    server.start()
    try:
        with pytest.raises(NoAnswer) as silence:
            ask(settings(tmp_path, server.address[1]), patience_s=0.05)
        assert silence.value.why is Silence.STUCK
    finally:
        go.set()
        server.stop()


def test_the_view_and_the_json_are_those_of_the_post_that_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served((200, "application/json", encode(WELL))) as port:
        path = str(config(tmp_path, port))
        assert main(["status", "--config", path]) == 0
        shown = capsys.readouterr().out
        assert main(["status", "--config", path, "--json"]) == 0
    assert shown.splitlines() == view(WELL)
    assert json.loads(capsys.readouterr().out)["post"] == "pos-03"


def test_a_post_that_is_not_there_is_told_and_the_exit_code_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(config(tmp_path, free_port()))
    assert main(["status", "--config", path]) == 2
    said = capsys.readouterr()
    assert "pos tidak berjalan" in said.err
    assert "kentongan doctor" in said.err
    assert main(["status", "--config", path, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["silence"] == "away"


def test_without_a_post_yaml_anywhere_it_asks_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dispatcher.cli.asking.CONFIGS", (Path("post.yaml"), Path("config/post.yaml")))
    assert main(["status"]) == 64
    assert "--config" in capsys.readouterr().err
    config(tmp_path, free_port())
    assert main(["status"]) == 2
    assert main(["status", "--watch", "--json"]) == 64


# --- quantities


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 dtk"), (59.9, "59 dtk"), (60, "1 mnt"), (61, "1 mnt 1 dtk"), (720, "12 mnt"), (3_600, "1 jam"),
     (11_520, "3 jam 12 mnt"), (86_400 * 2 + 3_600, "2 hari 1 jam"), (86_400 * 12 + 3_600, "12 hari"), (-5, "0 dtk")],
)  # fmt: skip
def test_a_duration_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_in_a_narrow_column_the_largest_unit_must_do() -> None:
    assert [brief(seconds) for seconds in (0, 61, 7_260, 86_400 * 400)] == ["0 dtk", "1 mnt", "2 jam", "400 hari"]


def test_sizes_clocks_and_instants_are_short() -> None:
    assert [size(count) for count in (12, 2_048, 3 * 2**20, int(12.34 * 2**30))] == [
        "12 B",
        "2 KiB",
        "3 MiB",
        "12,3 GiB",
    ]
    assert [clock_span(ms) for ms in (-1, 42_900, 725_000, 10_800_000)] == ["0:00", "0:42", "12:05", "3:00:00"]
    assert instant(0, "Asia/Jakarta") == "01-01-1970 07:00"
    assert instant(10**18, "Asia/Jakarta") == "?"
    assert instant(0, "Bulan/Kawah") == "?"
