"""Short texts as vectors of all-MiniLM-L6-v2, where its files are on this machine; nothing is downloaded.

Chroma's own class pads each text to 256 tokens, which takes 56 ms; without padding the same model takes 4 ms.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CACHED = Path("~/.cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx")
"""Where Chroma keeps the model once it has downloaded it."""
_FILES = ("model.onnx", "tokenizer.json")
_LONGEST = 256
"""Tokens of a text that the model reads: what it was made for."""
_SETTING = "STOREHAND_ROUTING__SENTENCES"


class SentenceModel:
    """The model in a folder, loaded when it is first asked."""

    name = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._loaded: tuple[Any, Any] | None = None

    def vectors(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return one vector of unit length for each text; one at a time, because padding costs more than calls."""
        import numpy as np

        session, tokenizer = self._model()
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, encoding in zip(rows, tokenizer.encode_batch(list(texts)), strict=True):
            ids = np.array([encoding.ids], dtype=np.int64)
            tokens = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0][0]
            mean = tokens.mean(axis=0)
            row[:] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return rows

    def _model(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                import onnxruntime
                from tokenizers import Tokenizer

                runtime: Any = onnxruntime
                options = runtime.SessionOptions()
                options.intra_op_num_threads = 1
                options.log_severity_level = 3
                session = runtime.InferenceSession(
                    str(self.folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
                )
                tokenizer: Any = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                tokenizer.enable_truncation(max_length=_LONGEST)
                tokenizer.no_padding()
                self._loaded = session, tokenizer
            return self._loaded


def find_sentences(setting: str) -> SentenceModel | None:
    """Return the model that `STOREHAND_ROUTING__SENTENCES` names: `auto`, `none`, or a folder with its ONNX files.

    Raises:
        InvalidInput: the folder lacks the files.
    """
    if setting == "none":
        return None
    folder = (CACHED if setting == "auto" else Path(setting)).expanduser()
    if all((folder / name).is_file() for name in _FILES):
        return SentenceModel(folder)
    if setting == "auto":
        return None
    raise InvalidInput(f"{folder} does not hold {' and '.join(_FILES)}", field=_SETTING)
