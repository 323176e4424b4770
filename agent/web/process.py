"""The process of the pages: it listens to browsers, and asks core with no more right than to look."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from functools import partial

from agent.control.web_passes import passes_file
from agent.runtime.child import Child
from agent.settings.settings import Settings
from agent.settings.web import Web
from agent.web.core_link import CoreLink
from agent.web.listener import Listener, tls_context
from agent.web.passing import Passing
from agent.web.picture import Picture
from agent.web.site import Site

CANNOT_LISTEN = 74
"""Exit status: somebody listens there already, the address is another machine's, the certificate cannot be read."""

_log = logging.getLogger("hydronest")


def main(child: Child, settings: Settings) -> None:
    """Run until the supervisor says stop, or is gone."""
    web = settings.site.web
    assert web is not None, "there is such a child only where the settings have its table"
    try:
        child.run(partial(_work, child, settings, web))
    except (OSError, ssl.SSLError) as error:
        _log.error("the pages cannot be shown at %s: %s", web.address, error)
        raise SystemExit(CANNOT_LISTEN) from None


async def _work(child: Child, settings: Settings, web: Web) -> None:
    async with serving(settings, web) as asking:
        child.ready()
        stopping = asyncio.create_task(child.stopping.wait())
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()


@contextlib.asynccontextmanager
async def serving(settings: Settings, web: Web) -> AsyncIterator["asyncio.Task[None]"]:
    """The pages, listening; the task that asks core. Raises OSError where it cannot listen."""
    gateway = settings.site.gateway
    core, flight = CoreLink(settings.socket_path), CoreLink(settings.flight_socket_path)
    picture = Picture(core, flight if settings.site.nests else None)
    site = Site(
        picture,
        Passing(passes_file(gateway.state_dir)),
        names=web.names,
        secure=web.certificate_file is not None,
        station=gateway.name or gateway.id,
        language=gateway.language,
        timezone=gateway.timezone,
    )
    tls = None
    if web.certificate_file is not None and web.key_file is not None:
        tls = await asyncio.to_thread(tls_context, str(web.certificate_file), str(web.key_file))
    listener = Listener(site.answer)
    asking = asyncio.create_task(picture.run(), name="asking core")
    try:
        await listener.start(web.listen, web.port, tls)
        yield asking
    finally:
        await listener.close()
        asking.cancel()
        await asyncio.wait({asking})
        await core.close()
        await flight.close()
    if not asking.cancelled():
        asking.result()
