"""Document templates: Jinja with signs that clash neither with Markdown nor with LaTeX.

A template gets text that its serialiser has escaped already.  This module must not know about problems or blocks.
"""

from __future__ import annotations

from backsym.resources import resource


def render_template(name: str, **values: object) -> str:
    """The template ``templates/NAME`` filled with ``values``; an unknown name in it is an error.

    ``<< x >>`` is a value, ``<% for %>`` a statement and ``<# ... #>`` a comment.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
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
    return environment.get_template(name).render(**values)
