"""Formulas in LaTeX, Typst, MathML and plain text: what authors write is read, and every language writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from extent import some
from known import bundled
from networks import NETWORKS

from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.documents.content.blocks import Bullets, Derivations, Derived, Equations, Heading, Math, Paragraph, Table
from backsym.documents.content.document import document_of
from backsym.documents.writers.breaking import as_formula
from backsym.printing import latex, mathml, measure, typst, unicode
from backsym.printing import layout as lay
from backsym.printing.fragment import fragment
from backsym.printing.latex import to_latex
from backsym.printing.layout import Layout, untinted
from backsym.printing.mathml import to_mathml
from backsym.printing.signs import SIGNS, sign
from backsym.printing.typst import to_typst
from backsym.printing.unicode import to_unicode
from backsym.reading.files.loader import problem_from_mapping
from backsym.solving.solution import solve
from backsym.text.mathtext import ENVIRONMENTS, MACROS, math_complaints

AIR = re.compile(r"\[\d+pt\]")
"""What LaTeX puts between the rows of a matrix."""

GOLDENS = [
    (
        r"\frac{\partial \mathcal{L}}{\partial W_{kj}^{(2)}} = \frac{\partial \mathcal{L}}{\partial z_k^{(2)}} a_j^{(1)}",
        "frac(∂ ℒ, ∂ W_(k j)^((2))) = frac(∂ ℒ, ∂ z_k^((2))) a_j^((1))",
        "∂ℒ/∂Wₖⱼ⁽²⁾ = ∂ℒ/∂zₖ⁽²⁾ aⱼ⁽¹⁾",
    ),
    (
        r"\nabla_{\mathbf{W}^{(1)}} \mathcal{L} = \frac{1}{N} (\mathbf{A} - \mathbf{T})^\top \mathbf{X}",
        "∇_(𝐖^((1))) ℒ = frac(1, N) \\(𝐀 - 𝐓\\)^(⊤) 𝐗",
        "∇_{W⁽¹⁾} ℒ = 1/N (A − T)ᵀX",
    ),
    (
        r"a_k^{(2)} = \frac{e^{z_k^{(2)}}}{\sum_{k'=1}^{D^{(2)}} e^{z_{k'}^{(2)}}}, \quad k = 1, \dots, D^{(2)}",
        "a_k^((2)) = frac(e^(z_k^((2))), ∑_(k' = 1)^(D^((2))) e^(z_(k')^((2)))), quad k = 1, …, D^((2))",
        "aₖ⁽²⁾ = e^{zₖ⁽²⁾}/(∑_{k′=1}^{D⁽²⁾} e^{z_{k′}⁽²⁾}),  k = 1, …, D⁽²⁾",
    ),
    (
        r"\mathbb{1}_{N} \mathbf{b}^\top \odot \text{ReLU}'(\mathbf{z}) + \log(a_k)",
        'bb(1)_N 𝐛^(⊤) ⊙"ReLU"\' (𝐳) + log(a_k)',
        "𝟙_N bᵀ ⊙ ReLU′(z) + log(aₖ)",
    ),
    (
        r"\underbrace{\begin{bmatrix} z_1 \\ \vdots \\ z_D \end{bmatrix}}_{\mathbf{z}} = \boxed{-x}",
        'underbrace(mat(delim: "[", z_1; ⋮; z_D), 𝐳) = #boxed($display(-x)$)',
        "[z₁; ⋮; z_D] (= z) = [−x]",
    ),
    (r"t_k \mathbb{1}[k = j]", "t_k bb(1) [k = j]", "tₖ 𝟙[k = j]"),
    (
        r"\left\lVert \frac{\mathbf{x}}{2} \right\rVert \le \max_k z_k",
        "lr(size: #100%, ‖frac(𝐱, 2)‖) ≤ max_k z_k",
        "‖x/2‖ ≤ maxₖ zₖ",
    ),
    (r"\sqrt{f(x, y)} \cdot \sqrt[3]{a, b}", r"sqrt(f(x, y)) ⋅ root(3, a\, b)", "√(f(x, y)) ⋅ ³√(a, b)"),
]

MATHML = [
    (r"\mathbf{x}", "<mi>𝐱</mi>"),
    (r"\mathcal{L}", "<mi>ℒ</mi>"),
    (r"\mathbb{1}", "<mi>𝟙</mi>"),
    (r"\Gamma", '<mi mathvariant="normal">Γ</mi>'),
    (r"\partial z", "<mrow><mi>∂</mi><mi>z</mi></mrow>"),
    (r"x_k^2", "<msubsup><mi>x</mi><mi>k</mi><mn>2</mn></msubsup>"),
    (
        r"a = -b",
        '<mrow><mi>a</mi><mo>=</mo><mo form="prefix">−</mo><mi>b</mi></mrow>',
    ),
    (
        r"\sum_{k=1}^{D} x",
        '<mrow><munderover><mo movablelimits="true">∑</mo><mrow><mi>k</mi><mo lspace="0" rspace="0">=</mo><mn>1</mn>'
        "</mrow><mi>D</mi></munderover><mi>x</mi></mrow>",
    ),
    (r"\frac{a}{b}", "<mfrac><mi>a</mi><mi>b</mi></mfrac>"),
    (r"\log x", '<mrow><mi>log</mi><mspace width="0.1667em"/><mi>x</mi></mrow>'),
    (r"x < 2", "<mrow><mi>x</mi><mo>&lt;</mo><mn>2</mn></mrow>"),
]

EXAMPLES = r"""
\frac{a}{b} \dfrac{a}{b} \tfrac{a}{b} \sqrt{x} \sqrt[3]{x} \binom{n}{k} \boxed{x} \phantom{x} \not\in \not= \substack{a \\ b}
\sum_{k=1}^{D} x_k \prod_i \int_0^1 f \lim_{x \to 0} \max_k \min \sup \inf \det \Pr \gcd \limsup_n \liminf \arg\max_k \arg x
\log \ln \exp \sin \cos \tan \arctan \sinh \cosh \tanh \dim \ker \deg \hom \sec \csc \cot \operatorname{soft\,max} \operatorname*{argmax}_k
\mathbf{x} \mathrm{d}x \mathit{word} \mathcal{L} \mathbb{R} \mathsf{A} \mathtt{x} \mathfrak{g} \boldsymbol{\alpha} \boldsymbol{W} \mathbf{x + y_1}
\text{if } x \textbf{so} \textit{it} \textrm{r} \text{50\% \textbf{of} all} \hat{x} \tilde{x} \bar{x} \vec{x} \dot{x} \ddot{x}
\overline{xy} \underline{x} \widehat{xy} \widetilde{xy} \overbrace{x + y}^{n} \underbrace{x + y}_{n} \overset{!}{=} \underset{k}{x} \stackrel{a}{\to}
\left( \frac{a}{b} \right] \left\{ x \middle| y \right\} \left. x \right|_0 \bigl( x \bigr) \Bigl[ x \Bigr] \big| \Big| \bigg/ \Bigg|
\lvert x \rvert \lVert x \rVert \vert \Vert \langle x, y \rangle \lfloor x \rfloor \lceil x \rceil \lbrace x \rbrace \lbrack x \rbrack \{x\} [0, 1) |x| \|x\|
\nabla \partial \infty \ell \hbar \Re \Im \aleph \angle \triangle \square \emptyset \varnothing \forall x \exists y \neg z \lnot z \imath \jmath
a \cdot b \times c \div d \pm e \mp f \ast g \star h \circ i \bullet j \odot k \oplus l \otimes m \ominus n \wedge o \vee p \cap q \cup r \setminus s
x \in A \ni y \notin B \subset C \subseteq D \supset E \supseteq F \leq G \le H \geq I \ge J \neq K \ne L \lt M \gt N \ll O \gg P
x \approx y \sim z \simeq a \cong b \equiv c \propto d \mid e \parallel f \perp g \to h \gets i \rightarrow j \leftarrow k
x \Rightarrow y \Leftarrow z \leftrightarrow a \Leftrightarrow b \longrightarrow c \mapsto d \implies e \iff f \therefore g \because h
1, \dots, n \ldots \cdots \vdots \ddots \quad a \qquad b \, c \; d \: e \! f \  g \top \bot \prime \dagger \intercal
{\displaystyle \frac{a}{b}} {\textstyle \sum_k x} {\scriptstyle x} \sum\limits_k \sum\nolimits_k a \bmod b \equiv c \pmod{n} \mod{n} f\colon A \to B
\alpha\beta\gamma\delta\epsilon\zeta\eta\theta\iota\kappa\lambda\mu\nu\xi\pi\rho\sigma\tau\upsilon\phi\chi\psi\omega
\Gamma\Delta\Theta\Lambda\Xi\Pi\Sigma\Upsilon\Phi\Psi\Omega \varepsilon \vartheta \varpi \varrho \varsigma \varphi
\begin{matrix} a & b \\ c & d \end{matrix} \begin{pmatrix} a \end{pmatrix} \begin{bmatrix} a \end{bmatrix} \begin{Bmatrix} a \end{Bmatrix}
\begin{vmatrix} a \end{vmatrix} \begin{Vmatrix} a \end{Vmatrix} \begin{smallmatrix} a & b \end{smallmatrix} \begin{cases} x & \text{if } x > 0 \\ 0 & \text{else} \end{cases}
\begin{aligned} a &= b \\ &= \frac{c}{d} \\ &\quad + e \end{aligned} \begin{gathered} a \\ b + c \end{gathered}
x' x'' f'_k x_i' x'^2 {}_k x e^{x^{2}} \frac12 x^10 1{,}000 a{=}b -x + (-y) x^* f(\cdot) 3.5x \# \% \& \_ ; ! ? " @ ` / * < >
"""


def every(node: Any) -> Iterator[Layout]:
    """All formulas of blocks."""
    if isinstance(node, Layout):
        yield node
    elif isinstance(node, Math):
        yield node.layout
    elif isinstance(node, (tuple, list)):
        for item in node:
            yield from every(item)
    elif isinstance(node, (Heading, Paragraph)):
        yield from every(node.content)
    elif isinstance(node, Equations):
        yield from every([part for r in node.rows for part in (r.lhs, r.right, r.tail) if part is not None])
        yield from every([as_formula(r.reason, linked=False) for r in node.rows if r.reason])
    elif isinstance(node, (Bullets, Derivations)):
        yield from every(node.items)
    elif isinstance(node, Table):
        yield from every((node.head, node.rows))
    elif isinstance(node, Derived):
        yield from every(Equations(node.rows))


def problems() -> Iterator[Problem]:
    yield from some(bundled().values(), 2)
    for network in some(NETWORKS.values(), 6):
        yield problem_from_mapping({"title": "T", **network})


@pytest.fixture(scope="module")
def solved_formulas() -> list[Layout]:
    found: dict[Layout, None] = {}
    for problem in problems():
        shown = every(document_of(solve(problem, check=False)).blocks)
        found.update(dict.fromkeys(map(untinted, shown)))  # Colours are macros of the page.
    assert len(found) > 1000
    return list(found)


@pytest.fixture(scope="module")
def written_formulas() -> list[Layout]:
    return [fragment(line) for line in EXAMPLES.strip().splitlines()]


# --- one table for each language ---


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize("language", [latex, typst, mathml, unicode, measure])
def test_every_node_has_a_rule(language: Any) -> None:
    nodes = {node for node in Layout.__subclasses__() if node.__module__ == lay.__name__}
    assert set(language._RULES) == nodes


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize(("text", "in_typst", "in_words"), GOLDENS)
def test_the_notation_of_the_handout(text: str, in_typst: str, in_words: str) -> None:
    layout = fragment(text)
    assert to_typst(layout) == in_typst
    assert to_unicode(layout) == in_words


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize(("text", "expected"), MATHML)
def test_mathml(text: str, expected: str) -> None:
    assert re.sub(r"^<math [^>]*>|</math>$", "", to_mathml(fragment(text), display=False)) == expected


@pytest.mark.quick("text", "printing")
def test_a_display_says_what_it_shows() -> None:
    assert to_mathml(fragment("a < b"), display=True).startswith('<math display="block" alttext="a &lt; b">')
    assert 'alttext="words"' in to_mathml(fragment("x"), "words", display=False)


@pytest.mark.quick("text", "printing")
def test_an_unknown_node_is_named() -> None:
    class Novel(Layout):
        pass

    for write in (to_latex, to_typst, to_unicode, lambda layout: to_mathml(layout, display=True)):
        with pytest.raises(TypeError, match="Novel"):
            write(Novel())


@pytest.mark.quick("text", "printing")
def test_no_two_signs_share_a_spelling() -> None:
    spellings = [s for name, found in SIGNS.items() if name != "equal" for s in (found.latex, *found.others)]
    assert len(spellings) == len(set(spellings))
    assert sign("not_subset").char == "⊄"


# --- the author's LaTeX ---


@pytest.mark.quick("text", "printing")
def test_the_examples_hold_every_macro_and_environment() -> None:
    used = set(re.findall(r"\\([A-Za-z]+)", EXAMPLES))
    assert used >= MACROS - {"begin", "end"}
    assert set(ENVIRONMENTS) == set(re.findall(r"\\begin\{(\w+)\}", EXAMPLES))
    for line in EXAMPLES.strip().splitlines():
        assert not [c for c in math_complaints(line) if "# has no" not in c.message and "% has no" not in c.message]


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_what_is_read_is_written_and_read_again(line: str) -> None:
    text = to_latex(fragment(line))
    assert to_latex(fragment(text)) == text


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\frob{x}", r"unknown macro \\frob"),
        (r"\fracc{a}{b}", r"did you mean \\frac"),
        (r"\begin{tabular} a \end{tabular}", "unknown environment tabular"),
        ("x_i_j", "second subscript"),
        ("x^1^2", "second superscript"),
        ("x^", "missing"),
        (r"\frac{a}", "missing"),
        (r"\left( x", "missing"),
        (r"\not x", "no relation"),
        ("{x", "unbalanced"),
        ("x}", "unbalanced"),
        ("x\\", "unbalanced"),
        ("é", "is not read"),
    ],
)
def test_what_cannot_be_read_is_named(latex: str, message: str) -> None:
    with pytest.raises(BacksymError, match=message):
        fragment(latex)


@pytest.mark.quick("text", "printing")
def test_scripts_without_braces_take_one_sign() -> None:
    assert to_latex(fragment("x^10")) == "x^10"
    assert to_unicode(fragment("x^10")) == "x¹0"
    assert to_unicode(fragment("x^{10}")) == "x¹⁰"
    assert to_latex(fragment(r"\frac12")) == r"\frac{1}{2}"


@pytest.mark.quick("text", "printing")
def test_signs_without_an_operand_are_no_operators() -> None:
    row = fragment("-x = -y")
    assert isinstance(row, lay.Row)
    assert [item.spacing for item in row.items if isinstance(item, lay.Op)] == ["prefix", "relation", "prefix"]
    assert fragment("x^*") == lay.Script(lay.Ident("x"), sup=lay.Symbol("ast"))


# --- well-formed in every language ---

CHILDREN = {
    "mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mrow": None,
    "math": None, "msqrt": None, "mstyle": None, "mpadded": None, "mphantom": None, "mtable": None, "mtr": None,
    "mtd": None, "mi": 0, "mn": 0, "mo": 0, "mtext": 0, "mspace": 0,
}  # fmt: skip
"""The elements of MathML Core that are used, and how many children they have."""
ATTRIBUTES = {
    "math": {"display", "alttext"},
    "mi": {"mathvariant"},
    "mo": {"form", "stretchy", "symmetric", "lspace", "rspace", "minsize", "maxsize", "movablelimits"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "mpadded": {"height", "voffset"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"displaystyle"},
}


def check_core(element: ElementTree.Element, parent: str = "") -> None:
    assert element.tag in CHILDREN, element.tag
    wanted = CHILDREN[element.tag]
    assert wanted is None or len(element) == wanted, ElementTree.tostring(element, "unicode")
    assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()) | {"style", "class"}, element.attrib
    assert element.attrib.get("mathvariant", "normal") == "normal"
    has_text = bool((element.text or "").strip())
    assert has_text == (element.tag in ("mn", "mo", "mi")) or element.tag == "mtext"
    assert not (element.tail or "").strip()
    assert (element.tag == "mtr") == (parent == "mtable")
    assert (element.tag == "mtd") == (parent == "mtr")
    for child in element:
        check_core(child, element.tag)


@pytest.mark.parametrize("source", ["solved_formulas", "written_formulas"])
def test_mathml_core_is_well_formed(source: str, request: pytest.FixtureRequest) -> None:
    for layout in some(request.getfixturevalue(source), 16):
        text = to_mathml(layout, display=True)
        check_core(ElementTree.fromstring(text))
        assert not re.search(r"\\[A-Za-z]|\{\w*\}|None", re.sub(r'alttext="[^"]*"', "", text)), text


@pytest.mark.parametrize("source", ["solved_formulas", "written_formulas"])
def test_typst_compiles(source: str, request: pytest.FixtureRequest) -> None:
    import typst as compiler

    lines = [to_typst(layout) for layout in request.getfixturevalue(source)]
    for line in lines:
        assert not re.search(r"\\[A-Za-z]|None", line), line
    template = "#set math.lr(size: 1em)\n#let boxed(it) = box(it)\n"
    document = template + "\n\n".join(f"${line}$\n\n$ {line} $" for line in lines)
    compiled: Any = compiler.compile_with_warnings
    pdf, warnings = compiled(document.encode(), format="pdf", ignore_system_fonts=True)
    assert pdf.startswith(b"%PDF")
    assert [str(warning) for warning in warnings] == []


@pytest.mark.quick("text", "printing")
@pytest.mark.parametrize("source", ["solved_formulas", "written_formulas"])
def test_plain_text_is_one_line_without_markup(source: str, request: pytest.FixtureRequest) -> None:
    for layout in request.getfixturevalue(source):
        text = to_unicode(layout)
        assert not re.search(r"\\|\n|\$[^ ]|None", text.replace("$ _", "")), text


@pytest.mark.quick("text", "printing")
def test_every_formula_has_a_width(solved_formulas: list[Layout], written_formulas: list[Layout]) -> None:
    assert all(measure.width(layout) > 0 for layout in (*solved_formulas, *written_formulas))


def test_the_same_formula_is_read_back_from_its_latex(solved_formulas: list[Layout]) -> None:
    """What the engine prints in LaTeX, read as an author's formula, says the same in words."""
    for layout in solved_formulas:
        assert words(fragment(AIR.sub("", to_latex(layout)))) == words(layout)


def words(layout: Layout) -> str:
    return to_unicode(layout).replace(" ", "")
