"""An allow-list over the syntax tree of a chat template. The template is parsed by Jinja and never compiled or run.

The list holds what templates of published chat models use; transformers renders them in a sandbox that has a few
functions of its own and the tag `generation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from sanitizer.vet.growth import excesses
from sanitizer.vet.rules import Rule
from sanitizer.vet.template import BOUNDS, ESCAPE, SYNTAX, UNKNOWN

DEEPEST_LOOP, LARGEST_NUMBER, MOST_NODES = 6, 10_000, 50_000

Doubt = tuple[Rule, str]

_NODES = (
    # Statements
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.AssignBlock),
    *(nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.ExprStmt, nodes.Break, nodes.Continue),
    # Expressions
    *(nodes.Name, nodes.NSRef, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Call, nodes.Filter, nodes.Test, nodes.CondExpr),
    *(nodes.Concat, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
)
_FUNCTIONS = frozenset("raise_exception strftime_now range namespace dict caller".split())
_FILTERS = frozenset(
    "abs capitalize count d default dictsort e escape first float groupby indent int items join last length list lower "
    "map max min reject rejectattr replace reverse round safe select selectattr sort string sum title tojson trim "
    "unique upper wordcount".split()
)
_TESTS = frozenset(
    "boolean defined divisibleby eq equalto even false filter float ge gt in integer iterable le lower lt mapping ne "
    "none number odd sameas sequence string test true undefined upper == != > >= < <=".split()
)
_METHODS = frozenset(
    "append capitalize count endswith extend find get index isalpha isdigit isspace items join keys lower lstrip pop "
    "removeprefix removesuffix replace rfind rsplit rstrip split splitlines startswith strip title update upper "
    "values".split()
)
_ESCAPES = frozenset(
    "format format_map attr mro gi_frame gi_code gi_yieldfrom cr_frame cr_code ag_frame ag_code tb_frame tb_next "
    "f_back f_builtins f_code f_globals f_locals func_code func_globals func_closure co_code im_class im_func".split()
)
_GADGETS = frozenset({"lipsum", "cycler", "joiner", "self", "caller_frame"})
_OF_SERVERS = frozenset(
    "config request url_for get_flashed_messages current_app environ os sys subprocess builtins globals locals "
    "import_module".split()
)
"""What the templates of web servers find in their surroundings, and a chat has no use for."""
_BY_ATTRIBUTE = frozenset("groupby join map max min rejectattr selectattr sort sum unique".split())
_BY_NAME = frozenset("map select reject selectattr rejectattr groupby".split())
_BUILDERS = frozenset("format join lower upper replace reverse string title capitalize strip trim".split())
_WIDE = re.compile(r"%[^%a-zA-Z]*(?:[0-9]{4,}|\*)")
_TRICK, _UNDERSCORES = re.compile(r"__[a-z]", re.IGNORECASE), re.compile(r"_+")
_STATEMENTS: Mapping[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from import",
    nodes.Extends: "extends",
    nodes.Block: "block",
}


class _Generation(Extension):
    """transformers' tag around what the assistant says."""

    tags = {"generation"}  # noqa: RUF012  as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def doubts(text: str) -> Iterator[Doubt]:
    """What is not on the list, part by part."""
    try:
        environment = Environment(extensions=["jinja2.ext.loopcontrols", _Generation])  # noqa: S701  never rendered
        tree = environment.parse(text)
        seen = list(_walk(tree, 0))
    except TemplateSyntaxError as error:
        yield SYNTAX, f"line {error.lineno}: {error.message}"
        return
    except (RecursionError, ValueError, OverflowError, MemoryError) as error:
        yield BOUNDS, f"the parser gave up ({type(error).__name__})"
        return
    if len(seen) > MOST_NODES:
        yield BOUNDS, f"{len(seen)} parts"
        return
    macros = {node.name for node, _ in seen if isinstance(node, nodes.Macro)}
    for node, loops in seen:
        yield from _doubts(node, loops, macros)
    yield from _surroundings(seen)
    yield from _built_keys(seen)
    yield from ((BOUNDS, why) for why in excesses(tree))


def _walk(node: nodes.Node, loops: int) -> Iterator[tuple[nodes.Node, int]]:
    """Every node, with the number of loops around it."""
    yield node, loops
    for child in node.iter_child_nodes():
        yield from _walk(child, loops + isinstance(node, nodes.For))


def _doubts(node: nodes.Node, loops: int, macros: set[str]) -> Iterator[Doubt]:
    match node:
        case nodes.Name():
            if node.name in _GADGETS:
                yield ESCAPE, node.name
        case nodes.Getattr():
            yield from _attribute(node.attr)
        case nodes.Getitem():
            yield from _item(node.arg)
        case nodes.Call():
            yield from _call(node, macros)
        case nodes.Filter():
            yield from _filter(node)
        case nodes.Test():
            if node.name not in _TESTS:
                yield UNKNOWN, f"test {node.name}"
        case nodes.For():
            if node.recursive or loops >= DEEPEST_LOOP:
                yield BOUNDS, "a recursive loop" if node.recursive else f"{loops + 1} loops in each other"
        case nodes.Mul() | nodes.Add() | nodes.Concat():
            yield from _joined(node)
        case nodes.Const():
            if isinstance(node.value, str) and _TRICK.search(node.value):
                yield ESCAPE, repr(node.value)
        case nodes.Pow():
            yield BOUNDS, "a power"
        case nodes.Mod(left=nodes.Const(value=str(text))) if _WIDE.search(text):
            yield BOUNDS, "a text that is filled up to a large width"
        case _ if type(node) in _STATEMENTS:
            yield ESCAPE, _STATEMENTS[type(node)]
        case _ if not isinstance(node, _NODES):
            yield UNKNOWN, type(node).__name__


def _surroundings(seen: list[tuple[nodes.Node, int]]) -> Iterator[Doubt]:
    """Names of servers, and those with an underscore, but for what the template sets itself."""
    names = [node for node, _ in seen if isinstance(node, nodes.Name)]
    own = {node.name for node in names if node.ctx != "load"}
    for node in names:
        hidden = node.name.startswith("__") or (node.name.startswith("_") and node.name not in own)
        if hidden or node.name in _OF_SERVERS - own:
            yield ESCAPE, node.name


def _built_keys(seen: list[tuple[nodes.Node, int]]) -> Iterator[Doubt]:
    """Keys by a name that was put together as a text: nobody can read which."""
    built: set[str] = set()
    for node, _ in seen:
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name) and _is_built(node.node, built):
            built.add(node.target.name)
    for node, _ in seen:
        keys = [node.arg] if isinstance(node, nodes.Getitem) else []
        if any(isinstance(key, nodes.Name) and key.name in built for key in keys):
            yield ESCAPE, "a key that is put together"


def _is_built(node: nodes.Node, built: set[str]) -> bool:
    """Whether it is a text of parts. Sums are, if one of the parts is known to be a text."""
    match node:
        case nodes.Concat():
            return True
        case nodes.Add() | nodes.Mod() | nodes.Mul():
            sides = (node.left, node.right)
            return any(
                (isinstance(side, nodes.Const) and isinstance(side.value, str))
                or (isinstance(side, nodes.Name) and side.name in built)
                or _is_built(side, built)
                for side in sides
            )
        case nodes.Filter():
            literal = node.node is not None and any(
                isinstance(part, nodes.Const | nodes.List) for part in (node.node, *node.args)
            )
            return node.name in _BUILDERS and (literal or (node.node is not None and _is_built(node.node, built)))
        case nodes.Call(node=nodes.Getattr() as method):
            return method.attr in _BUILDERS and (
                isinstance(method.node, nodes.Const) or any(isinstance(part, nodes.Const) for part in node.args)
            )
        case nodes.Getitem() | nodes.Getattr():
            return isinstance(node.node, nodes.Const)
        case _:
            return False


def _joined(node: nodes.Mul | nodes.Add | nodes.Concat) -> Iterator[Doubt]:
    values = [part.value for part in node.iter_child_nodes() if isinstance(part, nodes.Const)]
    if isinstance(node, nodes.Mul) and any(map(_large, values)):
        yield BOUNDS, "a multiplication by a large number"
    if any(isinstance(value, str) and _UNDERSCORES.fullmatch(value) for value in values):
        yield ESCAPE, "underscores that are put together"


def _attribute(name: str) -> Iterator[Doubt]:
    if name.startswith("_") or name in _ESCAPES:
        yield ESCAPE, f".{name}"


def _item(key: nodes.Node) -> Iterator[Doubt]:
    """A key that is put together from texts hides its name; names with underscores are found as constants."""
    if isinstance(key, nodes.Const) and isinstance(key.value, str):
        yield from _attribute(key.value)
    parts = [key, *key.find_all(nodes.Node)]
    built = any(isinstance(part, nodes.Concat | nodes.Mod | nodes.Add | nodes.Mul | nodes.Filter) for part in parts)
    texts = any(isinstance(part, nodes.Const) and isinstance(part.value, str) for part in parts)
    if built and texts:
        yield ESCAPE, "a key that is put together"


def _call(node: nodes.Call, macros: set[str]) -> Iterator[Doubt]:
    called = node.node
    if isinstance(called, nodes.Name):
        if called.name not in _FUNCTIONS | macros:
            yield UNKNOWN, f"function {called.name}"
        if called.name == "range" and any(
            isinstance(part, nodes.Const) and _large(part.value)
            for argument in node.args
            for part in (argument, *argument.find_all(nodes.Const))
        ):
            yield BOUNDS, "a range up to a large number"
    elif isinstance(called, nodes.Getattr):
        if called.attr not in _METHODS and called.attr not in _ESCAPES and not called.attr.startswith("_"):
            yield UNKNOWN, f"method {called.attr}"
    else:
        yield ESCAPE, "a call of something that has no name"
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        yield UNKNOWN, "arguments that are put together"


def _filter(node: nodes.Filter) -> Iterator[Doubt]:
    if node.name in _ESCAPES:
        yield ESCAPE, f"filter {node.name}"
    elif node.name not in _FILTERS:
        yield UNKNOWN, f"filter {node.name}"
    by_name = node.args[:1] if node.name in _BY_NAME else []
    by_name += [keyword.value for keyword in node.kwargs if keyword.key == "attribute"]
    if not all(isinstance(argument, nodes.Const) for argument in by_name):
        yield UNKNOWN, f"filter {node.name} by a name that is put together"
    names = [argument for argument in node.args if isinstance(argument, nodes.Const)]
    names += [keyword.value for keyword in node.kwargs if isinstance(keyword.value, nodes.Const)]
    for argument in names:
        if isinstance(argument.value, str) and node.name in _BY_ATTRIBUTE:
            yield from (found for part in argument.value.split(".") for found in _attribute(part))
        elif _large(argument.value):
            yield BOUNDS, f"filter {node.name} with a large number"


def _large(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) > LARGEST_NUMBER
