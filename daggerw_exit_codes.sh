# shellcheck shell=sh disable=SC2154 # daggerw, which reads this file, sets `cli`
# Exit codes of `./daggerw` that dagger itself (v0.19.10) does not end with: of checks, and of `plan --exit-code`.

# --- the exit code of checks ---

run_checks() { # ARGUMENTS of dagger: `dagger check` ends with 1 whatever failed (v0.19.10)
    signalled='' code=0
    "$cli" "$@" <&0 &
    child=$!
    trap 'signalled=130; kill -INT "$child"' INT
    trap 'signalled=143; kill -TERM "$child"' TERM HUP
    while kill -0 "$child" 2>/dev/null; do
        if wait "$child"; then code=0; else code=$?; fi
    done
    [ -z "$signalled" ] || exit "$signalled"
    if [ "$code" = 1 ] && "$cli" "$@" -l >/dev/null 2>&1; then exit 6; fi # the module loads: a check failed
    exit "$code"
}

# --- the plan of a call with --exit-code ---

asks_for_code() { # ARGUMENTS of dagger: whether they call `plan` of this module with --exit-code
    asked='' verb='' value=''
    for argument in "$@"; do
        if [ "$value" = module ]; then
            is_this_module "$argument" || return 1
            value=''
            continue
        fi
        case $argument in
            --help | -h) return 1 ;;
            --mod | -m) value=module ;;
            --mod=*) is_this_module "${argument#--mod=}" || return 1 ;;
            --exit-code | --exit-code=true) asked=yes ;;
            plan) verb=plan ;;
        esac
    done
    [ "$asked $verb" = "yes plan" ]
}

run_plan() { # ARGUMENTS of dagger: a function that ends with another code than 0 prints nothing on stdout (v0.19.10)
    left=$#
    while [ "$left" -gt 0 ]; do
        case $1 in --exit-code | --exit-code=true) ;; *) set -- "$@" "$1" ;; esac
        shift
        left=$((left - 1))
    done
    plan=$("$cli" "$@") || exit
    if [ -z "$plan" ]; then # on a terminal dagger ends with 0 by SIGTERM (frontend_pretty.go, read 2026-11-28)
        report "plan: dagger ended without a plan. Fix: call again"
        exit 1
    fi
    printf '%s\n' "$plan"
    # No line of another program begins at the first column, nor with two spaces in JSON.
    printf '%s\n' "$plan" | grep -qE '^((### )?[a-z0-9-]+: nothing to do,|  "action": "nothing",$)' || exit 2
    exit 0
}
