"""From generated text to functions in memory, as easy to debug as those in files."""

import __future__

import ast
import hashlib
import io
import linecache
from collections.abc import Iterable, Mapping
from types import CellType, CodeType, FunctionType

# Names that no program can contain, so that the two scopes round a module capture
# nothing.
_PRIMAL_SCOPE = "<primal>"
_MODULE_SCOPE = "<module>"
_SCOPE_PREFIX = f"{_PRIMAL_SCOPE}.<locals>.{_MODULE_SCOPE}.<locals>."


def register_source(filename_stem: str, text: str) -> str:
    """Make a text known to tracebacks and `inspect`; return the file name it goes by.

    The name holds a hash of the text: equal texts share an entry, and an entry never
    changes.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    filename = f"<gradscribe {filename_stem} {digest}>"
    # Without a modification time the entry survives linecache.checkcache().
    linecache.cache[filename] = (len(text), None, list(io.StringIO(text)), filename)
    return filename


def build_function(
    module: str | ast.Module,
    filename: str,
    name: str,
    primal_globals: dict[str, object],
    *,
    ours: Mapping[str, object],
    primal_cells: Mapping[str, CellType],
    defaults: tuple[object, ...] | None = None,
    kwdefaults: dict[str, object] | None = None,
) -> FunctionType:
    """Return a function of a generated module, living among the primal's names.

    Its globals are `primal_globals` itself, to which nothing is added, and its free
    variables of the names in `primal_cells` are those very cells: it sees what the
    primal sees, when the primal sees it. The objects in `ours` (imports and constants
    of the module, under the names the module gives them) and the functions that the
    module defines are closure cells of its own. A statement of the module that only
    binds names in `ours` is not executed.

    The code has the line numbers of the module's text, which should be registered under
    `filename`. Defaults are objects of the primal's, so those written in the text are
    not evaluated.

    Raises ValueError when the module does not define the function.
    """
    if isinstance(module, str):
        tree = ast.parse(module, filename)
    else:
        tree = ast.fix_missing_locations(module)
    body = [kept for statement in tree.body if (kept := _without(statement, ours)) is not None]
    places = [
        index
        for index, statement in enumerate(body)
        if isinstance(statement, ast.FunctionDef) and statement.name == name
    ]
    if not places:
        raise ValueError(f"{filename} does not define {name}")
    body[places[-1]] = _without_defaults(body[places[-1]])

    # def <primal>(the primal's free variables):
    #     def <module>(our names):
    #         … the module …
    #         return name
    [result] = ast.parse(f"return {name}").body
    body.append(result)
    inner = _scope(_MODULE_SCOPE, ours, body)
    outer = _scope(_PRIMAL_SCOPE, primal_cells, [inner])
    whole = ast.Module([outer], [])
    # Annotations are for readers of the text. Evaluated here they could only fail.
    flags = __future__.annotations.compiler_flag
    compiled = compile(whole, filename, "exec", flags, dont_inherit=True)
    code = _only_code(_only_code(compiled))

    closure = tuple(primal_cells[free] for free in code.co_freevars)
    scope = FunctionType(_named_as_in_a_module(code), primal_globals, closure=closure)
    function = scope(**ours)
    assert isinstance(function, FunctionType)
    function.__defaults__ = defaults
    function.__kwdefaults__ = kwdefaults
    return function


def _without(statement: ast.stmt, ours: Mapping[str, object]) -> ast.stmt | None:
    """Return what is left of a statement when the names in `ours` are bound already."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return None
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = [
            alias
            for alias in statement.names
            if (alias.asname or alias.name.partition(".")[0]) not in ours
        ]
        if not names:
            return None
        if isinstance(statement, ast.Import):
            return ast.copy_location(ast.Import(names), statement)
        kept = ast.ImportFrom(statement.module, names, statement.level)
        return ast.copy_location(kept, statement)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        bound = [
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        return None if all(name in ours for name in bound) else statement
    return statement


def _without_defaults(definition: ast.stmt) -> ast.FunctionDef:
    assert isinstance(definition, ast.FunctionDef)
    old = definition.args
    arguments = ast.arguments(
        posonlyargs=old.posonlyargs,
        args=old.args,
        vararg=old.vararg,
        kwonlyargs=old.kwonlyargs,
        kw_defaults=[None] * len(old.kwonlyargs),
        kwarg=old.kwarg,
        defaults=[],
    )
    fields = dict(ast.iter_fields(definition)) | {"args": arguments}
    return ast.copy_location(ast.FunctionDef(**fields), definition)


def _scope(name: str, parameters: Iterable[str], body: list[ast.stmt]) -> ast.FunctionDef:
    [scope] = ast.parse("def scope(): pass").body
    assert isinstance(scope, ast.FunctionDef)
    scope.name = name
    scope.args.args = [ast.arg(parameter) for parameter in parameters]
    ast.fix_missing_locations(scope)
    scope.body = body
    return scope


def _only_code(code: CodeType) -> CodeType:
    [inner] = [item for item in code.co_consts if isinstance(item, CodeType)]
    return inner


def _named_as_in_a_module(code: CodeType) -> CodeType:
    """Take the two scopes round the module out of qualified names."""
    constants = tuple(
        _named_as_in_a_module(item) if isinstance(item, CodeType) else item
        for item in code.co_consts
    )
    name = code.co_qualname.removeprefix(_SCOPE_PREFIX)
    return code.replace(co_qualname=name, co_consts=constants)
