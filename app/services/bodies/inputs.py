"""What bodies are given: kept as content under the key of the task that it is for."""

from collections.abc import Mapping
from typing import Any

from app.dsl.run.json_text import NotAValue, from_json
from events import strict_json
from events.task import BodyWork

from ...ports.blobs import Blobs

JSON = "application/json"


async def body_work(blobs: Blobs, task_id: str, inputs: Mapping[str, Any]) -> BodyWork:
    """An agent's body with these inputs, parsed JSON by name, which are stored first.

    Raises:
        NotStrict: they are nothing that JSON or a body can hold.
        Unavailable: the content store does not answer.
    """
    if not inputs:
        return BodyWork()
    try:
        from_json(dict(inputs))
    except NotAValue as error:
        raise strict_json.NotStrict(str(error)) from None
    content = strict_json.dumps(dict(inputs))
    return BodyWork(inputs=await blobs.put(content, scope=f"task/{task_id}", media_type=JSON))
