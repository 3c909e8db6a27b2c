"""The blocks of a program."""

from collections.abc import Callable, Sequence
from typing import assert_never

from .. import tree
from .doc import HARD, LINE, Doc, Indent, group, laid_out
from .lists import N
from .statements import Statements


class Printer(Statements):
    """Prints one program; used once."""

    def program(self, node: tree.Program, width: int) -> str:
        text = laid_out(self.in_lines(node.items, self.item, len(self.source.text), apart=True), width)
        return f"{text}\n" if text else ""

    def item(self, node: tree.Item) -> Doc:
        match node:
            case tree.Metadata():
                return self.braces("metadata", node, node.settings, self.assigned)
            case tree.AgentDef():
                return self.agent(node)
            case tree.PolicyDef():
                return self.policy(node)
            case tree.TypeDef():
                return self.type_def(node)
            case tree.FunctionDef():
                return self.function_def(node)
            case tree.ScheduleDef():
                title = f"schedule {node.name}" if node.name else "schedule"
                return self.braces(title, node, node.settings, self.described)
            case tree.ChannelDef():
                return self.braces(f"channel {node.name}", node, node.items, self.channel_item)
            case tree.MemoryDef():
                return self.braces(f"memory {node.name}", node, node.items, self.paired_item)
            case tree.WebhookDef():
                return self.braces(f"webhook {node.name}", node, node.items, self.paired_item)
            case _:
                assert_never(node)

    def braces(self, title: str, node: tree.Node, inside: Sequence[N], show: Callable[[N], Doc]) -> Doc:
        """`title { … }` with each element on a line of its own."""
        lines = self.in_lines(inside, show, node.span.end - 1)
        return [title, " {", Indent([HARD, lines]), HARD, "}"] if lines else f"{title} {{}}"

    # Settings

    def assigned(self, node: tree.Setting) -> Doc:
        return [f"{node.name} = ", self.expression(node.value)]

    def described(self, node: tree.Setting) -> Doc:
        return [f"{node.name}: ", self.expression(node.value)]

    def channel_item(self, node: tree.Setting | tree.PolicyDef | tree.DataClassification) -> Doc:
        match node:
            case tree.Setting():
                return self.described(node)
            case tree.PolicyDef():
                return self.policy(node)
            case tree.DataClassification():
                return self.braces("data_classification", node, node.settings, self.described)
            case _:
                assert_never(node)

    def paired_item(self, node: tree.Setting | tree.SearchBlock | tree.FilterBlock) -> Doc:
        match node:
            case tree.Setting():
                return [f"{node.name} ", self.expression(node.value)]
            case tree.SearchBlock():
                return self.braces("search", node, node.settings, self.paired_item)
            case tree.FilterBlock():
                return self.braces("filter", node, node.settings, self.paired_item)
            case _:
                assert_never(node)

    # Agents

    def agent(self, node: tree.AgentDef) -> Doc:
        header = [f"agent {node.name}", self.params(node.params) if node.params else "", self.returns(node)]
        lines = self.in_lines(node.items, self.agent_item, node.span.end - 1)
        return [header, " {", Indent([HARD, lines]), HARD, "}"] if lines else [header, " {}"]

    def agent_item(self, node: tree.AgentItem) -> Doc:
        match node:
            case tree.Capabilities():
                return ["capabilities = ", self.array(node.value)]
            case tree.PolicyDef():
                return self.policy(node)
            case tree.FunctionDef():
                return self.function_def(node)
            case tree.WithBlock():
                return self.with_block(node)
            case tree.Setting():
                return self.assigned(node)
            case _:
                assert_never(node)

    def with_block(self, node: tree.WithBlock) -> Doc:
        """Settings on the line of `with`, or each on a line of its own and the brace below them."""
        settings = self.in_brackets("with", node.settings, self.assigned, "", node.body.span.start, edge=LINE)
        return [settings, "" if node.settings else " ", self.block(node.body)]

    def policy(self, node: tree.PolicyDef) -> Doc:
        return self.braces(f"policy {node.name}", node, node.rules, self.rule)

    def rule(self, node: tree.Rule) -> Doc:
        subject = [f"{node.kind}: ", self.expression(node.subject)]
        if node.condition is None:
            return subject
        return group(subject, Indent([LINE, "if ", self.expression(node.condition)]))

    # Functions and types

    def function_def(self, node: tree.FunctionDef) -> Doc:
        header = [f"function {node.name}", self.params(node.params), self.returns(node)]
        return [header, " ", self.block(node.body)]

    def params(self, nodes: Sequence[tree.Param]) -> Doc:
        end = self.find(")", nodes[-1].span.end) if nodes else 0
        return self.in_brackets("(", nodes, self.typed, ")", end)

    def returns(self, node: tree.AgentDef | tree.FunctionDef) -> Doc:
        return "" if node.returns is None else [" -> ", self.type(node.returns)]

    def typed(self, node: tree.Param | tree.FieldDef) -> Doc:
        return f"{node.name}: {self.type(node.type)}"

    def type_def(self, node: tree.TypeDef) -> Doc:
        of = node.definition
        if not isinstance(of, tree.RecordType):
            return [f"type {node.name} = ", self.type(of)]
        expanded = bool(of.fields) and self.is_expanded(of.span.start, of.fields[0].span.start)
        fields = self.in_brackets(
            "{", of.fields, self.typed, "}", of.span.end - 1, edge=LINE, broken=expanded
        )
        return [f"type {node.name} = ", fields]
