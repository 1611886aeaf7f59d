"""What the commands about the past share: a post's journal found and opened, its site and rules, and what can be wrong.

A command says what is wrong by raising ``Cannot``; the exit code stands in it.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.asking import find_config
from dispatcher.cli.say import complain, language
from dispatcher.cli.surroundings import find_site
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.domain.site import Site
from dispatcher.journal import FormatTooNew, Record
from dispatcher.post.past.editions import Library
from dispatcher.post.past.moments import Moment, parse_moment
from dispatcher.post.past.overview import Overview, look_over
from dispatcher.post.past.sentences import Local
from dispatcher.post.past.source import NoPast, Past, open_export, open_folder
from dispatcher.settings.sitefile import load_site
from dispatcher.settings.station import load_post

GOOD, FOUND, USAGE, IO_ERROR, BAD_CONFIG = 0, 1, 64, 74, 78
TELL_EVERY_S = 0.5

NOT_THERE = Text("{path}: tidak ada", "{path}: there is no such file or folder")
NO_JOURNAL = Text(
    "{path}: tidak ada jurnal di sini. Sebut data_dir sebuah pos (yang berisi journal/), salinannya, atau berkas dari "
    "kentongan journal export",
    "{path}: there is no journal here. Name a post's data_dir (which holds journal/), a copy of it, or a file from "
    "kentongan journal export",
)
NO_EXPORT = Text(
    "{path}: bukan baris jurnal. Buat berkasnya dengan: kentongan journal export --data D > BERKAS",
    "{path}: this is no line of a journal. Make the file with: kentongan journal export --data D > FILE",
)
EMPTY = Text("{path}: jurnal ini kosong", "{path}: this journal is empty")
WHICH = Text(
    "jurnal mana? Sebut --data (data_dir sebuah pos atau salinannya) atau --config (post.yaml)",
    "which journal? Give --data (a post's data_dir, or a copy of it) or --config (post.yaml)",
)
NO_SITE = Text(
    "site.yaml dari waktu itu tidak tersimpan di sini. Sebut berkasnya: --site site.yaml",
    "the site.yaml of that time is not kept here. Name the file: --site site.yaml",
)
OTHER_POST = Text(
    "{path}: ini jurnal {found}, bukan {wanted}. Sebut data_dir pos itu dengan --data",
    "{path}: this is the journal of {found}, not of {wanted}. Name that post's data_dir with --data",
)
NOT_IN_SITE = Text(
    "{post} tidak ada di site ini (yang ada: {known}). Sebut site yang benar dengan --site",
    "{post} is not in this site (there are: {known}). Name the right site with --site",
)
NO_TIME = Text(
    '{option} {given}: tulis jam (01:10), tanggal dan jam ("2026-11-25 01:10") atau berapa lama sebelum akhir '
    "jurnal (3h)",
    '{option} {given}: write a time (01:10), date and time ("2026-11-25 01:10") or how long before the journal\'s '
    "end (3h)",
)
TOO_NEW = Text("{path}: {error}", "{path}: {error}")
READING = Text("membaca {at}: {events} catatan", "reading {at}: {events} records")
LOST = Text(
    "{lost} catatan tidak terbaca: yang di bawah mungkin kurang (kentongan journal verify --data D)",
    "{lost} records cannot be read: something may be missing below (kentongan journal verify --data D)",
)


class Cannot(Exception):
    """A command cannot go on; says why and with which exit code."""

    def __init__(self, code: int, why: Text, **values: object) -> None:
        super().__init__(why.render("en", values))
        self.code, self.why, self.values = code, why, values


@dataclass(frozen=True, slots=True)
class Opened:
    """A past, ready to be asked. ``site`` is the one that was given, or else the newest that was kept."""

    past: Past
    about: Overview
    library: Library
    site: Site
    local: Local

    @property
    def post(self) -> str:
        """Return whose past it is."""
        return self.library.post

    @property
    def end_ms(self) -> int:
        """Return the wall time of the last record."""
        return self.about.last.wall_ms if self.about.last is not None else 0

    def moment(self, option: str, text: str) -> Moment:
        """Return what a person means by a time. Raises Cannot."""
        found = parse_moment(text, self.local.tz, self.end_ms)
        if found is None:
            raise Cannot(USAGE, NO_TIME, option=option, given=text)
        return found


def telling(run: Callable[[], int]) -> int:
    """Run a command; say what is wrong where it cannot be done, and return the exit code."""
    try:
        return run()
    except Cannot as cannot:
        complain(cannot.why, **cannot.values)
        return cannot.code
    except NoPast as error:  # a line of an export that is none may stand anywhere in it
        complain(NO_EXPORT, path=error)
        return IO_ERROR
    except FormatTooNew as error:
        complain(TOO_NEW, path="", error=error)
        return BAD_CONFIG
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(TOO_NEW, path=error.filename or "", error=error.strerror or error)
        return IO_ERROR


def find_data(data: Path | None, config: Path | None, post: str | None) -> Path:
    """Return the journal that is meant: the one named, else that of post.yaml, here or where it is installed.

    A ``post`` other than that of the folder is looked for beside it. Raises Cannot, FaultsFound.
    """
    if data is None:
        file = find_config(config)
        if file is None:
            raise Cannot(USAGE, WHICH)
        data = load_post(file).data_dir
    beside = data.parent / (post or "")
    return beside if post and data.name != post and (beside / "journal").is_dir() else data


def open_past(data: Path, post: str | None, site: Path | None) -> Opened:
    """Open a folder or an export and look it over. Raises Cannot, FaultsFound, OSError, FormatTooNew."""
    past = _source(data)
    with Waiting() as waiting:
        about = look_over(past, waiting.record)
    if about.first is None:
        raise Cannot(IO_ERROR, EMPTY, path=data)
    if post and about.post and post != about.post:
        raise Cannot(USAGE, OTHER_POST, path=data, found=about.post, wanted=post)
    library = Library(past.data_dir, post or about.post)
    library.site = _given(site)
    library.given = site is not None
    found = _site(library, about, data)
    library.site = found
    if library.post not in found.posts:
        known = ", ".join(sorted(found.posts))
        raise Cannot(BAD_CONFIG, NOT_IN_SITE, post=library.post or "?", known=known)
    if about.lost:
        complain(LOST, lost=about.lost)
    return Opened(past, about, library, found, Local(ZoneInfo(found.timezone)))


def _source(data: Path) -> Past:
    if not data.exists():
        raise Cannot(IO_ERROR, NOT_THERE, path=data)
    try:
        return open_folder(data) if data.is_dir() else open_export(data)
    except NoPast as error:
        raise Cannot(IO_ERROR, NO_JOURNAL, path=error) from None


def _given(site: Path | None) -> Site | None:
    return None if site is None else load_site(site)


def _site(library: Library, about: Overview, data: Path) -> Site:
    """Return the site given, else the newest that was kept, else one near the data or from here."""
    newest = about.newest()
    kept = library.site_of(newest[1]) if newest is not None else library.site
    if kept is not None:
        return kept
    near = find_site(data) or find_site(Path("here"))
    if near is None:
        raise Cannot(BAD_CONFIG, NO_SITE)
    try:
        return load_site(near)
    except FaultsFound:
        raise Cannot(BAD_CONFIG, NO_SITE) from None


class Waiting:
    """Shows on a terminal how far a long reading is, on a line of its own that is gone afterwards."""

    def __init__(self) -> None:
        self._shown = time.monotonic()
        self._records = 0
        self._width = 0
        self._is_terminal = sys.stderr.isatty()

    def __enter__(self) -> "Waiting":
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)

    def record(self, record: Record) -> None:
        """Note one record that was read."""
        self._records += 1
        if self._records % 1000 == 0:
            self.show(READING, at=_day(record.stamp.wall_ms), events=self._records)

    def show(self, text: Text, **values: object) -> None:
        """Say how far it is, if nothing was said for a moment."""
        now = time.monotonic()
        if not self._is_terminal or now - self._shown < TELL_EVERY_S:
            return
        self._shown = now
        line = text.render(language(), values)
        print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = max(self._width, len(line))


def _day(wall_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall_ms / 1000))
