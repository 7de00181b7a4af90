// Prints the output of `docker-compose --profile PROFILE config --format json` for the current folder.
//
// Compose's own library reads the files, so this program refuses the same files as Compose; it builds in a fraction of the
// time. tests/system/stacks/test_compose_config.py compares the output and the errors of both, and policy/test_tools.py
// compares the versions of their libraries.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
)

func main() {
	dotenv.RegisterFormat("raw", raw)
	document, err := config(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(document)
}

// config loads the project of the current folder; without profiles, COMPOSE_PROFILES selects them.
func config(ctx context.Context, profiles []string) ([]byte, error) {
	options, err := cli.NewProjectOptions(nil,
		cli.WithDiscardEnvFile,
		cli.WithOsEnv,
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithConfigFileEnv,
		cli.WithDefaultConfigPath,
		cli.WithDefaultProfiles(profiles...),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return nil, err
	}
	project, err = project.WithoutUnnecessaryResources().WithServicesEnvironmentResolved(true)
	if err != nil {
		return nil, err
	}
	if err := project.CheckContainerNameUnicity(); err != nil {
		return nil, err
	}
	document, err := project.MarshalJSON()
	return bytes.ReplaceAll(document, []byte("$"), []byte("$$")), err
}

// raw reads an env_file of `format: raw` as cmd/compose of Compose does: like `docker run --env-file`.
func raw(reader io.Reader, name string, variables map[string]string, lookup func(string) (string, bool)) error {
	lines, err := kvfile.ParseFromReader(reader, lookup)
	if err != nil {
		return fmt.Errorf("failed to parse env_file %s: %w", name, err)
	}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		variables[key] = value
	}
	return nil
}
