"""Answers in what they came in: HTML, Markdown of a chat, fences, prompts, sentences, numbered equations, arrows."""

from __future__ import annotations

import pytest

import backsym as bs
from backsym.marking.answers.containers import opened
from backsym.marking.verdicts import Marker

UNIT = bs.Problem(
    forward=["z = w*x + b", "y = tanh(z)", "L = (y - t)**2/2"],
    symbols={"x": {"role": "input"}, "w": {"role": "parameter"}, "b": {"role": "parameter"}, "t": {"role": "target"}},
)
MARKER = Marker(UNIT)

CHAT = r"""Sure! Here is the derivation.

### Step 1

\[
\frac{\partial L}{\partial y} = y - t
\]

### Step 2: the chain rule

\[
\frac{\partial L}{\partial z} = \frac{\partial L}{\partial y} (1 - y^2)
\]

So the final answer is:

\[
\boxed{\frac{\partial L}{\partial z} = (y - t)(1 - y^2)}
\]"""


@pytest.mark.parametrize(
    "answer",
    [
        "<p>(y - t)(1 - y^2)</p>",
        "<div>dL/dz = (y - t)(1 - y<sup>2</sup>)</div>",
        "(y - t)*(1 - y**2)*(y &gt; -2)",
        "dL/dz = dL/dy (1 - y^2)<br>dL/dz = (y - t)(1 - y^2)",
        "```python\ndz = (y - t) * (1 - y**2)\n```",
        "Here is my code:\n```\n(y - t) * (1 - y**2)\n```\nI hope it is right.",
        ">>> dz = (y - t) * (1 - np.tanh(z)**2)",
        "In [3]: dz = (y - t) * (1 - np.tanh(z)**2)",
        "The gradient is $(y-t)(1-y^2)$.",
        r"We find that \(\frac{\partial L}{\partial z} = (y-t)(1-y^2)\).",
        "By the chain rule we get\n\n$$(y - t)(1 - y^2)$$\n\nHere $1 - y^2$ is the derivative of tanh.",
        CHAT,
        "dL/dz = (y - t)(1 - y^2)   (3)",
        r"\frac{\partial L}{\partial z} = (y - t)(1 - y^2) \qquad (2)",
        r"\begin{align} \frac{\partial L}{\partial z} &= (y - t)(1 - y^2) & (2) \end{align}",
        "dL/dz = (y - t)(1 - y^2) [12]",
        "=> (y - t)(1 - y^2)",
        "→ dL/dz = (y - t)(1 - y^2)",
        "-> (y - t)(1 - y^2)",
        r"\begin{array}{rcl} \frac{\partial L}{\partial z} &=& (y-t) (1 - y^2)\end{array}",
        r"\frac{\partial L}{\partial z} \stackrel{\text{chain}}{=} (y-t)(1-y^2)",
        "**dL/dz = (y - t)(1 - y^2)**",
        "**Answer:** `(y - t)(1 - y^2)`",
        "(y - t)(1 - y^2) (since the derivative of tanh is known)",
        "(y - t)(1 - y^2), weil tanh so abgeleitet wird",
        r"(y - t)(1 - y^2) \quad\text{(since } y = \tanh z)",
        r"(y - t)(1 - y^2) \text{ because } 1 + x = x + 1",
        "Because y is tanh of z we get dL/dz = (y - t)(1 - y^2).",
        "Die Kettenregel ergibt:\n∂L/∂y = y − t\nund damit\n∂L/∂z = (y - t)(1 − y²)",
        "dL/dz is (y - t)(1 - y^2)",
        "<u>(y - t)(1 - y^2)</u>",
        "b) (y - t)(1 - y^2)",
        "Answer = (y - t)(1 - y^2)",
        r"Let $\delta = y - t$. Then $$\delta (1 - y^2)$$",
        "Mit $d = 1 - y^2$ folgt $$(y - t) d$$",
        "$(y - t)(1 - y^2)$, where $t$ is the target",
        "dL/dy = y - t und damit dL/dz = dL/dy (1 - y^2)",
        r"\textcolor{red}{(y - t)(1 - y^2)}",
        '<p><span style="text-decoration: line-through"><i>y</i> - t</span></p><p>(y - t)(1 - y^2)</p>',
        "dL/dz == (y - t)*(1 - y**2)",
        "(y - t)(1 - y^2) (as shown in the lecture) ∎",
        "Sure! The gradient is:\n\n(y - t)(1 - y^2)",
        "Because $u = w x$, the derivative is $(y - t)(1 - y^2)$.",
        "Since $b$ does not depend on $x$, we get $$(y - t)(1 - y^2)$$\nNote that this is not a matrix product.",
    ],
)
def test_right_in_any_container(answer: str) -> None:
    found = MARKER.mark("z", answer)
    assert found.verdict == "correct", found.feedback
    assert found.read is not None
    wrong = MARKER.mark("z", answer.replace("y - t", "t - y").replace("y-t", "t-y"))
    assert wrong.score == 0, wrong.feedback


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("The gradient is $(y-t)(1-y^2)$.", "The gradient is"),
        (CHAT, "Here is the derivation"),
        ("My code:\n```\n(y - t) * (1 - y**2)\n```", "My code"),
        ("~~(y - t)*y~~ (y - t)*(1 - y^2)", "(y - t)*y"),
        ("<p><del>(y - t)*y</del></p><p>(y - t)*(1 - y^2)</p>", "(y - t)*y"),
    ],
)
def test_what_was_not_read_is_said(answer: str, said: str) -> None:
    assert said in MARKER.mark("z", answer).feedback


@pytest.mark.parametrize(
    "answer",
    [
        "dL/dz by the chain rule times x",
        "dL/dz by the chain rule and multiplied by x",
        "dL/dz, using the definition of z times x",
    ],
)
def test_words_that_are_mathematics_are_not_dropped(answer: str) -> None:
    assert MARKER.mark("b", answer).score == 0


@pytest.mark.parametrize(
    "answer", ["minus the gradient: {}", "{} (times the number two)", "twice dL/dz = {}", "proportional to dL/dz = {}",
               "not equal to dL/dz = {}", "{} because of the factor it is doubled", "≈ dL/dz = {}",
               "~~{}~~", "<s>{}</s>", "{} % 2", "{} %", "~{}",
               "{} where the sign is reversed", "{}, where z is wx", "{}, wobei das Vorzeichen umgekehrt ist",
               r"{} \text{{ (times 2)}}", r"{} \text{{(doubled)}}", "{} (or maybe zero)", "({})^*", "... + {}",
               "incorrect: {}", "dL/dq = {}", "∂²L/∂z² = {}", "{}, where * is addition", "{} where t = 0",
               "keine Ahnung: {}", "{} (only for one example)", "{} (then take the square)", r"dL/dz \not= {}",
               r"({})_{{\text{{old}}}}", "{} (clipped at zero)", "{} // wrong", "{}  # falsch",
               "I don't know: {}", "δL = {}", "J = {}", r"\underbrace{{{}}}_{{=0}}", "x \\ {}", "x\\({})",
               r"\overbrace{{{}}}^{{\text{{wrong}}}}", "It isn't ${}$", "${}$ is wrong", "either $0$ or ${}$",
               "The answer is not ${}$.", "${}$ if $z>0$, otherwise $0$", "Minus ${}$",
               "Half of ${}$", "up to a factor $2$ it is ${}$", "the transpose of ${}$", "It is ${}$ squared",
               "This is wrong:\n```\n{}\n```", "$2y$ and ${}$", "dz/dL = {}", "dL/dz |_{{z=0}} = {}",
               "Let $t = 0$. Then $${}$$", "When $x=0$, it is ${}$", "The norm of ${}$", "${}$ needs a transpose",
               "The sign of ${}$ must be flipped", "Ignore ${}$", "durchgestrichen: {}", r"\cancel{{2}}({})",
               r"\sout{{{}}}",
               "A common mistake is ${}$.", "Das Gegenteil von ${}$", "Could it be ${}$?", "I guess ${}$",
               "It is ${}$, but I disagree", "Common error:\n```\n{}\n```", "Fast richtig: {}", "Typical error: {}",
               '<span style="text-decoration: line-through">{} <b>!</b></span>',
               "if False:\n    dz = {}", "{} with q = 0", "{} where N = 1", "$$ {} $$ That is wrong."],
)  # fmt: skip
def test_words_that_change_an_answer_are_not_dropped(answer: str) -> None:
    assert MARKER.mark("z", answer.format("(y - t)(1 - y^2)")).score == 0


@pytest.mark.parametrize("answer", ["(y - t)*(1 - y**2)", r"$\frac{a}{b}$", "dL/dz = a < b > c", r"\[ x = 1 \]", ""])
def test_what_stands_by_itself_is_not_opened(answer: str) -> None:
    assert opened(answer) is None
