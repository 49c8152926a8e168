"""Published figures of NHS England: what is measured, and how the monthly A&E files are read."""

from lean_impact.plugins.nhs._checks import FIELD_TEST, FIELD_TEST_START
from lean_impact.plugins.nhs.ae_monthly import CADENCE, LICENCE, PUBLISHER, MonthlyAE
from lean_impact.plugins.nhs.measures import AE_MEASURES, MEASURES, OTHER_MEASURES

__all__ = [
    "AE_MEASURES",
    "CADENCE",
    "FIELD_TEST",
    "FIELD_TEST_START",
    "LICENCE",
    "MEASURES",
    "OTHER_MEASURES",
    "PUBLISHER",
    "MonthlyAE",
]
