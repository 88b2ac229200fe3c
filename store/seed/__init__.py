"""The demo shop: two tenants, built from a seed as rows, loaded by the owner into an empty database."""

from store.seed.build import build
from store.seed.bulk import load_empty
from store.seed.data.shops import ALL_USERS, SIGN_INS, SignIn
from store.seed.load import load
from store.seed.model import ArticleText, Batch, Extras, Size

__all__ = ["ALL_USERS", "SIGN_INS", "ArticleText", "Batch", "Extras", "SignIn", "Size", "build", "load", "load_empty"]
