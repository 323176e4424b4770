"""What the brigade would ask the agent while it watches: the rate, and in a fire what works near it."""

import time
from dataclasses import dataclass, field
from typing import Any

from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess

NEAR_MOST = 3


@dataclass(slots=True)
class Brigade:
    """The newest answers. `centre_heard` are the states the fire centre has been told, newest last."""

    rate: dict[str, Any] = field(default_factory=dict)
    near: list[dict[str, Any]] = field(default_factory=list)
    centre_heard: list[str] = field(default_factory=list)
    reported: bool = False

    async def look(self, town: SimulatedSite, agent: AgentProcess, fire_at: str, *, burning: bool) -> None:
        """Ask anew; once it burns, tell the agent of the incident first."""
        place = town.place(fire_at)
        if burning and not self.reported:
            incident = {"id": "119-0001", "lon": place.lon, "lat": place.lat, "at_s": time.time(), "level": 2}
            await agent.ask("facts.add", fact="incident", content=incident)
            self.reported = True
        (self.rate,) = (await agent.ask("rate"))["groups"]
        if burning:
            self.near = await agent.ask("near", lon=place.lon, lat=place.lat, radius_m=500, most=NEAR_MOST)
        if town.centre is not None:
            ids = {number: place.id for number, place in enumerate(town.places, 1)}
            self.centre_heard = [
                f"{ids[kept.fields['component_address']]} {kept.fields['text']}"
                for kept in town.centre.kept
                if kept.type == 2 and kept.fields["text"]
            ]
