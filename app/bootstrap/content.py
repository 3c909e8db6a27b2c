"""Where content lies: files beside the embedded servers, the object store of a NATS server of one's own."""

from nats.aio.client import Client

from events.personal import DataKeys

from ..adapters.blobs.files import FileBlobs
from ..adapters.blobs.nats_objects import NatsBlobs
from ..config import Settings
from ..embedded.data_dir import DataDir
from ..ports.blobs import Blobs


def blobs_of(settings: Settings, data: DataDir, nc: Client, keys: DataKeys) -> Blobs:
    """The blob store of this runtime; *nc* must be logged in as somebody who may use it."""
    return NatsBlobs(nc, keys) if settings.nats.url else FileBlobs(data.blobs, keys)
