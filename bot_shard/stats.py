"""What one process counts about its hearing. Plain integers on the hot path; Prometheus reads them when it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True)
class Stats:
    """`heard` counts by gateway event, the rest by outcome."""

    heard: Counter[str] = field(default_factory=Counter)
    recorded: int = 0  # records put on the queue
    appended: int = 0  # records that the stream acknowledged
    discarded: int = 0  # records dropped because the queue was full; they come back by RESUME
    repeated: int = 0  # dispatches that had been heard before
    garbled: int = 0  # payloads that were no JSON, or no zstd
    unreadable: int = 0  # dispatches whose content broke a parser
    lost: int = 0  # dispatches that never came, even after a RESUME
    resumes: int = 0
    identifies: int = 0
    gaps: int = 0
    stream_errors: int = 0
    voice_minutes: int = 0
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)  # (command, outcome)


_COUNTERS = (
    ("recorded", "Records put on the queue towards the stream."),
    ("appended", "Records that the stream acknowledged."),
    ("discarded", "Records dropped while the queue was full; Discord replays them."),
    ("repeated", "Dispatches that had been heard before."),
    ("garbled", "Payloads that could not be decoded."),
    ("unreadable", "Dispatches whose content could not be understood."),
    ("lost", "Dispatches that never came, even after a RESUME."),
    ("resumes", "Sessions resumed."),
    ("identifies", "Sessions started."),
    ("gaps", "Stretches of time that could not be heard."),
    ("stream_errors", "Times that the stream's Redis did not take a batch."),
    ("voice_minutes", "Minutes in voice channels that were recorded."),
)


class StatsCollector(Collector):
    """Prometheus' view. `gauges` answers a name, a help text, label names and (labels, value) pairs on each scrape."""

    def __init__(
        self,
        stats: Stats,
        gauges: Callable[[], Iterator[tuple[str, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]]],
    ) -> None:
        self._stats = stats
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        for name, text in _COUNTERS:
            yield CounterMetricFamily(f"engagehub_bot_{name}", text, value=getattr(self._stats, name))
        heard = CounterMetricFamily(
            "engagehub_bot_dispatches", "Gateway dispatches heard, by event.", labels=["event"]
        )
        for event, count in list(self._stats.heard.items()):
            heard.add_metric([event], count)
        yield heard
        commands = CounterMetricFamily(
            "engagehub_bot_commands",
            "Commands answered, by command and outcome.",
            labels=["command", "outcome"],
        )
        for labels, count in list(self._stats.commands.items()):
            commands.add_metric(list(labels), count)
        yield commands
        for name, text, label_names, samples in self._gauges():
            gauge = GaugeMetricFamily(f"engagehub_bot_{name}", text, labels=list(label_names))
            for values, value in samples:
                gauge.add_metric(list(values), value)
            yield gauge
