"""A tiny BERT whose vocabulary is made on the spot, and job folders for it; no test reaches a network."""

import gc
import json
import os
import random

os.environ["HF_HUB_OFFLINE"] = "1"

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from services.jobs.opponents import opponents
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.jobs.train_encoder import train

torch.set_num_threads(1)  # for so small a model, threads that wait for each other cost more than they give

LABELS = ("allow", "=1+1 'hate' ✋", "rude")
WORDS = {
    "allow": ("lovely", "sweet", "great", "thanks"),
    LABELS[1]: ("vermin", "scum", "filth", "out"),
    "rude": ("stupid", "idiot", "silly", "dumb"),
}
FILLER = tuple(f"word{number}" for number in range(40))


def written_comment(draw, label):
    words = [*draw.choices(WORDS[label], k=3), *draw.choices(FILLER, k=draw.randrange(1, 7))]
    draw.shuffle(words)
    return " ".join(words)


def comments(count=260, *, seed=5, shares=(6, 2, 4), noise=0.0):
    """Rows in which three words tell the label; the labels come in these shares."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        label = draw.choices(LABELS, shares)[0]
        text = written_comment(draw, draw.choice(LABELS) if draw.random() < noise else label)
        rows.append((1001 + number, text, label, {8: "validation", 9: "test"}.get(number % 10, "train")))
    odd = ["", "🙂🙂", "[SEP] [PAD] scum [CLS]", "lovely " * 700, "‮drow <b>*sweet*</b> =1+1"]
    rows += [(9001 + number, text, "allow", "test") for number, text in enumerate(odd)]
    ids, texts, labels, splits = (list(column) for column in zip(*rows, strict=True))
    return pa.table(
        {"comment_id": pa.array(ids, pa.int64()), "text": texts, "label": labels, "split": splits}
    )


@pytest.fixture(scope="session", autouse=True)
def quick_collections():
    """The Trainer collects garbage at every end, which would look through all libraries each time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def opponents_once():
    """The simple models of the same comments and base are trained once, and told by every job."""
    found, really = {}, opponents._train

    def once(job, rows, validation, families):
        given = [job.spec["settings"].get(name) for name in ("base_model", "max_length")]
        key = str((given, len(families), rows.to_pydict(), validation.to_pydict()))
        if key in found:
            return found[key]
        before = len(job.folder.events())
        trained = really(job, rows, validation, families)
        if len(job.folder.events()) == before:  # nothing was left out, which every job has to tell
            found[key] = trained
        return trained

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opponents, "_train", once)
        yield


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """The folder of an untrained BERT: hidden size 32, two layers."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, set_seed

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    tokenizer.train_from_iterator(comments()["text"].to_pylist(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder = tmp_path_factory.mktemp("bases") / "tiny"
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=128, **dict(zip(names, special, strict=True))
    ).save_pretrained(folder)
    set_seed(0)
    shape = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=128,
    )  # fmt: skip
    BertModel(shape).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nTiny.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def job_maker(tiny_base):
    """Makes a job's folder for the tiny base in an empty folder: settings, and optionally the rows."""

    def make(path, rows=None, **settings):
        (path / "inputs").mkdir(parents=True)
        pq.write_table(comments() if rows is None else rows, path / "inputs" / "comments.parquet")
        given = {"base_model": str(tiny_base), "epochs": 4, "batch_size": 16, "learning_rate": 1e-2}
        spec = {
            "kind": "train_encoder", "snapshot_id": "snapshot-1", "snapshot_sha256": "f00d",
            "splits": ["validation", "test"], "settings": {**given, "precision": "fp32", **settings},
        }  # fmt: skip
        (path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return RunningJob(JobFolder(path))

    return make


@pytest.fixture(scope="session")
def unbroken(job_maker, tmp_path_factory):
    """A training with the usual settings that nothing came in the way of, done once; only to be read."""
    job = job_maker(tmp_path_factory.mktemp("unbroken") / "job-1")
    train(job)
    return job


@pytest.fixture
def new_job(job_maker, tmp_path):
    """Makes a job's folder of its own: settings, and optionally the rows."""
    return lambda name="job-1", **given: job_maker(tmp_path / name, **given)
