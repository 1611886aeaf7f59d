from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.demo import folder, ports, run, say
from dispatcher.demo.ports import Ports
from dispatcher.demo.run import BAD_CONFIG, TRY_LATER, Options
from dispatcher.demo.supervise import Died
from dispatcher.domain.faults import Text
from dispatcher.settings.station import load_post, load_precinct

CHOSEN = Ports(board=9300, page=9301, post_http=9310, post_broker=(1, 2), precinct_broker=(3, 4))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("option", ["board_port", "page_port", "broker_port"])
def test_a_taken_port_is_said_in_one_plain_sentence_with_the_way_out(
    taken: int, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wished: dict[str, Any] = {"board_port": 0, "page_port": 0, "broker_port": 0, option: taken}
    assert run.run(Options(data_dir=tmp_path / "demo", **wished)) == TRY_LATER
    told = capsys.readouterr().err
    flag = "--" + option.replace("_", "-")
    assert told.splitlines() == [
        f"Port {taken} dipakai program lain. Pilih port yang kosong: kentongan demo {flag} 0",
        f"Port {taken} is taken by another program. Let the demo choose a free one: kentongan demo {flag} 0",
    ]


@pytest.mark.parametrize("wished", [{"board_port": 70_000}, {"page_port": -1}, {"broker_port": 65_530}])
def test_a_port_that_cannot_be_is_a_usage_error(
    wished: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.run(Options(data_dir=tmp_path, **wished)) == run.USAGE
    assert "65535" in capsys.readouterr().err


def test_a_missing_extra_is_one_line_that_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "EXTRAS", ("a_package_that_nobody_has",))
    assert run.run(Options(data_dir=tmp_path)) == BAD_CONFIG
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all("pip install 'kentongan[demo]'" in line for line in told)


def test_two_demos_do_not_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.hold(tmp_path):
        assert run.run(Options(data_dir=tmp_path, board_port=0, page_port=0, broker_port=0)) == TRY_LATER
    assert str(tmp_path) in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_said_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run.run(Options(data_dir=tmp_path / "file" / "demo")) == run.IO_ERROR
    assert "The demo cannot run" in capsys.readouterr().err


def test_the_settings_that_are_written_can_be_read_whatever_the_folder_is_called(tmp_path: Path) -> None:
    odd = tmp_path / 'pos "satu": #2 $HOME ünï'
    odd.mkdir()
    post_file, precinct_file = folder.write_settings(odd, CHOSEN)
    post, precinct = load_post(post_file), load_precinct(precinct_file)
    assert (post.data_dir, precinct.data_dir) == (odd / "post", odd / "precinct")
    assert (post.broker.port, post.precinct.broker.port, precinct.broker.port) == (2, 4, 4)
    assert post.site.is_file()
    assert all(path.is_dir() for path in (*post.rules, *post.devices))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/kentongan/demo"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/kentongan/demo"),
        ({"HOME": "/h"}, "/h/.local/state/kentongan/demo"),
    ],
)
def test_the_usual_folder_is_the_users_own(environment: dict[str, str], expected: str) -> None:
    assert folder.default(environment) == Path(expected)


def test_a_frame_holds_every_row_and_is_as_wide_as_the_widest() -> None:
    rows = say.framed(["pendek", "panjang" * 20]).splitlines()
    assert len({len(row) for row in rows}) == 1
    assert "panjang" * 20 in rows[2]


def test_what_ended_is_told_with_its_log() -> None:
    told: Text = say.died(Died("Pos", 78, ["x"], "/tmp/post.log"))
    assert "78" in told.id
    assert "/tmp/post.log" in told.en
