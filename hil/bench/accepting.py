"""`hydronest bench accept` and `verify`."""

import datetime as dt
import errno
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.cli import exits
from agent.cli.bus_access import BusLine
from agent.cli.call import Call
from agent.cli.reasons import trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, language
from agent.flight.orders.signing import BadKey, public_text, read_key
from drivers.profile.mistake import SettingsError
from hil.bench import certificate, load
from hil.bench.acceptance import CHECKS, Check, Verdict, judged
from hil.bench.certificate import BadCertificate
from hil.bench.load import Bench
from hil.bench.lock import BenchLock, BenchTaken, lock_file
from hil.bench.model import Device
from hil.bench.on_a_line import NoProfile, bench_on
from hil.bench.opened import OpenBench
from hil.bench.terminal import BenchTerminal
from protocols.errors import WireError


def accept(call: Call) -> int:
    """Run every check, write the certificate. 0 accepted, 1 not or in part, 4 the line cannot be opened."""
    args = call.args
    try:
        key = None if args.key is None else read_key(Path(args.key))
    except BadKey as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    for file in filter(None, (args.output, args.html)):
        folder = Path(file).parent
        if not folder.is_dir():  # told before anything is cut
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    bench, device = _named(call)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="hydronest-bench-")))
        try:
            if args.bench:
                held.enter_context(BenchLock(lock_file(bench)))
            opened = held.enter_context(OpenBench(bench, folder))
            terminal = BenchTerminal(opened, device)
            with call.progress(len(CHECKS), _("checking")) as bar:
                verdicts = []
                for check in CHECKS:
                    verdicts.append(_judged(check, terminal, opened))
                    bar.step(1, check.name)
            if opened.broken is None:
                terminal.at_ease()
        except BenchTaken as error:
            raise trouble_of(exits.TRY_AGAIN, error.reason) from None
        except WireError as error:
            raise trouble_of(exits.NO_ANSWER, error.reason) from None
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    told = certificate.certified(bench, device, verdicts, at, simulated=opened.simulated(device) is not None)
    public = "" if key is None else public_text(key)
    _show(call, told)
    if args.output:
        Path(args.output).write_text(certificate.signed(told, key, public), "utf-8")
    if args.html:
        Path(args.html).write_text(certificate.page(told, public), "utf-8")
    return exits.OK if told["accepted"] else exits.DEGRADED


def _judged(check: Check, terminal: BenchTerminal, opened: OpenBench) -> Verdict:
    """What came of it; nothing, once the bench itself is broken: that is not the device's failing."""
    verdict = None if opened.broken else judged(check, terminal)
    if verdict is None or (opened.broken and not verdict.passed):
        return Verdict(check.name, None, {}, opened.broken)
    return verdict


def _named(call: Call) -> tuple[Bench, Device]:
    args = call.args
    if (args.bench is None) == (args.line is None):
        raise Trouble(exits.USAGE, _("name either --bench and a device of it, or --line and a profile"))
    if not 1 <= args.unit <= 247 or not 20 <= args.deadline <= 10_000:
        raise Trouble(exits.USAGE, _("--unit takes 1 to 247, --deadline 20 to 10000 ms"))
    try:
        if args.line is not None:
            line = BusLine(call)
            if line.through_agent:
                raise Trouble(exits.TRY_AGAIN, _("the agent has this line: stop it, or name a line of a bench"))
            bench = bench_on(line.address(deadline_ms=args.deadline), args.device, args.unit)
            return bench, bench.file.devices[0]
        bench = load.load(Path(args.bench))
    except SettingsError as error:
        raise Trouble(exits.BAD_SETTINGS, error.report(language())) from None
    except ValidationError:  # a port or a host there cannot be
        raise Trouble(exits.USAGE, _("{line}: write tcp://HOST:PORT").format(line=args.line)) from None
    except NoProfile as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    device = next((one for one in bench.file.devices if one.id == args.device), None)
    if device is None:
        known = ", ".join(one.id for one in bench.file.devices)
        told = _("there is no device {name} on this bench").format(name=args.device)
        raise Trouble(exits.BAD_DATA, told, _("Known here: {names}").format(names=known))
    return bench, device


def verify(call: Call) -> int:
    """What it tells, where it is as it was signed; 65 where not, 1 where the device was not accepted."""
    try:
        told, key = certificate.read(_bounded(Path(call.args.file)), call.args.key)
    except BadCertificate as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    _show(call, told)
    call.note(_("signed by {key}").format(key=key))
    return exits.OK if told["accepted"] else exits.DEGRADED


def _show(call: Call, told: dict[str, Any]) -> None:
    if call.json:
        call.emit(told)
        return
    columns = [
        Column("check", _("check")),
        Column(
            "passed", _("outcome"), certificate.came_of, style=lambda row: "alarm" if row["passed"] is False else ""
        ),
        Column("figures", _("figures"), certificate.measured, priority=1),
    ]
    call.table(columns, told["checks"])
    call.note(certificate.outcome(told))


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(certificate.LONGEST_BYTES + 1)
