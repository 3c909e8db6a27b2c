"""What can go wrong with a blob store, beyond what the port names."""

from ...errors import Unavailable


class BlobStoreUnavailable(Unavailable):
    """The blob store {store} cannot be used: {reason}."""


class BucketMissing(Unavailable):
    """The NATS server has no object store {bucket}. Start the runtime with `symbi up`, which makes it."""
