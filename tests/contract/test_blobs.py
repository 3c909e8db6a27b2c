"""What every blob store promises: files, the JetStream object store, memory."""

import asyncio
import itertools
import re
import secrets
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from app.adapters.blobs.errors import BlobStoreUnavailable, BucketMissing
from app.adapters.blobs.files import FileBlobs
from app.adapters.blobs.memory import MemoryBlobs
from app.adapters.blobs.nats_objects import NatsBlobs
from app.adapters.data_keys import MemoryDataKeys
from app.adapters.nats_permissions import ROLES, NatsUser, Role, render_users
from app.embedded.nats_logins import NatsLogin, new_seed
from app.embedded.processes import programs
from app.ports.blobs import BlobCorrupt, BlobErased, BlobMissing, Blobs
from events.content import ContentRef

PLAIN = "text/plain"
Edit = Callable[[bytes], bytes | None]


@dataclass
class Store:
    """A blob store, and ways to reach behind it."""

    blobs: Blobs
    again: Blobs
    """The same store, opened a second time."""
    keys: MemoryDataKeys
    tamper: Callable[[ContentRef, Edit], Awaitable[None]]
    """Change the bytes that are stored, or remove them when the edit gives None."""
    copies: Callable[[ContentRef], Awaitable[int]]
    """How often the bytes are stored."""


@pytest.fixture(scope="module")
def nats_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("nats")) as address:
        yield address


@contextmanager
def serving(folder: Path, users: str = "") -> Iterator[str]:
    """A NATS server with JetStream for *users*, or for everybody; its address."""
    folder.joinpath("nats.conf").write_text(users)
    at = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", str(folder), "-c", str(folder / "nats.conf")]
    with subprocess.Popen([str(programs.nats_server()), *at], stderr=subprocess.PIPE, text=True) as server:
        try:
            yield _address(server)
        finally:
            server.terminate()


def _address(server: "subprocess.Popen[str]") -> str:
    """Where it listens, from its own log; the log ends when the server does."""
    assert server.stderr is not None
    seen, address = [], ""
    for line in server.stderr:
        seen.append(line)
        if found := re.search(r"Listening for client connections on (\S+)", line):
            address = f"nats://{found[1]}"
        if "Server is ready" in line:
            return address
    raise AssertionError(f"nats-server did not start:\n{''.join(seen)}")


@pytest.fixture
async def client(nats_address: str) -> AsyncIterator[Client]:
    connection = await nats.connect(nats_address)
    try:
        yield connection
    finally:
        await connection.close()


def in_memory() -> Store:
    keys = MemoryDataKeys()
    blobs = MemoryBlobs(keys)

    async def tamper(ref: ContentRef, edit: Edit) -> None:
        stored = edit(blobs._stored.pop(ref.digest))
        if stored is not None:
            blobs._stored[ref.digest] = stored

    async def copies(ref: ContentRef) -> int:
        return list(blobs._stored).count(ref.digest)

    return Store(blobs, blobs, keys, tamper, copies)


def in_files(directory: Path) -> Store:
    keys = MemoryDataKeys()

    def path(ref: ContentRef) -> Path:
        name = ref.digest.removeprefix("sha256:")
        return directory / name[:2] / name[2:4] / name

    async def tamper(ref: ContentRef, edit: Edit) -> None:
        stored = edit(path(ref).read_bytes())
        path(ref).unlink()
        if stored is not None:
            path(ref).write_bytes(stored)

    async def copies(ref: ContentRef) -> int:
        return len([found for found in path(ref).parent.iterdir() if found.is_file()])

    return Store(FileBlobs(directory, keys), FileBlobs(directory, keys), keys, tamper, copies)


async def in_objects(client: Client) -> Store:
    keys = MemoryDataKeys()
    bucket = f"test-{secrets.token_hex(4)}"
    blobs = NatsBlobs(client, keys, bucket=bucket)
    await blobs.make_bucket()
    await blobs.make_bucket()
    jetstream = client.jetstream()

    async def tamper(ref: ContentRef, edit: Edit) -> None:
        objects = await jetstream.object_store(bucket)
        name = ref.digest.removeprefix("sha256:")
        stored = edit((await objects.get(name)).data or b"")
        await objects.delete(name)
        if stored is not None:
            await objects.put(name, stored)

    async def copies(ref: ContentRef) -> int:
        state = (await jetstream.stream_info(f"OBJ_{bucket}", subjects_filter="$O.*.M.>")).state
        return sum((state.subjects or {}).values())

    return Store(blobs, NatsBlobs(client, keys, bucket=bucket), keys, tamper, copies)


@pytest.fixture(params=["memory", "files", "objects"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            yield in_memory()
        case "files":
            yield in_files(tmp_path / "blobs")
        case _:
            connection = await nats.connect(request.getfixturevalue("nats_address"))
            try:
                yield await in_objects(connection)
            finally:
                await connection.close()


@pytest.mark.parametrize("content", [b"", b"x", "grüezi\n".encode() * 100, bytes(200_000)])
async def test_content_comes_back(store: Store, content: bytes) -> None:
    ref = await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    assert (ref.size, ref.media_type, ref.scope) == (len(content), PLAIN, "task/t-1")
    assert await store.blobs.get(ref) == content
    assert await store.again.get(ref) == content


async def test_ten_megabytes_come_back(store: Store) -> None:
    content = secrets.token_bytes(10 * 1024 * 1024)
    ref = await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    assert await store.blobs.get(ref) == content


async def test_storing_twice_stores_once(store: Store) -> None:
    content = secrets.token_bytes(300_000)
    first = await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    second = await store.again.put(content, scope="task/t-1", media_type=PLAIN)
    assert first == second
    assert await store.copies(first) == 1
    assert await store.blobs.get(second) == content


async def test_the_same_content_in_two_scopes_has_two_digests(store: Store) -> None:
    mine = await store.blobs.put(b"same", scope="task/t-1", media_type=PLAIN)
    yours = await store.blobs.put(b"same", scope="task/t-2", media_type=PLAIN)
    assert mine.digest != yours.digest
    with pytest.raises(BlobCorrupt, match=re.escape(mine.digest)):
        await store.blobs.get(mine.model_copy(update={"scope": "task/t-2"}))


async def test_what_was_never_stored_is_missing(store: Store) -> None:
    nowhere = ContentRef(digest="sha256:" + "ab" * 32, size=3, scope="task/t-1")
    with pytest.raises(BlobMissing, match="ab" * 32):
        await store.blobs.get(nowhere)


async def test_what_was_removed_is_missing_until_it_is_stored_again(store: Store) -> None:
    ref = await store.blobs.put(b"once", scope="task/t-1", media_type=PLAIN)
    await store.tamper(ref, lambda stored: None)
    with pytest.raises(BlobMissing):
        await store.blobs.get(ref)
    assert await store.again.put(b"once", scope="task/t-1", media_type=PLAIN) == ref
    assert await store.blobs.get(ref) == b"once"


@pytest.mark.parametrize(
    "edit",
    [
        lambda stored: stored[:-1],
        lambda stored: stored + b"\0",
        lambda stored: stored[:40] + bytes([stored[40] ^ 1]) + stored[41:],
        lambda stored: b"something else altogether",
    ],
    ids=["shortened", "lengthened", "one bit", "replaced"],
)
async def test_changed_bytes_are_noticed(store: Store, edit: Edit) -> None:
    ref = await store.blobs.put(secrets.token_bytes(200_000), scope="task/t-1", media_type=PLAIN)
    await store.tamper(ref, edit)
    with pytest.raises(BlobCorrupt, match=re.escape(ref.digest)):
        await store.blobs.get(ref)


async def test_storing_again_makes_a_damaged_copy_good(store: Store) -> None:
    content = secrets.token_bytes(200_000)
    ref = await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    await store.tamper(ref, lambda stored: stored[:-1])
    await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    assert await store.blobs.get(ref) == content


async def test_an_erased_scope_can_be_neither_read_nor_written(store: Store) -> None:
    erased = await store.blobs.put(b"private", scope="agent/a-1", media_type=PLAIN)
    kept = await store.blobs.put(b"private", scope="agent/a-2", media_type=PLAIN)
    store.keys.destroy("agent/a-1")
    with pytest.raises(BlobErased, match="agent/a-1"):
        await store.blobs.get(erased)
    with pytest.raises(BlobErased, match="agent/a-1"):
        await store.blobs.put(b"private", scope="agent/a-1", media_type=PLAIN)
    assert await store.blobs.get(kept) == b"private"


async def test_writers_of_the_same_content_at_once_store_it_once(store: Store) -> None:
    content = secrets.token_bytes(1_000_000)
    writers = [store.blobs, store.again] * 5
    refs = await asyncio.gather(
        *(blobs.put(content, scope="task/t-1", media_type=PLAIN) for blobs in writers)
    )
    assert len({ref.digest for ref in refs}) == 1
    assert await store.copies(refs[0]) == 1
    assert await store.blobs.get(refs[0]) == content


async def test_many_at_once_come_back_as_themselves(store: Store) -> None:
    contents = [secrets.token_bytes(size) for size in range(0, 5000, 100)]
    refs = await asyncio.gather(
        *(store.blobs.put(content, scope="task/t-1", media_type=PLAIN) for content in contents)
    )
    assert await asyncio.gather(*(store.again.get(ref) for ref in refs)) == contents


async def test_a_put_that_is_called_off_leaves_no_half_blob(store: Store) -> None:
    content = secrets.token_bytes(4_000_000)
    expected = await in_memory_twin(store, content)
    for delay in (0.0, 0.005, 0.02, 0.05):
        task = asyncio.ensure_future(store.blobs.put(content, scope="task/t-1", media_type=PLAIN))
        await asyncio.wait([task], timeout=delay)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        try:
            assert await store.again.get(expected) == content
        except BlobMissing:
            continue
    assert await store.again.put(content, scope="task/t-1", media_type=PLAIN) == expected
    assert await store.again.get(expected) == content


async def in_memory_twin(store: Store, content: bytes) -> ContentRef:
    """The pointer that the store will give."""
    return await MemoryBlobs(store.keys).put(content, scope="task/t-1", media_type=PLAIN)


def test_files_are_private_and_named_by_their_digest(tmp_path: Path) -> None:
    store = in_files(tmp_path)
    ref = asyncio.run(store.blobs.put(b"secret text", scope="task/t-1", media_type=PLAIN))
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    name = ref.digest.removeprefix("sha256:")
    assert file.relative_to(tmp_path) == Path(name[:2], name[2:4], name)
    assert file.stat().st_mode & 0o077 == 0
    assert b"secret" not in file.read_bytes()


async def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(BlobStoreUnavailable, match=str(blocked)):
        await FileBlobs(blocked, MemoryDataKeys()).put(b"x", scope="task/t-1", media_type=PLAIN)


@pytest.mark.parametrize("stored_anyway", [False, True])
@pytest.mark.parametrize("failing", range(1, 9))
async def test_a_writer_that_fails_anywhere_is_completed_by_the_next(
    client: Client, monkeypatch: pytest.MonkeyPatch, failing: int, stored_anyway: bool
) -> None:
    """Seven chunks and the description: each write fails, before or after it was stored."""
    store = await in_objects(client)
    content = secrets.token_bytes(900_000)
    assert isinstance(store.blobs, NatsBlobs)
    publish, calls = store.blobs._jetstream.publish, itertools.count(1)

    async def fail(*given: Any, **named: Any) -> Any:
        if next(calls) != failing:
            return await publish(*given, **named)
        if stored_anyway:
            await publish(*given, **named)
        raise nats.errors.TimeoutError

    monkeypatch.setattr(store.blobs._jetstream, "publish", fail)
    with pytest.raises(BlobStoreUnavailable):
        await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    ref = await store.again.put(content, scope="task/t-1", media_type=PLAIN)
    assert await store.again.get(ref) == content
    state = (await client.jetstream().stream_info(f"OBJ_{store.blobs._bucket}")).state
    assert state.messages == 8, "nothing was stored twice"


async def test_other_clients_of_the_object_store_read_what_we_write(client: Client) -> None:
    store = await in_objects(client)
    content = secrets.token_bytes(300_000)
    ref = await store.blobs.put(content, scope="task/t-1", media_type=PLAIN)
    assert isinstance(store.blobs, NatsBlobs)
    objects = await client.jetstream().object_store(store.blobs._bucket)
    found = await objects.get(ref.digest.removeprefix("sha256:"))
    assert (found.info.size, found.info.chunks) == (300_016, 3)


async def test_a_worker_s_login_suffices(tmp_path: Path) -> None:
    logins = {role: NatsLogin(f"the-{role}", new_seed().decode().strip()) for role in ROLES}
    users = [NatsUser(login.name, login.public_nkey, role) for role, login in logins.items()]
    refusals: list[Exception] = []

    async def refused(error: Exception) -> None:
        refusals.append(error)

    async def blobs_of(stack: AsyncExitStack, role: Role) -> NatsBlobs:
        login = logins[role]
        client = await nats.connect(
            address, nkeys_seed_str=login.seed, inbox_prefix=login.inbox_prefix, error_cb=refused
        )
        stack.push_async_callback(client.close)
        return NatsBlobs(client, keys)

    keys = MemoryDataKeys()
    with serving(tmp_path, render_users(users)) as address:
        async with AsyncExitStack() as stack:
            await (await blobs_of(stack, "admin")).make_bucket()
            blobs = await blobs_of(stack, "worker")
            content = secrets.token_bytes(300_000)
            puts = (blobs.put(content, scope="task/t-1", media_type=PLAIN) for _ in range(3))
            first, *others = await asyncio.gather(*puts)
            assert others == [first, first]
            assert await blobs.get(first) == content
    assert refusals == []


async def test_an_absent_bucket_is_named(client: Client) -> None:
    blobs = NatsBlobs(client, MemoryDataKeys(), bucket="absent")
    with pytest.raises(BucketMissing, match="absent"):
        await blobs.put(b"x", scope="task/t-1", media_type=PLAIN)
    with pytest.raises(BucketMissing, match="absent"):
        await blobs.get(ContentRef(digest="sha256:" + "ab" * 32, size=3, scope="task/t-1"))


async def test_a_closed_connection_is_an_unavailable_store(nats_address: str) -> None:
    async with AsyncExitStack() as stack:
        connection = await nats.connect(nats_address)
        stack.push_async_callback(connection.close)
        store = await in_objects(connection)
    with pytest.raises(BlobStoreUnavailable):
        await store.blobs.put(b"x", scope="task/t-1", media_type=PLAIN)
