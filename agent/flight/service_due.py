"""When an aircraft is due for maintenance, by the hours it was in the air. Pure."""

from agent.settings.flight import Service


def due_in_h(service: Service | None, hours: float) -> float | None:
    """Hours in the air it has left until then, below 0 when it is overdue; None where nobody said how often.

    `hours` are those that this gateway counted, from its flights.
    """
    if service is None:
        return None
    return service.last_at_h + service.every_h - (service.before_h + hours)
