"""Features of many texts as one sparse matrix, kept feature by feature: a text is compared with all of them at once."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RARITY = 0.5
"""How much a rare feature counts for more: the power of its inverse document frequency."""


@dataclass(frozen=True, slots=True)
class Grams:
    """Rows of unit length; column `i` holds feature `codes[i]`, in rows[starts[i]:starts[i + 1]]."""

    codes: NDArray[np.uint32]
    rarity: NDArray[np.float32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    values: NDArray[np.float32]
    size: int
    """How many texts there are."""

    @classmethod
    def of(cls, texts: Iterable[Mapping[int, float]]) -> "Grams":
        """Build the matrix of some texts' features."""
        found = list(texts)
        seen = Counter(code for text in found for code in text)
        codes = np.array(sorted(seen), dtype=np.uint32)
        rarity = np.array([math.log((len(found) + 1) / (seen[int(code)] + 0.5)) ** _RARITY for code in codes], dtype=np.float32)
        columns: list[NDArray[np.intp]] = []
        rows: list[NDArray[np.int32]] = []
        values: list[NDArray[np.float32]] = []
        for row, text in enumerate(found):
            place = np.searchsorted(codes, np.fromiter(text, dtype=np.uint32, count=len(text)))
            weights = np.fromiter(text.values(), dtype=np.float32, count=len(text)) * rarity[place]
            columns.append(place)
            rows.append(np.full(len(text), row, dtype=np.int32))
            values.append(weights / max(float(np.linalg.norm(weights)), 1e-9))
        column = np.concatenate(columns)
        order = np.argsort(column, kind="stable")
        starts = np.searchsorted(column[order], np.arange(len(codes) + 1))
        return cls(codes, rarity, starts, np.concatenate(rows)[order], np.concatenate(values)[order], len(found))

    def likeness(self, text: Mapping[int, float]) -> NDArray[np.float32]:
        """Return the cosine of a text with each row; features that no row has make it smaller."""
        if not text or not len(self.codes):
            return np.zeros(self.size, dtype=np.float32)
        codes = np.fromiter(text, dtype=np.uint32, count=len(text))
        weights = np.fromiter(text.values(), dtype=np.float32, count=len(text))
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        known = self.codes[place] == codes
        weights = weights * np.where(known, self.rarity[place], math.log(self.size + 1) ** _RARITY)
        weights = weights / max(float(np.linalg.norm(weights)), 1e-9)
        return self._sum(place[known], weights[known])

    def all_with_all(self) -> NDArray[np.float32]:
        """Return the cosine of each row with each row."""
        column = np.repeat(np.arange(len(self.codes)), np.diff(self.starts))
        order = np.argsort(self.rows, kind="stable")
        bounds = np.searchsorted(self.rows[order], np.arange(self.size + 1))
        matrix = np.empty((self.size, self.size), dtype=np.float32)
        for row in range(self.size):
            own = order[bounds[row] : bounds[row + 1]]
            matrix[row] = self._sum(column[own], self.values[own])
        return matrix

    def _sum(self, columns: NDArray[np.intp], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        lengths = self.starts[columns + 1] - self.starts[columns]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        at = np.arange(total) + np.repeat(self.starts[columns] - (ends - lengths), lengths)
        summed = np.bincount(self.rows[at], self.values[at] * np.repeat(weights, lengths), minlength=self.size)
        return summed.astype(np.float32)
