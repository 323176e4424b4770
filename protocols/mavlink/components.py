"""Who speaks for an aircraft: gimbals, companions, packs and identification modules share its system id."""

from protocols.mavlink.state import STREAMS

GROUND = 255
"""Our own system id: ArduPilot's failsafe counts this ground station only; with mavsdk's own 245 it never arms."""
AUTOPILOT = 1
"""MAV_COMP_ID_AUTOPILOT1, unless the settings say otherwise."""
IDENTIFICATION = frozenset({236, 237, 238})
"""MAV_COMP_ID_ODID_TXRX_1 to 3: the module itself, where the autopilot does not pass its word on."""
ANSWERS = frozenset(
    {"AUTOPILOT_VERSION", "COMMAND_ACK", "PARAM_VALUE", "MISSION_REQUEST", "MISSION_REQUEST_INT", "MISSION_ACK",
     "MISSION_COUNT", "MISSION_ITEM_INT"}
)  # fmt: skip
"""What answers something we sent."""
READ = (*STREAMS, "STATUSTEXT", *sorted(ANSWERS))
"""All that is listened to."""


def speaks_for(message: str, component: int, autopilot: int) -> bool:
    """Whether that component's `message` is the aircraft's own word, where `autopilot` is its autopilot's id.

    Mode, armed, position, acknowledgements, texts are the autopilot's alone, whatever another calls itself.
    """
    return component == autopilot or (message == "OPEN_DRONE_ID_ARM_STATUS" and component in IDENTIFICATION)
