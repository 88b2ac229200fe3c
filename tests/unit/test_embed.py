"""Local vectors are stable and put similar texts together."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.errors import InvalidInput, ModelFailed
from core.settings import Embedding, Settings
from memory.embed import HashEmbedder, OpenAIEmbedder, build_embedder
from memory.hashing import stem, vector
from memory.splitting import split

ROOT = Path(__file__).parents[2]


def cosine(left: str, right: str) -> float:
    return sum(a * b for a, b in zip(vector(left, 512), vector(right, 512), strict=True))


@pytest.mark.parametrize(
    "words",
    [
        "return returns returned returning",
        "ship shipped shipping shipments",
        "cancel cancelled canceling cancellation",
        "delivery deliveries",
    ],
)
def test_inflections_share_a_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


def test_an_inflected_question_is_nearer_to_its_article_than_to_another() -> None:
    returns = "Returns. You can return most items within 30 days of delivery and we refund the original payment method."
    shipping = "Shipping. Standard delivery takes 3 to 5 business days; express arrives the next working day."
    question = "how do I get refunded for returning shoes?"
    assert cosine(question, returns) > 2 * abs(cosine(question, shipping))


def test_a_typing_error_stays_close() -> None:
    assert cosine("warranty", "warrantty") > 0.1 > abs(cosine("warranty", "delivery"))


@given(st.text(max_size=200))
def test_every_vector_has_unit_length_or_is_zero(text: str) -> None:
    values = vector(text, 512)
    assert len(values) == 512
    assert math.isclose(math.hypot(*values), 1, rel_tol=1e-9) or not any(values)


def test_another_process_computes_the_same_vector() -> None:
    script = "from memory.hashing import vector; print(vector('Return a damaged headset', 512))"
    command = [sys.executable, "-c", script]
    outputs = {
        subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{vector('Return a damaged headset', 512)}\n"}


async def test_the_hashing_embedder_answers_in_order() -> None:
    embedder = HashEmbedder()
    assert await embedder.embed(["one", "two"]) == [vector("one", 512), vector("two", 512)]


def test_settings_choose_the_embedder() -> None:
    def built(model: str) -> tuple[str, int]:
        embedder = build_embedder(Settings(embedding=Embedding(model=model), openai_api_key=SecretStr("k")), None)
        return embedder.name, embedder.dimensions

    assert built("hash") == built("auto") == ("hash-v1", 512)
    assert built("openai:text-embedding-3-small") == ("openai-text-embedding-3-small", 1536)
    assert built("openai:nomic-embed-text@768") == ("openai-nomic-embed-text", 768)


@pytest.mark.parametrize("model", ["", "local", "openai", "openai:", "openai:unknown", "openai:x@y", "cohere:x"])
def test_a_wrong_embedding_setting_names_itself(model: str) -> None:
    with pytest.raises(InvalidInput, match="STOREHAND_EMBEDDING__MODEL"):
        build_embedder(Settings(embedding=Embedding(model=model)), None)


class Provider(BaseHTTPRequestHandler):
    """A provider whose vectors have two numbers: the length of the text, and 1."""

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        data = [{"object": "embedding", "index": n, "embedding": [float(len(text)), 1.0]} for n, text in enumerate(texts)]
        body = json.dumps({"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class calls it so
        """Stay quiet."""


@pytest.fixture
def provider_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


async def test_the_openai_embedder_asks_any_base_url_without_a_key(provider_url: str) -> None:
    embedder = OpenAIEmbedder("m", dimensions=2, base_url=provider_url)
    assert await embedder.embed(["one", "three"]) == [[3.0, 1.0], [5.0, 1.0]]


async def test_vectors_of_a_wrong_length_are_refused(provider_url: str) -> None:
    with pytest.raises(ModelFailed, match="3 numbers"):
        await OpenAIEmbedder("m", dimensions=3, base_url=provider_url).embed(["one"])


async def test_an_unreachable_provider_is_a_failed_model() -> None:
    with pytest.raises(ModelFailed):
        await OpenAIEmbedder("m", dimensions=3, base_url="http://127.0.0.1:1/v1").embed(["one"])


def test_a_page_is_split_by_headings() -> None:
    body = "Intro.\n\n## Returns\n\nWithin 30 days.\n\n```\n# not a heading\n```\n\n## Refunds ##\nAt once."
    assert [(piece.section, piece.heading, piece.text) for piece in split("Help", body)] == [
        (0, "", "Intro."),
        (1, "Returns", "Within 30 days.\n\n```\n# not a heading\n```"),
        (2, "Refunds", "At once."),
    ]


def test_a_table_stays_whole_and_a_long_one_keeps_its_head() -> None:
    head, row = "| size | chest |\n| --- | --- |", "| {n} | {n}0 cm |"
    table = "\n".join([head, *(row.format(n=n) for n in range(60))])
    [whole] = split("Sizes", table)
    assert whole.text == table
    parts = split("Sizes", "\n".join([head, *(row.format(n=n) for n in range(600))]))
    assert len(parts) > 2
    assert all(part.text.startswith(head) for part in parts)
    assert sum(part.text.count(" cm |") for part in parts) == 600


@given(st.lists(st.text(alphabet="ab .\n", max_size=900), max_size=5))
def test_no_piece_is_long_and_no_word_is_lost(paragraphs: list[str]) -> None:
    body = "\n\n".join(paragraphs)
    pieces = split("Help", body)
    assert all(0 < len(piece.text) <= 802 for piece in pieces)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(body.split())
    assert [piece.section for piece in pieces] == sorted(piece.section for piece in pieces)
