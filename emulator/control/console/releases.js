// The names of releases, and the outcome of the last rollout of a group; nothing here draws.
"use strict";
const short = (id) => id.replace(/^sha256:/, "").slice(0, 7);
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const partOf = (number, whole) => number === whole ? count(number, "instance") : `${number} of ${count(whole, "instance")}`;
const rough = (s) => s < 60 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
const tail = (instance) => instance.length > 14 ? `…${instance.slice(instance.lastIndexOf("-") + 1).slice(-12)}` : instance;

// Template names are keys of these objects, and `constructor` is a valid name of a template.
const member = (object, key) => (object && Object.hasOwn(object, key) ? object[key] : null);
const releaseOf = (path, template) => member(member(state.releases, path.split("/").slice(0, 2).join("/")), template);

function releaseName(template, release) { // image, digest and commit, as in the report of deploy; else the template's name
  if (!release) return template;
  const name = `${release.repository.split("/").pop()} ${short(release.digest)}`;
  return release.commit ? `${name} (${short(release.commit)})` : name;
}

const identity = (version) => JSON.stringify([version.template, version.name]);
const isSettled = (entry) => entry.is_stable && entry.is_reached;
const isOf = (version) => (row) => identity({ template: row.template, name: row.version }) === identity(version);
const serving = (entry, version) => entry.instances.filter((row) => isOf(version)(row) && isHealthy(row) && row.available).length;

/*
 * Return the last rollout of a group, from its entries: null before the first one.
 *   release     the version that the rollout brought
 *   began_s     time at which the group was first set to it
 *   restored    the version that the group was set back to; null if it was not
 *   at_s        time at which the rollout ended: served by the whole group, or set back; null while it runs
 *   before      the entry before the group was set back, or the last one
 *   settled     whether the group is stable on what it is set to
 * A group is set back if it is set to a version, with the same name, that it had before the rollout: deploy gives each
 * rollout a name of its own, and restores the old version with its name. (deploy/release/record.py, Fallback)
 */
function lastRollout(entries) {
  const known = new Set(); // versions that the group has been set to before the rollout
  let last = null, set = [];
  entries.forEach((entry, i) => {
    const versions = entry.versions.map(identity), fresh = entry.versions.find((version) => !set.includes(identity(version)));
    const only = entry.versions.length === 1 ? entry.versions[0] : null;
    const goesBack = last && !last.restored && only && identity(only) !== identity(last.release) && (!fresh || known.has(identity(fresh)));
    if (i && goesBack) Object.assign(last, { restored: only, at_s: entry.at_s, before: entries[i - 1], served: last.at_s !== null });
    else if (i && fresh) {
      set.forEach((version) => known.add(version));
      last = { release: fresh, began_s: entry.at_s, restored: null, at_s: null };
    }
    if (last && !last.restored && last.at_s === null && only && isSettled(entry)) last.at_s = entry.at_s;
    if (last && !last.restored) last.before = entry;
    if (last) last.settled = isSettled(entry);
    set = versions;
  });
  return last;
}

const written = (row, moment_s) => (row.phases || []).filter((phase) => phase.at_s <= moment_s); // phases of its boot until now

function failures({ before, release, at_s }) { // what the release's instances have shown
  const failure = (row) => {
    const phase = written(row, at_s).find((phase) => phase.name === "failed");
    if (phase) return `failed to boot: ${phase.reason || "no reason"}`;
    if (row.error && !row.available) return `was not created: ${row.error}`;
    if (row.repairs) return `was recreated ${row.repairs === 1 ? "once" : `${row.repairs} times`}`;
    if (row.health === "UNHEALTHY") return row.available ? "became UNHEALTHY after it served" : "was UNHEALTHY and never served";
    return null;
  };
  return before.instances.filter((row) => isOf(release)(row) && row.action !== "DELETING" && failure(row))
    .map((row) => `${tail(row.name)} ${failure(row)}`);
}

function stepOf(rollout, now, release) { // index of the step that the sizes of the group's versions stand for; -1: none
  const version = now.versions.find((version) => identity(version) === identity(rollout.release));
  if (!release || !version || now.versions.length < 2) return -1;
  return release.steps.findIndex(({ size }) =>
    typeof size === "number" ? version.percent == null && Math.min(size, now.target_size) === version.size : size === `${version.percent}%`);
}
const stepText = ({ size, bake_s, pauses }) =>
  `${typeof size === "number" ? count(size, "instance") : size.replace("%", " %")} for ${bake_s} s${pauses ? ", then a pause" : ""}`;

/*
 * Return the outcome of a rollout: kind (served, failed, restored, running, canary), and its text: a head and details.
 * `failed`: the group was set back, and instances of the release had failed. Who set it back, and why, the emulator
 * cannot know; the text has what its instances showed.
 */
function outcomeOf(rollout, now, moment_s, name, release) {
  const { before, began_s, at_s, restored } = rollout;
  const label = name(rollout.release.template), ago = (s) => `${rough(moment_s - s)} ago`;
  const instances = (entry) => partOf(serving(entry, rollout.release), entry.target_size);
  const verb = /^rollback\/[0-9a-f]{12}\//.test(rollout.release.name) ? "Rollback to " : "";
  if (restored) {
    const failed = failures(rollout), kind = failed.length ? "failed" : "restored";
    const more = failed.length > 2 ? [...failed.slice(0, 2), `and ${count(failed.length - 2, "more failure")}`] : failed;
    const facts = [...more, `${instances(before)} served`].join(", ");
    const end = `${name(restored.template)} ${rollout.settled ? "serves again" : "is being restored"}`;
    return { kind, head: `${verb}${label} ${kind === "failed" ? "failed, " : "was "}rolled back ${ago(at_s)}: `, text: `${facts}. ${end}.` };
  }
  if (at_s !== null) return { kind: "served", head: `${verb}${label} was rolled out ${ago(at_s)}, `, text: `in ${span(at_s - began_s)}.` };
  const step = stepOf(rollout, now, release), total = release ? release.steps.length + 1 : 0;
  if (now.versions.length > 1) {
    const place = step < 0 ? "" : `, step ${step + 1} of ${total}`;
    return { kind: "canary", head: `Canary: ${label} serves from ${instances(now)}${place}`, text: `; it began ${ago(began_s)}.` };
  }
  return { kind: "running", head: `${verb}${label} is being rolled out: `, text: `${instances(now)} serve; it began ${ago(began_s)}.` };
}
