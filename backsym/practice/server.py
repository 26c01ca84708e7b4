"""The server of the practice page, for one's own machine or for a course.

It keeps nothing: progress stays in the browser, an answer is in no log, and a solution leaves the server only when a
hint asks for it.  Answers are looked at in processes of their own.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from backsym.core.bundled import resource
from backsym.core.errors import BacksymError
from backsym.core.words import say
from backsym.practice.exercise import Exercise
from backsym.practice.pages import exercise_page, index_page
from backsym.practice.workers import Answerer, Busy, Pool, TooSlow

LARGEST_BODY = 64 * 1024
"""Bytes of a request."""

SECONDS = 5.0
"""For the answer to one request, in its process."""

SENDING = 10.0
"""Seconds in which a request must have arrived."""

WAITING = 400
"""Requests that may wait for a process."""

RATE, BURST = 200.0, 600.0
"""Requests a second of one address, and at once: a whole class may sit behind one."""

ASKED = ("read", "check", "hint", "onward")

ADDRESSES = 10_000
"""Addresses whose rate is remembered."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self'"
        " data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Settings:
    """How many processes, how long each request may take and may need to arrive, what one address may ask for."""

    workers: int = 2
    seconds: float = SECONDS
    waiting: int = WAITING
    rate: float = RATE
    burst: float = BURST
    sending: float = SENDING


def exercises_of(paths: Sequence[str]) -> list[Exercise]:
    """The exercises of problem files; raises BacksymError for what cannot be read, solved or practised."""
    from backsym.core.problem import Collection
    from backsym.reading.files.loader import load
    from backsym.solving.solution import solve

    found: list[Exercise] = []
    for path in paths:
        loaded = load(path)
        several = isinstance(loaded, Collection)
        problems = [p for s in loaded.sections for p in s.problems] if isinstance(loaded, Collection) else [loaded]
        for problem in problems:
            try:
                found.append(Exercise(solve(problem)))
            except BacksymError:
                if not several:  # Of a collection, some problems may ask for no derivative.
                    raise
    if not found:
        raise BacksymError(say("practice.no_problem"))
    return found


def answerer(paths: Sequence[str]) -> Answerer:
    """What a process answers: each of ``ASKED``, of the exercise of a number."""
    exercises = exercises_of(paths)

    def answer(name: str, arguments: tuple[Any, ...]) -> Any:
        number, *rest = arguments
        exercise = exercises[number]
        asked: dict[str, Callable[..., Any]] = {
            "read": exercise.read, "check": exercise.check, "hint": exercise.hint, "onward": exercise.onward,
        }  # fmt: skip
        return asked[name](*rest)

    return answer


class Rates:
    """Leaky buckets by address."""

    def __init__(self, rate: float, burst: float):
        self.rate, self.burst = rate, burst
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        now = monotonic()
        left, then = self.left.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - then) * self.rate)
        self.left[address] = (max(left - 1, 0.0), now)
        if len(self.left) > ADDRESSES:
            self.left.popitem(last=False)
        return left >= 1


class _Site:
    """What the handlers share: the exercises, the workers that answer, and how much each address has asked."""

    def __init__(self, paths: Sequence[str], settings: Settings):
        self.paths = tuple(paths)
        self.settings = settings
        self.exercises = exercises_of(paths)
        self.rates = Rates(settings.rate, settings.burst)
        self.pools: list[Pool] = []

    @asynccontextmanager
    async def running(self, app: Starlette) -> AsyncIterator[None]:
        settings = self.settings
        pool = Pool(partial(answerer, self.paths), settings.workers, settings.seconds, settings.waiting)
        self.pools.append(pool)
        app.state.pools = self.pools
        try:
            yield
        finally:
            pool.end()
            self.pools.clear()

    def numbered(self, request: Request) -> int:
        number = int(request.path_params["number"])
        if not 1 <= number <= len(self.exercises):
            raise HTTPException(404, "there is no such problem")
        return number - 1

    async def index(self, request: Request) -> Response:
        if len(self.exercises) == 1:
            return HTMLResponse(exercise_page(self.exercises[0], 1, 1))
        return HTMLResponse(index_page(self.exercises))

    async def page(self, request: Request) -> Response:
        number = self.numbered(request)
        return HTMLResponse(exercise_page(self.exercises[number], number + 1, len(self.exercises)))

    async def static(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        kind = {"practice.css": "text/css", "practice.js": "text/javascript"}[name]
        return Response(resource("templates", "practice", name).read_bytes(), media_type=kind)

    async def health(self, request: Request) -> Response:
        alive = sum(worker.process.is_alive() for worker in self.pools[0].workers)
        return JSONResponse({"status": "ok", "problems": len(self.exercises), "workers": alive})

    async def api(self, request: Request, *, name: str) -> Response:
        number = self.numbered(request)
        try:
            data = await asyncio.wait_for(_body(request), self.settings.sending)
        except asyncio.TimeoutError:
            raise HTTPException(408, "the request took too long to arrive") from None
        target = _text(data, "target")
        if name in ("read", "onward"):
            value = await self.pools[0].ask(name, number, target, _text(data, "answer"))
        elif name == "hint":
            step = data.get("number")
            if not isinstance(step, int) or isinstance(step, bool):
                raise HTTPException(400, "number is a whole number")
            value = await self.pools[0].ask("hint", number, target, step)
        else:
            answers = data.get("answers")
            if not isinstance(answers, dict) or not all(isinstance(text, str) for text in answers.values()):
                raise HTTPException(400, "answers is an object of texts")
            value = await self.pools[0].ask("check", number, answers, target)
        return JSONResponse(value)

    async def guarded(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        address = request.client.host if request.client is not None else ""
        if not self.rates.allows(address):
            response: Response = PlainTextResponse("too many requests", 429, {"Retry-After": "1"})
        else:
            response = await call_next(request)
        response.headers.update(HEADERS)
        return response


def application(paths: Sequence[str], settings: Settings | None = None) -> Starlette:
    """The application for some problem files; raises BacksymError for what cannot be practised."""
    site = _Site(paths, settings or Settings())
    app = Starlette(
        routes=[
            Route("/", site.index), Route("/{number:int}", site.page), Route("/practice.css", site.static),
            Route("/practice.js", site.static), Route("/health", site.health),
            *(Route(f"/{{number:int}}/{name}", partial(site.api, name=name), methods=["POST"]) for name in ASKED),
        ],
        exception_handlers={
            HTTPException: _refused, TooSlow: _failure(504), Busy: _failure(503), BacksymError: _failure(422),
        },
        lifespan=site.running,
    )  # fmt: skip
    app.add_middleware(BaseHTTPMiddleware, dispatch=site.guarded)
    return app


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; of one that is too large, no more is read than is allowed."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "JSON is expected")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise HTTPException(413, f"at most {LARGEST_BODY} bytes can be sent")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise HTTPException(400, "this is no JSON") from None
    if not isinstance(value, dict):
        raise HTTPException(400, "an object is expected")
    return value


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise HTTPException(400, f"{key} is a text")
    return value


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def _failure(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status)

    return handler
