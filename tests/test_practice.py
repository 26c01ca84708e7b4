"""The practice page: what it shows, how answers are read, checked and helped on, what a server must withstand."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from browser import Browser, browser, program
from click.testing import CliRunner
from test_page import AXE, OVERFLOWING

import backsym as bs
from backsym.cli.main import main
from backsym.core.errors import BacksymError
from backsym.core.problem import Problem
from backsym.core.resources import find_problem
from backsym.practice import server, workers
from backsym.practice.exercise import LONGEST, Exercise
from backsym.practice.server import HEADERS, LARGEST_BODY, Settings, application
from backsym.practice.workers import Answerer, Pool
from backsym.reading.files.loader import load, problem_from_mapping
from backsym.solving.solution import solve

pytestmark = pytest.mark.quick("practice")

LAYER = {"forward": ["z = w*x + b", "y = tanh(z)", "L = (y - t)**2/2"], "parts": [{"gradients": ["z", "w"]}]}


def exercise_of(name: str) -> Exercise:
    problem = load(str(find_problem(name)))
    assert isinstance(problem, Problem)
    return Exercise(solve(problem))


@pytest.fixture(scope="module")
def layer() -> Exercise:
    return Exercise(solve(problem_from_mapping(LAYER)))


# --- what a problem answers ---


def test_an_answer_is_read_back_or_doubted(layer: Exercise) -> None:
    assert 'alttext="∂ℒ/∂w = ∂ℒ/∂z x"' in layer.read("w", "dL/dz x")["mathml"]
    doubt = layer.read("w", "dL/dz *")
    assert doubt["mathml"] == ""
    assert "expected" in doubt["doubt"]
    assert layer.read("w", "  ") == {"mathml": "", "doubt": ""}
    with pytest.raises(BacksymError, match="nothing asks for the derivative by 'x'"):
        layer.read("x", "1")


def test_an_answer_is_checked_among_the_others(layer: Exercise) -> None:
    wrong = layer.check({"z": "(t - y)*(1 - y**2)"}, "z")
    assert (wrong["verdict"], wrong["done"]) == ("incorrect", False)
    assert "sign" in wrong["feedback"]
    assert "(y - t)" not in wrong["feedback"]
    right = layer.check({"z": "(y - t)*(1 - y^2)", "w": ""}, "z")
    assert (right["verdict"], right["done"]) == ("correct", True)
    assert layer.check({}, "w")["verdict"] == "invalid"
    followed = layer.check({"z": "(t - y)*(1 - y**2)", "w": "(t - y)*(1 - y**2)*x"}, "w")
    assert (followed["verdict"], followed["done"]) == ("follow_through", False)


def test_the_first_wrong_line_is_told(layer: Exercise) -> None:
    found = layer.check({"z": "dL/dz = dL/dy * dy/dz\n= (y - t)*(1 + y**2)\n= (y - t) + (y - t)*y**2"}, "z")
    assert found["verdict"] == "incorrect"
    assert "Line 2 does not follow" in found["feedback"]


def test_hints_lead_from_the_idea_to_the_result(layer: Exercise) -> None:
    found = [layer.hint("w", n) for n in range(1, 10)]
    assert "reaches the loss only through" in found[0]["html"]
    assert "formula" not in found[0]["html"]
    assert "∂ℒ/∂w = ∂ℒ/∂z ⋅ ∂z/∂w" in found[1]["html"]
    assert [hint["last"] for hint in found[:6]] == [False, False, False, False, True, True]
    assert "∂ℒ/∂z x" in found[4]["html"]
    assert found[4] == found[8]
    assert layer.hint("w", -5) == found[0]


def test_the_next_step_goes_on_from_what_is_there(layer: Exercise) -> None:
    assert layer.onward("z", "")["html"] == layer.hint("z", 1)["html"]
    assert layer.onward("z", "dL/dy * dy/dz")["html"] == layer.hint("z", 3)["html"]
    assert layer.onward("z", "dL/dy * (1 - y^2)") == {"html": "<p>Correct.</p>", "done": True}
    assert "Line 2" in layer.onward("z", "dL/dz = dL/dy * dy/dz\n= dL/dy * (1 + y^2)")["html"]
    with pytest.raises(BacksymError, match="nothing asks for the derivative by 'x'"):
        layer.onward("x", "")


def test_a_session_in_a_notebook_keeps_what_was_answered() -> None:
    problem = bs.Problem(**LAYER)  # type: ignore[arg-type]
    session = problem.practice()
    assert session.targets == ("z", "w")
    assert session.check("w", "dL/dz").verdict == "incorrect"
    assert "=" not in session.check("w", "dL/dz").feedback
    assert session.hint("w") == problem.solve()["w"].hint(1)
    assert session.hint("w") == problem.solve()["w"].hint(2)
    assert session.hint("z") == problem.solve()["z"].hint(1)
    assert session.next_step("w").number == 0
    assert session.next_step("w", "dL/dz * dz/dw").number == 3
    assert session.check("z", "(t - y)*(1 - y**2)").verdict == "incorrect"
    assert session.check("w", "(t - y)*(1 - y**2)*x").verdict == "follow_through"
    assert session.check("z", "(y - t)*(1 - y**2)").verdict == "correct"
    assert repr(session) == "<Practice 1 of 2 right>"
    assert "<math" in session._repr_html_()
    assert r"\nabla" in session._repr_markdown_() or r"\partial" in session._repr_markdown_()
    assert session.check("z", "0").verdict == "incorrect"
    assert repr(session) == "<Practice 0 of 2 right>"
    with pytest.raises(BacksymError, match="nothing asks for the derivative by 'x'"):
        session.check("x", "1")


def test_results_give_hints_too() -> None:
    result = solve(problem_from_mapping(LAYER))["w"]
    assert result.hint(1) == "By the chain rule, since $w$ reaches the loss only through $z$."
    assert r"\frac{\partial \mathcal{L}}{\partial z} x" in result.hint(99)


def test_a_problem_without_parts_asks_for_every_derivative() -> None:
    exercise = Exercise(solve(problem_from_mapping({"forward": LAYER["forward"]})))
    assert exercise.targets == {"y", "z", "w", "x", "b", "t"}


def test_nothing_to_mark_is_refused() -> None:
    with pytest.raises(BacksymError, match="nothing to practise"):
        Exercise(solve(problem_from_mapping({"forward": LAYER["forward"], "parts": [{"graph": "scalar"}]})))


def test_what_quotes_hostile_signs_is_shown_as_it_stands(layer: Exercise) -> None:
    for answer in (
        r"$\write18{ls}",
        "<script>alert(1)</script>",
        "`*$*`",
        "\\",
        "$$",
        "w_{\x00}",
        "{" * 5000,
        "9**9**9**9",
    ):
        for found in (layer.read("w", answer)["doubt"], layer.check({"w": answer}, "w")["feedback"]):
            assert "<script" not in found


# --- the server ---


@pytest.fixture(scope="module")
def paths() -> list[str]:
    return [str(find_problem("scalar-tanh")), str(find_problem("mlp-entries"))]


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Speaks to a server that runs in a thread of this process."""

    app: Any
    port: int

    def ask(self, method: str, path: str, content: str | None = None, kind: str = "application/json") -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            headers = {} if content is None else {"content-type": kind}
            connection.request(method, path, None if content is None else content.encode(), headers)
            answer = connection.getresponse()
            return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())

    def get(self, path: str) -> Response:
        return self.ask("GET", path)

    def post(self, path: str, value: Any) -> Response:
        return self.ask("POST", path, json.dumps(value))


@contextlib.contextmanager
def serving(paths: list[str], settings: Settings) -> Iterator[Client]:
    app = application(paths, settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.05)
        yield Client(app, listening.getsockname()[1])
        running.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def client(paths: list[str]) -> Iterator[Client]:
    with serving(paths, Settings(workers=1, burst=10_000, rate=10_000)) as client:
        yield client


def test_pages_have_no_solution_and_need_nothing_from_elsewhere(client: Client) -> None:
    index = client.get("/")
    assert index.status == 200
    assert '<a href="2">' in index.text
    page = client.get("/2").text
    assert "∇_{z⁽²⁾} ℒ (a⁽¹⁾)ᵀ" not in page
    assert "∇_{z⁽²⁾} ℒ (a⁽¹⁾)ᵀ" in client.post("/2/hint", {"target": "W2", "number": 99}).text
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "<script>" not in page
    assert "onclick" not in page
    assert client.get("/3").status == client.get("/nothing").status == 404


def test_every_answer_has_the_headers(client: Client) -> None:
    for response in (client.get("/"), client.get("/nothing"), client.get("/practice.js"), client.post("/1/read", {})):
        for name, value in HEADERS.items():
            assert response.headers[name.lower()] == value
    assert "script-src 'self'" in HEADERS["Content-Security-Policy"]


def test_health_tells_that_processes_live(client: Client) -> None:
    assert client.get("/health").json() == {"status": "ok", "problems": 2, "workers": 1}


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/1/read", json.dumps({"target": "w", "answer": "x" * LARGEST_BODY}), 413),
        ("/1/read", "{", 400),
        ("/1/read", "[" * 50_000, 400),
        ("/1/read", "[]", 400),
        ("/1/read", '{"target": "w"}', 400),
        ("/1/read", '{"target": "nothing", "answer": "1"}', 422),
        ("/1/check", '{"target": "w", "answers": {"w": 1}}', 400),
        ("/1/check", '{"target": "w", "answers": ["w"]}', 400),
        ("/1/hint", '{"target": "w", "number": true}', 400),
        ("/1/onward", '{"target": "w"}', 400),
        ("/9/read", '{"target": "w", "answer": "1"}', 404),
    ],
)
def test_what_cannot_be_taken_is_refused(client: Client, path: str, content: str, status: int) -> None:
    response = client.ask("POST", path, content)
    assert response.status == status
    assert response.json()["error"]


def test_what_a_form_on_another_page_could_send_is_refused(client: Client) -> None:
    assert client.ask("POST", "/1/read", '{"target": "w", "answer": "1"}', "text/plain").status == 415


def test_the_longest_answer_is_taken(client: Client) -> None:
    response = client.post("/1/check", {"target": "w", "answers": {"w": "x+" * (LONGEST // 2)}})
    assert response.json()["verdict"] == "invalid"


def test_a_process_that_was_killed_is_replaced(client: Client) -> None:
    (pool,) = client.app.state.pools
    pid = pool.workers[0].process.pid
    os.kill(pid, signal.SIGKILL)
    assert client.post("/1/read", {"target": "w", "answer": "dL/dz x"}).status == 200
    assert pool.workers[0].process.pid != pid


def test_what_takes_too_long_is_ended_and_costs_nobody_else(paths: list[str]) -> None:
    with serving(paths[:1], Settings(workers=1, seconds=0.0)) as client:
        response = client.post("/1/check", {"target": "w", "answers": {"w": "x"}})
        assert response.status == 504
        assert client.get("/health").json()["workers"] == 1


def late() -> Answerer:
    """What a process answers that needs a while until it can."""
    time.sleep(0.5)
    return lambda name, arguments: name


def test_the_time_of_an_answer_begins_when_the_process_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> Any:
        pool = Pool(late, 1, 0.3, 4)
        try:
            return await pool.ask("read")
        finally:
            pool.end()

    assert asyncio.run(asked()) == "read"
    monkeypatch.setattr(workers, "STARTING", 0.1)
    with pytest.raises(workers.TooSlow):
        asyncio.run(asked())


def test_too_much_at_once_is_refused(paths: list[str]) -> None:
    with serving(paths[:1], Settings(workers=1, rate=0.001, burst=3)) as client:
        assert [client.get("/health").status for _ in range(4)] == [200, 200, 200, 429]
    with serving(paths[:1], Settings(workers=1, waiting=0)) as client:
        assert client.post("/1/hint", {"target": "w", "number": 1}).status == 503


def test_a_slow_client_is_ended_and_holds_nobody_up(paths: list[str]) -> None:
    """Some send the head of a request and half its body, and then nothing."""
    with serving(paths[:1], Settings(workers=1, sending=1.0)) as client, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", client.port), 30)) for _ in range(50)]
        for connection in slow:
            head = "POST /1/read HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n"
            connection.sendall(head.encode() + b'{"target": "w"')
        assert client.post("/1/read", {"target": "w", "answer": "x"}).status == 200
        assert all(b" 408 " in connection.recv(100) for connection in slow)


def test_a_class_behind_one_address_is_answered() -> None:
    """200 students who have an answer read every two seconds and checked every twenty, all at once in the beginning."""
    rates = server.Rates(server.RATE, server.BURST)
    assert all(rates.allows("school") for _ in range(400))
    assert server.RATE > 200 * (1 / 2 + 1 / 20)
    assert not all(rates.allows("flood") for _ in range(5000))


def test_rates_are_kept_of_so_many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ADDRESSES", 2)
    rates = server.Rates(0.0, 1.0)
    assert [rates.allows(address) for address in ("a", "b", "c", "c", "a")] == [True, True, True, False, True]


def test_the_command_names_what_is_missing_or_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(main, ["practice", "nothing-of-this-name"])
    assert result.exit_code == 2
    assert "nothing-of-this-name" in result.stderr
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    result = CliRunner().invoke(main, ["practice", "scalar-tanh"])
    assert result.exit_code == 2
    assert 'pip install "backsym[practice]"' in result.stderr


# --- in a browser ---


@pytest.fixture(scope="module")
def address(client: Client) -> str:
    return f"http://127.0.0.1:{client.port}"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if program() is None:
        assert not os.environ.get("CI"), "the Debian package chromium is missing"
        pytest.skip("no Chromium is installed")
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


def until(chromium: Browser, condition: str) -> None:
    for _ in range(400):
        if chromium.evaluate(condition):
            return
        time.sleep(0.05)
    raise AssertionError(
        f"never true: {condition}; {chromium.evaluate('document.activeElement.outerHTML.slice(0, 200)')}"
    )


def write(chromium: Browser, text: str) -> None:
    chromium.call("Input.insertText", text=text)


def test_a_student_solves_a_problem_by_keyboard(chromium: Browser, address: str) -> None:
    chromium.open(f"{address}/1", 360, dark=True)
    first = "document.querySelector('form.answer')"
    chromium.evaluate(f"{first}.querySelector('textarea').focus()")
    target = chromium.evaluate(f"{first}.dataset.target")
    wrong, right = {"y": ("t - y", "y - t")}.get(target, ("0", "(y - t)*(1 - tanh(z)**2)"))
    write(chromium, wrong)
    until(chromium, f"{first}.querySelector('.read math') !== null")
    chromium.press("Tab", 9)  # what was read can be scrolled
    chromium.press("Tab", 9)
    chromium.press("Enter", 13, "\r")
    until(chromium, f"{first}.querySelector('.verdict').textContent.length > 5")
    assert chromium.evaluate(f"{first}.querySelector('.verdict').className") == "verdict wrong"
    chromium.press("Tab", 9)
    for count in (1, 2):
        until(chromium, f"!{first}.querySelector('.more').disabled")
        chromium.evaluate(f"{first}.querySelector('.more').focus()")
        chromium.press("Enter", 13, "\r")
        until(chromium, f"{first}.querySelectorAll('.hints li').length === {count}")
    chromium.evaluate(f"{first}.querySelector('.next').focus()")
    chromium.press("Enter", 13, "\r")
    until(chromium, f"{first}.querySelector('.onward').textContent.length > 5")
    chromium.evaluate(f"{first}.querySelector('textarea').focus()")
    chromium.evaluate(f"{first}.querySelector('textarea').select()")
    write(chromium, right)
    until(chromium, f"{first}.querySelector('.onward').textContent === ''")
    for kind in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=kind, key="Enter", windowsVirtualKeyCode=13, modifiers=2)
    until(chromium, f"{first}.classList.contains('done')")
    assert chromium.evaluate("document.querySelector('.progress').textContent").startswith("1 / ")
    chromium.open(f"{address}/1", 360)  # progress stays in the browser
    until(chromium, f"{first}.classList.contains('done')")
    assert chromium.evaluate(f"{first}.querySelector('textarea').value") == right


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_phone_and_axe_finds_nothing(chromium: Browser, address: str, dark: bool) -> None:
    chromium.open(f"{address}/2", 360, dark=dark)
    assert chromium.evaluate("document.documentElement.scrollWidth <= 360")
    assert (
        chromium.evaluate(
            OVERFLOWING.replace(
                ".closest('math, svg, .scroll, figure')", ".closest('math, svg, .scroll, figure, .read')"
            )
        )
        == []
    )
    chromium.evaluate((package_files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert chromium.evaluate(AXE) == []
