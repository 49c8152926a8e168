"""Laws that every section of the report must obey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from lean_impact.hooks import SectionBuilder
from lean_impact.report import Report, Section, StudyResults, render_html
from lean_impact.testing._laws import hold, named
from lean_impact.testing.check import Check

__all__ = ["section_checks"]

HOSTILE: Final = '</script><img src=x onerror="alert(1)">$\\frac$'
"""A name that does harm wherever it is put into a page or a drawing as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    build: SectionBuilder
    results: StudyResults

    def page(self, results: StudyResults) -> str:
        """Return a page with the section alone; empty if the study has nothing for it."""
        section = self.build(results)
        return render_html(Report(title="Check", sections=(section,))) if section is not None else ""


def section_checks(builder: SectionBuilder, *, results: StudyResults) -> Iterator[Check]:
    """Name the laws that a section builder must obey.

    Parameters
    ----------
    builder : SectionBuilder
        What the ``open`` of a section's entry returns.
    results : StudyResults
        Results of any study, such as ``run_study(...).results``.

    Yields
    ------
    Check
        One law after the other; run each by ``check.run()``.
    """
    yield from named(_LAWS, _Case(build=builder, results=results))


def _it_builds_a_section_or_nothing(case: _Case) -> None:
    built: object = case.build(case.results)
    right = built is None or isinstance(built, Section)
    hold(right, f"it builds a {type(built).__name__}, and neither a Section nor None")


def _the_same_results_give_the_same_page(case: _Case) -> None:
    hold(case.page(case.results) == case.page(case.results), "a second time gives another page")


def _a_study_without_optional_parts_is_no_failure(case: _Case) -> None:
    bare = replace(
        case.results,
        data_issues=(),
        charts=(),
        changes=(),
        cases=None,
        outcome=None,
        contingency=None,
        successions=(),
        blocks=case.results.blocks.iloc[:0, :0],
        answers=tuple(replace(answer, pooled=None) for answer in case.results.answers),
        failures=(),
    )
    case.page(bare)


def _names_reach_the_page_only_escaped(case: _Case) -> None:
    programme = case.results.programme
    hostile = replace(
        case.results,
        info=case.results.info.model_copy(update={"title": HOSTILE, "question": HOSTILE}),
        programme=programme.model_copy(
            update={
                "name": HOSTILE,
                "trusts": tuple(
                    trust.model_copy(update={"name": HOSTILE, "short_name": HOSTILE})
                    for trust in programme.trusts
                ),
                "events": tuple(event.model_copy(update={"what": HOSTILE}) for event in programme.events),
            }
        ),
        names=dict.fromkeys(case.results.names, HOSTILE),
        failures=(HOSTILE,),
    )
    page = case.page(hostile).lower()
    hold("<img" not in page, "a name became a picture")
    hold("<script" not in page and "</script" not in page, "a name became a script")


_LAWS: Final[tuple[Callable[[_Case], None], ...]] = (
    _it_builds_a_section_or_nothing,
    _the_same_results_give_the_same_page,
    _a_study_without_optional_parts_is_no_failure,
    _names_reach_the_page_only_escaped,
)
