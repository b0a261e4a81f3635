"""The generated files are fresh, the C tables compile and find what they should."""

from __future__ import annotations

import copy
import shutil
import subprocess
from pathlib import Path

import pytest

from fastcil import catalog
from fastcil.catalog import generate

KEYWORDS = generate.load("keywords")

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
needs_tree = pytest.mark.skipif(not generate.EXT.is_dir(), reason="not a source tree")


def test_no_generated_file_is_stale() -> None:
    assert generate.stale() == []
    assert generate.main(["--check"]) == 0


def test_a_changed_file_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = generate.outputs()
    path = next(iter(wanted))
    monkeypatch.setattr(generate, "outputs", lambda: {path: wanted[path] + "\n"})
    assert generate.main(["--check"]) == 1
    assert path.name in capsys.readouterr().err


def test_keyword_file_is_sound() -> None:
    assert generate.problems(KEYWORDS) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["keywords"][3].update(keyword="Renamed"),
        lambda d: d["keywords"][3].update(id=4000),
        lambda d: d["keywords"].pop(),
        lambda d: d["keywords"].insert(0, dict(d["keywords"][0], keyword="New", constant=None)),
        lambda d: d["keywords"].append(dict(d["keywords"][-1], id=len(d["keywords"]) + 1)),
        lambda d: d["keywords"].append(
            {"id": len(d["keywords"]) + 1, "keyword": "Named", "constant": None, "aliases": []}
        ),
        lambda d: d["keywords"].append(
            {"id": len(d["keywords"]) + 1, "keyword": "Naïve", "constant": None, "aliases": []}
        ),
    ],
    ids=["respelled", "renumbered", "removed", "inserted", "twice", "macro clash", "not ASCII"],
)
def test_every_breach_of_the_append_only_rule_is_found(change) -> None:  # type: ignore[no-untyped-def]
    data = copy.deepcopy(KEYWORDS)
    change(data)
    assert generate.problems(data)


def test_first_revision_is_what_was_first_published() -> None:
    first = KEYWORDS["revisions"][0]
    assert first == {
        "revision": 1,
        "count": 571,
        "sha256": "9816a5be156421746e932d6e2f34fa91619a2b58178fdf8b747bb61257730b37",
    }
    assert generate.digest(KEYWORDS["keywords"], 571) == first["sha256"]


def test_appended_keywords_are_sealed_by_a_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "keywords.json"
    text = (generate.DATA / "keywords.json").read_text("utf-8")
    record = f'{{"id": {len(KEYWORDS["keywords"]) + 1}, "keyword": "Zz", "constant": null, '
    record += '"types": [], "aliases": [], "source": "test"}'
    path.write_text(text.replace("\n ]\n}", f",\n  {record}\n ]\n}}"), "utf-8")
    monkeypatch.setattr(generate, "DATA", tmp_path)
    assert generate.problems(generate.load("keywords"))
    generate.revise()
    after = generate.load("keywords")
    assert generate.problems(after) == []
    assert len(after["revisions"]) == len(KEYWORDS["revisions"]) + 1
    assert after["revisions"][-1]["count"] == len(KEYWORDS["keywords"]) + 1
    generate.revise()
    assert generate.load("keywords") == after


PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include "cilwire_keywords.h"
int other(void);
static uint32_t find(const char *name, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) {
        uint8_t b = (uint8_t)name[i];
        if (b >= 'A' && b <= 'Z') b = (uint8_t)(b + 32);
        h = (h ^ b) * 16777619u;
    }
    uint32_t slot = (h ^ (h >> 15)) & (CW_KEYWORD_HASH_SIZE - 1);
    while (cw_keyword_hash[slot]) {
        uint32_t id = cw_keyword_hash[slot];
        if (cw_keyword_lengths[id] == n && !strncmp(cw_keyword_names[id], name, n)) return id;
        slot = (slot + 1) & (CW_KEYWORD_HASH_SIZE - 1);
    }
    return 0;
}
int main(void)
{
    uint32_t used = 0;
    if (cw_keyword_names[0][0] || cw_keyword_lengths[0] || CW_KEYWORD_HASH_SIZE < 2 * CW_KEYWORD_COUNT) return 2;
    for (uint32_t id = 1; id <= CW_KEYWORD_COUNT; id++) {
        if (strlen(cw_keyword_names[id]) != cw_keyword_lengths[id]) return 3;
        for (uint32_t i = 0; i <= cw_keyword_lengths[id]; i++) {
            char c = cw_keyword_names[id][i];
            if (cw_keyword_folded[id][i] != (c >= 'A' && c <= 'Z' ? (char)(c + 32) : c)) return 7;
        }
        if (find(cw_keyword_names[id], cw_keyword_lengths[id]) != id) return 4;
        printf("k %u %s\n", (unsigned)id, cw_keyword_names[id]);
    }
    for (uint32_t i = 0; i < CW_KEYWORD_HASH_SIZE; i++) used += cw_keyword_hash[i] != 0;
    if (used != CW_KEYWORD_COUNT || find("NoSuchKeyword", 13)) return 5;
    for (uint32_t i = 0; i < CW_EVENT_NAME_COUNT; i++) {
        if (i && strcmp(cw_event_names[i - 1].name, cw_event_names[i].name) >= 0) return 6;
        printf("e %u %s\n", (unsigned)cw_event_names[i].id, cw_event_names[i].name);
    }
    for (uint32_t i = 0; i < CW_FILTER_FORBIDDEN_COUNT; i++) printf("f %u\n", (unsigned)cw_filter_forbidden[i]);
    return other() != CW_KEY_UNIQUEOBJECTID;
}
"""  # noqa: E501


@needs_gcc
@needs_tree
def test_c_tables(tmp_path: Path) -> None:
    main, other = tmp_path / "main.c", tmp_path / "other.c"
    main.write_text(PROGRAM, "utf-8")
    include = '#include "cilwire_keywords.h"\n'
    body = "int other(void);\nint other(void) { return CW_KEY_UNIQUEOBJECTID; }\n"
    other.write_text(include * 2 + body, "utf-8")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{generate.EXT}"]
    built = tmp_path / "tables"
    subprocess.run(["gcc", *flags, str(main), str(other), "-o", str(built)], check=True)
    run = subprocess.run([str(built)], check=True, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    keywords = [line.split(" ", 2)[2] for line in lines if line.startswith("k ")]
    assert ("", *keywords) == catalog.KEYWORDS
    events = {line.split(" ")[2]: int(line.split(" ")[1]) for line in lines if line[0] == "e"}
    assert events == catalog.EVENT_NAMES
    forbidden = {int(line[2:]) for line in lines if line.startswith("f ")}
    assert forbidden == catalog.filter_forbidden_ids()


@needs_gcc
@needs_tree
def test_c_header_goes_with_the_public_one(tmp_path: Path) -> None:
    if not (generate.EXT / "cilwire.h").exists():
        pytest.skip("no cilwire.h")
    unit = tmp_path / "both.c"
    unit.write_text('#include "cilwire.h"\n#include "cilwire_keywords.h"\n', "utf-8")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{generate.EXT}"]
    subprocess.run(["gcc", *flags, "-c", str(unit), "-o", str(tmp_path / "both.o")], check=True)
