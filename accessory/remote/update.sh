# shellcheck shell=bash disable=SC2034,SC2154  # accessory/request.py assigns the values of the request above; state.sh defines the other names
# One run on the VM of an accessory.
#
#   work           run once, and write the lines for the client to the run's log
#   follow LINES   print the log without its first LINES until the run ends; each line after its number
#
# The run does not depend on the connection, so an interruption anywhere leaves the old or the new release serving.
# accessory.json records proven releases. accessory.now describes the active run and survives a shutdown of the VM: the
# next run reads from it that a run was interrupted, and where the data from before are.
was="" source="" serving="" is_serving="" down_us=0 is_settled=""
# `snapshot` has the data from before the first start after the last proven release; `copy` is this run's snapshot.
snapshot="" copy="" started_s="" boot="" has_new_data=""

end() { # CODE [WHAT FIX]: an unsettled state stays in accessory.now
    phase ""
    [ -z "$is_settled" ] || rm -f "$now"
    send end "$@"
    exit
}

serves_again() {
    is_settled=yes
    [ "$down_us" = 0 ] || send down $((($(us) - down_us) / 1000))
}

roll_back() { # CODE WHAT FIX: restore the previous release and the data from before
    local code=$1 what=$2 fix=$3
    phase rollback
    [ -n "$was" ] || end 8 "$what There is no record of a previous release." "$fix"
    if [ -n "$started_s" ] && [ -d "$snapshot/data" ]; then
        [ -z "$has_new_data" ] || end 8 "$what A run was interrupted, and its release may have stored data." \
            "choose: $snapshot has the data from before it, ${copy:-$source} the data at the start of this run"
        # The release was never ready, so it confirmed no write; but it may have changed data of the previous release.
        docker stop -t "$stop_s" "$(container)" >/dev/null
        if ! { mv -T "$source" "$snapshot/failed" && mv -T "$snapshot/data" "$source"; }; then
            end 8 "$what Restoring the data from before failed." "the data are in $snapshot"
        fi
        [ "$copy" != "$snapshot" ] || send snapshot ""
        send note "the data from before are restored; those of the failed release are in $snapshot/failed"
    fi
    if ! { start "$was" && await_ready; }; then
        end 8 "$what The previous release does not serve either: it ${why:-failed to start: $(last_error)}." "$fix"
    fi
    serves_again
    end "$code" "$what" "$fix"
}

join_or_refuse() { # another run holds the lock: an equal request follows this run
    local holder _
    for _ in {1..100}; do
        holder=$(field run "$now")
        if is_running "$holder"; then break; fi
        if flock --nonblock 9; then return; fi
        sleep 0.1
    done
    if [ "$(field request "$now")" = "$request" ]; then
        send joins "$holder"
        exit
    fi
    is_running "$holder" ||
        end 5 "$name: the VM's stack.service is starting the stack." "wait for its end, which 'systemctl status stack' on the VM shows"
    end 5 "$name: held by '$(field by "$now")' since $(field since "$now"), run $holder: $(field request "$now")." \
        "wait for the end of this run, which 'status' shows"
}

observe() { # the serving image, and whether it is ready
    timeout 20 docker version >/dev/null || end 3 "docker: $(last_error)" "'systemctl status docker' on the VM"
    serving=$(inspected '{{.Image}}') || serving=""
    [ -z "$serving" ] || was=$(reference "$serving")
    if [ -n "$serving" ] && ready_s=5 await_ready; then is_serving=yes; fi
}

recover() { # take over the state of a run that was interrupted on the VM
    local proven interrupted
    interrupted=$(field run "$now")
    snapshot=$(field snapshot "$now") source=$(field source "$now")
    started_s=$(field started "$now") boot=$(field boot "$now")
    [ -n "$interrupted" ] || is_settled=yes
    if [ -n "$source" ] && [ ! -d "$source" ] && [ -d "$snapshot/data" ]; then mv -T "$snapshot/data" "$source"; fi
    # A release that never started has changed nothing.
    [ -n "$started_s" ] && [ -d "$snapshot/data" ] || snapshot="" started_s=""
    if [ -n "$snapshot" ] && may_have_new_data; then has_new_data=yes boot=""; fi
    journal
    [ -z "$interrupted" ] || send note "run $interrupted was interrupted on the VM"
    observe
    if [ -n "$is_serving" ]; then
        # The serving release is proven now, and so are its data.
        is_settled=yes snapshot="" started_s="" has_new_data=""
        journal
        add_record "$was" "$(inspected '{{.Created}}' | sed 's/\..*/Z/')" "" ""
    else
        proven=$(field image "$record")
        was=${proven:-$was}
    fi
}

preflight() {
    phase preflight
    recover
    if ! { cd "$app" && [ -f docker-compose.yml ]; }; then
        end 3 "$app: no docker-compose.yml." "run the VM's startup script, which writes it"
    fi
    configured --images | grep -x probe.invalid/probe:0 >/dev/null ||
        end 3 "$app/docker-compose.yml: no service has the image '\${$variable}'. $(last_error)" "use it in the service '$service'"
    [ -z "$needs_gpu" ] || nvidia-smi --list-gpus | grep '^GPU' >/dev/null ||
        end 9 "GPU: nvidia-smi lists none. $(last_error)" "run 'nvidia-smi' on the VM for the reason"
    if [ -n "$data" ]; then
        if [ -n "$serving" ]; then source=$(mounted); else [ -d "$source" ] || source=$(declared); fi
        [ -d "$source" ] || end 3 "$name: no mount at $data${serving:+ in the container}." "correct 'data'"
        ! mountpoint --quiet "$source" ||
            end 3 "$source: is a mount point, which cannot be renamed." "mount the disk one folder above"
    fi
    send was "$was" "$(recorded since "$was")" "$(recorded by "$was")"
    if [ "$verb" = rollback ]; then
        image=$(images | grep -vxF "$was" | head -n 1)
        [ -n "$image" ] || end 3 "$name: the record has no previous release." "pass an image to 'update --image'"
    fi
    check_room
}

pull() { # before the first container is stopped
    local code=3
    phase pull
    if [[ $image != *@* ]] || ! docker image inspect "$image" >/dev/null 2>&1; then
        if ! timeout "$pull_s" docker pull --quiet "$image" >/dev/null; then
            # The text of the errno, because docker has no exit code for a full disk.
            [[ $(last_error) != *"no space left on device"* ]] || code=9
            end "$code" "pull: '$image' failed within $pull_s s: $(last_error)." "correct docker's error; no container was stopped"
        fi
    fi
    target_id=$(docker image inspect --format '{{.Id}}' "$image")
    target=$(reference "$target_id")
}

take_snapshot() { # with the server stopped, so that database and index have the same state
    local folder
    folder=$(snapshots_folder)/$run
    phase snapshot
    down_us=$(us) is_settled=""
    docker stop -t "$stop_s" "$(container)" >/dev/null
    if ! { mkdir -p "$folder.part" && cp --archive --reflink=auto "$source" "$folder.part/data" &&
        sync --file-system "$folder.part" && mv "$folder.part" "$folder"; }; then
        rm -rf "$folder.part"
        return 1
    fi
    copy=$folder snapshot=${snapshot:-$folder}
    journal
    send snapshot "$copy"
}

snapshots_folder() { printf '%s/snapshots' "$(dirname "$source")"; } # on the disk of the data, so that restoring is a rename

change() {
    preflight
    pull
    if [ -n "$is_serving" ] && [ "$target_id" = "$serving" ]; then end 0; fi
    is_settled=""
    journal
    if [ -n "$source" ] && ! take_snapshot; then
        roll_back 9 "snapshot: $(last_error)." "make room at $(snapshots_folder)"
    fi
    phase switch
    [ "$down_us" != 0 ] || down_us=$(us)
    # Without this record, data of an interrupted release could be taken for the data from before.
    mark_start || roll_back 9 "journal: $(last_error)." "make room at $state"
    if ! start "$target"; then
        diagnostics <"$folder/stderr"
        roll_back 7 "compose: starting '$target' failed." "correct the error in docker's last lines"
    fi
    phase ready
    if ! await_ready; then
        docker logs --tail 1000 "$(container)" 2>&1 | diagnostics
        roll_back 7 "$name: '$target' started and $why." "correct the error in its last lines"
    fi
    at=$(utc)
    boot="" journal # from here on the release may store data
    add_record "$target" "$at" "$by" "$run" || send note "recording this release failed: $(last_error)"
    send is "$target" "$at" "$by"
    serves_again
    phase ""
    tidy
    end 0
}

tidy() { # keep the newest snapshots, and the images of this release and the previous one
    local old kept
    [ -z "$source" ] || find "$(snapshots_folder)" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn |
        tail -n "+$((snapshots + 1))" | while read -r _ old; do rm -rf "$old"; done
    kept=$(images | head -n 2 | while read -r old; do docker image inspect --format '{{.Id}}' "$old"; done)
    [ -z "$kept" ] || docker image ls --quiet --no-trunc "${repository#docker.io/}" | sort -u | grep -vxF "$kept" |
        while read -r old; do docker image rm "$old" >/dev/null; done
    find "$state/runs" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

status() {
    local entry
    observe
    send serves "$was" "${is_serving:-no}"
    grep '^{' "$record" 2>/dev/null | head -n 10 | while read -r entry; do
        send entry "$(field image <<<"$entry")" "$(field since <<<"$entry")" "$(field by <<<"$entry")" "$(field run <<<"$entry")"
    done
    if [ -s "$now" ]; then
        send active "$(field run "$now")" "$(field by "$now")" "$(field since "$now")" "$(field request "$now")" \
            "$(! is_running "$(field run "$now")" || echo yes)"
    fi
    end 0
}

work() {
    exec 8>"$folder/lock"
    flock --nonblock 8 && [ ! -e "$folder/log" ] || exit 0
    exec >"$folder/log" 2>"$folder/stderr"
    at=$(utc)
    [ "$verb" != status ] || status
    exec 9>>"$state/accessory.lock"
    flock --nonblock 9 || join_or_refuse
    change
}

follow() { # LINES: number of lines that the client already has
    local line="" rest="" count=0 is_over="" _
    for _ in {1..100}; do [ -e "$folder/log" ] && break; sleep 0.1; done
    exec 3<"$folder/log" || exit 1
    while :; do
        while IFS= read -r line <&3; do
            count=$((count + 1))
            [ "$count" -le "$1" ] || send "$count" "$rest$line"
            rest=""
        done
        rest+=$line
        [ -z "$is_over" ] || break
        if is_running "$run"; then sleep 0.2; else is_over=yes; fi
    done
    grep -qE '^(end|joins)' "$folder/log" ||
        send $((count + 1)) end 8 "run $run ended on the VM without a result." "run the same command again"
}

"$@"
