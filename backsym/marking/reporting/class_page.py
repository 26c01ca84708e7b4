"""The summary of a class as one HTML page that needs nothing else: a bar chart, the numbers, and the commonest errors.

Must not know how a summary is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from backsym.core.errors import BacksymError
from backsym.core.words import ENGLISH
from backsym.documents.content.markup import inlines_of
from backsym.documents.writers.html import inlines_html
from backsym.documents.writers.templating import render_template
from backsym.marking.explaining.phrases import phrase
from backsym.marking.reporting.reports import clean, in_unicode
from backsym.marking.reporting.summary import ClassSummary, TargetSummary
from backsym.printing.mathml import escape

BAR, ROW, LEAST, WIDTH = 16, 26, 300, 640
"""Heights of a bar and of its row, the least and the greatest width of the chart, in px."""

LABEL, ROOM, GAP = 28, 58, 1
"""Widths of the labels, of a whole bar, and of what is between, in per cent of the chart, which fits the screen."""

CHARTED = 60
"""Bars of the chart, at most; the table has every target."""


def class_page(summary: ClassSummary, title: str, language: str = ENGLISH) -> str:
    """The page; ``title`` is the problem's, Markdown with $math$, and ``language`` its language."""
    heading = phrase("summary.title", language, title=title)
    body = "\n".join(_body(summary, language))
    return render_template(
        "html.jinja", None, language=language, plain_title=escape(in_unicode(heading)), title=_prose(heading),
        byline=[escape(summary.counts(language))], opening="", contents="", contents_title="", all_steps="",
        header="", logo="", paper="a4", colour=True,
        body=body,
    )  # fmt: skip


def _body(summary: ClassSummary, language: str) -> Iterator[str]:
    yield _heading("summary.shares", language)
    yield _chart(summary.targets[:CHARTED], language)
    head = ("target", "answers", "right", "wrong", "unread", "undecided", "score")
    yield _table("summary.shares", head, [_numbers(target) for target in summary.targets], language)
    yield _heading("summary.errors", language)
    rows = [cells for target in summary.targets for cells in _errors(target, language)]
    if rows:
        yield _table("summary.errors", ("target", "error", "count", "example"), rows, language)
    else:
        yield f"<p>{_word('summary.no_errors', language)}</p>"


def _chart(targets: tuple[TargetSummary, ...], language: str) -> str:
    """Horizontal bars, each with its name and its share in figures, so that no reader depends on length or colour."""
    height = ROW * len(targets) + 4
    bars = ", ".join(phrase("summary.bar", language, target=_name(t), share=f"{t.share:.0%}") for t in targets)
    words = escape(phrase("summary.chart", language, bars=bars))
    out = [
        f'<figure tabindex="0" style="--least:{LEAST}px">',
        f'<svg width="100%" height="{height}" style="max-width:{WIDTH}px" role="img" '
        f'aria-label="{words}" font-family="system-ui, sans-serif" font-size="13">',
    ]
    for n, target in enumerate(targets):
        top, middle, length = n * ROW + 4, n * ROW + 4 + BAR / 2, ROOM * target.share
        out.append(
            f'<text x="{LABEL - GAP}%" y="{middle:g}" text-anchor="end" dominant-baseline="central" '
            f'fill="currentColor">{escape(_name(target, 14))}</text>'
            f'<rect x="{LABEL}%" y="{top}" width="{ROOM}%" height="{BAR}" fill="var(--line, #d1d9e0)"/>'
            f'<rect x="{LABEL}%" y="{top}" width="{length:.2f}%" height="{BAR}" fill="var(--link, #0969da)"/>'
            f'<text x="{LABEL + ROOM + GAP}%" y="{middle:g}" dominant-baseline="central" '
            f'fill="currentColor">{target.share:.0%}</text>'
        )
    return "\n".join([*out, "</svg>", "</figure>"])


def _numbers(target: TargetSummary) -> list[str]:
    count = target.verdicts.get
    unknown = count("invalid", 0), count("undetermined", 0)
    wrong = target.answers - target.right - sum(unknown)
    return [
        f"<code>{escape(_name(target))}</code>", str(target.answers), f"{target.right} ({target.share:.0%})",
        str(wrong), *map(str, unknown),
        f"{target.mean:.3g} / {target.marks:g}",
    ]  # fmt: skip


def _errors(target: TargetSummary, language: str) -> Iterator[list[str]]:
    for slip in target.slips:
        tag = escape(slip.tag.replace("_", " ")) or _word("summary.untagged", language)
        yield [f"<code>{escape(_name(target))}</code>", tag, str(slip.count), _prose(slip.example)]


def _table(label: str, head: tuple[str, ...], rows: list[list[str]], language: str) -> str:
    cells = "".join(f'<th scope="col">{_word(f"summary.{name}", language)}</th>' for name in head)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" role="group" aria-label="{_word(label, language)}" tabindex="0">\n'
        f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _heading(key: str, language: str) -> str:
    return f"<h2>{_word(key, language)}</h2>"


def _word(key: str, language: str) -> str:
    return escape(phrase(key, language))


def _name(target: TargetSummary, longest: int = 60) -> str:
    name = clean(target.target)
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _prose(text: str) -> str:
    """Markdown with $math$ as HTML; what quotes a student in a way that is no Markdown, as plain text."""
    try:
        return inlines_html(inlines_of(clean(text), "feedback"))
    except BacksymError:
        return escape(in_unicode(text))
