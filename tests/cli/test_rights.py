"""Who asks, as the kernel says it, and what they may do."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.control.request import Request
from agent.control.rights import Peer, Rights
from agent.control.server import ControlServer
from agent.settings.load import load
from agent.supervisor import main
from tests.cli.serving import echo, raw
from tests.waiting import scaled


def test_who_may_operate() -> None:
    rights = Rights(operators={500})
    assert rights.allows(Peer(1, 0, 0), "operate")
    assert rights.allows(Peer(1, 1000, 500), "operate")
    assert rights.allows(Peer(1, 1000, 1000, frozenset({20, 500})), "operate")
    assert not rights.allows(Peer(1, 1000, 1000, frozenset({20})), "operate")
    assert rights.allows(Peer(1, 1000, 1000), "read")


def test_the_agents_own_user_is_an_operator_on_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by the operator group, which is its own: what strangers took over asks for nothing."""
    monkeypatch.setattr(os, "geteuid", lambda: 996)
    rights = Rights(operators={996})
    assert not rights.allows(Peer(1, 996, 996, frozenset({996})), "operate")
    assert rights.allows(Peer(1, 996, 996), "read")
    assert rights.allows(Peer(1, 1000, 1000, frozenset({996})), "operate")
    assert Rights(operators={996}, own_user=True).allows(Peer(1, 996, 996), "operate")


_AS_SOMEBODY = """
import os, sys
sys.path[:0] = sys.argv[3:]
from agent.control.client import RequestFailed, Connection, NotRunning
import json, encodings.idna
os.setgroups(json.loads(sys.argv[2])); os.setgid(4242); os.setuid(4242)
try:
    agent = Connection(sys.argv[1], 5)
    print(agent.ask("who"))
    print(agent.ask("move"))
except RequestFailed as no:
    print(no.code, no)
except NotRunning as no:
    print("denied", no.denied)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize(
    ("groups", "mode", "told"),
    [
        ([77], None, "no_permission move needs the right to operate; user 4242 may only look"),
        ([4711], None, "moved"),
        ([78], None, "denied True"),
        ([77], 0o666, "no_permission move needs the right to operate; user 4242 may only look"),
        ([4711], 0o666, "moved"),
        ([], 0o660, "denied True"),
    ],
    ids=[
        "of the readers' group",
        "of the operators' group",
        "of neither",
        "reader",
        "operator by a further group",
        "not in the socket's group",
    ],
)
async def test_the_kernel_says_who_asks(tmp_path: Path, groups: list[int], mode: int | None, told: str) -> None:
    async def who(request: Request) -> list[int]:
        return [request.peer.uid, request.peer.gid, *sorted(request.peer.groups)]

    async def move(_request: Request) -> str:
        return "moved"

    for folder in (tmp_path, *tmp_path.parents):
        if "pytest-of-" not in str(folder):
            break
        folder.chmod(0o755)
    path = tmp_path / "control.sock"
    server = ControlServer(path, Rights(operators={4711}, readers={77}))
    server.register("who", who, "read")
    server.register("move", move, "operate")
    await server.start()
    if mode is not None:
        path.chmod(mode)
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _AS_SOMEBODY, str(path), json.dumps(groups), str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        timeout=scaled(20),
        check=False,
    )
    await server.close()
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert lines[-1] == told
    if len(lines) > 1:
        assert lines[0] == str([4242, 4242, *groups])


async def test_an_operate_ask_is_logged_with_who_asked(socket_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = ControlServer(socket_path)
    server.register("move", echo, "operate")
    await server.start()
    with caplog.at_level(logging.INFO):
        await raw(socket_path, b'{"ask":"move"}\n')
    await server.close()
    assert f"operate ask=move uid={os.getuid()} pid={os.getpid()}" in caplog.text


def test_the_settings_name_who_operates_and_who_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(main, "gid_of", {"crew": 500, "desk": 600}.get)

    def of(groups: str) -> Rights:
        site = tmp_path / "site.toml"
        site.write_text(f'[gateway]\nid = "g"\nstate_dir = "."\n{groups}')
        return main.rights(load(site), own_user=False)

    assert of("") == Rights()
    both = of('operator_group = "crew"\nreader_group = "desk"\n')
    assert (both.operators, both.readers) == ({500}, {600})
    assert of('reader_group = "desk"\n') == Rights(readers=frozenset({600}))
    assert not caplog.records
    nobody = of('operator_group = "gone"\n')
    assert not nobody.allows(Peer(1, 1000, os.getegid()), "operate")
    assert "there is no group gone" in caplog.text


async def test_without_access_lists_our_own_group_is_let_in_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_about: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "setxattr", none)
    server = ControlServer(tmp_path / "s", Rights(readers={77}))
    server.register("who", echo, "read")
    await server.start()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660
    assert await raw(tmp_path / "s", b'{"ask":"who"}\n') == [{"ok": True, "value": {}}]
    await server.close()
