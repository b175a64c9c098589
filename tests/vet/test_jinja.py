"""Chat templates: those that published models have pass whole, and each trick is named. Nothing is ever rendered."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.vet.jinja import doubts

# In the manner of ChatML, Llama 2 and 3, Mistral, Gemma, Qwen with tools and thinking, and templates for training.
ORDINARY = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "system": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = "
    "messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n' + "
    "message['content'] %}{% endif %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% endfor %}",
    "tools": "{%- macro render(json_spec) %}{%- if json_spec.type == 'array' %}{{- render(json_spec['items']) }}"
    "{%- else %}{{ json_spec | tojson(indent=4) }}{% endif %}{% endmacro -%}"
    "{%- set ns = namespace(found=false, last=messages|length - 1) %}"
    "{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}"
    "{%- if ns.found and message.role == 'user' and message.content is string %}{%- set ns.last = index %}{% endif %}"
    "{%- set ns.found = true %}{%- endfor %}"
    "{%- if tools is defined and tools is not none %}{{ tools | map(attribute='function') | list | tojson }}{% endif %}"
    "{%- for message in messages %}{%- if '</think>' in message.content %}"
    "{%- set reasoning = message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}"
    "{%- endif %}{%- for k, v in message.tool_calls[0].arguments.items() %}{{ k|upper ~ ': ' ~ v|trim }}{%- endfor %}"
    "{%- if loop.last or (not loop.first and loop.previtem.role != loop.nextitem.role) %}x{% endif %}{%- endfor %}",
    "selected": "{{ messages | selectattr('role', 'equalto', 'system') | map(attribute='content') | join('\n\n') }}"
    "{% for key in d | dictsort %}{{ key }}{% endfor %}{{ strftime_now('%d %b %Y') }}{{ name | replace('_', ' ') }}",
    "training": "{% for m in messages %}{% if loop.index > 100 %}{% break %}{% endif %}{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{% continue %}{% endif %}{% endfor %}",
    "names": "{% set _args = tool_call.arguments %}{% set _ = seen.append(_args) %}{% set config = {'a': 1} %}"
    "{% for k in _args %}{{ _args[k] }}{{ config['a'] }}{% endfor %}{% set i = loop_index + 1 %}{{ messages[i] }}",
    "blocks": "{% with a = 1 %}{% set b %}text{% endset %}{% filter trim %} {{ a if a is number else b }} "
    "{% endfilter %}{% endwith %}{% raw %}{{ not parsed.__class__ }}{% endraw %}"
    "{% for i in range(messages | length) %}{% endfor %}",
}

HOSTILE = {
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "template.escape",
    "{{ ''['__class__'] }}": "template.escape",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}": "template.escape",
    "{{ ''['__cla' ~ 'ss__'] }}": "template.escape",
    "{{ x['_' ~ '_' ~ 'class'] }}": "template.escape",
    "{{ x[('cl', 'ass') | join] }}": "template.escape",
    "{{ x['%s%s' % ('a', 'b')] }}": "template.escape",
    "{% set k = '_' * 2 ~ 'class' ~ '_' * 2 %}{{ x[k] }}": "template.escape",
    "{{ x | attr('a') }}": "template.escape",
    "{{ messages | map(attribute='__init__.__globals__') | list }}": "template.escape",
    "{{ messages | map('attr', 'x') | list }}": "template.escape",
    "{{ '{0.__class__}'.format(x) }}": "template.escape",
    "{{ lipsum() }}": "template.escape",
    "{{ cycler.next }}": "template.escape",
    "{{ self._TemplateReference__context }}": "template.escape",
    "{% include '/etc/passwd' %}": "template.escape",
    "{% import 'a' as b %}": "template.escape",
    "{% from 'a' import b %}": "template.escape",
    "{% extends 'a' %}": "template.escape",
    "{% block a %}{% endblock %}": "template.escape",
    "{{ (f or g)() }}": "template.escape",
    "{% set k = 'XXclassXX' | replace('X', '_') %}{{ x[k] }}": "template.escape",
    "{% set k = '%c%cclass' % (95, 95) %}{{ x[k] }}": "template.escape",
    "{% set u = 'a_b'[1] %}{% set k = u + u + 'class' %}{{ x[k] }}": "template.escape",
    "{% set k = ['_', '_class'] | join %}{{ x[k] }}": "template.escape",
    "{{ x.gi_frame.f_back.f_builtins }}": "template.escape",
    "{{ config.items() }}": "template.escape",
    "{{ request['application'] }}": "template.escape",
    "{{ _hidden }}": "template.escape",
    "{% set __x = 1 %}{{ __x }}": "template.escape",
    "{{ x | join(',', attribute='mro') }}": "template.escape",
    "{% set k = 'a' %}{{ x | map(attribute=k) | list }}": "template.unknown",
    "{% set f = 'at' ~ 'tr' %}{{ x | map(f, y) | list }}": "template.unknown",
    "{{ '%999999999d' % 1 }}": "template.bounds",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}": "template.bounds",
    "{{ open('/etc/passwd') }}": "template.unknown",
    "{{ x.read() }}": "template.unknown",
    "{{ x | pprint }}": "template.unknown",
    "{{ x is callable }}": "template.unknown",
    "{{ range(*x) }}": "template.unknown",
    "{% autoescape true %}{% endautoescape %}": "template.unknown",
    "{{ 'x' * 1000000000 }}": "template.bounds",
    "{{ 10 ** 10 }}": "template.bounds",
    "{% for i in range(1000000000) %}{% endfor %}": "template.bounds",
    "{% for i in range(1, 2 + 1000000000) %}{% endfor %}": "template.bounds",
    "{{ x | indent(100000000) }}": "template.bounds",
    "{% for i in x recursive %}{{ loop(i) }}{% endfor %}": "template.bounds",
    "{% for a in x %}" * 7 + "{% endfor %}" * 7: "template.bounds",
    "{{ " + "(" * 5000 + ")" * 5000 + " }}": "template.bounds",
    "{{ [" + "1," * 60_000 + "] }}": "template.bounds",
    "{% for m in messages %}": "template.syntax",
    "{{ a b }}": "template.syntax",
    "{% do x.append(1) %}": "template.syntax",
}


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_ordinary_templates_pass(name: str) -> None:
    assert list(doubts(ORDINARY[name])) == []


@pytest.mark.parametrize("text", sorted(HOSTILE), ids=lambda text: text[:60])
def test_each_trick_is_named(text: str) -> None:
    assert HOSTILE[text] in {rule.id for rule, _ in doubts(text)}


@given(st.text(alphabet="{}%|.'_[]()~ axmrforinend0*-", max_size=40))
def test_whatever_is_not_doubted_jinja_can_parse(text: str) -> None:
    if not list(doubts(text)):
        jinja2.Environment(extensions=["jinja2.ext.loopcontrols"], autoescape=True).parse(text)


def test_nothing_is_compiled_or_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    def called(*words: object, **how: object) -> None:
        raise AssertionError

    for name in ("compile", "from_string", "call_filter", "get_template"):
        monkeypatch.setattr(jinja2.Environment, name, called)
    monkeypatch.setattr("jinja2.compiler.generate", called)
    for text in (*ORDINARY.values(), *HOSTILE):
        list(doubts(text))
