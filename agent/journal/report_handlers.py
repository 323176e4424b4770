"""What a report may ask of the journal, over its channel to core."""

from collections.abc import Mapping
from typing import Any

import orjson

from agent.control.request import RequestError
from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal
from agent.link.channel import Handler


def record_handlers(journal: Journal) -> dict[str, Handler]:
    """What a report may ask of the journal over its channel."""

    async def select(args: Mapping[str, Any]) -> Any:
        try:
            return orjson.Fragment(await journal.select(args["statement"], args["values"], opened=args["opened"]))
        except JournalTrouble as trouble:
            raise RequestError("failed", trouble.reason, "journal.ask_again") from None

    return {"journal.select": select}
