"""Files of fine-tuning examples with free-text answers, as research groups pass them on."""

import csv
import json

from services.curation.datasets import create_dataset
from services.modelling.examples.sets import keep_examples

SYSTEM = "Rewrite the comment so that nobody is hurt by it. Keep what it says."
KIND = ["I see that differently.", "Please look at this once more.", "That did not work for me."]


def pair(number, *, answer=None, system=SYSTEM):
    """One conversation of three messages; numbers far apart make other words."""
    words = "abcdefgh"[number % 8] * (number // 8 % 5 + 2)
    told = [{"role": "system", "content": system}] if system else []
    said = answer or f"{KIND[number % 3]} It was about {words}."
    return {"messages": [*told, {"role": "user", "content": f"what a dumb {words} that is, number {number}"},
                         {"role": "assistant", "content": said}]}  # fmt: skip


def research_csv(path, count=40, *, extra=()):
    """A table with JSON in its cells, every second cell wrapped in a list as an export script left it."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["participant", "conversation"])
        for number in range(count):
            cell = json.dumps(pair(number))
            writer.writerow([f"p{number}", f"[{json.dumps(cell)}]" if number % 2 else cell])
        for cell in extra:
            writer.writerow(["p", cell])
    return path


def kept(db, folder, count=40, **options):
    """The set that is kept of such a table, under the new dataset kids."""
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    return keep_examples(db, "kids", research_csv(folder / "study.csv", count), actor="ana", **options)
