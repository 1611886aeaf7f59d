"""`kentongan post` that cannot start says why in a line and ends with the code that systemd and people act on."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.journal.layout import Header
from tests.support.brokers import free_port
from tests.support.daemons import ROOT, Daemon

HOST = "127.0.0.1"
PATIENCE_S = 60
USAGE, IO_ERROR, TRY_LATER, BAD_CONFIG = 64, 74, 75, 78
SITE = ROOT / "tests" / "stories" / "site.yaml"
NEWER = 99  # a journal's format from years to come

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes post.yaml, with brokers that nobody needs to answer."""

    def post_yaml(**changes: Any) -> Path:
        body = {
            "post": "pos-03",
            "data_dir": "data",
            "site": str(SITE),
            "broker": {"host": HOST, "port": 1},
            "precinct": {"id": "polsek-tambora", "broker": {"host": HOST, "port": 1}},
            "http": {"listen": f"{HOST}:{free_port()}"},
            "matcher": "python",
            **changes,
        }
        path = tmp_path / "post.yaml"
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")
        return path

    return post_yaml


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "dispatcher", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, "KENTONGAN_LANG": "en"},
    )


def post(config: Path) -> subprocess.CompletedProcess[str]:
    return run("post", "--config", str(config))


@pytest.fixture
def running_post(write: Write, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("post", write(), tmp_path / "post.log")
    daemon.start()
    try:
        daemon.wait_ready()
        yield daemon
    finally:
        daemon.kill()


# --- 64: not a command of ours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["post", "--konfig", "x"], ["post"], ["post", "--config"], ["pos"], ["post", "x"]])
def test_a_command_line_that_is_not_ours_is_64(words: list[str]) -> None:
    ended = run(*words)
    assert ended.returncode == USAGE
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr


# --- 78: a person has to change a file -------------------------------------------------------------------------------

FAULTY = """\
post: pos 03
data_dir: data
site: site.yaml
broker: {host: 127.0.0.1, port: 99999}
precinct: {id: polsek-tambora}
http: {listen: nowhere}
retry: {min: 5 minutes}
colour: red
"""


def test_every_fault_of_post_yaml_is_told_with_its_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "post.yaml"
    path.write_text(FAULTY, encoding="utf-8")
    ended = post(path)
    assert ended.returncode == BAD_CONFIG
    told = re.findall(r"^\S*post\.yaml:(\d+):(\d+): [a-z-]+: \S", ended.stderr, re.MULTILINE)
    assert [int(line) for line, _ in told] == [1, 4, 5, 6, 7, 8]
    assert all(int(column) >= 1 for _, column in told)
    assert len(told) == len(ended.stderr.splitlines())


@pytest.mark.parametrize("content", [b"", b"post: [\n", b"\xff\xfe", b"- a\n- list\n", b"post: pos-03\npost: pos-04\n"])
def test_a_post_yaml_that_is_no_settings_at_all_is_78(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "post.yaml"
    path.write_bytes(content)
    ended = post(path)
    assert ended.returncode == BAD_CONFIG
    assert "post.yaml" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_post_yaml_that_is_not_there_is_78_and_named(tmp_path: Path) -> None:
    ended = post(tmp_path / "post.yaml")
    assert ended.returncode == BAD_CONFIG
    assert str(tmp_path / "post.yaml") in ended.stderr


def test_a_password_file_that_is_not_there_is_78_and_named(write: Write) -> None:
    broker = {"host": HOST, "port": 1, "username": "kentongan-post", "password_file": "nobody-wrote-it"}
    ended = post(write(broker=broker))
    assert ended.returncode == BAD_CONFIG
    assert "nobody-wrote-it" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_any_site_there_is_no_post(write: Write, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("posts: 7\nkelurahan: []\n", encoding="utf-8")
    ended = post(write(site="site.yaml"))
    assert ended.returncode == BAD_CONFIG
    assert re.search(r"site\.yaml:1:\d+: ", ended.stderr)


def test_a_journal_of_a_newer_program_is_78_and_nothing_is_touched(write: Write, tmp_path: Path) -> None:
    journal = tmp_path / "data" / "journal"
    journal.mkdir(parents=True)
    (journal / "00000001.seg").write_bytes(Header(b"i" * 16, 1, 65_536, version=NEWER).pack() + b"what we cannot know")
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    ended = post(write())
    assert ended.returncode == BAD_CONFIG
    assert str(NEWER) in ended.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()} == before


# --- 74: the disk ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["in-the-way", "in-the-way/data"])
def test_a_data_dir_that_cannot_be_made_is_74_and_named(write: Write, tmp_path: Path, folder: str) -> None:
    (tmp_path / "in-the-way").write_text("a file", encoding="utf-8")
    ended = post(write(data_dir=folder))
    assert ended.returncode == IO_ERROR
    assert folder in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="no permission stops root")
def test_a_data_dir_without_write_permission_is_74(write: Write, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o555)
    ended = post(write())
    assert ended.returncode == IO_ERROR
    assert str(tmp_path / "data") in ended.stderr


# --- 75: somebody is here already ------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_75_and_named(write: Write) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = f"{HOST}:{other.getsockname()[1]}"
        ended = post(write(http={"listen": taken}))
    assert ended.returncode == TRY_LATER
    assert taken in ended.stderr


def test_a_port_that_was_taken_for_a_while_does_not_cost_the_rules(write: Write, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        config = write(http={"listen": f"{HOST}:{other.getsockname()[1]}"}, rules=[str(ROOT / "rules")])
        assert [post(config).returncode for _ in range(3)] == [TRY_LATER] * 3
    daemon = Daemon("post", config, tmp_path / "post.log")
    daemon.start()
    try:
        daemon.wait_ready()
        assert list(daemon.told("safe_mode")) == []
    finally:
        daemon.kill()


def test_a_second_post_on_the_same_data_is_75_and_leaves_the_first_alone(running_post: Daemon, write: Write) -> None:
    ended = post(write())
    assert ended.returncode == TRY_LATER
    assert "data" in ended.stderr
    assert running_post.running


def test_a_post_that_is_told_to_end_is_0(running_post: Daemon) -> None:
    assert running_post.stop() == 0
