"""A run that waits for an answer: how much memory it keeps."""

import gc
import tracemalloc

from app.dsl.run import Called, Run, compile_program
from app.dsl.source import Source
from app.dsl.syntax import parse

from ..harness import Row, row

RUNS = 10_000
FLOOR = 100
"""KB of an idle agent, of which this is a part."""

TEXT = """
function asked(row: any) -> String { return model.ask("summarise", row); }
agent waiting(rows: List<any>) {
    with timeout = 1h {
        let seen = [];
        for row in rows { try { seen.push(asked(row)); } catch (e) { log(e.message); } }
        return seen.join("\\n");
    }
}
"""
INPUTS = {"rows": [{"id": place, "text": "x" * 50} for place in range(10)]}


def measure() -> list[Row]:
    """Ten rows of input, two functions deep, inside a loop and a `try`."""
    compiled = compile_program(parse(Source("waiting.symbi", TEXT)).program, "waiting")

    def waiting() -> Run:
        run = Run(compiled, INPUTS)
        assert isinstance(run.go(), Called)
        return run

    waiting()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    runs = [waiting() for _ in range(RUNS)]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kilobytes = (after - before) / len(runs) / 1000
    return [row("memory of a body that waits for an answer", kilobytes, "KB", better="lower", floor=FLOOR)]
