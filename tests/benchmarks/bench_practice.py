"""The practice page under load: students who type and check, on the loopback, against a server in processes of its own.

    python tests/benchmarks/bench_practice.py [--students 200] [--seconds 60] [--workers 2]

Every student has an answer read back every 2 seconds and checked every 20.  Printed are how many requests were made and
lost, the times within which 50, 95 and 99 of 100 were answered, and the memory of the server's processes at the start
and at the end.  The memory is that of Linux's /proc; elsewhere it is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

ANSWERS = [
    "dL/dz2 a1^T",
    "dz2 @ a1.T",
    "(a2 - t) a1^T",
    r"\frac{\partial L}{\partial z_2} a_1^\top",
    "a1 dL/dz2^T",
    "dL/da2 *",
]


async def asked(port: int, path: str, value: object) -> tuple[float, int]:
    """Seconds and status of one request; status 0 for one that was lost."""
    data = json.dumps(value).encode()
    start = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
            + data
        )
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return time.perf_counter() - start, int(answer.split(b" ", 2)[1])
    except (OSError, IndexError, ValueError, asyncio.TimeoutError):
        return time.perf_counter() - start, 0


async def student(port: int, seconds: float, dice: random.Random, found: dict[str, list[tuple[float, int]]]) -> None:
    await asyncio.sleep(dice.uniform(0, 2))
    end = time.perf_counter() + seconds
    turn = dice.randrange(10)
    while time.perf_counter() < end:
        begun = time.perf_counter()
        text = f"{dice.choice(ANSWERS)} + {dice.randrange(1000)} W2"
        found["read"].append(await asked(port, "/1/read", {"target": "W2", "answer": text}))
        if turn % 10 == 0:
            found["check"].append(await asked(port, "/1/check", {"target": "W2", "answers": {"W2": text}}))
        turn += 1
        await asyncio.sleep(max(0.0, begun + 2 - time.perf_counter()))


def memory(pid: int) -> float:
    """Megabytes of a process and its children."""
    pids, total = [pid], 0.0
    while pids:
        one = pids.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            total += int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
        except (OSError, StopIteration):
            continue
    return total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "backsym", "practice", "mlp-entries", "--port", str(port), "--workers", str(options.workers)]
    server = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        asyncio.run(load(port, options, server.pid))
    finally:
        server.terminate()
        server.wait()


async def load(port: int, options: argparse.Namespace, pid: int) -> None:
    await asked(port, "/1/read", {"target": "W2", "answer": "0"})  # Processes have started.
    found: dict[str, list[tuple[float, int]]] = {"read": [], "check": []}
    before = memory(pid)
    students = [student(port, options.seconds, random.Random(n), found) for n in range(options.students)]
    await asyncio.gather(*students)
    print(f"{options.students} students, {options.seconds:g} s, {options.workers} processes")
    for name, requests in found.items():
        lost = sum(status != 200 for _, status in requests)
        times = sorted(seconds for seconds, _ in requests)
        shown = ", ".join(
            f"p{q} {times[min(len(times) - 1, len(times) * q // 100)] * 1000:.0f} ms" for q in (50, 95, 99)
        )
        print(f"{name:>6}: {len(requests)} requests, {lost} lost, {shown}")
    print(f"memory: {before:.0f} MB before, {memory(pid):.0f} MB after")


if __name__ == "__main__":
    main()
