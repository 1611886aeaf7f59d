"""``kentongan rollback``: the files of an edition that ran before, put back and applied; nothing is thrown away."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.release import words
from dispatcher.cli.release.apply import FOUND, GOOD, LEFT, agreed, changing, confirm, is_overtaken
from dispatcher.cli.release.apply import MOVED as MOVED_SINCE
from dispatcher.cli.release.plan import Found, guarded, prepare
from dispatcher.cli.release.settings import settings_of, who
from dispatcher.cli.say import show
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.post.release import files, history, planning, process, request, restoring
from dispatcher.post.release.files import Misplaced, Moves
from dispatcher.post.release.handover import hand_over
from dispatcher.post.release.history import ROLLBACK, Release
from dispatcher.post.release.restoring import NotKept, Restoration
from dispatcher.settings.sources import short
from dispatcher.settings.station import PostSettings

USAGE = 64

NOTHING_BEFORE = Text(
    "tidak ada versi sebelum ini: kentongan versions", "there is no version before: kentongan versions"
)
UNKNOWN = Text("tidak ada versi {wanted}: kentongan versions", "there is no version {wanted}: kentongan versions")
SEVERAL = Text("{wanted} bisa berarti: {found}", "{wanted} may mean: {found}")
NOT_KEPT = Text(
    "berkas versi {version} tidak tersimpan lagi: tidak ada yang diubah",
    "the files of version {version} are not kept any more: nothing was changed",
)
MISPLACED = Text(
    "{place} dari versi {version} tidak punya tempat di folder yang disebut post.yaml: tidak ada yang diubah",
    "{place} of version {version} has no place in the folders that post.yaml names: nothing was changed",
)
UNREADABLE = Text(
    "berkas ini tidak dapat dibaca, jadi tidak dapat disimpan: tidak ada yang diubah",
    "these files cannot be read, and so not be put aside: nothing was changed",
)
BACK_TO = Text("kembali ke versi {version}: {when}, {by}", "back to version {version}: {when}, {by}")
UNSOUND = Text(
    "versi ini tidak lagi lolos pemeriksaan: tidak ada yang diubah",
    "this version does not pass the check any more: nothing was changed",
)
PUT = Text("tulis {path}", "write {path}")
OUT = Text("keluarkan {path}", "take out {path}")
NO_MOVES = Text("berkasnya sudah seperti itu", "the files are like that already")
TESTS_BACK = Text(
    "ujinya kembali bersamanya dan tidak dimainkan dulu", "its tests come back with it and are not played before"
)
ASIDE = Text("yang tadi ada di situ disimpan di {folder}", "what was there is kept in {folder}")
UNTOUCHED = Text("berkas tidak dapat ditulis: tidak ada yang diubah", "files cannot be written: nothing was changed")
HALF = Text(
    "terhenti di tengah jalan; pos tetap dengan aturan yang berjalan. Ulangi: kentongan rollback {version}",
    "stopped half way; the post goes on with the rules that run. Again: kentongan rollback {version}",
)


class Refused(Exception):
    """There is nothing to go back to; says why, and the exit code."""

    def __init__(self, code: int, why: Text, **values: object) -> None:
        super().__init__(why.render("en", values))
        self.code, self.why, self.values = code, why, values


def rollback(config: Path | None, wanted: str | None, days: int, *, yes: bool) -> int:
    """Show what going back means, ask, put the files back and have the post swap."""
    settings = settings_of(config)
    return guarded(settings, lambda: _guarded_rollback(settings, wanted, days, yes=yes))


def _guarded_rollback(settings: PostSettings, wanted: str | None, days: int, *, yes: bool) -> int:
    try:
        return _rollback(settings, wanted, days, yes=yes)
    except Refused as error:
        print(words.folded(words.text(error.why, **error.values)))
        return error.code


def _rollback(settings: PostSettings, wanted: str | None, days: int, *, yes: bool) -> int:
    release = _chosen(settings, wanted)
    found = _restoration(settings, release)
    plan = prepare(settings, found.sources, days, tests=False, title=lambda zone: _title(release, zone))
    print()
    if not plan.sound:
        print(words.folded(words.text(UNSOUND)))
        return FOUND
    _show(found.moves)
    if plan.plan.is_nothing and not found.moves:
        return GOOD
    if not (yes or agreed()):
        print(words.text(LEFT))
        return FOUND
    return changing(settings, lambda: _carry_out(settings, plan, found))


# --- which ------------------------------------------------------------------------------------------------------------


def _chosen(settings: PostSettings, wanted: str | None) -> Release:
    releases = history.read(settings.data_dir)
    if wanted is None:
        answer = process.ask(settings)
        runs = releases[-1].version if releases else ""
        if answer is not None and not answer["safe_mode"]:  # else: the one that ran last is what may have ended it
            runs = str(answer["version"])
        found = history.before(releases, runs)
        if found is None:
            raise Refused(USAGE, NOTHING_BEFORE)
        return found
    named = history.named(releases, wanted)
    if not named:
        raise Refused(USAGE, UNKNOWN, wanted=wanted)
    if len(named) > 1:
        raise Refused(USAGE, SEVERAL, wanted=wanted, found=", ".join(one.version for one in named))
    return named[0]


def _restoration(settings: PostSettings, release: Release) -> Restoration:
    try:
        return restoring.restoration(settings, release)
    except NotKept:
        raise Refused(FOUND, NOT_KEPT, version=release.version) from None
    except Misplaced as error:
        raise Refused(FOUND, MISPLACED, place=error, version=release.version) from None
    except FaultsFound as error:
        show(error.faults)
        raise Refused(FOUND, UNREADABLE) from None


def _title(release: Release, zone: ZoneInfo) -> str:
    when = words.moment(release.at_ms, zone)
    return words.folded(words.text(BACK_TO, version=release.version, when=when, by=words.by(release.who, release.how)))


def _show(found: Moves) -> None:
    for path in found.put:
        print(words.text(PUT, path=short(path)))
    for path in found.out:
        print(words.text(OUT, path=short(path)))
    print(words.folded(words.text(TESTS_BACK if found else NO_MOVES)))


# --- the files --------------------------------------------------------------------------------------------------------


def _carry_out(settings: PostSettings, plan: Found, found: Restoration) -> int:
    if restoring.seen(settings) != found.seen:
        print(words.folded(words.text(MOVED_SINCE)))
        return FOUND
    if is_overtaken(settings, plan):
        return FOUND
    version = found.release.version
    if found.moves.aside:
        when = f"{datetime.now(ZoneInfo(plan.plan.timezone)):%Y-%m-%d-%H%M%S}"
        folder = files.set_aside(settings.data_dir, found.moves.aside, when)
        print(words.folded(words.text(ASIDE, folder=short(folder))))
    try:
        files.carry_out(found.moves)
    except OSError:
        untouched = restoring.seen(settings) == found.seen
        print(words.folded(words.text(UNTOUCHED if untouched else HALF, version=version)))
        raise
    if planning.files(settings).version != version:
        print(words.folded(words.text(HALF, version=version)))
        return FOUND
    return confirm(plan, hand_over(settings, request.new(who(), ROLLBACK, version)))
