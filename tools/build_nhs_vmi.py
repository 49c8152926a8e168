"""Write the bundled figures of the NHS-VMI study from the tidy originals.

Run it with the folder that holds the originals::

    python tools/build_nhs_vmi.py FOLDER

It reads the official figures (A&E, beds, SHMI, staff survey, trust successions) and writes
``figures.csv.gz``, ``blocks.csv``, ``trusts.csv`` and ``successions.csv`` beside the study file. Same
input, same bytes. Nothing is changed but the form: a figure that was imputed or not submitted keeps that
as a flag, and each row says which row of which file it comes from.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd

TARGET = Path(__file__).parents[1] / "src/lean_impact/plugins/programmes/nhs_vmi"
AE, BEDS, ANNUAL, SUCCESSIONS = (
    "ae_4h_panel_2010_2021.csv.gz",
    "kh03_beds_quarterly.csv.gz",
    "shmi_staffsurvey_annual_2012_2019.csv.gz",
    "trust_successions_2012_2021.csv",
)
TYPE_1 = {
    "weekly (BBC copy of NHSE weekly sitreps)": "ae-weekly-type1",
    "weekly (BBC + HowsMyNHS %, imputed denominators)": "ae-seam-type1",
    "published monthly": "ae-monthly",
}
ALL_TYPES = {"HowsMyNHS (weekly aggregated)": "ae-weekly-all", "published monthly": "ae-monthly"}
ANNUAL_MEASURES = {
    "shmi": "shmi",
    "staff_recommend_care_mean_1_5": "staff-recommend-care",
    "staff_recommend_work_mean_1_5": "staff-recommend-work",
    "staff_engagement_uwes_mean_1_5": "staff-engagement-3item",
    "staff_work_stress_prop": "staff-work-stress",
}
LICENCE = "Open Government Licence v3.0"
COLUMNS = ["trust", "measure", "period", "numerator", "denominator", "value", "flag", "source", "source_row"]


class Block(NamedTuple):
    """Where a block of figures comes from and what to know before using it."""

    file: str
    publisher: str
    origin: str
    quality: str


BLOCKS = {
    "ae-weekly-type1": Block(
        file=AE,
        publisher="NHS England",
        origin="Weekly A&E situation reports, type-1 departments, November 2010 to February 2015, spread over "
        "months by day; read from the BBC's copy of the weekly files.",
        quality="Weeks end on Sunday and straddle months, so counts are fractional. The numerator was recovered "
        "from the published percentage.",
    ),
    "ae-seam-type1": Block(
        file=AE,
        publisher="NHS England",
        origin="Type-1 departments, March to May 2015: percentages from a second copy of the weekly files.",
        quality="The denominators are imputed, and collection changed from weekly to monthly in June 2015: a "
        "seam in the measurement. Shrewsbury and Telford has no row here.",
    ),
    "ae-weekly-all": Block(
        file=AE,
        publisher="NHS England",
        origin="Weekly A&E situation reports, all department types, to May 2015, summed to months; read from "
        "the HowsMyNHS copy of the weekly files.",
        quality="Another copy than the one behind the type-1 figures, summed to months in another way; the two "
        "disagree by several points even where a trust has almost only type-1 attendances (Surrey and Sussex, "
        "May 2011: 69.5% type 1, 78.5% all types). Do not compute a type-1 share before June 2015.",
    ),
    "ae-monthly": Block(
        file=AE,
        publisher="NHS England",
        origin="Monthly A&E attendances and emergency admissions by provider, June 2015 to December 2021, as "
        "last revised.",
        quality="From May 2019 fourteen trusts in the field test of the clinical review of standards gave no "
        "4-hour figure: flagged as not submitted. Some departments were moved from type 1 to type 3, which "
        "changes the type-1 denominator.",
    ),
    "kh03": Block(
        file=BEDS,
        publisher="NHS England",
        origin="KH03 quarterly: general and acute beds open overnight, occupied and available, daily average.",
        quality="Averages over the quarter, not counts of patients. Figures from April 2020 are shaped by "
        "COVID-19.",
    ),
    "shmi": Block(
        file=ANNUAL,
        publisher="NHS Digital",
        origin="Summary Hospital-level Mortality Indicator, one value for each year and trust.",
        quality="Each value is compared with the national expectation of its own period, so the national level "
        "is 1 by construction. Observed and expected deaths are not at hand.",
    ),
    "staff-survey": Block(
        file=ANNUAL,
        publisher="NHS Staff Survey Coordination Centre",
        origin="NHS Staff Survey item means on a scale from 1 to 5, and the share unwell from work stress.",
        quality="The survey is taken in autumn. The engagement column is the mean of three items and is not the "
        "official engagement score. Responses vary from 156 to 7,513 a trust and are not used as weights.",
    ),
}


def number_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the row that each record has in its file, the header being row 1."""
    return frame.assign(source_row=range(2, len(frame) + 2))


def ae_rows(folder: Path) -> pd.DataFrame:
    """Return both 4-hour measures in tidy form."""
    raw = number_rows(pd.read_csv(folder / AE))
    type_1 = pd.DataFrame(
        {
            "trust": raw["org_code"],
            "measure": "ae-4h-type1",
            "period": raw["period_start"],
            "numerator": raw["type1_within"],
            "denominator": raw["type1_att"],
            "source": raw["source"].map(TYPE_1),
            "source_row": raw["source_row"],
        }
    )
    everyone = pd.DataFrame(
        {
            "trust": raw["org_code"],
            "measure": "ae-4h-all",
            "period": raw["period_start"],
            "numerator": raw["total_att"] - raw["total_over4h"],
            "denominator": raw["total_att"],
            "source": raw["source_all"].map(ALL_TYPES),
            "source_row": raw["source_row"],
        }
    )[raw["total_att"].notna()]
    rows = pd.concat([type_1, everyone])
    rows["flag"] = "published"
    rows.loc[rows["source"] == "ae-seam-type1", "flag"] = "imputed"
    silent = rows["numerator"].isna()
    rows.loc[silent, "flag"] = "not_submitted"
    rows.loc[silent, "denominator"] = float("nan")
    return rows


def bed_rows(folder: Path, trusts: set[str]) -> pd.DataFrame:
    """Return general and acute bed occupancy in tidy form."""
    raw = number_rows(pd.read_csv(folder / BEDS))
    raw = raw[(raw["metric"] == "kh03_overnight_general_acute") & raw["org_code"].isin(trusts)]
    return pd.DataFrame(
        {
            "trust": raw["org_code"],
            "measure": "bed-occupancy-ga",
            "period": raw["period_start"],
            "numerator": raw["numerator"],
            "denominator": raw["denominator"],
            "flag": "published",
            "source": "kh03",
            "source_row": raw["source_row"],
        }
    )


def annual_rows(folder: Path, trusts: set[str]) -> pd.DataFrame:
    """Return SHMI and the staff-survey items in tidy form."""
    raw = number_rows(pd.read_csv(folder / ANNUAL))
    raw = raw[raw["metric"].isin(ANNUAL_MEASURES) & raw["org_code"].isin(trusts)]
    return pd.DataFrame(
        {
            "trust": raw["org_code"],
            "measure": raw["metric"].map(ANNUAL_MEASURES),
            "period": raw["period_start"],
            "value": raw["value"],
            "flag": "published",
            "source": raw["metric"].map(lambda metric: "shmi" if metric == "shmi" else "staff-survey"),
            "source_row": raw["source_row"],
        }
    )


def trust_names(folder: Path) -> pd.DataFrame:
    """Return the last published name of each trust, in title case."""
    raw = pd.read_csv(folder / AE).sort_values("period_start", kind="stable")
    names = raw.groupby("org_code")["org_name"].last().str.title().str.replace("Nhs", "NHS")
    return names.rename_axis("code").rename("name").reset_index()


def block_table(folder: Path, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the origin and quality of each block, with the digest of the file it was read from."""
    records = []
    for (block, measure), rows in figures.groupby(["source", "measure"]):
        origin = BLOCKS[str(block)]
        records.append(
            {
                "source": block,
                "measure": measure,
                "first": rows["period"].min(),
                "last": rows["period"].max(),
                "rows": len(rows),
                "trusts": rows["trust"].nunique(),
                "publisher": origin.publisher,
                "licence": LICENCE,
                "origin": origin.origin,
                "quality": origin.quality,
                "file": origin.file,
                "sha256": hashlib.sha256((folder / origin.file).read_bytes()).hexdigest(),
            }
        )
    return pd.DataFrame(records)


def successions(folder: Path) -> pd.DataFrame:
    """Return trust successions with the new codes separated by blanks."""
    raw = pd.read_csv(folder / SUCCESSIONS)
    return pd.DataFrame(
        {
            "old_code": raw["old_code"],
            "old_name": raw["old_name"].str.replace("Nhs", "NHS"),
            "new_codes": raw["new_code"].str.split(" ").str[0].str.replace("/", " "),
            "effective": raw["effective_date"],
            "evidence": raw["evidence"],
            "verified": ~raw["evidence"].str.contains("unverified"),
        }
    )


def main() -> None:
    """Build all four files."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - one argument
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    names = trust_names(folder)
    trusts = set(names["code"])
    figures = pd.concat([ae_rows(folder), bed_rows(folder, trusts), annual_rows(folder, trusts)])
    figures = figures.sort_values(["measure", "trust", "period"])[COLUMNS]
    text = io.StringIO()
    figures.to_csv(text, index=False, lineterminator="\n")
    # Neither clock nor name nor system in the header, so that the bytes are the same every time and everywhere.
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.getvalue().encode())
    (TARGET / "figures.csv.gz").write_bytes(packed.getvalue())
    for name, frame in (
        ("trusts", names),
        ("blocks", block_table(folder, figures)),
        ("successions", successions(folder)),
    ):
        frame.to_csv(TARGET / f"{name}.csv", index=False, lineterminator="\n")
    print(f"{len(figures)} rows, {(TARGET / 'figures.csv.gz').stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
