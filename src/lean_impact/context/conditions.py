"""From the ratings of several raters to one value for each trust, with how sure it is."""

from __future__ import annotations

from typing import get_args

import numpy as np

from lean_impact.context.agreement import Mixed
from lean_impact.context.calibration import RawValue
from lean_impact.errors import DesignError
from lean_impact.tables import Ratings

__all__ = ["rated_values"]

_RATERS = 2


def rated_values(
    ratings: Ratings, *, construct: str, mixed: Mixed, scale: str | None = None
) -> dict[str, RawValue]:
    r"""Take the mean rating of each trust on one construct, with a standard error from how raters differ.

    Parameters
    ----------
    ratings : Ratings
        Restricted to the time that counts; several dates of a trust are taken together.
    construct : str
        Which construct.
    mixed : {"value", "drop"}
        Whether a mixed rating counts with its net value or is left out.
    scale : str, optional
        In which respect; the only one if not named.

    Returns
    -------
    dict of str to RawValue
        By trust; a trust without any value on the construct is not among them. The standard error is NaN where no
        unit of the whole table was rated twice.

    Raises
    ------
    DesignError
        If the construct is not among the ratings or ``mixed`` is no choice.

    Notes
    -----
    :math:`\mathrm{se} = s / \sqrt{n}` with n the ratings of the trust and s the standard deviation within units, pooled
    over every unit of the scale that two or more rated. Two raters of one construct say too little on how far raters
    differ; all their ratings together say it well.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
    >>> frame = pd.DataFrame({"trust": ["RTP", "RTP", "RXW"], "construct": "culture", "date": "2018-06-01",
    ...                       "rater": ["A", "B", "A"], "state": "rated", "value": [2, 1, -1]})
    >>> found = rated_values(Ratings.from_frame(frame, framework=CFIR_2009), construct="culture", mixed="value")
    >>> found["RTP"].value, round(found["RTP"].standard_error, 2), round(found["RXW"].standard_error, 2)
    (1.5, 0.5, 0.71)
    """
    if mixed not in get_args(Mixed):
        raise DesignError("mixed must be 'value' or 'drop'")
    if construct not in ratings.constructs:
        raise DesignError(f"construct '{construct}' is not rated; there are {', '.join(ratings.constructs)}")
    chosen = ratings.scale_of(scale).id
    table = ratings.by_rater(scale=chosen)
    states = ratings.states_by_rater(scale=chosen)
    if mixed == "drop":
        table = table.where(states != "mixed")
    spread = _within(table.to_numpy())
    rows = table[table.index.get_level_values("construct") == construct]
    mixed_here = states.loc[rows.index] == "mixed"
    found: dict[str, RawValue] = {}
    for trust in ratings.trusts:
        own = rows[rows.index.get_level_values("trust") == trust]
        values = own.to_numpy()[np.isfinite(own.to_numpy())]
        if len(values):
            n_mixed = int(mixed_here.loc[own.index].to_numpy().sum())
            found[trust] = RawValue(
                value=float(values.mean()),
                standard_error=spread / len(values) ** 0.5,
                note=f"{n_mixed} of {len(values)} ratings mixed" if n_mixed else "",
            )
    return found


def _within(values: np.ndarray) -> float:
    """Return the standard deviation of ratings of one unit, NaN if nothing was rated twice."""
    twice = values[np.isfinite(values).sum(axis=1) >= _RATERS]
    if not len(twice):
        return float("nan")
    squares = np.nansum((twice - np.nanmean(twice, axis=1, keepdims=True)) ** 2)
    return float(np.sqrt(squares / (np.isfinite(twice).sum() - len(twice))))
