"""What is asked of every checkpoint of a fleet: a verb with its options, checked before anything starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sanitizer import __version__
from sanitizer.checkpoint import digest_file
from sanitizer.errors import UsageError
from sanitizer.fleet.identity import identity_of
from sanitizer.intake import today
from sanitizer.options import BY_CARD, ForensicsOptions, RunOptions, ScanOptions, VetOptions
from sanitizer.recipe import Recipe
from sanitizer.recipes import find
from sanitizer.report import Verb
from sanitizer.source import parse_model
from sanitizer.vet.policy import read_policy

Options = VetOptions | ForensicsOptions | ScanOptions | RunOptions
KINDS: Mapping[Verb, type[Options]] = {
    "vet": VetOptions,
    "forensics": ForensicsOptions,
    "scan": ScanOptions,
    "run": RunOptions,
}
OWN = ("model", "revision", "token", "output", "rebuild", "force", "resume")
"""Options that are each checkpoint's own, or change nothing about the answer."""


@dataclass(frozen=True)
class Order:
    """The options' paths are absolute and its recipe, if there is one, is apart; `options` says nothing of the model.

    `token` reaches the process that does the work through its environment, and is never written.
    """

    verb: Verb
    options: Options
    recipe: Recipe | None = None
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, verb: Verb, options: Options) -> Order:
        """Raises UsageError for options that contradict themselves or name files that are not there."""
        if type(options) is not KINDS[verb]:
            raise UsageError(f"these are no options of {verb}", hint=f"they are {type(options).__name__}")
        gate, recipe = options.gate, None
        if gate.policy is not None:
            read_policy(gate.policy)
            options = replace(options, gate=replace(gate, policy=gate.policy.absolute()))
        if isinstance(options, ScanOptions) and options.data.data is not None:
            path = Path(options.data.data).expanduser()
            if path.exists():
                options = replace(options, data=replace(options.data, data=str(path.absolute())))
        if options.base not in (None, BY_CARD):
            parse_model(options.base)
            path = Path(options.base).expanduser()
            if path.exists():
                options = replace(options, base=str(path.absolute()))
        if isinstance(options, RunOptions) and options.recipe is not None:
            recipe = options.recipe if isinstance(options.recipe, Recipe) else find(str(options.recipe))
            options = replace(options, recipe=None)
        return cls(verb, replace(options, token=None), recipe, options.token)

    def document(self) -> dict[str, Any]:
        """The verb and its options as JSON has them, without the token. `read_order` reads it back."""
        options = TypeAdapter(KINDS[self.verb]).dump_python(self.options, mode="json")
        options.pop("token")
        return {"verb": self.verb, "options": options, "recipe": self.recipe and self.recipe.to_yaml()}

    def digest(self) -> str:
        """sha256 over everything in it that decides an answer: words, the files they name, this version, and the day
        where waivers end.
        """
        document = self.document()
        options = document["options"]
        for name in OWN:
            options.pop(name, None)
        decides: dict[str, object] = {"version": __version__, **document}
        if self.options.gate.policy is not None:
            policy = read_policy(self.options.gate.policy)
            options["gate"].pop("policy")
            decides["policy"] = [policy.sha256, sum(waiver.expires >= today() for waiver in policy.waivers)]
        if isinstance(self.options, ScanOptions) and self.options.data.data is not None:
            path = Path(self.options.data.data)
            if path.is_file():
                options["data"]["data"] = digest_file(path).sha256
        if self.options.base not in (None, BY_CARD):
            options["base"] = identity_of(parse_model(self.options.base), self.token) or self.options.base
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def read_order(document: Mapping[str, Any], token: str | None) -> Order:
    """What `document` gave."""
    options = TypeAdapter(KINDS[document["verb"]]).validate_python(document["options"])
    recipe = None if document["recipe"] is None else Recipe.from_yaml(document["recipe"], name="the recipe")
    return Order(document["verb"], options, recipe, token)


def key_of(order_digest: str, identity: str | None) -> str:
    """What a finished checkpoint is known by; empty for one that cannot be told."""
    return "" if identity is None else hashlib.sha256(f"{order_digest} {identity}".encode()).hexdigest()
