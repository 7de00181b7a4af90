"""The Go tools of policy/tools."""

import re

from policy.running import ROOT


def _modules(tool: str) -> dict[str, str]:
    """Return the version of each module that a tool is built from."""
    text = (ROOT / "policy/tools" / tool / "go.mod").read_text()
    return dict(re.findall(r"^(?:require |\t)(\S+) (v\S+)", text, re.MULTILINE))


def test_packer_and_its_plugin_are_built_from_the_same_versions() -> None:
    """Go compiles a package once for both; other versions of six modules cost 40 s of processor time."""
    packer, plugin = _modules("packer"), _modules("packer-plugin-googlecompute")
    others = {name: (version, plugin[name]) for name, version in packer.items() if plugin.get(name, version) != version}
    assert not others, f"policy/tools/packer and its plugin: {others} differ. Fix: 'go get MODULE@VERSION' in the older"


def test_compose_config_reads_files_by_the_libraries_of_compose() -> None:
    """With other versions compose-config could accept a file that Docker Compose refuses on an instance."""
    compose, config = _modules("compose"), _modules("compose-config")
    assert "github.com/compose-spec/compose-go/v2" in config
    others = {name: version for name, version in config.items() if compose.get(name) != version}
    assert not others, (
        f"policy/tools/compose-config/go.mod: {others} are not the versions of policy/tools/compose/go.mod."
        " Fix: 'go get MODULE@VERSION' in policy/tools/compose-config"
    )
