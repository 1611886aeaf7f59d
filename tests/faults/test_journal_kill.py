"""A real process that saves and says so, ended at the worst moments: what it said was saved must be there."""

import os
import random
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dispatcher.journal import Journal, JournalLocked, Kind, fsck, verify

ROOT = Path(__file__).parents[2]
BOOT = "11111111-2222-4333-8444-555555555555"
SEGMENT = 16 * 1024

WRITER = """
    import random, sys, time
    from pathlib import Path
    from dispatcher.domain.stamp import Stamp
    from dispatcher.journal import Entry, Journal, JournalError, Kind, NoSpace

    def body(sequence):
        return b"%d:" % sequence + random.Random(sequence).randbytes(sequence % 700)

    folder, batches = Path(sys.argv[1]), int(sys.argv[2])
    sizes = {"segment_bytes": 16384, "reserve_bytes": 32768, "keep_free_bytes": 1 << 20}
    journal = Journal.open(folder, **sizes, boot=sys.argv[3], mono=time.monotonic_ns)
    print("ready", flush=True)
    for batch in range(batches):
        start = journal.last_sequence + 1
        entries = [Entry(Kind.MESSAGE, Stamp(batch, 0, False), body(start + i)) for i in range(1 + batch % 5)]
        try:
            numbers = journal.append(entries)
            journal.sync()
        except NoSpace:
            print("nospace", flush=True)
            continue
        except JournalError as error:
            print("dead", error.errno, flush=True)
            break
        print("saved", numbers[0], numbers[-1], flush=True)
        if batch % 40 == 39:
            journal.write_checkpoint(journal.last_sequence, b"state %d" % journal.last_sequence)
    for attempt in (lambda: journal.append([]), journal.sync):
        try:
            attempt()
        except JournalError as error:
            print("still dead", error.errno, flush=True)
    sys.stdout.flush()
"""


def command(folder: Path, batches: int) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), str(batches), BOOT]


def body_of(sequence: int) -> bytes:
    return b"%d:" % sequence + random.Random(sequence).randbytes(sequence % 700)


def saved_in(lines: list[str]) -> set[int]:
    """The numbers that the writer called saved."""
    numbers: set[int] = set()
    for line in lines:
        word, *rest = line.split()
        if word == "saved":
            numbers.update(range(int(rest[0]), int(rest[1]) + 1))
    return numbers


def check(folder: Path, saved: set[int]) -> None:
    """All that was saved is there, once, in order, with its own body; and the journal goes on."""
    journal = Journal.open(folder, segment_bytes=SEGMENT, reserve_bytes=0, boot=BOOT, mono=lambda: 0)
    try:
        records = [record for record in journal.replay() if record.kind != Kind.CUT]
        sequences = [record.sequence for record in records]
        assert sequences == sorted(set(sequences))
        assert saved <= set(sequences)
        assert all(record.body == body_of(record.sequence) for record in records)
        assert journal.corrupt_records == 0
        checkpoint = journal.read_checkpoint()
        assert checkpoint is None or checkpoint.body == b"state %d" % checkpoint.through
    finally:
        journal.close()
    assert fsck(folder).exit_code == 0


def test_a_writer_killed_at_any_moment_loses_nothing_it_called_saved(tmp_path: Path) -> None:
    folder, saved, chance = tmp_path / "journal", set[int](), random.Random(7)
    for _ in range(12):
        writer = subprocess.Popen(command(folder, 100_000), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 200))]
        writer.kill()
        lines += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        saved |= saved_in([line for line in lines if line.endswith("\n")])
        check(folder, saved)
    assert len(saved) > 500


def test_two_processes_never_write_one_journal_but_a_check_may_look_on(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    writer = subprocess.Popen(command(folder, 10**9), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "ready\n"
        for _ in range(20):
            writer.stdout.readline()
            with pytest.raises(JournalLocked):
                Journal.open(folder, boot=BOOT, mono=lambda: 0)
            findings = verify(folder)
            assert not findings.lost
            assert not findings.torn
            assert not findings.damaged
            assert not findings.bad_headers
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_a_child_that_outlives_a_killed_post_locks_nobody_out(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    script = """
        import os, sys, time
        from pathlib import Path
        from dispatcher.journal import Journal
        journal = Journal.open(Path(sys.argv[1]), boot=sys.argv[2], mono=time.monotonic_ns)
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            sys.stdin.read()
            os._exit(0)
        sys.stdin.read()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(folder), BOOT],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    assert parent.stdin is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    os.kill(child, 0)
    Journal.open(folder, boot=BOOT, mono=lambda: 0).close()
    parent.stdin.close()  # and the child ends
    parent.stdout.close()


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="NOT TESTED: strace is missing, so no fault is injected into system calls"
)


def traced(folder: Path, inject: str, segment: int, batches: int = 60) -> list[str]:
    """Runs the writer with faults injected into the calls on one segment file; returns what it said."""
    path = folder / f"{segment:08d}.seg"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-e", "trace=fdatasync,pwrite64"]
    done = subprocess.run(
        [*strace, "-e", f"inject={inject}", *command(folder, batches)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr.lower():
        pytest.skip(f"NOT TESTED: strace may not trace here: {done.stderr.strip()[:200]}")
    return done.stdout.splitlines()


@needs_strace
@pytest.mark.parametrize("nth", [3, 4, 11, 17])
def test_after_a_failed_fsync_nothing_more_is_called_saved(tmp_path: Path, nth: int) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, f"fdatasync:error=EIO:when={nth}", segment=1)
    assert "dead 5" in lines
    assert lines[lines.index("dead 5") :] == ["dead 5", "still dead 5", "still dead 5"]
    check(folder, saved_in(lines))


@needs_strace
@pytest.mark.parametrize("nth", [1, 2, 3, 9, 16])
def test_killed_in_the_middle_of_a_save_nothing_is_lost(tmp_path: Path, nth: int) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, f"fdatasync:signal=KILL:when={nth}", segment=1)
    assert "still dead" not in " ".join(lines)
    check(folder, saved_in(lines))


@needs_strace
def test_no_space_for_a_write_refuses_that_append_and_lives_on(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, "pwrite64:error=ENOSPC:when=4+3", segment=1)
    assert lines.count("nospace") >= 3
    assert not [line for line in lines if "dead" in line]
    assert lines[-1].startswith("saved")
    check(folder, saved_in(lines))


@needs_strace
def test_an_input_output_error_in_a_write_is_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, "pwrite64:error=EIO:when=5", segment=1)
    assert lines[-3:] == ["dead 5", "still dead 5", "still dead 5"]
    check(folder, saved_in(lines))


@needs_strace
def test_a_slow_disk_only_takes_longer(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, "fdatasync:delay_exit=50000:when=3..8", segment=1, batches=20)
    assert len(saved_in(lines)) == sum(1 + batch % 5 for batch in range(20))
    check(folder, saved_in(lines))


@needs_strace
def test_a_segment_is_known_as_used_before_the_first_record_stands_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    lines = traced(folder, "fdatasync:error=EIO:when=1", segment=2)
    assert "dead 5" in lines
    assert (folder / "00000002.seg").read_bytes()[512:-512].count(0) == SEGMENT - 1024
    check(folder, saved_in(lines))


@needs_strace
def test_a_start_reads_from_the_disk_and_not_from_what_memory_believes(tmp_path: Path) -> None:
    """After a failed fsync the page cache holds what the disk never got; a device that fails so is not at hand."""
    folder, log = tmp_path / "journal", tmp_path / "calls"
    subprocess.run(command(folder, 3), cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    trace = ["strace", "-f", "-qq", "-o", str(log), "-P", str(folder / "00000001.seg")]
    calls = ["-e", "trace=fdatasync,fadvise64,pread64"]
    done = subprocess.run([*trace, *calls, *command(folder, 1)], cwd=ROOT, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr.lower():
        pytest.skip(f"NOT TESTED: strace may not trace here: {done.stderr.strip()[:200]}")
    seen = [line.split("(")[0].split()[-1] for line in log.read_text().splitlines() if f", {SEGMENT}, 0)" in line
            or "fdatasync" in line or "fadvise64" in line]  # fmt: skip
    assert seen[:3] == ["fdatasync", "fadvise64", "pread64"]


@needs_strace
def test_a_file_gets_its_name_after_its_content_and_the_name_is_synced_before_anything_relies_on_it(
    tmp_path: Path,
) -> None:
    folder, log = tmp_path / "journal", tmp_path / "calls"
    trace = ["strace", "-f", "-y", "-qq", "-o", str(log), "-e", "trace=fsync,rename,renameat,renameat2"]
    done = subprocess.run([*trace, *command(folder, 90)], cwd=ROOT, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr.lower():
        pytest.skip(f"NOT TESTED: strace may not trace here: {done.stderr.strip()[:200]}")
    calls: dict[str, list[str]] = {}
    for line in log.read_text().splitlines():
        thread, call = line.split(maxsplit=1)
        if str(folder) in call and "resumed>" not in call:
            calls.setdefault(thread, []).append(call)
    renamed = 0
    for of_thread in calls.values():
        for before, call, after in zip(of_thread, of_thread[1:], of_thread[2:], strict=False):
            if call.startswith("rename"):
                name = call.split('"')[1]
                assert before.startswith("fsync(")
                assert f"<{name}>" in before
                assert after.startswith("fsync(")
                assert f"<{folder}>" in after
                renamed += 1
    assert renamed >= 2 + 4, "two checkpoints and some segments"
