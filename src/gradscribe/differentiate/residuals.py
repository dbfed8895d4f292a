"""What a reverse body reads of the forward sweep: still there, computed again, put back, or stored.

A reverse body is built naming values of the primal body it mirrors. Here they are made available:

* a value from outside the body is still there;
* a position walked is walked again, backwards;
* what is cheap is computed again from what is there (``plans`` decides what that leaves);
* an array that the body changes in places is *put back*: the forward loop saves the entries it is
  about to overwrite, and the reverse loop writes them back, last change first;
* anything else the forward loop collects (or the branch hands out as one more result).
"""

from __future__ import annotations

import operator
from collections.abc import Collection
from functools import partial

from gradscribe.differentiate.lasting import Lasting
from gradscribe.differentiate.plans import Change, Plan, Reading, make_plan
from gradscribe.differentiate.unchanging import unchanging, worth_keeping
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import UNDEF, Attrs, Const, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.containers import SEGMENTS
from gradscribe.ir.hints import DEFAULT
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, of
from gradscribe.ir.rewrite import copy_op, defined_in, free_values, mapped, substitute
from gradscribe.ir.scopes import catches
from gradscribe.ir.types import PY_INT, Array, Scalar, Sequence, Static, dims_of, is_scalar

GETITEM, SETITEM, INDEX_ADD, WITHOUT = (
    of(f) for f in (operator.getitem, helpers.setitem, helpers.index_add, helpers.without)
)
CONTAINS = of(operator.contains)
REVERSED, RANGE = of(reversed), of(range)


# ---------------------------------------------------------------------------- branches


def for_arm(op: Op, arm: Region, reverse: Region) -> None:
    """Make what the reverse of an arm reads available, as further results of the branch."""
    inside = defined_in(arm)
    ask_before(arm, reverse)
    needed = [v for v in free_values(reverse) if v in inside]
    if not needed:
        return
    # The body of a try is computed in any case: whether it raises must be found out.
    plan = Plan(needed) if catches(op) else make_plan(arm, needed, {})
    results = _results(op, arm)
    mapping: dict[Value, Operand] = {}
    for value in plan.stored:
        mapping[value] = results.get(value) or _export(op, arm, value)
    reverse.ops[:0] = once(plan.again, mapping)
    substitute(reverse, mapping)


def ask_before(body: Region, reverse: Region) -> None:
    """Let the forward body find out whether its dicts have the keys that the reverse body asks for.

    So the answers are kept, and not the dicts as they were.
    """
    if not any(op.prim is CONTAINS for op in walk(reverse)):
        return
    order = {result: k for k, op in enumerate(body.ops) for result in op.results}
    order |= dict.fromkeys(body.params, -1)
    computed = {op.results[0]: op for op in body.ops if op.prim is GETITEM or op.prim.elementwise}

    def question(operand: Operand) -> object:
        op = computed.get(operand) if isinstance(operand, Value) else None
        return _key(operand) if op is None else (op.prim, *map(question, op.args))

    # What an arm leaves undefined is asked there, and not before.
    arms = {r for op in body.ops if op.prim in (IF, SCOPE) for r in op.results}
    known = {tuple(map(question, op.args)): op.results[0] for op in body.ops if op.prim is CONTAINS}
    same: dict[Value, Operand] = {}
    moved: list[tuple[int, Op]] = []

    def take(region: Region, nested: bool) -> None:
        for op in list(region.ops):
            for inner in op.regions:
                take(inner, True)
            if nested and op.prim is CONTAINS and not _can_be_asked(op, arms):
                continue
            if op.prim is CONTAINS and all(a in order or isinstance(a, Const) for a in op.args):
                region.ops.remove(op)
                (answer,) = op.results
                first = known.setdefault(tuple(map(question, op.args)), answer)
                if first is not answer:
                    same[answer] = first
                else:
                    moved.append((max(order.get(a, -1) for a in op.args), op))  # type: ignore[arg-type]  # a Value

    take(reverse, nested=False)
    for place, op in sorted(moved, key=lambda pair: -pair[0]):
        body.ops.insert(place + 1, op)
    substitute(reverse, same)


def _can_be_asked(op: Op, arms: set[Value]) -> bool:
    """Can a question of an arm be asked before it, too: is the dict there, and the key hashable?"""
    key = type_of_operand(op.args[1])
    parts = key.items or () if isinstance(key, Sequence) and key.kind == "tuple" else (key,)
    return op.args[0] not in arms and all(isinstance(part, Scalar | Static) for part in parts)


def _results(op: Op, arm: Region) -> dict[Operand, Value]:
    """The results of a branch that are values of an arm, and undefined where the other arm runs."""
    others = [o for o in op.regions if o is not arm]
    found: dict[Operand, Value] = {}
    for k, operand in enumerate(arm.yields):
        if isinstance(operand, Value) and (not others or any(o.yields[k] is UNDEF for o in others)):
            found.setdefault(operand, op.results[k])
    return found


def _export(op: Op, arm: Region, value: Value) -> Value:
    """Hand a value of an arm out of its branch; undefined where the other arm runs."""
    result = Value(value.hint, value.type, value.named)
    for region in op.regions:
        region.yields.append(value if region is arm else UNDEF)
    op.results = (*op.results, result)
    return result


def once(again: list[Op], mapping: dict[Value, Operand]) -> list[Op]:
    """What is computed again, as operations of its own; what is the same only once."""
    copies: list[Op] = []
    known: dict[tuple[object, ...], Value] = {}
    for op in again:
        key = (op.prim, *(_key(mapped(arg, mapping)) for arg in op.args))
        if key in known:
            mapping[op.results[0]] = known[key]
            continue
        copies.append(copy_op(op, mapping))
        known[key] = copies[-1].results[0]
    return copies


def _key(operand: Operand) -> object:
    """Equal for operands that are the same value or literal."""
    if isinstance(operand, Const):
        return type(operand.value), repr(operand.value), operand.name
    return operand


# ---------------------------------------------------------------------------- loops


def for_loop(
    op: Op,
    reverse: Op,
    builder: Builder,
    collected: list[tuple[Value, Operand]],
    lasting: Lasting,
    nest: list[Op],
) -> None:
    """Give the reverse loop what it walks: positions and saved values, last iteration first.

    ``collected`` pairs items that the body already reads with the lists (in the order of the
    forward loop) they come from: the adjoints of what the forward loop collected. ``nest`` ends
    in the loop itself.
    """
    body, (inner,) = op.regions[-1], reverse.regions
    ask_before(body, inner)
    inside = defined_in(body)
    lasting.prepare(nest, inner)
    for read in walk(inner):
        if read.prim is GETITEM and read.args[0] in inside:
            array = lasting.unchanged(nest, *read.args)
            read.args = read.args if array is None else (array, read.args[1])
    start = first_carry(op)
    # A loop that was left early is not walked to its end again: positions are collected too.
    walked = body.params[:start] if op.attrs.stop is None else []
    chains = _chains(op)
    reads = [v for v in free_values(inner) if v in inside]
    standing = lasting.standing()
    same = unchanging(body, lasting.inside[id(nest[0])], lasting.written())
    known = worth_keeping(same)
    plan = _plan_loop(body, reads, chains, [*walked, *known], partial(lasting.read, nest), standing)
    mapping: dict[Value, Operand] = {}
    _once_before(builder, [v for v in plan.stored if v in known], same, mapping)
    items: list[tuple[Value, Operand]] = []
    taken: list[Op] = []
    for value in plan.stored:
        if value in mapping:
            continue
        item = Value(value.hint, value.type, value.named)
        mapping[value] = item
        if value in walked:
            items.append((item, op.args[walked.index(value)]))
        elif start and type_of_operand(op.args[0]) == SEGMENTS:
            taken += _taken(reverse, _collect(op, body, value), item)
        else:
            items.append((item, _collect(op, body, value)))
    puts = [
        put
        for root, changes in plan.restored.items()
        for put in _restore(op, reverse, root, changes, mapping, items)
    ]
    mapping.update((a, mapping[b]) for a, b in plan.same.items() if b in mapping)
    again = once([step for step in plan.again if step.results[0] not in mapping], mapping)
    inner.ops = [*taken, *again, *puts, *inner.ops]
    substitute(inner, mapping)
    inner.ops = _in_time(inner.ops, again, puts)
    items += collected
    if not items:
        items.append(_count(op, builder))
    params = [item for item, _ in items]
    seqs = [_backwards(builder, seq) for _, seq in items]
    inner.params[:0] = params
    reverse.args = (*seqs, *reverse.args)
    reverse.attrs = Attrs(seqs=len(seqs))


def _once_before(
    builder: Builder, values: list[Value], same: dict[Value, Op], mapping: dict[Value, Operand]
) -> None:
    """Compute values that are the same in all iterations before the reverse loop."""
    needed: set[Value] = set()
    work: list[Operand] = list(values)
    while work:
        value = work.pop()
        if value in same and value not in needed:
            needed.add(value)
            work += same[value].args
    for made in once([op for value, op in same.items() if value in needed], mapping):
        made.statement, made.sweep = None, builder.sweep  # it belongs to no iteration
        builder.region.ops.append(made)
        builder.note(made)


def _plan_loop(
    body: Region,
    reads: list[Value],
    chains: dict[Value, list[Change]],
    walked: list[Value],
    lasting: Reading,
    standing: Collection[Operand],
) -> Plan:
    """A plan in which the indices that putting back needs are available too.

    An index that is made of what it puts back, such as the mask of ``b[b > 0] = 0``, is kept.
    """
    needed = list(reads)
    kept: frozenset[Value] = frozenset()
    while True:
        plan = make_plan(body, needed, chains, walked, lasting, kept, standing)
        inside = set(body.params).union(*(op.results for op in body.ops))
        indices = [
            arg
            for changes in plan.restored.values()
            for change in changes
            if isinstance(arg := change.op.args[1], Value) and arg in inside
        ]
        missing = [v for v in indices if v not in needed]
        circular = _made_of_restored(plan).intersection(indices)
        if not missing and not circular:
            return plan
        needed += missing
        kept |= circular


def _made_of_restored(plan: Plan) -> set[Value]:
    """What is computed again from an array that is put back."""
    found = {v for root, changes in plan.restored.items() for v in (root, *_versions(changes))}
    for op in plan.again:
        args = [arg for arg in op.args if isinstance(arg, Value)]
        if any(plan.same.get(arg, arg) in found for arg in args):
            found.update(op.results)
    return found


def _versions(changes: list[Change]) -> list[Value]:
    return [change.after for change in changes]


def _chains(op: Op) -> dict[Value, list[Change]]:
    """The carries that a body changes only in places, with their changes in order."""
    body, start = op.regions[-1], first_carry(op)
    origin = {r: o for o in body.ops for r in o.results}
    chains = {}
    for k in range(carries(op)):
        param = body.params[start + k]
        changes: list[Change] = []
        value = body.yields[k]
        while isinstance(value, Value) and value in origin and value is not param:
            step = origin[value]
            before = step.args[0] if step.args else None
            if step.prim not in (SETITEM, INDEX_ADD) or not isinstance(before, Value):
                break
            changes.append(Change(step, before, value))
            value = before
        if value is param and changes and isinstance(param.type, Array) and dims_of(param.type):
            chains[param] = changes[::-1]
    return chains


def _restore(
    op: Op,
    reverse: Op,
    root: Value,
    changes: list[Change],
    mapping: dict[Value, Operand],
    items: list[tuple[Value, Operand]],
) -> list[Op]:
    """Thread the array itself backwards through the reverse loop; what undoes each change."""
    body, (inner,) = op.regions[-1], reverse.regions
    k = body.params.index(root) - first_carry(op)
    last = Value(root.hint, root.type, root.named)
    mapping[changes[-1].after] = last
    inner.params.append(last)
    reverse.args = (*reverse.args, op.results[k])
    puts = []
    for change in reversed(changes):
        old = _overwritten(body, change.op, root)
        item = Value(old.hint, old.type)
        items.append((item, _collect(op, body, old)))
        if is_scalar(old.type):
            mapping.setdefault(old, item)
        before = Value(root.hint, root.type, root.named)
        put = Op(
            SETITEM, (last, change.op.args[1], item), (before,), (), None,
            change.op.span, change.op.statement, derived=True,
        )  # fmt: skip
        puts.append(put)
        mapping[change.before] = last = before
    carried = carries(reverse) - 1
    inner.yields.insert(carried, last)
    results = list(reverse.results)
    results.insert(carried, Value(root.hint, root.type, root.named))
    reverse.results = tuple(results)
    return puts


def _taken(reverse: Op, saved: Value, item: Value) -> list[Op]:
    """Take a value off its list in each iteration, so that snapshots are held no longer than that.

    (``x = x_saved.pop()``)
    """
    (inner,) = reverse.regions
    held, rest, result = (Value(saved.hint, saved.type) for _ in range(3))
    inner.params.append(held)
    reverse.args = (*reverse.args, saved)
    place = carries(reverse) - 1
    inner.yields.insert(place, rest)
    reverse.results = (*reverse.results[:place], result, *reverse.results[place:])
    read = Op(GETITEM, (held, Const(-1)), (item,), derived=True)
    return [read, Op(WITHOUT, (held, Const(-1)), (rest,), derived=True)]


def _in_time(ops: list[Op], again: list[Op], puts: list[Op]) -> list[Op]:
    """The operations of a reverse body with each change undone right before its effect is read.

    What is computed again from the entries that undoing it covers comes before it, what is computed
    again from those that it uncovers after it.
    """
    made = {result: op for op in ops for result in op.results}
    late = {id(put) for put in puts}
    undoing = frozenset(late)
    for op in again:
        if any(id(made[arg]) in late for arg in op.args if arg in made):
            late.add(id(op))
    begun: set[int] = set()
    ordered: list[Op] = []

    def place(op: Op) -> None:
        if id(op) in begun:
            return
        begun.add(id(op))
        for value in (*op.args, *(v for region in op.regions for v in free_values(region))):
            if value in made:
                place(made[value])
        if id(op) in undoing:
            for reader in again:
                if op.args[0] in reader.args:
                    place(reader)
        ordered.append(op)

    for op in ops:
        if id(op) not in late:
            place(op)
    for put in puts:
        place(put)
    return ordered


def _overwritten(body: Region, change: Op, root: Value) -> Value:
    """The entries that a change is about to overwrite, read in the forward body."""
    place = body.ops.index(change)
    for op in body.ops[:place]:
        if (
            op.prim is GETITEM
            and op.args[0] is change.args[0]
            and _same(op.args[1], change.args[1])
        ):
            return op.results[0]
    old = Value(f"{root.hint}_old", GETITEM.result_type(change.args[:2]))
    read = Op(GETITEM, change.args[:2], (old,), (), None, change.span, change.statement)
    body.ops.insert(place, read)
    return old


def _same(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.name == b.name and repr(a.value) == repr(b.value)
    return a is b


def _collect(op: Op, body: Region, value: Value) -> Value:
    """Let a loop collect a value of its body; the list."""
    count = carries(op)
    for k in range(count, len(op.results)):
        if body.yields[k] is value:
            return op.results[k]
    listed = Value(f"{value.hint or DEFAULT}_saved", Sequence("list", None, value.type))
    body.yields.append(value)
    op.results = (*op.results, listed)
    return listed


def _count(op: Op, builder: Builder) -> tuple[Value, Operand]:
    """Something to walk when only the number of iterations matters."""
    if op.prim is FOR and op.attrs.stop is not None:
        position = op.regions[0].params[0]
        return Value(position.hint, position.type), _collect(op, op.regions[0], position)
    if op.prim is FOR:
        return Value(op.regions[0].params[0].hint, op.regions[0].params[0].type), op.args[0]
    test, body = op.regions
    body.params.append(counter := Value("count", PY_INT))
    test.params.append(Value("count", PY_INT))
    following = Value("count", PY_INT)
    body.ops.append(Op(of(operator.add), (counter, Const(1)), (following,)))
    place = carries(op)
    op.args = (*op.args, Const(0))
    body.yields.insert(place, following)
    total = Value("count", PY_INT)
    op.results = (*op.results[:place], total, *op.results[place:])
    return Value("_", PY_INT), builder.emit(RANGE, total)


def _backwards(builder: Builder, seq: Operand) -> Operand:
    """The sequence in the opposite order; twice reversed is as it was."""
    for op in builder.region.ops:
        if op.prim is REVERSED and op.results[0] is seq:
            return op.args[0]
    return builder.emit(REVERSED, seq)
