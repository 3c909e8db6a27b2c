"""What a body is given: from options to one JSON object, by the types that its agent declares."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services.bodies.inputs import body_work as with_inputs
from app.services.preparing import MAX_INPUTS
from events import strict_json
from events.task import BodyWork
from projections import lifecycle

from ..errors import Invalid
from .requests import pairs, read_file

if TYPE_CHECKING:
    from app.bootstrap import Client

TEXT = "String"


class NotJson(Invalid):
    """{path} is not JSON that the runtime takes: {why}"""


async def body_work(client: "Client", task_id: str, agent_id: str, given: Sequence[str]) -> BodyWork:
    """The body of an agent with the inputs that options name."""
    types = await _types(client, agent_id) if given else {}
    inputs = {name: value_of(text, types.get(name)) for name, text in pairs(given, "NAME=VALUE").items()}
    return await with_inputs(client.blobs, task_id, inputs)


def value_of(text: str, kind: str | None) -> Any:
    """What `--input name=TEXT` means for an input of that type: text as it is, else JSON where it is any.

    `@file` stands for what is in the file.

    Raises:
        NotJson: a file whose name ends in `.json` is none.
        Invalid: the file cannot be read.
    """
    if text.startswith("@"):
        path = Path(text[1:])
        content = read_file(path)
        if path.suffix.lower() == ".json":
            try:
                return strict_json.loads(content, max_bytes=MAX_INPUTS)
            except strict_json.NotStrict as error:
                raise NotJson(path=path, why=error) from None
        text = content.decode("utf-8", "replace")
    if kind == TEXT:
        return text
    try:
        return strict_json.loads(text.encode("utf-8", "surrogatepass"), max_bytes=MAX_INPUTS)
    except strict_json.NotStrict:
        return text


async def _types(client: "Client", agent_id: str) -> Mapping[str, str]:
    """The types of the agent's inputs by their names, as its definition writes them."""
    async with client.queries.connect() as connection:
        row = await lifecycle.agent(connection, agent_id)
    config = row.config if row is not None else None
    return {each["name"]: each["type"] for each in (config or {}).get("inputs", [])}
