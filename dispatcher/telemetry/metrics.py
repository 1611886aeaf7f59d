"""The metrics of a post. Names and labels are a contract (docs, dashboards, alert rules)."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

_FSYNC_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_STAGE_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class PostMetrics:
    """All metrics of a post, in a registry of their own."""

    def __init__(self) -> None:
        # Twice the lines for a time that nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one untyped
        registry = CollectorRegistry()
        self.registry = registry
        self.panic_received = Counter("kentongan_panic_received", "Presses that arrived, copies too", registry=registry)
        self.panic_journaled = Counter("kentongan_panic_journaled", "Presses on disk, copies too", registry=registry)
        self.events = Counter("kentongan_events", "Events by what became of them", ["reason"], registry=registry)
        self.rejected = Counter("kentongan_rejected", "Messages that gave no event", ["reason"], registry=registry)
        self.incidents_open = Gauge("kentongan_incidents_open", "Open incidents", registry=registry)
        self.outbox_depth = Gauge("kentongan_outbox_depth", "Revisions without a receipt", registry=registry)
        self.words = Gauge(
            "kentongan_words_waiting", "Events for the precinct's rules that it has not taken", registry=registry
        )
        self.outbox_oldest = Gauge("kentongan_outbox_oldest_seconds", "Age of the oldest of them", registry=registry)
        self.sent = Counter("kentongan_alerts_sent", "Alert sendings, repeats too", registry=registry)
        self.delivered = Counter("kentongan_precinct_delivered", "Receipts: delivered", registry=registry)
        self.acknowledged = Counter("kentongan_precinct_acknowledged", "Receipts: acknowledged", registry=registry)
        self.journal_bytes = Gauge("kentongan_journal_bytes", "Bytes of the journal on disk", registry=registry)
        self.corrupt = Counter("kentongan_journal_corrupt_records", "Records that could not be read", registry=registry)
        self.dropped = Counter("kentongan_dropped", "Messages dropped, by class", ["class"], registry=registry)
        self.connected = Gauge("kentongan_mqtt_connected", "Connections to brokers", ["role"], registry=registry)
        self.clock_trusted = Gauge("kentongan_clock_trusted", "1 when the wall clock is believed", registry=registry)
        self.disk_state = Gauge("kentongan_disk_state", "0 good, 1 low, 2 failed", registry=registry)
        self.fsync = Histogram(
            "kentongan_fsync_seconds", "fdatasync of the journal", buckets=_FSYNC_BUCKETS, registry=registry
        )
        self.stage = Histogram(
            "kentongan_stage_seconds", "From a press to a stage", ["stage"], buckets=_STAGE_BUCKETS, registry=registry
        )
        self.matcher_state = Gauge(
            "kentongan_matcher_state", "1 for the one that answers", ["state"], registry=registry
        )
        self.differences = Gauge("kentongan_matcher_differences_total", "Engine and twin differed", registry=registry)
        self.rule_fired = Counter("kentongan_rule_fired", "Firings by rule", ["rule"], registry=registry)
        self.rule_said = Counter(
            "kentongan_rule_said", "What complete rules came to", ["rule", "said"], registry=registry
        )
        self.rule_overflow = Gauge(
            "kentongan_rule_overflow",
            "What a rule gave up for want of room since it began",
            ["rule"],
            registry=registry,
        )
        self.events_late = Gauge("kentongan_events_too_late", "Events that moved no window any more", registry=registry)
        self.rule_gave_up = Gauge(
            "kentongan_rule_searches_given_up", "Windows not searched to the end", registry=registry
        )
        self.rule_failures = Counter("kentongan_rule_failures", "Events that rules could not judge", registry=registry)
        self.rules_loaded = Gauge("kentongan_rules_loaded", "Rules that run here", registry=registry)
        self.rules_in_files = Gauge(
            "kentongan_rules_in_files", "Rules in the files that should run here", registry=registry
        )
        self.rules_unapplied = Gauge(
            "kentongan_rules_unapplied", "1 while the files are not what runs", registry=registry
        )
        self.reloads = Counter("kentongan_reloads", "Changes of the rules while running", registry=registry)
        self.config_faults = Gauge("kentongan_config_faults", "Faults in rules, profiles or site", registry=registry)
        self.log_lines_shed = Gauge("kentongan_log_lines_shed", "Log lines not written in a flood", registry=registry)
        self._say_zero()

    def only_rules(self, running: Collection[str]) -> None:
        """Forget what was counted of rules that are gone: a year of changes must not stay in memory and scrape.

        One that comes back counts from 0 on, as after a start.
        """
        for family in (self.rule_fired, self.rule_said, self.rule_overflow):
            for labels in [*family._metrics]:  # the library lists its labels in no other way
                if labels[0] not in running:
                    family.remove(*labels)

    def _say_zero(self) -> None:
        # A counter that exists only after its first accident cannot be watched for it.
        for class_ in ("panic", "sensor", "word"):
            self.dropped.labels(class_)
        for role in ("panic", "rest", "precinct"):
            self.connected.labels(role).set(0)
        for stage in ("saved", "sent", "delivered", "acknowledged"):
            self.stage.labels(stage)
        for state in ("engine", "twin", "restarting"):
            self.matcher_state.labels(state).set(0)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a histogram has seen, in seconds. ``p99_s`` is the bound of the bucket in which the 99th percentile lies."""

    count: int = 0
    mean_s: float | None = None
    p99_s: float | None = None


def observed(histogram: Histogram) -> Observed:
    """Return what a histogram without labels has seen."""
    samples = [sample for metric in histogram.collect() for sample in metric.samples]
    total = next((sample.value for sample in samples if sample.name.endswith("_sum")), 0.0)
    buckets = [(float(one.labels["le"]), one.value) for one in samples if one.name.endswith("_bucket")]
    count = int(max((value for _, value in buckets), default=0))
    if not count:
        return Observed()
    bound = min(bound for bound, value in buckets if value >= 0.99 * count)
    return Observed(count, total / count, bound if isfinite(bound) else _FSYNC_BUCKETS[-1])
