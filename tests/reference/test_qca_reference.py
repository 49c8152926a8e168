"""Set-theoretic analysis against R QCA, SetMethods and cna.

Where a record says that R itself is wrong the published definition counts, which is what ``expected`` holds.
One record asks for what has no answer in R: with no negative configuration the outcome is always there.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lean_impact.contingency.qca import (
    Cuts,
    Outcomes,
    SetTable,
    cluster_diagnostics,
    complex_formulas,
    conservative,
    enhanced,
    intermediate,
    necessary,
    parsimonious,
    propagate,
    robustness,
    theory_evaluation,
)
from lean_impact.kernels.set_fit import sufficiency

pytestmark = pytest.mark.shared

# Six digits by the README of the reference results; R rounds the measures of robustness to three.
TOLERANCE, ROUNDED = 1e-6, 1e-3
TERM = {"consistency": "inclS", "pri": "PRI", "coverage": "covS", "unique": "covU"}


@pytest.fixture(scope="session")
def records(shared_data):
    names = ("qca_minimize", "qca_necessity", "qca_esa_theory_robustness", "cna")
    found = {}
    for name in names:
        path = shared_data(f"reference/contingency/{name}.json")
        found.update({record["id"]: record for record in json.loads(path.read_text())})
    return found


def of_kind(records, kind):
    return [record for record in records.values() if record["kind"] == kind]


def sets_of(record):
    options, given = record["options"], record["input"]
    frame = pd.DataFrame(given["rows"], columns=given["columns"], index=given["cases"])
    conditions = options.get("conditions") or [c for c in frame.columns if c != options["outcome"].strip("~")]
    numbers = frame[conditions]
    several = [c for c in conditions if numbers[c].max() > 1]
    return SetTable.of(frame, outcome=options["outcome"], conditions=conditions, several=several)


def cuts_of(options):
    cut = options["incl_cut"]
    high, low = (cut[0], cut[1] if len(cut) > 1 else None) if isinstance(cut, list) else (cut, None)
    return Cuts(
        consistency=high,
        contradiction=low,
        frequency=options.get("n_cut", 1),
        pri=options.get("pri_cut", 0),
        at_half="no-row",
    )


def terms_of(model, conditions):
    return frozenset(tuple(term["conj"].get(c, -1) for c in conditions) for term in model["terms"])


def assert_models(solution, expected, conditions, what):
    by_terms = {frozenset(map(tuple, model.terms.tolist())): model for model in solution}
    wanted = {terms_of(model, conditions): model for model in expected}
    assert by_terms.keys() == wanted.keys(), what
    for key, model in wanted.items():
        found = by_terms[key]
        whole = model["solution"]
        ours = (found.consistency, found.pri, found.coverage)
        theirs = (whole["inclS"], whole["PRI"], whole["covS"])
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE, err_msg=what)
        fits = dict(zip(map(tuple, found.terms.tolist()), found.term_fits, strict=True))
        for term in model["terms"]:
            fit = fits[tuple(term["conj"].get(c, -1) for c in conditions)]
            for name, key_of_r in TERM.items():
                if term["fit"].get(key_of_r) is not None:
                    assert getattr(fit, name) == pytest.approx(term["fit"][key_of_r], abs=TOLERANCE), what


def test_truth_tables(records):
    seen = 0
    for record in of_kind(records, "qca.minimize"):
        truth = cuts_of(record["options"]).tabulate(sets_of(record))
        expected = record["expected"]["truth_table"]
        frame = truth.to_frame()
        assert frame["row"].tolist() == [row["row"] for row in expected], record["id"]
        assert frame["out"].tolist() == [row["OUT"] for row in expected], record["id"]
        assert frame["n"].tolist() == [row["n"] for row in expected], record["id"]
        for column, name in (("consistency", "incl"), ("pri", "PRI")):
            theirs = [np.nan if row[name] is None else row[name] for row in expected]
            np.testing.assert_allclose(frame[column], theirs, atol=TOLERANCE, err_msg=record["id"])
        assert [set(cases) for cases in truth.members] == [set(row["cases"]) for row in expected]
        seen += 1
    assert seen >= 57


def test_conservative_and_parsimonious_solutions_with_every_tied_model(records):
    models = 0
    for record in of_kind(records, "qca.minimize"):
        options = record["options"]
        truth = cuts_of(options).tabulate(sets_of(record))
        for name, solve in (("conservative", conservative), ("parsimonious", parsimonious)):
            expected = record["expected"][name]
            solution = solve(truth, row_dominance=options["row_dominance"])
            if "error" in expected:
                assert [str(model) for model in solution] == ["(always)"]
                continue
            assert_models(solution, expected["models"], options["conditions"], f"{record['id']} {name}")
            models += len(solution)
    assert models > 190


def test_simplifying_assumptions(records):
    for record in of_kind(records, "qca.minimize"):
        expected = record["expected"]["parsimonious"]
        if "simplifying_assumption_rows" not in expected:
            continue
        truth = cuts_of(record["options"]).tabulate(sets_of(record))
        solution = parsimonious(truth, row_dominance=record["options"]["row_dominance"])
        ours = sorted(sorted(used.tolist()) for used in solution.used)
        theirs = sorted(sorted(rows or []) for rows in expected["simplifying_assumption_rows"].values())
        assert ours == theirs, record["id"]


def test_intermediate_solutions_for_every_pair(records):
    pairs = 0
    for record in of_kind(records, "qca.minimize"):
        options = record["options"]
        if not options["dir_exp"] or "intermediate" not in record["expected"]:
            continue
        truth = cuts_of(options).tabulate(sets_of(record))
        found = intermediate(truth, expectations=options["dir_exp"], row_dominance=options["row_dominance"])
        expected = record["expected"]["intermediate"]
        if "error" in expected:
            continue
        assert len(found) == len(expected), record["id"]
        conditions = options["conditions"]
        by_pair = {(key_of(solution.origin[0]), key_of(solution.origin[1])): solution for solution in found}
        for name, pair in expected.items():
            key = (frozenset(pair["conservative_used"]), frozenset(pair["parsimonious_used"]))
            solution = by_pair[key]
            what = f"{record['id']} {name}"
            assert sorted(solution.easy.tolist()) == sorted(pair["easy_counterfactual_rows"] or []), what
            assert_models(solution, pair["models"], conditions, what)
            pairs += 1
    assert pairs > 40


def key_of(expression):
    return frozenset(expression.split(" + "))


def test_necessity_of_every_literal_and_of_joins(records):
    seen = 0
    for record in of_kind(records, "qca.necessity"):
        limits = record["options"]["superset"]
        found = necessary(
            sets_of(record),
            consistency=limits["incl_cut"],
            coverage=limits["cov_cut"],
            relevance=limits["ron_cut"],
        )
        ours = found.to_frame().set_index("expression")
        for row in record["expected"]["single"]:
            mine = ours.loc[row["expr"]].tolist()
            np.testing.assert_allclose(mine, [row["inclN"], row["RoN"], row["covN"]], atol=TOLERANCE)
        joins = found.joins.set_index("expression")
        theirs = {row["expr"]: row for row in record["expected"]["supersets"]}
        assert set(joins.index) == set(theirs), record["id"]
        for expr, row in theirs.items():
            mine = joins.loc[expr].tolist()
            np.testing.assert_allclose(mine, [row["inclN"], row["RoN"], row["covN"]], atol=TOLERANCE)
        seen += 1
    assert seen == 6


def test_sufficiency_of_expressions(records):
    record = records["suf.LF"]
    given, options = record["input"], record["options"]
    frame = pd.DataFrame(given["rows"], columns=given["columns"], index=given["cases"])
    table = SetTable.of(frame, outcome=options["outcome"])
    for row in record["expected"]:
        fit = sufficiency(table.membership(row["expr"]), table.outcome)
        ours = [float(part) for part in fit]
        np.testing.assert_allclose(ours, [row["inclS"], row["PRI"], row["covS"]], atol=TOLERANCE)


def test_enhanced_standard_analysis(records):
    seen = 0
    for record in of_kind(records, "qca.esa"):
        options, expected = record["options"], record["expected"]
        found = enhanced(
            sets_of(record),
            cuts=cuts_of(options),
            untenable=options["untenable_expression"],
            expectations=options["dir_exp"],
        )
        assert list(found.contradictory) == expected["contradictory_simplifying_assumption_rows"]
        assert list(found.simultaneous) == expected["simultaneous_subset_rows"]
        assert list(found.untenable) == expected["rows_subset_of_expression_unobserved"]
        assert_models(
            found.parsimonious, expected["enhanced_parsimonious"], options["conditions"], record["id"]
        )
        pairs = expected["enhanced_intermediate"]
        assert len(found.intermediate) == len(pairs)
        ours = {frozenset(map(tuple, m.terms.tolist())) for s in found.intermediate for m in s}
        assert ours == {terms_of(m, options["conditions"]) for pair in pairs.values() for m in pair}
        seen += 1
    assert seen == 2


@pytest.mark.parametrize("name", ["rob.LF.SURV", "rob.PAYF.HL"])
def test_robustness_of_fit_and_of_cases(records, name):
    record = records[name]
    expected, table = record["expected"], sets_of(record)
    models = [
        [str(model) for model in parsimonious(cuts_of(cuts).tabulate(table))]
        for cuts in (record["options"]["initial"], *record["options"]["tests"])
    ]
    theirs = [expected["initial_solution"], *expected["test_solutions"]]
    for ours, terms in zip(models, theirs, strict=True):
        assert frozenset(terms) in [key_of(model) for model in ours]
    initial, *tests = (" + ".join(terms) for terms in theirs)
    found = robustness(table, initial=initial, tests=tests)
    fit, core = expected["rob_fit"], {row["what"]: row["CF"] for row in expected["core_fit"]}
    pairs = (
        (found.coverage, fit["RF_cov"]),
        (found.consistency, fit["RF_cons"]),
        (found.overlap_least, fit["RF_SC_minTS"]),
        (found.overlap_most, fit["RF_SC_maxTS"]),
        (found.core_consistency, core["Cons.Suf"]),
        (found.core_coverage, core["Cov.Suf"]),
        (found.core_pri, core["PRI"]),
        (found.typical, expected["case_params"]["RCR_typ"]),
        (found.deviant, expected["case_params"]["RCR_dev"]),
    )
    for ours, wanted in pairs:
        assert ours == pytest.approx(wanted, abs=ROUNDED)


def test_cluster_diagnostics(records):
    record = records["cluster.SCHLF.EMP.nec"]
    options, given, expected = record["options"], record["input"], record["expected"]
    frame = pd.DataFrame(given["rows"], columns=given["columns"], index=given["cases"])
    found = cluster_diagnostics(
        SetTable.of(frame, outcome=options["outcome"], conditions=[options["expression"]]),
        sets=options["expression"],
        clusters=frame[options["cluster"]].astype(str).tolist(),
        units=frame[options["unit"]].astype(str).tolist(),
        necessary=options["necessity"],
    )
    assert found.pooled == pytest.approx(expected["POCOS"], abs=TOLERANCE)
    assert list(found.between.values()) == pytest.approx(expected["BECOS"], abs=TOLERANCE)
    assert list(found.within.values()) == pytest.approx(expected["WICONS"], abs=TOLERANCE)
    assert found.between_distance == pytest.approx(expected["dBP"], abs=TOLERANCE)
    assert found.within_distance == pytest.approx(expected["dWP"], abs=TOLERANCE)
    coverages = expected["Coverages"]
    assert found.pooled_coverage == pytest.approx(coverages["pooled"], abs=TOLERANCE)
    assert list(found.coverage_between.values()) == pytest.approx(coverages["between"], abs=TOLERANCE)
    assert list(found.coverage_within.values()) == pytest.approx(coverages["within"], abs=TOLERANCE)


def test_theory_evaluation(records):
    record = records["theory.LF.DEV*STB"]
    options, table = record["options"], sets_of(record)
    pairs = intermediate(cuts_of(options).tabulate(table), expectations=options["dir_exp"])
    terms = frozenset(record["expected"]["model"])
    assert terms in [key_of(str(model)) for solution in pairs for model in solution]
    found = theory_evaluation(
        table, theory=options["theory"], model=" + ".join(record["expected"]["model"])
    ).set_index("region")
    names = {"Sol.Formula": "S", "Theory": "T"}
    for row in record["expected"]["fit"]:
        region = names.get(row["expr"], row["expr"])
        if region not in found.index:
            continue
        ours = found.loc[region, ["consistency", "coverage", "pri"]].astype(float)
        np.testing.assert_allclose(ours, [row["Cons.Suf"], row["Cov.Suf"], row["PRI"]], atol=ROUNDED)


def test_irredundant_models_are_the_atomic_formulas_of_cna(records):
    seen = 0
    for record in of_kind(records, "cna"):
        given = record["input"]
        frame = pd.DataFrame(given["rows"], columns=given["columns"], index=given["cases"])
        wanted = {}
        for formula in record["expected"]["asf"]:
            left = formula["condition"].split("<->")[0]
            wanted.setdefault(formula["outcome"], set()).add(frozenset(map(plain, left.split("+"))))
        for factor in record["options"]["outcome"] or given["columns"]:
            truth = Cuts().tabulate(SetTable.of(frame, outcome=factor))
            solution = parsimonious(truth, irredundant=True)
            ours = {
                frozenset(model.expressions)
                for model in solution
                if (model.consistency, model.coverage) == (1.0, 1.0)
            }
            assert ours == wanted.get(factor, set()), (record["id"], factor)
        seen += 1
    assert seen == 3


def test_complex_formulas_are_those_of_cna(records):
    for record in of_kind(records, "cna"):
        given = record["input"]
        frame = pd.DataFrame(given["rows"], columns=given["columns"], index=given["cases"])
        found = complex_formulas(frame, outcomes=record["options"]["outcome"])
        wanted = {
            frozenset(map(atomic, formula["condition"].split("*("))) for formula in record["expected"]["csf"]
        }
        ours = {
            frozenset((part.outcome, frozenset(part.terms)) for part in formula.parts): formula.n_literals
            for formula in found.formulas
        }
        assert ours.keys() == wanted, record["id"]
        assert sorted(ours.values()) == sorted(f["complexity"] for f in record["expected"]["csf"])


def atomic(text):
    """Read an atomic formula of cna as its outcome and its terms."""
    left, outcome = text.strip("()").split("<->")
    return outcome, frozenset(map(plain, left.split("+")))


def plain(term):
    """Write a term of cna, where lower case negates, as it is written here, conditions in their order."""
    return "*".join(part if part.isupper() else f"~{part.upper()}" for part in term.split("*"))


@pytest.mark.parametrize("name", ["prop.five.tight", "prop.six.k2"])
def test_exact_propagation_of_uncertain_effects(shared_data, name):
    path = shared_data("reference/contingency/contingency.json")
    record = next(r for r in json.loads(path.read_text()) if r["id"] == name)
    given, expected = record["input"], record["expected"]
    rows = np.array(given["rows"])
    # There a success is an effect below the threshold; here more is better.
    effects, errors = -np.array(given["effect"]), np.array(given["se"])
    threshold = -given["success_if_effect_below"]
    outcomes = Outcomes.of_effects(effects, errors, threshold=threshold)
    found = propagate(rows, outcomes, conditions=given["conditions"], cases=given["trusts"])
    np.testing.assert_allclose(outcomes.chances, expected["p_success"], atol=1e-9)
    ours = {
        models(s): p for s, p in zip(found.solutions["solution"], found.solutions["probability"], strict=True)
    }
    theirs = {models(s): p for s, p in expected["solution_probability"].items()}
    for solution in ours.keys() | theirs.keys():
        assert ours.get(solution, 0.0) == pytest.approx(theirs.get(solution, 0.0), abs=1e-9)
    assert found.point == expected["point_solution"]
    assert found.contradiction == pytest.approx(expected["p_contradiction"], abs=1e-9)
    for context, wanted in expected["new_trust"].items():
        assert_predicts(found, np.array([[int(sign) for sign in context]]), wanted)
    for case, wanted in enumerate(expected["leave_one_out"]):
        others = Outcomes.of_effects(np.delete(effects, case), np.delete(errors, case), threshold=threshold)
        rest = propagate(np.delete(rows, case, axis=0), others, conditions=given["conditions"])
        fit = {key.removeprefix("p_").removeprefix("predict_"): value for key, value in wanted.items()}
        assert_predicts(rest, rows[case : case + 1], fit)


def models(solution):
    """Read tied models as sets of sets, whatever their order."""
    known = {"(outcome always present)": "(always)"}.get(solution, solution)
    return frozenset(frozenset(model.split(" + ")) for model in known.split(" | "))


def assert_predicts(found, rows, wanted):
    ours = found.predict(rows).iloc[0]
    pairs = {"success": "success", "no_success": "no_success", "disagree": "models_disagree"}
    for mine, theirs in pairs.items():
        assert ours[mine] == pytest.approx(wanted[theirs], abs=1e-9)
