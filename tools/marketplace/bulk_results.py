"""What the tools that change many listings at once give back."""

from datetime import datetime

from pydantic import BaseModel

from tools.phrases import bullets, day, joined, listing, plural
from tools.result import Result

_SHOWN = 8


class ListingsPushed(Result):
    """What a bulk change of listings did; everything is on its way to the channels."""

    bulk_change: str
    title: str
    selected: int
    changed: int
    below_floor: int
    by_channel: dict[str, int]
    examples: list[str]

    def text(self) -> str:
        """Give the totals and some examples."""
        floor = f", {self.below_floor} left alone below their floor" if self.below_floor else ""
        per = joined([f"{count} on {code}" for code, count in sorted(self.by_channel.items())])
        lines = [
            f"Bulk change **{self.bulk_change}**, {self.title}: {self.changed} of {plural(self.selected, 'listing')} pushed ({per}){floor}."
        ]
        return "\n".join([*lines, *bullets(self.examples)])


class BulkRevoked(Result):
    """A bulk change that was taken back."""

    bulk_change: str
    restored: int
    kept: int

    def text(self) -> str:
        """Say what was restored and what was left alone."""
        kept = f"; {self.kept} left alone because something else changed them since" if self.kept else ""
        return f"{self.bulk_change} is taken back: {self.restored} restored{kept}."


class BulkShown(BaseModel):
    """One bulk change."""

    bulk_change: str
    kind: str
    status: str
    title: str
    selected: int
    changed: int
    created_by: str
    at: datetime


class BulkChanges(Result):
    """Bulk changes, the last first."""

    total: int
    changes: list[BulkShown]

    def text(self) -> str:
        """List them."""
        if not self.total:
            return "Nothing was changed in bulk yet."
        shown = [
            f"{each.bulk_change}, {day(each.at)}, {each.created_by}: {each.title} — {each.changed} of {each.selected}, {each.status}"
            for each in self.changes[:_SHOWN]
        ]
        return listing(f"{plural(self.total, 'bulk change')}:", shown, self.total)
