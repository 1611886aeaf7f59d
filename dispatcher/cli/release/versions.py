"""``kentongan versions``: which rules ran here, since when, and who put them there."""

from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.release import words
from dispatcher.cli.release.plan import guarded
from dispatcher.cli.release.settings import settings_of
from dispatcher.domain.faults import Text
from dispatcher.post.release import history, planning, process, running
from dispatcher.post.release.history import Release
from dispatcher.settings.sources import version_kept
from dispatcher.settings.station import PostSettings

GOOD = 0
LAST = 20

NONE = Text("di sini belum pernah ada aturan yang berjalan", "no rules have ever run here")
LINE = Text("{mark} {version}  {when}  {rules} aturan  {by}", "{mark} {version}  {when}  {rules} rules  {by}")
RUNS = Text("* yang berjalan", "* what runs")
RAN = Text("* yang terakhir berjalan; pos tidak berjalan", "* what ran last; the post does not run")
GONE = Text("- teksnya tidak tersimpan lagi", "- its text is not kept any more")
OTHERS = Text(
    "di berkas: versi {version}, belum dipakai (kentongan plan)",
    "in the files: version {version}, not applied (kentongan plan)",
)
OLDER = Text("… dan {count} yang lebih lama (--all)", "… and {count} older ones (--all)")
DOUBTFUL = Text("? jam pos waktu itu diragukan", "? the post's clock was doubtful then")


def versions(config: Path | None, *, everything: bool = False) -> int:
    """List the editions that ran, the newest first; ``*`` marks what runs."""
    settings = settings_of(config)
    return guarded(settings, lambda: _versions(settings, everything=everything))


def _versions(settings: PostSettings, *, everything: bool) -> int:
    running.has_journal(settings.data_dir)  # another user's folder is no empty one
    listed = history.read(settings.data_dir)[::-1]
    if not listed:
        print(words.text(NONE))
        return GOOD
    alive = process.find(settings)
    runs = listed[0].version if alive is None or alive.answer is None else str(alive.answer["version"])
    zone = ZoneInfo(running.known_site(settings)[0].timezone)
    kept = {one.version for one in listed if version_kept(settings.data_dir / "kept", "rules", one.version)}
    shown = listed if everything else listed[:LAST]
    current = next((one for one in listed if one.version == runs), None)
    marks = [_mark(one, current, kept) for one in shown]
    for one, mark in zip(shown, marks, strict=True):
        print(_line(one, mark, zone))
    if len(shown) < len(listed):
        print(words.text(OLDER, count=len(listed) - len(shown)))
    print()
    print(words.text(RUNS if alive is not None else RAN))
    if "-" in marks:
        print(words.text(GONE))
    if not all(one.trusted for one in shown):
        print(words.text(DOUBTFUL))
    files = planning.files(settings).version
    if files != runs:
        print(words.folded(words.text(OTHERS, version=files)))
    return GOOD


def _mark(release: Release, current: Release | None, kept: set[str]) -> str:
    if release is current:
        return "*"
    return " " if release.version in kept else "-"


def _line(release: Release, mark: str, zone: ZoneInfo) -> str:
    when = words.moment(release.at_ms, zone) + (" " if release.trusted else "?")
    line = words.text(
        LINE,
        mark=mark,
        version=f"{release.version:<12}",
        when=f"{when:>13}",
        rules=f"{release.rules:>3}",
        by=words.by(release.who, release.how),
    )
    if len(line) <= words.WIDTH:
        return line
    return line[: words.WIDTH - 1].rstrip() + "…"
