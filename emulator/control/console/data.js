// Words for instances, the beginning of a rollout, and an axis of virtual time; nothing here draws.
"use strict";
const WORD = { CREATING_WITHOUT_RETRIES: "creating", ABANDONING: "deleting" };
const STATES = ["creating", "verifying", "healthy", "unhealthy", "recreating", "deleting"];

function word(instance) { // one word for an instance, as in the legend
  const running = instance.action === "NONE" || instance.action === "VERIFYING";
  if (running && instance.health === "UNHEALTHY") return "unhealthy";
  if (instance.action === "NONE" && instance.status && instance.status !== "RUNNING") return "stopped";
  if (instance.action === "NONE") return instance.health === "" && instance.available ? "running" : instance.available ? "healthy" : "verifying";
  return WORD[instance.action] || instance.action.toLowerCase();
}
const shape = (instance) => [word(instance), instance.template, instance.version, instance.repairs, instance.error, instance.phases?.[0]?.at_s].join();
const isHealthy = (instance) => ["healthy", "running"].includes(word(instance));
const style = (state) => (STATES.includes(state) ? state : state === "running" ? "healthy" : "changing");
const same = (first, second) => JSON.stringify(first) === JSON.stringify(second);

function began(all) { // index at which the last rollout began: other versions, after a stable time with a single version
  for (let i = all.length - 1; i > 0; i--) {
    const before = all[i - 1];
    if (before.is_stable && before.versions.length === 1 && !same(before.versions, all[i].versions)) return i;
  }
  return 0;
}

function extend(stretches, from, to, what, key) { // extend the last stretch if the next value equals it, else begin a new stretch
  const before = stretches[stretches.length - 1];
  if (before && before.key === key && before.to === from) Object.assign(before, { to, what });
  else if (to > from) stretches.push({ from, to, what, key });
}

function runs(entries, moment_s, value) { // stretches over which a value stays the same
  const stretches = [];
  entries.forEach((entry, i) => extend(stretches, entry.at_s, entries[i + 1]?.at_s ?? moment_s, value(entry), JSON.stringify(value(entry))));
  return stretches;
}

function lives(entries, moment_s) { // stretches over which an instance looks the same, by its name
  const byName = new Map();
  entries.forEach((entry, i) => {
    for (const instance of entry.instances) {
      if (!byName.has(instance.name)) byName.set(instance.name, []);
      extend(byName.get(instance.name), entry.at_s, entries[i + 1]?.at_s ?? moment_s, instance, shape(instance));
    }
  });
  return byName;
}

// The first minute without a change is drawn to scale, and the rest ever shorter: a day without changes is two minutes wide.
const drawn = (gap_s) => (gap_s <= 60 ? gap_s : 60 + 20 * Math.log10(gap_s / 60));

function makeAxis(moments, from_s, to_s, step) { // its width grows by steps, so that a live drawing does not change all the time
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
  return { from_s, to_s: at[at.length - 1], at, total, width: Math.max(60, Math.ceil(total / step) * step),
    unit: (moment) => between(moment, at, units), moment: (unit) => between(unit, units, at) };
}

const two = (number) => String(number).padStart(2, "0");
function span(seconds) { // 0:07, 12:30, 1:00:05
  const s = Math.max(0, Math.round(seconds)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
const utc = (moment_s) => new Date(moment_s * 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC";
