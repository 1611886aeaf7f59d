"""Other rules for a running precinct, on SIGHUP: checked whole, then handed to the rules' thread in its order.

A fault keeps the rules that run, and is told in the log and on the board. What came before the change is judged by the
old rules and what comes after it by the new ones, because the change waits in the same queue as the events.
"""

import threading
from collections.abc import Callable

from dispatcher.matcher.port import Matcher, Refusal
from dispatcher.precinct.config import Loaded, reading
from dispatcher.precinct.rules.ruling import Done, Rules, no_rules, precinct_engine
from dispatcher.rules.language import FullRuleSet
from dispatcher.settings.lastgood import load_new
from dispatcher.settings.sources import collect, moved
from dispatcher.settings.station import PrecinctSettings
from dispatcher.telemetry.log import Logger, log_faults

Change = Callable[[Rules, Done], None]
"""The station's ear: takes other rules, between two inputs."""


class Reloading:
    """``hang_up`` is for a signal; files are read on a thread of its own. ``faults`` is told how many there are."""

    def __init__(
        self,
        settings: PrecinctSettings,
        loaded: Loaded,
        matcher: Callable[[], Matcher],
        *,
        change: Change,
        faults: Callable[[int], None],
        log: Logger,
    ) -> None:
        self._settings = settings
        self._loaded = loaded
        self._make = matcher
        self._matcher: Matcher | None = None
        self._change = change
        self._faults = faults
        self._log = log
        self._asked = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="precinct-reload", daemon=True)

    def first(self) -> Rules:
        """Return what judges the rules that were loaded at the start."""
        return self._rules(self._loaded.rules)

    def _rules(self, ruleset: FullRuleSet) -> Rules:
        """Return what judges these rules. A matcher with a process of its own is made for the first rule there is."""
        engine = precinct_engine(ruleset, self._loaded.site)
        if self._matcher is None and engine.rules:
            self._matcher = self._make()
        return no_rules(self._loaded.site) if self._matcher is None else Rules(engine, self._matcher)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being read is not waited for."""
        self._stopping = True
        self._asked.set()

    def hang_up(self) -> None:
        """Read the rules again, soon (SIGHUP)."""
        self._asked.set()

    def _run(self) -> None:
        while self._asked.wait() and not self._stopping:
            self._asked.clear()
            self.read()

    def read(self) -> None:
        """Read the rules again. With a fault in them those that run go on, and it is told."""
        settings, loaded = self._settings, self._loaded
        restart = moved({"site": (loaded.site_version, [settings.site])})
        if restart:
            self._log.warning("needs_restart", files=list(restart))
        sources = collect(settings.rules)
        ruleset, faults = load_new(settings.data_dir / "good", "rules", sources, reading(settings, loaded.site).new)
        if ruleset is None:
            log_faults(self._log, faults)
            self._faults(len(faults) + len(loaded.lasting))
            return
        rules = self._rules(ruleset)
        count = sum(rule.enabled for rule in rules.engine.rules)

        def done(fresh: tuple[str, ...], refusals: tuple[Refusal, ...]) -> None:
            for refusal in refusals:
                self._log.error("refused", clause=refusal.clause, reason=str(refusal.reason))
            self._faults(len(refusals) + len(loaded.lasting))
            if not refusals:
                self._log.info("reload", rules=sources.version, count=count, fresh=list(fresh)[:50])

        self._change(rules, done)
