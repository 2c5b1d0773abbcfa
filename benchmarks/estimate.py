"""estimate: what ten tried steps said of a training, against the training."""

import json
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.train import SETTINGS, run_job, sample_job
from benchmarks.workshop import Workshop
from services.jobs.process.folder import Facts, JobFolder
from services.modelling.estimates import Estimate, estimated

_TIMES_OFF = 1.5
_MEMORY_TIMES_OFF = 1.3


def figures(shop: Workshop) -> Iterator[Figure]:
    """How far the estimate was off, in time and in memory, as a factor of at least 1."""
    found = _estimate(sample_job(shop.folder / "probe", SETTINGS))
    job = sample_job(shop.folder / "estimated", SETTINGS)
    run_job(job)
    end: Facts = job.events()[-1]
    for what, said, was, limit in (
        ("seconds", found.seconds, end["seconds"], _TIMES_OFF),
        ("memory", found.memory_mb, end["peak_mb"], _MEMORY_TIMES_OFF),
    ):
        yield Figure(
            f"estimate of a training: {what}, off by", max(said / was, was / said), "x", limit=limit,
            aim=f"within {limit:g} times",
            parts=f"said {said:,.0f}, was {was:,.0f}, ratio {was / said:.2f}",
        )  # fmt: skip


def _estimate(probe: JobFolder) -> Estimate:
    run_job(probe, "probe_encoder")
    return estimated(json.loads((probe.path / "probe.json").read_text()), SETTINGS, free=0)
