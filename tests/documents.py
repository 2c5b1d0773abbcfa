"""Documents that leave the workbench, read as a browser would read them."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags, attributes, words and table rows of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.words, self.attributes, self.rows = [], [], [], []
        self._is_cell = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._is_cell = False

    def handle_data(self, data):
        self.words.append(data)
        if self._is_cell:
            self.rows[-1][-1] += data


def read_page(html):
    page = Page()
    page.feed(html)
    return page


def poisoned(value, payload, *, kept=("outcome", "predicted")):
    """The facts with the payload wherever a person or a file may have written something."""
    if isinstance(value, dict):
        return {
            key: item if key in kept else poisoned(item, payload, kept=kept) for key, item in value.items()
        }
    if isinstance(value, list):
        return [poisoned(item, payload, kept=kept) for item in value]
    return payload if isinstance(value, str) else value
