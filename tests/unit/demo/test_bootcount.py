from __future__ import annotations

from pathlib import Path

import pytest

from dispatcher.demo.bootcount import raise_boot


def test_each_start_has_a_higher_number_than_the_one_before(tmp_path: Path) -> None:
    assert [raise_boot(tmp_path / "devices") for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("content", ["", "x", "-4", "9" * 400, "1.5", "\x00"])
def test_a_damaged_counter_starts_again_at_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "boot").write_text(content)
    assert raise_boot(tmp_path) == 1
