"""A model that writes: an encoder-decoder such as Flan-T5, or a decoder alone."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.utils import logging

from domain.errors import BadInput
from services.backends.huggingface import FILES, out_of_memory_named, precision_here
from services.backends.registry import read_about

KIND = "writer"
_AT_ONCE = 32

logging.disable_progress_bar()


class Writer:
    """A model with its tokenizer, asked for texts."""

    def __init__(
        self, model: Any, tokenizer: Any, *, max_source: int, max_target: int, precision: str = "fp32"
    ) -> None:
        """Put a writer together.

        Args:
            model: For sequence-to-sequence or for causal language modelling.
            tokenizer: Its tokenizer.
            max_source: Longer prompts are cut to so many tokens: an encoder's at the end, a decoder's at the
                beginning, where the question would go last.
            max_target: Tokens that an answer may have.
            precision: "fp32", "bf16", or "auto" for bf16 where this machine computes it in hardware.
        """
        self.has_encoder = bool(model.config.is_encoder_decoder)
        self.max_source, self.max_target = max_source, max_target
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        number = torch.bfloat16 if precision_here(precision) == "bf16" else torch.float32
        self.model = model.to(self.device, number)
        self.tokenizer = tokenizer
        if tokenizer.pad_token is None:  # GPT-2 and its relatives have none
            tokenizer.pad_token = tokenizer.eos_token
        if not self.has_encoder:
            tokenizer.padding_side = tokenizer.truncation_side = "left"

    def write(
        self,
        prompts: Sequence[str],
        *,
        samples: int = 1,
        temperature: float = 0.0,
        seed: int = 0,
        told: Callable[[int], None] = lambda _done: None,
    ) -> list[list[str]]:
        """So many answers to each prompt, in their order.

        Args:
            prompts: As `prompts.asked` makes them.
            samples: Answers per prompt; more than one wants a temperature.
            temperature: 0 takes the likeliest word every time.
            seed: The same seed gives the same samples on the same machine.
            told: Told how many prompts are answered, after each batch; may raise to stop.

        Raises:
            BackendError: the memory does not suffice.
        """
        was_training = self.model.training
        self.model.eval()
        found: list[list[str]] = []
        with torch.random.fork_rng():  # a training that is looked at goes on with its own random numbers
            torch.manual_seed(seed)
            for first in range(0, len(prompts), _AT_ONCE):
                batch = self.batch_of(prompts[first : first + _AT_ONCE])
                with out_of_memory_named("Lower max_target."), torch.inference_mode():
                    ids = self.model.generate(**batch, **self.ways(samples=samples, temperature=temperature))
                texts = self.texts_of(ids, batch)
                found += [texts[place : place + samples] for place in range(0, len(texts), samples)]
                told(len(found))
        self.model.train(was_training)
        return found

    def ways(self, *, samples: int, temperature: float) -> dict[str, Any]:
        """How `generate` is to choose its words: from the whole distribution, at this temperature."""
        chance = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        return {
            "max_new_tokens": self.max_target,
            "num_return_sequences": samples,
            "num_beams": 1,
            "pad_token_id": self.tokenizer.pad_token_id,
            **(chance if temperature > 0 else {"do_sample": False}),
        }

    def batch_of(self, prompts: Sequence[str]) -> Any:
        """The prompts as tokens, padded."""
        batch = self.tokenizer(
            list(prompts), truncation=True, max_length=self.max_source, padding=True, return_tensors="pt"
        )
        return {name: batch[name].to(self.device) for name in ("input_ids", "attention_mask")}

    def reads_whole(self, prompt: str) -> bool:
        """Whether nothing of the prompt is cut."""
        return len(self.tokenizer(prompt)["input_ids"]) <= self.max_source

    def texts_of(self, ids: Any, batch: Any) -> list[str]:
        """What was generated, without the prompt that a decoder repeats."""
        written = ids if self.has_encoder else ids[:, batch["input_ids"].shape[1] :]
        return [text.strip() for text in self.tokenizer.batch_decode(written, skip_special_tokens=True)]

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write the model into an existing folder; `about` says where it comes from."""
        self.model.save_pretrained(folder / FILES)
        self.tokenizer.save_pretrained(folder / FILES)
        described = {
            "kind": KIND,
            "labels": [],
            "score_kind": "none",
            "has_encoder": self.has_encoder,
            "max_source": self.max_source,
            "max_target": self.max_target,
            **about,
        }
        (folder / "model.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")


def open_writer(
    folder: Path, *, name: str, max_source: int, max_target: int, precision: str = "fp32"
) -> Writer:
    """The model whose files lie in the folder, of either kind.

    Raises:
        BadInput: a file is missing or damaged, or the model cannot write.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model, read = kind.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise BadInput(
            f"{name} cannot write: {error}",
            hint="Choose an encoder-decoder such as google/flan-t5-base, or a decoder such as "
            "HuggingFaceTB/SmolLM2-135M.",
        ) from error
    if read["missing_keys"]:  # the library fills them with random numbers
        raise BadInput(
            f"{name} cannot write: {len(read['missing_keys'])} of its weights are missing, such as "
            f"{sorted(read['missing_keys'])[0]}.",
            hint="It is no model that writes, or its files are damaged. Try google/flan-t5-base.",
        )
    return Writer(model, tokenizer, max_source=max_source, max_target=max_target, precision=precision)


def load_writer(
    folder: Path, *, max_source: int | None = None, max_target: int | None = None
) -> tuple[Writer, dict[str, Any]]:
    """The writer in a model's folder, and what model.json says of it: its limits too, where none are given.

    Raises:
        BadInput: a file is missing or damaged, or the model is none that writes.
    """
    about = read_about(folder)
    if about["kind"] != KIND:
        raise BadInput(
            f"The model is of the kind {about['kind']!r} and does not write.", hint="Choose one that does."
        )
    writer = open_writer(
        folder / FILES,
        name="The model",
        max_source=max_source or about["max_source"],
        max_target=max_target or about["max_target"],
    )
    return writer, about


def parameters_of(model: Any) -> dict[str, int]:
    """How many numbers a model has, and how many of them are trained."""
    every = list(model.parameters())
    return {
        "parameters": sum(one.numel() for one in every),
        "trained": sum(one.numel() for one in every if one.requires_grad),
    }
