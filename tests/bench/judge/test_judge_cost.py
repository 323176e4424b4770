"""What judging costs: a sample, a minute of a town, a question for what is near. Ratios only; figures are printed."""

import random
import time
from typing import Any

from agent.judge.asset import Asset
from agent.judge.facts import Facts
from agent.judge.flow import FlowTest
from agent.judge.judge import Judge
from agent.judge.near import AssetStatus, Nearby, Water
from agent.judge.place import distance_m
from drivers.kinds import KINDS
from drivers.sample import Layout, Sample
from tests.judge.stand import rules

SHAPE = Layout(
    "hydrant/bench",
    ("pressure", "temperature", "battery", "flow", "tilt", "alarms"),
    ("kPa", "Cel", "V", "L/s", "deg", "1"),
)
S = 10**9


def town(size: int) -> list[Asset]:
    """Hydrants a hundred metres apart."""
    side = int(size**0.5) + 1
    bits = KINDS["hydrant"].events
    return [
        Asset(f"H{i}", "hydrant", lon=118 + i % side * 0.001, lat=28 + i // side * 0.0009, elevation_m=20.0, bits=bits)
        for i in range(size)
    ]


def day(assets: list[Asset], rounds: int) -> list[Sample]:
    """Every hydrant every two seconds, pressures that move, one in a hundred in trouble."""
    chance = random.Random(1)
    samples = []
    for turn in range(rounds):
        for i, asset in enumerate(assets):
            kpa = 120.0 if i % 100 == 7 else 300 + chance.random() * 5
            values = (kpa, 12.1, 3.6, 0.0, 1.0, ("leak",) if i % 100 == 9 else ())
            samples.append(Sample(asset.id, SHAPE, turn * 2 * S + i, values, SHAPE.good))
    return samples


def reference(samples: list[Sample]) -> float:
    """Seconds to do no more than keep the newest value of every point by device."""
    newest: dict[str, dict[str, Any]] = {}
    began = time.process_time()
    for sample in samples:
        kept = newest.setdefault(sample.device, {})
        for point, value, quality in zip(sample.layout.points, sample.values, sample.quality, strict=True):
            if quality < 16:
                kept[point] = value
    return time.process_time() - began


def test_samples_a_second(benchmark: Any) -> None:
    assets = town(500)
    samples = day(assets, 100)
    judge = Judge(assets, rules(), lambda _event: None, lambda minute: ("d", minute), started_ns=0, facts=Facts())

    def work() -> float:
        began = time.process_time()
        for sample in samples:
            judge.sample(sample)
        return time.process_time() - began

    work()
    spent = min(work() for _ in range(3))
    bare = min(reference(samples) for _ in range(3))
    benchmark.extra_info.update(samples_per_s=round(len(samples) / spent), cpu_us=round(spent / len(samples) * 1e6, 2))
    benchmark(judge.sample, samples[-1])
    print(f"\n{len(samples) / spent:,.0f} samples/s, {spent / len(samples) * 1e6:.2f} us each; bare {bare / spent:.2f}")
    assert spent < 12 * bare, "six values judged cost at most twelve times what remembering them does"


def test_a_minute_of_a_town(benchmark: Any) -> None:
    assets = town(1000)
    judge = Judge(assets, rules(), lambda _event: None, lambda minute: ("d", minute), started_ns=0, facts=Facts())
    for sample in day(assets, 2):
        judge.sample(sample)
    minutes = iter(range(1, 1_000_000))
    benchmark(lambda: judge.tick(next(minutes) * 60 * S, 0))
    samples = day(assets, 1)
    began = time.process_time()
    for _ in range(5):
        judge.tick(next(minutes) * 60 * S, 0)
    a_minute = (time.process_time() - began) / 5
    bare = min(reference(samples) for _ in range(3))
    print(f"\n{a_minute / len(assets) * 1e6:.1f} us a hydrant and minute; {a_minute / bare:.0f} rounds of remembering")
    assert a_minute < 60 * bare, "all rules once a minute cost less than remembering two rounds a second"


def test_near_in_a_province(benchmark: Any) -> None:
    chance = random.Random(2)
    size = 100_000
    test = FlowTest("H", 0.0, 350, 250, 30)
    things = [
        AssetStatus(
            f"H{i}", "hydrant", 118 + chance.random(), 28 + chance.random() * 0.9,
            "serviceable" if i % 10 else "unknown", test=test if i % 3 else None,
        )
        for i in range(size)
    ]  # fmt: skip
    nearby, water = Nearby(things), Water(1e9)
    places = [(118 + chance.random(), 28 + chance.random() * 0.9) for _ in range(2000)]
    spent = []
    for lon, lat in places:
        began = time.thread_time()
        nearby.find(lon, lat, water=water)
        spent.append(time.thread_time() - began)
    spent.sort()
    began = time.thread_time()
    lon, lat = places[0]
    want = sorted((d, s.id) for s in things if (d := distance_m(lon, lat, s.lon, s.lat)) <= 2000)
    brute = time.thread_time() - began
    found = [f.standing.id for f in nearby.find(lon, lat, most=10**6, every_state=True)]
    assert found == [name for _, name in want]
    p50, p99 = spent[len(spent) // 2] * 1e3, spent[len(spent) * 99 // 100] * 1e3
    benchmark.extra_info.update(p50_ms=round(p50, 3), p99_ms=round(p99, 3))
    benchmark(nearby.find, lon, lat)
    print(f"\nnear over {size:,}: p50 {p50:.2f} ms, p99 {p99:.2f} ms of CPU; looking at all {brute * 1e3:.0f} ms")
    assert p99 < brute * 1e3 / 20
