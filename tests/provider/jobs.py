"""/fine_tuning/jobs: create, list, retrieve, events, checkpoints, cancel, pause, resume."""

from openai.types.fine_tuning.job_create_params import JobCreateParams
from openai.types.fine_tuning.job_list_events_params import JobListEventsParams
from openai.types.fine_tuning.job_list_params import JobListParams

from tests.provider.catalogue import BY_NAME, TRAINING_ENDS, base_named
from tests.provider.faults import take
from tests.provider.limits import between, check_hyperparameters, check_metadata, no_longer_than
from tests.provider.lives import ENDED, happened, moment, settle, shown, status_of, worked_s
from tests.provider.models import checkpoint_name
from tests.provider.plans import plan
from tests.provider.queries import numbers_in
from tests.provider.state import Beat, Job, State
from tests.provider.strict import check
from tests.provider.wire import ApiError, Call, Json, Reply, page, replied


def create(state: State, call: Call) -> Reply:
    asked = call.json()
    check(JobCreateParams, asked)
    check_metadata(asked.get("metadata"))
    no_longer_than("suffix", asked.get("suffix"), 64)
    if state.today() >= TRAINING_ENDS:
        raise training_not_available()
    method, hyperparameters = _method_of(asked)
    base = _base_of(state, asked["model"], method)
    for name in ("training_file", "validation_file"):
        _check_file(state, asked, name)
    outcome = take(state.faults, ("flagged_file", "blocked_model", "failed_job"), call.method, call.path)
    job = Job(state.new_id("ftjob-"), state.now(), asked, base, [], {"method": method}, [])
    plan(state, job, hyperparameters, outcome.kind if outcome else "")
    state.jobs[job.id] = job
    return replied(shown(state, job))


def training_not_available() -> ApiError:
    message = "Fine-tuning is no longer available for your organization: new training jobs cannot be created."
    return ApiError(message, status=403, code="training_not_available")


def _method_of(asked: Json) -> tuple[str, Json]:
    method = asked.get("method")
    if method is None:
        hyperparameters = asked.get("hyperparameters", {})
        check_hyperparameters(hyperparameters, "hyperparameters")
        return "supervised", hyperparameters
    if "hyperparameters" in asked:
        raise ApiError("Cannot specify both 'hyperparameters' and 'method'.", param="hyperparameters")
    name = method["type"]
    others = {"supervised", "dpo", "reinforcement"} - {name}
    for other in others & set(method):
        raise ApiError(f"Unexpected 'method.{other}' for a job of type '{name}'.", param=f"method.{other}")
    hyperparameters = method.get(name, {}).get("hyperparameters", {})
    check_hyperparameters(hyperparameters, f"method.{name}.hyperparameters")
    return name, hyperparameters


def _base_of(state: State, model: str, method: str) -> str:
    """The id of the base that is trained further; a fine-tuned model stands for its own base."""
    known = BY_NAME.get(state.trained[model].base if model in state.trained else model)
    if known is None or not known.methods:
        message = f"Model {model} is not available for fine-tuning or does not exist."
        raise ApiError(message, param="model", code="model_not_available")
    base_named(known.id, state.today())
    if method not in known.methods:
        message = f"Fine-tuning method '{method}' is not supported for model {model}."
        raise ApiError(message, param="method", code="unsupported_value")
    return known.id


def _check_file(state: State, asked: Json, name: str) -> None:
    if asked.get(name) is None:
        return
    file = state.files.get(asked[name])
    if file is None:
        raise ApiError(f"invalid {name}: {asked[name]}", param=name)
    if file.purpose != "fine-tune":
        message = f"Invalid file purpose: '{file.purpose}'. Expected a file with purpose 'fine-tune'."
        raise ApiError(message, param=name, code="invalid_file_purpose")


def _job(state: State, call: Call) -> Job:
    name = call.params["job_id"]
    if name not in state.jobs:
        message = f"Could not find fine tune: {name}"
        raise ApiError(message, status=404, param="fine_tune_id", code="fine_tune_not_found")
    return state.jobs[name]


def retrieve(state: State, call: Call) -> Reply:
    return replied(shown(state, _job(state, call)))


def list_jobs(state: State, call: Call) -> Reply:
    query = numbers_in(call, ("after", "limit", "metadata"))
    check(JobListParams, {key: value for key, value in query.items() if key != "metadata"})
    limit = query.get("limit", 20)
    between("limit", limit, 1, 100)
    wanted = {key[9:-1]: value for key, value in call.query if key.startswith("metadata[")}
    jobs = list(reversed(state.jobs.values()))
    if query.get("metadata") == "null":
        jobs = [job for job in jobs if job.asked.get("metadata") is None]
    jobs = [job for job in jobs if wanted.items() <= (job.asked.get("metadata") or {}).items()]
    return replied(page([shown(state, job) for job in jobs], query.get("after"), limit))


def events(state: State, call: Call) -> Reply:
    """Newest first, as they have happened by now."""
    job = _job(state, call)
    found = []
    for place, beat in enumerate(happened(state, job)):
        about: Json = {"id": f"ftevent-{job.id[6:18]}{place:05}", "object": "fine_tuning.job.event"}
        about |= {"created_at": moment(job, beat), "level": beat.level, "message": beat.message}
        found.append(about | {"type": beat.type, "data": beat.data})
    return replied(_short_page(call, found[::-1], 20))


def checkpoints(state: State, call: Call) -> Reply:
    job = _job(state, call)
    found = []
    for beat in happened(state, job):
        if beat.checkpoint is not None:
            step = beat.checkpoint["step"]
            about: Json = {"id": f"ftckpt_{job.id[6:18]}{step}", "object": "fine_tuning.job.checkpoint"}
            about |= {
                "created_at": moment(job, beat),
                "fine_tuned_model_checkpoint": checkpoint_name(job, beat),
            }
            found.append(
                about | {"fine_tuning_job_id": job.id, "metrics": beat.checkpoint, "step_number": step}
            )
    return replied(_short_page(call, found[::-1], 10))


def _short_page(call: Call, items: list[Json], limit: int) -> Json:
    query = numbers_in(call, ("after", "limit"))
    check(JobListEventsParams, query)
    between("limit", query.get("limit"), 1, 100)
    return page(items, query.get("after"), query.get("limit", limit))


def cancel(state: State, call: Call) -> Reply:
    job = _job(state, call)
    if status_of(state, job) in ENDED:
        raise ApiError(f"Job has already completed: {job.id}", code="job_already_completed")
    _go_on(state, job)
    worked = worked_s(state, job)
    job.beats = [*happened(state, job), Beat(worked, "The job was cancelled by user", "cancelled")]
    settle(state)
    return replied(shown(state, job))


def pause(state: State, call: Call) -> Reply:
    job = _job(state, call)
    if status_of(state, job) != "running":
        raise ApiError(f"Job is not running: {job.id}", code="job_not_running")
    job.paused_at = state.now()
    return replied(shown(state, job))


def resume(state: State, call: Call) -> Reply:
    job = _job(state, call)
    if job.paused_at is None:
        raise ApiError(f"Job is not paused: {job.id}", code="job_not_paused")
    _go_on(state, job)
    return replied(shown(state, job))


def _go_on(state: State, job: Job) -> None:
    if job.paused_at is not None:
        worked = worked_s(state, job)
        job.pauses.append((worked, state.now() - job.paused_at))
        job.paused_at = None
