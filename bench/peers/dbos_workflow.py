"""How many one-step workflows a second DBOS Transact runs on the database whose URL is the argument.

Each line on standard input asks for one round; its answer is one line of JSON.
"""

# dbos is installed where this runs, in .peers, and not where the types are checked.
# mypy: disable-error-code="import-not-found,untyped-decorator,no-any-return"

import asyncio
import json
import sys
import time

from dbos import DBOS, DBOSConfig

WARM_UP = 20
ONE_BY_ONE = 150
AT_ONCE = 20
EACH_AT_ONCE = 15


@DBOS.step()
async def step(n: int) -> int:
    return n


@DBOS.workflow()
async def workflow(n: int) -> int:
    return await step(n)


async def one_by_one() -> float:
    began = time.perf_counter()
    for n in range(ONE_BY_ONE):
        await workflow(n)
    return ONE_BY_ONE / (time.perf_counter() - began)


async def at_once() -> float:
    """A fixed number of callers, each of which starts a workflow when its last one has ended."""

    async def caller() -> None:
        for n in range(EACH_AT_ONCE):
            await workflow(n)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return AT_ONCE * EACH_AT_ONCE / (time.perf_counter() - began)


async def main() -> None:
    for n in range(WARM_UP):
        await workflow(n)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"one_by_one": await one_by_one(), "at_once": await at_once()}), flush=True)


config: DBOSConfig = {"name": "bench", "system_database_url": sys.argv[1], "log_level": "WARNING"}
DBOS(config=config)
DBOS.launch()
asyncio.run(main())
DBOS.destroy()
