"""A part of a long list, found again by where the last part ended."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select


@dataclass(frozen=True, slots=True)
class Page:
    """Up to *limit* rows after the position *after*, oldest first, or before it, newest first.

    The position of a row is the sequence number that its list is ordered by; a list says which.
    """

    limit: int = 100
    after: int | None = None
    newest_first: bool = False

    def of(self, query: Select[Any], position: Column[int]) -> Select[Any]:
        """*query* cut to this page."""
        if self.after is not None:
            query = query.where(position < self.after if self.newest_first else position > self.after)
        return query.order_by(position.desc() if self.newest_first else position.asc()).limit(self.limit)
