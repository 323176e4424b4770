"""A company's file: what is taken, what is refused with its line, what is told as a doubt; and files of strangers."""

import random

import pytest

from agent.water.hydraulics import Hydraulics
from agent.water.inp import Read
from agent.water.inp_text import LONGEST_BYTES, BadNetwork, decoded
from agent.water.network import LinkKind, Status
from agent.water.system import NoBalance
from tests.water.networks import two_zones

GOOD = """[TITLE]
 a town
[JUNCTIONS]
;id elev demand
J1 10 5
J2 11 2
[RESERVOIRS]
R 60
[PIPES]
P1 R J1 100 200 110 0 Open
P2 J1 J2 100 100 110
[OPTIONS]
UNITS LPS
[COORDINATES]
J1 118.87 28.94
[END]
"""


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("J2 11 2", "J1 11 2", "network.twice"),
        ("J2 11 2", "J2 eleven", "network.no_number"),
        ("J2 11 2", "J2 nan 2", "network.no_number"),
        ("J2 11 2", "J2 11 2 NIGHT", "network.unknown"),
        ("J2 11 2", "J" + "2" * 70 + " 11", "network.name_long"),
        ("J2 11 2", "J2 " + "1 " * 600, "network.line_long"),
        ("J2 11 2", "J2 11 ; " + "x" * 5000, "network.line_long"),
        ("P2 J1 J2 100 100 110", "P2 J1 J3 100 100 110", "network.unknown"),
        ("P2 J1 J2 100 100 110", "P2 J1 J1 100 100 110", "network.to_itself"),
        ("P2 J1 J2 100 100 110", "P2 J1 J2 100", "network.line_short"),
        ("P2 J1 J2 100 100 110", "P2 J1 J2 100 0 110", "network.not_above_nothing"),
        ("P2 J1 J2 100 100 110", "P1 J1 J2 100 100 110", "network.twice"),
        ("[RESERVOIRS]\nR 60", "", "network.unknown"),
        ("UNITS LPS", "UNITS LITRES", "network.no_unit"),
        ("UNITS LPS", "HEADLOSS MANNING-ISH\nHEADLOSS X", "network.no_formula"),
        ("[OPTIONS]", "[PUMPS]\nU J1 J2 SPEED 1\n[OPTIONS]", "network.pump_without"),
        ("[OPTIONS]", "[PUMPS]\nU J1 J2 HEAD C\n[OPTIONS]", "network.unknown"),
        ("[OPTIONS]", "[VALVES]\nV J1 J2 100 XYZ 5\n[OPTIONS]", "network.no_valve"),
        ("[OPTIONS]", "[CONTROLS]\nLINK P9 CLOSED IF NODE J1 BELOW 5\n[OPTIONS]", "network.no_control"),
        (GOOD, "hello", "network.no_inp"),
        (GOOD, "", "network.no_inp"),
        (GOOD, "[JUNCTIONS]\nA 1\nB 2\n[PIPES]\nP A B 10 100 100", "network.no_source"),
    ],
)
def test_what_is_no_network_says_why(was: str, now: str, code: str) -> None:
    assert was in GOOD
    with pytest.raises(BadNetwork) as caught:
        Read(GOOD.replace(was, now).encode())
    assert caught.value.reason.code == code


def test_what_a_file_holds() -> None:
    read = Read(GOOD.encode())
    net = read.network
    assert (net.title, [node.id for node in net.nodes]) == ("a town", ["J1", "J2", "R"])
    assert net.nodes[0].demands == [(0.005, "")]
    assert (net.links[0].diameter_m, net.links[0].status) == (0.2, Status.OPEN)
    assert read.places == {"J1": (118.87, 28.94)}
    assert read.doubts == []
    assert [link.kind for link in Read(two_zones(1).text().encode()).network.links][-2:] == [
        LinkKind.PUMP,
        LinkKind.PRV,
    ]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("[RULES]\nRULE 1\nIF TANK T LEVEL BELOW 2", "network.left_aside"),
        ("[OPTIONS]\nDEMAND MODEL PDA", "network.pressure_driven"),
        ("[JUNCTIONS]\nJ9 5", "network.alone"),
        ("[TANKS]\nT 50 2 1 4 10 0 SHAPE\n[PIPES]\nP9 T J1 10 100 100", "network.tank_curve"),
    ],
)
def test_what_is_left_aside_is_told(more: str, code: str) -> None:
    assert [doubt.code for doubt in Read((GOOD.replace("[END]", "") + more).encode()).doubts] == [code]


def test_a_chinese_desk_writes_gb_18030() -> None:
    assert decoded("管网".encode("gb18030")) == decoded("管网".encode()) == "管网"
    with pytest.raises(BadNetwork):
        decoded(bytes(LONGEST_BYTES + 1))


def test_whatever_a_stranger_sends_is_a_network_or_no_network() -> None:
    """Words and numbers swapped, doubled and torn: nothing but BadNetwork comes out, and what is taken is solved or
    has no balance."""
    whole = two_zones(1).text().splitlines()
    chance = random.Random(7)
    taken = 0
    for _ in range(150):
        lines = list(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(lines))
            words = lines[at].split()
            match chance.randrange(5):
                case 0 if words:
                    words[chance.randrange(len(words))] = chance.choice(
                        ("-1", "1e300", "nan", "0", "[PIPES]", "x", "1:99", '"', "CLOSED")
                    )
                    lines[at] = " ".join(words)
                case 1:
                    lines[at] = lines[chance.randrange(len(lines))]
                case 2:
                    del lines[at]
                case 3:
                    lines[at] = lines[at][: len(lines[at]) // 2]
                case _:
                    lines.insert(at, "\x00\u202e " + "9" * 50)
        try:
            net = Read("\n".join(lines).encode("utf-8", "surrogatepass")).network
        except BadNetwork:
            continue
        taken += 1
        hydraulics = Hydraulics(net)
        try:
            hydraulics.solve(hydraulics.at(0.0))
        except NoBalance:
            continue
    assert taken > 10
