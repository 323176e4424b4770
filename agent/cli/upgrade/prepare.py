"""Whatever can be refused is refused here, before anything is changed; then what an upgrade needs is laid out."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from agent.cli.upgrade import packages
from agent.cli.upgrade.plan import Plan
from agent.cli.upgrade.rounds import periods_s, round_s
from agent.cli.upgrade.signature import NotProven, digest_of, key_of, taken
from agent.journal.files import stored_version
from agent.runtime import durable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.cli.upgrade.machine import Machine
    from agent.settings.settings import Settings

MARGIN_BYTES = 200 << 20
"""Of the card: the old package made anew, and what dpkg unpacks beside what is there."""
ROOMS = Path(__file__).resolve().parents[3]


class Prepared:
    """What was proven: the plan, and the key to be believed from now on."""

    def __init__(self, plan: Plan, pem: bytes) -> None:
        self.plan = plan
        self.pem = pem


def prove(machine: Machine, package: Path, key_sum: str, settings: Settings, *, owner: int = 0) -> Prepared:
    """Signature, machine, journal, room, and whether the nests are at rest. Raises NotProven, OSError.

    The package is copied to root's folder and looked at there; `owner` is who may have written the pinned key.
    """
    places, run = machine.places, machine.run
    if not places.systemd.is_dir():
        raise NotProven("upgrade.no_systemd")
    if places.plan.exists():
        raise NotProven("upgrade.at_work")
    pem = key_of(places.key, package.parent, key_sum, owner=owner)
    digest = digest_of(package, pem)
    wanted = package.stat().st_size + _size(settings) + MARGIN_BYTES
    if (free := machine.free_bytes()) < wanted:
        raise NotProven("upgrade.no_room", folder=str(places.home), wanted=wanted >> 20, free=free >> 20)
    taken(package, places.new, digest)
    new, old = packages.version_of(run, places.new), packages.installed_version(run)
    if not old:
        raise NotProven("upgrade.not_installed")
    if machine.is_installed(places.new):
        raise NotProven("upgrade.same", version=new)
    stored, will_be = stored_version(settings.journal_path), packages.journal_of(places.new)
    if stored is not None and (will_be is None or will_be < stored):
        raise NotProven("upgrade.older_journal", version=new, stored=stored, reads=will_be or 0)
    migrates = stored is not None and will_be is not None and will_be > stored
    if migrates and (free := machine.free_bytes()) < (wanted := 2 * _size(settings) + MARGIN_BYTES):
        # A copy, and it unpacked beside what the new version kept: else nothing could be put back.
        raise NotProven("upgrade.no_room", folder=str(places.home), wanted=wanted >> 20, free=free >> 20)
    socket, nests = str(settings.socket_path), bool(settings.site.nests)
    if why := machine.unquiet(socket, nests=nests):
        raise NotProven(why)
    plan = Plan(
        stage="measuring", old=old, new=new, site=str(settings.path), socket=socket, nests=nests,
        state=str(settings.site.gateway.state_dir), journal_file=str(settings.journal_path), journal=stored,
        migrates=migrates, round_s=round_s(periods_s(settings)),
    )  # fmt: skip
    return Prepared(plan, pem)


def lay_out(machine: Machine, prepared: Prepared) -> None:
    """The old package, the words of the copy, the code that watches; the plan last: from then on it is under way.

    Raises NotProven where what is installed is not as it was packed, OSError.
    """
    places = machine.places
    packages.packed_again(machine.run, places.old, places.root, places.sums.parent)
    places.words.unlink(missing_ok=True)
    places.words.touch(mode=0o600)
    places.words.write_text(secrets.token_hex(16), "ascii")
    if not places.key.exists() or places.key.read_bytes() != prepared.pem:
        durable.write_whole(places.key, prepared.pem)
        places.key.chmod(0o644)
    places.lay_out(sys.executable, ROOMS)
    places.outcome.unlink(missing_ok=True)
    os.sync()  # the code that watches first: a plan that nobody can keep would stand in the way of every other
    prepared.plan.write(places.plan)
    machine.begin()


def _size(settings: Settings) -> int:
    folders = {settings.site.gateway.state_dir, settings.journal_path.parent}
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
