"""A tokenizer from the files of a folder on this machine; nothing is downloaded and no foreign code runs."""

from pathlib import Path

from tokenizers import Tokenizer

from domain.errors import BadInput

WHOLE = "tokenizer.json"


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder: tokenizer.json, else what can be made of the older kinds of files.

    The older kinds (vocab.txt, vocab.json with merges.txt, *.model) need the model's config.json beside them,
    which says how they are to be read.

    Raises:
        BadInput: nothing can be made of the files.
    """
    if (folder / WHOLE).is_file():
        return Tokenizer.from_file(str(folder / WHOLE))
    # Here, because it takes seconds to load, and most folders do not need it.
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    made = getattr(loaded, "backend_tokenizer", None)
    if not isinstance(made, Tokenizer):
        raise BadInput(
            f"{folder} holds a {type(loaded).__name__}, which has no fast form.",
            hint="Save it with save_pretrained: tokenizer.json can be read.",
        )
    return made
