# shellcheck shell=bash disable=SC2154  # accessory/request.py assigns the values of the request above
# Output, state and records of a run on the VM; update.sh uses these functions.
set -uo pipefail
export LC_ALL=C
umask 077
app=/opt/app
boot_id=/proc/sys/kernel/random/boot_id
record=$state/accessory.json now=$state/accessory.now folder=$state/runs/$run
phase="" began_us=0 why=""

# --- lines for the client: a keyword and its values, separated by tabs

send() {
    local IFS=$'\t'
    printf '%s\n' "$*"
}

utc() { date --utc +%Y-%m-%dT%H:%M:%SZ; }

us() { printf '%s' "${EPOCHREALTIME/./}"; }

phase() { # NAME: end the current phase and start the next
    [ -z "$phase" ] || send took "$phase" $((($(us) - began_us) / 1000))
    phase=$1 began_us=$(us)
    [ -z "$1" ] || send begins "$1"
}

secret_values() { # secrets in the environment files, longest first: values of secret names, and passwords in URLs
    local file entry key value
    for file in "$app/.env" "$app/app.env"; do
        while IFS= read -r entry || [ -n "$entry" ]; do
            entry=${entry#"${entry%%[![:space:]]*}"} entry=${entry%"${entry##*[![:space:]]}"}
            [[ $entry == *=* && $entry != '#'* ]] || continue
            key=${entry%%=*} value=${entry#*=}
            case $value in \"*\" | \'*\') value=${value:1:-1} ;; esac
            if [[ $value =~ ://[^/:@[:space:]]*:([^[:space:]]+)@ ]]; then
                printf '%s\n' "$value" "${BASH_REMATCH[1]}"
                printf '%b\n' "${BASH_REMATCH[1]//%/\\x}"
            elif [[ ${key,,} == *@(key|token|secret|pass|pwd|credential|auth|dsn)* || ${key,,} == *_@(api|pw) ]]; then
                printf '%s\n' "$value"
            fi
        done < <(cat "$file" 2>/dev/null)
    done | awk 'length >= 4 { print length, $0 }' | sort -rn | cut -d ' ' -f 2-
}

masked() { # print the last 64 KiB of stdin, cut between lines, without the secrets of the service and private keys
    local text value
    text=$(tr -d '\000' | awk '
        length > 8192 { # omitted; the mark of a private key stays, so that its other lines are hidden too
            mark = match($0, /-----(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY-----/) ? " " substr($0, RSTART, RLENGTH) : ""
            $0 = "… (" length " characters left out)" mark
        }
        { print }' | tail -c 65537)
    if [ "${#text}" -ge 65536 ]; then # the shell has dropped the last newline
        text=${text#*$'\n'}
    fi
    while IFS= read -r value; do text=${text//"$value"/…}; done < <(secret_values)
    tr '\t\r' '  ' <<<"$text" | awk '
        /-BEGIN [A-Z0-9 ]*PRIVATE KEY/ && !is_key { is_key = 1; lines[++count] = "…" }
        /-END [A-Z0-9 ]*PRIVATE KEY/ {
            if (!is_key) { count = past; lines[++count] = "…" } # the BEGIN line is missing
            is_key = 0; past = count; next
        }
        !is_key { lines[++count] = $0 }
        END { for (i = 1; i <= count; i++) print lines[i] }'
}

diagnostics() { masked | tail -n 12 | while IFS= read -r line; do send line "$line"; done; }

last_error() { masked <"$folder/stderr" | grep . | tail -n 1; } # the last line on stderr of a tool

# --- state of the VM

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "${2:--}" 2>/dev/null | head -n 1; } # NAME [FILE]

setting() { sed -n "s/^$1=//p" "$app/.env" "$app/app.env" 2>/dev/null | tail -n 1; } # NAME: a variable of compose or of the service

recorded() { [ -z "$2" ] || grep -F "\"image\":\"$2\"" "$record" 2>/dev/null | field "$1"; } # NAME IMAGE

images() { sed -n 's/.*"image":"\([^"]*\)".*/\1/p' "$record" 2>/dev/null | awk '!seen[$0]++'; } # newest first

is_running() { [ -e "$state/runs/$1/lock" ] && ! flock --nonblock "$state/runs/$1/lock" true; } # RUN

inspected() { docker inspect --format "$1" "$(container)" 2>/dev/null; } # FORMAT

mounted() { inspected "{{range .Mounts}}{{if eq .Destination \"$data\"}}{{.Source}}{{end}}{{end}}"; }

configured() { env "$variable=probe.invalid/probe:0" timeout 30 docker compose config "$@"; } # in the folder of docker-compose.yml

declared() { # the folder that compose would mount as the data; a deleted container leaves its volume
    local volume
    volume=$(configured "$service" | awk -v target="$data" '
        /^[^ ]/ { section = $1 }
        $1 == "source:" { source = $2 }
        $1 == "target:" && $2 == target { volume = source }
        section == "volumes:" && /^  [^ ]/ { key = $1 }
        section == "volumes:" && $1 == "name:" { names[key] = $2 }
        END { print (volume ":" in names) ? names[volume ":"] : volume }')
    case $volume in
        /*) printf '%s' "$volume" ;;
        ?*) docker volume inspect --format '{{.Mountpoint}}' "$volume" 2>/dev/null ;;
    esac
}

may_have_new_data() { # whether the release of an interrupted run may have stored data: `ready_s` after its start it may serve
    [ "$boot" != "$(<"$boot_id")" ] ||
        [ -n "$(find "$source" -newermt "@$((started_s + ready_s))" -print -quit)" ]
}

check_room() { # for an image, as configured, and for a snapshot
    local image_kib=$((free_mib * 1024)) data_kib=0 docker_root
    docker_root=$(docker info --format '{{.DockerRootDir}}')
    ! docker image inspect "$image" >/dev/null 2>&1 || image_kib=0
    if [ -n "$source" ]; then
        data_kib=$(du --summarize --block-size=1K "$source" | cut -f 1)
        [ "$(stat --format %d "$docker_root")" != "$(stat --format %d "$source")" ] || image_kib=$((image_kib + data_kib))
        check_free "$source" "$data_kib"
    fi
    check_free "$docker_root" "$image_kib"
}

check_free() { # PATH KIB
    local free
    free=$(df --output=avail --block-size=1K "$1" | tail -n 1)
    [ "$free" -ge "$2" ] || end 9 "disk: $((free / 1024)) MiB free at $1, $(($2 / 1024)) MiB needed." "make room there"
}

container() { # found by compose's labels, because `compose ps` needs every variable of the file
    docker ps --all --quiet --filter "label=com.docker.compose.service=$service" \
        --filter "label=com.docker.compose.project.working_dir=$app" | head -n 1
}

reference() { # IMAGE_ID -> HOST/PATH@sha256:…; without a digest of a registry, the id
    local known ours
    known=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" 2>/dev/null | grep .)
    ours=$(grep -F "${repository#docker.io/}@" <<<"$known" | head -n 1)
    if [ -n "$ours" ]; then printf '%s@%s' "$repository" "${ours#*@}"; else head -n 1 <<<"${known:-$1}"; fi
}

authorization() { # NAME: print a header for the stdin of curl, because every user can read its arguments
    local key
    key=$(setting "$1")
    key=${key//\\/\\\\}
    [ -z "$1" ] || printf 'header = "Authorization: Bearer %s"\n' "${key//\"/\\\"}"
}

is_ready() { # every URL answers on the VM with the expected text
    local check url text bearer answer
    for check in "${ready[@]}"; do
        IFS='|' read -r url text bearer <<<"$check"
        answer=$(authorization "$bearer" | curl --config - --silent --fail --noproxy '*' --max-time 5 "$url") || return 1
        [[ $answer == *"$text"* ]] || return 1
    done
}

await_ready() { # until the container runs and answers twice; on failure `why` has the reason
    local until=$((SECONDS + ready_s)) successes=0 status restarts
    while :; do
        read -r status restarts < <(inspected '{{.State.Status}} {{.RestartCount}}')
        if [ "${status:-}" = running ] && is_ready; then successes=$((successes + 1)); else successes=0; fi
        [ "$successes" -lt 2 ] || return 0
        why=""
        [ "${status:-}" != exited ] || why="exited by itself"
        [ "${restarts:-0}" -lt 3 ] || why="exited repeatedly"
        [ "$SECONDS" -lt "$until" ] || why="was not ready within $ready_s s"
        [ -z "$why" ] || return 1
        sleep 0.5
    done
}

# --- records, each written by rename

journal() { # the active run: operator, request, and the folder with the data from before
    printf '{"run":"%s","by":"%s","since":"%s","request":"%s","snapshot":"%s","source":"%s","started":"%s","boot":"%s"}\n' \
        "$run" "$by" "$at" "$request" "$snapshot" "$source" "$started_s" "$boot" >"$now.part" && sync "$now.part" && mv "$now.part" "$now"
}

mark_start() { # record the time of the release's start, and the boot of the VM
    started_s=$EPOCHSECONDS
    [ -n "$has_new_data" ] || boot=$(<"$boot_id")
    journal
}

add_record() { # IMAGE SINCE BY RUN: add a line to the record, unless the newest line has this image; JSON, one release a line
    [ "$(field image "$record")" != "$1" ] || return 0
    touch "$record"
    {
        printf '{"name":"%s","image":"%s","since":"%s","by":"%s","run":"%s"}\n' "$name" "$@"
        sed -n '/^{/{s/,$//;p}' "$record" 2>/dev/null
    } | head -n 50 | sed -e '1i [' -e '$!s/$/,/' -e '$a ]' >"$record.part" &&
        sync "$record.part" && mv "$record.part" "$record"
}

start() { # REFERENCE: set the image for compose and start it, without a download
    if [ "$(setting "$variable")" != "$1" ]; then
        touch "$app/.env"
        cp --preserve "$app/.env" "$app/.env.part" &&
            # awk also adds a missing line end to the last line.
            { awk -v "name=$variable=" 'index($0, name) != 1' "$app/.env" && printf '%s=%s\n' "$variable" "$1"; } \
                >"$app/.env.part" &&
            sync "$app/.env.part" && mv "$app/.env.part" "$app/.env" || return 1
    fi
    timeout $((stop_s + 120)) docker compose up --detach --no-deps --no-build --pull never --force-recreate \
        --timeout "$stop_s" "$service" >&2
}
