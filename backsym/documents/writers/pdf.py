"""A document as PDF: by the ``typst`` wheel, which needs nothing else, or by the user's own pdflatex.

Both give the same bytes for the same document, and neither reads the network or a file that it is not given.  This
module must not know about problems or blocks.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from backsym.core.errors import BacksymError
from backsym.core.words import Words, say

LATEX_SECONDS = 120
"""How long pdflatex may take, in all its passes."""

PASSES = 3
"""Until the table of contents and the widths of long tables have settled."""

_INSTALL = "apt-get install texlive-latex-recommended texlive-pictures lmodern"
_DATE = "0"
_TYPST_LINE = re.compile(r"\.typ:(\d+):\d+")
_ERROR = re.compile(r"^(?P<file>[^\n:]*\.tex):(?P<line>\d+): (?P<message>.*)$", re.MULTILINE)
_RERUN = re.compile(r"Rerun to get|Table widths have changed|No file \S+\.toc")


def pdf_bytes(typst_source: str, root: Path | None = None) -> bytes:
    """The PDF of a Typst document, tagged for screen readers (PDF/UA-1), without a date.

    ``root`` is the folder whose files the document may read; without it, there are none.  Raises BacksymError with
    Typst's message and the line that it is about, and with how to install Typst where it is missing.
    """
    try:
        import typst
    except ImportError as error:
        raise BacksymError(say("documents.no_typst")) from error
    compiled: Any = typst.compile  # Its types want the root to be bytes where the source is.
    with tempfile.TemporaryDirectory() as nothing:
        settings = {
            "root": str(root or nothing), "format": "pdf", "ignore_system_fonts": True, "pdf_standards": "ua-1",
            "package_path": nothing, "package_cache_path": nothing,
        }  # fmt: skip
        try:
            pdf = compiled(typst_source.encode(), **settings)
        except typst.TypstError as error:
            raise BacksymError(_typst_error(typst_source, error)) from error
    assert isinstance(pdf, bytes)
    return pdf


def _typst_error(source: str, error: Exception) -> Words:
    """What is wrong with a document, and where if Typst names a line of it."""
    found = _TYPST_LINE.search(str(getattr(error, "diagnostic", "")))
    lines = source.splitlines()
    if found and 0 < int(found[1]) <= len(lines):
        line = lines[int(found[1]) - 1].strip()[:120]
        return say("documents.typst_at", message=str(error), number=found[1], line=line)
    return say("documents.typst", message=str(error))


def latex_pdf_bytes(
    latex_source: str, beside: Mapping[str, bytes] = MappingProxyType({}), *, seconds: float = LATEX_SECONDS
) -> bytes:
    """The PDF that pdflatex makes of a document; ``beside`` are the files that it refers to.

    It runs in a folder of its own, without a shell, may read and write nothing outside it, and is stopped after
    ``seconds``.  Raises BacksymError: with the line of the .tex file for an error in it, and with the command that
    installs pdflatex where it is missing.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise BacksymError(say("documents.no_pdflatex", command=_INSTALL))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in beside.items():
            Path(folder, name).write_bytes(data)
        Path(folder, "document.tex").write_text(latex_source, encoding="utf-8", newline="\n")
        for _ in range(PASSES):
            log = _pdflatex(program, folder, seconds)
            if not _RERUN.search(log):
                break
        return Path(folder, "document.pdf").read_bytes()


def _pdflatex(program: str, folder: str, seconds: float) -> str:
    """One pass, and what it printed."""
    command = [
        program, "-no-shell-escape", "-halt-on-error", "-file-line-error", "-interaction=nonstopmode", "document.tex",
    ]  # fmt: skip
    environment = {
        **os.environ, "openin_any": "p", "openout_any": "p", "SOURCE_DATE_EPOCH": _DATE, "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000", "TEXINPUTS": f".{os.pathsep}", "TEXMFHOME": folder, "TEXMFOUTPUT": folder,
    }  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()  # Windows has no groups of processes.
        process.communicate()
        raise BacksymError(say("documents.pdflatex_stopped", seconds=seconds)) from error
    text = output.decode("utf-8", "replace")
    if process.returncode:
        raise BacksymError(_explained(text, Path(folder, "document.tex").read_text(encoding="utf-8")))
    return text


def _explained(log: str, source: str) -> Words:
    """The first error of a log, with the line of the source that it is about."""
    match = _ERROR.search(log)
    if match is None:
        missing = re.search(r"^! (.*)$", log, re.MULTILINE)
        return say("documents.latex", message=missing[1] if missing else log.strip()[-300:])
    lines = source.splitlines()
    number = int(match["line"])
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    missing = re.search(r"File `([^']*)' not found", match["message"])
    failed = say("documents.latex_at", number=number, message=match["message"], line=line)
    return say("documents.latex_missing", failed=failed, command=_INSTALL) if missing else failed
