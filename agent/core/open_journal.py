"""The journal of a site as its settings want it, opened or waited for."""

from agent.journal.encryption import KeyTrouble
from agent.journal.files import JournalTrouble
from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.journal.uplink_outbox import Order
from agent.settings.settings import Settings
from protocols.clock import NowNs
from protocols.errors import Reasoned
from protocols.system import file_reason


class CannotStart(Reasoned):
    """The agent cannot run here; the reason says what is wrong and what to do."""


async def open_journal(settings: Settings, now_ns: NowNs) -> Journal:
    """The site's journal. Raises CannotStart where a person must act; a card that takes nothing is waited for."""
    site = settings.site
    path = settings.journal_path
    try:
        cap = round(site.journal.cap_mb * 1e6)
        plan = JournalPlan(
            path,
            RetentionPlan(cap_bytes=cap, event_floor_bytes=round(site.journal.event_floor_mb * 1e6)),
            commit_s=site.journal.commit_every_s,
            key_file=site.journal.encryption_key_file,
        )
        orders: dict[str, Order] = {
            uplink.id: "strict" if uplink.order == "strict" else "newest_first"
            for uplink in site.uplinks
            if uplink.enabled
        }
        return await Journal.open(plan, orders, now_ns=now_ns)
    except (JournalTrouble, KeyTrouble) as trouble:
        raise CannotStart(trouble.reason) from None
    except OSError as error:
        why = file_reason(error.filename or path, error)
        raise CannotStart("journal.state_lives_there", why=why) from None
