"""A section of the report: data, not HTML."""

from __future__ import annotations

import pandas as pd
from lean_impact.report import Column, Section, StudyResults, Table, formats

__all__ = ["volume_section"]


def volume_section(results: StudyResults) -> Section | None:
    """Say how many patients stand behind the question that decides; None if nothing was counted."""
    measure = results.primary.result.measure
    volume = results.panel.wide(measure.id, "denominator")[list(results.programme.codes)]
    if volume.isna().all(axis=None):
        return None
    frame = pd.DataFrame(
        {
            "trust": volume.columns,
            "name": [results.names.get(code, code) for code in volume.columns],
            "median": volume.median().to_numpy(),
        }
    )
    smallest = frame.loc[frame["median"].idxmin()]
    return Section(
        id="example-volume",
        title="How many patients is this about?",
        answer=(
            f"The smallest is {smallest['name']}: {smallest['median']:,.0f} in a typical {measure.frequency}."
        ),
        tables=(
            Table(
                id="example-volume-by-trust",  # ids are unique in the whole report
                caption=f"{measure.denominator or 'Denominator'} in a typical {measure.frequency}",
                frame=frame,
                columns={
                    "trust": "Code",
                    "name": "Trust",
                    "median": Column(label="Median", format=formats.number(0)),
                },
            ),
        ),
    )
