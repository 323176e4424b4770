"""A real browser: by a link to every page, in both languages, on a phone, a desk and a wall; grey when nobody tells."""

import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.web.process import serving
from agent.web.site import VIEWS
from agent.web.words import LANGUAGES
from drivers.event import Event, EventKind, Severity, Transition
from protocols.clock import boottime_ns
from tests.waiting import scaled, until
from tests.web.browser import Browser, browser, needs_chromium
from tests.web.rig import TOKEN, Station, station

pytestmark = [pytest.mark.peer, needs_chromium]

WIDTHS = (360, 1280, 1920)
GREY = "document.documentElement.dataset.gone == 'yes'"
OVERFLOWS = "document.documentElement.scrollWidth > window.innerWidth"
NAMELESS = """[...document.querySelectorAll("a, button, input:not([type=hidden]), svg")].filter(one =>
    !(one.textContent || one.ariaLabel || one.labels?.[0]?.textContent || "").trim()).length"""
FAINT = """(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(
      v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("main *, header *")].filter(one =>
    !one.closest("svg") && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
  ).map(one => light(getComputedStyle(one).color)).filter(
    ink => (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) < 4.5).length;
})()"""
"""How many texts have less contrast than WCAG's 4.5 to 1 (AA)."""


async def test_a_person_sees_every_page_and_it_greys_when_nobody_tells(tmp_path: Path) -> None:
    shots = os.environ.get("HYDRONEST_SHOTS")  # a folder to keep pictures of every page in
    async with station(tmp_path) as found, browser(tmp_path / "profile") as page:
        home = f"http://127.0.0.1:{found.port}"
        await page.go(f"{home}/in#{TOKEN}", "location.pathname == '/overview' && document.readyState == 'complete'")
        assert await page.run("[location.href, document.referrer]") == [f"{home}/overview", f"{home}/in"]
        assert TOKEN not in "".join(await page.run("[document.cookie, document.documentElement.outerHTML]"))
        for name in VIEWS:
            for language in LANGUAGES:
                await page.go(f"{home}/{name}?lang={language}")
                for width in WIDTHS:
                    await page.wide(width)
                    assert not await page.run(OVERFLOWS), (name, language, width)
                    if shots:
                        await page.picture(Path(shots) / f"{name}-{language}-{width}.png")
                assert await page.run(NAMELESS) == 0, (name, language)
                assert await page.run(FAINT) == 0, (name, language)
        await _it_is_told(found, page, home)
        assert {urlsplit(one).hostname for one in page.asked} <= {"127.0.0.1", None}, "nothing from elsewhere"
        assert [one for one in page.wrong if "/live/" not in one] == []
        await _it_is_alone(found, page)


async def _it_is_told(found: Station, page: Browser, home: str) -> None:
    await page.go(f"{home}/hydrants?lang=en", "document.getElementById('h-h03')")
    await page.run("window.still = true")
    found.latest.alarms.turned(
        Event(EventKind.PRESSURE_LOW, "h03", Severity.WARNING, Transition.RAISED, boottime_ns(), {})
    )
    row = "document.getElementById('h-h03').textContent"
    await page.wait("the row is another", f"{row}.includes('pressure low') && window.still")
    found.latest.alarms.turned(
        Event(EventKind.CAP_REMOVED, "h11", Severity.ALARM, Transition.RAISED, boottime_ns(), {})
    )
    await page.wait("the order is another", "document.querySelectorAll('tbody tr')[1].id == 'h-h11' && window.still")

    await found.end()
    began = time.monotonic()
    await page.wait("it is grey", GREY)
    assert time.monotonic() - began < scaled(3.5)
    said = "document.getElementById('gone').textContent.startsWith('The agent has not answered since')"
    await page.wait("it says since when", said)
    await found.begin()
    await page.wait(
        "it is live again", "!document.documentElement.dataset.gone && document.getElementById('gone').hidden"
    )


async def _it_is_alone(found: Station, page: Browser) -> None:
    """Not even the pages' process is there: what the page knows by itself, in its language."""
    other = found.port + 1 if found.port < 65_535 else found.port - 1
    async with serving(found.settings, found.web.model_copy(update={"port": other})):
        await page.go(f"http://127.0.0.1:{other}/overview?lang=zh", "document.querySelector('.figures')")
        await until("it listens", lambda: any(f":{other}/live/" in one for one in page.asked))
    began = time.monotonic()
    await page.wait("it is grey", GREY)
    assert time.monotonic() - began < scaled(3.5)
    text = await page.run("document.getElementById('gone').textContent")
    assert text.startswith("自 ")
    assert "{" not in text
