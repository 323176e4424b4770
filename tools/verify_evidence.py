#!/usr/bin/env python3
"""Check a hydronest evidence file without hydronest: Python 3.11 and its standard library are enough.

    python3 verify_evidence.py FILE [--key BASE64] [--seal HEX] [--unsigned] [--json]

Nothing here is shared with the agent: it was written from docs/evidence.md. It checks that no byte of the file was
changed since it was written, judges every asset minute by minute from the samples and the rules in the file, compares
the result with the verdicts and the rate the file states, and proves the gateway's signature (Ed25519, RFC 8032).
Exit code 0: whole and right; 1: not; 2: usage.
"""

import argparse
import base64
import hashlib
import itertools
import json
import math
import pathlib
import sys
import tomllib

CHANNELS = {
    "pressure": {"pressure": "pressure"},
    "flow": {"flow": "flow"},
    "temperature": {"temperature": "temperature"},
    "battery": {"share": "battery", "voltage": "battery_voltage"},
    "tilt": {"angle": "tilt"},
    "level": {"length": "level"},
}
UNITS = {  # unit: (quantity, factor, offset) to kPa, L/s, Cel, %, V, deg, m
    "kPa": ("pressure", 1.0, 0.0),
    "Pa": ("pressure", 0.001, 0.0),
    "hPa": ("pressure", 0.1, 0.0),
    "MPa": ("pressure", 1000.0, 0.0),
    "bar": ("pressure", 100.0, 0.0),
    "mbar": ("pressure", 0.1, 0.0),
    "m[H2O]": ("pressure", 9.80665, 0.0),
    "cm[H2O]": ("pressure", 0.0980665, 0.0),
    "mm[H2O]": ("pressure", 0.00980665, 0.0),
    "mm[Hg]": ("pressure", 0.133322, 0.0),
    "kgf/cm2": ("pressure", 98.0665, 0.0),
    "[psi]": ("pressure", 6.894757293168, 0.0),
    "atm": ("pressure", 101.325, 0.0),
    "Cel": ("temperature", 1.0, 0.0),
    "K": ("temperature", 1.0, -273.15),
    "L/s": ("flow", 1.0, 0.0),
    "L/min": ("flow", 1.0 / 60.0, 0.0),
    "L/h": ("flow", 1.0 / 3600.0, 0.0),
    "m3/s": ("flow", 1000.0, 0.0),
    "m3/min": ("flow", 1000.0 / 60.0, 0.0),
    "m3/h": ("flow", 1.0 / 3.6, 0.0),
    "%": ("share", 1.0, 0.0),
    "V": ("voltage", 1.0, 0.0),
    "mV": ("voltage", 0.001, 0.0),
    "deg": ("angle", 1.0, 0.0),
    "m": ("length", 1.0, 0.0),
    "cm": ("length", 0.01, 0.0),
    "mm": ("length", 0.001, 0.0),
}
PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"


KINDS = {"hydrant", "fill_stand", "water_point"}
COUNTING = {
    "in_service": "judged",
    "under_repair": "not_serviceable",
    "moved": "judged",
    "replaced": "not_counted",
    "retired": "not_counted",
}


class NotRight(Exception):
    """What is wrong, and where."""


def read_lines(path):
    """Check the hash chain; return {part: [(line number, content)]}, the seal and [(line number, chain)] of marks."""
    chain = "0" * 64
    parts, marks, seal = {}, [], ""
    ended = signed = False
    number = 0
    with pathlib.Path(path).open("rb") as file:
        for raw in file:
            number += 1
            if ended and (signed or raw[65:72] != b"signed "):
                raise NotRight(f"line {number}: something follows the end")
            signed = ended
            if raw[64:65] != b" " or raw[-1:] != b"\n":
                raise NotRight(f"line {number}: broken or cut off")
            digest = hashlib.sha256(chain.encode() + b" " + raw[65:-1]).hexdigest()
            if digest.encode() != raw[:64]:
                raise NotRight(f"line {number}: changed, or a line before it was taken out, put in or moved")
            chain = digest
            try:
                part, _, text = raw[65:-1].decode().partition(" ")
                content = json.loads(text)
            except (ValueError, RecursionError) as wrong:
                raise NotRight(f"line {number}: not JSON: {type(wrong).__name__}") from None
            if not isinstance(content, dict):
                raise NotRight(f"line {number} ({part}): not a JSON object")
            parts.setdefault(part, []).append((number, content))
            if part == "end":
                ended, seal = True, chain
                if content["lines"] != number:
                    raise NotRight(f"line {number}: the end counts other lines")
            if part == "end" or (number % 64 == 0 and part != "signed"):
                marks.append((number, chain))
    if not ended:
        raise NotRight(f"line {number + 1}: the end is missing: the file was cut")
    return parts, seal, marks


def only(parts, part):
    """The one line of a part."""
    if len(parts.get(part, [])) != 1:
        raise NotRight(f"there must be one {part} line, there are {len(parts.get(part, []))}")
    return parts[part][0]


def check_sequence(parts):
    """Records count up by one; what the journal no longer had is admitted by a line."""
    expected = None
    lines = [(n, c["seq"], c["seq"]) for n, c in parts.get("record", [])]
    lines += [(n, c["first_seq"], c["last_seq"]) for n, c in parts.get("missing", [])]
    for number, first, last in sorted(lines):
        if expected is not None and first != expected:
            raise NotRight(f"line {number}: record {expected} should be here, this is {first}")
        expected = last + 1


def committed(parts):
    """The register's lines, each checked: it is as it was written, and follows the one before."""
    before, lines = "0" * 64, []
    for number, line in parts.get("committed", []):
        if hashlib.sha256(line["json"].encode()).hexdigest() != line["hash"]:
            raise NotRight(f"line {number}: what was committed was changed")
        content = json.loads(line["json"])
        if content["before"] != before:
            raise NotRight(f"line {number}: before it something committed was taken out or put in")
        before = line["hash"]
        lines.append(content)
    return lines


def rules_in_force(parts, lines, end_ms):
    """The text of the rules that were committed last before the day's end, which must be the text in the file."""
    number, said = only(parts, "rules")
    known = [line["rules"] for line in lines if "rules" in line]
    judging = [rules for rules in known if rules["from_s"] <= end_ms / 1000][-1:] or known[:1]
    if not judging or judging[0]["text"] != said["text"]:
        raise NotRight(f"line {number}: these are not the rules that were committed")
    if hashlib.sha256(said["text"].encode()).hexdigest() != judging[0]["sha256"]:
        raise NotRight(f"line {number}: the rules have another hash")
    return said["text"]


def lives(lines, start_ms, end_ms):
    """{asset: [[begin, end, state, thing]]} of what existed, in minutes of the day; and every id ever committed."""
    told = {}
    for line in lines:
        if "rules" not in line:
            told.setdefault(line["asset"], []).append(line)
    start, end, found = start_ms // 60_000, end_ms // 60_000, {}
    for asset in sorted(told):
        entries = sorted(told[asset], key=lambda entry: entry["from_s"])
        nameless = {"id": asset, "kind": "", "lon": None, "lat": None, "station": "", "district": ""}
        thing = next((entry["thing"] for entry in entries if entry["thing"]), nameless)
        state = None
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            state, thing = entry["state"] or state, entry["thing"] or thing
            first = max(start, int(entry["from_s"] // 60))
            last = end if following is None else min(end, int(following["from_s"] // 60))
            if state and first < last:
                found.setdefault(asset, []).append([first - start, last - start, state, thing])
    return found, set(told)


def strangers(parts, rules, known):
    """Devices that were read and are no asset: no one left them out by saying they are something else."""
    wanted = {rule["of"] for rule in rules["verdict"] if rule["form"] in ("at_least", "fresh")}
    wanted |= {"level" for rule in rules["verdict"] if rule["form"] in ("lift_at_most", "above_floor")}
    wanted |= {limit["of"] for limit in rules.get("ledger", [])}
    others, found = only(parts, "others")[1], set()
    for _, record in parts.get("record", []):
        for frame in record["body"]["frames"] if record["lane"] == "telemetry" else ():
            if any(wanted & set(CHANNELS.get(point, {}).values()) for point in frame["points"]):
                judged = frame.get("profile", "").partition("/")[0] in KINDS
                found |= {one for one in frame["device"] if one not in known and (judged or one not in others)}
    return sorted(found)


def assets_of(parts, lines, rules, head):
    """Every asset of the day with its life; the file's own list must say the same."""
    length = (head["end_ms"] - head["start_ms"]) // 60_000
    listed = [(number, dict(content)) for number, content in parts.get("asset", [])]
    if head["v"] == 2:
        return {c["id"]: [[0, length, "in_service", c]] for _, c in listed}
    found, known = lives(lines, head["start_ms"], head["end_ms"])
    for asset in strangers(parts, rules, known):
        thing = {"id": asset, "kind": "", "lon": None, "lat": None, "station": "", "district": ""}
        found[asset] = [[0, length, None, thing]]
    said = {content["id"]: (number, content) for number, content in listed}
    for asset in sorted(said.keys() ^ found.keys()):
        line = said[asset][0] if asset in said else parts["others"][0][0] + 1
        raise NotRight(f"line {line} (asset): {asset} is not what was committed")
    for asset, life in found.items():
        number, content = said[asset]
        told = content.pop("life")
        mine = {**life[-1][3]}
        if told != [part[:3] for part in life] or {name: content[name] for name in mine} != mine:
            raise NotRight(f"line {number} (asset): {asset} is not what was committed")
    return found


def samples(parts):
    """[(utc ms, asset, channel, value)] of every usable value, earliest first."""
    found = []
    for _, record in parts.get("record", []):
        if record["lane"] != "telemetry":
            continue
        for frame in record["body"]["frames"]:
            for column, (point, unit) in enumerate(zip(frame["points"], frame["units"], strict=True)):
                quantity, factor, offset = UNITS.get(unit, ("", 0, 0))
                channel = CHANNELS.get(point, {}).get(quantity)
                if channel is None:
                    continue
                for row, device in enumerate(frame["device"]):
                    value = frame["values"][column][row]
                    if type(value) not in (int, float) or ("quality" in frame and frame["quality"][column][row] >= 16):
                        continue
                    found.append((record["t0_ms"] + frame["at_ms"][row], device, channel, value * factor + offset))
    found.sort(key=lambda sample: sample[0])
    return found


def turns(parts):
    """[(utc ms, asset, kind, raised)], earliest first; those already standing come before everything."""
    found = [(0, c["subject"], c["kind"], True) for _, c in parts.get("standing", [])]
    for _, record in parts.get("record", []):
        if record["lane"] == "event":
            found += [
                (record["t0_ms"] + e["at_ms"], e["subject"], e["kind"], e["turn"] == "raised")
                for e in record["body"]["events"]
                if e["turn"] in ("raised", "cleared")
            ]
    found.sort(key=lambda turn: turn[0])
    return found


def metres(a, b):
    """Great-circle distance of two assets; infinite where a place is not known."""
    if None in (a["lon"], a["lat"], b["lon"], b["lat"]):
        return math.inf
    p, q = math.radians(a["lat"]), math.radians(b["lat"])
    d = math.radians(b["lon"] - a["lon"])
    h = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(d / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(h)))


def middle(values):
    """The median."""
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


class Day:
    """Everything known at one minute, and the rules' memories."""

    def __init__(self, found, rules, length):
        self.rules = rules
        self.lives = found
        self.length = length
        self.assets = {asset: life[-1][3] for asset, life in found.items()}
        self.newest = {}  # (asset, channel): (utc ms, value)
        self.open = {asset: set() for asset in self.assets}
        self.inspection = {}
        self.test = {}
        self.memory = {}  # (asset, rule id): [settled, minutes turning, window, minutes of fire, what stood before it]
        self.minutes = {asset: {"serviceable": 0, "not_serviceable": 0, UNKNOWN: 0} for asset in self.assets}
        self.changes = {asset: [] for asset in self.assets}
        self.below = {asset: {} for asset in self.assets}
        self.because = {asset: {} for asset in self.assets}

    def learn(self, fact):
        """An inspection or a flow test; of one asset the newest counts."""
        table = self.inspection if fact["fact"] == "inspection" else self.test
        known = table.get(fact["asset"])
        if known is None or fact["at_s"] >= known["at_s"]:
            table[fact["asset"]] = fact

    def value(self, asset, channel, now, oldest_min):
        """The newest value, unless it is too old."""
        at, value = self.newest.get((asset, channel), (0, None))
        return value if value is not None and now - at <= oldest_min * 60_000 else None

    def fire(self, asset, reach):
        """Water is drawn here, or within so many metres."""
        for other, kinds in self.open.items():
            if "water_drawn" in kinds and (other == asset or metres(self.assets[asset], self.assets[other]) <= reach):
                return True
        return False

    def look(self, asset, rule, now, memory):
        """What one rule says this minute."""
        form, thing, held = rule["form"], self.assets[asset], self.rules.get("held_max_min", 15.0)
        failed = memory[0] == FAIL
        missing = PASS if rule.get("missing", "pass" if form == "flow_tested" else "unknown") == "pass" else UNKNOWN
        if form == "at_least":
            value = self.value(asset, rule["of"], now, held)
            low = rule.get("fire_limit")
            burning = low is not None and self.fire(asset, rule.get("fire_m", 500.0))
            if burning and memory[3] == 0:
                memory[4] = memory[0]
            memory[3] = memory[3] + 1 if burning else 0
            if value is None:
                memory[2].clear()
                memory[4] = UNKNOWN
                return missing
            if burning:
                if memory[3] > held:
                    memory[2].clear()
                    memory[4] = UNKNOWN
                if value < low:
                    return FAIL
                return PASS if memory[4] == UNKNOWN and value >= rule["limit"] else memory[4]
            memory[2].append(value)
            del memory[2][: -rule.get("window_min", 1)]
            if len(memory[2]) < rule.get("least_values", 1):
                return UNKNOWN
            return PASS if middle(memory[2]) >= rule["clear" if failed else "limit"] else FAIL
        if form == "fresh":
            return FAIL if self.value(asset, rule["of"], now, rule["max_age_min"]) is None else PASS
        if form == "no_event":
            return FAIL if self.open[asset] & set(rule["events"]) else PASS
        if form == "inspected":
            seen = self.inspection.get(asset)
            if seen is None:
                return missing
            return PASS if seen["passed"] and now / 1000 - seen["at_s"] <= rule["max_age_days"] * 86_400 else FAIL
        if form == "flow_tested":
            test = self.test.get(asset)
            if test is None:
                return missing
            flow = 0.0
            if rule["residual_kpa"] < test["static_kpa"]:
                share = (test["static_kpa"] - rule["residual_kpa"]) / (test["static_kpa"] - test["residual_kpa"])
                flow = test["flow_l_s"] * share**0.54
            return PASS if flow >= rule["limit_l_s"] else FAIL
        level = self.value(asset, "level", now, held)
        mark = thing["lift_at_zero_m" if form == "lift_at_most" else "suction_floor_m"]
        if level is None or mark is None:
            return missing
        limit = rule["clear_m" if failed else "limit_m"]
        if form == "lift_at_most":
            return PASS if mark - level <= limit else FAIL
        if form == "above_floor":
            return PASS if level - mark >= limit else FAIL
        raise NotRight(f"rule {rule['id']}: nobody knows the form {form}")

    def verdict(self, asset, now):
        """(state, reasons) of one asset this minute."""
        failed, doubted, looked = [], [], 0
        for rule in self.rules["verdict"]:
            if self.assets[asset]["kind"] not in rule["kinds"]:
                continue
            looked += 1
            memory = self.memory.setdefault((asset, rule["id"]), [UNKNOWN, 0, [], 0, UNKNOWN])
            says = self.look(asset, rule, now, memory)
            if says == memory[0]:
                memory[1] = 0
            else:
                wait = 0
                if UNKNOWN not in (says, memory[0]):
                    wait = rule.get("fail_after_min" if says == FAIL else "pass_after_min", 0)
                if memory[1] < wait:
                    memory[1] += 1
                else:
                    memory[0], memory[1] = says, 0
            if memory[0] == FAIL and rule.get("fails_as", "not_serviceable") == "not_serviceable":
                failed.append(rule["id"])
            elif memory[0] == FAIL:
                doubted.append(rule["id"])
            elif memory[0] == UNKNOWN:
                doubted.append(rule["id"] + "?")
        if failed:
            return "not_serviceable", failed + doubted
        return (UNKNOWN if doubted or not looked else "serviceable"), doubted

    def minute(self, now, start):
        """Judge everything; count it if the day has begun."""
        for asset in self.assets:
            state, reasons = self.verdict(asset, now)
            if now <= start:
                continue
            self.minutes[asset][state] += 1
            if not self.changes[asset] or self.changes[asset][-1][1:] != [state, reasons]:
                self.changes[asset].append([(now - start) // 60_000 - 1, state, reasons])
            for reason in reasons:
                self.because[asset][reason] = self.because[asset].get(reason, 0) + 1
            for limit in self.rules.get("ledger", []):
                value = self.value(asset, limit["of"], now, self.rules.get("held_max_min", 15.0))
                if value is None or value >= limit["below"]:
                    continue
                when = limit.get("when", "always")
                if when == "always" or (when == "fire") == self.fire(asset, limit.get("fire_m", 500.0)):
                    self.below[asset][limit["id"]] = self.below[asset].get(limit["id"], 0) + 1


def tally(counts):
    """Counts with both rates."""
    good, bad, unknown = counts
    total = good + bad + unknown
    return {
        "serviceable": good,
        "not_serviceable": bad,
        "unknown": unknown,
        "total": total,
        "strict": good / total if total else None,
        "of_known": good / (good + bad) if good + bad else None,
    }


def because(day):
    """The day's minutes by reason, of all that counts: rules of the verdicts, or the state a thing was in."""
    found = {}
    for asset, life in day.lives.items():
        for begin, end, state, _ in life:
            counts = {**COUNTING, **day.rules.get("counting", {})}[state or "in_service"]
            if counts == "judged":
                changes = day.changes[asset]
                for (first, _, reasons), last in zip(changes, [c[0] for c in changes[1:]] + [day.length], strict=True):
                    for reason in reasons:
                        found[reason] = found.get(reason, 0) + max(0, min(last, end) - max(first, begin))
            elif counts != "not_counted" and state:
                found[state] = found.get(state, 0) + end - begin
    return {reason: found[reason] for reason in sorted(found) if found[reason]}


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    """Two points of the curve, as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    """A point so many times."""
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def point(raw):
    """The point that 32 bytes stand for; None for none."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (sign and not x):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def is_signed(public, proof, message):
    """Whether these 64 bytes are the signature of the key's owner over the message."""
    if len(public) != 32 or len(proof) != 64:
        return False
    key, commitment, s = point(public), point(proof[:32]), int.from_bytes(proof[32:], "little")
    if key is None or commitment is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(proof[:32] + public + message).digest(), "little") % ORDER
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    left, right = times(s, base), add(commitment, times(h, key))
    return not (left[0] * right[2] - right[0] * left[2]) % P and not (left[1] * right[2] - right[1] * left[2]) % P


def who_signed(parts, marks, key):
    """The public key of the gateway that stands for every line; where the signatures end, what follows is forged."""
    if "signed" not in parts:
        raise NotRight("nobody signed it")
    number, told = only(parts, "signed")
    identity, proofs = told["identity"], told["signatures"]
    if key and key != identity:
        raise NotRight(f"line {number}: signed by another key: {identity}")
    head, first = parts.get("head", [(0, {})])[0][1], 1
    for mark, proof in itertools.zip_longest(marks, proofs):
        last, chain = mark or (number, "")
        text = f"{head.get('gateway')}\nevidence\nday={head.get('day')}\nhead={chain}\nlines={last}"
        proof = base64.b64decode(proof or "", validate=True)
        if not is_signed(base64.b64decode(identity), proof, b"hydronest seal v1\n" + text.encode()):
            raise NotRight(f"line {first} to {last}: not what the gateway signed")
        first = last + 1
    return identity


STATES = ("serviceable", "not_serviceable", UNKNOWN)


def counted(day, asset, part, only_last):
    """(serviceable, not, unknown) minutes of a part of a life, or of the day's last minute of it; None: not counted."""
    begin, end, state, _ = part
    counts = {**COUNTING, **day.rules.get("counting", {})}[state or "in_service"]
    if counts == "not_counted" or (only_last and end != day.length):
        return None
    begin = end - 1 if only_last else begin
    if counts != "judged":
        return [0, end - begin, 0] if counts == "not_serviceable" else [0, 0, end - begin]
    minutes = [0, 0, 0]
    changes = day.changes[asset]
    for (first, said, _), last in zip(changes, [c[0] for c in changes[1:]] + [day.length], strict=True):
        minutes[STATES.index(said)] += max(0, min(last, end) - max(first, begin))
    return minutes


def grouped(day, only_last, version):
    """The rate over all, by station, district and kind: over the day, or in its last minute."""
    result = {"rules": version}
    for by in ("all", "station", "district", "kind"):
        groups = {}
        for asset, part in [(asset, part) for asset, life in day.lives.items() for part in life]:
            minutes = counted(day, asset, part, only_last)
            if minutes is not None:
                into = groups.setdefault("" if by == "all" else part[3][by], [0, 0, 0])
                for i, n in enumerate(minutes):
                    into[i] += n
        result[by] = {name: tally(groups[name]) for name in sorted(groups)}
    return result


def verify(path, key="", unsigned=False):
    """Raise NotRight, or return what the file proves. `key` must have signed it; `unsigned`: it may be nobody's."""
    parts, seal, marks = read_lines(path)
    identity = "" if unsigned and not key else who_signed(parts, marks, key)
    number, head = only(parts, "head")
    if head.get("format") != "hydronest-evidence" or head.get("v") not in (2, 3, 4):
        raise NotRight(f"line {number}: not an evidence file of version 4")
    check_sequence(parts)
    lines = committed(parts)
    text = only(parts, "rules")[1]["text"] if head["v"] == 2 else rules_in_force(parts, lines, head["end_ms"])
    rules = tomllib.loads(text)
    day = Day(assets_of(parts, lines, rules, head), rules, (head["end_ms"] - head["start_ms"]) // 60_000)
    facts = sorted((c for _, c in parts.get("fact", [])), key=lambda c: round((c["told_s"] or 0) * 1000))
    values, events = samples(parts), turns(parts)
    f = s = e = 0
    for now in range(head["start_ms"] - head["lead_in_ms"] + 60_000, head["end_ms"] + 1, 60_000):
        while f < len(facts) and round((facts[f]["told_s"] or 0) * 1000) <= now:
            day.learn(facts[f])
            f += 1
        while s < len(values) and values[s][0] <= now:
            at, asset, channel, value = values[s]
            day.newest[asset, channel] = (at, value)
            s += 1
        while e < len(events) and events[e][0] <= now:
            _, asset, kind, raised = events[e]
            if asset in day.open:
                (day.open[asset].add if raised else day.open[asset].discard)(kind)
            e += 1
        day.minute(now, head["start_ms"])
    stated = {c["asset"]: (n, c) for n, c in parts.get("verdict", [])}
    for asset in day.assets:
        m = day.minutes[asset]
        mine = {
            "asset": asset,
            "minutes": [m["serviceable"], m["not_serviceable"], m[UNKNOWN]],
            "changes": day.changes[asset],
            "below_min": day.below[asset],
        }
        if head["v"] > 3:
            mine["because_min"] = day.because[asset]
        number, claim = stated.get(asset, (0, None))
        if claim != mine:
            raise NotRight(f"line {number} (verdict): {asset} comes out otherwise: {mine}")
    minutes, last = grouped(day, False, rules["version"]), grouped(day, True, rules["version"])
    number, claim = only(parts, "rate")
    why = because(day)
    if claim != {"minutes": minutes, "at_end": last, **({"because_min": why} if head["v"] > 3 else {})}:
        raise NotRight(f"line {number} (rate): comes out otherwise: {minutes['all']}")
    for number, counted in parts.get("counted", []):
        if hashlib.sha256(counted["json"].encode()).hexdigest() != counted["hash"]:
            raise NotRight(f"line {number}: what was counted that day was changed")
        if json.loads(counted["json"])["day"] != head["day"]:
            raise NotRight(f"line {number}: this was counted on another day")
    return {
        "gateway": head["gateway"],
        "day": head["day"],
        "seal": seal,
        "rules": rules["version"],
        "assets": len(day.assets),
        "records": len(parts.get("record", [])),
        "missing": sum(c["last_seq"] - c["first_seq"] + 1 for _, c in parts.get("missing", [])),
        "rate": minutes,
        "because_min": why,
        "identity": identity,
    }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Check a hydronest evidence file, without hydronest.")
    parser.add_argument("file")
    parser.add_argument("--key", default="", help="the gateway's public key, noted when it was set up")
    parser.add_argument("--seal", help="the seal written down when the file was made")
    parser.add_argument("--unsigned", action="store_true", help="take a file that nobody signed, as of version 3")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        found = verify(options.file, options.key, options.unsigned)
        if options.seal and options.seal.lower() != found["seal"]:
            raise NotRight(f"another file: its seal is {found['seal']}")
    except NotRight as wrong:
        print(f"NOT RIGHT: {wrong}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as wrong:
        print(f"NOT RIGHT: it cannot be read: {type(wrong).__name__}: {wrong}")
        return 1
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    everything = found["rate"]["all"].get("") or tally([0, 0, 0])
    print(f"whole and right: {found['gateway']} {found['day']}, rules {found['rules']}, seal {found['seal']}")
    print(f"{found['assets']} assets, {found['records']} records, {found['missing']} missing from the journal")
    print(f"signed by {found['identity'] or 'nobody'}")
    for name, rate in (("strict", everything["strict"]), ("of known", everything["of_known"])):
        print(f"rate {name}: " + ("none" if rate is None else f"{rate:.4%}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
