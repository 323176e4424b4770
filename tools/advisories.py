"""Known weaknesses of what a build is made of: `requirements.lock` against a database that is given, in OSV's form.

`python tools/advisories.py PATH [LOCK]`: a folder of records, one `.json` each, or a `.zip` of them, such as osv.dev
gives away for PyPI. Nothing is fetched. Ends with 1 where a record is about a version that is locked, 2 where the
database holds no record of PyPI at all.
"""

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sbom import ROOT, components


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Every record of the database that is one."""
    if path.is_dir():
        texts = (file.read_bytes() for file in sorted(path.rglob("*.json")))
    else:
        archive = zipfile.ZipFile(path)
        texts = (archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".json"))
    for text in texts:
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict) and not found.get("withdrawn"):
            yield found


def affects(record: dict[str, Any], name: str, version: Version) -> bool:
    """Whether it is about this version: one it lists, or one within a range of PyPI's own versions."""
    return any(
        str(version) in affected.get("versions", ()) or any(_within(one, version) for one in affected.get("ranges", ()))
        for affected in packages(record)
        if canonicalize_name(affected["package"]["name"]) == name
    )


def packages(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What of PyPI it is about."""
    return [one for one in record.get("affected", ()) if one.get("package", {}).get("ecosystem") == "PyPI"]


def _within(span: dict[str, Any], version: Version) -> bool:
    if span.get("type") != "ECOSYSTEM":
        return False
    inside = False
    for event in span.get("events", ()):
        if "introduced" in event and (event["introduced"] == "0" or version >= _version(event["introduced"])):
            inside = True
        if "fixed" in event and version >= _version(event["fixed"]):
            inside = False
        if "last_affected" in event and version > _version(event["last_affected"]):
            inside = False
    return inside


def _version(text: str) -> Version:
    """One that nobody can read is older than any: what it begins holds, what it ends does not."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def main(line: list[str]) -> int:
    """A line a finding: the package, the record, its other names, what it says."""
    lock = Path(line[1]) if len(line) > 1 else ROOT / "requirements.lock"
    locked = {one["name"]: Version(one["version"]) for one in components(lock.read_text("utf-8"))}
    looked, found = 0, 0
    for record in records(Path(line[0])):
        looked += bool(packages(record))
        for name in {canonicalize_name(one["package"]["name"]) for one in packages(record)} & locked.keys():
            if affects(record, name, locked[name]):
                found += 1
                known_as = " ".join([record.get("id", "?"), *record.get("aliases", ())])
                sys.stdout.write(f"{name} {locked[name]}: {known_as}: {record.get('summary', '')}\n")
    sys.stderr.write(f"{len(locked)} packages, {looked} records of PyPI, {found} findings\n")
    return 1 if found else 0 if looked else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
