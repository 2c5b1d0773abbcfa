"""What the provider's own tests build: comments, training lines, questions and batches."""

import json

from openai import OpenAI

RULE = 'Answer "allow" or "disallow".'
KIND, MEAN = ("lovely", "sweet", "funny", "great", "kind"), ("stupid", "ugly", "rotten", "vile", "nasty")
THINGS = ("song", "video", "haircut", "recipe", "garden", "answer", "photo", "joke")


def comments(count: int, first: int = 0) -> list[tuple[str, str]]:
    """Comments of made-up words; the adjective alone tells the label."""
    found = []
    for number in range(first, first + count):
        label = "disallow" if number % 2 else "allow"
        word = (MEAN if number % 2 else KIND)[number // 2 % 5]
        thing, other = THINGS[number % 8], THINGS[number // 7 % 8]
        found.append((f"comment {number}: what a {word} {thing}, says my {other}", label))
    return found


def chat_line(text: str, label: str) -> dict[str, object]:
    system = {"role": "system", "content": RULE}
    return {"messages": [system, {"role": "user", "content": text}, {"role": "assistant", "content": label}]}


def as_jsonl(lines: list[dict[str, object]]) -> bytes:
    return "\n".join(json.dumps(line) for line in lines).encode()


def ask(client: OpenAI, model: str, text: str, **options: object) -> str:
    messages = [{"role": "system", "content": RULE}, {"role": "user", "content": text}]
    answer = client.chat.completions.create(model=model, messages=messages, temperature=0, **options)  # type: ignore[call-overload]
    return answer.choices[0].message.content or ""


def batch_line(name: str, model: str, **body: object) -> dict[str, object]:
    body = {"model": model, "messages": [{"role": "user", "content": name}], "temperature": 0} | body
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def start_batch(client: OpenAI, lines: list[dict[str, object]]) -> str:
    file = client.files.create(file=("batch.jsonl", as_jsonl(lines)), purpose="batch")
    made = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "1"}
    )
    return made.id


def read_lines(client: OpenAI, file: str | None) -> list[dict[str, object]]:
    return [json.loads(line) for line in client.files.content(file or "").text.splitlines()]
