"""PX4's second lock: it asks before it arms, and gets a yes only while the agent itself is about to launch."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from mavsdk.plugins.arm_authorizer_server import RejectionReason

from protocols.mavlink.ground import GroundStation
from protocols.mavlink.library import MavsdkError
from protocols.reason import Reason

VALID_S = 5
"""How long one yes lasts. Short: stale yeses have been known to arm (PX4 #12685, #15754)."""
_log = logging.getLogger(__name__)


async def authorise(ground: GroundStation, may_arm: Callable[[int], Reason | None]) -> None:
    """Answer every arm question for ever. `may_arm(system_id)` returns None for yes, else the reason for no."""
    server = await ground.arm_server()
    async with contextlib.aclosing(server.subscribe_arm_authorization()) as questions:
        async for system_id in questions:
            reason = may_arm(system_id)
            _log.info("aircraft %s asks to arm: %s", system_id, reason or "yes")
            try:
                if reason:
                    await server.reject_arm_authorization(False, RejectionReason.GENERIC, 0)
                else:
                    await server.accept_arm_authorization(VALID_S)
            except MavsdkError:  # unanswered is refused: the autopilot's own time runs out
                _log.warning("the answer to aircraft %s could not be sent", system_id)
            await asyncio.sleep(0)
