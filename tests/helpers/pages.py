"""A page as a parser of HTML reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "input", "img", "link", "hr", "base"}


@dataclass
class Reader(HTMLParser):
    """Elements with their attributes, and what is read as text."""

    elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in {"script", "style"}:
            self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Elements and the names of their attributes: what a payload must not change."""
    return [(tag, tuple(name for name, _ in attributes)) for tag, attributes in read(text).elements]


def words(text: str) -> str:
    return " ".join(" ".join(read(text).texts).split())
