"""What is measured: the monthly A&E figures, and the quarterly and annual ones that go beside them.

The waits of admitted patients are published in two ways that must never be mixed: the workbooks count
patients over 4 hours from the decision to admit *including* those over 12 hours, the CSV files those from
4 to 12 hours only. They are two measures, :data:`DTA_OVER_4H` and :data:`DTA_4_TO_12H`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from lean_impact.domain import DefinitionChange, Measure

__all__ = [
    "ADMISSIONS_OTHER",
    "ADMISSIONS_VIA_AE",
    "AE_MEASURES",
    "ATTENDANCES_ALL",
    "ATTENDANCES_BOOKED",
    "ATTENDANCES_TYPE_1",
    "BED_OCCUPANCY",
    "DTA_4_TO_12H",
    "DTA_OVER_4H",
    "DTA_OVER_12H",
    "FOUR_HOURS_ALL",
    "FOUR_HOURS_TYPE_1",
    "MEASURES",
    "OTHER_MEASURES",
    "SHMI",
    "STAFF_ENGAGEMENT",
    "STAFF_RECOMMEND_CARE",
    "STAFF_RECOMMEND_WORK",
    "STAFF_STRESS",
]

_MONTHLY: Final = DefinitionChange(
    date=date(2015, 6, 1),
    what="Weekly collection replaced by a monthly one; weeks end on Sunday and straddle months, so the two "
    "do not join without a seam.",
)
_FIELD_TEST: Final = DefinitionChange(
    date=date(2019, 5, 1),
    what="Fourteen trusts stop reporting the 4-hour figure for the field test of the clinical review of "
    "standards; their attendances go on.",
)
_BOOKED: Final = DefinitionChange(
    date=date(2020, 8, 1),
    what="Booked appointments are published apart in the CSV files; they are added here, so that the "
    "figures go on meaning all attendances.",
)
_TYPE_1_SHARE: Final = (
    "Streaming to urgent treatment centres moved patients from type 1 to type 3 at different times in "
    "different trusts; look at the measure for all types beside it."
)

FOUR_HOURS_TYPE_1: Final = Measure(
    id="ae-4h-type1",
    name="A&E within 4 hours, major departments (type 1)",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share of type 1 attendances",
    numerator="type 1 attendances admitted, transferred or discharged within 4 hours of arrival",
    denominator="type 1 attendances",
    target=0.95,
    changes=(_MONTHLY, _FIELD_TEST, _BOOKED),
    note="The standard of 95% is set for all types of department together; it is shown here for "
    f"comparison only. {_TYPE_1_SHARE}",
)
FOUR_HOURS_ALL: Final = Measure(
    id="ae-4h-all",
    name="A&E within 4 hours, all types",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share of attendances",
    numerator="attendances admitted, transferred or discharged within 4 hours of arrival, all types",
    denominator="attendances, all types",
    target=0.95,
    changes=(_MONTHLY, _FIELD_TEST, _BOOKED),
    note="The operational standard is 95% over all types of department.",
)
ATTENDANCES_TYPE_1: Final = Measure(
    id="ae-att-type1",
    name="A&E attendances, major departments (type 1)",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="attendances",
    changes=(_MONTHLY, _BOOKED),
    note=_TYPE_1_SHARE,
)
ATTENDANCES_ALL: Final = Measure(
    id="ae-att-all",
    name="A&E attendances, all types",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="attendances",
    changes=(_MONTHLY, _BOOKED),
)
ATTENDANCES_BOOKED: Final = Measure(
    id="ae-att-booked",
    name="A&E attendances by booked appointment, all types",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="attendances",
    note="Contained in the attendances of all types; published apart in the CSV files from August 2020.",
)
ADMISSIONS_VIA_AE: Final = Measure(
    id="emergency-admissions-ae",
    name="Emergency admissions via A&E",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="admissions",
    changes=(_MONTHLY,),
)
ADMISSIONS_OTHER: Final = Measure(
    id="emergency-admissions-other",
    name="Emergency admissions not via A&E",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="admissions",
    changes=(_MONTHLY,),
)
DTA_4_TO_12H: Final = Measure(
    id="dta-4-12h",
    name="Waited 4 to 12 hours from decision to admit",
    kind="count",
    improvement="decrease",
    dimension="quality",
    frequency="month",
    unit="patients",
    note="Without those over 12 hours; published so in the CSV files (April 2018 on) only.",
)
DTA_OVER_4H: Final = Measure(
    id="dta-over-4h",
    name="Waited over 4 hours from decision to admit",
    kind="count",
    improvement="decrease",
    dimension="quality",
    frequency="month",
    unit="patients",
    note="Including those over 12 hours; published so in the workbooks, and the sum of the two published "
    "counts (4 to 12, over 12) in the CSV files.",
)
DTA_OVER_12H: Final = Measure(
    id="dta-over-12h",
    name="Waited over 12 hours from decision to admit",
    kind="count",
    improvement="decrease",
    dimension="quality",
    frequency="month",
    unit="patients",
)

BED_OCCUPANCY: Final = Measure(
    id="bed-occupancy-ga",
    name="General and acute beds occupied overnight",
    kind="proportion",
    improvement="neutral",
    dimension="efficiency",
    frequency="quarter",
    unit="share of available beds",
    numerator="occupied general and acute beds open overnight, average of the quarter",
    denominator="available general and acute beds open overnight, average of the quarter",
    note="Neither direction is better by itself: empty beds cost, and few free beds delay admissions.",
)
SHMI: Final = Measure(
    id="shmi",
    name="Summary hospital-level mortality indicator (SHMI)",
    kind="ratio",
    improvement="decrease",
    dimension="quality",
    frequency="year",
    unit="observed over expected deaths",
    note="1 is what is expected of the trust's patients; a trust above 1 is not thereby of poor quality. "
    "It is published for overlapping periods of 12 months, of which one stands for each year.",
)
STAFF_RECOMMEND_CARE: Final = Measure(
    id="staff-recommend-care",
    name="Staff would be happy with the standard of care for a friend or relative",
    kind="mean",
    improvement="increase",
    dimension="staff",
    frequency="year",
    unit="mean score from 1 to 5",
)
STAFF_RECOMMEND_WORK: Final = Measure(
    id="staff-recommend-work",
    name="Staff would recommend their organisation as a place to work",
    kind="mean",
    improvement="increase",
    dimension="staff",
    frequency="year",
    unit="mean score from 1 to 5",
)
STAFF_ENGAGEMENT: Final = Measure(
    id="staff-engagement-3item",
    name="Staff engagement, mean of three survey items",
    kind="mean",
    improvement="increase",
    dimension="staff",
    frequency="year",
    unit="mean score from 1 to 5",
    note="The mean of three items, not the official staff engagement score; do not compare it with that.",
)
STAFF_STRESS: Final = Measure(
    id="staff-work-stress",
    name="Staff unwell from work-related stress in the last 12 months",
    kind="proportion",
    improvement="decrease",
    dimension="staff",
    frequency="year",
    unit="share of respondents",
)

AE_MEASURES: Final = (
    FOUR_HOURS_TYPE_1,
    FOUR_HOURS_ALL,
    ATTENDANCES_TYPE_1,
    ATTENDANCES_ALL,
    ATTENDANCES_BOOKED,
    ADMISSIONS_VIA_AE,
    ADMISSIONS_OTHER,
    DTA_4_TO_12H,
    DTA_OVER_4H,
    DTA_OVER_12H,
)
"""What the monthly A&E files give."""

OTHER_MEASURES: Final = (
    BED_OCCUPANCY,
    SHMI,
    STAFF_RECOMMEND_CARE,
    STAFF_RECOMMEND_WORK,
    STAFF_ENGAGEMENT,
    STAFF_STRESS,
)
"""Quarterly and annual measures that stand beside them."""

MEASURES: Final = (*AE_MEASURES, *OTHER_MEASURES)
"""All measures of this plugin."""
