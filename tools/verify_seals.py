#!/usr/bin/env python3
"""Check the seals a platform kept without hydronest: Python 3.11 and its standard library are enough.

    python3 verify_seals.py FILE --gateway ID [--key BASE64]

FILE has a message of the topic `event` a line, as it came. Nothing here is shared with the agent: it was written from
docs/platform-contract.md, chapter 8, and RFC 8032. Exit code 0: every seal was signed by the key of its time; 1: not;
2: usage.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    """The sum of two points of the curve."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    """A point so many times."""
    out = (0, 1, 1, 0)
    while number:
        if number & 1:
            out = add(out, point)
        point = add(point, point)
        number >>= 1
    return out


def point(raw):
    """The point these 32 bytes stand for; None for none."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, proof, message):
    """Ed25519: is `proof` the signature of `key` (both base64) over these bytes."""
    try:
        public, signature = base64.b64decode(key), base64.b64decode(proof, validate=True)
    except ValueError:
        return False
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(k, a))
    return not (left[0] * right[2] - right[0] * left[2]) % P and not (left[1] * right[2] - right[1] * left[2]) % P


def text(gateway, about, told):
    """What is signed."""
    lines = [gateway, about, *(f"{name}={told[name]}" for name in sorted(told))]
    return b"hydronest seal v1\n" + "\n".join(lines).encode()


def check(gateway, messages, noted=""):
    """(number of seals, keys in their order, what is wrong)."""
    keys, wrong, count, seen = [noted] if noted else [], [], 0, {}
    for one in messages:
        if one.get("gateway") == gateway:
            seen[len(one["boot"]), one["boot"], one["seq"], one.get("part", 1)] = one
    for place in sorted(seen):
        for event in seen[place].get("events", []):
            if event["kind"] != "audit":
                continue
            count += 1
            about, evidence = event["subject"], dict(event["evidence"])
            signer, proof = evidence.pop("identity", ""), evidence.pop("signature", "")
            where = f"message {place[1]} {place[2]}, seal of {about}"
            if not signed(signer, proof, text(gateway, about, evidence)):
                wrong.append(f"{where}: it is not signed by the key it names")
            elif about == "identity":
                key, before = evidence["key"], evidence["before"]
                named = {name: evidence[name] for name in ("number", "key", "before")}
                if keys and keys[-1] == key:
                    continue
                if not keys and not before and signer == key:
                    keys.append(key)
                elif (
                    before
                    and signer == before
                    and keys[-1:] in ([], [before])
                    and signed(key, evidence.get("agreed", ""), text(gateway, "identity agreed", named))
                ):
                    keys = [*(keys or [before]), key]
                else:
                    wrong.append(f"{where}: key {key} is not vouched for by the one before it")
            elif not keys:
                keys.append(signer)
            elif signer != keys[-1]:
                wrong.append(f"{where}: {signer} is not the gateway's key of that time")
    return count, keys, wrong


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="Check the seals that a platform kept of a gateway.")
    parser.add_argument("file")
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--key", default="", help="the gateway's key, noted down when it was set up")
    args = parser.parse_args()
    rows = pathlib.Path(args.file).read_text(encoding="utf-8").splitlines()
    try:
        count, keys, wrong = check(args.gateway, [json.loads(row) for row in rows if row.strip()], args.key)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{args.file} is no file of messages: {error!r}")
        return 1
    wrong += [] if count else ["there is no seal"]
    for line in wrong:
        print(f"WRONG  {line}")
    for number, key in enumerate(keys, 1):
        print(f"key {number}  {key}")
    print(f"{count} seals: {'not right' if wrong else 'whole and right'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
