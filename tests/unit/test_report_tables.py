import numpy as np

from services.generation.report_tables import models_table, steps_table, systems_table
from services.generation.table import System, report_of
from services.telling.generation import report_told

N = 20


def report_on(**scores):
    """A report on models whose texts all have that politeness; the sources are at 0.9."""
    systems = [
        System(name, "model", ("so",) * N, {"style": np.full(N, polite), "toxicity": np.full(N, 1 - polite)})
        for name, polite in scores.items()
    ]
    return report_of(
        "detoxify", ["bad"] * N, [["so"]] * N, systems, signatures={}, source_toxicity=np.full(N, 0.9)
    )


def test_base_tuned_and_detoxified_stand_in_one_table_with_points_and_relative_change():
    report = report_on(base=0.2, tuned=0.4, detoxified=0.8)
    table = models_table(report)
    assert table.head == ("", "base", "tuned", "detoxified", "points", "relative", "there is")
    rows = {row[0]: row[1:] for row in table.rows}
    assert [one[:5] for one in rows["polite"][:3]] == ["0.200", "0.400", "0.800"]
    assert rows["polite"][3:5] == ("+0.600 (+0.600 to +0.600)", "+300.0%")  # of the last against the first
    assert (rows["toxicity, mean"][4], rows["toxicity, mean"][5]) == ("-75.0%", "less, p = 0.0002")
    assert rows["· 0.5 and above"][:3] == ("100.0%", "100.0%", "0.0%")
    steps = steps_table(report)
    assert [(row[0], row[5]) for row in steps.rows if row[1] == "polite"] == [
        ("base → tuned", "+100.0%"), ("tuned → detoxified", "+100.0%"),
    ]  # fmt: skip
    assert systems_table(report).rows[0][0] == "base"
    lines = report_told(report).splitlines()
    told = lines[lines.index("From base to detoxified:") :]
    assert "  toxicity: 0.800 → 0.200, in points -0.600 (-0.600 to -0.600), relative -75.0%, less" in told[2]


def test_one_model_alone_has_numbers_and_no_change():
    report = report_on(base=0.2)
    assert models_table(report).head == ("", "base")
    assert steps_table(report) is None
