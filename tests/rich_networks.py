"""Random networks of examples, time, labels and matrix functions, with Jacobians and Hessians, as problem mappings.

The same seed gives the same network.  Expressions are made goal first, for a wanted shape; what they need is declared
as they need it.  In the equation of a member (the letter n of examples, t of time) the members of families are at hand.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from backsym.core.problem import Problem

Network = dict[str, Any]
Rules = Sequence[tuple[float, Callable[[], str]]]

KINDS = ("family", "recurrence", "labels", "matrix", "total", "mixed")
SMOOTH = ("tanh", "sigmoid", "sin", "softplus", "arctan", "silu", "relu", "cos")
DIMS = ("D", "H", "K")


def network(seed: int) -> Network:
    """The network of a seed."""
    return _Maker(seed).make()


class _Maker:
    def __init__(self, seed: int):
        self.r = random.Random(seed)
        self.kind = KINDS[seed % len(KINDS)]
        self.symbols: dict[str, Any] = {}
        self.forward: list[str] = []
        self.parts: list[dict[str, Any]] = []
        self.vectors: dict[str, str] = {}
        """The dimension of each vector at hand that is no member."""
        self.members: dict[str, dict[str, str]] = {"n": {}, "t": {}}
        """The dimension of each member at hand, by the letter of its family."""
        self.numbers: list[str] = []
        self.indices: dict[str, str] = {}
        self.letter = ""
        self.losses: list[str] = []
        self.count = 0

    def make(self) -> Network:
        makers: dict[str, list[Callable[[], None]]] = {
            "family": [self.family],
            "recurrence": [self.recurrence],
            "labels": [self.labels],
            "matrix": [self.matrices, self.matrices],
            "total": [self.layers],
            "mixed": self.r.sample([self.family, self.recurrence, self.labels, self.matrices, self.layers], 2),
        }
        for make in makers[self.kind]:
            make()
        self.forward.append("L = " + " + ".join(self.losses))
        words = set(re.findall(r"\w+", " ".join(self.forward)))
        symbols = {name: entry for name, entry in self.symbols.items() if name in words}
        result: Network = {"symbols": symbols, "forward": self.forward}
        if self.indices:
            result["indices"] = dict(self.indices)
        if self.parts:
            result["parts"] = self.parts
        return result

    # --- drawing ---

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, rules: Rules) -> str:
        return self.r.choices([f for _, f in rules], [w for w, _ in rules])[0]()

    def new(self, letters: str) -> str:
        self.count += 1
        return f"{self.r.choice(letters)}{self.count}"

    def leaf(self, letters: str, shape: list[str], **facts: Any) -> str:
        name = self.new(letters)
        self.symbols[name] = {"shape": shape, **facts} if facts else shape
        return name

    def weight(self, rows: str, columns: str) -> str:
        """A matrix, for each step where the letter is time and it so happens, turned perhaps."""
        if self.letter == "t" and self.chance(0.2):
            return self.leaf("P", [rows, columns], **{"for": "t"}) + "[t]"
        if self.chance(0.2):
            return self.leaf("V", [columns, rows]) + ".T"
        return self.leaf("W", [rows, columns])

    def dim(self) -> str:
        return self.r.choice(DIMS)

    # --- expressions ---

    def vector(self, dim: str, depth: int) -> str:
        """The text of a column of a dimension."""
        at_hand = [name for name, own in self.vectors.items() if own == dim]
        at_hand += [name for name, own in self.members[self.letter].items() if own == dim] if self.letter else []
        if depth <= 0:
            return self.r.choice(at_hand) if at_hand and self.chance(0.8) else self.leaf("bcu", [dim])
        f = self.r.choice(SMOOTH)
        other = self.dim()
        rules: Rules = [
            (4, lambda: f"{self.weight(dim, other)} @ {self.vector_in_brackets(other, depth - 1)}"),
            (3, lambda: f"{f}({self.vector(dim, depth - 1)})"),
            (2, lambda: f"({self.vector(dim, depth - 1)} + {self.vector(dim, depth - 1)})"),
            (2, lambda: f"{self.vector(dim, 0)}*{self.vector_in_brackets(dim, depth - 1)}"),
            (1, lambda: f"({self.vector(dim, depth - 1)} - {self.leaf('b', [dim])})"),
            (1, lambda: f"softmax({self.vector(dim, depth - 1)})"),
            (0.7, lambda: f"cumsum({self.vector(dim, depth - 1)})"),
            (0.7, lambda: f"solve({self.square(dim, 0)}, {self.vector(dim, depth - 1)})"),
            (0.7, lambda: f"{self.square(dim, 1)} @ {self.vector_in_brackets(dim, depth - 1)}"),
            (0.7, lambda: self.side_by_side(dim, depth)),
            (0.5, lambda: f"concat({self.vector(dim, depth - 1)}, {self.vector(other, 0)})[1:{dim}]"),
            (0.5, lambda: f"clip({self.vector(dim, depth - 1)}, -1/2, 2)"),
            (0.5, lambda: f"({self.vector(dim, depth - 1)})/(2 + {self.number(0)}**2)"),
            (0.4, lambda: f"{self.vector(dim, 0)}/norm({self.vector(dim, 0)})"),
            (0.4, lambda: f"diag({self.square(dim, 0)})"),
        ]
        return self.pick(rules)

    def vector_in_brackets(self, dim: str, depth: int) -> str:
        text = self.vector(dim, depth)
        return text if re.fullmatch(r"\w+(\[\w(-\d)?\])?", text) else f"({text})"

    def side_by_side(self, dim: str, depth: int) -> str:
        """A layer of two vectors one after the other, or one with all gates stacked, of which a part is taken."""
        a, b = self.dim(), self.dim()
        if self.chance(0.5):
            whole = f"2*{a}" if a == b else f"{a} + {b}"
            weight = self.leaf("W", [dim, whole])
            return f"{weight} @ concat({self.vector(a, depth - 1)}, {self.vector(b, 0)})"
        weight = self.leaf("W", [f"2*{dim}", a])
        part = self.r.choice([f"1:{dim}", f"{dim}+1:2*{dim}"])
        return f"({weight} @ {self.vector_in_brackets(a, depth - 1)})[{part}]"

    def square(self, dim: str, depth: int) -> str:
        """The text of a square matrix that has an inverse."""
        name = self.leaf("A", [dim, dim])
        rules: Rules = [(2, lambda: name)]
        if depth:
            other = self.dim()
            rules = [
                (1, lambda: f"inv({name})"),
                (1, lambda: f"matrix_power({name}, {self.r.choice((2, 3))})"),
                (1, lambda: f"inv({self.leaf('B', [dim, dim])} @ {name})"),
                (1, lambda: f"inv({self.leaf('B', [dim, other])} @ {self.leaf('C', [dim, other])}.T + {name})"),
                (0.5, lambda: f"{name}**-1"),
                (0.5, lambda: f"solve({name}, {self.leaf('B', [dim, dim])})"),
                (0.5, lambda: f"diag({self.vector(dim, 0)})"),
                (0.5, lambda: f"(eye({dim}) + {self.vector(dim, 0)} @ {self.vector(dim, 0)}.T)"),
            ]
        return self.pick(rules)

    def number(self, depth: int) -> str:
        """The text of a number, within a member's equation perhaps."""
        if depth <= 0:
            d = self.dim()
            rules: Rules = [
                (1, lambda: self.leaf("s", [])),
                (1, lambda: f"({self.vector(d, 0)}.T @ {self.vector(d, 0)})"),
                (1, lambda: f"sum({self.vector(d, 0)}**2)"),
            ]
            return self.pick(rules)
        d, e = self.dim(), self.dim()
        rules = [
            (2, lambda: f"sum({self.vector_in_brackets(d, depth)}**2)"),
            (2, lambda: f"sum({self.r.choice(SMOOTH)}({self.vector(d, depth - 1)}))"),
            (2, lambda: f"squared_error({self.vector(d, depth)}, {self.leaf('y', [d], role='target')})"),
            (1, lambda: f"logsumexp({self.vector(d, depth)})"),
            (1, lambda: f"{self.r.choice(('var', 'std', 'prod', 'mean', 'max', 'norm'))}({self.vector(d, depth)})"),
            (1, lambda: f"{self.vector(d, 0)}.T @ {self.square(d, 1)} @ {self.vector(d, 0)}"),
            (1, lambda: f"{self.r.choice(('det', 'logdet'))}({self.square(d, depth % 2)})"),
            (1, lambda: f"trace({self.square(d, 1)} @ {self.square(d, 0)})"),
            (0.7, lambda: f"sum({self.r.choice(SMOOTH)}({self.square(d, 1)}))"),
            (0.7, lambda: self.kronecker(d, e)),
            (0.5, lambda: f"sum(vec({self.leaf('B', [d, e])} @ {self.leaf('C', [e, d])})**3)"),
            (0.5, lambda: f"{self.r.choice(('tanh', 'sin', 'exp'))}({self.number(0)})"),
        ]
        return self.pick(rules)

    def kronecker(self, d: str, e: str) -> str:
        a, b = self.leaf("B", [d, e]), self.leaf("C", [e, d])
        if self.chance(0.5):
            return f"sum(sin(kron({a}, {b})))"
        return f"sum((kron({a}, {b}) @ vec({self.leaf('X', [d, e])}))**2)"

    # --- what a network is made of ---

    def layers(self) -> None:
        """A few vectors, one of the other; Jacobians and second derivatives are asked for."""
        first = self.dim()
        leaf = self.leaf("x", [first], role="input")
        self.vectors[leaf] = first
        nodes = []
        for _ in range(self.r.randint(1, 3)):
            dim = self.dim()
            before = self.vectors
            # The last vector stands in each equation, so that each node depends on those before.
            last = nodes[-1] if nodes else leaf
            text = f"{self.weight(dim, before[last])} @ {last} + {self.vector(dim, self.r.randint(0, 1))}"
            if self.chance(0.6):
                text = f"{self.r.choice((*SMOOTH, 'softmax'))}({text})"
            name = self.new("zhv")
            self.forward.append(f"{name} = {text}")
            self.vectors[name] = dim
            nodes.append(name)
        self.losses.append(self.loss_of(nodes[-1], self.vectors[nodes[-1]]))
        behind = [leaf, *nodes]
        at = self.r.randint(1, len(nodes))
        by = self.r.choice(behind[:at])
        part = {"jacobian": f"d{behind[at]}/d{by}"}
        self.parts.append(part | ({"layout": "denominator"} if self.chance(0.3) else {}))
        own = [
            leaf,
            *(name for name, s in self.symbols.items() if name[0] in "bcus" and name in " ".join(self.forward)),
        ]
        asked = self.r.sample(own, min(len(own), self.r.choice((1, 1, 2))))
        self.parts.append({"hessian": asked if len(asked) > 1 else asked[0]})

    def loss_of(self, text: str, dim: str) -> str:
        rules: Rules = [
            (2, lambda: f"squared_error({text}, {self.leaf('y', [dim], role='target')})"),
            (1, lambda: f"logsumexp({text})"),
            (1, lambda: f"sum(tanh({text})**2)"),
            (1, lambda: f"(logsumexp({text}) - {text}[{self.leaf('y', [], label=dim, role='target')}])"),
            (1, lambda: f"log(1 + sum({text}**4))"),
        ]
        return self.pick(rules)

    def labels(self) -> None:
        """Losses of classes: the logarithm of a probability, hinges, embeddings, columns."""
        k, d, v = self.dim(), self.dim(), "V"
        y = self.leaf("y", [], label=k, role="target")
        z = self.new("z")
        self.forward.append(f"{z} = {self.vector(k, self.r.randint(1, 2))}")
        p = self.new("p")
        w, one = self.leaf("w", [], label=v), self.leaf("E", [v, d])
        rules: Rules = [
            (1, lambda: f"-log(softmax({z})[{y}])"),
            (1, lambda: f"(logsumexp({z}) - {z}[{y}])"),
            (1, lambda: f"sum(max({z}[j] - {z}[{y}] + 1, 0), j != {y})"),
            (1, lambda: f"sum(log(1 + exp({z}[j] - {z}[{y}])), j != {y})"),
            (1, lambda: f"sum(({z} - onehot({y}))**2)"),
            (1, lambda: f"sum(({z}[j] - [j == {y}])**2*{self.leaf('b', [k])}[j], j)"),
            (1, lambda: f"({self.leaf('U', [d, k])}[:, {y}].T @ ({self.vector(d, 1)}) + {z}[{y}]**2)"),
            (1, lambda: f"sum(tanh({self.weight(k, d)} @ {one}[{w}] + {z})**2)"),
            (1, lambda: f"-log({p}[{y}])"),
        ]
        found = [self.pick(rules) for _ in range(self.r.choice((1, 1, 2)))]
        if any("[j]" in text for text in found):
            self.indices["j"] = k
        if any(f"{p}[" in text for text in found):
            self.forward.append(f"{p} = softmax({z})")
        self.losses += found
        if z not in " ".join(found):
            self.losses.append(f"sum({z}**2)" if p not in " ".join(found) else f"{p}[{y}]**2")
        if self.kind == "labels" and self.chance(0.4):
            self.parts.append({"hessian": z})

    def matrices(self) -> None:
        """Numbers of matrix functions, one of them as a node."""
        s = self.new("qr")
        self.forward.append(f"{s} = {self.number(2)}")
        self.losses.append(self.r.choice((s, f"{s}**2", f"sin({s})")))
        if self.chance(0.5):
            self.losses.append(self.number(1))
        if self.chance(0.3):
            square = [name for name, shape in self.symbols.items() if name[0] == "A" and isinstance(shape, list)]
            for name in square[:1]:
                self.symbols[name] = {"shape": self.symbols[name], "symmetric": True}

    def family(self) -> None:
        """Examples: members of members, and what all of them say."""
        self.indices["n"], self.letter = "N", "n"
        d = self.dim()
        x = self.leaf("X", ["N", d], role="input")
        self.members["n"][f"{x}[n]"] = d
        nodes = []
        for _ in range(self.r.randint(1, 3)):
            dim = self.dim()
            h = self.new("zhg")
            last = nodes[-1] if nodes else x
            text = f"{self.weight(dim, self.members['n'][f'{last}[n]'])} @ {last}[n] + {self.vector(dim, 1)}"
            if self.chance(0.5):
                text = f"{self.r.choice((*SMOOTH, 'softmax'))}({text})"
            self.forward.append(f"{h}[n] = {text}")
            self.members["n"][f"{h}[n]"] = dim
            nodes.append(h)
        h = nodes[-1]
        dim = self.members["n"][f"{h}[n]"]
        self.losses.append(self.over_members(h, dim))
        if self.chance(0.3):
            self.losses.append(self.over_members(self.r.choice(nodes), self.members["n"][f"{nodes[0]}[n]"])
                               if len(nodes) == 1 else f"sum({nodes[0]}**2)/N")  # fmt: skip
        self.letter = ""

    def over_members(self, h: str, dim: str) -> str:
        """A loss of all members of a node."""
        y = self.leaf("Y", ["N", dim], role="target")
        c = self.leaf("c", ["N"], label=dim, role="target")
        s = self.new("s")

        def score(text: str) -> str:
            self.forward.append(f"{s}[n] = {text}")
            return s

        a = self.leaf("a", [dim])
        rules: Rules = [
            (2, lambda: f"sum(squared_error({h}[n], {y}[n]), n)/N"),
            (2, lambda: f"sum(logsumexp({h}[n]) - {h}[n, {c}[n]], n)"),
            (1, lambda: f"-sum(log(softmax({h}[n])[{c}[n]]), n)/N"),
            (1, lambda: f"sum(({h}[n] - {a}).T @ {self.square(dim, 1)} @ ({h}[n] - {a}), n)"),
            (1, lambda: f"(N/2*logdet({self.square(dim, 0)}) + sum({h}[n].T @ {a}, n)**2)"),
            (1, lambda: f"logsumexp({score(f'{a}.T @ {h}[n]')})"),
            (1, lambda: f"sum(softmax({score(f'{a}.T @ {h}[n]')})**2)"),
            (1, lambda: f"var({score(f'{a}.T @ {h}[n]')})"),
            (1, lambda: f"sum((sum({h}[n], n)/N - {a})**2)"),
            (1, lambda: f"sum(({h}.T @ {h})**2)/N"),
            (1, lambda: f"logdet({h}.T @ {h} + {self.leaf('A', [dim, dim])})"),
            (1, lambda: f"sum(tanh({h}[n].T @ {h}[m]), n, m)"),
            (0.7, lambda: f"sum(max(1 - {h}[n].T @ {a}, 0), n)"),
            (0.7, lambda: f"sum(sum(({h}[n] - onehot({c}[n]))**2), n)"),
        ]
        text = self.pick(rules)
        if "[m]" in text:
            self.indices["m"] = "N"
        return text

    def recurrence(self) -> None:
        """One or two states in time, with a loss at every step or at the last."""
        self.indices["t"], self.letter = "T", "t"
        d = self.dim()
        if self.chance(0.7):
            self.members["t"][self.leaf("X", ["T", d], role="input") + "[t]"] = d
        else:
            words = self.leaf("w", ["T"], label="V", role="input")
            self.members["t"][self.leaf("E", ["V", d]) + f"[{words}[t]]"] = d
        states = {self.new(letter): self.dim() for letter in self.r.sample("hcr", self.r.choice((1, 1, 2)))}
        for name, dim in states.items():
            lag = self.r.choice((1, 1, 1, 2))
            for back in range(lag):
                start = self.r.choice((self.leaf("a", [dim]), self.leaf("b", [dim]), f"tanh({self.leaf('a', [dim])})"))
                self.forward.append(f"{name}[{-back}] = {start}")
            self.members["t"].update({f"{name}[t-{back}]": dim for back in range(1, lag + 1)})
        inputs = next(iter(self.members["t"]))
        for name, dim in states.items():
            text = f"{self.weight(dim, dim)} @ {name}[t-1] + {self.weight(dim, d)} @ {inputs}"
            if self.chance(0.6):
                text += f" + {self.vector(dim, self.r.randint(0, 2))}"
            self.forward.append(f"{name}[t] = {self.r.choice(SMOOTH)}({text})")
            self.members["t"][f"{name}[t]"] = dim
        top = list(states)[-1]
        self.letter = ""
        self.over_time(top, states[top])

    def over_time(self, h: str, dim: str) -> None:
        """A loss at every step, at the last one, or of outputs."""
        k = self.dim()
        o = self.new("o")
        y, c = self.leaf("Y", ["T", dim], role="target"), self.leaf("c", ["T"], label=k, role="target")

        def output() -> str:
            self.forward.append(f"{o}[t] = {self.weight(k, dim)} @ {h}[t] + {self.leaf('b', [k])}")
            return o

        rules: Rules = [
            (2, lambda: f"sum(squared_error({h}[t], {y}[t]), t)"),
            (2, lambda: f"squared_error({h}[T], {self.leaf('y', [dim], role='target')})"),
            (2, lambda: f"sum(logsumexp({output()}[t]) - {o}[t, {c}[t]], t)"),
            (1, lambda: f"-log(softmax({h}[T])[{self.leaf('y', [], label=dim, role='target')}])"),
            (1, lambda: f"sum({self.leaf('V', [k, dim])} @ {h}[T])**2"),
            (1, lambda: f"(sum(sum({h}[t]**2), t)/T + sum({h}[T]))"),
            (1, lambda: f"({h}[T].T @ {self.square(dim, 1)} @ {h}[T])"),
        ]
        self.losses.append(self.pick(rules))


def lengths(problem: Problem, seed: int) -> dict[str, int] | None:
    """The length of its recurrences at which a network is judged: 1 to 5."""
    return {"T": 1 + seed % 5} if "T" in problem.dims else None
