"""The base model of a job: of the hub the very commit that the job began with."""

from dataclasses import replace
from typing import TypeVar

from domain.errors import WorkbenchError
from services.generation.settings import WriterSettings, WriteSettings
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob
from services.modelling.base_files import OTHERWISE
from services.modelling.base_models import BaseModel, find_base_model
from services.modelling.settings import EncoderSettings

_WRITES_OTHERWISE = "Choose another model that writes, or the folder of one, which needs no network."
Config = TypeVar("Config", EncoderSettings, WriterSettings, WriteSettings)


def pinned_base(job: RunningJob, config: Config, share: float) -> tuple[Config, BaseModel]:
    """The settings with the commit of their base, so that who repeats them gets the same, and the base.

    A job that goes on stays with its commit, whatever is the newest by then.

    Args:
        job: Told of the bytes that are fetched.
        config: Of the training, or of one of several with the same base.
        share: How far the job is.

    Raises:
        NotFound: there is no such folder, package, model or revision.
        BadInput: the base holds no weights as safetensors, needs code of its own, or is damaged.
        BackendError: the hub does not answer or stops sending, and the model was not fetched before.
        Cancelled: the job is to stop.
    """
    noted = job.folder.path / "work" / "base_revision"
    try:
        base = find_base_model(
            config.base_model,
            revision=noted.read_text(encoding="utf-8") if noted.exists() else config.base_revision,
            told=lambda here, whole: job.progress(
                share, f"Fetches {config.base_model}: {here / 1e6:,.0f} of {whole / 1e6:,.0f} MB."
            ),
        )
    except WorkbenchError as error:
        if not isinstance(config, EncoderSettings):
            error.hint = error.hint.replace(OTHERWISE, _WRITES_OTHERWISE)
        raise
    if base.source != "hub":
        return config, base
    noted.parent.mkdir(exist_ok=True)
    write_whole(noted, str(base.revision))
    return replace(config, base_revision=base.revision), base
