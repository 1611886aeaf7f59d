"""Running time over restarts."""

import time

import pytest

from dispatcher.domain.stamp import Stamp
from dispatcher.post.clock import Last, PostClock, boot_id, boottime_ns

SECOND_NS = 1_000_000_000


def test_a_restart_within_one_boot_counts_the_time_off() -> None:
    off = Last(Stamp(60_000, 0, trusted=False), boot_id(), boottime_ns() - 5 * SECOND_NS)
    clock = PostClock("kernel", off)
    assert clock.downtime_known
    assert 65_000 <= clock.stamp().run_ms < 125_000


def test_the_boot_id_of_a_record_is_known_again_with_or_without_dashes() -> None:
    plain = boot_id()
    dashed = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
    assert PostClock("kernel", Last(Stamp(0, 0, trusted=False), dashed, boottime_ns())).downtime_known


def test_a_power_cut_without_a_trusted_clock_stands_still() -> None:
    clock = PostClock("kernel", Last(Stamp(60_000, 1_000, trusted=False), "0" * 32, 0))
    assert not clock.downtime_known
    assert 60_000 <= clock.stamp().run_ms < 120_000


def test_a_power_cut_between_two_trusted_instants_counts_by_the_wall() -> None:
    now = PostClock("always").stamp()
    clock = PostClock("always", Last(Stamp(60_000, now.wall_ms - 7_200_000, trusted=True), "0" * 32, 0))
    assert clock.downtime_known
    assert 7_260_000 <= clock.stamp().run_ms < 7_320_000


def test_a_wall_clock_that_went_back_takes_no_running_time_away() -> None:
    now = PostClock("always").stamp()
    clock = PostClock("always", Last(Stamp(60_000, now.wall_ms + 7_200_000, trusted=True), "0" * 32, 0))
    assert clock.stamp().run_ms >= 60_000


def test_running_time_never_goes_back() -> None:
    clock = PostClock("kernel")
    stamps = [clock.stamp().run_ms for _ in range(1_000)]
    assert stamps == sorted(stamps)


def test_a_date_before_this_program_was_written_is_not_trusted(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("dispatcher.post.clock._wall_ms", lambda: 0)
    assert not PostClock("always").stamp().trusted


def test_the_time_in_which_a_machine_sleeps_is_running_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel has two clocks that never go back; while the machine is suspended only one of them goes on."""
    real, slept = time.clock_gettime_ns, 0
    monkeypatch.setattr(
        time, "clock_gettime_ns", lambda which: real(which) + (slept if which == time.CLOCK_BOOTTIME else 0)
    )
    clock = PostClock("kernel")
    before = clock.stamp().run_ms
    slept = 3_600 * SECOND_NS
    assert 3_600_000 <= clock.stamp().run_ms - before < 3_660_000
