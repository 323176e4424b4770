"""What came of an acceptance, for others to hold us to: signed JSON, and a page for people."""

import base64
import hashlib
import json
import platform
from collections.abc import Sequence
from html import escape
from typing import Any

from agent.cli.front import version
from agent.cli.reasons import in_words
from agent.cli.words import _, language
from agent.runtime.signed import ACCEPTANCE, Signs, is_signed, signature
from hil.bench.acceptance import Verdict
from hil.bench.load import Bench
from hil.bench.model import Device
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json
from protocols.reason import from_json

FORM = "hydronest acceptance 1"
MEMBERS = ("payload", "key", "signature")
LONGEST_BYTES = 1 << 20
PUBLIC_BYTES = 32
_STYLE = """body{font:14px/1.5 sans-serif;margin:2em;color:#000}h1{font-size:1.4em}
table{border-collapse:collapse}th,td{border:1px solid #666;padding:.25em .5em;text-align:left}.no{font-weight:bold}
@media print{body{margin:0}tr{break-inside:avoid}}"""


class BadCertificate(Reasoned):
    """No certificate, or not as it was signed, or not by whom it should be."""


def certified(bench: Bench, device: Device, verdicts: Sequence[Verdict], at: str, *, simulated: bool) -> dict[str, Any]:
    """Everything that is signed. `at` is when, by the machine's wall clock; `accepted` is true where nothing failed and
    nothing was left out, false where something failed, null where the bench could not run every check.
    """
    profile = bench.profiles[device.profile]
    passed = [one.passed for one in verdicts]
    text = profile.model_dump_json(by_alias=True)
    return {
        "form": FORM,
        "at": at,
        "accepted": False if False in passed else None if None in passed else True,
        "device": {"id": device.id, "line": device.line, "unit": device.unit, "simulated": simulated},
        "profile": {
            "name": profile.profile,
            "revision": profile.revision,
            "title": profile.title,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        },
        "bench": {"id": bench.file.bench.id, "sha256": bench.sha256},
        "versions": {"hydronest": version(), "python": platform.python_version(), "kernel": platform.release()},
        "checks": [
            {"check": one.check, "passed": one.passed, "figures": dict(one.figures),
             "reason": None if one.why is None else one.why.as_json()}
            for one in verdicts
        ],
    }  # fmt: skip


def signed(told: dict[str, Any], key: Signs | None, public: str) -> str:
    """The file: the signed text as it stands, whose key, the signature; both empty without a key."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    proof = "" if key is None else signature(key, ACCEPTANCE, text)
    return json.dumps({"payload": text, "key": public, "signature": proof}, ensure_ascii=False, indent=1) + "\n"


def read(data: bytes, wanted: str | None) -> tuple[dict[str, Any], str]:
    """What a certificate tells and the key that signed it, `wanted` where one is given. Raises BadCertificate."""
    try:
        file = read_json(data, LONGEST_BYTES)
        if not isinstance(file, dict) or not all(
            isinstance(file.get(one), str) for one in ("payload", "key", "signature")
        ):
            raise BadCertificate("bench.no_certificate")
        told = read_json(file["payload"].encode(), LONGEST_BYTES)
    except BadJson as error:
        raise BadCertificate(error.reason) from None
    if not isinstance(told, dict) or told.get("form") != FORM or not _whole(told):
        raise BadCertificate("bench.no_certificate")
    if not file["signature"]:
        raise BadCertificate("bench.unsigned")
    if not _is_key(file["key"]):
        raise BadCertificate("bench.no_certificate")
    if wanted is not None and wanted != file["key"]:
        raise BadCertificate("bench.other_key", key=file["key"])
    if not is_signed(file["key"], ACCEPTANCE, file["payload"], file["signature"]):
        raise BadCertificate("bench.not_as_signed")
    return told, file["key"]


def _is_key(text: str) -> bool:
    """Whether it is a public key as we write it: what else a decoder overlooks would be shown as if it were signed."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return len(key) == PUBLIC_BYTES and base64.b64encode(key).decode() == text


def _whole(told: dict[str, Any]) -> bool:
    """Whether everything that is shown of a certificate is there."""
    checks = told.get("checks")
    return _verdict(told.get("accepted", "")) and isinstance(checks, list) and all(map(_check, checks))


def _check(check: object) -> bool:
    if not isinstance(check, dict) or not isinstance(check.get("figures"), dict):
        return False
    return isinstance(check.get("check"), str) and _verdict(check.get("passed", "")) and "reason" in check


def _verdict(value: object) -> bool:
    return value is None or isinstance(value, bool)


def outcome(told: dict[str, Any]) -> str:
    """In a word."""
    return {True: _("accepted"), False: _("not accepted"), None: _("accepted in part: not every check was run")}[
        told["accepted"]
    ]


def came_of(check: dict[str, Any]) -> str:
    """In a word, of one check."""
    return {True: _("passed"), False: _("failed"), None: _("not run")}[check["passed"]]


def measured(check: dict[str, Any]) -> str:
    """Its figures, or why not."""
    if check["reason"] is not None:
        return in_words(from_json(check["reason"]))
    return ", ".join(f"{name} {value}" for name, value in check["figures"].items())


def page(told: dict[str, Any], key: str) -> str:
    """The certificate for people, in the language in use."""
    device, profile = told["device"], told["profile"]
    title = _("Acceptance of {device} by {profile}").format(device=device["id"], profile=profile["name"])
    made = _("simulated") if device["simulated"] else _("real")
    facts = (
        (_("outcome"), outcome(told)),
        (_("at"), told["at"]),
        (_("thing"), f"{device['line']} {device['unit']} ({made})"),
        (
            _("profile"),
            f"{profile['name']} {profile['revision']}, {profile['title']}, SHA-256 {profile['sha256'][:16]}…",
        ),
        (_("bench"), f"{told['bench']['id']} {told['bench']['sha256'][:16]}"),
        (_("versions"), ", ".join(f"{name} {one}" for name, one in told["versions"].items())),
        (_("signed by"), key or _("nobody")),
    )
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts)
    checks = "".join(
        f"<tr{'' if one['passed'] else ' class=no'}>"
        f"<td>{escape(one['check'])}</td><td>{escape(came_of(one))}</td><td>{escape(measured(one))}</td></tr>"
        for one in told["checks"]
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}"><head>{head}</head><body>\n<h1>{escape(title)}</h1>\n'
        f"<table>{rows}</table>\n<h2>{escape(_('checks'))}</h2>\n<table>{checks}</table>\n</body></html>\n"
    )
