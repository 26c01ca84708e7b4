"""Document templates: Jinja with signs that clash neither with Markdown nor with LaTeX.

A template gets text that its serialiser has escaped already.  This module must not know about problems or blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.words import say


def check_templates(folder: Path, forms: Iterable[str]) -> None:
    """Raises BacksymError for a folder with no template of these forms: nothing in it would be used."""
    bundled = (path.name for path in resource("templates").iterdir() if path.name.endswith(".jinja"))
    names = sorted({*bundled, *(f"{form}.jinja" for form in forms)})
    if not any((folder / name).is_file() for name in names):
        raise BacksymError(say("documents.no_template", folder=str(folder), names=names))


def render_template(name: str, folder: Path | None = None, **values: object) -> str:
    """The template ``templates/NAME`` filled with ``values``; an unknown name in it is an error.

    A template of that name in ``folder`` goes before the bundled one.

    ``<< x >>`` is a value, ``<% for %>`` a statement and ``<# ... #>`` a comment.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Whoever shares a template must not get to run a program with it.
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([*([folder] if folder else []), resource("templates")]),
        undefined=jinja2.StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    try:
        return environment.get_template(name).render(**values)
    except Exception as error:
        if folder is None:
            raise  # The bundled templates are part of the program.
        line = getattr(error, "lineno", None)
        told = str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        if line:
            unusable = say("documents.template_at", folder=str(folder), name=name, line=line, error=told)
        else:
            unusable = say("documents.template", folder=str(folder), name=name, error=told)
        raise BacksymError(unusable) from error
