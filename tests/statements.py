"""The statements of programs that compute on scalars and arrays in one function."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

from drawing import (
    ARRAYS,
    ATOM,
    COLUMN,
    DICT,
    INT,
    LIST,
    MATRIX,
    SCALAR,
    SUM,
    VECTOR,
    Compound,
    Expr,
    FunctionWriter,
    Signature,
    Statement,
    Variable,
    bind,
    kinds_of,
    target_of,
    update_of,
)


class Assign(Statement):
    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        kind = function.pick(kinds_of(function))
        value = function.value(kind)
        # An old name may be written to earlier in a loop: it must not come to stand for
        # an array that is not its own.
        own = kind == SCALAR or value.fresh
        target = target_of(function, kind) if own else function.new_name(kind)
        function.write(f"{target} = {value.text}")
        bind(function, target, kind, value)


class Augment(Statement):
    """``a += b`` on a scalar, or on an array that the function owns."""

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(cls._targets(function))

    @classmethod
    def _targets(cls, function: FunctionWriter) -> list[str]:
        arrays = function.writable() if "mutation" in function.features else []
        return function.names(SCALAR) + arrays

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = function.pick(cls._targets(function))
        kind = function.scope[target].kind
        kinds = [kind] if kind in {SCALAR, COLUMN} else [SCALAR, VECTOR, kind]
        value = function.bounded(function.express.of(function.pick(kinds), 1))
        update = update_of(function, value)
        function.write(f"{target} {update}")
        function.scope[target].bound += value.bound


class Targets(Statement):
    """The other forms of assignment: tuples, swaps, chains, stars, annotations."""

    feature = "targets"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        forms = [cls._pair, cls._swap, cls._chain, cls._star, cls._annotated]
        function.pick(forms)(function)

    @classmethod
    def _scalars(cls, function: FunctionWriter, count: int) -> list[Expr]:
        return [function.value(SCALAR, 1) for _ in range(count)]

    @classmethod
    def _assign(cls, function: FunctionWriter, values: list[Expr]) -> list[str]:
        """As many different scalar targets."""
        targets: list[str] = []
        for value in values:
            free = [name for name in function.names(SCALAR) if name not in targets]
            chosen = function.pick([*free, None])
            target = function.new_name(SCALAR) if chosen is None else chosen
            targets.append(target)
            bind(function, target, SCALAR, value)
        return targets

    @classmethod
    def _pair(cls, function: FunctionWriter) -> None:
        values = cls._scalars(function, 2)
        targets = cls._assign(function, values)
        function.write(f"{', '.join(targets)} = {', '.join(v.text for v in values)}")

    @classmethod
    def _swap(cls, function: FunctionWriter) -> None:
        """Exchange two variables of a kind: scalars, or the buffers of a stencil."""
        scope = function.scope
        pairs = []
        for kind in kinds_of(function):
            names = function.names(kind)
            pairs += [
                (one, other)
                for one, other in pairwise(names)
                # In a loop, each will be used where the other was.
                if scope[one].owned == scope[other].owned
                and scope[one].guarded == scope[other].guarded
            ]
        if not pairs:
            cls._pair(function)
            return
        one, other = function.pick(pairs)
        function.write(f"{one}, {other} = {other}, {one}")
        scope[one], scope[other] = scope[other], scope[one]

    @classmethod
    def _chain(cls, function: FunctionWriter) -> None:
        (value,) = cls._scalars(function, 1)
        targets = cls._assign(function, [value, value])
        function.write(f"{' = '.join(targets)} = {value.text}")

    @classmethod
    def _star(cls, function: FunctionWriter) -> None:
        values = cls._scalars(function, 3)
        (target,) = cls._assign(function, values[:1])
        rest = function.new(LIST)
        items = ", ".join(value.text for value in values)
        function.write(f"{target}, *{rest} = {items}")
        total = function.new(SCALAR, bound=values[1].bound + values[2].bound)
        function.write(f"{total} = sum({rest})")

    @classmethod
    def _annotated(cls, function: FunctionWriter) -> None:
        (value,) = cls._scalars(function, 1)
        target = function.new(SCALAR, bound=value.bound)
        function.write(f"{target}: float = {value.text}")


class Buffer(Statement):
    """A new array to write to."""

    feature = "mutation"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return "arrays" in function.features

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        kind = function.pick(ARRAYS)
        existing = function.names(kind)
        size = function.size
        shape = {VECTOR: f"{size}", COLUMN: f"({size}, 1)", MATRIX: f"({size}, {size})"}
        texts = [f"np.zeros({shape[kind]})"]
        for name in existing:
            texts += [f"{name}.copy()", f"np.zeros_like({name})"]
        # The copy of something is the more interesting, and the simpler to read.
        text = function.pick([*texts[1:], texts[0]])
        target = target_of(function, kind)
        function.write(f"{target} = {text}")
        bind(function, target, kind, Expr(text, bound=2.0))


class ItemAssign(Statement):
    """``u[i] = a``, ``u[1:] += v[:-1]`` and the like, on an array the function owns."""

    feature = "mutation"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(function.writable())

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = function.pick(function.writable())
        kind = function.scope[target].kind
        index, value = function.pick([cls._item, cls._slice, cls._add_at])(function, kind)
        value = function.bounded(value)
        function.scope[target].bound += value.bound
        if index is None:
            rows = f"[0, {function.size - 1}, 0]"
            function.write(f"np.add.at({target}, {rows}, {value.text})")
            return
        update = function.pick([f"= {value.text}", update_of(function, value)])
        function.write(f"{target}[{index}] {update}")

    @classmethod
    def _item(cls, function: FunctionWriter, kind: str) -> tuple[str, Expr]:
        express = function.express
        index = express.index()
        if kind == MATRIX:
            form = function.pick(["{}, -1", "{}", ":, {}"])
            value = SCALAR if form == "{}, -1" else VECTOR
            return form.format(index), express.of(value, 1)
        return index, express.of(SCALAR, 1)

    @classmethod
    def _slice(cls, function: FunctionWriter, kind: str) -> tuple[str, Expr]:
        """A slice of the first axis, from a slice of an array or from a scalar."""
        express = function.express
        source = function.pick([SCALAR, kind])
        value = express.of(source, 1)
        index, shifted = function.pick(
            [("1:", ":-1"), (":-1", "1:"), ("::2", "::2"), (":", ":"), ("1:-1", "1:-1")]
        )
        if source == SCALAR:
            return index, value
        return index, Expr(f"{value.at(ATOM)}[{shifted}]", bound=value.bound)

    @classmethod
    def _add_at(cls, function: FunctionWriter, kind: str) -> tuple[None, Expr]:
        return None, function.express.of(SCALAR, 1)


class If(Compound):
    feature = "branches"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.body(2)
        arms = function.pick(["if", "if else", "if elif", "if elif else"])
        if "elif" in arms:
            with function.block(f"elif {function.express.condition()}:"):
                function.body(2)
        if "else" in arms:
            with function.block("else:"):
                function.body(2)


class For(Compound):
    feature = "for"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        forms = [cls._range]
        if "arrays" in function.features:
            forms += [cls._array, cls._zip, cls._enumerate, cls._rows]
        if "list" in function.features:
            forms.append(cls._list)
        function.pick(forms)(function)

    @classmethod
    def _loop(
        cls,
        function: FunctionWriter,
        over: str,
        targets: dict[str, Variable],
        guarded: Any = (),
    ) -> None:
        """A loop whose targets are known in its body only.

        The iteration would see what is written to the ``guarded`` arrays, as an alias.
        """
        names = ", ".join(targets)
        with function.block(f"for {names} in {over}:", loop=True):
            function.scope.update(targets)
            for name in guarded:
                if name in function.scope:
                    function.scope[name].guarded = True
            function.body(3)

    @classmethod
    def _range(cls, function: FunctionWriter) -> None:
        size = function.size
        counts = [("2", 2), ("3", 3), (f"{size}", size), ("0", 0)]
        counts += [(f"len({name})", size) for name in function.names(VECTOR)]
        counts += [(name, None) for name in function.names(INT)]
        stop, limit = function.pick(counts)
        form = function.pick(["range({})", "range(1, {})", "reversed(range({}))"])
        index = function.new_name(INT)
        cls._loop(function, form.format(stop), {index: Variable(INT, 3.0, limit=limit)})

    @classmethod
    def _vector(cls, function: FunctionWriter) -> str:
        names = function.names(VECTOR)
        return function.pick(names) if names else function.express.made(VECTOR).text

    @classmethod
    def _array(cls, function: FunctionWriter) -> None:
        vector = cls._vector(function)
        over = function.pick([vector, f"reversed({vector})"])
        cls._loop(function, over, {function.new_name(SCALAR): Variable(SCALAR)}, [vector])

    @classmethod
    def _rows(cls, function: FunctionWriter) -> None:
        matrices = function.names(MATRIX)
        if not matrices:
            cls._array(function)
            return
        matrix = function.pick(matrices)
        cls._loop(function, matrix, {function.new_name(VECTOR): Variable(VECTOR)}, [matrix])

    @classmethod
    def _zip(cls, function: FunctionWriter) -> None:
        first, second = cls._vector(function), function.express.of(VECTOR, 1).text
        targets = {function.new_name(SCALAR): Variable(SCALAR) for _ in range(2)}
        # The second may be a view of anything that the function owns.
        cls._loop(function, f"zip({first}, {second})", targets, list(function.scope))

    @classmethod
    def _enumerate(cls, function: FunctionWriter) -> None:
        vector = cls._vector(function)
        targets = {
            function.new_name(INT): Variable(INT, 3.0, limit=function.size),
            function.new_name(SCALAR): Variable(SCALAR),
        }
        cls._loop(function, f"enumerate({vector})", targets, [vector])

    @classmethod
    def _list(cls, function: FunctionWriter) -> None:
        items = [function.value(SCALAR, 1) for _ in range(2)]
        text = ", ".join(item.text for item in items)
        over = function.pick([f"[{text}]", f"({text})", f"reversed([{text}])"])
        bound = max(item.bound for item in items)
        cls._loop(function, over, {function.new_name(SCALAR): Variable(SCALAR, bound)})


class While(Compound):
    """A loop that a counter stops, and perhaps a value before that."""

    feature = "while"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        counter = function.new(INT, bound=3.0)
        trips = function.pick([2, 3, 0])
        test = f"{counter} < {trips}"
        if function.pick([False, True]):
            test += f" and {function.express.of(SCALAR, 1).at(SUM)} < 0.9"
        function.write(f"{counter} = 0")
        with function.block(f"while {test}:", loop=True):
            # A continue must not skip the counter.
            function.write(f"{counter} += 1")
            function.body(3)


class Collect(Compound):
    """A list that one loop fills and something else empties or reads."""

    feature = "list"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        items = function.new(LIST)
        function.write(f"{items} = []")
        index = function.new_name(INT)
        count = function.pick([2, 3, 0])
        with function.block(f"for {index} in range({count}):", loop=True):
            function.scope[index] = Variable(INT, 3.0, limit=count)
            # First, so that a break in the body leaves something to be read.
            function.write(f"{items}.append({function.value(SCALAR, 1).text})")
            if function.pick([False, True]):
                function.body(1)
        readers = [cls._sum, cls._reversed, cls._pop_all]
        if count:
            readers += [cls._last, cls._pop_one]
        function.pick(readers)(function, items)

    @classmethod
    def _sum(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR, bound=6.0)} = 0.5 + sum({items})")

    @classmethod
    def _last(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR)} = {items}[-1] * {items}[0]")

    @classmethod
    def _pop_one(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR)} = {items}.pop()")
        function.write(f"{function.new(SCALAR, bound=6.0)} = sum({items}) + len({items})")

    @classmethod
    def _reversed(cls, function: FunctionWriter, items: str) -> None:
        item = function.new_name(SCALAR)
        with function.block(f"for {item} in reversed({items}):", loop=True):
            function.scope[item] = Variable(SCALAR)
            function.body(1)

    @classmethod
    def _pop_all(cls, function: FunctionWriter, items: str) -> None:
        with function.block(f"while {items}:", loop=True):
            function.write(f"{function.new(SCALAR)} = {items}.pop()")
            function.body(1)


class Effect(Statement):
    """Statements that a derivative must keep, once and in order."""

    feature = "effects"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        tested = function.express.leaf(SCALAR).at(SUM)
        ints = function.names(INT)
        function.write(
            function.pick(
                [
                    f'print("here", {", ".join(ints)})' if ints else 'print("here")',
                    f"assert {tested} < 1e6",
                    f'assert {tested} > -1e6, "too small"',
                    f"print({tested})",
                ]
            )
        )
        if function.pick([False, True]) and function.nesting < function.NESTING:
            with function.block(f"if {tested} > 1e6:"):
                function.write('raise ValueError("too large")')


class Lambda(Statement):
    """A local function of its own arguments only."""

    feature = "lambda"
    captures = False

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"local_{len(function.taken)}"
        function.taken.add(name)
        text = cls.expression(function).text
        function.write(f"{name} = lambda t: {text}")
        function.local_functions.append(Signature(name, (SCALAR,), SCALAR))

    @classmethod
    def expression(cls, function: FunctionWriter) -> Expr:
        """An expression in ``t`` and, if it captures, the variables in scope."""
        outer, local_functions = function.scope, function.local_functions
        visible = outer if cls.captures else {}
        function.scope = {"t": Variable(SCALAR, 3.0), **visible}
        function.local_functions = []
        inner = function.bounded(function.express.of(SCALAR, 2))
        function.scope, function.local_functions = outer, local_functions
        return inner


class Closure(Lambda):
    """A nested function that reads the variables around it when it is called."""

    feature = "closure"
    captures = True

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"local_{len(function.taken)}"
        function.taken.add(name)
        text = cls.expression(function).text
        function.write(f"def {name}(t):")
        function.write(f"    return {text}")
        function.local_functions.append(Signature(name, (SCALAR,), SCALAR))


class Jump(Statement):
    """``if …: break`` and its like."""

    jump: ClassVar[str]

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return function.loops > function.outer_loops

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.write(cls.jump)


class Break(Jump):
    feature = "break"
    jump = "break"


class Continue(Jump):
    feature = "continue"
    jump = "continue"


class EarlyReturn(Statement):
    feature = "early_return"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.write_return()


class Dict(Statement):
    """A dict of scalars; its items are then read and assigned as variables are."""

    feature = "dict"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"state_{len(function.taken)}"
        function.taken.add(name)
        first, second = (function.value(SCALAR, 1) for _ in range(2))
        function.write(f'{name} = {{"a": {first.text}, "b": {second.text}}}')
        function.scope[name] = Variable(DICT)
        function.scope[f'{name}["a"]'] = Variable(SCALAR, first.bound)
        function.scope[f'{name}["b"]'] = Variable(SCALAR, second.bound)


class Alias(Statement):
    """A second name for an array or a part of it, then a write through either."""

    feature = "aliasing"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(function.writable())

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        root = function.pick(function.writable())
        kind = function.scope[root].kind
        views = {
            VECTOR: [
                (VECTOR, root),
                (VECTOR, f"{root}[::-1]"),
                (COLUMN, f"{root}[:, None]"),
            ],
            COLUMN: [
                (COLUMN, root),
                (VECTOR, f"{root}.ravel()"),
                (VECTOR, f"{root}[:, 0]"),
            ],
            MATRIX: [(MATRIX, root), (MATRIX, f"{root}.T"), (VECTOR, f"{root}[-1]")],
        }
        view_kind, text = function.pick(views[kind])
        name = function.new(view_kind, owned=True)
        function.write(f"{name} = {text}")
        value = function.bounded(function.express.of(SCALAR, 1))
        written = function.pick([name, root])
        function.write(f"{written}[0] {update_of(function, value)}")


class Try(Compound):
    feature = "try"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block("try:"):
            function.body(1)
            with function.block(f"if {function.express.condition()}:"):
                function.write('raise ValueError("as planned")')
            function.body(1)
        with function.block("except ValueError:"):
            function.body(1)


STATEMENTS: tuple[type[Statement], ...] = (
    Assign,
    Augment,
    If,
    For,
    While,
    Targets,
    Buffer,
    ItemAssign,
    ItemAssign,
    Collect,
    Effect,
    Lambda,
    Break,
    Continue,
    EarlyReturn,
    Dict,
    Closure,
    Alias,
    Try,
)
