"""The containers of ``collections``: queues with two ends, dicts with an order or with defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import check_everything, check_file
from snippets import compiled, programs

EXACT = programs("""
# a queue | s, n
from collections import deque
q = deque()
q.append(s)
q.append(s * s)
for k in range(n):
    v = q.popleft()
    q.append(v * s + k)
return q[0] * q[-1]

# a window | x
from collections import deque
recent = deque(maxlen=2)
r = 0.0
for v in x:
    recent.append(v * v)
    r += sum(recent) / len(recent)
return r

# in front | x
from collections import deque
q = deque()
for v in x:
    q.appendleft(v)
r = 0.0
for k, v in enumerate(q):
    r += k * v * v
return r

# both ends | s, c
from collections import deque
q = deque([s, c, s * c])
q.appendleft(c * c)
r = 0.0
while q:
    a = q.pop()
    if q:
        b = q.popleft()
        r += a * b
    else:
        r += a
return r

# a window of what is longer | x
from collections import deque
q = deque([1.0, 2.0], maxlen=3)
for v in x:
    q.append(v)
return q[0] * q[1] * q[2]

# turned and extended | x, s
from collections import deque
q = deque(x)
q.rotate(1)
q.extend([s, s * s])
q.extendleft([s, s * 2])
q[1] = q[1] * s
q.reverse()
return sum(v * k for k, v in enumerate(q)) * len(q)

# a walk of a tree by levels | s, n
from collections import deque
queue = deque([(0, s)])
total = 0.0
while queue:
    depth, v = queue.popleft()
    total += v
    if depth < n:
        queue.append((depth + 1, v * s))
        queue.append((depth + 1, v / 2))
return total

# a moving average | x
from collections import deque
class Window:
    def __init__(self, size):
        self.items = deque(maxlen=size)
    def push(self, v):
        self.items.append(v)
        return sum(self.items) / len(self.items)
---
w = Window(3)
return sum(w.push(v) ** 2 for v in x)

# an array of a queue | x
from collections import deque
q = deque(maxlen=3)
for v in x:
    q.append(v)
return np.sum(np.array(q) ** 2) + sum(list(q)) * np.mean(q)

# a window filled in front | x
from collections import deque
q = deque(maxlen=3)
for v in x:
    q.appendleft(v * 2)
q.clear() if len(q) > 5 else None
a, b, c = q
return a * b + c

# the last states | m, n
from collections import deque
h = deque(maxlen=2)
h.append(m[0])
h.append(m[1])
for k in range(n):
    h.append(1.5 * h[-1] - 0.5 * h[-2] * h[-1])
return np.sum(h[0] * h[1])

# a dict with an order | s, c
from collections import OrderedDict
d = OrderedDict()
d["a"] = s
d["b"] = c * s
r = 0.0
for k, v in d.items():
    r = r * 2 + v * v
d.move_to_end("a")
return r + list(d.values())[-1] * d["b"]

# a dict with an order, and computed keys | x
from collections import OrderedDict
d = OrderedDict()
for k in range(4):
    d[k % 3] = x[k]
k, v = d.popitem(last=False)
return sum(d.values()) * v

# a dict of pairs | s, c
from collections import OrderedDict
d = OrderedDict([("a", s), ("b", c)])
return d["a"] * d["b"] + sum(d.values())

# sums under computed keys | x, i
from collections import Counter
d = Counter()
for k in range(4):
    d[k % 2] += x[k] ** 2
return d[0] * d[1] + d[7]

# sums under known keys | s, c
from collections import Counter
d = Counter()
d["a"] += s
d["b"] += c * s
return d["a"] * d["b"] + d["zz"]

# sums under letters | x
from collections import Counter
d = Counter()
for k in range(4):
    d["ab"[k % 2]] += x[k]
return sum(d.values()) * d["a"]

# what is counted | x
from collections import Counter
names = ["a", "b", "a", "c"]
count = Counter(names)
r = 0.0
for k, v in zip(names, x):
    r += count[k] * v * v
return r

# lists by default | x
from collections import defaultdict
d = defaultdict(list)
for k, v in enumerate(x):
    d[k % 2].append(v)
return sum(sum(v) ** 2 for v in d.values())

# a number by default | x
from collections import defaultdict
d = defaultdict(lambda: 0.0)
for k, v in enumerate(x):
    d[k % 2] += v * v
return d[0] * d[1] + d[5]

# what is differentiated by default | x, s
from collections import defaultdict
d = defaultdict(lambda: s)
for k, v in enumerate(x):
    d[k % 2] *= v
return d[0] * d[1] + d[5]

# an integer by default | x
from collections import defaultdict
d = defaultdict(int)
for k, v in enumerate(x):
    d[k % 2] += v * v
return d[0] * d[1] + d[5]

# known words | s, c
from collections import defaultdict
d = defaultdict(float)
for name, v in [("a", s), ("b", c), ("a", s * c)]:
    d[name] += v
return d["a"] ** 2 * d["b"]

# arrays by default | x
from collections import defaultdict
d = defaultdict(lambda: np.zeros(2))
for k in range(4):
    d[k % 2] += x[k : k + 1] * np.array([1.0, 2.0])
return np.sum(d[0] * d[1])

# what it is | s, c
from collections import deque
q = deque((s, c))
if isinstance(q, deque) and not isinstance(q, list) and type(q) is deque:
    return q[0] * q[1] ** 2
return s

# changed by a function | x
from collections import deque
def push(q, v):
    q.append(v)
    if len(q) > 2:
        return q.popleft() + v
    return v
---
q = deque()
return sum(push(q, v) ** 2 for v in x) + len(q) * sum(q)

# taken from both ends | x
from collections import deque
q = deque(x)
r = 0.0
while len(q) > 1:
    r = r * 0.5 + q.pop() * q.popleft()
return r

# two names | s, n
from collections import deque
q = deque(maxlen=3)
p = q
for k in range(n + 2):
    q.append(s * k)
    if k % 2:
        p.append(s ** 2)
return sum(v * v for v in p) + q[0]

# walked in every way | x
from collections import deque
q = deque(x, maxlen=3)
r = 0.0
for k, (a, b) in enumerate(zip(q, reversed(q))):
    r += k * a * b
return r + sorted(q)[0] * max(q) + min(q)

# added to and copied | x, s
from collections import deque
q = deque([s])
q += [s * 2, s * 3]
p = q.copy()
p.append(x[0])
del p[0]
p.insert(1, s)
return sum(p) * sum(q)

# empty | s, none
from collections import deque
q = deque()
for k in range(none):
    q.append(s * k)
if not q:
    q.append(s)
return q.pop() ** 2

# a filter | m, n
from collections import deque
class Filter:
    def __init__(self, b):
        self.b = b
        self.buf = deque([np.zeros(3)] * len(b), maxlen=len(b))
    def step(self, v):
        self.buf.appendleft(v)
        return sum(k * u for k, u in zip(self.b, self.buf))
---
f = Filter([0.5, 0.25])
r = 0.0
for row in m:
    r += np.sum(f.step(row) ** 2)
return r

# a walk of a graph | s, c
from collections import deque
tree = {"a": ["b", "c"], "b": [], "c": ["d"], "d": []}
w = {"a": s, "b": c, "c": s * c, "d": c * c}
q = deque(["a"])
total = 0.0
depth = {"a": 1}
while q:
    node = q.popleft()
    total += w[node] * depth[node]
    for kid in tree[node]:
        depth[kid] = depth[node] + 1
        q.append(kid)
return total

# counts that are added | s, c
from collections import Counter
d = Counter(a=s)
d.update({"a": c, "b": s * c})
d.update(a=2.0)
d.subtract({"b": 1.0})
return d["a"] * d["b"] * d.total()

# counts under computed keys that are added | x
from collections import Counter
d, e = Counter(), Counter()
for k in range(4):
    d[k % 2] += x[k]
    e[k % 3] += x[k] ** 2
d.update(e)
return d[0] * d[1] + d[2] * d.total()

# a method in a variable | s, n
from collections import deque
q = deque()
put, take = q.append, q.popleft
for k in range(n):
    put(s * k + 1.0)
return take() * take() ** 2

# one queue or another | s, c
from collections import deque
p, q = deque([s]), deque([c])
r = p if s > 0 else q
r.append(s * c)
return sum(r) ** 2
""")


@pytest.mark.parametrize("name", EXACT)
def test_the_containers_of_collections_are_differentiated_exactly(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_everything(compiled(EXACT[name]), args, wrt)


@pytest.mark.parametrize("name", ["a window", "a walk of a tree by levels", "lists by default"])
def test_their_derivatives_stand_alone_in_files(name: str, tmp_path: Path) -> None:
    source, args, wrt = EXACT[name]
    check_file(source.partition("\n")[2], args, wrt[0], tmp_path)
