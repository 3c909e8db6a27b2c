"""`symbi config`: which settings hold, and who said so."""

from ..calls import Call, verb
from ..groups import group
from ..output import Column

config = group("See the settings that hold.")


@verb(config, "show")
def show(call: Call) -> None:
    """Show every setting, its value, and where that came from: default, file and line, variable or option."""
    rows = call.settings.explain()
    call.out.document([row._asdict() for row in rows])
    call.out.table(
        rows,
        [
            Column("Setting", lambda row: row.key),
            Column("Value", lambda row: row.value),
            Column("From", lambda row: row.source),
        ],
        none="",
    )
