"""The catalogue of messages: every code has words, every word a use, and nothing is decided by what is said."""

from __future__ import annotations

import ast
import pickle
import string
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from syntax import MODULES, PACKAGE, nodes_of

import backsym as bs
from backsym.cli.errors import explained
from backsym.cli.main import main
from backsym.core.bundled import languages, resource
from backsym.core.errors import Diagnostic, InputError, ShapeError, VerificationError
from backsym.core.words import Entry, Words, entries, mentions, say

pytestmark = pytest.mark.quick("core")


@cache
def nodes() -> dict[Path, list[ast.AST]]:
    """All nodes of each module's syntax tree."""
    return {path: nodes_of(path) for path in MODULES}


@pytest.fixture(scope="module", autouse=True)
def _forget_the_trees() -> Iterator[None]:
    yield
    nodes.cache_clear()


def rooms(language: str) -> list[str]:
    return sorted(path.stem for path in resource("templates", language, "messages").glob("*.yaml"))


def codes(language: str) -> dict[str, Entry]:
    return {f"{room}.{name}": entry for room in rooms(language) for name, entry in entries(room, language).items()}


def needed(entry: Entry) -> set[str]:
    """The facts that the words of an entry name."""
    pieces = [piece for text in (entry.says, entry.hint or "") for piece in string.Formatter().parse(text)]
    return {name for _, name, _, _ in pieces if name is not None}


@cache
def said() -> list[tuple[str, ast.Call, list[str]]]:
    """Every call of ``say`` in the package, with the codes that it may have."""
    return list(calls_of_say())


def calls_of_say() -> Iterator[tuple[str, ast.Call, list[str]]]:
    for path, found_in in nodes().items():
        imported = [n for n in found_in if isinstance(n, ast.ImportFrom) and n.module == "backsym.core.words"]
        if not any(alias.name == "say" for n in imported for alias in n.names):
            continue
        for node in found_in:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                first = node.args[0] if len(node.args) == 1 else None
                choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                found = [c.value for c in choices if isinstance(c, ast.Constant) and isinstance(c.value, str)]
                assert len(found) == len(choices), f"{path}:{node.lineno}: a code is written out where it is said"
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node, found


def test_every_code_has_words_that_name_exactly_its_facts() -> None:
    known = codes("en")
    for place, call, found in said():
        facts = {keyword.arg for keyword in call.keywords}
        for code in found:
            assert code in known, f"{place}: {code} has no words"
            assert facts == needed(known[code]), f"{place}: {code}"


def test_all_words_are_said() -> None:
    used = {code for _, _, found in said() for code in found} | {"words.and", "words.or"}
    assert set(codes("en")) == used


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_other_languages_have_words_for_all_codes(language: str) -> None:
    english, own = codes("en"), codes(language)
    for code, entry in own.items():
        assert needed(entry) <= needed(english[code]), code
    assert set(english) - set(own) == {"reasons.shape_lost"}, "but for what no user can see"


# --- no message beside the catalogue ---


@cache
def error_classes() -> set[str]:
    """The errors that are for users: BacksymError with all that is made of it, and what such errors are made of."""
    classes = [node for each in nodes().values() for node in each if isinstance(node, ast.ClassDef)]
    found = {"BacksymError"}
    while more := {c.name for c in classes for b in c.bases if isinstance(b, ast.Name) and b.id in found} - found:
        found |= more
    return found | {"Diagnostic", "UsageError"}


@cache
def given_on() -> set[str]:
    """The functions that make an error of what they are given to say."""
    functions = [node for each in nodes().values() for node in each if isinstance(node, ast.FunctionDef)]
    named = {f.name for f in functions for a in f.args.args if a.annotation and "Said" in ast.unparse(a.annotation)}
    return named - {"__init__", "add"}


def sentences_in(node: ast.AST) -> Iterator[ast.AST]:
    """The texts of several words in an expression, but for what is said by a code."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
        yield node
        return
    if isinstance(node, ast.JoinedStr) and any(isinstance(p, ast.Constant) and " " in p.value for p in node.values):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from sentences_in(child)


def inline(nodes: Iterable[ast.AST], classes: set[str]) -> Iterator[int]:
    """The lines in which an error for users is given a sentence, or a text that was put together from some."""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.rpartition(".")[2] in classes or called.endswith("report.add"):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(True for each in given for _ in sentences_in(each)):
                yield node.lineno


def test_messages_are_in_the_catalogue() -> None:
    classes = error_classes() | given_on()
    found = [f"{path.relative_to(PACKAGE)}:{line}" for path, each in nodes().items() for line in inline(each, classes)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("raise BacksymError(f'{x} is wrong')", True),
        ("raise InputError([Diagnostic('this is wrong', path)])", True),
        ("raise click.UsageError('Give either ' + this)", True),
        ("raise ShapeError(say('a.b'), advice='write this')", True),
        ("raise BacksymError(say('a.b', x='{ x }'), near)", False),
        ("raise TypeError('no rule for this')", False),
        ("self.report.add(tree, f'{x} is wrong')", True),
        ("raise self.refused('this is wrong')", True),
        ("names.add('a b')", False),
    ],
)
def test_a_message_beside_the_catalogue_is_found(line: str, counts: bool) -> None:
    assert bool(list(inline(ast.walk(ast.parse(line)), error_classes() | given_on()))) == counts


def test_a_language_without_words_falls_back_on_english() -> None:
    assert say("reasons.many_axes", axes=3).text("de") == "Ein Feld mit 3 Achsen ist keine Matrix"
    assert say("meaning.undeclared", name="x").text("de") == "x ist nicht deklariert"
    assert say("reasons.shape_lost", found="x", shape="y").text("de") == "internal: shape x instead of y"
    assert say("meaning.undeclared", name="x").text("xx") == "x is not declared"


GERMAN = [
    ("forward: [L = w*x, L = x]\n", "L ist zweimal definiert; die erste Gleichung dafür steht in Zeile 2"),
    ("forward: [L = w*x]\nlos: L\n", "der Schlüssel los ist nicht bekannt\n    los: L\n    ^^^\n  Meinten Sie loss?"),
    ("forward: [L = w*x]\ntext: $\\frac{a}$\n", "\\frac nimmt 2 Argumente"),
    ("forward: [L = w*x]\nparts: [gradients: q]\n", "\n  deklariert: w, x, L"),
    ("sections: [{title: A}]\n", "ein Abschnitt braucht problems"),
]


@pytest.mark.parametrize(("text", "expected"), GERMAN)
def test_what_is_wrong_with_a_file_is_said_in_the_language_of_the_file(
    text: str, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    for language in ("de", "en", "xx"):
        path.write_text(f"language: {language}\n{text}", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            bs.load(path)
        assert (expected in str(caught.value)) == (language == "de"), str(caught.value)
        assert all(expected not in d.message for d in caught.value.diagnostics), "messages are in English for programs"


def test_what_is_wrong_with_a_note_is_said_in_its_language(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("---\nlanguage: de\n---\nNichts.\n", encoding="utf-8")
    with pytest.raises(InputError, match="diese Mitschrift hat keine Vorwärtsgleichung"):
        bs.load(path)


def test_the_command_line_speaks_the_language_of_the_problem(tmp_path: Path) -> None:
    problem, answers = tmp_path / "p.yaml", tmp_path / "a.csv"
    problem.write_text("language: de\nforward: [z = w*x, L = z**2]\n", encoding="utf-8")
    answers.write_text("student,nothing\na,1\n", encoding="utf-8")
    found = CliRunner().invoke(main, ["check", str(problem), str(answers)])
    assert found.exit_code == 2
    assert "keine Spalte dieser Datei ist ein Ziel\n" in found.stderr
    assert explained(ShapeError(say("words.did_you_mean", near="z")), "p", "de")[0] == ["error: p: Meinten Sie z?"]


def test_an_unknown_code_is_named() -> None:
    with pytest.raises(LookupError, match="nowhere"):
        say("meaning.nowhere").text()


def test_facts_are_put_in() -> None:
    around = say("words.did_you_mean", near=say("words.and"))
    assert str(around) == "did you mean and?"
    assert around.text("de") == "Meinten Sie und?"
    assert str(say("words.did_you_mean", near=("a", "b"))) == "did you mean a, b?"
    assert str(say("files.one_of", key="k", choices=["a"])) == "k is a"
    assert str(say("files.one_of", key="k", choices=["a", "b", "c"])) == "k is a, b or c"
    numbers = [str(say("files.number_count", count=n, dimension="D", wanted=2)) for n in (1, 3)]
    assert numbers == ["1 number along D, expected 2", "3 numbers along D, expected 2"]
    # Signs of a template inside a fact mean nothing.
    assert str(say("words.did_you_mean", near="{x}{0}{y!r}")) == "did you mean {x}{0}{y!r}?"


def test_words_are_the_same_if_code_and_facts_are() -> None:
    assert say("words.did_you_mean", near="a") == say("words.did_you_mean", near="a") != say("words.and")
    assert len({say("words.did_you_mean", near="a"), say("words.did_you_mean", near="a")}) == 1


def test_errors_survive_the_way_to_another_process() -> None:
    found = InputError([Diagnostic(say("meaning.undeclared", name="x"), "f", 1, 2, "y = x", 1)])
    copied = pickle.loads(pickle.dumps(found))
    assert str(copied) == str(found)
    assert copied.diagnostics == found.diagnostics
    failed = pickle.loads(pickle.dumps(VerificationError("W", "it failed")))
    assert (failed.node, str(failed)) == ("W", "it failed")


def test_a_message_is_read_when_somebody_looks() -> None:
    code = (
        "import sys, backsym as bs\n"
        "from backsym.core import words\n"
        "try: bs.Problem(forward=['L = w.T @ x'], symbols={'w': ['D']})\n"
        "except bs.InputError as error:\n"
        "    assert not words.entries.cache_info().currsize\n"
        "    assert 'x is not declared' in str(error)\n"
        "    assert words.entries.cache_info().currsize\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)


def test_the_name_of_a_file_is_looked_for_among_the_facts() -> None:
    nested = say("variants.inside", choices="f.yaml", words=say("meaning.undeclared", name="x"))
    assert mentions(nested, "f.yaml")
    assert mentions(nested, "x")
    assert mentions(say("words.did_you_mean", near=["a", "b"]), "b")
    assert not mentions(nested, "variant")
    assert mentions("words of another program about f.yaml", "f.yaml")


def test_the_code_of_an_error_tells_what_it_is() -> None:
    with pytest.raises(bs.InputError) as caught:
        bs.Problem(forward=["L = w.T @ x"], symbols={"w": ["D"]})
    (found,) = caught.value.diagnostics
    assert (found.code, found.message, found.words) == (
        "meaning.undeclared",
        "x is not declared",
        Words("meaning.undeclared", {"name": "x"}),
    )


# --- nothing is decided by words ---

ASKS = {"startswith", "endswith", "find", "index", "count", "partition", "split", "removeprefix", "removesuffix"}
MATCHES = {"match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"}


def is_message(node: ast.AST, caught: set[str]) -> bool:
    """Whether an expression is what an error says."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("message", "hint") and not isinstance(node.ctx, ast.Store)
    text = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "repr")
    return text and any(isinstance(arg, ast.Name) and arg.id in caught for arg in node.args)  # type: ignore[attr-defined]


def decisions(nodes: Sequence[ast.AST]) -> Iterator[int]:
    """The lines in which something is asked of the words of an error."""
    caught = {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    for node in nodes:
        asked: list[ast.AST] = []
        if isinstance(node, ast.Compare) and not all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = [node.func.value] if node.func.attr in ASKS else []
            asked += node.args if node.func.attr in MATCHES else []
        if any(is_message(part, caught) for each in asked for part in ast.walk(each)):
            yield node.lineno  # type: ignore[attr-defined]


def test_nothing_is_decided_by_what_is_said() -> None:
    found = {f"{path.relative_to(PACKAGE)}:{line}" for path, each in nodes().items() for line in decisions(each)}
    assert sorted(found) == []


@pytest.mark.parametrize(
    "line",
    [
        "d.message.endswith('is not declared')",
        "re.search('x', error.hint or '')",
        "_PATTERN.sub('', found.message)",
        "x = d.hint == EMPTY",
        "if 'field' in str(error): pass",
    ],
)
def test_a_decision_by_words_is_found(line: str) -> None:
    assert list(decisions(list(ast.walk(ast.parse(f"try:\n    pass\nexcept E as error:\n    {line}")))))
