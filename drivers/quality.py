"""How far a value can be trusted. Every value of every Sample carries one of these, GOOD included."""

from enum import IntEnum


class Quality(IntEnum):
    """One byte per value. 0 is the only good; 1–15 are usable with care; 16 and above are not to be used.

    The numbers are stored and forwarded: never reuse or renumber one.
    """

    GOOD = 0
    UNCERTAIN = 1  # the device or its server says so, or a raw value the profile does not list
    SUBSTITUTED = 2  # an OPC UA server filled it in
    OUT_OF_RANGE = 16  # outside the profile's `valid`; the number is kept for diagnosis
    INVALID_PATTERN = 17  # one of the profile's raw `invalid` patterns
    NOT_A_NUMBER = 18  # NaN or infinity on the wire
    COUNTER_RAN_BACK = 19
    NO_ANSWER = 20
    BAD_ANSWER = 21  # garbled, short, or not an answer to the question asked
    REFUSED = 22  # the device answered with an exception or a Bad status
    WRONG_DEVICE = 23  # the identity points do not match the profile
    STALE = 24  # the source stopped refreshing it
    LINK_DOWN = 25
    UNIT_UNKNOWN = 26  # the device says its unit or decimals itself, and that was not read or is not listed

    @property
    def usable(self) -> bool:
        """Whether the number may be shown as a reading at all."""
        return self < Quality.OUT_OF_RANGE

    @property
    def code(self) -> str:
        """The name as it stands in JSON and in tables for machines: `out_of_range`."""
        return self.name.lower()
