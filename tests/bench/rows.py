"""The measurements, one function each: a folder in, a flat dict of figures out. Times in milliseconds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.disk import fsyncs, own_disk
from tests.bench.figures import Spread, latencies, spread
from tests.bench.load import SENTINEL
from tests.bench.stage import BUTTONS, SENSORS, Broken, Post, Stage, bare_stage, post_stage, wait_ready
from tests.bench.usage import MIB, pss_mib, written_bytes

Figures = dict[str, Any]
Scene = Callable[[Path], AbstractContextManager[Stage]]
SCENES: dict[str, Scene] = {"bare": bare_stage, "post": post_stage}

SENSORS_PER_S = 3_000
ARRIVE_S = 30.0  # for the last of what was sent
SETTLE_S = 60.0


def _presses(rate: float, seconds: float) -> dict[str, Any]:
    return {"kind": "press", "devices": BUTTONS, "rate": rate, "count": int(rate * seconds)}


def _readings(rate: float, count: int) -> dict[str, Any]:
    return {"kind": "reading", "devices": SENSORS, "rate": rate, "count": count}


def _flood(seconds: float) -> dict[str, Any]:
    return _readings(SENSORS_PER_S, int(SENSORS_PER_S * seconds))


def _pressed(stage: Stage, *streams: dict[str, Any]) -> tuple[Spread, Figures]:
    """Send, wait for the alerts, and return the presses' latency and what was lost."""
    with stage.load(list(streams)) as load:
        load.begin()
        report = load.end()
        sent = load.presses()
        stage.collector.wait_count(load.boot, len(sent), ARRIVE_S)
        found = latencies(sent, stage.collector.seen)
    return spread(found), {"lost": len(sent) - len(found), "lag_ms": report["lag_ms"]}


def press_to_alert(folder: Path, name: str, seconds: float) -> Iterator[Figures]:
    """20 presses a second, each by another button; first idle, then under a flood of sensors."""
    probe = fsyncs(folder, 200)
    with SCENES[name](folder) as stage:
        idle, rest = _pressed(stage, _presses(20, seconds))
        flood, flood_rest = _pressed(stage, _presses(20, seconds / 2), _flood(seconds / 2))
    probe += fsyncs(folder, 200)
    figures = {**_named("idle", idle, rest), **_named("flood", flood, flood_rest)}
    yield {**figures, **_named("fsync", spread(probe), {})}


def _named(prefix: str, found: Spread, rest: Figures) -> Figures:
    return {f"{prefix}_{key}": value for key, value in {**asdict(found), **rest}.items()}


def slow_disk(folder: Path, seconds: float) -> Iterator[Figures]:
    """Presses under the flood while each fdatasync takes 100 ms longer."""
    delay = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_exit=100000"]
    # -D: the post stays our child and strace becomes its grandchild, so that a signal reaches the post.
    wrapper = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", *delay]
    with post_stage(folder, wrapper=wrapper) as stage:
        found, rest = _pressed(stage, _presses(5, seconds), _flood(seconds))
    yield _named("slow", found, rest)


def burst(folder: Path, name: str, rules: int, count: int) -> Iterator[Figures]:
    """``count`` readings at once: events a second until the alert about the very last one is at the far end.

    That reading is sent when the broker has acknowledged all before it, so it is the last in the broker's queue. The
    post relays it after a save that includes every record before it, after its rules have judged every event before
    it, and after it has handed over the acknowledgements of all those: journaled, matched and acknowledged, in one
    observation. For the bare loop it is the moment at which it has looked at everything.
    """
    scene = bare_stage(folder) if name == "bare" else post_stage(folder, rules)
    with scene as stage, stage.load([_readings(0, count)], sentinel=True) as load:
        load.begin()
        report = load.end()
        end_ns = stage.collector.wait_hot(SENTINEL, 120)
        if end_ns is None:
            yield {"events_s": 0.0}
            return
        figures = {"events_s": (count + 1) / ((end_ns - report["began_ns"]) / 1e9), "load_s": report["wall_s"]}
        if isinstance(stage.contender, Post):
            figures["counted"] = stage.contender.metric("kentongan_events_total")
        yield figures


def killed(folder: Path, name: str, count: int) -> Iterator[Figures]:
    """A burst of presses, kill -9 when a tenth has arrived, restart at once. The brokers and the buttons stay up."""
    with SCENES[name](folder) as stage:
        stream = {"kind": "press", "devices": BUTTONS, "rate": 0, "count": count}
        with stage.load([stream]) as load:
            load.begin()
            stage.collector.wait_count(load.boot, count // 10, ARRIVE_S)
            stage.contender.kill()
            arrived = stage.collector.count(load.boot)
            stage.contender.start()
            load.end()
            stage.collector.wait_count(load.boot, count, ARRIVE_S if name == "post" else 5.0)
            sent = load.presses()
        lost = sum(key not in stage.collector.seen for key in sent)
        yield {"pressed": len(sent), "at_kill": arrived, "lost": lost, "twice": stage.collector.twice()}


def memory_and_start(folder: Path, count: int) -> Iterator[Figures]:
    """Memory over many events, then the cold start on the journal that they left, after a kill."""
    with post_stage(folder) as stage:
        post = stage.post
        yield {"empty_ready_s": post.ready_s}
        time.sleep(2)  # an idle post has settled
        sizes = {"idle_mib": _pss(post)}
        for quarter in range(1, 5):
            _pour(stage, count // 4)
            sizes[f"quarter_{quarter}_mib"] = _pss(post)
        yield {**sizes, "events": count}
        began = time.monotonic()
        _reload(post, folder / "rules", count // 1_000)
        yield {"reloaded_mib": _pss(post), "reloads": count // 1_000, "reload_s": time.monotonic() - began}
        for _ in range(3):
            post.kill()
            post.start()
            yield {"full_ready_s": post.ready_s, "records": count}
        wait_ready(post)


def _reload(post: Post, folder: Path, count: int) -> None:
    """Change the rules so often while the post runs, between two sets of which one rule differs."""
    file = folder / "hot.yaml"
    first = file.read_text("ascii")
    for number in range(count):
        _reload_with(post, file, first if number % 2 else first.replace('"medium"', '"low"'))


def _reload_with(post: Post, file: Path, text: str) -> None:
    before = post.metric("kentongan_reloads_total")
    file.write_text(text, "ascii")
    os.kill(_pid(post), signal.SIGHUP)
    end = time.monotonic() + 30
    while post.metric("kentongan_reloads_total") == before:
        if time.monotonic() > end:
            raise Broken("the post does not reload")
        time.sleep(0.05)


def changing_rules(folder: Path, count: int) -> Iterator[Figures]:
    """Memory over reloads each of which brings a set that was never there, with readings in between.

    In each set a tenth of the rules counts to another number, and so begins anew; one rule is new, and one is gone.
    """
    with post_stage(folder) as stage:
        post, file = stage.post, folder / "rules" / "hot.yaml"
        first = json.loads(file.read_text("ascii"))["rules"]
        sizes: list[float] = []
        began = time.monotonic()
        for number in range(count):
            if number % 25 == 0:
                _pour(stage, 200)
            _reload_with(post, file, json.dumps({"version": 1, "rules": _another(first, number)}))
            if (number + 1) % max(1, count // 10) == 0:
                sizes.append(_pss(post))
        yield {
            "warm_mib": sizes[0],
            "most_mib": max(sizes),
            "last_mib": sizes[-1],
            "reloads": count,
            "reload_s": time.monotonic() - began,
            "unlike": post.metric("kentongan_rules_loaded") - post.metric("kentongan_rules_in_files"),
            "kept_mib": sum(path.stat().st_size for path in folder.rglob("kept/*.json")) / MIB,
        }


def _another(rules: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Return the rules with a tenth of them counting to another number, one more, and one less.

    None of them fires: what alerts leave behind is no matter of reloads.
    """
    quiet = [_counting(rule, 5_000 + number if at % 10 == number % 10 else 5_000) for at, rule in enumerate(rules)]
    del quiet[(number + 1) % len(quiet)]
    return [*quiet, {**quiet[0], "id": f"new-{number}"}]


def _counting(rule: dict[str, Any], at_least: int) -> dict[str, Any]:
    clause = {"event": rule["when"]["event"], "where": {"value": {"above": -100}}, "at_least": at_least}
    return {**rule, "when": {"count": clause, "within": "1m"}}


def _pss(post: Post) -> float:
    return pss_mib(_pid(post))


def _pour(stage: Stage, count: int) -> None:
    """Send readings as fast as the post takes them, and wait until it has them all."""
    before = stage.post.metric("kentongan_events_total")
    with stage.load([_readings(0, count)]) as load:
        load.begin()
        load.end()
        end = time.monotonic() + 300
        while stage.post.metric("kentongan_events_total") < before + count:
            if time.monotonic() > end:
                raise Broken("the post does not keep up")
            time.sleep(0.2)


def bytes_written(folder: Path, presses: int, seconds: float) -> Iterator[Figures]:
    """Bytes to disk for a lone panic up to `delivered`, and for a reading at five a second.

    Counted at a disk of the post's own where root can make one, else as the kernel accounts for the process: whole
    page groups, which says too much.
    """
    with own_disk(folder) as disk, post_stage(folder, data=disk.mount / "data" if disk else None) as stage:
        counter = disk.written_bytes if disk else partial(written_bytes, _pid(stage.post))
        _wait_settled(counter)
        lone = counter()
        _pressed(stage, {"kind": "press", "devices": BUTTONS, "rate": 0.5, "count": presses})
        time.sleep(1)
        readings = int(5 * seconds)
        sensors = counter()
        with stage.load([_readings(5, readings)]) as load:
            load.begin()
            load.end()
            time.sleep(1.5)
        end = counter()
    found = {"panic_bytes": (sensors - lone) / presses, "sensor_bytes": (end - sensors) / readings}
    yield {**found, "counted_at": "device" if disk else "process"}


def _wait_settled(counter: Callable[[], int]) -> None:
    """Wait until the journal has prepared its segments: that is written once, not for a press."""
    end, before = time.monotonic() + SETTLE_S, -MIB
    while time.monotonic() < end and (now := counter()) - before > MIB // 2:
        before = now
        time.sleep(2)


def _pid(post: Post) -> int:
    assert post.process is not None
    return post.process.pid
