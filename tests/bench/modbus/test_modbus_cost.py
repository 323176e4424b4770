"""What a Modbus transaction costs, down to the Sample, against a bare pymodbus call in the same run."""

import os

from tests.bench.modbus import measure

SECONDS = float(os.environ.get("HYDRONEST_BENCH_S", "6"))


def test_a_tcp_transaction_costs_no_more_than_a_bare_pymodbus_call() -> None:
    ours, bare = measure.flat_out(SECONDS / 2)
    print(
        f"\nours {ours.cpu_us:.1f} us, {ours.per_second:.0f}/s; pymodbus {bare.cpu_us:.1f} us, {bare.per_second:.0f}/s"
    )
    assert ours.cpu_us <= 1.3 * bare.cpu_us


def test_a_line_of_rtu_devices_is_full_and_keeps_its_silences() -> None:
    for baud in (9600, 19_200):
        seen = measure.saturated(baud, SECONDS)
        print(f"\n{baud}: limit {seen.limit_per_s:.1f}/s, {seen}")
        assert seen.ours_gaps[1] == 0
        assert seen.ours.cpu_us <= 1.3 * seen.bare.cpu_us
        assert seen.ours.per_second >= 0.8 * seen.bare.per_second  # which leaves no silence: 3.5 characters are 8-14 %


def test_a_thousand_units_miss_no_period() -> None:
    _, bare = measure.flat_out(1.0)
    seen = measure.thousand_units(SECONDS)
    print(f"\n{seen}")
    assert seen.missed_periods == 0
    assert seen.fresh >= 0.99
    assert seen.rss_growth_mb < 2
    assert seen.cpu_us <= 1.3 * bare.cpu_us


def test_one_dead_unit_of_a_hundred_leaves_the_rest_fresh() -> None:
    seen = measure.one_dead_of_a_hundred(SECONDS)
    print(f"\n{seen}")
    assert seen.fresh >= 0.99
