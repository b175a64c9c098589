"""Work out of nothing: templates that would take minutes or gigabytes, and honest ones that look a little like them."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from sanitizer.vet.growth import excesses

NAMESPACE = "{% set ns = namespace(x='a', y='b', n=0) %}"


def loop(body: str, over: str = "messages") -> str:
    return NAMESPACE + "{% for m in " + over + " %}" + body + "{% endfor %}"


HOSTILE = {
    "a range": loop("x", "range(99999 * 99999)"),
    "a range by name": "{% set n = 9999 %}" + loop("x", "range(n * n)"),
    "a range from a text": loop("x", "range('999999999' | int)"),
    "ranges in each other": "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    "a sum": loop("{% set ns.x = ns.x + ns.x %}"),
    "a concatenation": loop("{% set ns.x = ns.x ~ '-' ~ ns.x %}"),
    "through another name": loop("{% set t = ns.x ~ ns.x %}{% set ns.x = t %}"),
    "two that feed each other": loop("{% set ns.x = ns.x ~ ns.y %}{% set ns.y = ns.x ~ ns.y %}"),
    "replaced": loop("{% set ns.x = ns.x | replace('a', 'aa') %}"),
    "replaced by a method": loop("{% set ns.x = ns.x.replace('a', 'aa') %}"),
    "a list": loop("{% set ns.x = [ns.x, ns.x] | join %}"),
    "formatted": loop("{% set ns.x = '%s%s' % (ns.x, ns.x) %}"),
    "multiplied": loop("{% set ns.x = ns.x * 9 %}"),
    "line by line": "{% set x = 'a' %}" + "{% set x = x + x %}" * 40,
    "block by block": "{% set x = 'a' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "added to itself": "{% set x = ['a'] %}" + loop("{% set _ = x.extend(x) %}"),
    "walked and fed": "{% set x = [1] %}{% for a in x %}{{ x.append(a) }}{% endfor %}",
    "a macro by number": "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(99) }}",
    "a macro of nothing": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "two macros": "{% macro f(x) %}{{ g(x) }}{% endmacro %}{% macro g(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "macros that multiply": "".join(
        "{% macro m" + str(i) + "() %}" + ("{{ m" + str(i + 1) + "() }}") * 2 + "{% endmacro %}" for i in range(30)
    )
    + "{% macro m30() %}x{% endmacro %}{{ m0() }}",
}
HONEST = {
    "a counter": loop("{% set ns.n = ns.n + 1 %}"),
    "texts one after the other": loop("{% set ns.x = ns.x + '\\n' + m.content %}"),
    "either or": loop("{% set ns.x = ns.x if ns.x else ns.y %}{% set ns.n = ns.n or m.n %}"),
    "cut": loop("{% set ns.x = ns.x.split('</think>')[-1].lstrip('\\n') %}"),
    "escaped, within the round": loop("{% set c = m.content | replace('<', '&lt;') | replace('>', '&gt;') %}{{ c }}"),
    "set again": "{% set c = 'x' %}{% set c = c | replace('x', '<x>') %}{{ c }}",
    "numbers of messages": loop("{{ loop.index0 }}", "range(messages | length - 1)"),
    "few times few": "{% for a in range(9) %}{% for b in range(9) %}x{% endfor %}{% endfor %}",
    "a list that is gathered": "{% set x = [] %}" + loop("{% set _ = x.append(m.content) %}"),
    "a macro over parts": "{% macro f(s) %}{% for p in s.parts %}{{ f(p) }}{% endfor %}{{ f(s.items) }}{% endmacro %}"
    "{{ f(tools) }}",
    "a macro called often": "{% macro f(x) %}{{ x }}{% endmacro %}" + "{{ f(1) }}" * 100,
}


def said(text: str) -> list[str]:
    return list(excesses(Environment().parse(text)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    assert said(HOSTILE[name])


@pytest.mark.parametrize("name", HONEST)
def test_honest(name: str) -> None:
    assert said(HONEST[name]) == []
