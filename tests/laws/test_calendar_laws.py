"""Laws of calendars: periods follow each other, names tell them apart, distances add up; weeks like any other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.domain import Frequency, next_period, period_label
from lean_impact.domain.period import PER_YEAR, has_ended_by
from lean_impact.kernels.season import seasons_of
from lean_impact.tables.calendar import breaks_of, ends_of, periods_from, phase_of, places_of

frequencies = st.sampled_from(get_args(Frequency))
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@st.composite
def calendars(draw):
    frequency, first = draw(frequencies), draw(days)
    first = first if frequency == "week" else first.replace(day=1)
    return periods_from(first, draw(st.integers(3, 120)), frequency), frequency


@given(calendars())
def test_each_period_follows_the_one_before_it(calendar):
    periods, frequency = calendar
    for one, other in zip(periods[:-1].tolist(), periods[1:].tolist(), strict=True):
        assert next_period(one, frequency) == other
    assert breaks_of(periods, frequency).size == 0
    assert (ends_of(periods, frequency)[:-1] == periods[1:]).all()
    middle = len(periods) // 2
    assert breaks_of(np.delete(periods, middle), frequency).tolist() == [middle]


@given(calendars())
def test_every_period_has_a_name_of_its_own(calendar):
    periods, frequency = calendar
    assert len({period_label(day, frequency) for day in periods.tolist()}) == len(periods)


@given(calendars(), st.data())
def test_distances_count_periods_from_any_origin(calendar, data):
    periods, frequency = calendar
    assert places_of(periods, frequency).tolist() == list(range(len(periods)))
    origin = data.draw(st.integers(0, len(periods) - 1))
    places = places_of(periods, frequency, origin=periods[origin])
    assert places.tolist() == (np.arange(len(periods)) - origin).tolist()
    inside = periods[origin] + np.timedelta64(3, "D")
    assert places_of(np.array([inside]), frequency, origin=periods[origin]).tolist() == [0]


@given(calendars(), st.integers(0, 6))
def test_a_period_is_over_by_the_day_that_is_told(calendar, into):
    periods, frequency = calendar
    day = periods[0].item() + timedelta(days=into)
    assert periods[1].item() <= has_ended_by(day, frequency) <= periods[1].item() + timedelta(days=7)


@given(calendars())
def test_seasons_recur_every_year(calendar):
    periods, frequency = calendar
    since = phase_of(periods[0], frequency) + places_of(periods, frequency)
    seasons = seasons_of(since, per_year=PER_YEAR[frequency])
    assert seasons.min() >= 0
    assert seasons.max() < min(PER_YEAR[frequency], 12)
    months = periods.astype("datetime64[M]").astype(int) % 12
    if frequency == "month":
        assert seasons.tolist() == months.tolist()
    if frequency == "week":  # two days at most between a twelfth of the year and a month
        apart = (seasons - months) % 12
        near = (periods - periods.astype("datetime64[M]").astype("datetime64[D]")).astype(int)
        ends = (periods.astype("datetime64[M]") + 1).astype("datetime64[D]") - periods
        assert set(apart.tolist()) <= {0, 1, 11}
        assert (near[apart == 11] < 3).all()
        assert (ends[apart == 1].astype(int) <= 3).all()


@pytest.mark.parametrize("day", [date(2015, 7, 6), date(2016, 12, 28), date(2015, 1, 1)])
def test_weeks_are_named_by_the_day_they_begin_on(day):
    assert period_label(day, "week") == f"week of {day.day} {day:%b %Y}"
