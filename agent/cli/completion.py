"""The completion file for bash, made from the registry and the parsers: static, so that TAB starts no Python."""

from __future__ import annotations

from agent.cli import registry, words
from agent.cli.command import Parser, build_group
from agent.cli.globals import OPTIONS

_HEAD = """\
# Completion of hydronest for bash. Made by `hydronest completion bash`: change the commands, not this file.
_hydronest() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} group= verb= words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --socket | --timeout | --fields | --lang) ((i++)) ;;
            -*) ;;
            *) if [[ -z $group ]]; then group=${COMP_WORDS[i]}; else verb=${verb:-${COMP_WORDS[i]}}; fi ;;
        esac
    done
    case $prev in
        --lang) words="zh en" ;;
        --socket | --timeout | --fields) return ;;
        *)
            case "$group $verb" in
"""
_TAIL = """\
            esac
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _hydronest hydronest
"""


def bash() -> str:
    """The file's text; the same whatever the language in use."""
    spoken = words.language()
    try:
        cases = [("' '", [*registry.names(), "help", "--help", "--version", *OPTIONS])]
        for name in registry.names():
            if name in registry.VERBATIM:
                continue
            words.use("en", name)
            cases += _cases(name, build_group(name))
    finally:
        words.use(spoken)
    return _HEAD + "".join(f'                {on}) words="{" ".join(all_)}" ;;\n' for on, all_ in cases) + _TAIL


def _cases(name: str, parser: Parser) -> list[tuple[str, list[str]]]:
    if not parser.verbs:
        return [(f"'{name} '*", [*_options(parser), *OPTIONS])]
    group = [(f"'{name} '", [*parser.verbs, *_options(parser), *OPTIONS])]
    return group + [(f"'{name} {verb}'", [*_options(one), *OPTIONS]) for verb, one in parser.verbs.items()]


def _options(parser: Parser) -> list[str]:
    return sorted({string for string in parser.option_strings() if string.startswith("--")})
