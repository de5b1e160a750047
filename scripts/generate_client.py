"""Generates the parts of client and guide that follow from the kinds, or checks them.

    python scripts/generate_client.py           write what is stale
    python scripts/generate_client.py --check   change nothing; exit 1 and name what differs

Made from the specs in `exchange_protocol.kinds`: the client's methods (`generate_faces`), the table
of kinds and codes in the script of evidence bundles, which must read without this software, the
table of moves in `docs/lifecycle.md`, and their picture in `rules/lifecycle.py`.
Made from `agency_client/aio.py`: its blocking twin `client.py`. Made from the imports in
`agency_client/__init__.py`: its list of names.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from scripts.check_kinds import kind_faults
from scripts.generate_faces import async_acts, blocking
from scripts.generate_names import with_names
from scripts.generate_picture import with_picture

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "agency_client"
SCRIPT = CLIENT / "evidence" / "verify.py"
BEGIN = "# The kinds, as scripts/generate_client.py writes them: do not edit.\n"
END = "# End of the kinds.\n"
MOVES = (
    "| kind | who says it | on a leg that is | which is then | only on |\n|---|---|---|---|---|\n"
)
"""The head of the table in the guide to the lifecycle."""
NUMBERS = (
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_BOOL,
)
TIMESTAMP = "google.protobuf.Timestamp"
DAY = pb.Day.DESCRIPTOR.full_name


def script_tables(source: str) -> str:
    """The script of evidence bundles with fresh tables of kinds and codes."""
    numbers = {kind: pb.Statement.DESCRIPTOR.fields_by_name[kind.value] for kind in Kind}
    lines = ["KINDS = {"]
    lines += [f'    {field.number}: "{kind.value}",' for kind, field in numbers.items()]
    lines += ["}", '"""Fields of a statement\'s body."""']
    directory = [numbers[kind].number for kind in Kind if kind.stage is Stage.DIRECTORY]
    lines += [f"DIRECTORY = frozenset({tuple(directory)})"]
    lines += ['"""Those of them that change the directory."""', 'TIME = "time"', 'DAY = "day"']
    lines += ["CODES: dict[int, dict[int, tuple[str, dict[int, str]]]] = {"]
    for kind, field in numbers.items():
        codes = _codes(field.message_type, kind.spec) if field.message_type else []
        if codes:
            lines += [f"    {field.number}: {{", *codes, "    },"]
    lines += [
        "}",
        '"""Of each kind: the fields of its body that hold codes, numbers, a day or a time.',
        "",
        "Each has its name and the names of its codes. Under 0, which is no code, stands that it",
        'is a day or a time; a time names the field that may hold the day whose end it is."""',
        "",
    ]
    before, rest = source.split(BEGIN)
    _, after = rest.split(END)
    table = "\n".join(lines)
    return formatted(f"{before}{BEGIN}{table}{END}{after}")


def formatted(source: str) -> str:
    """Code as `make format` leaves it, without the imports that it does not use."""
    ruff = str(Path(sys.executable).parent / "ruff")
    for command in (
        [ruff, "check", "--quiet", "--exit-zero", "--fix", "--select", "I,F401"],
        [ruff, "format", "--quiet"],
    ):
        done = subprocess.run(
            [*command, "--stdin-filename", "generated.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=True,
        )
        source = done.stdout
    return source


def _codes(body: Descriptor, spec: KindSpec) -> list[str]:
    """Lines of the table, one for each code."""
    lines, days = [], spec.days
    for field in body.fields:
        label = field.name.replace("_", " ")
        if field.enum_type is not None:
            prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in field.enum_type.name)
            lines.append(f"        {field.number}: (")
            lines.append(f'            "{label}",')
            lines.append("            {")
            for value in field.enum_type.values[1:]:
                word = value.name.removeprefix(prefix[1:] + "_").lower().replace("_", " ")
                lines.append(f'                {value.number}: "{word}",')
            lines += ["            },", "        ),"]
        elif field.message_type is not None and field.message_type.full_name == TIMESTAMP:
            day = body.fields_by_name[days[field.name]] if field.name in days else None
            end_of = f", {day.number}: {_name(spec, day.name)!r}" if day else ""
            name = _name(spec, field.name)
            lines.append(f"        {field.number}: ({name!r}, {{0: TIME{end_of}}}),")
        elif field.message_type is not None and field.message_type.full_name == DAY:
            if field.name not in days.values():
                lines.append(f"        {field.number}: ({_name(spec, field.name)!r}, {{0: DAY}}),")
        elif field.cpp_type in NUMBERS:
            lines.append(f'        {field.number}: ("{label}", {{}}),')
    return lines


def _name(spec: KindSpec, field: str) -> str:
    """The name of a field that is told beside its value."""
    return spec.names[field].en if field in spec.names else field.replace("_", " ")


def guide_table(page: str) -> str:
    """The guide to the lifecycle with a fresh table of moves."""
    before, rest = page.split(MOVES)
    _, after = rest.split("\n\n", maxsplit=1)
    lines = "\n".join(f"| {' | '.join(_move(kind, row))} |" for kind, row in ROWS)
    return f"{before}{MOVES}{lines.replace('|  |', '| |')}\n\n{after}"


def _move(kind: Kind, row: Row) -> tuple[str, ...]:
    only_on = ", ".join(
        f"`{each}`"
        for each in Kind
        if (row.is_answer and each.spec.answer is kind.body) or (row.in_case and each.spec.is_case)
    )
    return (
        f"`{kind}`" + (f" ({row.code.name})" if row.code else ""),
        row.party.value,
        ", ".join(state.name for state in LegState if state in row.before),
        row.after.name if row.after else "as it was",
        only_on,
    )


FACES = {
    "_async_acts.py": lambda _: formatted(async_acts()),
    "_acts.py": lambda _: formatted(blocking(async_acts())),
    "client.py": lambda _: formatted(blocking((CLIENT / "aio.py").read_text("utf-8"))),
}
GENERATED: dict[Path, Callable[[str], str]] = {
    SCRIPT: script_tables,
    ROOT / "docs" / "lifecycle.md": guide_table,
    ROOT / "proto" / "exchange_protocol" / "rules" / "lifecycle.py": with_picture,
    **{CLIENT / name: generate for name, generate in FACES.items()},
    CLIENT / "__init__.py": lambda present: formatted(with_names(present)),
}
"""The generators: from the present text of a file, its fresh text."""


def main() -> int:
    """Writes the generated parts, or with --check compares them with what is committed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; name what differs")
    check: bool = parser.parse_args().check
    if faults := kind_faults():
        sys.stderr.write("\n".join([*faults, "Mend this, and run `make proto` again."]) + "\n")
        return 1
    stale = 0
    for path, generate in GENERATED.items():
        present = path.read_text("utf-8") if path.exists() else ""
        fresh = generate(present)
        if fresh == present:
            continue
        stale += 1
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not fresh: run `make proto`\n")
        else:
            path.write_text(fresh, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
