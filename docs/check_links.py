"""Check that every link inside of the built documentation leads somewhere.

python docs/check_links.py docs/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken_links(root):
    """Return one line for each link that leads nowhere."""
    root = Path(root).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in root.rglob("*.html")}
    # the theme's own templates are no pages
    pages = {path: page for path, page in pages.items() if "_static" not in path.parts}
    if not pages:
        return [f"no page under {root}"]
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists() or (
                anchor and target in pages and not _has(pages[target], anchor)
            ):
                broken.append(f"{path.relative_to(root)}: {link}")
    return sorted(set(broken))


def _has(page, anchor):
    # the browser's own name for the top of a page
    return anchor in page.anchors or anchor == "top"


if __name__ == "__main__":
    found = broken_links(sys.argv[1])
    print("\n".join(found) or "all links inside of the documentation lead somewhere")
    sys.exit(bool(found))
