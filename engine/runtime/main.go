// The Python runtime of the local engine.
//
// It stands where the official runtime stands in an official engine, and gives a module the same surroundings: the same
// variables, paths, uv commands and entrypoint. It serves modules like ours and refuses the others: a pyproject.toml with
// [tool.dagger] base-image, a uv.lock, and dagger-io from the package index. ../README.md lists what differs.
//
// Source: the official runtime of v0.19.10, as described by its documentation and observed from inside a function.
package main

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/BurntSushi/toml"

	"python-sdk/internal/dagger"
)

const (
	sourceRoot = "/src"
	venv       = "/opt/venv"
	entrypoint = "/runtime"
	uvImage    = "ghcr.io/astral-sh/uv"
	uvVersion  = "0.13.9" // what ci/pyproject.toml says to the official runtime, which bundles an older one

	entrypointScript = `#!/usr/bin/env python
import sys

from dagger.mod.cli import app

if __name__ == "__main__":
    sys.exit(app(None, "--register" in sys.argv[1:]))
`
)

type PythonSdk struct{}

// The engine passes the SDK's own directory; this runtime takes dagger-io from the package index and has no use for it.
func New(sdkSourceDir *dagger.Directory) *PythonSdk {
	return &PythonSdk{}
}

// A module's pyproject.toml, as far as it decides about the container.
type project struct {
	Project struct{ Name string }
	Tool    struct {
		Dagger struct {
			BaseImage string `toml:"base-image"`
		}
	}
}

// Codegen generates nothing: the module imports the published dagger-io.
func (m *PythonSdk) Codegen(modSource *dagger.ModuleSource, introspectionJSON *dagger.File) *dagger.GeneratedCode {
	return dag.GeneratedCode(modSource.ContextDirectory())
}

// ModuleRuntime is the container in which every function of the module runs.
func (m *PythonSdk) ModuleRuntime(
	ctx context.Context,
	modSource *dagger.ModuleSource,
	introspectionJSON *dagger.File,
) (*dagger.Container, error) {
	name, err := modSource.ModuleOriginalName(ctx)
	if err != nil {
		return nil, err
	}
	subpath, err := modSource.SourceSubpath(ctx)
	if err != nil {
		return nil, err
	}
	digest, err := modSource.Digest(ctx)
	if err != nil {
		return nil, err
	}
	source := modSource.ContextDirectory().Directory(subpath)
	config, err := readProject(ctx, source, subpath)
	if err != nil {
		return nil, err
	}

	// The path is unique for each state of the sources, because uv's cache knows an editable project by its path.
	contextPath := path.Join(sourceRoot, digest)
	return base(config.Tool.Dagger.BaseImage).
		WithNewFile(entrypoint, entrypointScript, dagger.ContainerWithNewFileOpts{Permissions: 0o755}).
		WithEntrypoint([]string{entrypoint}).
		WithWorkdir(path.Join(contextPath, subpath)).
		WithMountedDirectory(contextPath, modSource.ContextDirectory()).
		WithEnvVariable("DAGGER_MODULE", name).
		WithEnvVariable("DAGGER_DEFAULT_PYTHON_PACKAGE", packageName(config.Project.Name)).
		WithEnvVariable("DAGGER_MAIN_OBJECT", objectName(name)).
		WithEnvVariable("UV_COMPILE_BYTECODE", "1").
		WithExec([]string{"sh", "-c", "uv lock && uv sync --no-dev"}).
		WithEnvVariable("VIRTUAL_ENV", venv).
		WithEnvVariable("PATH", venv+"/bin:$PATH", dagger.ContainerWithEnvVariableOpts{Expand: true}), nil
}

func readProject(ctx context.Context, source *dagger.Directory, subpath string) (*project, error) {
	where := path.Join(subpath, "pyproject.toml")
	content, err := source.File("pyproject.toml").Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", where, err)
	}
	var config project
	if err := toml.Unmarshal([]byte(content), &config); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if config.Tool.Dagger.BaseImage == "" {
		return nil, fmt.Errorf("%s: the local engine needs [tool.dagger] base-image. Fix: name a stand-in of engine/images.toml there", where)
	}
	if locks, err := source.Glob(ctx, "uv.lock"); err != nil {
		return nil, err
	} else if len(locks) == 0 {
		return nil, fmt.Errorf("%s: the local engine needs a uv.lock beside it. Fix: run 'uv lock' in %s", where, subpath)
	}
	return &config, nil
}

// base is Python with uv, before anything of the module.
func base(image string) *dagger.Container {
	uv := dag.Container().From(uvImage + ":" + uvVersion)
	return dag.Container().
		From(image).
		WithEnvVariable("DAGGER_BASE_IMAGE", image).
		WithEnvVariable("PYTHONUNBUFFERED", "1").
		WithEnvVariable("PIP_DISABLE_PIP_VERSION_CHECK", "1").
		WithEnvVariable("PIP_ROOT_USER_ACTION", "ignore").
		WithMountedFile("/usr/local/bin/uv", uv.File("/uv")).
		WithMountedFile("/usr/local/bin/uvx", uv.File("/uvx")).
		WithMountedCache("/root/.cache/uv", dag.CacheVolume("modpython-uv")).
		WithEnvVariable("DAGGER_UV_IMAGE", uvImage+":"+uvVersion).
		WithEnvVariable("DAGGER_UV_VERSION", uvVersion).
		WithEnvVariable("UV_SYSTEM_PYTHON", "1").
		WithEnvVariable("UV_LINK_MODE", "copy").
		WithEnvVariable("UV_NATIVE_TLS", "1").
		WithEnvVariable("UV_PROJECT_ENVIRONMENT", venv)
}

// packageName turns a distribution's name into that of its import package.
func packageName(distribution string) string {
	return strings.ToLower(strings.NewReplacer("-", "_", ".", "_").Replace(distribution))
}

// objectName turns a module's name into that of its main class: my-module is MyModule.
func objectName(module string) string {
	words := strings.FieldsFunc(module, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}
