// What the data says: words for machines, where a rollout began, and an axis of virtual time. Nothing here draws.
"use strict";
const WORD = { CREATING_WITHOUT_RETRIES: "creating", ABANDONING: "deleting" };
const STATES = ["creating", "verifying", "healthy", "unhealthy", "recreating", "deleting"];

function word(machine) { // one word for a machine, as in the legend
  const running = machine.action === "NONE" || machine.action === "VERIFYING";
  if (running && machine.health === "UNHEALTHY") return "unhealthy";
  if (machine.action === "NONE" && machine.status && machine.status !== "RUNNING") return "stopped";
  if (machine.action === "NONE") return machine.health === "" && machine.available ? "running" : machine.available ? "healthy" : "verifying";
  return WORD[machine.action] || machine.action.toLowerCase();
}
const shape = (machine) => [word(machine), machine.template, machine.version, machine.repairs, machine.error].join();
const isHealthy = (machine) => ["healthy", "running"].includes(word(machine));
const style = (state) => (STATES.includes(state) ? state : state === "running" ? "healthy" : "changing");
const label = (version) => version.name && version.name !== version.template ? `${version.name} (${version.template})` : version.template;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function began(all) { // where the last rollout began: other versions, after a stable time with a single one
  for (let i = all.length - 1; i > 0; i--) {
    const before = all[i - 1];
    if (before.is_stable && before.versions.length === 1 && !same(before.versions, all[i].versions)) return i;
  }
  return 0;
}

function extend(stretches, from, to, what, key) { // the last of them, if what comes is the same
  const before = stretches[stretches.length - 1];
  if (before && before.key === key && before.to === from) Object.assign(before, { to, what });
  else if (to > from) stretches.push({ from, to, what, key });
}

function runs(seen, moment_s, value) { // stretches over which a value stays the same
  const found = [];
  seen.forEach((entry, i) => extend(found, entry.at_s, seen[i + 1]?.at_s ?? moment_s, value(entry), JSON.stringify(value(entry))));
  return found;
}

function lives(seen, moment_s) { // of each machine, by its name: stretches over which it looks the same
  const found = new Map();
  seen.forEach((entry, i) => {
    for (const machine of entry.machines) {
      if (!found.has(machine.name)) found.set(machine.name, []);
      extend(found.get(machine.name), entry.at_s, seen[i + 1]?.at_s ?? moment_s, machine, shape(machine));
    }
  });
  return found;
}

// A minute without any change is drawn as long as it is, and more of it ever shorter: a day of quiet is two minutes wide.
const drawn = (gap_s) => (gap_s <= 60 ? gap_s : 60 + 20 * Math.log10(gap_s / 60));

function makeAxis(moments, from_s, to_s) {
  const at = [from_s, ...moments.filter((moment) => moment > from_s && moment < to_s), Math.max(to_s, from_s + 1)];
  const units = [0];
  for (let i = 1; i < at.length; i++) units.push(units[i - 1] + drawn(at[i] - at[i - 1]));
  const between = (value, from, to) => { // piecewise linear, by bisection
    let low = 0, high = from.length - 1;
    while (high - low > 1) { const middle = (low + high) >> 1; if (from[middle] <= value) low = middle; else high = middle; }
    const part = Math.min(1, Math.max(0, (value - from[low]) / (from[high] - from[low] || 1)));
    return to[low] + part * (to[high] - to[low]);
  };
  const total = units[units.length - 1];
  return { from_s, to_s: at[at.length - 1], at, total, width: Math.max(60, Math.ceil(total / 30) * 30),
    unit: (moment) => between(moment, at, units), moment: (unit) => between(unit, units, at) };
}

const two = (number) => String(number).padStart(2, "0");
function span(seconds) { // 0:07, 12:30, 1:00:05
  const s = Math.max(0, Math.round(seconds)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
const rough = (s) => s < 5400 ? `${Math.round(s / 60)} min` : s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
const utc = (moment_s) => new Date(moment_s * 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC";
