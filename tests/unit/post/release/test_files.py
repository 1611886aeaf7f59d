"""Files are put back whole or not at all, and no text of a person's is thrown away."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.post.release.files import Misplaced, carry_out, moves, path_of, set_aside

PLACES = st.sampled_from(["0/a.yaml", "0/b.yaml", "0/inner/c.yaml", "1/a.yaml", "1/deep/er/d.yaml"])
TEXTS = st.dictionaries(PLACES, st.binary(max_size=20))


def lay(roots: list[Path], texts: dict[str, bytes]) -> None:
    for root in roots:
        root.mkdir(parents=True, exist_ok=True)
    for place, data in texts.items():
        path = path_of(roots, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def lying(roots: list[Path]) -> dict[str, bytes]:
    return {
        f"{number}/{path.relative_to(root)}": path.read_bytes()
        for number, root in enumerate(roots)
        for path in root.rglob("*")
        if path.is_file()
    }


@given(wanted=TEXTS, present=TEXTS)
def test_afterwards_there_is_what_was_wanted_and_aside_whatever_was_not(
    wanted: dict[str, bytes], present: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        roots = [Path(folder, "one"), Path(folder, "two")]
        lay(roots, present)
        found = moves(roots, wanted, present)
        kept = set_aside(Path(folder), found.aside, "now")
        carry_out(found)
        assert lying(roots) == wanted
        there = {str(path.relative_to(kept)): path.read_bytes() for path in kept.rglob("*") if path.is_file()}
        assert there == {place: data for place, data in present.items() if wanted.get(place) != data}


def test_a_failure_before_the_first_rename_leaves_everything_as_it_was(tmp_path: Path) -> None:
    present = {"0/a.yaml": b"old a", "0/b.yaml": b"old b", "0/c.yaml": b"c"}
    lay([tmp_path], present)
    (tmp_path / "b.yaml.kentongan-new").mkdir()
    found = moves([tmp_path], {"0/a.yaml": b"new a", "0/b.yaml": b"new b"}, present)
    with pytest.raises(OSError, match="kentongan-new"):
        carry_out(found)
    assert lying([tmp_path]) == present


def test_what_a_killed_attempt_left_behind_is_tidied_away(tmp_path: Path) -> None:
    lay([tmp_path], {"0/a.yaml": b"old", "0/z.yaml.kentongan-new": b"half"})
    carry_out(moves([tmp_path], {"0/a.yaml": b"new"}, {"0/a.yaml": b"old"}))
    assert lying([tmp_path]) == {"0/a.yaml": b"new"}


def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path: Path) -> None:
    there = tmp_path / "shared.yaml"
    there.write_bytes(b"old")
    there.chmod(0o640)
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yaml").symlink_to(there)
    carry_out(moves([rules], {"0/a.yaml": b"new"}, {"0/a.yaml": b"old"}))
    assert (rules / "a.yaml").is_symlink()
    assert (there.read_bytes(), there.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_root_that_is_one_file_is_that_file(tmp_path: Path) -> None:
    one = tmp_path / "one.yaml"
    one.write_bytes(b"old")
    carry_out(moves([one], {"0/.": b"new"}, {"0/.": b"old"}))
    assert one.read_bytes() == b"new"


@pytest.mark.parametrize("place", ["2/a.yaml", "0/../a.yaml", "x/a.yaml", "/etc/passwd", "0//etc/passwd", "0/.", ""])
def test_nothing_is_written_outside_the_folders_of_post_yaml(tmp_path: Path, place: str) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    lay(roots, {})
    with pytest.raises(Misplaced):
        moves(roots, {place: b"x"}, {})
