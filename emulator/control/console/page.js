// The page: the moment that is shown, moving through time, and the source of the data.
"use strict";
const recorded = JSON.parse($("recorded").textContent); // null: live
const POLL_MS = 500;
let entries = new Map(); // path of a group: its entries of the request log, oldest first
let state = { now_s: 0, speed: 1, groups: {}, releases: {}, operations: [], faults: [], instance_rules: [] };
let cursor_s = null; // moment that is shown; null is the end, which follows the clock
let axis = null; // between virtual seconds and what is drawn
let playing = 0; // handle of the next frame
let measured = 0; // width that was drawn for, in pixels

function render() {
  if (!state.now_s) return;
  const paths = [...new Set([...entries.keys(), ...Object.keys(state.groups)])].sort();
  const picker = $("group");
  const texts = paths.length > 1 ? paths.map(groupText) : paths;
  fill(picker, JSON.stringify([paths, texts]), () => paths.map((path, i) => {
    const option = make("option", { value: path }, texts[i]);
    option.selected = path === picker.value;
    return option;
  }));
  $("choice").hidden = paths.length < 2;
  $("shown").hidden = !paths.length;
  let moment_s = state.now_s;
  if (paths.length) moment_s = renderGroup(picker.value);
  else set($("summary"), "No managed instance group yet. A group is drawn here as soon as a client creates it.");
  set($("clock"), utc(moment_s));
  set($("speed"), state.speed == null ? "moved by hand" : `${state.speed} ×`);
  renderOperations(moment_s);
  renderFaults();
  renderRules(picker.value);
}

function entriesOf(path) { // with what the group is now, unless it was deleted
  const kept = entries.get(path) || [], last = kept[kept.length - 1];
  const end_s = Math.max(path in state.groups ? state.now_s : 0, last ? last.at_s : 0);
  return path in state.groups ? [...kept, { at_s: end_s, ...state.groups[path] }] : kept;
}

function groupText(path) { // the group's name with the outcome of its last rollout
  const all = entriesOf(path), now = all[all.length - 1], rollout = lastRollout(all), name = path.split("/").pop();
  if (!(path in state.groups)) return `${name} (deleted)`;
  const words = { served: "", failed: " (failed, rolled back)", restored: " (rolled back)", running: " (rolling out)", canary: " (canary)" };
  return name + (rollout ? words[outcomeOf(rollout, now, now.at_s, String, null).kind] : "");
}

function renderGroup(path) {
  const all = entriesOf(path), end_s = all[all.length - 1].at_s;
  const start = $("span").value === "all" ? 0 : began(all);
  const from_s = start ? Math.max(all[0].at_s, all[start].at_s - 20) : all[0].at_s;
  axis = makeAxis((entries.get(path) || []).map((entry) => entry.at_s), from_s, end_s, recorded ? 1 : 30);
  if (cursor_s !== null && cursor_s < from_s) cursor_s = from_s;
  const moment_s = cursor_s === null ? end_s : Math.min(cursor_s, end_s);
  const past = all.filter((entry) => entry.at_s <= moment_s);
  const now = past[past.length - 1] || all[0];
  const letters = new Map(); // template: its index, in the order of appearance
  for (const entry of all) for (const { template } of [...entry.instances, ...entry.versions]) if (!letters.has(template)) letters.set(template, letters.size);
  const name = (template) => releaseName(template, releaseOf(path, template));
  const legendOf = (template) => ({ hue: `t${letters.get(template) % 6}`, letter: String.fromCharCode(65 + letters.get(template) % 26), name: name(template) });
  const swatch = (template) => make("span", { class: `swatch ${legendOf(template).hue}`, title: details(path, template) }, legendOf(template).letter);
  const view = { name, legendOf, swatch, key: JSON.stringify([...letters.keys()].map((template) => [template, name(template)])) };
  const rollout = lastRollout(past);

  const healthy = now.instances.filter(isHealthy).length;
  set($("path"), path);
  set($("summary"), sentence(now, healthy, name, path in state.groups || cursor_s !== null));
  renderOutcome(rollout, now, moment_s, path, view);
  renderVersions(rollout, now, path, view);
  fill($("facts"), JSON.stringify(now), () => {
    const fact = (id, name, ...value) => make("div", {}, make("dt", {}, name), make("dd", { id }, ...value));
    return [
      fact("healthy", "Healthy", `${healthy}`),
      fact("size", "Target size", `${now.target_size}`),
      fact("surge", "Maximum surge", `${now.surge}`),
      fact("unavailable", "Maximum unavailable", `${now.unavailable}`),
      fact("stable", "isStable", now.is_stable ? "yes" : "no"),
      fact("reached", "versionTarget.isReached", now.is_reached ? "yes" : "no"),
      fact("activity", "Activity", activity(now)),
    ];
  });
  measured = $("strip").clientWidth;
  const width = measured * Number($("zoom").value);
  drawGroup({ all, past, now, moment_s, axis, legendOf, width });
  if (cursor_s === null) $("strip").scrollLeft = width;
  renderInstances(now, moment_s, view);
  fill($("legend"), view.key, () => [
    ...[...letters.keys()].map((template) => make("li", {}, swatch(template), named(name(template)))),
    ...STATES.map((name) => make("li", { class: "t0" },
      make("svg", { width: 30, height: 14, class: style(name), "aria-hidden": "true" }, make("rect", { class: "bar", ...box(1, 28, 1, 12, name), rx: 2 }), make("rect", { class: "over", ...box(1, 28, 1, 12, name) })), name)),
    make("li", { class: "soft" }, "Framed: unhealthy after it was healthy. Counts: grey area healthy, line living, dashes target, dots target and surge. Thin bars below an instance: boot phases."),
  ]);
  const scrub = $("scrub");
  scrub.value = Math.round(200 * axis.unit(moment_s) / axis.total);
  scrub.setAttribute("aria-valuetext", `${span(moment_s - axis.from_s)} of ${span(axis.to_s - axis.from_s)}`);
  set($("moment"), `${span(moment_s - axis.from_s)} / ${span(axis.to_s - axis.from_s)}`);
  set($("play"), playing ? "Pause" : "Play");
  return moment_s;
}

function details(path, template) { // what stands in the release record
  const release = releaseOf(path, template);
  if (!release) return `template ${template}`;
  const parts = [`${release.repository}@${release.digest}`, release.commit && `commit ${release.commit}`, release.by && `by ${release.by}`, release.run && `run ${release.run}`];
  return [...parts, `template ${template}`].filter(Boolean).join("\n");
}

function activity({ phase }) { // what the group does at this moment
  return phase === "gap" ? "about to decide" : phase;
}

function sentence(now, healthy, name, exists) {
  if (!exists) return "This group was deleted.";
  const goal = now.versions.map(({ size, template }) => size === now.target_size ? name(template) : `${size} × ${name(template)}`).join(" and ");
  const health = `${healthy} healthy, target ${now.target_size}`;
  if (now.is_stable && now.is_reached) return `Stable: ${health}, ${now.versions.length > 1 ? "" : "all "}on ${goal}.`;
  if (now.is_stable) return `Stable, but not on ${goal}: ${health}.`;
  return `${now.is_reached ? "Settling on" : "Rolling to"} ${goal}: ${health}, ${activity(now)}.`;
}

// ---- Moving through time.

function seek(part) { // 0 is the beginning, 1 the end
  cursor_s = part >= 1 ? null : axis.moment(part * axis.total);
  render();
}
function pause() { cancelAnimationFrame(playing); playing = 0; set($("play"), "Play"); }
function play() {
  if (!axis) return;
  let before, unit = cursor_s === null ? 0 : axis.unit(cursor_s);
  const frame = (time) => {
    // The whole of it takes from 8 to 30 s.
    unit += (time - (before ?? time)) / 1000 * axis.total / Math.min(30, Math.max(8, axis.total / 15));
    before = time;
    playing = unit < axis.total ? requestAnimationFrame(frame) : 0;
    seek(unit / axis.total);
  };
  playing = requestAnimationFrame(frame);
  set($("play"), "Pause");
}
$("play").addEventListener("click", () => (playing ? pause() : play()));
$("scrub").addEventListener("input", (event) => { pause(); seek(event.target.value / 200); });
$("lanes").addEventListener("click", (event) => {
  pause();
  seek((event.clientX - $("lanes").getBoundingClientRect().left - 2) / ($("lanes").clientWidth - 8) * axis.width / axis.total);
});
$("group").addEventListener("change", () => { pause(); cursor_s = null; render(); });
for (const id of ["span", "zoom"]) $(id).addEventListener("change", render);
new ResizeObserver(() => { if ($("strip").clientWidth !== measured) render(); }).observe($("strip"));

// ---- The source of the data: a recording, or the emulator that serves this page.

function take(list) {
  for (const entry of list) {
    if (entry.kind !== "group") continue;
    if (!entries.has(entry.group)) entries.set(entry.group, []);
    entries.get(entry.group).push(entry);
  }
}

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

let after = 0; // number of the last entry of the request log that was read
async function poll() {
  try {
    const list = (await get(`emulator/request-log?after=${after}`)).split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const next = JSON.parse(await get("emulator/state"));
    if (!after) entries = new Map();
    take(list);
    after = next.now_s < state.now_s ? 0 : list.length ? list[list.length - 1].seq : after; // time runs back: another emulator
    state = next;
    set($("mode"), "● live");
  } catch (error) {
    after = 0; // another emulator may answer next
    set($("mode"), `○ no answer from the emulator, asking again (${error.message})`);
  }
  setTimeout(poll, document.hidden ? 4 * POLL_MS : POLL_MS);
  render();
}
$("drawing").prepend(make("svg", { width: 0, height: 0, "aria-hidden": "true" }, patterns()));
if (recorded) { take(recorded.entries); state = recorded.state; set($("mode"), "replay"); render(); } else poll();
