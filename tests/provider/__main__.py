"""python -m tests.provider --port N --state DIR: the provider in the foreground, its clock running."""

import argparse
from pathlib import Path

from tests.provider.server import KEY, listening, prepared


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="folder that keeps the state over a restart")
    parser.add_argument("--key", default=KEY, help="the only API key that is let in")
    parser.add_argument(
        "--speed", type=float, help="virtual seconds in a real one; a job takes 70 virtual seconds"
    )
    chosen = parser.parse_args()
    provider, server = prepared(chosen.key, chosen.state)
    if chosen.speed is not None:
        provider.state.run_at(chosen.speed)
    with listening(chosen.port) as bound:
        # The caller reads this line to learn the address.
        print(f"http://127.0.0.1:{bound.getsockname()[1]}/v1", flush=True)
        server.run(sockets=[bound])


if __name__ == "__main__":
    main()
