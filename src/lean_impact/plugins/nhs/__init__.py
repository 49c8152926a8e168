"""Published figures of NHS England: what is measured, and how the monthly A&E files are read."""

from lean_impact.plugins.nhs.ae_monthly import MonthlyAE
from lean_impact.plugins.nhs.measures import AE_MEASURES, MEASURES, OTHER_MEASURES

__all__ = ["AE_MEASURES", "MEASURES", "OTHER_MEASURES", "MonthlyAE"]
