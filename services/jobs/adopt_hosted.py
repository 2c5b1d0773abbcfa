"""Follow a job that was found at a provider to its end, and keep its model; or keep a model by its id.

    python -m services.jobs.adopt_hosted FOLDER

FOLDER holds spec.json and inputs/provider.json. The key is read from the environment variable that
provider.json names. Nothing is sent. The script leaves model/, events.jsonl and metrics.jsonl there. Whoever
stops it stops the following alone: the job was not made here, and goes on there.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from services.backends.openai_chat import KIND, read_address
from services.backends.provider import Provider
from services.jobs.hosted.tuning import SENT_FROM, finish, follow
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import Cancelled, RunningJob, run
from services.modelling.formats.chat import prompt_sha256
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.outbound import Prices, prices_of
from services.modelling.settings import TUNED, AdoptionSettings, HostedSettings, TuningSettings, read_settings


def adopt(job: RunningJob) -> None:
    """The whole adoption, top to bottom."""
    # 1. Which job, and whether its model could be asked at all.
    config = read_settings(AdoptionSettings, job.spec["settings"])
    address = read_address(job.folder.path / "inputs")
    provider = Provider(address)
    job.progress(SENT_FROM, f"Looks for {config.hosted_job}.")
    if config.is_model:
        keep_model(job, provider, config, charges=address.charges)
        return
    hosted = provider.get_job(config.hosted_job)
    job.folder.add_event("provider", message=f"Follows {hosted.id}.", hosted_job=hosted.id)
    prices = prices_of(hosted.base, hosted_models(job.folder.path.parent.parent), charges=address.charges)

    # 2. It goes on there, or has ended long ago.
    try:
        ended = follow(job, provider, config.poll_s, hosted)
    except Cancelled:
        job.folder.add_event("provider", message=f"{hosted.id} goes on at the provider.")
        raise
    model, about_job = finish(job, provider, ended)

    # 3. What is kept of the model: how to ask it, in the words that it was trained with.
    write_model(job, {**about_model(config, ended.base, prices, model), **about_job})


def keep_model(job: RunningJob, provider: Provider, config: AdoptionSettings, *, charges: bool) -> None:
    """Keep a model that was tuned earlier; of its training nothing is known."""
    model = config.hosted_job
    provider.check_model(model)
    job.folder.add_event("provider", message=f"{model} is there.")
    prices = prices_of(model, hosted_models(job.folder.path.parent.parent), charges=charges)
    write_model(job, about_model(config, model.removeprefix(TUNED).split(":")[0], prices, model))


def write_model(job: RunningJob, about: dict[str, Any]) -> None:
    """Leave what is known of the model."""
    with job.new_model() as folder:
        write_whole(folder / "model.json", json.dumps(about, ensure_ascii=False, indent=2))


def about_model(config: AdoptionSettings, base: str, prices: Prices, model: str) -> dict[str, Any]:
    """How to ask the model; with labels as a classifier, else for free text."""
    about: dict[str, Any] = {
        "kind": KIND,
        "labels": list(config.labels),
        "score_kind": "logprob" if config.labels else "none",
        "provider": config.provider,
        "model": model,
        "base": base,
        "system_prompt": config.system_prompt,
        "prices": prices.as_dict(),
        "shuts_on": prices.shuts_on,
        "adopted_from": config.hosted_job,
        "settings": asdict(TuningSettings(provider=config.provider, model=model)),
    }
    if config.labels:
        asked_so = HostedSettings(
            provider=config.provider, model=model, system_prompt=config.system_prompt, structured="off"
        )
        about["prompt_sha256"] = prompt_sha256(str(config.system_prompt))
        about["settings"] = asdict(asked_so)
    return about


if __name__ == "__main__":
    sys.exit(run(adopt, waits=False))
