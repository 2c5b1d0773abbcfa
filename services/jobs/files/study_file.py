"""study.json: what a study has found so far, and in the end; written whole, each time anew."""

import json
import shutil
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob
from services.modelling.recipes import get_recipe
from services.modelling.studies.plans import StudyPlan

STUDY_FILE = "study.json"


def write_study(job: RunningJob, plan: StudyPlan, found: dict[str, Any], *, sentence: str = "") -> None:
    """Write what is known so far; a study with a sentence has been finished."""
    told = {
        "kind": job.spec["kind"],
        "recipe": plan.recipe,
        "trains": get_recipe(plan.recipe).kind,
        "settings": plan.settings,
        "metric": plan.objective().title,
        "seed": plan.seed,
        "finished": bool(sentence),
        "sentence": sentence,
        **found,
    }
    write_whole(job.folder.path / STUDY_FILE, json.dumps(told, ensure_ascii=False, allow_nan=False))


def find_study_file(folder: Path) -> dict[str, Any] | None:
    """What the study in this job's folder has found so far; None where no step is done.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        found = json.loads((folder / STUDY_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{STUDY_FILE} of {folder.name} is damaged: {error}", hint="Start it again."
        ) from error
    return found if isinstance(found, dict) else None


def finish_study(job: RunningJob, plan: StudyPlan, found: dict[str, Any], *, sentence: str) -> None:
    """Write all of it, say the sentence, and remove what was kept for going on."""
    write_study(job, plan, found, sentence=sentence)
    job.folder.add_event("study", message=sentence)
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)
