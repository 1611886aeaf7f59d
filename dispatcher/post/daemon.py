"""The post as a process: built from its settings, started, watched, and ended in order."""

import gc
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from dispatcher import __version__
from dispatcher.devices import Normaliser
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.incidents.floor import Context
from dispatcher.incidents.model import CONFIG_RULE
from dispatcher.journal import JournalProblem
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Matcher
from dispatcher.matcher.port import Report as MatcherReport
from dispatcher.matcher.python import PythonMatcher
from dispatcher.post import config, watchdog
from dispatcher.post.clock import PostClock, boot_id
from dispatcher.post.crashes import LASTING_S, Crashes
from dispatcher.post.ending import Ending, forget_ending, note_ending
from dispatcher.post.exits import BAD_CONFIG, GOOD, IO_ERROR, TRY_LATER, CannotStart
from dispatcher.post.facing import Facing, Process
from dispatcher.post.gauges import Gauges
from dispatcher.post.inbox import Inbox, Trouble
from dispatcher.post.intake import Intake
from dispatcher.post.journaling import Keeper, Retention, free_bytes_of
from dispatcher.post.links import Links, Teller
from dispatcher.post.looking import Looking
from dispatcher.post.outputs import Outputs
from dispatcher.post.pipeline import Parts, Pipeline
from dispatcher.post.recovery import Recovered, beginning, recover
from dispatcher.post.reloading import Around, Reloading, announcement
from dispatcher.post.report import Report
from dispatcher.post.rulework import RuleWork
from dispatcher.post.storage import Storage, open_storage, without_disk
from dispatcher.post.unsaved import storage_works
from dispatcher.post.upstream import Upstream, status_of
from dispatcher.post.watchdog import probe_topic
from dispatcher.relay import Schedule
from dispatcher.settings.station import PostSettings
from dispatcher.telemetry import log as logs
from dispatcher.telemetry import notify
from dispatcher.telemetry.http import Asked, Health, Server
from dispatcher.telemetry.metrics import PostMetrics
from dispatcher.wire import status
from dispatcher.wire.status import Status

STOP_S = 4.0
SWITCH_S = 0.0005
GC_THRESHOLDS = (2_000, 10, 200)
WATCH_S = 1.0
PROBE_DISK_S = 60.0
STUCK_S = 30.0  # a pipeline that has not turned for so long is stuck: better a restart than a post that looks alive


SAFE_MODE = Text(
    "program berhenti {count} kali berturut-turut; berjalan tanpa aturan, tombol panik tetap diteruskan",
    "the program ended {count} times in a row; it runs without rules, panic buttons are relayed",
)


class Post:
    """A post: ``build`` it, ``start`` it (back once it has recovered and HTTP listens), ``run`` it to its exit code."""

    def __init__(self, settings: PostSettings) -> None:
        self.settings = settings
        self._stop = threading.Event()
        self._hangup = threading.Event()
        self._woken = threading.Event()  # the main thread has something to look at
        self._failure: BaseException | None = None
        self._watchdog: watchdog.Watchdog | None = None
        self._started_s = self._probed_disk_s = time.monotonic()
        self._ends_with = GOOD

    def build(self) -> None:
        """Recover and wire everything. Raises CannotStart, FaultsFound."""
        # A thread that has a press must not wait 5 ms, Python's default, for one that has only log lines to write.
        sys.setswitchinterval(SWITCH_S)
        self._obey_signals()
        self._metrics = PostMetrics()
        self._log = logs.get(post=self.settings.post)
        storage = open_storage(self.settings)
        self._crashes = Crashes(self.settings.data_dir, boot_id())
        self._crashes.started()
        forget_ending(self.settings.data_dir)
        try:
            self._recover_somehow(storage)
            self._wire()
        except CannotStart as error:
            self._refuse(error.code, error.message)
            raise
        except FaultsFound as found:
            self._refuse(BAD_CONFIG, found.faults[0].render("id"))
            raise

    def _refuse(self, code: int, why: str) -> None:
        """Note that this start was none, and what a person must mend."""
        self._crashes.refused()
        note_ending(self.settings.data_dir, Ending(code, why, time.time_ns() // 1_000_000))

    def _recover_somehow(self, storage: Storage) -> None:
        try:
            self._recover(storage)
        except JournalProblem as error:
            # It opened and then failed: what a failed fsync had ended the last run with is still so.
            storage.journal.abandon()
            self._recover(without_disk(self.settings, error))

    def _obey_signals(self) -> None:
        # First of all: a post that is told to end while it starts must say goodbye, too.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
            signal.signal(signal.SIGHUP, lambda *_: self._hang_up())

    def _recover(self, storage: Storage) -> None:
        self._storage = storage
        self._journal = storage.journal
        self._loaded = self._load()
        rulebook = config.rulebook(self.settings, self._loaded)
        recovered = recover(storage.journal, Context(self.settings.post, self._loaded.site), rulebook)
        self._memory = recovered.memory
        self._clock = PostClock(self.settings.clock.trust, recovered.last)
        self._note_start(recovered)

    def _load(self) -> config.Loaded:
        if not self._crashes.is_looping:
            return config.load(self.settings)
        self._log.critical("safe_mode", quick_ends=self._crashes.count)
        return config.load(self.settings, with_rules=False)  # they may be what ends the program

    def _note_start(self, recovered: Recovered) -> None:
        loaded, journal = self._loaded, self._journal
        body = {
            "program": __version__,
            "post": self.settings.post,
            "instance": self._storage.instance,
            "site": loaded.site_version,
            "rules": loaded.rules.version,
            "profiles": loaded.profiles_version,
            **self._clock.downtime(),
        }
        journal.append(beginning(self._memory, body, self._clock.stamp(), self._storage.names), urgent=True)
        journal.sync()
        self._metrics.corrupt.inc(journal.corrupt_records + recovered.unreadable)
        self._metrics.config_faults.set(len(loaded.faults))
        self._log.info("start", **body, folded=recovered.folded, corrupt=journal.corrupt_records)
        if not self._storage.saves:
            self._log.critical("unsaved", trouble=self._storage.trouble)
        logs.log_faults(self._log, loaded.faults)

    def _wire(self) -> None:
        settings, loaded = self.settings, self._loaded
        inbox = self._inbox = Inbox()
        normaliser = Normaliser(loaded.profiles, loaded.site, settings.post)
        self._rules = RuleWork(self._matcher(), inbox.notice)
        run = secrets.token_hex(4)
        self._offline = self._status("offline")
        offline = status.encode(replace(self._offline, run=run))
        self._links = Links(settings, normaliser, inbox, self._clock.stamp, offline, Teller(self._metrics, self._log))
        retention = Retention(settings.journal.retain, settings.journal.max_bytes, settings.limits.disk_low)
        free_bytes = free_bytes_of(settings.data_dir)
        self._keeper = Keeper(
            self._clock, self._journal, self._memory, retention, free_bytes, saves=self._storage.saves
        )
        self._intake = Intake(self._memory, normaliser, self._storage.event_names)
        schedule = Schedule(settings.retry.min, settings.retry.max)
        self._upstream = Upstream(self._links.precinct, settings.precinct.id, settings.post, schedule, run=run)
        self._gauges = Gauges(self._metrics, self._memory, self._journal, self._keeper, self._rules.matcher_state)
        around = Around(self._rules, inbox.notice, self._clock.stamp, self._metrics, self._log)
        self._reloading = Reloading(settings, loaded, around, safe_mode=self._crashes.is_looping)
        self._looking = Looking(self._memory, inbox, self._intake, lambda: self._pipeline.lamp)
        self._report = Report(self._metrics, self._log, saves=self._storage.saves, lasting_faults=len(loaded.lasting))
        self._pipeline = Pipeline(
            Parts(
                clock=self._clock,
                journal=self._journal,
                keeper=self._keeper,
                memory=self._memory,
                inbox=inbox,
                intake=self._intake,
                rules=self._rules,
                outputs=Outputs(self._links.panic, loaded.profiles, loaded.site, settings.post),
                upstream=self._upstream,
                report=self._report,
                gauges=self._gauges,
                acknowledge=self._links.acknowledge,
                status=lambda: self._status("online"),
                instance=self._storage.instance,
                saves=self._storage.saves,
                trouble=self._trouble(),
                probe=probe_topic(settings.post),
                probed=self._probed,
                reloaded=self._reloading.done,
                serve=self._looking.serve,
            )
        )
        self._facing = Facing(self._looking, self._process(free_bytes))

    def _process(self, free_bytes: Callable[[], int]) -> Process:
        return Process(
            settings=self.settings,
            storage=self._storage,
            keeper=self._keeper,
            links=self._links,
            crashes=self._crashes,
            metrics=self._metrics,
            matcher=self._rules.matcher_state,
            free_bytes=free_bytes,
            lasting=self._loaded.lasting,
            fallbacks=self._loaded.fallbacks,
            release=lambda: self._reloading.standing,
        )

    def _trouble(self) -> str:
        if self._crashes.is_looping:
            return "safe_mode"
        return "config_fault" if self._loaded.faults else ""

    def _probed(self) -> None:
        if self._watchdog is not None:
            self._watchdog.came_back()

    def _matcher(self) -> Matcher:
        if self.settings.matcher == "python" or self._crashes.is_looping:
            return PythonMatcher()
        return DurableMatcher(on_report=self._matcher_report)

    def _matcher_report(self, report: MatcherReport) -> None:
        self._log.warning(
            "matcher", reason=str(report.reason), detail=report.detail, clause=report.clause, trigger=report.event
        )
        self._inbox.notice(Trouble(report))

    def _status(self, state: str) -> Status:
        storage, disk = self._storage, "" if state == "offline" else self._keeper.condition
        return status_of(self._memory, self._clock.stamp(), state, storage.instance, saves=storage.saves, disk=disk)

    # --- start, watch, stop

    def start(self) -> None:
        """Start everything and say READY. Raises CannotStart."""
        try:
            answers: dict[str, Asked] = {"/rules": self._reloading.answer, "/status": self._facing.answer}
            self._server = Server(self.settings.http.listen, self._metrics.registry, self._ready, self._health, answers)
        except OSError as error:
            host, port = self.settings.http.listen
            refused = CannotStart(TRY_LATER, f"http.listen {host}:{port}: {error.strerror}")
            self._refuse(refused.code, refused.message)
            raise refused from None
        running = self._memory.rulebook.using
        refusals = self._rules.load(running.questions)
        self._report.refused(refusals)
        try:
            self._announce_faults()
            for one in self._reloading.started(running, len(refusals)):
                self._pipeline.announce(one.kind, one.key, one.text)
        except JournalProblem as error:
            self._server.stop()
            raise CannotStart(IO_ERROR, f"journal: {error}") from None
        self._rules.start()
        self._thread = threading.Thread(target=self._work, name="pipeline", daemon=True)
        self._thread.start()
        self._links.start()
        self._server.start()
        _collect_less()
        host, port = self._server.address
        notify.ready(f"post {self.settings.post} http://{host}:{port}")

    def _announce_faults(self) -> None:
        """Tell the precinct's technician, once, that this post runs on an older or empty configuration."""
        loaded = self._loaded
        if self._crashes.is_looping:
            text = SAFE_MODE.render("id", {"count": self._crashes.count})
            self._pipeline.announce(CONFIG_RULE, f"safe-mode {self._clock.stamp().run_ms}", text)
        if loaded.faults:
            told = announcement(loaded.faults)
            self._pipeline.announce(told.kind, told.key, told.text)

    def _work(self) -> None:
        try:
            self._pipeline.run()
        except BaseException as error:  # whatever it is, the main thread must know that nothing works any more
            self._failure = error
        finally:
            self.stop()

    def _ready(self) -> Health:
        links = {link.name: str(link.state.phase) for link in self._links.all}
        return Health(self._links.hears_devices and self._is_well(), {"links": links})

    def _health(self) -> Health:
        parts: dict[str, object] = {
            "pipeline": time.monotonic() - self._pipeline.last_turn < STUCK_S,
            "rules": self._rules.alive,
            "links": {link.name: link.alive for link in self._links.all},
        }
        return Health(self._is_well(), parts)

    def _is_well(self) -> bool:
        turning = time.monotonic() - self._pipeline.last_turn < STUCK_S
        return turning and self._rules.alive and all(link.alive for link in self._links.all)

    def run(self) -> int:
        """Wait for SIGTERM, SIGINT or a failure, end everything in order, and return the exit code."""
        period = watchdog.period_s()
        if period is not None:
            topic = watchdog.probe_topic(self.settings.post)
            self._watchdog = watchdog.Watchdog(period, topic, self._links.panic, notify.notify)
        while not self._stop.is_set():
            self._woken.wait(WATCH_S)
            self._woken.clear()
            if self._stop.is_set():
                break
            if not self._is_well():
                self._log.critical("stuck", health=self._health().parts, rules=repr(self._rules.failure))
                note_ending(self.settings.data_dir, Ending(TRY_LATER, "stuck", self._clock.stamp().wall_ms))
                return TRY_LATER  # a stuck thread cannot be joined: the process ends and is started anew
            self._look_after(time.monotonic())
            if self._hangup.is_set():
                self._hangup.clear()
                self._reloading.hang_up()
        return self._shut_down()

    def _look_after(self, now_s: float) -> None:
        if now_s - self._started_s >= LASTING_S:
            self._crashes.lasted()
        self._reloading.look(now_s)
        if self._watchdog is not None:
            there = self._links.panic.subscribed
            turning = now_s - self._pipeline.last_turn < STUCK_S
            self._watchdog.step(now_s, broker_there=there, turning=turning)
        if not self._storage.saves and now_s - self._probed_disk_s >= PROBE_DISK_S:
            self._probed_disk_s = now_s
            if storage_works(self.settings.data_dir):
                self._log.warning("storage_is_back")
                self._ends_with = TRY_LATER
                self._pipeline.leave()

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stop.set()
        self._woken.set()

    def _hang_up(self) -> None:
        self._hangup.set()
        self._woken.set()

    def _shut_down(self) -> int:
        deadline = time.monotonic() + STOP_S
        notify.notify("STOPPING=1")
        for link in (self._links.panic, self._links.rest):
            link.stop(0.5)
        self._pipeline.stop()
        self._thread.join(max(0.1, deadline - time.monotonic() - 1.5))
        stuck = self._thread.is_alive()  # in a disk that does not answer: its journal and state are not ours to touch
        self._upstream.send_status(self._offline if stuck else self._status("offline"))
        self._links.precinct.stop(1.0)
        self._rules.stop()
        self._server.stop()
        code = TRY_LATER if stuck else self._close_journal()
        why = repr(self._failure) if self._failure else None
        note_ending(self.settings.data_dir, Ending(code, why or "", self._clock.stamp().wall_ms))
        self._log.info("stop", code=code, failure=why)
        return code

    def _close_journal(self) -> int:
        if self._failure is not None:
            self._journal.abandon()
            return IO_ERROR if isinstance(self._failure, JournalProblem | OSError) else TRY_LATER
        try:
            self._keeper.checkpoint(self._clock.stamp())
            self._journal.close()
        except JournalProblem as error:
            self._failure = error
            return IO_ERROR
        self._crashes.lasted()
        return self._ends_with


def _collect_less() -> None:
    """Have the collector leave alone what is there for good, and look seldom through the rest.

    A full collection with all windows full stops every thread for tens of milliseconds, and nothing here needs it
    often: records, events and revisions hold no circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
