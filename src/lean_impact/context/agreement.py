"""How far the raters of context agree, and where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from lean_impact.domain import Provenance, Summary
from lean_impact.errors import DesignError
from lean_impact.kernels import agreement as kernel
from lean_impact.tables import Ratings

__all__ = ["AgreementResult", "Mixed", "rater_agreement"]

Mixed = Literal["value", "drop"]
"""Whether a mixed rating counts with its net value or is left out."""

_TENTATIVE: Final = 0.667
_FIRM: Final = 0.8
_FEW_UNITS: Final = 20
_RATERS: Final = 2
_MOST_SAME: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgreementResult:
    """How far raters agree beyond chance.

    Attributes
    ----------
    scale : str
        In which respect.
    parts : DataFrame
        One row for the whole and one for each domain of the framework: ``part``, ``n_units`` (rated by two or more),
        ``alpha`` (Krippendorff, ordinal), ``lower``, ``upper`` (bootstrap of units), ``level``.
    states : float
        Alpha, nominal, of whether a construct was rated, mixed, missing or not discussed; NaN if it cannot be had.
    pairs : DataFrame
        One row for each two raters: ``first``, ``second``, ``n_units``, ``agree`` (share of equal values),
        ``kappa`` (quadratic weights).
    icc : float
        Absolute agreement of single raters, ICC(A,1), over units that all rated; NaN if there are too few.
    icc_lower, icc_upper : float
        Its interval.
    disagreements : DataFrame
        Units on which values differ most: ``trust``, ``construct``, ``date``, ``lowest``, ``highest``, ``n_raters``.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin and parameters.
    """

    scale: str
    parts: pd.DataFrame
    states: float
    pairs: pd.DataFrame
    icc: float
    icc_lower: float
    icc_upper: float
    disagreements: pd.DataFrame
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def alpha(self) -> float:
        """Krippendorff's alpha over everything."""
        return float(self.parts["alpha"].iloc[0])

    @property
    def title(self) -> str:
        """One line for a heading."""
        return f"Agreement of raters on '{self.scale}'"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for the whole and one for each domain; columns as in ``parts``."""
        return self.parts.copy()

    def summary(self) -> Summary:
        """Say in plain words how far raters agree."""
        return Summary("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        whole = self.parts.iloc[0]
        yield (
            f"{self.title}: Krippendorff's alpha {whole['alpha']:.2f} ({100 * whole['level']:.0f}% interval "
            f"{whole['lower']:.2f} to {whole['upper']:.2f}) over {whole['n_units']} ratings made by two or more"
        )
        for row in self.pairs.to_dict("records"):
            yield (
                f"{row['first']} and {row['second']}: weighted kappa {row['kappa']:.2f}, equal on "
                f"{100 * row['agree']:.0f}% of {row['n_units']}"
            )
        yield from (f"Caution: {caution}" for caution in self.cautions)


def rater_agreement(
    ratings: Ratings,
    *,
    mixed: Mixed,
    seed: int,
    scale: str | None = None,
    level: float = 0.95,
    draws: int = 1999,
) -> AgreementResult:
    """Measure how far raters agree.

    Parameters
    ----------
    ratings : Ratings
        By two or more raters.
    mixed : {"value", "drop"}
        Whether a mixed rating counts with its net value or is left out.
    seed : int
        Seed of the bootstrap.
    scale : str, optional
        In which respect; the only one if not named.
    level : float, default 0.95
        Coverage of the intervals.
    draws : int, default 1999
        Draws of the bootstrap.

    Returns
    -------
    AgreementResult

    Raises
    ------
    DesignError
        If no trust, construct and date was rated by two, or a setting is impossible.

    Notes
    -----
    Alpha takes any number of raters and gaps, and for one construct rated alike everywhere it is not defined, which
    is said and not hidden. Its interval draws units again; units of one trust hang together, so it is if anything
    too narrow.

    References
    ----------
    Hayes AF, Krippendorff K (2007), Communication Methods and Measures 1:77-89.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
    >>> rows = [(t, c, "2018-06-01", r, "rated", v) for t, c, pair in (("RTP", "culture", (2, 2)),
    ...         ("RTP", "cost", (-1, 0)), ("RXW", "culture", (-2, -1)), ("RXW", "cost", (0, 0)))
    ...         for r, v in zip("AB", pair)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "construct", "date", "rater", "state", "value"])
    >>> found = rater_agreement(Ratings.from_frame(frame, framework=CFIR_2009), mixed="value", seed=1)
    >>> round(found.alpha, 2)
    0.81
    """
    if mixed not in get_args(Mixed) or not 0 < level < 1:
        raise DesignError("mixed must be 'value' or 'drop', and level lie between 0 and 1")
    chosen = ratings.scale_of(scale)
    table = ratings.by_rater(scale=chosen.id)
    states = ratings.states_by_rater(scale=chosen.id)
    if mixed == "drop":
        table = table.where(states != "mixed")
    if not (table.notna().sum(axis=1) >= _RATERS).any():
        raise DesignError(
            "no trust, construct and date has values of two raters, so agreement cannot be measured; have some "
            "rated twice"
        )
    values = table.to_numpy()
    complete = values[np.isfinite(values).all(axis=1)]
    enough = complete.shape[0] > 1 and complete.shape[1] >= _RATERS
    icc = kernel.intraclass(complete, level=level) if enough else kernel.ICC(*(float("nan"),) * 5)
    parts = _parts(ratings, table, seed=seed, level=level, draws=draws)
    return AgreementResult(
        scale=chosen.id,
        parts=parts,
        states=_state_alpha(states),
        pairs=_pairs(table),
        icc=icc.agreement_one,
        icc_lower=icc.lower,
        icc_upper=icc.upper,
        disagreements=_disagreements(table),
        cautions=tuple(_cautions(parts, states, mixed)),
        provenance=ratings.provenance.model_copy(
            update={
                "seed": seed,
                "parameters": {**ratings.provenance.parameters, "mixed": mixed, "draws": str(draws)},
                "steps": (*ratings.provenance.steps, "measured agreement"),
            }
        ),
    )


def _parts(ratings: Ratings, table: pd.DataFrame, *, seed: int, level: float, draws: int) -> pd.DataFrame:
    domain = {item.id: item.domain for item in ratings.framework.constructs}
    home = table.index.get_level_values("construct").map(domain)
    there = [part for part in ratings.framework.domains if (home == part).any()]
    rows = []
    for part in ("all", *there):
        values = table.to_numpy() if part == "all" else table[home == part].to_numpy()
        drawn = kernel.bootstrap_alpha(values, metric="ordinal", draws=draws, seed=seed)
        known = drawn[np.isfinite(drawn)]
        tail = (1 - level) / 2
        ends = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
        rows.append(
            {
                "part": part,
                "n_units": int((np.isfinite(values).sum(axis=1) >= _RATERS).sum()),
                "alpha": kernel.krippendorff_alpha(values, metric="ordinal"),
                "lower": float(ends[0]),
                "upper": float(ends[1]),
                "level": level,
            }
        )
    return pd.DataFrame(rows)


def _state_alpha(states: pd.DataFrame) -> float:
    codes = {"rated": 0.0, "mixed": 1.0, "missing": 2.0, "not-discussed": 3.0}
    return kernel.krippendorff_alpha(
        states.apply(lambda column: column.map(codes)).to_numpy(dtype=float), metric="nominal"
    )


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for first, second in combinations(table.columns, 2):
        one, two = table[first].to_numpy(), table[second].to_numpy()
        both = np.isfinite(one) & np.isfinite(two)
        if both.any():
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "n_units": int(both.sum()),
                    "agree": float((one[both] == two[both]).mean()),
                    "kappa": kernel.weighted_kappa(one, two, weights="quadratic").value,
                }
            )
    return pd.DataFrame(rows, columns=["first", "second", "n_units", "agree", "kappa"])


def _disagreements(table: pd.DataFrame) -> pd.DataFrame:
    found = pd.DataFrame(
        {"lowest": table.min(axis=1), "highest": table.max(axis=1), "n_raters": table.notna().sum(axis=1)}
    )
    gap = found["highest"] - found["lowest"]
    return found[gap > 0].loc[gap[gap > 0].sort_values(ascending=False, kind="stable").index].reset_index()


def _cautions(parts: pd.DataFrame, states: pd.DataFrame, mixed: Mixed) -> Iterator[str]:
    alpha, n = float(parts["alpha"].iloc[0]), int(parts["n_units"].iloc[0])
    if np.isnan(alpha):
        yield "every rating made twice is the same value, so chance cannot be told from agreement"
    elif alpha < _TENTATIVE:
        yield f"alpha is below {_TENTATIVE}: these ratings do not carry conclusions; talk the differences through first"
    elif alpha < _FIRM:
        yield f"alpha is below {_FIRM}: conclusions from these ratings are tentative"
    if n < _FEW_UNITS:
        yield f"only {n} ratings were made by two raters; the interval is wide and itself uncertain"
    n_mixed = int((states == "mixed").to_numpy().sum())
    if n_mixed:
        how = "count with their net value" if mixed == "value" else "are left out"
        yield f"{n_mixed} ratings rest on mixed evidence and {how}"
    silent = states.isin(["missing", "not-discussed"]).to_numpy().sum()
    given = states.notna().to_numpy().sum()
    if given and silent / given > _MOST_SAME:
        yield f"{100 * silent / given:.0f}% of the cells are missing or were not discussed; this says nothing on them"
