"""The completion files for bash, zsh and fish, made from the registry and the parsers.

Static: TAB starts no Python, but where an id is wanted that only the running agent knows.
"""

from __future__ import annotations

from agent.cli import registry, words
from agent.cli.command import Parser, build_group
from agent.cli.globals import OPTIONS

NAMED = {
    "devices": ("hydrant show", "journal history", "device replace", "device move"),
    "assets": ("asset show", "asset history", "asset set", "asset tag", "facts inspection", "facts flow-test"),
    "alarms": ("alarm ack", "alarm note", "alarm shelve", "alarm unshelve"),
    "lines": (
        "bus stats",
        "bus scan",
        "bus sniff",
        "bus record",
        "bus read",
        "bus write",
        "opcua trust",
        "opcua browse",
        "opcua read",
    ),
    "uplinks": ("uplink pause", "uplink resume", "uplink replay"),
    "nests": ("nest ready", "nest clear", "flight recall", "flight stop"),
    "aircraft": ("drone audit",),
    "flights": ("flight show", "flight export", "flight verify"),
    "keys": ("key revoke",),
    "links": ("web revoke",),
}
"""Whose ids a verb wants: `hydronest completion ids WHAT` prints them."""

_HEAD = """\
# Completion of hydronest for bash. Made by `hydronest completion bash`: change the commands, not this file.
_hydronest() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} group= verb= words= ids= i
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
    [[ -z $ids || $cur == -* ]] || words+=" $(hydronest completion ids "$ids" 2>/dev/null)"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _hydronest hydronest
"""


_ZSH_HEAD = """\
#compdef hydronest
# Completion of hydronest for zsh. Made by `hydronest completion zsh`: change the commands, not this file.
local group= verb= ids= i
local -a offered
for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
        --socket | --timeout | --fields | --lang) ((i++)) ;;
        -*) ;;
        *) if [[ -z $group ]]; then group=${words[i]}; else verb=${verb:-${words[i]}}; fi ;;
    esac
done
case ${words[CURRENT-1]} in
    --lang) offered=(zh en) ;;
    --socket) _files; return ;;
    --timeout | --fields) return ;;
    *)
        case "$group $verb" in
"""
_ZSH_TAIL = """\
        esac
        ;;
esac
[[ -z $ids || $PREFIX == -* ]] || offered+=(${(f)"$(hydronest completion ids $ids 2>/dev/null)"})
compadd -a offered || _files
"""
_FISH_HEAD = """\
# Completion of hydronest for fish. Made by `hydronest completion fish`: change the commands, not this file.
function __hydronest_words
    set -l group ''
    set -l verb ''
    set -l waits ''
    set -l ids ''
    for word in (commandline -opc)[2..-1]
        if test -n "$waits"
            set waits ''
            continue
        end
        switch $word
            case --socket --timeout --fields --lang
                set waits $word
            case '-*'
            case '*'
                if test -z "$group"
                    set group $word
                else if test -z "$verb"
                    set verb $word
                end
        end
    end
    if test -n "$waits"
        test $waits = --lang; and printf '%s\\n' zh en
        return
    end
    switch "$group $verb"
"""
_FISH_TAIL = """\
    end
    if test -n "$ids"; and not string match -q -- '-*' (commandline -ct)
        hydronest completion ids $ids 2>/dev/null
    end
end
complete -c hydronest -f -a '(__hydronest_words)'
complete -c hydronest -n 'not __hydronest_words | string match -q -- (commandline -ct)"*"' -F
"""


def bash() -> str:
    """For bash; as the others, the same whatever the language in use."""
    rows = (
        f'                {on}) words="{" ".join(offered)}"{_ids(on, " ids=")} ;;\n' for on, offered in _all_cases()
    )
    return _HEAD + "".join(rows) + _TAIL


def zsh() -> str:
    """For zsh."""
    rows = (f"            {on}) offered=({' '.join(offered)}){_ids(on, ' ids=')} ;;\n" for on, offered in _all_cases())
    return _ZSH_HEAD + "".join(rows) + _ZSH_TAIL


def fish() -> str:
    """For fish, whose `case` takes the sign for anything inside its quotes."""
    rows = []
    for on, offered in _all_cases():
        one = on if on.endswith("'") else f"{on[:-2]}*'"
        rows.append(f"        case {one}\n            printf '%s\\n' {' '.join(offered)}\n")
        rows.append(_ids(on, "            set ids ", "\n"))
    return _FISH_HEAD + "".join(rows) + _FISH_TAIL


def _ids(on: str, before: str, after: str = "") -> str:
    """What sets the shell's variable to whose ids this verb wants; nothing for most."""
    what = next((what for what, verbs in NAMED.items() if on.strip("'") in verbs), "")
    return f"{before}{what}{after}" if what else ""


def _all_cases() -> list[tuple[str, list[str]]]:
    """(what stands on the line so far as a pattern of the shell, what is offered behind it)."""
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
    return cases


def _cases(name: str, parser: Parser) -> list[tuple[str, list[str]]]:
    if not parser.verbs:
        return [(f"'{name} '*", [*_options(parser), *OPTIONS])]
    group = [(f"'{name} '", [*parser.verbs, *_options(parser), *OPTIONS])]
    return group + [(f"'{name} {verb}'", [*_options(one), *OPTIONS]) for verb, one in parser.verbs.items()]


def _options(parser: Parser) -> list[str]:
    return sorted({string for string in parser.option_strings() if string.startswith("--")})
