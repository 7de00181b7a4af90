# shellcheck shell=bash disable=SC2154  # the request's names are assigned above: accessory/request.py
# What the machine says, and what is written there; update.sh uses it.
set -uo pipefail
export LC_ALL=C
umask 077
state=/var/lib/dojangkok app=/opt/app
boot_id=/proc/sys/kernel/random/boot_id
record=$state/accessory.json now=$state/accessory.now folder=$state/runs/$run
phase="" began_us=0 why=""

# --- what is told to the client: a word and its values, parted by tabs

say() {
    local IFS=$'\t'
    printf '%s\n' "$*"
}

utc() { date --utc +%Y-%m-%dT%H:%M:%SZ; }

us() { printf '%s' "${EPOCHREALTIME/./}"; }

phase() { # NAME: the one before is over
    [ -z "$phase" ] || say took "$phase" $((($(us) - began_us) / 1000))
    phase=$1 began_us=$(us)
    [ -z "$1" ] || say begins "$1"
}

secret_values() { # of the program's environment, longest first: values of secret names, and passwords in URLs
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

masked() { # stdin without the secrets of the program and without private keys: its last 64 KiB, cut between lines
    local text value
    text=$(tr -d '\000' | awk '
        length > 8192 { # left out; the begin of a key stays, so that the lines after it are left out too
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
            if (!is_key) { count = past; lines[++count] = "…" } # its begin is cut off
            is_key = 0; past = count; next
        }
        !is_key { lines[++count] = $0 }
        END { for (i = 1; i <= count; i++) print lines[i] }'
}

evidence() { masked | tail -n 12 | while IFS= read -r line; do say line "$line"; done; }

words() { masked <"$folder/words" | grep . | tail -n 1; } # the last that a tool said

# --- what is there

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "${2:--}" 2>/dev/null | head -n 1; } # NAME [FILE]

setting() { sed -n "s/^$1=//p" "$app/.env" "$app/app.env" 2>/dev/null | tail -n 1; } # NAME, of compose or of the program

recorded() { [ -z "$2" ] || grep -F "\"image\":\"$2\"" "$record" 2>/dev/null | field "$1"; } # NAME IMAGE

images() { sed -n 's/.*"image":"\([^"]*\)".*/\1/p' "$record" 2>/dev/null | awk '!seen[$0]++'; } # newest first

is_at_work() { [ -e "$state/runs/$1/lock" ] && ! flock --nonblock "$state/runs/$1/lock" true; } # RUN

inspected() { docker inspect --format "$1" "$(container)" 2>/dev/null; } # FORMAT

mounted() { inspected "{{range .Mounts}}{{if eq .Destination \"$data\"}}{{.Source}}{{end}}{{end}}"; }

configured() { env "$variable=probe.invalid/probe:0" timeout 30 docker compose config "$@"; } # where the file is

declared() { # the folder that compose would mount as the data: a container that is gone leaves its volume
    local found
    found=$(configured "$service" | awk -v target="$data" '
        /^[^ ]/ { section = $1 }
        $1 == "source:" { source = $2 }
        $1 == "target:" && $2 == target { found = source }
        section == "volumes:" && /^  [^ ]/ { key = $1 }
        section == "volumes:" && $1 == "name:" { names[key] = $2 }
        END { print (found ":" in names) ? names[found ":"] : found }')
    case $found in
        /*) printf '%s' "$found" ;;
        ?*) docker volume inspect --format '{{.Mountpoint}}' "$found" 2>/dev/null ;;
    esac
}

can_be_stored() { # since a run that was cut off started its release; it had `ready_s` to answer anybody
    [ "$boot" != "$(<"$boot_id")" ] ||
        [ -n "$(find "$source" -newermt "@$((started_s + ready_s))" -print -quit)" ]
}

room() { # for an image, as the configuration reckons, and for a snapshot
    local image_kib=$((free_mib * 1024)) data_kib=0 docker_root
    docker_root=$(docker info --format '{{.DockerRootDir}}')
    ! docker image inspect "$image" >/dev/null 2>&1 || image_kib=0
    if [ -n "$source" ]; then
        data_kib=$(du --summarize --block-size=1K "$source" | cut -f 1)
        [ "$(stat --format %d "$docker_root")" != "$(stat --format %d "$source")" ] || image_kib=$((image_kib + data_kib))
        has "$source" "$data_kib"
    fi
    has "$docker_root" "$image_kib"
}

has() { # PATH KIB
    local free
    free=$(df --output=avail --block-size=1K "$1" | tail -n 1)
    [ "$free" -ge "$2" ] || end 9 "disk: $((free / 1024)) MiB free at $1, $(($2 / 1024)) MiB needed." "make room there"
}

container() { # by compose's labels: its own `ps` wants every variable of the file
    docker ps --all --quiet --filter "label=com.docker.compose.service=$service" \
        --filter "label=com.docker.compose.project.working_dir=$app" | head -n 1
}

reference() { # IMAGE_ID -> HOST/PATH@sha256:…; an image that no registry knows has its ID alone
    local known ours
    known=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" 2>/dev/null | grep .)
    ours=$(grep -F "${repository#docker.io/}@" <<<"$known" | head -n 1)
    if [ -n "$ours" ]; then printf '%s@%s' "$repository" "${ours#*@}"; else head -n 1 <<<"${known:-$1}"; fi
}

authorization() { # NAME: what curl is told through stdin, since argv can be seen by everybody
    local key
    key=$(setting "$1")
    key=${key//\\/\\\\}
    [ -z "$1" ] || printf 'header = "Authorization: Bearer %s"\n' "${key//\"/\\\"}"
}

is_ready() { # every address answers on the machine itself, with its text
    local one url text bearer answer
    for one in "${ready[@]}"; do
        IFS='|' read -r url text bearer <<<"$one"
        answer=$(authorization "$bearer" | curl --config - --silent --fail --noproxy '*' --max-time 5 "$url") || return 1
        [[ $answer == *"$text"* ]] || return 1
    done
}

await_ready() { # the container stays up and answers twice; else why not
    local until=$((SECONDS + ready_s)) good=0 status restarts
    while :; do
        read -r status restarts < <(inspected '{{.State.Status}} {{.RestartCount}}')
        if [ "${status:-}" = running ] && is_ready; then good=$((good + 1)); else good=0; fi
        [ "$good" -lt 2 ] || return 0
        why=""
        [ "${status:-}" != exited ] || why="it ended by itself"
        [ "${restarts:-0}" -lt 3 ] || why="it ended again and again"
        [ "$SECONDS" -lt "$until" ] || why="it was not ready within $ready_s s"
        [ -z "$why" ] || return 1
        sleep 0.5
    done
}

# --- what is written, each by rename

journal() { # who is at work, on what, and where the data from before are
    printf '{"run":"%s","by":"%s","since":"%s","wish":"%s","snapshot":"%s","source":"%s","started":"%s","boot":"%s"}\n' \
        "$run" "$by" "$at" "$wish" "$snapshot" "$source" "$started_s" "$boot" >"$now.part" && sync "$now.part" && mv "$now.part" "$now"
}

mark_start() { # when the release starts, and under which boot of the machine it does
    started_s=$EPOCHSECONDS
    [ -n "$is_stored" ] || boot=$(<"$boot_id")
    journal
}

keep() { # IMAGE SINCE BY RUN: the record's newest line, unless it is that already; JSON, a release a line
    [ "$(field image "$record")" != "$1" ] || return 0
    touch "$record"
    {
        printf '{"name":"%s","image":"%s","since":"%s","by":"%s","run":"%s"}\n' "$name" "$@"
        sed -n '/^{/{s/,$//;p}' "$record" 2>/dev/null
    } | head -n 50 | sed -e '1i [' -e '$!s/$/,/' -e '$a ]' >"$record.part" &&
        sync "$record.part" && mv "$record.part" "$record"
}

start() { # REFERENCE: compose starts this one from now on, and does so at once; nothing is downloaded
    if [ "$(setting "$variable")" != "$1" ]; then
        touch "$app/.env"
        cp --preserve "$app/.env" "$app/.env.part" &&
            # awk ends the last line too, where the file does not.
            { awk -v "name=$variable=" 'index($0, name) != 1' "$app/.env" && printf '%s=%s\n' "$variable" "$1"; } \
                >"$app/.env.part" &&
            sync "$app/.env.part" && mv "$app/.env.part" "$app/.env" || return 1
    fi
    timeout $((stop_s + 120)) docker compose up --detach --no-deps --no-build --pull never --force-recreate \
        --timeout "$stop_s" "$service" >&2
}
