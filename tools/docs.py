"""The documents as HTML that needs no network: `python tools/docs.py [FOLDER]`, otherwise into dist/html.

Begins anew each time. Fails where links lead to no file or no heading, and names every one.
What a link leads to beside the documents (a profile, a module) is named there and not linked: the folder stands alone.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("*.md", "docs/**/*.md")
FILES = ("docs/asyncapi.yaml",)
FIRST = "docs/README.html"
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")
STYLE = """\
body { max-width: 62rem; margin: 0 auto; padding: 0 1rem 4rem; font: 1rem/1.6 system-ui, sans-serif }
nav { padding: .6rem 0; border-bottom: 1px solid #8886; font-size: .9rem }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid #8886; padding: .3rem .5rem; vertical-align: top; text-align: left }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: #8882; border-radius: 3px }
code { padding: 0 .2em; overflow-wrap: anywhere } pre { padding: .6rem; overflow-x: auto } pre code { background: none }
:root { color-scheme: light dark }
"""
DOOR = """\
<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={first}">
<title>hydronest</title>
<a href="{first}">hydronest</a>
"""
SHELL = """\
<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{up}style.css">
<nav><a href="{up}docs/guide/zh/index.html">使用说明</a>
· <a href="{up}docs/guide/en/index.html">For the people who use it</a>
· <a href="{up}docs/README.html">全部文档 · All documents</a></nav>
<main>
{body}</main>
</html>
"""


class Page:
    """One document: its tokens, and under which names its headings are found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tokens = MARKDOWN.parse(path.read_text("utf-8"))
        self.title = path.stem
        self.names: set[str] = set()
        for token, inline in zip(self.tokens, self.tokens[1:], strict=False):
            if token.type == "heading_open":
                said = "".join(part.content for part in inline.children or () if part.type in ("text", "code_inline"))
                self.title = said.partition(" · ")[0] if token.tag == "h1" else self.title
                name, taken = slug(said), 0
                while name in self.names:
                    taken += 1
                    name = f"{slug(said)}-{taken}"
                self.names.add(name)
                token.attrSet("id", name)

    def links(self) -> Iterator[tuple[list[Token], int]]:
        """Each link: the tokens it stands among, and where."""
        for token in self.tokens:
            for at, part in enumerate(token.children or ()):
                if part.type == "link_open":
                    yield token.children or [], at


MARKDOWN = MarkdownIt("commonmark").enable("table")


def slug(heading: str) -> str:
    """How GitHub names a heading's place: letters, digits, `-` and `_` in small, a `-` for each blank."""
    return "".join(
        letter if letter.isalnum() or letter in "-_" else "-" * (letter == " ") for letter in heading.lower()
    )


def main() -> int:
    """0 when it is built; 1 where a link leads nowhere, or the folder holds something else."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist/html"
    root = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT
    pages = {path: Page(path) for pattern in PAGES for path in sorted(root.glob(pattern))}
    files = {path for pattern in FILES for path in root.glob(pattern)}
    dead = [f"{page.path.relative_to(root)}: {link} leads nowhere" for page in pages.values()
            for link in turned(page, pages, files)]  # fmt: skip
    if dead:
        sys.stderr.write("\n".join(dead) + "\n")
        return 1
    if out.exists() and any(out.iterdir()) and not (out / "style.css").is_file():
        sys.stderr.write(f"{out}: holds something else\n")
        return 1
    shutil.rmtree(out, ignore_errors=True)
    for path, page in pages.items():
        put(out / path.relative_to(root).with_suffix(".html"), shown(page, root))
    for path in files:
        put(out / path.relative_to(root), path.read_text("utf-8"))
    put(out / "style.css", STYLE)
    put(out / "index.html", DOOR.format(first=FIRST))
    sys.stdout.write(f"{out}: {len(pages)} pages\n")
    return 0


def turned(page: Page, pages: dict[Path, Page], files: set[Path]) -> Iterator[str]:
    """Let the links of a page lead to the other pages; gives those that lead nowhere."""
    for tokens, at in page.links():
        href = unquote(str(tokens[at].attrGet("href")))
        if ELSEWHERE.match(href):
            continue
        name, _, place = href.partition("#")
        target = Path(os.path.normpath(page.path.parent / name)) if name else page.path
        if not target.exists() or (place and (target not in pages or place not in pages[target].names)):
            yield href
        elif target in pages:
            behind = f"#{place}" if place else ""
            tokens[at].attrSet("href", (name.removesuffix(".md") + ".html" if name else "") + behind)
        elif target not in files:
            closes = next(i for i in range(at, len(tokens)) if tokens[i].type == "link_close")
            for bound in (at, closes):
                tokens[bound] = Token("text", "", 0)


def shown(page: Page, root: Path) -> str:
    """The whole page."""
    path = page.path.relative_to(root)
    chinese = "zh" in path.parts or path.suffixes[:1] == [".zh"]
    body = MARKDOWN.renderer.render(page.tokens, MARKDOWN.options, {})
    up = "../" * (len(path.parts) - 1)
    return SHELL.format(language="zh-CN" if chinese else "en", title=escape(page.title), up=up, body=body)


def put(path: Path, text: str) -> None:
    """A file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
