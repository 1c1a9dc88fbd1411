"""Balances: how many of many things were used, and why the others were not."""

from __future__ import annotations

import attrs

from covey._base.run_log import LOGGER
from covey._base.text import count_noun, escape_undecodable, preview


@attrs.define
class Balance:
    """Counts the things of one operation: those that were used, and the names of the others by reason.

    `noun` is what they are called; `of` what they come from, such as "in 3 tables"; `verb` what became of those used.
    """

    noun: str
    of: str = ""
    used: int = 0
    left_out: dict[str, list[str]] = attrs.field(factory=dict)
    verb: str = "used"

    @property
    def total(self) -> int:
        """How many things there were."""
        return self.used + sum(map(len, self.left_out.values()))

    def leave_out(self, reason: str, name: str) -> None:
        """Count one thing that was not used."""
        self.left_out.setdefault(reason, []).append(name)

    def describe(self, verbose: bool = False) -> str:
        """Return the balance as a sentence: "Of 5 rows 3 used; 2 without a class (a.txt line 3, b.txt line 9)."

        Args:
            verbose: whether all names are written out, or the first few of each reason. The log has all of them.
        """
        parts = [f"Of {' '.join([count_noun(self.total, self.noun), self.of]).strip()} {self.used:,} {self.verb}"]
        for reason, names in self.left_out.items():
            unique_names = list(dict.fromkeys(names))
            LOGGER.info("%s", escape_undecodable(f"left out: {reason}: {', '.join(unique_names)}"))
            parts.append(f"{len(names):,} {reason} ({', '.join(unique_names) if verbose else preview(unique_names)})")
        return "; ".join(parts) + "."
