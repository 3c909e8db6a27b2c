"""The configuration of the embedded PostgreSQL server, as text."""

from pathlib import Path

# Unix domain sockets only, so the number names the socket file and occupies no port.
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
ROLE = "symbi"
DATABASE = "symbi"

HBA = f"""\
# Written by symbi. One role, with its password, over the socket; the superuser cannot log in at all.
local all {ROLE} scram-sha-256
"""


def render(socket_dir: Path, hba: Path) -> str:
    """postgresql.conf for a small server that nobody reaches but through `socket_dir`."""
    return f"""\
# Written at every start of symbi; changes made here are lost.
hba_file = {_quoted(str(hba))}
listen_addresses = ''
port = {PORT}
unix_socket_directories = {_quoted(_element(str(socket_dir)))}
unix_socket_permissions = 0700
max_connections = 100
password_encryption = 'scram-sha-256'

fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = '128MB'
dynamic_shared_memory_type = 'posix'
max_wal_size = '1GB'
checkpoint_completion_target = 0.9
# Nothing replicates from here; a table that is made and filled in one transaction skips the WAL.
wal_level = 'minimal'
max_wal_senders = 0
jit = off

timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
# The values of a row that offends are not for a log.
log_error_verbosity = 'terse'
"""


def bootstrap_sql(password: str) -> str:
    """What the single-user server runs once: our role, no superuser, and its database.

    One statement on a line, as single-user mode wants it. The role may make databases, for rebuilds
    beside the live one and for tests.
    """
    return (
        "SET password_encryption = 'scram-sha-256';\n"
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _element(text: str) -> str:
    """One member of a list setting."""
    return '"' + text.replace('"', '""') + '"'
