"""Links lead somewhere, commands of the README exist, pictures are small, and no file tells of a developer's machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, FENCE, ROOT, page, words

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "config").rglob("*.md")),
    *sorted((ROOT / "devices").glob("*.md")),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
MAX_PICTURE = 200_000  # bytes: a page is read over 4G


def links(path: Path) -> list[str]:
    return LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8")))


def anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives to a page's headings."""
    headings = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_internal_link_leads_somewhere(path: Path) -> None:
    for target in links(path):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), f"{target} leads nowhere"
        assert there.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(there), f"{target}: no such heading"


def test_the_readmes_make_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        code = "\n".join(found[2] for found in FENCE.finditer(path.read_text(encoding="utf-8")))
        used = set(re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z-]+)", code, re.MULTILINE))
        assert used <= targets, path
    assert {"run", "test"} <= targets
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert not [target for target in targets - {"help"} if f"make {target}" not in contributing]


def test_every_package_and_every_folder_of_tests_is_on_the_newcomers_map() -> None:
    listed = words((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    packages = {f"{path.parent.name}/" for path in (ROOT / "dispatcher").glob("*/__init__.py")}
    folders = {
        f"tests/{path.name}/" for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name[0] not in "._"
    }
    assert not (packages | folders) - listed


def test_the_readme_fits_two_screens_and_speaks_both_languages() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 80
    assert "Bahasa Indonesia" in readme
    for name in ("guard", "technician", "officer"):
        assert f"docs/id/{name}.md" in readme
        assert f"docs/en/{name}.md" in readme


def test_pictures_are_there_and_small() -> None:
    pictures = sorted((DOCS / "img").glob("*.png"))
    assert pictures
    for picture in pictures:
        if is_committed(picture):
            assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
            assert picture.stat().st_size < MAX_PICTURE, picture.name


def test_the_guards_page_can_be_printed_on_one_sheet() -> None:
    for language in ("id", "en"):
        assert len(page(language, "guard").splitlines()) <= 50


# --- what must not be in a committed file ----------------------------------------------------------------------------

TEXT = {
    ".md",
    ".py",
    ".yaml",
    ".yml",
    ".in",
    ".toml",
    ".sh",
    ".conf",
    ".acl",
    ".jsonl",
    ".html",
    ".css",
    ".js",
    ".lock",
}
HOMES = re.compile(r"(?<![\w.])/(?:root|home/[a-z]+|Users/\w+|work)/[\w.-]+")


def is_committed(path: Path) -> bool:
    return path in committed()


def committed() -> list[Path]:
    """Return the files that git knows; where there is no git, as in an unpacked sdist, all that is not made again."""
    try:
        told = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
        ).stdout.decode()
        return [ROOT / name for name in told.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        kept = ("dispatcher", "rules", "devices", "config", "docs", "scripts", "tests")
        return [path for folder in kept for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]


def test_no_committed_file_names_a_developers_machine() -> None:
    here = os.uname().nodename
    for path in committed():
        if path.suffix not in TEXT or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        found = HOMES.search(text)
        assert not found, f"{path.relative_to(ROOT)} names {found[0]}"
        assert len(here) < 6 or here not in text, f"{path.relative_to(ROOT)}: {here}"
