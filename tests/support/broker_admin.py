"""Somebody who may do anything to the streams, as the administrator of a NATS server may."""

import json
from typing import Any

from nats.aio.client import Client

from app.adapters.jetstream.connection import connect
from app.adapters.nats_permissions import EVENTS
from app.embedded.data_dir import DataDir
from app.embedded.nats_logins import NatsLogin, login

NAME = "server-admin"


def with_server_admin(users: str, data: DataDir) -> str:
    """The accounts block *users* with one more login, without limits, in the account of the streams."""
    before, users_of_log, after = users.partition("users: [\n")
    assert users_of_log, "the account LOG comes first"
    return f"{before}{users_of_log}{{ nkey: {server_admin(data).public_nkey} }}\n{after}"


def server_admin(data: DataDir) -> NatsLogin:
    """The login; its seed lies in *data*."""
    return login(data, NAME)


class BrokerAdmin:
    """The administrator, connected."""

    def __init__(self, nc: Client, stream: str = EVENTS) -> None:
        self.nc = nc
        self.stream = stream

    @classmethod
    async def connect(cls, url: str, data: DataDir) -> "BrokerAdmin":
        return cls(await connect(url, name=NAME, seed=server_admin(data).seed))

    async def ask(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to one call: `STREAM.PURGE`."""
        answer = await self.nc.request(f"$JS.API.{verb}.{self.stream}", json.dumps(body or {}).encode())
        found: dict[str, Any] = json.loads(answer.data)
        return found

    async def config(self) -> dict[str, Any]:
        config: dict[str, Any] = (await self.ask("STREAM.INFO"))["config"]
        return config

    async def update(self, **changes: Any) -> dict[str, Any]:
        """Set up the stream otherwise."""
        return await self.ask("STREAM.UPDATE", {**await self.config(), **changes})
