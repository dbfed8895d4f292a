"""The statements of ordinary Python: containers, objects, functions of functions, and views."""

from __future__ import annotations

from collections.abc import Sequence

from drawing import (
    ARRAYS,
    ATOM,
    DICT,
    INT,
    LIST,
    MATRIX,
    SCALAR,
    SUM,
    UNARY,
    VECTOR,
    Compound,
    Definition,
    Expr,
    FunctionWriter,
    Signature,
    Statement,
    Variable,
    bind,
    target_of,
    update_of,
)

# ---------------------------------------------------------------------------- shared


def _assign(function: FunctionWriter, text: str, bound: float = 3.0, kind: str = SCALAR) -> str:
    """A new or an old variable that holds what ``text`` computes."""
    target = target_of(function, kind)
    function.write(f"{target} = {text}")
    bind(function, target, kind, Expr(text, bound=bound))
    return target


def _scalar(function: FunctionWriter, depth: int = 1) -> str:
    return function.value(SCALAR, depth).text


def _operand(function: FunctionWriter, depth: int = 1) -> str:
    return function.value(SCALAR, depth).at(ATOM)


def _vector(function: FunctionWriter) -> str:
    names = function.names(VECTOR)
    return function.pick(names) if names else function.express.made(VECTOR).text


def _owned(function: FunctionWriter, kinds: Sequence[str] = ARRAYS) -> str:
    """An array of one of these kinds that the function may write to; made if there is none."""
    scope = function.scope
    found = [name for name in function.writable() if scope[name].kind in kinds]
    if found and function.pick([True, True, False]):
        return function.pick(found)
    kind = function.pick(kinds)
    source = function.bounded(function.express.of(kind, 1))
    name = function.new(kind, bound=source.bound, owned=True)
    function.write(f"{name} = 1.0 * {source.at(UNARY)}")
    return name


class _OfArrays(Statement):
    """A statement that needs arrays."""

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return "arrays" in function.features


# ---------------------------------------------------------------------------- exits


class Forever(Compound):
    """``while True`` that a counter leaves, and loops with an ``else``."""

    feature = "break"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        function.pick([cls._while_true, cls._for_else])(function)

    @classmethod
    def _while_true(cls, function: FunctionWriter) -> None:
        counter = function.new(INT, bound=3.0)
        function.write(f"{counter} = 0")
        with function.block("while True:", loop=True):
            function.write(f"{counter} += 1")  # what may continue stands below the way out
            stop = f"{counter} >= {function.pick([2, 1, 3])}"
            if function.pick([False, True]):
                stop += f" or {function.express.of(SCALAR, 1).at(SUM)} > 0.7"
            with function.block(f"if {stop}:"):
                function.write("break")
            function.body(1)

    @classmethod
    def _for_else(cls, function: FunctionWriter) -> None:
        index = function.new_name(INT)
        with function.block(f"for {index} in range({function.pick([2, 3, 0])}):", loop=True):
            function.scope[index] = Variable(INT, 3.0)
            with function.block(f"if {function.express.condition()}:"):
                function.body(1)
                function.write("break")
            function.body(1)
        with function.block("else:"):
            function.body(1)


# ---------------------------------------------------------------------------- writes


class Swap(_OfArrays):
    """Entries of arrays and lists that change places."""

    feature = "swaps"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        function.pick([cls._entries, cls._at_once, cls._list])(function)

    @classmethod
    def _entries(cls, function: FunctionWriter) -> None:
        target = _owned(function, (VECTOR,))
        one, other = (f"{target}[{function.express.index()}]" for _ in range(2))
        function.write(f"{one}, {other} = {other}, {one}")

    @classmethod
    def _at_once(cls, function: FunctionWriter) -> None:
        target, last = _owned(function), function.size - 1
        function.write(f"{target}[[0, {last}]] = {target}[[{last}, 0]]")

    @classmethod
    def _list(cls, function: FunctionWriter) -> None:
        items = function.new(LIST)
        function.write(f"{items} = [{_scalar(function)}, {_scalar(function)}]")
        function.write(f"{items}[0], {items}[1] = {items}[1], {items}[0]")
        function.write(f"{items}[-1] {update_of(function, function.value(SCALAR, 1))}")
        _assign(function, f"{items}[0] - {items}[1]")


class Mask(_OfArrays):
    """Writes to entries that a mask or a list of places chooses."""

    feature = "masks"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = _owned(function)
        kind = function.scope[target].kind
        tested = function.pick([target, *function.names(kind)])
        sign = function.pick([">", "<"])
        mask = f"{tested} {sign} 0.2"
        value = function.value(SCALAR, 1)
        same = function.bounded(function.express.of(kind, 1))
        last = function.size - 1
        function.write(
            function.pick(
                [
                    f"{target}[{mask}] {update_of(function, value)}",
                    f"{target}[{mask}] = {value.text}",
                    f"{target}[{mask}] = {same.at(ATOM)}[{mask}]",
                    f"{target}[[0, {last}]] = {value.text}",
                    f"{target}[[0, {last}]] {update_of(function, value)}",
                    f"{target}[np.array([0, {last}])] += {same.at(ATOM)}[[{last}, 0]]",
                    f"np.copyto({target}, {same.text}, where={mask})",
                    f"np.multiply.at({target}, [0, 0], {value.text})",
                    f"{target}.fill({value.text})",
                    f"{target}.sort(axis=0)",
                ]
            )
        )
        function.scope[target].bound += max(value.bound, same.bound)


class Rows(Compound):
    """Rows of an array, written through the name that a loop or an assignment gives them."""

    feature = "views"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return super().available(function) and "arrays" in function.features

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        matrix = _owned(function, (MATRIX,))
        row = function.new_name(VECTOR)
        form = function.pick(["rows", "numbered", "slices", "single"])
        if form == "single":
            part = function.pick(
                [f"[{function.express.index()}]", "[:, 0]", ".ravel()[1:]", ".T[0]"]
            )
            function.write(f"{row} = {matrix}{part}")
            cls._change(function, row)
            return
        index = function.new_name(INT)
        header = {
            "rows": f"for {row} in {matrix}:",
            "numbered": f"for {index}, {row} in enumerate({matrix}):",
            "slices": f"for {index} in range({function.size}):",
        }[form]
        with function.block(header, loop=True):
            if form != "rows":
                function.scope[index] = Variable(INT, 3.0, limit=function.size)
            if form == "slices":
                function.write(f"{row} = {matrix}[{index}]")
            cls._change(function, row)
            function.body(1)

    @classmethod
    def _change(cls, function: FunctionWriter, row: str) -> None:
        value = function.value(SCALAR, 1)
        vector = function.bounded(function.express.of(VECTOR, 1))
        function.write(
            function.pick(
                [
                    f"{row} {update_of(function, value)}",
                    f"{row}[0] = {value.text}",
                    f"{row}[:] = {value.text}",
                    f"{row}[1:] += {value.text}",
                    f"{row} /= 1 + np.sum({row} ** 2)",
                    f"{row} -= {vector.text}" if row.isidentifier() else "pass",
                ]
            )
            if ".ravel" not in function.lines[-1]
            else f"{row} {update_of(function, value)}"
        )
        _assign(function, f"np.sum({row})")


class Out(_OfArrays):
    """Functions that write what they compute into an array they are given."""

    feature = "out"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = _owned(function)
        kind = function.scope[target].kind
        one = function.bounded(function.express.of(kind, 1))
        other = function.bounded(function.express.operand(kind, 1))
        function.write(
            function.pick(
                [
                    f"np.add({one.text}, {other.text}, out={target})",
                    f"np.multiply({target}, {other.text}, {target})",
                    f"np.subtract({one.text}, {target}, out={target})",
                    f"np.sin({one.text}, out={target})",
                    f"np.tanh({target}, out={target})",
                    f"np.maximum({one.text}, {other.text}, out={target})",
                ]
            )
        )
        function.scope[target].bound = max(one.bound, other.bound) + 3.0


class Table(Statement):
    """Lists of lists."""

    feature = "tables"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        table = function.new_name(LIST)
        rows = [f"[{_scalar(function)}, {_scalar(function)}]" for _ in range(2)]
        function.write(f"{table} = [{', '.join(rows)}]")
        for at in ("[0][0]", "[0][1]", "[1][0]", "[1][1]"):
            function.scope[table + at] = Variable(SCALAR)
        i, j = (function.new_name(INT) for _ in range(2))
        form = function.pick(["one", "places", "rows", "appended"])
        value = function.value(SCALAR, 1)
        if form == "one":
            function.write(f"{table}[1][0] {update_of(function, value)}")
        elif form == "places":
            with (
                function.block(f"for {i} in range(2):", loop=True),
                function.block(f"for {j} in range(2):", loop=True),
            ):
                function.write(f"{table}[{i}][{j}] {update_of(function, value)}")
        elif form == "rows":
            row = function.new_name(LIST)
            with function.block(f"for {row} in {table}:", loop=True):
                function.write(f"{row}[1] += {row}[0] * {value.at(UNARY)}")
        else:
            function.write(f"{table}[0].append({value.text})")
            function.write(f"{table}.append([{_scalar(function)}])")
        row = function.new_name(LIST)
        _assign(function, f"sum(sum({row}) for {row} in {table})", 8.0)


class DictLoop(Statement):
    """A dict that is changed and read as a whole."""

    feature = "dict"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(function.names(DICT))

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        state = function.pick(function.names(DICT))
        value = function.value(SCALAR, 1)
        key, entry = f"key_{len(function.taken)}", function.new_name(SCALAR)
        function.taken.add(key)
        form = function.pick(["items", "values", "update", "get", "written", "replaced"])
        if form == "items":
            total = _assign(function, "0.5")
            with function.block(f"for {key}, {entry} in {state}.items():", loop=True):
                function.write(f"{total} += {entry} * {value.at(UNARY)}")
        elif form == "values":
            _assign(function, f"sum({state}.values())", 6.0)
        elif form == "update":
            function.write(f"{state}.update(a={value.text})")
        elif form == "get":
            missing = function.pick(["a", "z"])
            _assign(function, f'{state}.get("{missing}", {value.text})')
        elif form == "written":
            with function.block(f"for {key} in {state}:", loop=True):
                function.write(f"{state}[{key}] {update_of(function, value)}")
        else:
            function.write(f'{state} = {{**{state}, "b": {value.text}}}')


# ---------------------------------------------------------------------------- functions


class Comprehension(Statement):
    """Lists and sums written as one expression."""

    feature = "comprehension"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        forms = [cls._plain, cls._numbered, cls._filtered, cls._nested, cls._crossed, cls._dict]
        function.pick(forms)(function)

    @classmethod
    def _over(cls, function: FunctionWriter) -> str:
        if "arrays" in function.features:
            return _vector(function)
        return f"[{_scalar(function)}, {_scalar(function)}]"

    @classmethod
    def _plain(cls, function: FunctionWriter) -> None:
        over, item = cls._over(function), function.new_name(SCALAR)
        with function.visible({item: Variable(SCALAR)}):
            text = _scalar(function, 2)
        items = function.new(LIST)
        function.write(f"{items} = [{text} for {item} in {over}]")
        _assign(function, function.pick([f"sum({items})", f"{items}[0] * {items}[-1]"]), 6.0)

    @classmethod
    def _numbered(cls, function: FunctionWriter) -> None:
        index = function.new_name(INT)
        with function.visible({index: Variable(INT, 3.0)}):
            text = _scalar(function, 2)
        trips = function.pick([3, 1, 0])
        _assign(function, f"sum(({text} for {index} in range({trips})), 0.5)", 6.0)

    @classmethod
    def _filtered(cls, function: FunctionWriter) -> None:
        over, item = cls._over(function), function.new_name(SCALAR)
        with function.visible({item: Variable(SCALAR)}):
            text, test = _scalar(function), function.express.condition()
        inside = f"{text} for {item} in {over} if {test}"
        items = function.new(LIST)
        function.write(f"{items} = [{inside}]")
        _assign(function, f"0.5 + sum({items}) + len({items})", 6.0)

    @classmethod
    def _nested(cls, function: FunctionWriter) -> None:
        over, one, other = cls._over(function), *(function.new_name(SCALAR) for _ in range(2))
        with function.visible({one: Variable(SCALAR), other: Variable(SCALAR)}):
            text = _scalar(function, 2)
        table, row = (function.new_name(LIST) for _ in range(2))
        function.write(f"{table} = [[{text} for {one} in {over}] for {other} in {over}]")
        _assign(function, f"sum(sum({row}) for {row} in {table})", 10.0)

    @classmethod
    def _crossed(cls, function: FunctionWriter) -> None:
        over, one, other = cls._over(function), *(function.new_name(SCALAR) for _ in range(2))
        with function.visible({one: Variable(SCALAR), other: Variable(SCALAR)}):
            text = _scalar(function)
        text = f"{text} for {one} in {over} for {other} in ({one}, {_scalar(function)})"
        _assign(function, function.pick([f"sum({text})", f"max({text})"]), 10.0)

    @classmethod
    def _dict(cls, function: FunctionWriter) -> None:
        name = f"mapped_{len(function.taken)}"
        function.taken.add(name)
        index = function.new_name(INT)
        with function.visible({index: Variable(INT, 3.0)}):
            text = _scalar(function)
        function.write(f'{name} = {{key: {text} for {index}, key in enumerate(("a", "b"))}}')
        function.scope[name] = Variable(DICT)
        for key in "ab":
            function.scope[f'{name}["{key}"]'] = Variable(SCALAR)


class Generator(Compound):
    """A generator function that one loop, or one sum, consumes."""

    feature = "generator"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"produce_{len(function.taken)}"
        function.taken.add(name)
        inside = function.inner({"t": Variable(SCALAR)})
        index = inside.new_name(INT)
        trips = function.pick([2, 3, 0])
        form = function.pick(["range", "while", "straight"])
        if form == "range":
            with inside.block(f"for {index} in range({trips}):", loop=True):
                inside.scope[index] = Variable(INT, 3.0)
                inside.body(1)
                inside.write(f"yield {_scalar(inside)}")
                inside.write(f"t {update_of(inside, inside.value(SCALAR, 1))}")
        elif form == "while":
            inside.write(f"{index} = 0")
            with inside.block(f"while {index} < {trips}:", loop=True):
                inside.write(f"{index} += 1")
                inside.write(f"yield {_scalar(inside)}")
                inside.body(1)
        else:
            inside.write(f"yield {_scalar(inside)}")
            inside.body(1)
            inside.write(f"yield {_scalar(inside)}")
        function.write(f"def {name}(t):")
        function.write_lines(inside.lines)
        call = f"{name}({_scalar(function)})"
        if function.pick([False, True]):
            _assign(function, f"0.5 + sum({call})", 6.0)
            return
        item = function.new_name(SCALAR)
        with function.block(f"for {item} in {call}:", loop=True):
            function.scope[item] = Variable(SCALAR)
            function.body(2)


class Nonlocal(Statement):
    """A nested function that rebinds a variable of the function around it."""

    feature = "nonlocal"

    @classmethod
    def _own(cls, function: FunctionWriter) -> list[str]:
        # Its parameter is called t.
        return [name for name in function.names(SCALAR) if name.isidentifier() and name != "t"]

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(cls._own(function))

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name, kept = f"local_{len(function.taken)}", function.pick(cls._own(function))
        function.taken.add(name)
        with function.visible({"t": Variable(SCALAR)}, functions=False):
            value, result = function.value(SCALAR, 1), _scalar(function)
        function.write(f"def {name}(t):")
        function.write(f"    nonlocal {kept}")
        function.write(f"    {kept} {update_of(function, value)}")
        function.write(f"    return {result}")
        function.scope[kept].bound += value.bound
        _assign(function, f"{name}({_scalar(function)}) + {name}({kept})", 8.0)
        function.local_functions.append(Signature(name, (SCALAR,), SCALAR))


class Stars(Statement):
    """A callee with ``*`` and ``**`` parameters, called with them too."""

    feature = "stars"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"gather_{len(function.taken)}"
        function.taken.add(name)
        inside = function.inner({"total": Variable(SCALAR), "value": Variable(SCALAR)})
        function.write(f"def {name}(first, *rest, scale=0.5, **more):")
        function.write("    total = first")
        function.write("    for value in rest:")
        function.write(f"        total {update_of(inside, inside.value(SCALAR, 1))}")
        function.write('    return total * scale + more.get("shift", 0.25)')
        call = function.pick(
            [
                "{0}, {1}",
                "{0}",
                "{0}, *[{1}, {2}]",
                "*({0}, {1}), scale={2}",
                "{0}, shift={1}",
                '{0}, **{{"scale": {1}, "shift": {2}}}',
            ]
        ).format(*(_scalar(function) for _ in range(3)))
        _assign(function, f"{name}({call})", 6.0)


class Functional(Statement):
    """Functions of functions."""

    feature = "functional"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        items = ", ".join(_scalar(function) for _ in range(3))
        scope = {"s": Variable(SCALAR), "t": Variable(SCALAR)}
        with function.visible(scope, functions=False):
            of_both = _scalar(function, 2)
        with function.visible({"t": Variable(SCALAR)}, functions=False):
            of_one, test = _scalar(function, 2), function.express.condition()
        text = function.pick(
            [
                f"reduce(lambda s, t: {of_both}, [{items}])",
                f"reduce(lambda s, t: {of_both}, [{items}], {_scalar(function)})",
                f"partial(lambda s, t: {of_both}, {_scalar(function)})({_scalar(function)})",
                f"partial(lambda s, t: {of_both}, t={_scalar(function)})({_scalar(function)})",
                f"sum(map(lambda t: {of_one}, [{items}]))",
                f"sum(filter(lambda t: {test}, [{items}]), 0.5)",
                f"sorted([{items}])[1]",
                f"sorted([{items}], key=lambda t: -t)[0]",
                f"max([{items}], key=abs)",
                f"min({items}, key=lambda t: {of_one})",
            ]
        )
        _assign(function, text, 8.0)


# ---------------------------------------------------------------------------- objects


class Object(Statement):
    """An object of a class of the module; its attributes are then variables like others."""

    feature = "objects"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        known = [name for name in function.definitions if name.startswith("Body_")]
        name = function.pick([*known, None]) or cls._define(function)
        kinds = function.definitions[name].kinds
        instance = f"body_{len(function.taken)}"
        function.taken.add(instance)
        function.write(f"{instance} = {name}({', '.join(cls._arguments(function, kinds))})")
        cls._enter(function, instance, kinds)
        form = function.pick(["stepped", "read", "added", "called", "alias"])
        if form == "stepped":
            _assign(function, f"{instance}.step({_scalar(function)})")
        elif form == "read":
            _assign(function, f"{instance}.level * {instance}.rate", 6.0)
        elif form == "called":
            _assign(function, f"{instance}({_scalar(function)})")
        else:
            other = f"other_{instance}"
            text = instance if form == "alias" else f"{instance} + {instance}"
            function.write(f"{other} = {text}")
            cls._enter(function, other, kinds)
            function.write(f"{other}.a {update_of(function, function.value(SCALAR, 1))}")
            _assign(function, f"{instance}.a - {other}.level", 6.0)

    @classmethod
    def _arguments(cls, function: FunctionWriter, kinds: Sequence[str]) -> list[str]:
        return [function.bounded(function.express.of(kind, 1)).text for kind in kinds]

    @classmethod
    def _enter(cls, function: FunctionWriter, instance: str, kinds: Sequence[str]) -> None:
        for attribute, kind in zip("ab", kinds, strict=True):
            owned = kind in ARRAYS
            function.scope[f"{instance}.{attribute}"] = Variable(kind, 3.0, owned=owned)
        function.local_functions.append(Signature(f"{instance}.step", (SCALAR,), SCALAR))
        function.local_functions.append(Signature(instance, (SCALAR,), SCALAR))

    @classmethod
    def _define(cls, function: FunctionWriter) -> str:
        name = f"Body_{len(function.definitions)}"
        second = [SCALAR, VECTOR] if "arrays" in function.features else [SCALAR]
        kinds = (SCALAR, function.pick(second))
        function.definitions[name] = Definition("", kinds)
        own = {f"self.{a}": Variable(k, 2.0, k in ARRAYS) for a, k in zip("ab", kinds, strict=True)}
        given = {a: Variable(k, 2.0) for a, k in zip("ab", kinds, strict=True)}
        begin = function.inner(given)
        begin.write("self.a = a")
        begin.write(f"self.b = 1.0 * {begin.bounded(begin.express.of(kinds[1], 1)).at(UNARY)}")
        step = function.inner({**own, "t": Variable(SCALAR)})
        step.body(2)
        step.write(f"return {_scalar(step)}")
        level = function.inner(own)
        level.write(f"return {_scalar(level)}")
        other = {key.replace("self", "other"): variable for key, variable in own.items()}
        plus = function.inner({**own, **other})
        sums = [plus.bounded(plus.express.of(kind, 1)).text for kind in kinds]
        plus.write(f"return {name}({', '.join(sums)})")
        methods = [
            ("__init__(self, a, b)", begin),
            ("step(self, t)", step),
            ("__add__(self, other)", plus),
            ("level(self)", level),
        ]
        lines = [f"class {name}:", "    rate = 0.75", ""]
        for head, body in methods:
            if head.startswith("level"):
                lines.append("    @property")
            lines += [f"    def {head}:", *("    " + line for line in body.lines), ""]
        lines += ["    def __call__(self, t):", "        return self.step(t) + self.level"]
        function.definitions[name] = Definition("\n".join(lines), kinds)
        return name


class Record(Statement):
    """A dataclass or a named tuple."""

    feature = "records"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"record_{len(function.taken)}"
        function.taken.add(name)
        if function.pick([False, True]):
            cls._named_tuple(function, name)
            return
        if "State" not in function.definitions:
            inside = function.inner({"self.a": Variable(SCALAR), "self.b": Variable(SCALAR)})
            inside.write(f"return {_scalar(inside)}")
            text = "@dataclass\nclass State:\n    a: float\n    b: float = 0.5\n\n"
            text += "\n".join(["    def total(self):", *("    " + line for line in inside.lines)])
            function.definitions["State"] = Definition(text, (SCALAR, SCALAR))
        second = function.pick(["", ", {}", ", b={}"]).format(_scalar(function))
        function.write(f"{name} = State({_scalar(function)}{second})")
        for attribute in "ab":
            function.scope[f"{name}.{attribute}"] = Variable(SCALAR)
        function.local_functions.append(Signature(f"{name}.total", (), SCALAR))
        if function.pick([False, True]):
            function.write(f"{name} = replace({name}, a={_scalar(function)})")
        _assign(function, f"{name}.total()")

    @classmethod
    def _named_tuple(cls, function: FunctionWriter, name: str) -> None:
        text = "class Point(NamedTuple):\n    a: float\n    b: float"
        function.definitions["Point"] = Definition(text, (SCALAR, SCALAR))
        function.write(f"{name} = Point({_scalar(function)}, b={_scalar(function)})")
        form = function.pick(["fields", "unpacked", "replaced"])
        if form == "unpacked":
            one, other = (function.new(SCALAR) for _ in range(2))
            function.write(f"{one}, {other} = {name}")
            return
        if form == "replaced":
            function.write(f"{name} = {name}._replace(b={name}.a * {_operand(function)})")
        _assign(function, f"{name}.a * {name}[1] + sum({name})", 8.0)


# ---------------------------------------------------------------------------- statements


class With(Compound):
    feature = "with"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        ignored = function.pick(['divide="ignore"', 'all="ignore"'])
        with function.block(f"with np.errstate({ignored}):"):
            function.body(2)


class Match(Compound):
    feature = "match"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return super().available(function) and bool(function.names(INT))

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        subject = f"{function.pick(function.names(INT))} % 4"
        first, second = function.pick([("0", "1"), ("0 | 2", "1"), ("1", "2 | 3")])
        with function.block(f"match {subject}:"):
            for pattern in (first, second, function.pick(["_", None])):
                if pattern:
                    with function.block(f"case {pattern}:"):
                        function.body(1)


class Walrus(Compound):
    feature = "walrus"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        form = function.pick(["inside", "if", "while"])
        value = function.value(SCALAR, 2)
        name = function.new_name(SCALAR)
        if form == "inside":
            _assign(function, f"({name} := {value.text}) * {name} / 4", 4.0)
            function.scope[name] = Variable(SCALAR, value.bound)
        elif form == "if":
            with function.block(f"if ({name} := {value.text}) > 0.1:"):
                function.scope[name] = Variable(SCALAR, value.bound)
                function.body(2)
            function.scope[name] = Variable(SCALAR, value.bound)
        else:
            counter = function.new(INT)
            function.write(f"{counter} = 3")
            test = f"({counter} := {counter} - 1) > 0 and ({name} := {value.text}) < 0.8"
            with function.block(f"while {test}:", loop=True):
                function.scope[name] = Variable(SCALAR, value.bound)
                function.body(2)


ORDINARY: tuple[type[Statement], ...] = (
    Forever,
    Swap,
    Mask,
    Rows,
    Out,
    Table,
    DictLoop,
    Comprehension,
    Generator,
    Nonlocal,
    Stars,
    Functional,
    Object,
    Record,
    With,
    Match,
    Walrus,
)
