"""The command line as a technician meets it: what it prints, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dispatcher.cli import main
from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Journal, Kind

ROOT = Path(__file__).parents[3]
RULE = "version: 1\nrules:\n- id: a\n  when: {event: KIND}\n  then: {escalate: precinct, incident: x, severity: low}\n"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["post"], ["post", "--config"], ["check", "--nothing"], ["journal", "x"]]
)
def test_words_that_are_no_command_end_with_64_and_say_what_is_wrong(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 64
    assert "Error: " in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("kentongan 0.")


def test_a_missing_configuration_ends_with_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["post", "--config", str(tmp_path / "none.yaml")]) == 78
    assert main(["precinct", "--config", str(tmp_path / "none.yaml")]) == 78
    assert "none.yaml: file-unreadable" in capsys.readouterr().err


def test_the_shipped_files_have_no_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check"]) == 0
    assert "no fault" in capsys.readouterr().out


def test_every_fault_of_every_file_is_told_in_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULE.replace("KIND", "moton"))
    (tmp_path / "b.yaml").write_text(RULE.replace("KIND", "smoke").replace("id: a", "id: B"))
    (tmp_path / "c.yaml").write_text("timezone: WIB\nprecinct: {id: p}\nposts: []\n")
    (tmp_path / "d.yaml").write_text("what: is this\n")
    assert main(["check", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "a.yaml:4:17: unknown-kind: unknown event kind moton (did you mean motion?)" in printed.err
    assert "b.yaml:3:3: bad-id" in printed.err
    assert "c.yaml:1:1: wrong-value: timezone is wrong" in printed.err
    assert "d.yaml:1:1: unknown-file" in printed.err
    assert "4 fault(s) in 4 file(s)" in printed.out


def test_faults_are_told_in_indonesian_unless_asked_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "id")
    (tmp_path / "a.yaml").write_text(RULE.replace("KIND", "moton"))
    assert main(["check", str(tmp_path)]) == 1
    assert "jenis kejadian moton tidak dikenal (maksud Anda motion?)" in capsys.readouterr().err


def test_the_shipped_cases_pass(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["test"]) == 0
    assert capsys.readouterr().out.rstrip().endswith(" passed, 0 failed")


def test_a_case_that_fails_is_named_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {
        "id": "wrong-1", "convention": "zigbee2mqtt", "model": "SNZB-04", "topic": "zigbee2mqtt/door",
        "payload": '{"contact":false}', "expect": [{"kind": "smoke", "device": "door", "attrs": {}}],
    }  # fmt: skip
    (tmp_path / "x.cases.jsonl").write_text(json.dumps(case))
    assert main(["test", str(tmp_path), "--devices", str(ROOT / "devices")]) == 1
    out = capsys.readouterr().out
    assert "wrong-1" in out
    assert out.endswith("0 passed, 1 failed\n")


# --- journal


def journal(folder: Path) -> Path:
    opened = Journal.open(folder / "journal", segment_bytes=65_536, reserve_bytes=0, boot="0" * 32, mono=lambda: 0)
    for number in range(3):
        opened.append([Entry(Kind.MESSAGE, Stamp(number, 0, trusted=False), b'{"n":%d}' % number)])
        opened.sync()
    opened.close()
    return folder / "journal"


def test_a_sound_journal_is_clean_and_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path)
    assert main(["journal", "fsck", "--data", str(tmp_path)]) == 0
    assert main(["journal", "verify", "--data", str(tmp_path / "journal")]) == 0
    capsys.readouterr()
    assert main(["journal", "export", "--data", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["json"] for line in lines] == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_damaged_record_is_told_as_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = journal(tmp_path)
    segment = next(path for path in sorted(folder.iterdir()) if b'{"n":1}' in path.read_bytes())
    segment.write_bytes(segment.read_bytes().replace(b'{"n":1}', b'{"n":9}'))
    assert main(["journal", "fsck", "--data", str(tmp_path)]) == 2
    assert "LOST" in capsys.readouterr().out


def test_a_journal_in_use_is_checked_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = Journal.open(tmp_path / "journal", segment_bytes=65_536, reserve_bytes=0, boot="0" * 32, mono=lambda: 0)
    opened.append([Entry(Kind.ALIVE, Stamp(0, 0, trusted=False), b"{}")])
    opened.sync()
    assert main(["journal", "fsck", "--data", str(tmp_path)]) == 0
    opened.close()
    assert capsys.readouterr().out


def test_a_folder_without_a_journal_ends_with_74(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", "--data", str(tmp_path / "none")]) == 74
    assert "there is no journal" in capsys.readouterr().err


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    folder = journal(tmp_path)
    command = f"'{sys.executable}' -m dispatcher journal export --data '{folder}' | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.rstrip().endswith("0")


def test_a_missing_extra_is_named_with_the_line_that_brings_it() -> None:
    hide = "import sys; sys.modules['starlette'] = None; import importlib.util as u; f = u.find_spec; " + (
        "u.find_spec = lambda n, *a: None if n == 'starlette' else f(n, *a); from dispatcher.cli import main; "
        "sys.exit(main(['precinct', '--config', 'x']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 78
    assert "pip install 'kentongan[precinct]'" in done.stderr


def test_one_damaged_record_among_many_is_one_loss_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Journal.open(tmp_path / "journal", segment_bytes=65_536, reserve_bytes=0, boot="0" * 32, mono=lambda: 0)
    for number in range(77):
        opened.append([Entry(Kind.MESSAGE, Stamp(number, 0, trusted=False), b'{"number":%d}' % number)])
        opened.sync()
    opened.close()
    segment = next(path for path in sorted((tmp_path / "journal").iterdir()) if b'{"number":7}' in path.read_bytes())
    segment.write_bytes(segment.read_bytes().replace(b'{"number":7}', b'{"numbex":7}'))
    assert main(["journal", "verify", "--data", str(tmp_path)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert sum("LOST" in line for line in lines) == 1
    assert not any("twice" in line for line in lines)


def test_a_folder_that_holds_no_journal_is_not_called_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("verify", "fsck", "export"):
        assert main(["journal", command, "--data", str(tmp_path)]) == 74
    assert "there is no journal" in capsys.readouterr().err


def test_a_site_that_names_an_unknown_profile_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text(
        "timezone: Asia/Jakarta\nprecinct: {id: p}\nposts: []\ndevices:\n- {id: a, profile: kentongann, role: panic_button}\n"
    )
    assert main(["check", str(tmp_path)]) == 1
    assert "site.yaml:5:20: unknown-profile: no profile kentongann (did you mean kentongan?)" in capsys.readouterr().err


def test_a_post_that_its_site_does_not_know_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_text("timezone: Asia/Jakarta\nprecinct: {id: p}\nposts: [{id: pos-03}]\n")
    (tmp_path / "post.yaml").write_text(
        "post: pos-99\ndata_dir: d\nsite: site.yaml\nbroker: {host: h}\nprecinct: {id: p, broker: {host: h}}\n"
    )
    assert main(["check", str(tmp_path)]) == 1
    assert "post.yaml:1:1: unknown-post: site.yaml has no post pos-99 (did you mean pos-03?)" in capsys.readouterr().err
