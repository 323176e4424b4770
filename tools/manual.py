"""The man page of hydronest, from the commands' own help: `python tools/manual.py en|zh` prints hydronest(1)."""

import os
import sys
from collections.abc import Iterator

os.environ["COLUMNS"] = "76"  # the help pages stand in the page as they are

from agent.cli import exits, front, registry, words
from agent.cli.command import Parser, build_group, translate_argparse
from agent.cli.globals import DEFAULT_SOCKET, SITE_FILE
from agent.runtime.version import VERSION

HEADINGS = {
    "en": {
        "name": ("NAME", "hydronest \\- agent of a fire station's hydrant and drone gateway"),
        "about": ("DESCRIPTION", ""),
        "commands": ("COMMANDS", ""),
        "exit": ("EXIT STATUS", ""),
        "files": ("FILES", ""),
        "see": ("SEE ALSO", "systemctl(1), journalctl(1), /usr/share/doc/hydronest/html/index.html"),
    },
    "zh": {
        "name": ("名称", "hydronest \\- 消防站消火栓与无人机网关的采集程序"),
        "about": ("说明", ""),
        "commands": ("命令", ""),
        "exit": ("退出码", ""),
        "files": ("文件", ""),
        "see": ("另见", "systemctl(1), journalctl(1), /usr/share/doc/hydronest/html/index.html"),
    },
}
FILES = {
    SITE_FILE: {"en": "the station: lines, devices, uplinks", "zh": "本站设置: 线路、设备、上行"},
    DEFAULT_SOCKET: {"en": "where the commands ask the agent", "zh": "命令询问采集程序的套接字"},
    "/usr/lib/hydronest/config": {"en": "the shipped profiles, rules and schemas", "zh": "随附的点表、规则与模式"},
    "/usr/share/doc/hydronest/examples": {"en": "a site file to begin from", "zh": "可作起点的站点设置示例"},
}
STATUS = {
    exits.OK: {"en": "all is well", "zh": "一切正常"},
    exits.DEGRADED: {"en": "degraded, or a check failed", "zh": "降级, 或检查未通过"},
    exits.USAGE: {"en": "the command line is wrong", "zh": "命令行有误"},
    exits.ALARM: {"en": "an alarm stands", "zh": "有报警"},
    exits.NO_ANSWER: {"en": "a device did not answer", "zh": "设备无应答"},
    exits.BAD_DATA: {"en": "bad input data, or no such thing", "zh": "输入数据有误, 或无此对象"},
    exits.NOT_RUNNING: {"en": "the agent is not running", "zh": "采集程序未运行"},
    exits.BUG: {"en": "a mistake in hydronest itself", "zh": "hydronest 自身的错误"},
    exits.CANNOT_WRITE: {"en": "cannot write, or cannot start", "zh": "无法写入, 或无法启动"},
    exits.TRY_AGAIN: {"en": "try again: busy or timed out", "zh": "忙或超时, 请重试"},
    exits.NO_PERMISSION: {"en": "no permission", "zh": "无权限"},
    exits.BAD_SETTINGS: {"en": "the settings are wrong", "zh": "设置有误"},
    exits.INTERRUPTED: {"en": "Ctrl-C", "zh": "Ctrl-C"},
}


def page(language: str) -> str:
    """hydronest(1) in one language."""
    told = HEADINGS[language]
    words.use(language)
    translate_argparse()
    lines = [f'.TH HYDRONEST 1 "" "hydronest {VERSION}"', *_section(*told["name"])]
    lines += [*_section(*told["about"]), *_verbatim(front.top_page()), *_section(*told["commands"])]
    for name in registry.names():
        lines.append(f".SS hydronest {name}")
        if name in registry.VERBATIM:
            words.use(language)
            lines += [_escaped(words._(registry.summary(name)))]
            continue
        words.use(language, name)
        for parser in _parsers(build_group(name)):
            lines += _verbatim(parser.format_help())
    lines += _section(*told["exit"])
    for code, text in STATUS.items():
        lines += [".TP", f".B {code}", text[language]]
    lines += _section(*told["files"])
    for path, text in FILES.items():
        lines += [".TP", f".I {_escaped(path)}", text[language]]
    lines += _section(*told["see"])
    return "\n".join(lines) + "\n"


def _parsers(group: Parser) -> Iterator[Parser]:
    yield group
    for verb in group.verbs.values():
        yield from _parsers(verb)


def _section(heading: str, text: str) -> list[str]:
    return [f".SH {heading}", *([text] if text else [])]


def _verbatim(text: str) -> list[str]:
    return [".nf", *(_escaped(line) for line in text.rstrip("\n").split("\n")), ".fi"]


def _escaped(line: str) -> str:
    """As roff reads it: no line begins with a request, a minus is one."""
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{line}" if line.startswith((".", "'")) else line


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
