r"""Derivatives in LaTeX formulas: ``\frac{\partial \mathcal{L}}{\partial z_k}``, ``\nabla_{\mathbf{z}} \mathcal{L}``.

Also ``\bar{z}`` in the notation with bars, and the two meanings of ``\delta``: Kronecker's delta of two indices, and,
in that notation, the adjoint of a quantity.  Completes the grammar.
"""

from __future__ import annotations

from dataclasses import replace

from backsym.core.errors import InputError
from backsym.core.names import has_letter
from backsym.core.words import say
from backsym.reading.latex.cursor import shown
from backsym.reading.latex.lexer import ACCENTS, FONTS, Token
from backsym.reading.latex.scripts import Scripts, read_scripts
from backsym.reading.latex.symbols import Base, Symbols
from backsym.reading.syntax import Node


class Formula(Symbols):
    """The whole grammar of formulas."""

    # --- quotients of differentials ---

    def fraction_or_derivative(self) -> Node:
        if not self.is_derivative():
            return self.fraction()
        start = self.take().start
        opening = self.take()
        self.enter(opening)
        above = self.differential(opening)
        self.expect("}", opening)
        opening = self.take()
        below = self.differential(opening)
        self.expect("}", opening)
        self.leave()
        if below is None:
            raise self.error(say("latex.derivative_by_quantity"), opening, say("latex.such_as_derivative"))
        if above is None:
            # \frac{\partial}{\partial z} L
            above = self.of_loss(self.factor())
        return self.scripted(self.slope(above, below, start), start)

    def slope(self, above: Node, below: Node, start: int) -> Node:
        """The derivative of one quantity by another."""
        return self.make("partial", "", (above, below), start)

    def is_derivative(self) -> bool:
        """Whether both braces of this fraction begin with a partial sign, or with a d that is no quantity."""
        above = self.position + 1
        if self.tokens[above].text != "{" or self.tokens[above].kind != "op":
            return False
        below = self.closing[above] + 1
        if self.tokens[below].text != "{" or self.tokens[below].kind != "op":
            return False
        return all(self.is_differential(self.tokens[n + 1]) for n in (above, below))

    def is_differential(self, token: Token) -> bool:
        if token.kind == "op":
            return token.text == "partial"
        upright = token.kind == "word" and token.text == "d"
        return upright or (token.kind == "letter" and token.text == "d" and not self.words.known("d"))

    def differential(self, opening: Token | None = None) -> Node | None:
        r"""``\partial z_k``; None where nothing follows the sign."""
        sign = self.take()
        if self.at("^"):
            raise self.error(say("latex.second_derivative"), self.token)
        if opening is not None and self.at("}"):
            return None
        if self.at("("):
            tree = self.group()
        elif self.token.kind in ("letter", "greek", "word", "macro"):
            tree = self.of_loss(self.factor())
        else:
            raise self.unexpected(say("latex.sought.quantity_after", sign=shown(sign)))
        if not self.has_slope(tree):
            raise self.source.error(say("latex.derivative_of_quantity"), tree.span)
        return tree

    def has_slope(self, tree: Node) -> bool:
        """Whether this is a quantity or an entry of one."""
        return (tree.children[0] if tree.kind == "entry" else tree).kind == "name"

    def of_loss(self, tree: Node) -> Node:
        r"""``\mathcal{L}(y, t)`` in a derivative is the loss."""
        if tree.kind == "call" and tree.value == "loss" and self.words.loss is not None:
            return Node("name", self.words.loss, (), tree.span)
        return tree

    def derivative(self) -> Node:
        r"""``\partial L / \partial z`` on one line, or ``\partial_z L``, which is ``\nabla_z L``."""
        if self.ahead().text == "_":
            return self.gradient()
        start = self.token.start
        above = self.differential()
        if not self.at("/") or not self.is_differential(self.ahead()):
            raise self.unexpected(say("latex.sought.partial"), say("latex.such_as_derivative"))
        self.take()
        below = self.differential()
        assert above is not None, "only a sign at a closing brace has nothing after it"
        assert below is not None, "only a sign at a closing brace has nothing after it"
        return self.make("partial", "", (above, below), start)

    def symbol(self) -> Node:
        """Besides names ``dL/dw`` on one line, where d is no quantity."""
        if self.token.kind == "letter" and self.is_differential(self.token):
            start = self.position
            try:
                quotient = self.quotient_of_differentials()
            except InputError:
                quotient = None
            if quotient is not None:
                return quotient
            self.position = start
        return super().symbol()

    def quotient_of_differentials(self) -> Node | None:
        start = self.token.start
        if self.ahead().kind not in ("letter", "greek", "word", "macro"):
            return None
        above = self.differential()
        if above is None or not self.at("/") or not self.is_differential(self.ahead()):
            return None
        self.take()
        below = self.differential()
        return None if below is None else self.make("partial", "", (above, below), start)

    def slopes_alone(self) -> list[Node] | None:
        r"""The slopes of the loss that a formula names and nothing else, ``dW^{[1]}, db^{[1]}``; None for any other."""
        found: list[Node] = []
        while self.token.kind != "end" and self.words.loss is not None:
            start = self.token.start
            if self.at("partial") or not self.is_differential(self.token):
                return None
            below = self.differential()
            assert below is not None, "only a sign at a closing brace has nothing after it"
            if below.value == self.words.loss:
                return None
            found.append(self.make("partial", "", (Node("name", self.words.loss, (), below.span), below), start))
            self.took(",", ";", ".", "and")
        return found or None

    # --- gradients ---

    def word(self) -> Node:
        r"""In the notation with differentials ``\mathrm{d}z`` is the derivative of the loss by z."""
        token, below = self.token, self.ahead()
        named = below.kind in ("letter", "greek", "word") or (below.kind == "macro" and below.text in FONTS | ACCENTS)
        if self.words.gradient != "differential" or token.text != "d" or not named:
            return super().word()
        self.take()
        scripts = Scripts()
        tree = self.adjoint_of(self.from_base(self.base(scripts)))
        return self.scripted(tree, token.start)

    def gradient(self) -> Node:
        start = self.take().start
        if not self.at("_"):
            raise self.unexpected(say("latex.sought.subscript"), say("latex.name_the_quantity"))
        self.take()
        target = self.bracketed(self.additive) if self.at("{", "(") else self.factor_below()
        name = target.children[0] if target.kind == "entry" else target
        if name.kind != "name":
            raise self.source.error(say("latex.gradient_by_quantity"), target.span)
        transposed = self.at("^") and self.ahead().text in ("top", "T")
        self.position += 2 * transposed
        scripts = self.the_loss()
        tree = self.make("call", "grad", (name,), start)
        if transposed:
            tree = self.make("transpose", "", (tree,), start)
        if target.kind == "entry":
            tree = self.make("entry", "", (tree, *target.children[1:]), start)
        return self.raised(tree, scripts, start)

    def factor_below(self) -> Node:
        if self.token.kind not in ("letter", "greek", "macro"):
            raise self.unexpected(say("latex.sought.quantity"))
        base = self.base()
        return self.named(base, Scripts())

    def the_loss(self) -> Scripts:
        """The loss after a gradient sign, with the scripts that belong to the gradient."""
        token = self.token
        if token.kind not in ("letter", "greek", "word", "macro"):
            raise self.unexpected(say("latex.sought.loss"), say("latex.such_as_gradient"))
        base = self.base()
        scripts = read_scripts(self, self.additive)
        mine = base.font in ("mathcal", "mathscr") or base.text in (self.words.loss, "ell")
        own = self.words.choose(base.text, scripts.tag or "", scripts.below or [], bold=base.bold)
        if (own.name != self.words.loss) if own is not None else not mine:
            raise self.error(
                say("latex.gradient_of_loss"),
                token,
                say("latex.the_loss_is", loss=self.words.loss) if self.words.loss else None,
            )
        if self.at("(") and self.position in self.lists:
            self.argument_list()
        return Scripts(steps=scripts.steps)

    # --- one-letter notations of adjoints ---

    def over_bar(self, base: Base, scripts: Scripts) -> Node:
        r"""``\bar{z}_k`` in the notation with bars: the derivative of the loss by ``z_k``."""
        inner = Base(base.text.partition(":")[2] or base.text, base.font, base.token)
        steps, scripts.steps = scripts.steps, []
        tree = self.named(inner, scripts)
        return self.raised(self.adjoint_of(tree), Scripts(steps=steps), base.token.start)

    def adjoint_of(self, tree: Node) -> Node:
        if tree.kind == "entry" and tree.children[0].kind == "name":
            whole = Node("call", "grad", (tree.children[0],), tree.span, 2)
            return Node("entry", "", (whole, *tree.children[1:]), tree.span, 3)
        if tree.kind == "name":
            return Node("call", "grad", (tree,), tree.span, 2)
        raise self.source.error(say("latex.not_an_adjoint"), tree.span)

    def error_signal(self, base: Base) -> Node:
        r"""``\delta^{(l)}`` in the notation in which it is the derivative by z^{(l)}; ``\delta_{kj}`` is Kronecker's.

        Where z has two axes, two letters below are those of its entries.
        """
        words = self.words
        # The number of a layer stands above.
        ranks = [(r or 0) - (n in words.layered) for n, r in words.ranks.items() if has_letter(n, words.delta)]
        if self.at("_") and max(ranks, default=0) < 2:
            before = self.position
            self.take()
            letters = self.two_indices()
            if letters:
                return self.scripted(self.make("call", "delta", letters, base.token.start), base.token.start)
            self.position = before
        return self.adjoint_of(self.from_base(replace(base, text=self.words.delta)))

    def delta(self, base: Base) -> Node:
        r"""``\delta_{kj}``, or ``\delta_{\mathbf{z}}`` in the notation with deltas."""
        start = base.token.start
        self.take()
        letters = self.two_indices()
        if letters:
            return self.scripted(self.make("call", "delta", letters, start), start)
        if self.words.gradient != "delta":
            hint = say("words.both", first=say("latex.kronecker_delta"), second=say("latex.declare_delta"))
            raise self.error(say("latex.undeclared_delta"), base.token, hint)
        target = self.bracketed(self.additive) if self.at("{", "(") else self.factor_below()
        tree = self.adjoint_of(target)
        return self.scripted(tree, start)
