"""Options that several commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backsym.documents.writers.languages import LANGUAGES, forms

if TYPE_CHECKING:  # The class takes the type of its values since click 8.5, and no type before.
    _TextType = click.ParamType[str]
else:
    _TextType = click.ParamType


class FormType(_TextType):
    """A form of output, as the table of languages has it."""

    name = "form"

    def __init__(self, *others: str):
        self.others = others

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"[{'|'.join((*forms(), *self.others))}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in LANGUAGES and value not in self.others:
            self.fail(f"{value!r} is not one of {', '.join((*forms(), *self.others))}.", param, ctx)
        return value


workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that share the files. [default: by their number]"
)
