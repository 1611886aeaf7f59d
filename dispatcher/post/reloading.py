"""Other rules for a running post, on SIGHUP: checked whole, then handed to the matcher and the pipeline in their order.

A fault keeps the rules that run, and is told. What came before the change is judged by the old rules and what came
after it by the new ones, because the change waits in the same queue as the events. Between changes the files are
looked at: what was edited and not applied is shown, and after an hour told.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol
from zoneinfo import ZoneInfo

from dispatcher.domain.faults import Fault, Text
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import CONFIG_RULE, UNAPPLIED_RULE
from dispatcher.post import config
from dispatcher.post.inbox import Announcement, Reloaded
from dispatcher.post.release import history, request
from dispatcher.post.release.history import SIGNAL, START, By, Release
from dispatcher.post.release.standing import Standing, answer
from dispatcher.post.rulebook import Edition, edition
from dispatcher.settings.lastgood import guarded, load_new
from dispatcher.settings.sources import (
    Sources,
    collect,
    collect_tests,
    files_in,
    forget_versions,
    keep_version,
    moved,
    touch_version,
)
from dispatcher.settings.station import DAY_MS, PostSettings
from dispatcher.telemetry.log import MOST_TOLD, Logger, log_faults
from dispatcher.telemetry.metrics import PostMetrics

LOOK_S = 60.0  # how often the files are looked at
CALM_S = 3_600.0  # how long files may wait to be applied before the technician is told

REFUSED = Text(
    "mesin aturan menolak {count} syarat; {loaded} dari {wanted} aturan berjalan. Mohon dilaporkan",
    "the rule engine refuses {count} clauses; {loaded} of {wanted} rules run. Please report it",
)
GONE = Text(
    "tidak ada satu aturan pun di berkas, sebelumnya {count}; tombol panik tetap diteruskan",
    "there is not a single rule in the files, before there were {count}; panic buttons are relayed",
)
UNAPPLIED = Text(
    "berkas aturan diubah sejak {minutes} menit dan belum dipakai: kentongan apply{fault}",
    "rule files were changed {minutes} minutes ago and are not applied yet: kentongan apply{fault}",
)


class Rules(Protocol):
    """The matcher's thread."""

    def reload(self, edition: Edition) -> None: ...


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the rules of a post: its rules' thread, its pipeline's ear, its clock, its words."""

    rules: Rules
    announce: Callable[[Announcement], None]
    stamp: Callable[[], Stamp]
    metrics: PostMetrics
    log: Logger


@dataclass(frozen=True, slots=True)
class _Note:
    """What is to be written down of an edition; its ``rules`` are None where a start has kept them, or could not."""

    release: Release
    rules: Sources | None
    tests: Sources


class Reloading:
    """Looks after which rules run. ``hang_up`` and ``look`` belong to one thread, ``done`` to the pipeline's."""

    def __init__(self, settings: PostSettings, loaded: config.Loaded, around: Around, *, safe_mode: bool) -> None:
        self._settings = settings
        self._loaded = loaded
        self._around = around
        self._lock = threading.Lock()
        self._standing = Standing(safe_mode=safe_mode)
        self._noted = ""  # the version that was written down last, or is owed
        self._owed: _Note | None = None
        self._seen = files_in(settings.rules)
        self._looked_s = time.monotonic()
        self._trouble = "safe_mode" if safe_mode else "config_fault" if loaded.faults else ""

    @property
    def standing(self) -> Standing:
        """Return what runs, and what stands in the files."""
        return self._standing

    def answer(self) -> Mapping[str, object]:
        """Return the same as GET /rules says it."""
        return answer(self._standing, self._settings.post, ZoneInfo(self._loaded.site.timezone), os.getpid())

    def _put(self, **changes: object) -> Standing:
        with self._lock:
            self._standing = replace(self._standing, **changes)  # type: ignore[arg-type]  # fields of Standing
            standing = self._standing
        metrics = self._around.metrics
        metrics.rules_loaded.set(standing.loaded)
        metrics.rules_in_files.set(standing.in_files)
        metrics.rules_unapplied.set(standing.version != standing.files and not standing.safe_mode)
        return standing

    # --- a start

    def started(self, running: Edition, refused: int = 0) -> list[Announcement]:
        """Note what runs from a start on; return what a technician must hear of it."""
        before = history.read(self._settings.data_dir)
        last = before[-1] if before else None
        files = self._loaded.files
        if self._standing.safe_mode:
            now = self._around.stamp()
            self._put(
                version=config.SAFE_MODE,
                files=config.SAFE_MODE,
                in_files=last.rules if last else 0,
                by=By(how=START),
                since_ms=now.wall_ms,
                trusted=now.trusted,
            )
            return []
        known = last if last is not None and last.version == running.versions[0] else None
        wish = request.take(self._settings.data_dir, at_start=True)  # of somebody who found the post away
        by = wish.by if wish is not None and wish.version == running.versions[0] else By(how=START)
        now = self._around.stamp()
        self._put(
            version=running.versions[0],
            site=running.versions[1],
            loaded=0 if refused else running.loaded,
            in_files=files.rules,
            files=files.version,
            faults=files.faults,
            by=by if known is None else By(known.who, known.how),
            since_ms=now.wall_ms if known is None else known.at_ms,
            trusted=now.trusted if known is None else known.trusted,
            answered="" if wish is None else wish.id,
        )
        self._noted = running.versions[0]
        if known is None:
            self._note(running, by, files, now)
        return self._warnings(refused, last.rules if last else 0)

    def _warnings(self, refused: int, before: int) -> list[Announcement]:
        standing = self._standing
        found = []
        if refused or standing.is_lost:
            values = {"count": refused, "loaded": standing.loaded, "wanted": standing.in_files}
            key = f"rules lost {standing.version} {standing.loaded}"
            found.append(Announcement(CONFIG_RULE, key, REFUSED.render("id", values), "config_fault"))
        if before and not standing.in_files and not standing.faults:
            text = GONE.render("id", {"count": before})
            found.append(Announcement(CONFIG_RULE, f"no rules since {standing.since_ms}", text, self._trouble))
        return found

    # --- a change

    def hang_up(self) -> None:
        """Read the rules again (SIGHUP), as somebody's wish or nobody's. A fault keeps those that run, and is told."""
        wish = request.take(self._settings.data_dir)
        self._seen = files_in(self._settings.rules)
        sources = collect(self._settings.rules)
        restart = self._needs_restart()
        if restart:
            self._around.log.warning("needs_restart", files=list(restart))
        self._put(needs_restart=restart)
        if wish is not None and wish.version != sources.version and not sources.faults:
            self._around.log.warning("moved", files=sources.version, checked=wish.version, who=wish.who)
            self._answer(wish.id, moved=True)  # nobody has checked what stands there now
            return
        self._read(sources, By() if wish is None else wish.by)

    def _read(self, sources: Sources, by: By) -> None:
        settings, site = self._settings, self._loaded.site
        reading = config.reading(settings, site)
        rules, faults = load_new(settings.data_dir / "good", "rules", sources, reading.new)
        files = config.files_of(sources, rules, faults, reading, settings.post)
        self._put(files=files.version, in_files=files.rules, faults=faults, unapplied_since_s=None)
        if rules is None:
            self._refuse(faults, by)
            return
        config.keep(settings.data_dir, "rules", sources)
        found = replace(edition(rules, site, settings.post, self._loaded.site_version), by=by)
        if self._noted != found.versions[0]:
            self._noted = found.versions[0]
            self._note(found, by, files, self._around.stamp(), sources)
        self._around.rules.reload(found)

    def _refuse(self, faults: tuple[Fault, ...], by: By) -> None:
        self._trouble = "config_fault"
        self._around.metrics.config_faults.set(len(faults) + len(self._loaded.lasting))
        log_faults(self._around.log, faults)
        self._around.announce(announcement(faults))
        self._answer(by.request)

    def _answer(self, wish: str, *, moved: bool = False) -> None:
        before = self._standing
        answered = {"answered": wish, "moved": moved} if wish else {}  # somebody may still wait for the last answer
        self._put(handled=before.handled + 1, **answered)

    def done(self, reloaded: Reloaded, fresh: tuple[str, ...]) -> None:
        """Note that an edition runs and is on the disk, or that the matcher has refused it. Touches no file."""
        found, before = reloaded.edition, self._standing
        if reloaded.refusals:
            values = {"count": len(reloaded.refusals), "loaded": before.loaded, "wanted": found.loaded}
            text = REFUSED.render("id", values)
            self._around.announce(Announcement(CONFIG_RULE, f"refused {found.versions[0]}", text, "config_fault"))
            self._answer(found.by.request)
            return
        self._trouble = "config_fault" if self._loaded.lasting else ""
        now = self._around.stamp()
        same = before.version == found.versions[0]
        self._put(
            version=found.versions[0],
            site=found.versions[1],
            loaded=found.loaded,
            by=before.by if same else found.by,
            since_ms=before.since_ms if same else now.wall_ms,
            trusted=before.trusted if same else now.trusted,
            fresh=fresh,
            safe_mode=False,
        )
        self._answer(found.by.request)
        for one in self._warnings(0, before.loaded if found.by.how == SIGNAL else 0):
            self._around.announce(one)

    def _note(self, running: Edition, by: By, files: config.Files, now: Stamp, sources: Sources | None = None) -> None:
        """Write down who put which edition there, and keep the tests beside it; both for people alone."""
        settings = self._settings
        here = collect_tests(settings.rules)
        of_files = files.version == running.versions[0]
        release = Release(
            version=running.versions[0],
            site=running.versions[1],
            at_ms=now.wall_ms,
            trusted=now.trusted,
            who=by.who,
            how=by.how,
            rules=running.loaded,
            files=history.placed(settings.rules, files.names) if of_files else (),
            tests="" if here.faults else here.version,  # "": nobody knows
            test_files=history.placed(settings.rules, [source.name for source in here.files]),
        )
        self._owed = _Note(release, sources, here)
        self._write_down(now)

    def _write_down(self, now: Stamp) -> None:
        """Write what is owed. A disk that takes no note today costs the rules nothing; it is tried again."""
        note, folder = self._owed, self._settings.data_dir
        if note is None:
            return
        with suppress(OSError, ValueError):
            if note.rules is not None:
                keep_version(folder / "kept", "rules", note.rules)
            keep_version(folder / "kept", "tests", note.tests)
            self._forget(now)
            history.note(folder, note.release)
            self._owed = None

    def _forget(self, now: Stamp) -> None:
        kept = self._settings.data_dir / "kept"
        since = now.wall_ms - self._settings.journal.retain - DAY_MS if now.trusted else None
        touch = (("rules", self._standing.version), ("site", self._standing.site))
        for sort, version in touch:  # in use until now: that is what its age counts from
            with suppress(OSError):
                touch_version(kept, sort, version)
        for sort in ("rules", "site", "tests"):
            forget_versions(kept, sort, since)

    # --- between changes

    def look(self, now_s: float) -> None:
        """See, once a minute, whether the files are still what runs; it costs a look at each file's date."""
        if self._standing.safe_mode or now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        self._write_down(self._around.stamp())
        seen = files_in(self._settings.rules)
        if seen != self._seen:
            self._seen = seen
            self._reread(now_s)
        self._remind(now_s)

    def _reread(self, now_s: float) -> None:
        sources = collect(self._settings.rules)
        if sources.version == self._standing.files and not sources.faults:
            return
        reading = config.reading(self._settings, self._loaded.site)
        rules, faults = guarded(sources, reading.new)
        files = config.files_of(sources, rules, faults, reading, self._settings.post)
        standing = self._put(files=files.version, in_files=files.rules, faults=faults)
        same = standing.files == standing.version
        self._put(unapplied_since_s=None if same else standing.unapplied_since_s or now_s)
        if not same:
            self._around.log.warning("unapplied", files=files.version, rules=standing.version, faults=len(faults))

    def _remind(self, now_s: float) -> None:
        standing = self._standing
        since = standing.unapplied_since_s
        if since is None or now_s - since < CALM_S:
            return
        first = f". {standing.faults[0].render('id')}" if standing.faults else ""
        text = UNAPPLIED.render("id", {"minutes": int((now_s - since) // 60), "fault": first})
        self._around.announce(Announcement(UNAPPLIED_RULE, f"unapplied {standing.files}", text, self._trouble))
        self._put(unapplied_since_s=now_s + DAY_MS / 1000)  # once: whoever let it lie for a day hears of it no more

    def _needs_restart(self) -> tuple[str, ...]:
        loaded, settings = self._loaded, self._settings
        return moved(
            {"site": (loaded.site_version, [settings.site]), "devices": (loaded.profiles_version, settings.devices)}
        )


def announcement(faults: tuple[Fault, ...]) -> Announcement:
    """Return what the precinct's technician is told of faulty files."""
    key = "\n".join(fault.render("en") for fault in faults[:MOST_TOLD])
    more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
    return Announcement(CONFIG_RULE, key, faults[0].render("id") + more, "config_fault")
