"""What a build is made of, as CycloneDX 1.5: every package of `requirements.lock` with its version and the hashes it is
installed by. `python tools/sbom.py > dist/hydronest.cdx.json`; the same lock gives the same bytes.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\\n]+?))? \\$", re.MULTILINE)


def components(lock: str) -> list[dict[str, Any]]:
    """By name, as the lock has them."""
    found = []
    starts = list(ENTRY.finditer(lock))
    for entry, after in zip(starts, [*starts[1:], None], strict=True):
        name, version = re.sub(r"[-_.]+", "-", entry["name"]).lower(), entry["version"]
        purl = f"pkg:pypi/{name}@{version}"
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock[entry.end() : after.start() if after else None])
        about = [{"name": "hydronest:installed_by_sha256", "value": digest} for digest in sorted(hashes)]
        if entry["marker"]:
            about.append({"name": "hydronest:only_where", "value": entry["marker"].strip()})
        component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        found.append({**component, "properties": about})
    return sorted(found, key=lambda one: str(one["name"]))


def sbom(project: dict[str, Any], lock: str) -> dict[str, Any]:
    """The whole document. It has no serial number and no time: it is what the lock says."""
    name, version = project["name"], project["version"]
    itself = {"type": "application", "bom-ref": f"pkg:pypi/{name}@{version}", "name": name, "version": version}
    parts = components(lock)
    direct = {re.sub(r"[-_.]+", "-", re.split(r"[=<>\[ ;!~]", one)[0]).lower() for one in project["dependencies"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**itself, "purl": itself["bom-ref"]}},
        "components": parts,
        "dependencies": [
            {"ref": itself["bom-ref"], "dependsOn": [one["bom-ref"] for one in parts if one["name"] in direct]}
        ],
    }


def main() -> int:
    """Print it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = sbom(project, (ROOT / "requirements.lock").read_text("utf-8"))
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
