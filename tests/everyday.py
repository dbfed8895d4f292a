"""The statements of everyday Python: methods of containers, functions that make and change them."""

from __future__ import annotations

from drawing import (
    DICT,
    INT,
    LIST,
    SCALAR,
    UNARY,
    VECTOR,
    Compound,
    Definition,
    FunctionWriter,
    Signature,
    Statement,
    Variable,
    update_of,
)
from ordinary import _assign, _operand, _owned, _scalar, _vector

# ---------------------------------------------------------------------------- containers


class Lists(Statement):
    """A list that its methods and operators change."""

    feature = "methods"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        items = function.new(LIST)
        function.write(f"{items} = [{', '.join(_scalar(function) for _ in range(3))}]")
        for _ in range(function.pick([1, 2])):
            other, value = _scalar(function), function.value(SCALAR, 1)
            form = function.pick(
                [
                    f"{items}.insert(1, {other})",
                    f"{items}.extend([{other}, {value.text}])",
                    f"{items}.reverse()",
                    f"{items}.sort()",
                    f"{items} = {items} + [{other}]",
                    f"{items} = 2 * {items}",
                    f"{items} += [{other}]",
                    f"{items}[1:2] = [{other}, {value.text}]",
                    f"{items}[-1] {update_of(function, value)}",
                    f"{items} = [{other}, *{items}]",
                    f"{items} = {items}.copy()",
                    f"{items} = {items}[::-1]",
                    "pop",
                    "del",
                    "copy",
                    "clear",
                ]
            )
            if form == "pop":
                _assign(function, f"{items}.pop({function.pick(['', '0'])})")
                function.write(f"{items}.append({other})")
            elif form == "del":
                function.write(f"del {items}[0]")
                function.write(f"{items}.append({other})")
            elif form == "copy":
                copy = function.new(LIST)
                function.write(f"{copy} = {function.pick(['list({0})', '{0}[:]']).format(items)}")
                function.write(f"{copy}[0] {update_of(function, value)}")
                _assign(function, f"{copy}[0] - {items}[0]", 6.0)
            elif form == "clear":
                function.write(f"{items}.clear()")
                function.write(f"{items}.append({other})")
            else:
                function.write(form)
        _assign(function, f"sum({items}) / (1 + len({items}))")


class Dicts(Statement):
    """A dict that its methods change and ask."""

    feature = "dict"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"table_{len(function.taken)}"
        function.taken.add(name)
        first, second, other = (_scalar(function) for _ in range(3))
        display = function.pick(
            [f'{{"a": {first}, "b": {second}}}', f"dict(a={first}, b={second})"]
        )
        function.write(f"{name} = {display}")
        form = function.pick(
            ["setdefault", "pop", "del", "in", "sorted", "mapped", "merged", "zipped", "nested"]
        )
        if form == "setdefault":
            key = function.pick(["a", "c"])
            _assign(function, f'{name}.setdefault("{key}", {other}) + {name}["{key}"]', 6.0)
        elif form == "pop":
            _assign(function, f'{name}.pop("a") * {name}["b"]', 6.0)
        elif form == "del":
            function.write(f'del {name}["a"]')
            _assign(function, f"sum({name}.values()) + len({name})", 6.0)
        elif form == "in":
            key = function.pick(["a", "c"])
            function.write(f'if "{key}" in {name}:')
            function.write(f'    {name}["{key}"] = {other}')
            _assign(function, f'{name}["a"] * {name}["b"]', 6.0)
        elif form == "sorted":
            key, total = f"key_{len(function.taken)}", _assign(function, "0.5")
            function.taken.add(key)
            with function.block(f"for {key} in sorted({name}):", loop=True):
                function.write(f"{total} = {total} * 0.5 + {name}[{key}]")
            function.scope[total].bound = 6.0
        elif form == "mapped":
            function.write(f"{name} = {{key: entry * 0.5 for key, entry in {name}.items()}}")
        elif form == "merged":
            function.write(f'{name} = {name} | {{"b": {other}}}')
        elif form == "zipped":
            function.write(f'{name} = dict(zip(("a", "b"), ({other}, {name}["a"])))')
        else:
            function.write(f'{name} = {{"a": {other}, "b": {name}["a"], "c": {{"d": {second}}}}}')
            function.write(f'{name}["c"]["d"] *= {name}["b"]')
            _assign(function, f'{name}["c"]["d"]', 6.0)
            return
        if form in {"mapped", "merged", "zipped"}:
            function.scope[name] = Variable(DICT)
            for key in "ab":
                function.scope[f'{name}["{key}"]'] = Variable(SCALAR, 3.0)


class Pairs(Compound):
    """Tuples in tuples, taken apart where they are assigned and where they are walked."""

    feature = "pairs"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        form = function.pick(["nested", "enumerated", "rows", "walked"])
        one, two, three = (_scalar(function) for _ in range(3))
        names = [function.new_name(SCALAR) for _ in range(3)]
        if form == "nested":
            pair = f"pair_{len(function.taken)}"
            function.taken.add(pair)
            function.write(f"{pair} = {one}, ({two}, {three})")
            function.write(f"{names[0]}, ({names[1]}, {names[2]}) = {pair}")
            function.scope.update({name: Variable(SCALAR, 3.0) for name in names})
            _assign(function, f"{pair}[1][0] - {pair}[-1][-1]", 6.0)
            return
        index = function.new_name(INT)
        header = {
            "enumerated": f"for {index}, ({names[0]}, {names[1]}) in "
            f"enumerate(zip([{one}, {two}], [{three}, {one}])):",
            "rows": f"for {names[0]}, ({names[1]}, _) in "
            f"[({one}, ({two}, 1)), ({three}, ({one}, 2))]:",
            "walked": f"for {names[0]}, *{names[1]} in [({one}, {two}), ({three}, {one}, {two})]:",
        }[form]
        with function.block(header, loop=True):
            function.scope[names[0]] = Variable(SCALAR, 3.0)
            if form == "walked":
                function.write(f"{names[1]} = sum({names[1]})")
            if form == "enumerated":
                function.scope[index] = Variable(INT, 3.0, limit=2)
            function.scope[names[1]] = Variable(SCALAR, 4.0)
            function.body(2)


# ---------------------------------------------------------------------------- functions


class Mutator(Statement):
    """A function that changes the array it is given, called twice."""

    feature = "mutators"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return "arrays" in function.features

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name, target = f"change_{len(function.taken)}", _owned(function, (VECTOR,))
        function.taken.add(name)
        with function.visible({"t": Variable(SCALAR)}, functions=False):
            value = function.value(SCALAR, 1)
        change = function.pick(
            [
                f"v[0] {update_of(function, value)}",
                f"v[1:] = v[:-1] * {value.at(UNARY)}",
                f"v {update_of(function, value)}",
                f"v[:] = np.sin(v) + {value.at(UNARY)}",
                f"v[v > 0.2] = {value.text}",
            ]
        )
        function.write(f"def {name}(v, t):")
        function.write(f"    {change}")
        gives = function.pick([None, "np.sum(v)", "v"])
        if gives is not None:
            function.write(f"    return {gives}")
        for _ in range(2):
            call = f"{name}({target}, {_scalar(function)})"
            if gives == "np.sum(v)" and function.pick([False, True]):
                _assign(function, call, 6.0)
            else:
                function.write(call)
        function.scope[target].bound += 2 * value.bound + 1


class Higher(Statement):
    """Functions that return functions, take them, and stand around them."""

    feature = "higher"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"make_{len(function.taken)}"
        function.taken.add(name)
        with function.visible({"s": Variable(SCALAR), "t": Variable(SCALAR)}, functions=False):
            text = _scalar(function, 2)
        form = function.pick(["made", "applied", "wrapped", "list"])
        if form == "made":
            function.write(f"def {name}(s):")
            function.write("    def made(t):")
            function.write(f"        return {text}")
            function.write("    return made")
            kept = f"kept_{len(function.taken)}"
            function.taken.add(kept)
            function.write(f"{kept} = {name}({_scalar(function)})")
            function.local_functions.append(Signature(kept, (SCALAR,), SCALAR))
            _assign(
                function, f"{kept}({_scalar(function)}) - {name}({_scalar(function)})(0.5)", 8.0
            )
        elif form == "applied":
            function.write(f"def {name}(of, s):")
            function.write("    t = of(s) / 4")
            function.write(f"    return of(np.tanh({text}))")
            with function.visible({"t": Variable(SCALAR)}, functions=False):
                given = _scalar(function, 2)
            _assign(function, f"{name}(lambda t: {given}, {_scalar(function)})", 4.0)
        elif form == "wrapped":
            function.write(f"def {name}(of):")
            function.write("    @wraps(of)")
            function.write("    def around(s, *rest, **more):")
            function.write("        return 0.5 * of(s, *rest, **more) + s")
            function.write("    return around")
            function.write(f"@{name}")
            function.write(f"def wrapped_{name}(s, t=0.5):")
            function.write(f"    return {text}")
            _assign(function, f"wrapped_{name}({_scalar(function)}, t={_scalar(function)})", 6.0)
        else:
            with function.visible({"t": Variable(SCALAR)}, functions=False):
                first, second = _scalar(function), _scalar(function)
            function.write(f"{name} = [lambda t: {first}, lambda t: {second}]")
            _assign(function, f"sum(of({_scalar(function)}) for of in {name})", 8.0)


class Library(Statement):
    """Functions of ``operator``, ``itertools`` and ``math``."""

    feature = "library"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        one, two, three = (_scalar(function) for _ in range(3))
        items = f"[{one}, {two}, {three}]"
        text = function.pick(
            [
                f"operator.mul({one}, {two})",
                f"operator.sub({_operand(function)}, {two})",
                f"reduce(operator.add, {items})",
                f"sum(accumulate({items}))",
                f"sum(p * q for p, q in pairwise({items}))",
                f"sum(p * q for p, q in product([{one}, {two}], [{three}, 0.5]))",
                f"sum(chain([{one}, {two}], ({three},)))",
                f"sum(p for p in islice({items}, 2))",
                f"math.prod({items})",
                f"math.fsum({items})",
                f"math.hypot({one}, 1.0, {two})",
                f"(1.0 if any(p > 0.2 for p in {items}) else 0.5) * {_operand(function)}",
                f"(1.0 if all(p > -0.9 for p in {items}) else 0.5) * {_operand(function)}",
                f"operator.itemgetter(1)({items})",
            ]
        )
        _assign(function, text, 9.0)


class Deep(Statement):
    """Functions of the module that call themselves twice, or each other."""

    feature = "recursion"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        known = [name for name in function.definitions if name.startswith("deep_")]
        name = function.pick([*known, None]) or cls._define(function)
        _assign(function, f"{name}({_scalar(function)})")

    @classmethod
    def _define(cls, function: FunctionWriter) -> str:
        name = f"deep_{len(function.definitions)}"
        function.definitions[name] = Definition("", (SCALAR,))
        inside = function.inner({"t": Variable(SCALAR)})
        inside.library = ()  # or calls of calls take long
        last, step = _scalar(inside), _scalar(inside)
        if function.pick([True, False]):
            lines = [
                f"def {name}(t, depth=2):",
                "    if depth <= 0:",
                f"        return {last}",
                f"    left = {name}({step}, depth - 1)",
                f"    return np.tanh(left - {name}(0.5 * t, depth - 1)) + t",
            ]
        else:
            lines = [
                f"def {name}(t, depth=3):",
                f"    return {last} if depth <= 0 else np.sin(other_{name}(t, depth - 1)) + t",
                "",
                "",
                f"def other_{name}(t, depth):",
                "    if depth <= 0:",
                "        return t * t",
                f"    s = {name}(np.tanh({step}), depth - 1)",
                "    return s * 0.5",
            ]
        function.definitions[name] = Definition("\n".join(lines), (SCALAR,))
        return name


class Inherited(Statement):
    """A class that takes over from another, with ``super`` and a class attribute."""

    feature = "objects"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        if "Root" not in function.definitions:
            own = {"self.a": Variable(SCALAR), "t": Variable(SCALAR)}
            step, more = function.inner(own), function.inner(own)
            lines = [
                "class Root:",
                "    gain = 0.5",
                "",
                "    def __init__(self, a):",
                "        self.a = a",
                "",
                "    def step(self, t):",
                f"        self.a {update_of(step, step.value(SCALAR, 1))}",
                f"        return {_scalar(step)}",
                "",
                "",
                "class Leaf(Root):",
                "    gain = 0.25",
                "",
                "    def __init__(self, a, b=1.5):",
                "        super().__init__(a * self.gain)",
                "        self.b = b",
                "",
                "    def step(self, t):",
                f"        return super().step({_scalar(more)}) + self.b * self.a",
            ]
            function.definitions["Root"] = Definition("\n".join(lines), (SCALAR,))
        name = f"leaf_{len(function.taken)}"
        function.taken.add(name)
        given = _scalar(function)
        made = function.pick(["Leaf({0})", "Leaf({0}, b={1})", "Root({0})"])
        function.write(f"{name} = {made.format(given, _scalar(function))}")
        function.scope[f"{name}.a"] = Variable(SCALAR, 3.0)
        calls = " + ".join(f"{name}.step({_scalar(function)})" for _ in range(2))
        _assign(function, f"{calls} * {name}.gain", 9.0)


# ---------------------------------------------------------------------------- statements


class Finally(Compound):
    """``try`` with ``else`` and ``finally``."""

    feature = "try"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block("try:"):
            function.body(2)
            if function.pick([True, False]):
                with function.block(f"if {function.express.condition()}:"):
                    function.write("raise KeyError")
        if function.pick([True, False]):
            with function.block("except KeyError:"):
                function.body(1)
            with function.block("else:"):
                function.body(1)
        else:
            with function.block("except KeyError:"):
                function.write("pass")
        with function.block("finally:"):
            _assign(function, _scalar(function))


class Bounds(Compound):
    """Loops whose bounds change inside, that have an ``else``, and code that is not reached."""

    feature = "bounds"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        form = function.pick(["changed", "while else", "never", "grown"])
        if form == "changed":
            stop, index = function.new(INT), function.new_name(INT)
            function.write(f"{stop} = {function.pick([2, 3])}")
            with function.block(f"for {index} in range({stop}):", loop=True):
                function.scope[index] = Variable(INT, 3.0)
                function.write(f"{stop} = 0")
                function.body(2)
        elif form == "while else":
            counter = function.new(INT)
            function.write(f"{counter} = 0")
            with function.block(f"while {counter} < {function.pick([2, 3, 0])}:", loop=True):
                function.write(f"{counter} += 1")
                function.body(1)
                with function.block(f"if {function.express.condition()}:"):
                    function.write("break")
            with function.block("else:"):
                function.body(1)
        elif form == "never":
            with function.block(function.pick(["if False:", "while False:", "for _ in ():"])):
                function.body(1)
        else:
            items, item = function.new(LIST), function.new_name(SCALAR)
            function.write(f"{items} = [{_scalar(function)}]")
            with function.block(f"for {item} in {items}:", loop=True):
                function.scope[item] = Variable(SCALAR, 3.0)
                function.write(f"if len({items}) < 3:")
                function.write(f"    {items}.append(0.5 * {item})")
                function.body(1)


class Small(Statement):
    """``del``, local imports, f-strings, and annotations without a value."""

    feature = "small"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        form = function.pick(["import", "printed", "annotated", "deleted", "starred", "vector"])
        if form == "import":
            name = f"sine_{len(function.taken)}"
            function.taken.add(name)
            function.write(f"from math import sin as {name}")
            _assign(function, f"{name}({_scalar(function)})", 1.0)
        elif form == "printed":
            shown = _operand(function).replace('"', "'")  # before Python 3.12 quotes do not nest
            function.write(f'print(f"{{{shown}:.3f}} of {{1 + 1}}")')
        elif form == "annotated":
            value = _scalar(function)
            name = function.new(SCALAR)
            function.write(f"{name}: float")
            function.write(f"{name} = {value}")
        elif form == "deleted":
            name = f"gone_{len(function.taken)}"
            function.taken.add(name)
            function.write(f"{name} = {_scalar(function)}")
            _assign(function, f"{name} * {name}", 9.0)
            function.write(f"del {name}")
        elif form == "vector" and "arrays" in function.features:
            value = _vector(function)
            name = function.new(VECTOR, bound=4.0, owned=True)
            function.write(f"*_, {name} = 0, 1.0 * {value}")
        else:
            _assign(function, f"max(*[{_scalar(function)}, {_scalar(function)}], 0.3)", 3.0)


EVERYDAY: tuple[type[Statement], ...] = (
    Lists,
    Dicts,
    Pairs,
    Mutator,
    Higher,
    Library,
    Deep,
    Inherited,
    Finally,
    Bounds,
    Small,
)
