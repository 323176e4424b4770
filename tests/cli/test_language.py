"""Chinese without a locale, English where it is asked for, UTF-8 whatever the terminal claims."""

import asyncio
import json
import sys

import pytest

from agent.cli import exits, words
from agent.control.server import ControlServer
from tests.cli.conftest import Hydronest
from tests.waiting import output_of


@pytest.mark.parametrize(
    ("option", "environment", "language"),
    [
        (None, {}, "zh"),
        (None, {"LC_ALL": "C"}, "zh"),
        (None, {"LANG": "C.UTF-8"}, "zh"),
        (None, {"LANG": "POSIX"}, "zh"),
        (None, {"LANG": "zh_CN.GBK"}, "zh"),
        (None, {"LANG": "en_GB.UTF-8"}, "en"),
        (None, {"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "fr_FR.UTF-8"}, "en"),
        (None, {"HYDRONEST_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", {"HYDRONEST_LANG": "en"}, "zh"),
        ("en-US", {}, "en"),
        ("zh_CN", {"LANG": "en_US.UTF-8"}, "zh"),
    ],
)
def test_whose_word_counts(option: str | None, environment: dict[str, str], language: str) -> None:
    assert words.choose(option, environment) == language


async def test_chinese_without_any_locale_is_utf8(environment: dict[str, str], server: ControlServer) -> None:
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "hydrant", "list"),
            stdout=asyncio.subprocess.PIPE,
            env={**environment, **locale},
        )
        out, _ = await output_of(process)
        assert "信安湖取水点" in out.decode("utf-8")
        assert "闷盖打开" in out.decode("utf-8")


async def test_argparse_speaks_chinese_too(hydronest: Hydronest) -> None:
    page = (await hydronest("hydrant", "show", "--help", lang="zh")).out
    assert "用法: hydronest hydrant show" in page
    assert "选项:" in page
    assert "显示本帮助并退出" in page
    assert "usage" not in page
    wrong = await hydronest("hydrant", "show", lang="zh")
    assert (wrong.code, wrong.err.splitlines()[0]) == (exits.USAGE, "hydronest: 缺少参数: ID")
    assert "没有命令 hydrnt" in (await hydronest("hydrnt", lang="zh")).err
    assert "不认识的参数: --x" in (await hydronest("hydrant", "list", "--x", lang="zh")).err
    assert "是不是要用 show" in (await hydronest("hydrant", "shw", "--lang=zh")).err


async def test_json_is_never_translated(hydronest: Hydronest, server: ControlServer) -> None:
    answers = [await hydronest("hydrant", "list", "--json", lang=lang) for lang in ("zh", "en")]
    found = [[{k: v for k, v in row.items() if k != "age_s"} for row in json.loads(ran.out)] for ran in answers]
    assert found[0] == found[1]
    assert found[0][2]["state"] == "alarm"
    assert found[0][2]["events"] == ["cap_removed"]
