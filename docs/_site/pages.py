"""What MkDocs makes besides the pages under ``docs/``: the gallery of bundled problems, formulas, the list of messages.

Formulas are set by backsym itself, as MathML, so that the site needs no script for them.  What stands elsewhere in the
repository, such as the picture of a page, is taken from there and not kept twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from mkdocs.structure.files import File, Files

from backsym.api.problem import load
from backsym.cli.main import main
from backsym.core.problem import Problem
from backsym.documents.content.figures import picture
from backsym.documents.content.markup import inlines_of
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import Voice
from backsym.documents.notebook import problem_shown
from backsym.documents.writers.html import html_text, inlines_html
from backsym.documents.writers.render import files
from backsym.solving.solution import solve

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "problems" / "csc311-week6" / "handout.yaml"
MATHEMATICS = re.compile(
    r"(?P<code>^(?P<fence>`{3,}).*?^(?P=fence)$|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))|(?P<math>\$\$(?:[^$\\]|\\.)+\$\$|\$(?:[^$\\]|\\.)+\$)",
    re.DOTALL | re.MULTILINE,
)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A page with its formulas as MathML; what stands in code is left alone."""
    return MATHEMATICS.sub(lambda found: found["code"] or _set(found["math"]), markdown)


def _set(text: str) -> str:
    """The HTML of a text in which $ $ stands around mathematics."""
    return inlines_html(inlines_of(text, "documentation"))


def on_files(files: Files, *, config: Any) -> Files:
    """All that is generated."""
    picture_of_a_page = (ROOT / "output" / "page.png").read_bytes()
    made = {"page.png": picture_of_a_page, "reference/options.md": _options(), **dict(_gallery())}
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))
    return files


def _options() -> str:
    """What every command says of itself."""
    top = click.Context(main, info_name="backsym")
    pieces = ["# All options", "What `--help` prints of each command."]
    for name in main.list_commands(top):
        command = main.get_command(top, name)
        if command is not None:
            told = click.Context(
                command, info_name=f"backsym {name}", max_content_width=100, terminal_width=100
            ).get_help()
            pieces.append(f"## {name}\n\n```text\n{told}\n```")
    return "\n\n".join(pieces)


# --- the gallery ---


def _gallery() -> Iterator[tuple[str, str]]:
    """The files of the gallery: an overview, and of each bundled problem its page, picture, solution and sheet."""
    sections = yaml.safe_load(COLLECTION.read_text(encoding="utf-8"))["sections"]
    lists = [(section["title"], [COLLECTION.parent / name for name in section["problems"]]) for section in sections]
    lists.append(("More networks", sorted((ROOT / "problems" / "gallery").glob("*.yaml"))))
    overview = ["# Gallery", "", _ABOUT, ""]
    for title, paths in lists:
        overview += [f"## {title}", "", '<div class="gallery" markdown>', ""]
        for path in paths:
            problem = load(path)
            overview += [f"[![]({path.stem}.svg){{ loading=lazy }}<br>{problem.title}]({path.stem}.md)", ""]
            yield from _pieces(path, problem)
        overview += ["</div>", ""]
    yield "gallery/index.md", "\n".join(overview)


_ABOUT = """Every bundled problem, with its computation graph, its worked solution and its question sheet, as backsym
writes them. `backsym solve NAME` takes any of them by its name."""


def _pieces(path: Path, problem: Problem) -> Iterator[tuple[str, str]]:
    """The page of one problem and what it links to."""
    name = path.stem
    solution = solve(problem)
    for suffix, options in (("", FULL), ("-questions", Options("questions"))):
        for file, text in files(None, [solution], "html", options, f"{name}{suffix}").items():
            yield f"gallery/{file}", str(text)
    voice = Voice.of(problem)
    yield f"gallery/{name}.svg", picture(voice, problem.figure or "vectorized").drawn.svg()
    _, *statement = problem_shown(problem)
    yield (
        f"gallery/{name}.md",
        f"""# {problem.title}

{problem.objective or ""}

[Worked solution]({name}.html){{ .md-button .md-button--primary }}
[Question sheet]({name}-questions.html){{ .md-button }}

<div class="figure"><img src="{name}.svg" alt="The computation graph"></div>

{html_text(statement, anchors=False)}

The file, for `backsym solve {name}`:

```yaml
{path.read_text(encoding="utf-8").rstrip()}
```
""",
    )
