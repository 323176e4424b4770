"""Finding the command, its global options, its exit codes, and never a traceback."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import exits
from agent.cli.globals import take
from agent.cli.trouble import Trouble
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from tests.cli.a_site import ASite
from tests.cli.conftest import Hydronest
from tests.waiting import output_of, patient, work_of


async def test_the_top_page(hydronest: Hydronest) -> None:
    english, chinese = await hydronest("--help"), await hydronest("--help", lang="zh")
    assert english.code == chinese.code == 0
    assert "  status      one screen" in english.out
    assert "  status      一屏概况" in chinese.out
    assert english.out.isascii()
    assert len(english.out.splitlines()) == len(chinese.out.splitlines())


async def test_no_command_is_help_without_an_agent_and_status_with_one(
    hydronest: Hydronest, socket_path: Path, latest: object, site: ASite
) -> None:
    assert "hydronest COMMAND" in (await hydronest()).out
    server = ControlServer(socket_path)
    server.register("status", _nothing, "read")
    await server.start()
    assert "no such luck" in (await hydronest()).err
    await server.close()


async def _nothing(_request: Request) -> None:
    raise RequestError("failed", "no such luck")


@pytest.mark.parametrize(
    ("line", "message", "next_step"),
    [
        (["hydrnt"], "there is no command hydrnt", "Did you mean hydrant?"),
        (["zzzzz"], "there is no command zzzzz", "Known here: status, watch,"),
        (["hydrant", "shwo", "h01"], "there is no command shwo", "Did you mean show?"),
        (["hydrant", "show"], "the following arguments are required: ID", "See: hydronest hydrant show --help"),
        (["hydrant", "list", "--nonsense"], "unrecognized arguments: --nonsense", "See: hydronest hydrant list --help"),
        (["status", "--timeout", "soon"], "--timeout: soon is not a number of seconds", ""),
        (["status", "--timeout=-1"], "--timeout: -1 is not a number of seconds", ""),
        (["status", "--lang", "fr"], "--lang: fr is not a language here", ""),
        (["status", "--socket"], "--socket needs a value", ""),
        (["watch", "--interval", "0"], "--interval: from 0.1 to 3600", ""),
        (["watch", "--interval", "x"], "argument --interval: x is not a number", "See: hydronest watch --help"),
    ],
)
async def test_a_mistyped_line_is_one_sentence(
    hydronest: Hydronest, line: list[str], message: str, next_step: str
) -> None:
    ran = await hydronest(*line)
    assert ran.code == exits.USAGE
    assert ran.out == ""
    assert message in ran.err
    assert next_step in ran.err
    assert len(ran.err.splitlines()) <= 2


async def test_without_an_agent_the_next_step_is_named(hydronest: Hydronest, socket_path: Path) -> None:
    ran = await hydronest("status")
    assert ran.code == exits.NOT_RUNNING
    assert f"the agent is not running: nothing answers at {socket_path}" in ran.err
    assert "systemctl start hydronest" in ran.err
    chinese = await hydronest("status", lang="zh")
    assert chinese.code == exits.NOT_RUNNING
    assert "采集程序没有运行" in chinese.err


async def test_with_json_a_no_is_json_too(hydronest: Hydronest) -> None:
    ran = await hydronest("--json", "status")
    assert json.loads(ran.err)["exit"] == ran.code == exits.NOT_RUNNING
    assert ran.out == ""


async def test_options_before_and_after_the_verb_are_the_same(hydronest: Hydronest, server: ControlServer) -> None:
    before = await hydronest("--json", "--fields", "id,state", "hydrant", "list")
    after = await hydronest("hydrant", "list", "--fields=id,state", "--json")
    between = await hydronest("hydrant", "--json", "list", "--fields", "id,state")
    assert before.out == after.out == between.out
    assert json.loads(before.out)[0] == {"id": "h01", "state": "ok"}


async def test_an_unknown_field_is_answered_with_the_known(hydronest: Hydronest, server: ControlServer) -> None:
    for form in ((), ("--json",)):
        ran = await hydronest("hydrant", "list", "--fields", "colour", *form)
        assert ran.code == exits.USAGE
        assert "there is no colour here" in ran.err
        assert "value" in ran.err


async def test_a_no_of_the_agent_has_its_exit_code(hydronest: Hydronest, server: ControlServer) -> None:
    ran = await hydronest("hydrant", "show", "h99")
    assert ran.code == exits.BAD_DATA
    assert ran.err.splitlines() == ["hydronest: there is no device h99", "  hydronest hydrant list shows them all."]
    chinese = await hydronest("hydrant", "show", "h99", lang="zh")
    assert "hydronest hydrant list" in chinese.err


async def test_a_mistake_of_ours_is_a_sentence_to_report(hydronest: Hydronest, socket_path: Path) -> None:
    """An agent of another version, say, whose answer lacks what this command shows."""

    async def other_shape(_request: Request) -> dict[str, object]:
        return {"nothing": "of the kind"}

    server = ControlServer(socket_path)
    server.register("status", other_shape, "read")
    await server.start()
    ran = await hydronest("status")
    await server.close()
    assert ran.code == exits.BUG
    assert "this is a mistake in hydronest itself, not yours: KeyError:" in ran.err
    assert "status.py:" in ran.err


async def test_an_older_agent_is_named_as_that(hydronest: Hydronest, socket_path: Path) -> None:
    server = ControlServer(socket_path)
    await server.start()
    ran = await hydronest("status")
    await server.close()
    assert "older than this command" in ran.err


async def test_a_closed_pipe_is_quiet(environment: dict[str, str], server: ControlServer) -> None:
    read, write = os.pipe()
    os.close(read)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "hydrant", "list"),
        stdout=write,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    os.close(write)
    _out, err = await output_of(process)
    assert (process.returncode, err) == (exits.BROKEN_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
async def test_a_full_disk_is_a_sentence(environment: dict[str, str], server: ControlServer) -> None:
    with open("/dev/full", "w") as full:  # noqa: ASYNC230, PTH123 - a device, it does not block
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "hydrant", "list"),
            stdout=full,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        _out, err = await output_of(process)
    assert process.returncode == exits.CANNOT_WRITE
    assert err.decode() == "hydronest: 存储空间已满\n"
    assert "Traceback" not in err.decode()


async def test_a_closed_output_is_no_mistake(environment: dict[str, str], server: ControlServer) -> None:
    command = f"{sys.executable} -m agent.cli hydrant list >&-"
    process = await asyncio.create_subprocess_shell(command, stderr=asyncio.subprocess.PIPE, env=environment)
    _out, err = await output_of(process)
    assert (process.returncode, err) == (exits.ALARM, b"")


async def test_ctrl_c_is_quiet(environment: dict[str, str], server: ControlServer) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "watch", "--json", "--interval", "60"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        limit=1 << 20,
    )
    assert process.stdout is not None
    async with patient("a first frame", 20, lambda: work_of(process.pid)):
        assert json.loads(await process.stdout.readline())["devices_total"] == 12
    process.send_signal(signal.SIGINT)
    _out, err = await output_of(process)
    assert (process.returncode, err) == (exits.INTERRUPTED, b"")


async def test_version_and_help_of_a_command(hydronest: Hydronest) -> None:
    assert (await hydronest("--version")).out.startswith("hydronest ")
    named, asked = await hydronest("help", "hydrant"), await hydronest("hydrant", "--help")
    assert named.out == asked.out
    assert "usage: hydronest hydrant COMMAND [options]" in asked.out
    assert "  list        every hydrant" in asked.out
    bare = await hydronest("hydrant")
    assert (bare.code, bare.out) == (exits.USAGE, asked.out)


_PLAIN = st.text("abcxyz019./", min_size=1, max_size=5)
_GLOBAL = st.sampled_from([["--json"], ["--wide"], ["--ascii"], ["--timeout", "3"], ["--fields=a,b"], ["-v"], ["-q"]])


@given(st.lists(_PLAIN, max_size=5), st.lists(st.tuples(st.integers(0, 5), _GLOBAL), max_size=4))
def test_the_rest_keeps_its_order_wherever_the_options_stand(
    plain: list[str], placed: list[tuple[int, list[str]]]
) -> None:
    line: list[str] = []
    for at in range(6):
        line += [word for where, option in placed if where == at for word in option] + plain[at : at + 1]
    got, rest = take(line)
    assert rest == plain
    assert got.json == any(option == ["--json"] for _, option in placed)
    assert got.verbose == sum(option == ["-v"] for _, option in placed)
    assert got.timeout == (3 if any(option[0] == "--timeout" for _, option in placed) else 10)


def test_after_two_dashes_nothing_is_ours() -> None:
    got, rest = take(["x", "--", "--json", "--timeout"])
    assert (got.json, rest) == (False, ["x", "--", "--json", "--timeout"])


def test_infinity_is_no_timeout() -> None:
    for value in ("inf", "nan", "1e99"):
        with pytest.raises(Trouble):
            take(["--timeout", value])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (["statsu"], "cli.usage"),
        (["status", "--socket", "/nowhere/control.sock"], "cli.not_running"),
        (["coverage", "--radius", "5"], "cli.usage"),
        (["evidence", "verify", "/nowhere/day.jsonl"], "file.trouble"),
    ],
)
async def test_a_trouble_has_a_code_for_programs(hydronest: Hydronest, line: list[str], code: str) -> None:
    ran = await hydronest(*line, "--json")
    told = json.loads(ran.err.splitlines()[-1])
    assert (told["ok"], told["exit"], told["code"]) == (False, ran.code, code)
    assert told["message"]
    assert ("reason" in told) == (not code.startswith("cli."))


def test_every_exit_a_command_ends_with_by_itself_has_a_code() -> None:
    numbers = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert set(exits.CODES) == numbers - {exits.OK, exits.INTERRUPTED, exits.BROKEN_PIPE}
    assert len(set(exits.CODES.values())) == len(exits.CODES)
