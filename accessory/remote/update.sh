# shellcheck shell=bash disable=SC2034,SC2154  # the request's names are assigned above, the rest stands in machine.sh
# One run on the machine of an accessory.
#
#   work           do it, once, and write what happens to the run's log
#   follow LINES   give that log, but for its first LINES, until the run is over; each line after its number
#
# Nothing here depends on the connection, so that one cut anywhere leaves the old or the new release serving.
# accessory.json is written once a release has proven itself. accessory.now says who is at work, and outlives a machine
# that goes down in the middle: the next run then knows that, and where the data from before are.
was="" source="" serving="" is_serving="" down_us=0 is_settled=""
# A snapshot holds the data from before the first start since a release last was proven; `copy` is this run's own.
snapshot="" copy="" started_s="" boot="" is_stored=""

end() { # CODE [WHAT FIX]: whatever is left unsettled stays in accessory.now
    phase ""
    [ -z "$is_settled" ] || rm -f "$now"
    say end "$@"
    exit
}

serves_again() {
    is_settled=yes
    [ "$down_us" = 0 ] || say down $((($(us) - down_us) / 1000))
}

go_back() { # CODE WHAT FIX: to what served, with the data from before
    local code=$1 what=$2 fix=$3
    phase "way back"
    [ -n "$was" ] || end 8 "$what Nothing is known that served before." "$fix"
    if [ -n "$started_s" ] && [ -d "$snapshot/data" ]; then
        [ -z "$is_stored" ] || end 8 "$what A run was cut off, and something can have been stored since." \
            "choose: $snapshot has the data from before it, ${copy:-$source} those that this run found"
        # It never was ready, so nobody was told that anything is stored; but it may have changed what the old one reads.
        docker stop -t "$stop_s" "$(container)" >/dev/null
        if ! { mv -T "$source" "$snapshot/failed" && mv -T "$snapshot/data" "$source"; }; then
            end 8 "$what The data from before could not be put back." "they are in $snapshot"
        fi
        [ "$copy" != "$snapshot" ] || say snapshot ""
        say note "the data are those from before; what the failed release left is in $snapshot/failed"
    fi
    if ! { start "$was" && await_ready; }; then
        end 8 "$what The one before does not serve either: ${why:-$(words)}." "$fix"
    fi
    serves_again
    end "$code" "$what" "$fix"
}

held() { # somebody else is at work: whoever wants the same follows that run
    local holder _
    for _ in {1..100}; do
        holder=$(field run "$now")
        if is_at_work "$holder"; then break; fi
        if flock --nonblock 9; then return; fi
        sleep 0.1
    done
    if [ "$(field wish "$now")" = "$wish" ]; then
        say joins "$holder"
        exit
    fi
    end 5 "$name: held by '$(field by "$now")' since $(field since "$now"), run $holder: $(field wish "$now")." \
        "wait for it; 'status' shows it"
}

look() { # what serves, and whether it does
    timeout 20 docker version >/dev/null || end 3 "docker: $(words)" "'systemctl status docker' on the machine"
    serving=$(inspected '{{.Image}}') || serving=""
    [ -z "$serving" ] || was=$(reference "$serving")
    if [ -n "$serving" ] && ready_s=5 await_ready; then is_serving=yes; fi
}

recover() { # take over what a run has left that was cut off on the machine itself
    local proven cut
    cut=$(field run "$now")
    snapshot=$(field snapshot "$now") source=$(field source "$now")
    started_s=$(field started "$now") boot=$(field boot "$now")
    [ -n "$cut" ] || is_settled=yes
    if [ -n "$source" ] && [ ! -d "$source" ] && [ -d "$snapshot/data" ]; then mv -T "$snapshot/data" "$source"; fi
    # What was never started has changed nothing.
    [ -n "$started_s" ] && [ -d "$snapshot/data" ] || snapshot="" started_s=""
    if [ -n "$snapshot" ] && can_be_stored; then is_stored=yes boot=""; fi
    journal
    [ -z "$cut" ] || say note "run $cut was cut off on the machine itself"
    look
    if [ -n "$is_serving" ]; then
        # Whatever was begun before: this one is proven by now, and so are its data.
        is_settled=yes snapshot="" started_s="" is_stored=""
        journal
        keep "$was" "$(inspected '{{.Created}}' | sed 's/\..*/Z/')" "" ""
    else
        proven=$(field image "$record")
        was=${proven:-$was}
    fi
}

preflight() {
    phase preflight
    recover
    if ! { cd "$app" && [ -f docker-compose.yml ]; }; then
        end 3 "$app: no docker-compose.yml." "the machine's startup script writes it"
    fi
    configured --images | grep -x probe.invalid/probe:0 >/dev/null ||
        end 3 "$app/docker-compose.yml: no image is '\${$variable}'. $(words)" "let '$service' use it"
    [ -z "$needs_gpu" ] || nvidia-smi --list-gpus | grep '^GPU' >/dev/null ||
        end 9 "GPU: nvidia-smi lists none. $(words)" "'nvidia-smi' on the machine says why"
    if [ -n "$data" ]; then
        if [ -n "$serving" ]; then source=$(mounted); else [ -d "$source" ] || source=$(declared); fi
        [ -d "$source" ] || end 3 "$name: nothing is mounted at $data${serving:+ of its container}." "correct 'data'"
        ! mountpoint --quiet "$source" ||
            end 3 "$source: a disk of its own, which can't be renamed." "mount it one folder above"
    fi
    say was "$was" "$(recorded since "$was")" "$(recorded by "$was")"
    if [ "$verb" = rollback ]; then
        image=$(images | grep -vxF "$was" | head -n 1)
        [ -n "$image" ] || end 3 "$name: nothing is recorded that served before." "name it: update --image"
    fi
    room
}

pull() { # nothing is stopped before this is done
    local code=3
    phase pull
    if [[ $image != *@* ]] || ! docker image inspect "$image" >/dev/null 2>&1; then
        if ! timeout "$pull_s" docker pull --quiet "$image" >/dev/null; then
            # The errno's own text: docker has no exit code for it.
            [[ $(words) != *"no space left on device"* ]] || code=9
            end "$code" "pull: '$image' was not had within $pull_s s: $(words)." "nothing was stopped; mend what docker says"
        fi
    fi
    wanted_id=$(docker image inspect --format '{{.Id}}' "$image")
    wanted=$(reference "$wanted_id")
}

take_snapshot() { # with the server stopped: the database and the index beside it must be of one moment
    local folder
    folder=$(kept_beside)/$run
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
    say snapshot "$copy"
}

kept_beside() { printf '%s/snapshots' "$(dirname "$source")"; } # on the disk of the data: to put them back is to rename

change() {
    preflight
    pull
    if [ -n "$is_serving" ] && [ "$wanted_id" = "$serving" ]; then end 0; fi
    is_settled=""
    journal
    if [ -n "$source" ] && ! take_snapshot; then
        go_back 9 "snapshot: $(words)." "make room at $(kept_beside)"
    fi
    phase switch
    [ "$down_us" != 0 ] || down_us=$(us)
    # A start that nobody could know of later would let a cut-off release's data pass for those from before.
    mark_start || go_back 9 "journal: $(words)." "make room at $state"
    if ! start "$wanted"; then
        evidence <"$folder/words"
        go_back 7 "compose: '$wanted' could not be started." "mend what docker's last lines say"
    fi
    phase ready
    if ! await_ready; then
        docker logs --tail 1000 "$(container)" 2>&1 | evidence
        go_back 7 "$name: '$wanted' was started, and $why." "mend what its last lines say"
    fi
    at=$(utc)
    boot="" journal # from here on something can be stored
    keep "$wanted" "$at" "$by" "$run" || say note "this could not be recorded: $(words)"
    say is "$wanted" "$at" "$by"
    serves_again
    phase ""
    tidy
    end 0
}

tidy() { # the newest snapshots stay, and the images of this release and the one before
    local old kept
    [ -z "$source" ] || find "$(kept_beside)" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn |
        tail -n "+$((snapshots + 1))" | while read -r _ old; do rm -rf "$old"; done
    kept=$(images | head -n 2 | while read -r old; do docker image inspect --format '{{.Id}}' "$old"; done)
    [ -z "$kept" ] || docker image ls --quiet --no-trunc "${repository#docker.io/}" | sort -u | grep -vxF "$kept" |
        while read -r old; do docker image rm "$old" >/dev/null; done
    find "$state/runs" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

status() {
    local entry
    look
    say serves "$was" "${is_serving:-no}"
    grep '^{' "$record" 2>/dev/null | head -n 10 | while read -r entry; do
        say entry "$(field image <<<"$entry")" "$(field since <<<"$entry")" "$(field by <<<"$entry")" "$(field run <<<"$entry")"
    done
    if [ -s "$now" ]; then
        say busy "$(field run "$now")" "$(field by "$now")" "$(field since "$now")" "$(field wish "$now")" \
            "$(! is_at_work "$(field run "$now")" || echo yes)"
    fi
    end 0
}

work() {
    exec 8>"$folder/lock"
    flock --nonblock 8 && [ ! -e "$folder/log" ] || exit 0
    exec >"$folder/log" 2>"$folder/words"
    at=$(utc)
    [ "$verb" != status ] || status
    exec 9>>"$state/accessory.lock"
    flock --nonblock 9 || held
    change
}

follow() { # LINES that the client has
    local line="" rest="" count=0 is_over="" _
    for _ in {1..100}; do [ -e "$folder/log" ] && break; sleep 0.1; done
    exec 3<"$folder/log" || exit 1
    while :; do
        while IFS= read -r line <&3; do
            count=$((count + 1))
            [ "$count" -le "$1" ] || say "$count" "$rest$line"
            rest=""
        done
        rest+=$line
        [ -z "$is_over" ] || break
        if is_at_work "$run"; then sleep 0.2; else is_over=yes; fi
    done
    grep -qE '^(end|joins)' "$folder/log" ||
        say $((count + 1)) end 8 "run $run ended on the machine without a word." "the same again"
}

"$@"
