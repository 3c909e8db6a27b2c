"""Runs the migrations on the connection that the caller opened (`app.adapters.postgres.migrate`)."""

from alembic import context
from sqlalchemy import Connection

from projections.catalogue import PROJECTIONS
from projections.schema import METADATA

assert PROJECTIONS, "importing the catalogue brings every table into METADATA"

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
