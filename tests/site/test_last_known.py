from agent.core.source_times import newest


def record(device: str, source_ms: int | None, *points: str) -> dict[str, object]:
    frame: dict[str, object] = {"device": [device], "points": list(points), "values": [[1.0]] * len(points)}
    if source_ms is not None:
        frame["source_ms"] = [source_ms]
    return {"body": {"frames": [frame]}}


def test_the_newest_source_time_of_each_point_is_found() -> None:
    records: list[dict[str, object]] = [
        record("H1", 1000, "pressure", "flow"),
        record("H1", 2000, "pressure"),
        record("H2", None, "pressure"),
        record("H3", 9000, "pressure"),
        {"damaged": "crc"},
    ]
    assert newest(records, {"H1", "H2"}) == {("H1", "pressure"): 2000 * 10**6, ("H1", "flow"): 1000 * 10**6}
