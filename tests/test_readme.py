"""README promises: what it prints as code runs as printed."""

import re
import shlex
from pathlib import Path

import pytest

from autograd_scalar.cli.command import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    command.strip()
    for language, code in BLOCKS
    if language == "sh"
    for command in code.strip().split("&&")
]


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_blocks_run_and_print_what_their_comments_say(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert [line for line in printed if line in promised] == promised


def test_the_command_writes_the_picture_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = [each for each in COMMANDS if "--svg" in each]
    assert main(shlex.split(command)[1:]) == 0

    def texts(svg: str) -> list[str]:
        return sorted(re.findall(r"<text[^>]*>(.*?)</text>", svg))

    (shown,) = re.findall(r"!\[[^]]*\]\((docs/.*?\.svg)\)", README)
    committed = (Path(__file__).parents[1] / shown).read_text(encoding="utf-8")
    assert texts(next(tmp_path.glob("*.svg")).read_text(encoding="utf-8")) == texts(committed)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
