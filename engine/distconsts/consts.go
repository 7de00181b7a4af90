// Package distconsts says where this installation of the Dagger engine keeps its programs.
//
// Upstream does not publish this module for v0.19.10: every distribution supplies its own.
// Everything of ours lies below /run/dagger/home, where engine/namespace.sh binds the engine's directory
// inside a mount namespace; the rest are Debian's paths.
package distconsts

const (
	RuncPath       = "/usr/sbin/runc"
	DaggerInitPath = "/run/dagger/home/bin/init"

	EngineContainerName              = "dagger-engine.local"
	DefaultEngineSockAddr            = "unix:///run/dagger/engine.sock"
	EngineDefaultStateDir            = "/run/dagger/home/state"
	EngineContainerBuiltinContentDir = "/run/dagger/home/content"

	GoSDKManifestDigestEnvName         = "DAGGER_GO_SDK_MANIFEST_DIGEST"
	PythonSDKManifestDigestEnvName     = "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"
	TypescriptSDKManifestDigestEnvName = "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST"

	OCIVersionAnnotation = "org.opencontainers.image.version"

	// No folder of that name exists in the engine's namespace: private authorities are part of the stand-in images.
	EngineCustomCACertsDir = "/run/dagger/ca-certificates"
)

// Images that the engine itself names for terminals and Go modules. Their versions are upstream's.
const (
	AlpineVersion  = "3.22.1"
	AlpineImage    = "alpine:" + AlpineVersion
	GolangVersion  = "1.25"
	GolangImage    = "golang:" + GolangVersion + "-alpine"
	BusyboxVersion = "1.37"
	BusyboxImage   = "busybox:" + BusyboxVersion + "-uclibc"
)
