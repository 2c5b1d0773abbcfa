"""Ask a model about the comments of a snapshot.

    python -m services.jobs.predict FOLDER

FOLDER holds spec.json, inputs/comments.parquet, inputs/model/ and, where an earlier prediction made them,
inputs/onnx/. The script leaves predictions.parquet, events.jsonl and what it used of onnx/ there, and touches
nothing else.
"""

import random
import shutil
import sys

import pyarrow as pa

from domain.errors import BadInput
from domain.models import Engine
from services.backends.protocol import Classifier
from services.backends.registry import load_classifier
from services.jobs.files.answers import write_answers
from services.jobs.files.kept_onnx import FOLDER, compared_before, keep_comparison, leave_kept, link_kept
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob, run

CHECKED = 256  # comments on which an ONNX copy is compared with the model before it is asked


def predict(job: RunningJob) -> None:
    """The whole prediction, top to bottom."""
    splits = job.spec["splits"]
    comments = job.comments(splits)
    if comments.num_rows == 0:
        raise BadInput(
            f"Snapshot {job.spec['snapshot_id']} has no comment in {', '.join(splits)}.",
            hint="Choose another split, or take a snapshot with more comments.",
        )
    classifier = load_model(job, comments)
    write_answers(job, classifier, comments, keeps_chunks=works_here(job.folder))
    clear_work(job)


def load_model(job: RunningJob, comments: pa.Table) -> Classifier:
    """The model that the job was given, in the engine that it was told.

    Args:
        job: The job.
        comments: Some of those to be asked about, at least one, by which an engine is checked.
    """
    job.progress(0.0, "Loads the model.")
    engine = job.spec["settings"].get("engine", "torch")
    if engine == "torch":
        return load_classifier(job.folder.path / "inputs" / "model")
    return load_onnx(job, engine, comments)


def clear_work(job: RunningJob) -> None:
    """Leave the ONNX files for the next prediction; the rest of work/ was for a restart."""
    leave_kept(job.folder.path / "work" / FOLDER, job.folder.path / FOLDER)
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)


def load_onnx(job: RunningJob, engine: Engine, comments: pa.Table) -> Classifier:
    """The model in onnxruntime, once some comments have shown that its files answer as torch does.

    Files that an earlier prediction made and compared are used again; the others are made here.
    """
    from services.backends import onnx_encoder  # loads torch, which most models need not

    folder, files = job.folder.path / "inputs" / "model", job.folder.path / "work" / FOLDER
    link_kept(job.folder.path / "inputs" / FOLDER, files)
    job.progress(0.0, "Writes the model as ONNX, where that was not done before.")
    onnx_encoder.complete(folder, files, engine)
    told = compared_before(files, engine)
    if told is None:
        places = random.Random(0).sample(range(comments.num_rows), min(CHECKED, comments.num_rows))
        found = onnx_encoder.check(folder, files, comments["text"].take(places).to_pylist())
        keep_comparison(files, found)
        told = str(found)
    else:
        told = f"Its files were made and compared by an earlier prediction. {told}"
    job.folder.add_event("engine", message=f"Answers come from {engine}. {told}")
    return onnx_encoder.load(folder, files, engine)


def works_here(folder: JobFolder) -> bool:
    """Whether the model answers on this machine, which one job at a time uses; a provider has its own."""
    return not (folder.path / "inputs" / "provider.json").exists()


if __name__ == "__main__":
    sys.exit(run(predict, waits=works_here))
