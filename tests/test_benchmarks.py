"""The benchmarks run, compare like with like, and say who is missing or wrong."""

import doctest
import importlib.util
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_scalar
from autograd_scalar import toposort
from benchmarks import harness, report
from benchmarks.peers import PEERS, NotInstalledError, load, ours
from benchmarks.peers.base import agree
from benchmarks.peers.slots import Slots, Value
from benchmarks.workloads import WORKLOADS, compiled, growth, promises, scaling
from benchmarks.workloads.compiled.case import Aim, Case, Contender, measure

ROOT = Path(__file__).parent.parent
BASELINES = ("plain", "slots")  # these need nothing that has to be installed


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    """Everything, in the smallest sizes, with whoever is installed."""
    directory = tmp_path_factory.mktemp("benchmarks")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", "--output", str(directory)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    return found, done.stdout, directory


def test_every_installed_peer_has_figures_in_every_workload_it_takes_part_in(tiny_run):
    found, _, _ = tiny_run
    assert list(found["workloads"]) == list(WORKLOADS)
    present = {name for name, note in found["peers"].items() if "version" in note}
    assert set(found["peers"]) == set(PEERS)
    assert present.issuperset(BASELINES)
    for name, workload in WORKLOADS.items():
        participants = found["workloads"][name]["participants"]
        assert {key.partition(",")[0] for key in participants} == present & set(workload.peers)
        assert all(min(each["seconds"]) > 0.0 for each in participants.values())
        assert participants["plain"]["times_slower_than"]["plain"]["median"] == 1.0


def test_peers_that_are_missing_are_named_with_the_reason(tiny_run):
    found, table, _ = tiny_run
    for name, note in found["peers"].items():
        assert ("version" in note) != ("not installed" in note)
        if "not installed" in note:
            assert name in table.partition("not installed:")[2].splitlines()[0]


def test_the_machine_and_our_build_are_recorded(tiny_run):
    found, _, _ = tiny_run
    assert found["machine"]["python"].endswith(sys.version.split()[0])
    assert found["machine"]["build"] == ours.build()
    assert ("version" in found["peers"]["compiled"]) == (ours.build() == "compiled")


def test_nodes_of_deep_and_wide_graphs_are_timed_and_weighed(tiny_run):
    found, _, _ = tiny_run
    for shape in scaling.SHAPES:
        costs = found["scaling"]["plain"][shape]
        assert list(costs) == ["100", "1000"]
        assert all(each["nanoseconds"]["median"] > 0.0 for each in costs.values())


def test_every_promise_is_measured_and_its_aim_stated(tiny_run):
    found, table, _ = tiny_run
    kept = found["promises"]["plain"]
    titles = [promise.title for promise in promises.PROMISES]
    assert [*kept][: len(titles)] == titles
    assert len({*titles}) == len(titles)
    assert all(each["seconds"]["median"] > 0.0 for each in kept.values())
    for promise in promises.PROMISES:
        assert (kept[promise.title]["times_as_long"] is None) == (promise.beside == "")
        assert f"| `{promise.title}` |" in table
    installed = {"python": "plain"}.get(ours.build(), ours.build())
    assert promises.IMPORT in found["promises"][installed]


@pytest.mark.parametrize(("median", "verdict"), [(2.9, "reached"), (3.1, "not reached")])
def test_a_promise_is_kept_up_to_its_limit(median, verdict):
    spread = {"median": median, "lower": median, "upper": median}
    kept = {"beside": "x + y", "at_most": 3.0, "seconds": spread, "times_as_long": spread}
    *_, row = report.promises({"compiled": {"x > 0": kept}})
    assert row.endswith(f"| 3.00 ×, {verdict} |")


def test_compiled_functions_are_timed_beside_their_peers(tiny_run):
    found, table, _ = tiny_run
    assert set(found["compiled"]) == {"versions", *compiled.PARTS}
    cases = [case for part in compiled.CASES for case in found["compiled"][f"compiled-{part}"]]
    for case in cases:
        assert f"#### {case['title']}" in table
        assert all(each["time"]["median"] > 0.0 for each in case["contenders"].values())
        assert next(iter(case["contenders"].values()))["times_as_long"]["median"] == 1.0
    making = found["compiled"]["compiled-making"]["compile(value_and_grad(f))"]
    assert all(each["recorded"] > 0 for each in making.values())


def case_of(numbers, others):
    contenders = {"ours": Contender(lambda: numbers), "theirs": Contender(lambda: others)}
    return Case("a case", "example", 2, contenders, (Aim("ours", 0.5, "theirs"), Aim("ours", 1e9)))


def test_whoever_computes_other_numbers_than_a_compiled_function_is_an_error():
    with pytest.raises(harness.DisagreementError, match="theirs computes"):
        measure(case_of((1.0, [2.0, 3.0]), (1.0, [2.0, 3.5])), rounds=1, tiny=True)


def test_an_aim_of_a_compiled_function_is_told_with_what_was_measured():
    found = measure(case_of((1.0, [2.0]), [1.0, 2.0]), rounds=2, tiny=True)
    for aim, took in zip(found["aims"], (0.4, 2e9), strict=True):
        aim["measured"] = {"median": took}
    *_, faster, slower = report.contenders(found, tiny=False)
    assert faster == "- Aim: *ours* 2.00 times as fast as *theirs*; measured: 2.50 times, reached."
    assert slower == "- Aim: *ours* at most 1.00 s an example; measured: 2.00 s, not reached."


def test_growth_is_timed_by_task_and_size(tiny_run):
    found, table, _ = tiny_run
    assert list(found["growth"]) == list(growth.TASKS)
    for task, by_size in found["growth"].items():
        assert list(by_size) == ["3", "10"]
        assert all(taken["median"] > 0.0 for taken in by_size.values())
        assert task in table


def test_growth_tells_what_is_refused_and_does_not_wait_for_ever(monkeypatch):
    def refusing(terms):
        if terms > 10:
            raise growth.RefusedError("at most 10")

    monkeypatch.setattr(growth, "TASKS", {"refusing": refusing, "slow": lambda terms: None})
    monkeypatch.setattr(growth, "ENOUGH_SECONDS", 0.0)
    found = growth.run((10, 100), 1)
    assert list(found["slow"]) == ["10"]
    monkeypatch.setattr(growth, "ENOUGH_SECONDS", 60.0)
    refused = growth.run((10, 100), 1)
    assert refused["refusing"]["100"] == {"refused": "at most 10"}
    assert "- refusing, 100: at most 10" in list(report.growth(refused))


def test_our_time_is_told_apart(tiny_run):
    found, _, _ = tiny_run
    for workload in found["breakdown"].values():
        assert {"record", "backward", "free"} < set(workload["builds"]["plain"])
        assert all(floor["median"] > 0.0 for floor in workload["floors"].values())


def test_the_printed_table_is_the_report_of_the_json_file(tiny_run):
    found, table, _ = tiny_run
    assert table.strip() == report.markdown(found).strip()
    assert all(f"### {workload.title}" in table for workload in WORKLOADS.values())


def test_there_is_a_picture_where_matplotlib_is_installed(tiny_run):
    _, _, directory = tiny_run
    assert (directory / "results.svg").exists() == (
        importlib.util.find_spec("matplotlib") is not None
    )


@pytest.mark.parametrize("name", WORKLOADS)
def test_times_are_divided_by_the_nodes_that_operations_record(name):
    workload = WORKLOADS[name]
    peer = load("compiled" if ours.build() == "compiled" else "plain")
    recorded = []

    def record(function, leaves):
        order = toposort(function(leaves))
        recorded.append(sum(v.kind == "interior" for v in order))
        return 0.0, [0.0] * len(leaves)

    peer.value_and_gradient = record
    peer.value_and_grad = lambda function: lambda x: record(function, peer.leaves(x))
    peer.hessian = lambda function: lambda x: [record(function, peer.leaves(x))[1]]
    next(iter(workload.runs(peer, workload.size).values()))()
    assert recorded == [workload.operations(workload.size)]


class Forgetful(Slots):
    """Slots, with relu's derivative forgotten below 0."""

    title = "forgetful"

    def relu(self, x):
        return Value(max(x.data, 0.0), (x,), (1.0,))


def test_a_peer_with_a_wrong_derivative_is_an_error():
    with pytest.raises(harness.DisagreementError, match="forgetful computes"):
        harness.enter(WORKLOADS["mlp"], {"slots": Forgetful()}, load("plain"), tiny=True)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((1.0, [2.0, 3.0]), True),
        ((1.0, [2.0 + 1e-10, 3.0]), True),
        ((1.0, [2.0 + 1e-8, 3.0]), False),
        ((1.0 + 1e-8, [2.0, 3.0]), False),
        ((1.0, [2.0]), False),
        ((1.0, [2.0, float("nan")]), False),
    ],
)
def test_agreement_is_to_nine_digits_of_value_and_gradient(other, same):
    assert agree((1.0, [2.0, 3.0]), other) is same


def test_a_library_that_is_missing_makes_its_peer_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "xad", None)
    monkeypatch.delitem(sys.modules, "benchmarks.peers.xad", raising=False)
    with pytest.raises(NotInstalledError, match="xad"):
        load("xad")


def participant(name, log=None, seconds=()):
    peer = Slots()
    peer.name = name
    made = harness.Participant(lambda: log.append(name), peer, "", 1, 1)
    made.seconds = dict(enumerate(seconds))
    return made


def test_rounds_take_turns_and_start_from_another_participant_each():
    log = []
    harness.compete([participant("a", log), participant("b", log)], rounds=2, tiny=True)
    warm_up, *rounds = log[:2], log[2:4], log[4:]
    assert warm_up == ["a", "b"]
    assert rounds == [["a", "b"], ["b", "a"]]


def test_ratios_are_taken_within_a_round():
    drifting = [1.0, 10.0, 100.0]  # a machine that slows down under both
    slow = participant("slow", seconds=[3.0 * each for each in drifting])
    quick = participant("quick", seconds=drifting)
    assert harness.ratio(slow, quick) == {"median": 3.0, "lower": 3.0, "upper": 3.0}


def test_spread_is_the_median_between_the_quartiles():
    rng = random.Random(1)
    samples = [rng.random() for _ in range(101)]
    spread = harness.spread(samples)
    assert spread["median"] == statistics.median(samples)
    assert sum(each < spread["lower"] for each in samples) == 25
    assert sum(each > spread["upper"] for each in samples) == 25


def test_the_plain_twin_of_a_compiled_build_is_loaded_from_the_same_sources(monkeypatch):
    monkeypatch.setattr(ours, "build", lambda: "compiled")
    twin = ours.Plain()
    x = twin.value_type(2.0)
    assert twin.value_type is not autograd_scalar.Value
    assert sys.modules[type(x).__module__].__file__.endswith("value.py")
    assert type(twin.nn.MLP(1, [1])([x])) is type(x)
    assert twin.value_and_gradient(lambda inputs: inputs[0] * inputs[0], [x]) == (4.0, [4.0])


def test_examples_in_the_report_hold():
    result = doctest.testmod(report)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_page_gets_its_figures_between_the_marks(tiny_run):
    found, _, _ = tiny_run
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    updated = report.update(page, found)
    assert updated == report.update(updated, found)
    assert updated.startswith("before\n")
    assert updated.endswith("\nafter\n")
    assert "\nold\n" not in updated
    with pytest.raises(ValueError, match=report.BEGIN):
        report.update("no marks", found)


def test_the_published_figures_are_those_of_the_published_results():
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "docs/performance/results.json").read_text(encoding="utf-8"))
    assert not found["tiny"]
    assert report.update(page, found) == page
