"""How much work a chat template can make of nothing: loops over ranges, macros that call macros, texts that double.

Loops over what a user sends are bounded by what is sent; these are not. All of it is told from the syntax tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from jinja2 import nodes

MOST_STEPS = 1_000_000
"""Times that one part may be rendered by loops over literal ranges and by macros."""
MOST_DOUBLINGS = 10
_CHANGES = frozenset({"append", "extend", "insert", "update"})
_MEASURES = frozenset("length count int float abs round index find rfind startswith endswith isdigit isalpha".split())


def excesses(tree: nodes.Template) -> Iterator[str]:
    """What can take very long or very much memory, in words."""
    sizes = _constants(tree)
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    if any(_steps(call, sizes) > MOST_STEPS for call in tree.find_all(nodes.Call) if _is_range(call)):
        yield "a range up to a large number"
    endless = [name for name, macro in macros.items() if _endless(macro, macros)]
    if endless:
        yield f"the macro {endless[0]} calls itself on no smaller part"
    elif _cost(tree, sizes, macros, {}) > MOST_STEPS:
        yield "loops and macros that multiply"
    yield from _doublings(tree)
    yield from _fed_loops(tree)


def _is_range(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"


def _constants(tree: nodes.Template) -> dict[str, int]:
    """The largest number that each name is set to, where it is set to numbers."""
    found: dict[str, int] = {}
    for assign in tree.find_all(nodes.Assign):
        value = _number(assign.node, found)
        if value is not None and isinstance(assign.target, nodes.Name):
            found[assign.target.name] = max(value, found.get(assign.target.name, 0))
    return found


def _number(node: nodes.Node, names: Mapping[str, int]) -> int | None:
    """A number that is put together from numbers; None for what depends on anything else."""
    match node:
        case nodes.Const(value=bool()):
            return None
        case nodes.Const(value=int() | float() as value):
            return int(value)
        case nodes.Const(value=str(text)) if text.strip().isdigit() and len(text) < 20:
            return int(text)
        case nodes.Name():
            return names.get(node.name)
        case nodes.Filter(name="int" | "abs" | "round" | "float") if node.node is not None:
            return _number(node.node, names)
        case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.FloorDiv():
            left, right = _number(node.left, names), _number(node.right, names)
            if left is None or right is None:
                return None
            # Differences and quotients are not larger than what they are made of.
            return (
                left * right if isinstance(node, nodes.Mul) else left + right if isinstance(node, nodes.Add) else left
            )
        case _:
            return None


def _steps(node: nodes.Node, sizes: Mapping[str, int]) -> int:
    """How often a loop over this goes round, as far as that is written in the template; else once."""
    if not isinstance(node, nodes.Call) or not _is_range(node):
        return 1
    return max([1, *(abs(value) for argument in node.args if (value := _number(argument, sizes)) is not None)])


def _cost(node: nodes.Node, sizes: Mapping[str, int], macros: Mapping[str, nodes.Macro], known: dict[str, int]) -> int:
    """How many parts are rendered for this one. Macros are counted where they are called."""
    total = 1
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.Macro):
            total += _cost(child, sizes, macros, known)
    if isinstance(node, nodes.For):
        total *= _steps(node.iter, sizes)
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in macros:
        name = node.node.name
        if name not in known:
            known[name] = 1  # those that call themselves are judged apart
            known[name] = sum(_cost(part, sizes, macros, known) for part in macros[name].body)
        total += known[name]
    return total


def _endless(macro: nodes.Macro, macros: Mapping[str, nodes.Macro]) -> bool:
    """Whether it calls itself, be it through others, on anything but a part of what it was given."""
    parts = {name.name for loop in macro.find_all(nodes.For) for name in loop.target.find_all(nodes.Name)}
    parts |= {loop.target.name for loop in macro.find_all(nodes.For) if isinstance(loop.target, nodes.Name)}
    for call in macro.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or macro.name not in _reached(call.node.name, macros):
            continue
        given = [*call.args, *(keyword.value for keyword in call.kwargs)]
        if not any(
            isinstance(value, nodes.Getattr | nodes.Getitem) or (isinstance(value, nodes.Name) and value.name in parts)
            for value in given
        ):
            return True
    return False


def _reached(name: str, macros: Mapping[str, nodes.Macro]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in macros and one not in seen:
            seen.add(one)
            calls = macros[one].find_all(nodes.Call)
            waiting += [call.node.name for call in calls if isinstance(call.node, nodes.Name)]
    return seen


Reads = Counter[str]


def _doublings(tree: nodes.Template) -> Iterator[str]:
    """Texts that are set to themselves twice: in a loop they grow exponentially, and so they do in many lines."""
    inside = {
        id(node) for loop in tree.find_all(nodes.For) for node in loop.find_all((nodes.Assign, nodes.AssignBlock))
    }
    every: list[nodes.Assign | nodes.AssignBlock] = [*tree.find_all(nodes.Assign), *tree.find_all(nodes.AssignBlock)]
    reads = [(_target(node.target), _reads_of(node), id(node) in inside) for node in every]
    targets = {target for target, _, _ in reads}
    if sum(any(n > 1 and name in targets for name, n in found.items()) for _, found, _ in reads) > MOST_DOUBLINGS:
        yield "texts that double again and again"
    edges: dict[str, set[str]] = {}
    for target, found, _ in reads:
        edges.setdefault(target, set()).update(name for name in found if name in targets)
    for target, found, looped in reads:
        # What a loop sets is forgotten after each round, unless a namespace keeps it.
        circle = {name for name in _after(target, edges) if target in _after(name, edges)}
        kept = any("." in name for name in circle)
        if looped and kept and sum(n for name, n in found.items() if name in circle) > 1:
            yield f"{target} doubles in a loop"
            return


def _after(name: str, edges: Mapping[str, set[str]]) -> set[str]:
    """What a value depends on, directly or not."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def _target(node: nodes.Node) -> str:
    match node:
        case nodes.NSRef():
            return f"{node.name}.{node.attr}"
        case nodes.Name():
            return node.name
        case _:
            return ""


def _reads_of(node: nodes.Assign | nodes.AssignBlock) -> Reads:
    return _reads(node.node) if isinstance(node, nodes.Assign) else _sum(map(_reads, node.body))


def _sum(many: Iterator[Reads]) -> Reads:
    return sum(many, Counter())


def _reads(node: nodes.Node) -> Reads:
    """How often each variable goes into a value."""
    match node:
        case nodes.Name():
            return Counter([node.name])
        case nodes.Getattr(node=nodes.Name() as owner):
            return Counter([f"{owner.name}.{node.attr}", owner.name])
        case nodes.Getattr() | nodes.Getitem():
            return _reads(node.node)
        case nodes.CondExpr():
            return _reads(node.expr1) | (_reads(node.expr2) if node.expr2 is not None else Counter())
        case nodes.And() | nodes.Or():
            return _reads(node.left) | _reads(node.right)
        case nodes.Compare() | nodes.Not() | nodes.Test():
            return Counter()
        case nodes.Filter() | nodes.Call() if _named(node) in _MEASURES:
            return Counter()
        case nodes.If():
            return _sum(map(_reads, node.body)) | _sum(map(_reads, [*node.elif_, *node.else_]))
    found = _sum(map(_reads, node.iter_child_nodes()))
    grows = isinstance(node, nodes.Mul) or (isinstance(node, nodes.Filter | nodes.Call) and _lengthens(node))
    return Counter({name: 2 * number for name, number in found.items()}) if grows else found


def _named(node: nodes.Filter | nodes.Call) -> str:
    if isinstance(node, nodes.Filter):
        return node.name
    return node.node.attr if isinstance(node.node, nodes.Getattr) else ""


def _lengthens(node: nodes.Filter | nodes.Call) -> bool:
    """Whether it replaces something by something longer, or by what nobody knows."""
    if _named(node) != "replace" or len(node.args) < 2:
        return False
    old, new = node.args[:2]
    if not isinstance(old, nodes.Const) or not isinstance(new, nodes.Const):
        return True
    return len(str(new.value)) > len(str(old.value))


def _fed_loops(tree: nodes.Template) -> Iterator[str]:
    """Lists that grow by themselves, or while they are walked through."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in _CHANGES:
            changed = set(_reads(call.node.node))
            if changed & {name for argument in call.args for name in _reads(argument)}:
                yield f"a list that .{call.node.attr} adds to itself"
                return
    for loop in tree.find_all(nodes.For):
        walked = {loop.iter.name} if isinstance(loop.iter, nodes.Name) else set()
        for call in (call for part in loop.body for call in part.find_all(nodes.Call)):
            match call.node:
                case nodes.Getattr(node=nodes.Name() as owner, attr=attr) if attr in _CHANGES and owner.name in walked:
                    yield "a loop that adds to the list it walks through"
                    return
