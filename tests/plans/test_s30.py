"""S30 五防: an assessor's pack in which each of the five stands with lines of its own, none of them open."""

import csv
import io
from collections import Counter

from agent.cli.dengbao import _page, _sheet
from agent.reports.controls import standards

FIVE = ("防攻击", "防篡改", "防病毒", "防瘫痪", "防窃密")
LEAST = 5


def test_each_of_the_five_is_answered_by_lines_that_tests_hold() -> None:
    found = list(standards())
    (five,) = [standard for standard in found if standard.name == "五防"]
    count = Counter(one.clause.split()[0] for one in five.controls)
    assert set(count) == set(FIVE)
    assert min(count.values()) >= LEAST
    assert [one.clause for one in five.controls if one.open or not one.where] == []
    others = {one.test for standard in found if standard is not five for one in standard.controls}
    assert {one.test for one in five.controls} <= others, "nothing is claimed here that the other tables do not say"
    page, rows = _page(found, "gw1"), list(csv.reader(io.StringIO(_sheet(found).lstrip("\ufeff"))))
    for one in five.controls:
        assert f"| {one.clause} | " in page
        assert any(row[1:2] == [one.clause] and one.test in row for row in rows), one
