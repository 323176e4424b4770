"""What the agent says in English when it says no, in the language in use: the sentences people meet often."""

from __future__ import annotations

from agent.cli.words import N_, _

SAYINGS = (
    N_("no duty check is open"),
    N_("hydronest duty list shows what is asked."),
    N_("there is no device {name}"),
    N_("hydronest hydrant list shows them all."),
    N_("there is no uplink {name}"),
    N_("Uplinks here: {name}."),
    N_("there is no nest {name}"),
    N_("there is no flight {name}"),
    N_("there is no Modbus line {name}"),
    N_("Modbus lines here: {name}."),
    N_("there is no OPC UA line {name}"),
    N_("OPC UA lines here: {name}."),
    N_("the agent could not answer {name}; its log says why"),
    N_("the clock is not to be trusted yet: nobody knows which readings belong to a day"),
    N_("an export is running already"),
    N_("there is no hydrant with a place: nothing can be covered"),
)
"""As the agent writes them, with a `{name}` for what changes."""


def in_words(said: str) -> str:
    """`said` translated if it is one of the sayings, otherwise as it stands."""
    for saying in SAYINGS:
        head, field, tail = saying.partition("{name}")
        if said == saying:
            return _(saying)
        if field and said.startswith(head) and said.endswith(tail):
            return _(saying).format(name=said[len(head) : len(said) - len(tail)])
    return said
