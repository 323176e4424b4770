"""What a site's core answers at its control socket."""

from agent.control.keys import register_keys
from agent.core.assets import others_of
from agent.core.parts import Parts
from agent.core.requests.alarms import register_alarms
from agent.core.requests.bus import register_bus
from agent.core.requests.clock import register_clock
from agent.core.requests.network import register_network
from agent.core.requests.readiness import register_readiness
from agent.core.requests.reports import register_journal_reports, register_judge_reports
from agent.core.requests.site import register_site
from agent.core.requests.uplinks import register_uplinks
from agent.journal.copying import Copies
from agent.journal.requests import register_journal
from agent.judge.service.asset_requests import register_assets
from agent.judge.service.requests import register_judge
from agent.logbook.requests import register_ledger
from agent.runtime.version import VERSION


def register_questions(parts: Parts) -> None:
    """Everything; a question about what this site has not is not offered."""
    server, settings, view, broker = parts.server, parts.settings, parts.view, parts.broker
    intake, journal, assessments = parts.intake, parts.journal, parts.assessments
    parts.audit.register(server)
    register_keys(server, settings.site.flight.keys, parts.revoked, "core")
    if settings.site.nests:
        parts.flight.register(server)
        register_ledger(server, settings.flight_dir / "flights")
        folder, timezone = settings.flight_dir / "readiness", settings.site.gateway.timezone
        register_readiness(server, folder, settings.site.nests, timezone, view.utc_ns)
    register_site(server, parts.latest, view, parts.now_ns, parts.uplink_states.notices, parts.flight.nests)
    register_alarms(server, parts.alarms, intake.event, journal.durable, view, settings.site.sound)
    register_uplinks(server, parts.uplinks, journal)
    register_judge(server, assessments)
    register_assets(server, assessments)
    register_journal(server, journal)
    Copies(journal).register(server)
    others, identity = others_of(settings.site), parts.audit.identity
    register_judge_reports(server, broker, assessments, f"hydronest {VERSION}", others, parts.where, identity)
    register_network(server, broker, parts.network_asks)
    register_journal_reports(server, broker)
    parts.opcua.register(server)
    register_clock(server, parts.clock, journal.almanac, view, parts.clock_events)
    drivers = {one.name: one for one in parts.drivers}
    register_bus(server, drivers, settings.nest_lines, parts.opcua.lines, intake.event)
    server.register("intake", intake.counts, "read")
    if settings.site.web is not None:
        from agent.core.requests.web import register_web  # a site without pages does not pay for them

        register_web(server, settings, settings.site.web)
