"""Laws that every contingency model must obey."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

import numpy as np

from lean_impact.contingency.evidence import without_trust
from lean_impact.contingency.protocol import ContingencyFit, ContingencyModel, Prediction
from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
from lean_impact.domain import CaseTable, Estimate, State, TrustEffect
from lean_impact.testing._laws import hold, named, refuses, same
from lean_impact.testing.check import Check

__all__ = ["scorer_checks"]

_TRUSTS: Final = ("AA1", "BB2", "CC3", "DD4", "EE5", "FF6")
_COLUMNS: Final[Mapping[str, str]] = {
    "calm": "110010",
    "ready": "1?0100",
    "rushed": "001?01",
    "same": "111111",
}
_EFFECTS: Final = (0.31, -0.12, 0.05, 0.17, -0.27, 0.02)
_ERRORS: Final = (0.05, 0.11, 0.08, 0.06, 0.09, 0.07)
_GRID: Final = (0.025, 0.25, 0.5, 0.75, 0.975)
_SEED: Final = 20_150_901


def scorer_checks(model: ContingencyModel) -> Iterator[Check]:
    """Name the laws that a contingency model must obey.

    Parameters
    ----------
    model : ContingencyModel
        The model to check, with the settings to check it with.

    Yields
    ------
    Check
        One law after the other; run each by ``check.run()``.

    Examples
    --------
    >>> from lean_impact.plugins.contingency.null import NullModel
    >>> for check in scorer_checks(NullModel()):
    ...     check.run()
    """
    yield from named(_LAWS, model)


# ------------------------------------------------------------------ a small table, and ways to change it


def _cases(columns: Mapping[str, str] = _COLUMNS, trusts: tuple[str, ...] = _TRUSTS) -> CaseTable:
    """Build the case table, or a changed one; the condition ``rushed`` hinders."""
    return synthetic_cases(columns, trusts=trusts, hindering={"rushed"})


def _effects(trusts: tuple[str, ...] = _TRUSTS, *, scale: float = 1.0) -> list[TrustEffect]:
    """Build the effects, all multiplied by one number."""
    values = {trust: scale * effect for trust, effect in zip(trusts, _EFFECTS, strict=True)}
    errors = {trust: abs(scale) * error for trust, error in zip(trusts, _ERRORS, strict=True)}
    return synthetic_effects(values, standard_errors=errors)


def _fit(
    model: ContingencyModel, cases: CaseTable | None = None, effects: list[TrustEffect] | None = None
) -> ContingencyFit:
    """Fit a model to the table, or to a changed one."""
    return model.fit(
        _cases() if cases is None else cases,
        _effects() if effects is None else effects,
        improvement="increase",
        seed=_SEED,
    )


def _context(cases: CaseTable, trust: str) -> dict[str, State]:
    """Return the context of a trust."""
    return {condition.id: cases.state(trust, condition.id) for condition in cases.conditions}


def _contexts() -> list[dict[str, State]]:
    """Return contexts to predict: those of all trusts, and one of which nothing is known."""
    cases = _cases()
    return [*(_context(cases, trust) for trust in _TRUSTS), dict.fromkeys(_COLUMNS, "unknown")]


def _numbers(prediction: Prediction) -> np.ndarray:
    """Return what a prediction says, as numbers in the unit of the effect."""
    return np.array([prediction.mean, *(prediction.quantile(p) for p in _GRID)])


# ------------------------------------------------------------------ the laws


def _the_order_of_trusts_does_not_matter(model: ContingencyModel) -> None:
    order = [3, 0, 5, 1, 4, 2]
    columns = {c: "".join(codes[i] for i in order) for c, codes in _COLUMNS.items()}
    shuffled = _cases(columns, tuple(_TRUSTS[i] for i in order))
    one, two = _fit(model), _fit(model, shuffled, _effects()[::-1])
    for context in _contexts():
        same(
            _numbers(two.predict(context)), _numbers(one.predict(context)), "another order predicts otherwise"
        )
    for trust in _TRUSTS:
        same(_score(two, trust), _score(one, trust), f"another order scores {trust} otherwise")


def _score(fit: ContingencyFit, trust: str) -> np.ndarray:
    """Return what a score says, as numbers."""
    score = fit.score(trust)
    return np.array([score.value, score.lower, score.upper, score.expected.value])


def _renaming_trusts_renames_scores(model: ContingencyModel) -> None:
    renamed = (*_TRUSTS[2:], *_TRUSTS[:2])
    one, two = _fit(model), _fit(model, _cases(trusts=renamed), _effects(renamed))
    for old, new in zip(_TRUSTS, renamed, strict=True):
        same(_score(two, new), _score(one, old), f"{old} renamed {new} scores otherwise")
    for context in _contexts():
        same(_numbers(two.predict(context)), _numbers(one.predict(context)), "other names predict otherwise")


def _predictions_are_proper_distributions(model: ContingencyModel) -> None:
    fit = _fit(model)
    for context in _contexts():
        prediction = fit.predict(context)
        quantiles = np.array([prediction.quantile(p) for p in _GRID])
        hold(bool(np.isfinite(quantiles).all() and (np.diff(quantiles) > 0).all()), "quantiles do not rise")
        back = np.array([prediction.cdf(q) for q in quantiles])
        same(back, np.array(_GRID), "the distribution function does not undo the quantiles")
        hold(0 <= prediction.outside <= 1, "the probability 'outside' is not between 0 and 1")


def _a_constant_condition_changes_no_prediction(model: ContingencyModel) -> None:
    more = {**_COLUMNS, "also-same": "000000"}
    one, two = _fit(model), _fit(model, _cases(more))
    for context in _contexts():
        wider: dict[str, State] = {**context, "also-same": "absent"}
        same(_numbers(two.predict(wider)), _numbers(one.predict(context)), "a constant changed a prediction")


def _a_condition_known_for_no_trust_changes_no_prediction(model: ContingencyModel) -> None:
    more = {**_COLUMNS, "connected": "??????"}
    one, two = _fit(model), _fit(model, _cases(more))
    for context in _contexts():
        wider: dict[str, State] = {**context, "connected": "unknown"}
        same(_numbers(two.predict(wider)), _numbers(one.predict(context)), "ignorance changed a prediction")


def _scaling_effects_scales_predictions(model: ContingencyModel) -> None:
    one = _fit(model)
    for scale in (100.0, 1e-3):
        two = _fit(model, effects=_effects(scale=scale))
        for context in _contexts():
            expected = _numbers(one.predict(context)) * scale
            same(_numbers(two.predict(context)), expected, f"effects times {scale} do not scale predictions")


def _a_measure_where_less_is_better_mirrors(model: ContingencyModel) -> None:
    one = _fit(model)
    two = model.fit(_cases(), _effects(scale=-1.0), improvement="decrease", seed=_SEED)
    for context in _contexts():
        same(_numbers(two.predict(context)), _numbers(one.predict(context)), "the mirrored measure differs")


def _the_same_seed_gives_the_same_answer(model: ContingencyModel) -> None:
    one, two = _fit(model), _fit(model)
    for context in _contexts():
        a, b = _numbers(one.predict(context)), _numbers(two.predict(context))
        hold(a.tolist() == b.tolist(), "the same seed predicts otherwise")
    hold(one.findings == two.findings, "the same seed finds otherwise")


def _the_input_is_left_untouched(model: ContingencyModel) -> None:
    cases, effects, context = _cases(), _effects(), _contexts()[0]
    fit = _fit(model, cases, effects)
    fit.predict(context)
    unchanged = cases == _cases() and effects == _effects() and context == _contexts()[0]
    hold(unchanged, "fitting or predicting changed its input")


def _scores_lie_between_their_bounds(model: ContingencyModel) -> None:
    fit = _fit(model)
    for trust in _TRUSTS:
        score = fit.score(trust)
        ordered = 0 <= score.lower <= score.value <= score.upper <= 1
        hold(ordered, f"{trust}: 0 <= {score.lower} <= {score.value} <= {score.upper} <= 1 does not hold")
        hold(set(score.contributions) <= set(_COLUMNS), f"{trust}: a contribution of no condition")


def _findings_name_trusts_and_conditions_of_the_table(model: ContingencyModel) -> None:
    for finding in _fit(model).findings:
        hold(bool(finding.statement), "a finding says nothing")
        hold(set(finding.trusts) <= set(_TRUSTS), f"a finding names a trust of no case: {finding.trusts}")
        hold(set(finding.evidence) <= set(_COLUMNS), f"a finding rests on no condition: {finding.evidence}")


def _the_design_tells_chances_that_can_be(model: ContingencyModel) -> None:
    design = _fit(model).design
    for name, value in (("chance", design.chance), ("smallest", design.smallest)):
        hold(value is None or 0 <= value <= 1, f"the design's {name} {value} is no probability")
    hold(design.explanations >= 0, "a negative number of explanations")
    if design.chance is not None and design.smallest is not None:
        hold(design.smallest <= design.chance, "a chance below the smallest that could be reached")
    one, two = design, _fit(model, effects=_effects(scale=10.0)).design
    hold(one.explanations == two.explanations, "another unit has another number of explanations")


def _tables_hold_every_trust_once(model: ContingencyModel) -> None:
    frame = _fit(model).to_frame()
    hold("trust" in frame.columns, "the table has no column 'trust'")
    hold(sorted(frame["trust"]) == sorted(_TRUSTS), "the table does not hold every trust once")


def _effects_and_cases_that_do_not_belong_together_are_refused(model: ContingencyModel) -> None:
    sure = Estimate(value=1.0, standard_error=0.0, lower=1.0, upper=1.0)
    certain = [TrustEffect(trust=trust, estimate=sure) for trust in _TRUSTS]
    for cases, effects, what in (
        (_cases(), _effects()[1:], "a missing effect"),
        (without_trust(_cases(), _TRUSTS[0]), _effects(), "an effect without a case"),
        (_cases(), certain, "effects without standard errors"),
    ):
        hold(refuses(partial(_fit, model, cases, effects)) is not None, f"{what} was accepted")


def _contexts_and_trusts_unheard_of_are_refused(model: ContingencyModel) -> None:
    fit = _fit(model)
    hold(
        refuses(lambda: fit.predict({"calm": "present"})) is not None,
        "a context with missing conditions was accepted",
    )
    hold(refuses(lambda: fit.score("ZZ9")) is not None, "a trust that was not fitted was scored")


_LAWS: Final[tuple[Callable[[ContingencyModel], None], ...]] = (
    _the_order_of_trusts_does_not_matter,
    _renaming_trusts_renames_scores,
    _predictions_are_proper_distributions,
    _a_constant_condition_changes_no_prediction,
    _a_condition_known_for_no_trust_changes_no_prediction,
    _scaling_effects_scales_predictions,
    _a_measure_where_less_is_better_mirrors,
    _the_same_seed_gives_the_same_answer,
    _the_input_is_left_untouched,
    _scores_lie_between_their_bounds,
    _findings_name_trusts_and_conditions_of_the_table,
    _the_design_tells_chances_that_can_be,
    _tables_hold_every_trust_once,
    _effects_and_cases_that_do_not_belong_together_are_refused,
    _contexts_and_trusts_unheard_of_are_refused,
)
