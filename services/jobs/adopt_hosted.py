"""Follow a job that was found at a provider to its end, and keep its model.

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
from services.backends.provider import HostedJob, Provider
from services.jobs.folder import write_whole
from services.jobs.tuning import SENT_FROM, finish, follow
from services.jobs.worker import Cancelled, RunningJob, run
from services.modelling.formats.chat import prompt_sha256
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.outbound import Prices, prices_of
from services.modelling.settings import AdoptionSettings, HostedSettings, TuningSettings, read_settings


def adopt(job: RunningJob) -> None:
    """The whole adoption, top to bottom."""
    # 1. Which job, and whether its model could be asked at all.
    config = read_settings(AdoptionSettings, job.spec["settings"])
    address = read_address(job.folder.path / "inputs")
    provider = Provider(address)
    job.progress(SENT_FROM, f"Looks for {config.hosted_job}.")
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
    about = {**about_model(config, ended, prices, model), **about_job, "model": model}
    with job.new_model() as folder:
        write_whole(folder / "model.json", json.dumps(about, ensure_ascii=False, indent=2))


def about_model(config: AdoptionSettings, hosted: HostedJob, prices: Prices, model: str) -> dict[str, Any]:
    """How to ask the model; with labels as a classifier, else for free text."""
    about: dict[str, Any] = {
        "kind": KIND,
        "labels": list(config.labels),
        "score_kind": "logprob" if config.labels else "none",
        "provider": config.provider,
        "base": hosted.base,
        "system_prompt": config.system_prompt,
        "prices": prices.as_dict(),
        "shuts_on": prices.shuts_on,
        "adopted_from": hosted.id,
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
