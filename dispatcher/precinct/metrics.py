"""What Prometheus may ask of the precinct. Counters come from the store, so a restart does not set them back."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatcher.matcher.port import MatcherState, State
from dispatcher.precinct.board import Board

_COUNTERS = {
    "alerts": ("kentongan_precinct_alerts", "Alerts taken in, by what became of them", "outcome"),
    "rejected": ("kentongan_precinct_rejected", "Messages that could not be read, by reason", "reason"),
    "events": ("kentongan_precinct_events", "Events that posts passed on, by what became of them", "outcome"),
    "rule_said": ("kentongan_rule_said", "What complete rules came to", "rule said"),
    "rule_fired": ("kentongan_rule_fired", "Firings by rule", "rule"),
    "watches": ("kentongan_precinct_watches_asked", "Watches opened and closed, or refused", "outcome"),
    "actions": ("kentongan_precinct_actions", "Officers' actions, by what became of them", "outcome"),
}


class _Precinct(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        incidents = self._board.open_incidents()
        unanswered = sum(found.standing.unanswered for found in incidents)
        silent = sum(line.silent for line in self._board.posts())
        yield _gauge("kentongan_incidents_open", "Incidents that are not closed", len(incidents))
        yield _gauge("kentongan_precinct_incidents_unanswered", "Open incidents that wait for an answer", unanswered)
        yield _gauge("kentongan_precinct_posts_silent", "Posts not heard of for 30 s", silent)
        yield _gauge("kentongan_precinct_boards", "Boards that are open", self._board.boards)
        connected = GaugeMetricFamily("kentongan_mqtt_connected", "Whether the broker is subscribed", labels=["role"])
        connected.add_metric(["precinct"], float(self._board.ready))
        yield connected
        yield _gauge("kentongan_config_faults", "Faults in rules or site", self._board.config_faults)
        yield _gauge("kentongan_precinct_watches", "Watches that are open", len(self._board.watches))
        yield from _matcher(self._board.matcher_state())
        yield from _counters(_from_zero(self._board))


def _matcher(state: MatcherState | None) -> Iterable[Metric]:
    if state is None:
        return
    answers = GaugeMetricFamily("kentongan_matcher_state", "1 for the one that answers", labels=["state"])
    for one in State:
        answers.add_metric([str(one)], float(state.state is one))
    yield answers
    yield _gauge("kentongan_matcher_differences_total", "Engine and twin differed", state.differences)


def _from_zero(board: Board) -> dict[tuple[str, str], int]:
    # A counter that exists only after its first firing hides that one: a rule has its line from the start.
    return {("rule_fired", rule): 0 for rule in board.rules} | board.counters()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counters(found: dict[tuple[str, str], int]) -> Iterable[Metric]:
    for counter, (name, text, label) in _COUNTERS.items():
        labels = label.split()
        family = CounterMetricFamily(name, text, labels=labels)
        for (of, word), value in found.items():
            if of == counter:
                family.add_metric(word.split(" ", len(labels) - 1), value)
        yield family


def exposition(board: Board) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Precinct(board))
    return generate_latest(registry)
