"""Documents: sentences, markup, escaping, the JSON form, and LaTeX that compiles."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from backsym.core.errors import BacksymError
from backsym.core.expr import Entry, Ix, Sym, num
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.core.stepkinds import STEPS
from backsym.core.steps import Step
from backsym.documents.content.blocks import (
    Bullets,
    Code,
    Derivations,
    Derived,
    Document,
    Equations,
    Heading,
    Link,
    Listed,
    Math,
    Paragraph,
    Picture,
    Quote,
    Row,
    Table,
    Text,
)
from backsym.documents.content.document import problem_blocks
from backsym.documents.content.markup import blocks_of, inlines_of
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import catalogue, why
from backsym.documents.content.solved import label_of
from backsym.documents.content.told import Told
from backsym.documents.writers.html import html
from backsym.documents.writers.jsonform import problem_json
from backsym.documents.writers.markdown import inlines_text, markdown, markdown_text
from backsym.documents.writers.pdf import latex_pdf_bytes, pdf_bytes
from backsym.documents.writers.render import rendered
from backsym.documents.writers.tex import escape, tex, tex_text
from backsym.documents.writers.typst import typst
from backsym.printing.fragment import fragment
from backsym.printing.latex import to_latex
from backsym.printing.layout import Ident, Layout, Op, row
from backsym.printing.measure import broken, width
from backsym.printing.notation import Notation
from backsym.printing.printer import layout_of
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import Solution, solve

needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")

PROBLEM = r"""
title: 'A layer: 100% & more_of #1 {x} ~ ^ \$5'
objective: Derive *it*.
text: |
  A paragraph with $\mathbf{x}$ and `code_x`, <b> | "quotes" and an en–dash.

  - one $a < b$
  - two **strong**

  $$\mathbb{1}_N \in \mathbb{R}^{N}$$
indices: {i: D, k: K}
symbols:
  W: {shape: [K, D], role: parameter}
  b: {shape: [K], role: parameter}
  x: {shape: [D], role: input}
  t: {shape: [K], role: target, one_hot: true}
forward:
  - z[k] = sum(W[k,i]*x[i], i) + b[k]
  - y[k] = exp(z[k]) / sum(exp(z[k']), k')
  - L = -sum(t[k]*log(y[k]), k)
parts:
  - graph: vectorized
  - show: dL/dz[k] = y[k] - t[k]
  - derive: [W]
  - gradients: [W, b]
  - vectorize: [y]
  - vectorize: dL/dW[k,i] = dL/dz[k]*x[i]
  - forward: [z]
  - why: y
  - ask: What if $x = 0$?
    answer: Then $\nabla_{\mathbf{W}} \mathcal{L} = 0$.
"""


@pytest.fixture(scope="module")
def solution(tmp_path_factory: pytest.TempPathFactory) -> Solution:
    path = tmp_path_factory.mktemp("problem") / "layer.yaml"
    path.write_text(PROBLEM, encoding="utf-8")
    problem = load(str(path))
    return solve(problem)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(solution: Solution) -> dict[str, Any]:
    return problem_json(solution)


# --- sentences ---


def test_every_kind_of_step_has_a_sentence_and_an_example() -> None:
    for kind, sentence in catalogue().steps.items():
        assert sentence.text.endswith("."), kind
        assert "=" in STEPS[kind].example, kind
        assert sentence.bare is None or "{" not in sentence.bare, kind


def test_facts_are_filled_in() -> None:
    k = Ix("k", "K")
    step = Step("lift_sum", num(1), num(1), (), {"index": k})
    assert inlines_text(why(step, Notation())) == "A product with a vector of ones sums the entries over $k$."
    z = Entry(Sym("z1", ("K",)), (k,))
    step = Step("chain", num(1), num(1), (), {"node": z, "consumers": (Sym("y", ("K",)), Sym("L", ()))})
    sentence = inlines_text(why(step, Notation()))
    assert r"$z_k^{(1)}$ reaches the loss only through $\mathbf{y}$ and $\mathcal{L}$" in sentence
    step = Step("lift_elementwise", num(1), num(1), (), {"function": "relu"})
    assert inlines_text(why(step, Notation())) == r"Applied to a whole array, $\text{ReLU}$ acts on each entry."


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(BacksymError, match="no sentence for a step of kind chian; did you mean chain"):
        why(Step("chian", num(1), num(1)), Notation())


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(BacksymError, match="lift_sum has no fact index"):
        why(Step("lift_sum", num(1), num(1)), Notation())


# --- user text ---


def test_markup_is_read() -> None:
    assert blocks_of("A *b* **c** `d_e` $f$ \\$5\n$$g = h$$\nend\n\n- i\n  j\n- k", "text") == (
        Paragraph(
            (
                Text("A "), Text("b", "emphasis"), Text(" "), Text("c", "strong"), Text(" "), Text("d_e", "code"),
                Text(" "), Math(fragment("f")), Text(" $5"),
            )
        ),
        Equations((Row(None, fragment("g = h")),)),
        Paragraph((Text("end"),)),
        Bullets(((Text("i j"),), (Text("k"),))),
    )  # fmt: skip


MARKDOWN = r"""A *b* **c** `d_e` $f_1$ \$5 & [the notes](<https://example.org/a_b?x=1&y=2#z>), <b>, a_b_c.

$$
x = a
  - b
  + c
$$

3. first $z_1$
4. second

   with a display

   $$
   g = h
   $$

   - inner
   - list

> What **Bishop** says: $\sigma'$.
>
> - one

| a | $b$ |
| --- | --- |
| 1 | $\|x\|$ |

```
for k in range(3):
    print(f"{k}_{k}")  # 100 %
```

- i j
- k"""


def test_all_of_markdown_is_read() -> None:
    blocks = blocks_of(MARKDOWN, "text")
    assert [type(block) for block in blocks] == [Paragraph, Equations, Listed, Quote, Table, Code, Bullets]
    paragraph, _, listed, quote, table, code, _ = blocks
    assert isinstance(paragraph, Paragraph)
    assert isinstance(listed, Listed)
    assert isinstance(quote, Quote)
    assert Link("the notes", "https://example.org/a_b?x=1&y=2#z") in paragraph.content
    assert paragraph.content[-1] == Text(", <b>, a_b_c.")
    assert listed.first == 3
    assert [type(block) for block in listed.items[1]] == [Paragraph, Paragraph, Equations, Bullets]
    assert [type(block) for block in quote.blocks] == [Paragraph, Bullets]
    assert table == Table(((Text("a"),), (Math(fragment("b")),)), (((Text("1"),), (Math(fragment("|x|")),)),))
    assert code == Code('for k in range(3):\n    print(f"{k}_{k}")  # 100 %')
    two, lines = blocks_of("one  \ntwo ***three***", "text")
    assert (two, lines) == (Paragraph((Text("one"),)), Paragraph((Text("two "), Text("three", "strong"))))


def test_markdown_is_written_as_it_is_read() -> None:
    blocks = blocks_of(MARKDOWN, "text")
    assert blocks_of(markdown_text(blocks), "text") == blocks


def test_all_of_markdown_is_shown_in_every_form(tmp_path: Path) -> None:
    document = Document((Text("T"),), blocks_of(MARKDOWN, "text"))
    page = html(document)["solution.html"]
    ElementTree.fromstring(page[page.index("<main>") : page.index("</main>") + 7])
    for tag in (
        '<ol start="3">',
        "<ul>",
        "<blockquote>",
        "<table>",
        "<pre ",
        '<a href="https://example.org/a_b?x=1&amp;y=2#z">',
    ):
        assert tag in page, tag
    made = {"typst": pdf_bytes(typst(document)["solution.typ"])}
    if shutil.which("pdflatex"):
        made["latex"] = latex_pdf_bytes(str(tex(document)["solution.tex"]))
    for engine, pdf in made.items():
        if shutil.which("pdftotext"):
            links = subprocess.run(["pdfinfo", "-url", "-"], input=pdf, capture_output=True, check=True).stdout
            assert b"https://example.org/a_b?x=1&y=2#z" in links, engine
            text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
            for shown in (
                "3.",
                "with a display",
                "inner",
                "Bishop",
                "the notes",
                'print(f"{k}_{k}")',
                "100 %",
                "a_b_c",
            ):
                assert shown.replace(" ", "") in text.replace(" ", "").replace("\u00a0", ""), (engine, shown)


@pytest.mark.parametrize("target", ["page.html", "//example.org", "ftp://example.org"])
def test_a_link_leads_to_the_web(target: str) -> None:
    with pytest.raises(BacksymError, match="a link leads to http"):
        blocks_of(f"[a]({target})", "text")


@pytest.mark.parametrize("target", ["javascript:alert(1)", "file:///etc/passwd", "data:x"])
def test_what_is_no_link_is_text(target: str) -> None:
    assert blocks_of(f"[a]({target})", "text") == (Paragraph((Text(f"[a]({target})"),)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("![a](https://example.org/a.png)", "no pictures"),
        ("- a $ b\n- c $ d", "without its partner"),
        ("| a |\n| --- |\n| $x |", "without its partner"),
        ("a $ b", "without its partner"),
        ("$\\input{/etc/passwd}$", r"unknown macro \\input"),
        ("$\\frack{a}{b}$", r"did you mean \\frac"),
        ("${a$", "never closed"),
        ("$a } b {$", "closes nothing"),
        ("$a % b$", "% has no meaning"),
        ("$a & b$", "needs an environment"),
        ("$\\begin{verbatim}$", "unknown environment verbatim"),
        ("$^^5cinput$", "has no meaning"),
    ],
)
def test_bad_mathematics_is_an_error(text: str, message: str) -> None:
    with pytest.raises(BacksymError, match=message):
        blocks_of(text, "text")


def test_markdown_escapes_text() -> None:
    blocks = blocks_of("a\\*b <i> x_y [z]", "text")
    assert markdown_text(blocks) == r"a\*b \<i\> x\_y \[z\]"
    assert markdown_text(blocks_of("# no heading", "text")) == r"\# no heading"
    assert markdown_text((Paragraph((Text("1. no list"),)),)) == r"1\. no list"
    assert markdown_text(blocks_of("$a < b$", "text")) == r"$a \lt  b$"


def test_latex_escapes_text() -> None:
    assert escape("100% & a_b #1 {x} $") == r"100\% \& a\_b \#1 \{x\} \$"
    assert escape("\\ ~ ^ < >") == (r"\textbackslash{} \textasciitilde{} \textasciicircum{} \textless{} \textgreater{}")
    assert escape("--x é α Ω") == r"-{}-x é \ensuremath{\alpha} \ensuremath{\Omega}"


def test_latex_names_a_sign_that_it_cannot_set() -> None:
    with pytest.raises(BacksymError, match="CJK UNIFIED IDEOGRAPH"):
        escape("漢")


def test_labels() -> None:
    assert [label_of(n) for n in (0, 25, 26, 27, 701, 702)] == ["(a)", "(z)", "(aa)", "(ab)", "(zz)", "(aaa)"]


# --- layout ---


A, B, C = (Ident(letter) for letter in "abc")


REMARKED = Derivations(
    (
        Derived(Row(A, C), (Row(A, C, None, (B,), (Text("as "), Math(B))), Row(A, B, again=True))),
        Derived(Row(B, C), (Row(B, C),)),
    )
)


def test_a_derivation_is_one_aligned_display_with_its_reasons_beside() -> None:
    rows = [r"a &= b = c && \textcolor{gray}{\text{as } b} \\", r"&= b \\", "b &= c"]
    assert markdown_text([REMARKED]).replace("\\qquad ", "") == "\n".join(
        ["$$", r"\begin{aligned}", *rows, r"\end{aligned}", "$$"]
    )
    assert tex_text([REMARKED]).count(r"\why{") == 1
    assert r"a &= b = c &&" in tex_text([REMARKED])


def test_a_remark_that_does_not_fit_beside_its_row_stands_below() -> None:
    long = tuple(item for n in range(60) for item in (Text(f" word{n} "), Math(B)))
    text = tex_text([Equations((Row(A, C, reason=long),))])
    assert r"a &= c \\*" in text
    assert r"& \why{" in text


def formula(latex: str) -> Layout:
    return fragment(latex)


def test_wide_rows_are_broken_at_their_signs() -> None:
    terms = [formula(rf"w_{{{n}}} x_{{{n}}} y_{{{n}}}") for n in range(40)]
    long = row(*(item for term in terms for item in (Op("plus"), term)))
    text = tex_text([Equations((Row(Ident("y"), long),))])
    assert text.count(r"\\") >= 2
    assert all("+" in line.split("{}")[1][:3] for line in text.splitlines()[2:-1])


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        ("a + b = c + d", ["a + b", "= c + d"]),
        (r"(a + b) \odot (c + d) - e", [r"(a + b)", r"\odot (c + d)", "- e"]),
        ("f (a + b + c + d + e + f + g)", ["f \\bigl(a + b", "+ c + d", "+ e + f", r"+ g \bigr)"]),
        ("ab", ["ab"]),
    ],
)
def test_a_formula_is_broken_at_relations_then_signs_then_inside_parentheses(latex: str, lines: list[str]) -> None:
    assert [to_latex(line).replace("( ", "(") for line in broken(formula(latex), 5, 5)] == lines


def test_a_fraction_is_as_wide_as_its_wider_half() -> None:
    assert width(formula(r"\frac{a + b}{c}")) < width(formula("a + b + c + d"))
    assert width(formula("x_{10}")) < width(formula("x 10 0"))


def test_an_unknown_block_is_named() -> None:
    with pytest.raises(TypeError, match="int"):
        markdown_text([3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="int"):
        tex_text([3])  # type: ignore[list-item]


SHAPES = {
    "parameter": "grey", "input": "empty", "target": "targets", "constant": "constants", "node": "circles are",
}  # fmt: skip


@pytest.mark.parametrize("roles", [("input",), ("input", "target"), ("constant",), ("input", "target", "constant")])
def test_the_shapes_of_a_graph_are_explained_once_and_no_others(roles: tuple[str, ...]) -> None:
    given = {f"x{n}": {"role": role} for n, role in enumerate(roles)}
    forward = ["y = w*" + "*".join(given), "L = y**2/2"]
    solution = solve(problem_from_mapping({"title": "T", "symbols": {**given, "w": {}}, "forward": forward}))
    told = Told()
    texts = [
        markdown_text(b for b in problem_blocks(solution, 2, FULL, told) if not isinstance(b, Picture)) for _ in "12"
    ]
    said = [line for text in texts for line in text.splitlines() if line.startswith("In the graph")]
    assert len(said) == 1
    for role, words in SHAPES.items():
        assert (words in said[0]) == (role in (*roles, "parameter", "node")), (role, said[0])
    assert "In the graph" not in markdown_text(
        b for b in problem_blocks(solution, 2, Options(detail="concise"), Told()) if not isinstance(b, Picture)
    )


def test_templates_hold_the_title() -> None:
    document = Document((Text("T & U"),), (Heading(2, (Text("H"),)),), ((Text("by"),),))
    assert markdown(document)["solution.md"].startswith("# T & U\n\nby\n\n## H")
    assert r"T \& U" in tex(document)["solution.tex"]


def test_titles_may_contain_mathematics() -> None:
    assert inlines_of("About $x_1$", "title") == (Text("About "), Math(fragment("x_1")))


# --- a whole solution ---


def test_json_has_the_promised_keys(data: dict[str, Any]) -> None:
    assert list(data) == ["backsym", "title", "forward", "derivatives", "parts"]
    assert data["backsym"] == 1
    for item in data["forward"]:
        assert list(item) == ["node", "shape", "entry", "matrix", "numpy"]
    for item in data["derivatives"]:
        assert list(item) == ["node", "shape", "range", "entry", "matrix", "numpy", "steps", "verified"]
        assert list(item["verified"]) == ["max_error", "draws", "status"]
        assert item["verified"]["status"] == "verified"
        for step in item["steps"]:
            assert list(step) == ["kind", "why", "before", "after", "substeps"]
    for item in data["parts"]:
        assert list(item) == ["kind", "label", "question", "steps", "result"]
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_json_has_the_loss_first_and_shapes_by_name(data: dict[str, Any]) -> None:
    nodes = [item["node"] for item in data["derivatives"]]
    assert nodes[0] == "L"
    assert set(nodes) == {"L", "y", "z", "W", "b", "x"}
    weights = next(item for item in data["derivatives"] if item["node"] == "W")
    assert weights["shape"] == ["K", "D"]
    assert weights["entry"] == {
        "lhs": r"\frac{\partial \mathcal{L}}{\partial W_{ki}}",
        "rhs": r"\frac{\partial \mathcal{L}}{\partial z_k} x_i",
    }
    assert weights["matrix"]["rhs"] == r"\nabla_{\mathbf{z}} \mathcal{L} \mathbf{x}^\top"
    assert data["derivatives"][0]["matrix"] is None


def test_json_answers_the_parts(data: dict[str, Any]) -> None:
    parts = {item["label"]: item for item in data["parts"]}
    assert [item["kind"] for item in data["parts"]] == [
        "graph", "show", "derive", "gradients", "vectorize", "vectorize", "forward", "why", "ask",
    ]  # fmt: skip
    assert "W -> z\n" in parts["(a)"]["result"]
    assert parts["(b)"]["result"] == r"\frac{\partial \mathcal{L}}{\partial z_k} = y_k - t_k"
    assert parts["(b)"]["steps"]
    assert len(parts["(d)"]["result"].splitlines()) == 2
    assert parts["(e)"]["result"].startswith(r"\mathbf{y} = ")
    assert parts["(f)"]["result"].startswith(r"\nabla_{\mathbf{W}} \mathcal{L} = ")
    assert r"$\mathbf{W}$ and $\mathbf{b}$" in parts["(h)"]["result"]
    assert parts["(i)"]["question"] == "What if $x = 0$?"
    assert "vectorize" not in [step["kind"] for step in parts["(c)"]["steps"]]


def test_the_document_shows_everything_once(solution: Solution) -> None:
    text = rendered(None, [solution], "md")
    for heading in ("## Quantities", "## Forward pass", "## Questions and solutions", "## Summary"):
        assert text.count(heading) == 1
    assert text.count("(i)") == 1
    product = r"\underbrace{\nabla_{\mathbf{z}} \mathcal{L}}_{\, K \times 1 \,} \, "
    product += r"\underbrace{\mathbf{x}^\top}_{\, 1 \times D \,}"
    assert product in text
    assert "Checked numerically" in text
    assert r"\textcolor{gray}{\text{by } \text{(" in text


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([], ["L", "y", "W", "x"]),
        ([{"gradients": ["y", "W", "x"]}], ["y", "W", "x"]),
        ([{"gradients": ["W"]}], ["y", "W"]),
        ([{"derive": ["y"]}], ["y"]),
    ],
)
def test_a_page_derives_what_is_asked_and_what_that_rests_on_and_nothing_else(
    parts: list[dict[str, Any]], found: list[str]
) -> None:
    symbols = {"W": ["K", "D"], "x": ["D"], "t": {"shape": ["K"], "role": "target"}}
    forward = ["y = tanh(W @ x)", "L = sum((y - t)**4)"]
    solution = solve(problem_from_mapping({"symbols": symbols, "forward": forward, "parts": parts}))
    text = rendered(None, [solution], "md")
    for derivation in solution.derivations:
        lhs = to_latex(layout_of(derivation.entry.lhs, Notation.of(solution.problem)))
        assert (f"{lhs} &=" in text or f"{lhs} =" in text) == (derivation.node in found), derivation.node
    assert ("## Summary" in text) == (len(found) >= 3 and bool(parts))


def test_the_summary_has_each_result_beside_an_equation_that_uses_its_quantity() -> None:
    file = load(str(find_problem("twin")))
    assert isinstance(file, Problem)
    text = rendered(None, [solve(file)], "md").split("## Summary\n")[1]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0].split() == ["|", "Forward", "|", "Backward", "|", "Result", "|"]
    beside: dict[str, str] = {}
    for line in rows[2:]:
        left, right, results = (cell.strip() for cell in line.strip("|").split("|"))
        found = re.split(",  |, likewise [^,|]*(?:,  )?", right) if right else []
        found = [each for each in found if each]
        beside |= dict.fromkeys(found, left)
        assert bool(found) == bool(re.fullmatch(r"(\[\(\d+\)\]\(#result-\d+\)(, )?)+", results)), results
    assert len(beside) == 9  # And that by m_b, which is likewise.
    assert len(rows[2:]) == 6  # Each equation once, also those by which nothing was found; two are likewise.
    for right, left in beside.items():
        lhs, _ = right.split(" = ")
        quantity = re.search(r"\\nabla_\{(.*)\} \\mathcal|/\\partial (.*)$", lhs)
        assert not lhs or (quantity is not None and (quantity[1] or quantity[2]) in left.split(" = ")[1]), right


def test_an_unknown_form_is_named(solution: Solution) -> None:
    with pytest.raises(BacksymError, match="docx"):
        rendered(None, [solution], "docx")


@needs_pdflatex
def test_the_latex_compiles_without_overfull_lines(solution: Solution, tmp_path: Path) -> None:
    (tmp_path / "layer.tex").write_text(rendered(None, [solution], "tex"), encoding="utf-8")
    result = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "layer.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Overfull" not in result.stdout
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "layer.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        assert "100% & more_of #1 {x} ~ ^ $5" in text
        assert '<b> | "quotes"' in text
