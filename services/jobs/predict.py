"""Ask a model about the comments of a snapshot.

    python -m services.jobs.predict FOLDER

FOLDER holds spec.json, inputs/comments.parquet and inputs/model/. The script leaves predictions.parquet and
events.jsonl there, and touches nothing else.
"""

import shutil
import sys

from domain.errors import BadInput
from services.backends.registry import load_classifier
from services.jobs.answers import write_answers
from services.jobs.worker import RunningJob, run


def predict(job: RunningJob) -> None:
    """The whole prediction, top to bottom."""
    splits = job.spec["splits"]
    comments = job.comments(splits)
    if comments.num_rows == 0:
        raise BadInput(
            f"Snapshot {job.spec['snapshot_id']} has no comment in {', '.join(splits)}.",
            hint="Choose another split, or take a snapshot with more comments.",
        )
    job.progress(0.0, "Loads the model.")
    classifier = load_classifier(job.folder.path / "inputs" / "model")
    write_answers(job, classifier, comments)
    shutil.rmtree(
        job.folder.path / "work", ignore_errors=True
    )  # answers paid for one by one, now all written


if __name__ == "__main__":
    sys.exit(run(predict))
