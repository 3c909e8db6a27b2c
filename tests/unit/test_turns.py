"""Bodies that compute take turns, and leave the event loop to everything else."""

import asyncio
import time

import pytest

from app.services.bodies.turns import Turns


async def test_what_is_computed_comes_back() -> None:
    turns = Turns()
    assert await turns.take(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await turns.take(lambda: 1 // 0)
    assert await turns.take(lambda: "again") == "again"


async def test_however_many_compute_the_loop_goes_round() -> None:
    turns, order = Turns(budget_s=0.002), list[int]()

    def compute(number: int) -> None:
        order.append(number)
        time.sleep(0.001)

    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(turns.take(lambda number=number: compute(number)) for number in range(200)))  # type: ignore[misc]
    ticking.cancel()
    assert order == list(range(200))
    assert longest < 0.1


async def test_whoever_is_cancelled_takes_no_turn() -> None:
    turns, ran = Turns(budget_s=0.0), list[str]()
    first = asyncio.create_task(turns.take(lambda: ran.append("first")))
    second = asyncio.create_task(turns.take(lambda: ran.append("second")))
    third = asyncio.create_task(turns.take(lambda: ran.append("third")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, third)
    assert ran == ["first", "third"]
