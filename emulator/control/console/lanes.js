// The drawing of a group over virtual time. Data becomes text nodes and attributes, never markup.
"use strict";
const $ = (id) => document.getElementById(id);
const TOP = 26, VERSIONS = 34, FLAG = 16, COUNT = 62, LANE = 22, GAP = 5, LABEL = 15; // pixels
const COUNT_TOP = TOP + VERSIONS + GAP + 2 * (FLAG + GAP) + 6, LANES_TOP = COUNT_TOP + COUNT + 16;

// A keyed element is kept from frame to frame, so that the element under the pointer stays.
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "text", "title", "tspan", "path", "line", "defs", "pattern", "circle"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== "" && child != null));
  return element;
}
function set(element, text) { if (element.textContent !== text) element.textContent = text; }
function put(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) if (element.getAttribute(key) !== String(value)) element.setAttribute(key, value);
}
const pen = document.createElement("canvas").getContext("2d"), widths = new Map();
function textWidth(text) { // pixels of a text in the drawing, at its widest: bold
  if (!widths.has(text)) {
    if (widths.size > 5000) widths.clear();
    pen.font = `700 11px ${getComputedStyle(document.body).fontFamily}`;
    widths.set(text, Math.ceil(pen.measureText(text).width));
  }
  return widths.get(text);
}
function fitted(text, width) { // the text, or its beginning with an ellipsis
  if (textWidth(text) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`) > width) end--;
  return `${text.slice(0, end)}…`;
}
function fill(element, key, build) { // build children only when what they show has changed
  if (element.shown === key) return;
  element.shown = key;
  element.replaceChildren(...build());
}

class Canvas {
  constructor(svg) {
    this.svg = svg; this.known = new Map(); this.layers = [0, 1, 2].map(() => make("g")); // grid, bars, cursor
    svg.replaceChildren(...this.layers);
  }
  size(width, height) { this.used = new Set(); this.width = width; this.svg.setAttribute("width", width); this.svg.setAttribute("height", height); }
  draw(key, name, attributes, text, layer = 0) {
    let element = this.known.get(key);
    if (!element) { element = make(name); this.known.set(key, element); this.layers[layer].append(element); }
    this.used.add(key);
    put(element, attributes);
    if (text != null) set(element, text);
    return element;
  }
  bar(key, classes, box, text, title, data = {}) {
    const group = this.draw(key, "g", { class: classes, ...data }, null, 1);
    if (!group.firstChild) group.append(make("title"), make("rect", { class: "bar", rx: 3 }), make("rect", { class: "over", rx: 3 }), make("text"));
    const [tip, back, over, name] = group.children;
    set(tip, title);
    put(back, box);
    put(over, box);
    set(name, text.find((label) => textWidth(label) + 8 < box.width) || "");
    put(name, { x: box.x + 5, y: box.y + box.height / 2 + 4 });
  }
  end() { for (const [key, element] of this.known) if (!this.used.has(key)) { element.remove(); this.known.delete(key); } }
}
const names = new Canvas($("names")), lanes = new Canvas($("lanes"));

function patterns() { // patterns of states, beside their words
  const tile = (id, size, ...shapes) => make("pattern", { id, width: size, height: size, patternUnits: "userSpaceOnUse" }, ...shapes);
  const stroke = (d, color, width = 1.5) => make("path", { d, stroke: color, "stroke-width": width, fill: "none" });
  return make("defs", {},
    tile("stripes", 8, stroke("M-2 2 2-2M0 8 8 0M6 10 10 6", "var(--flag)", 1)),
    tile("crosses", 9, stroke("M2 2 7 7M7 2 2 7", "var(--ink)", 1)),
    tile("dots", 7, make("circle", { cx: 2, cy: 2, r: 1.2, fill: "var(--soft)" })),
    tile("quiet", 6, stroke("M0 6 6 0", "var(--line)", 1)));
}

// An instance that is deleted is drawn as half a lane, so that its replacement stands out.
const box = (x, width, y, height, state) => state === "deleting" ? { x, width, y: y + height / 4, height: height / 2 } : { x, width, y, height };

/*
 * Draw a group up to a moment.
 *   all, past   entries of the group, and the entries up to the moment
 *   now         last entry up to the moment
 *   axis        from makeAxis
 *   legendOf    returns the hue, the letter and the name of a template
 *   width       in pixels
 */
function drawGroup({ all, past, now, moment_s, axis, legendOf, width }) {
  const x = (at_s) => Math.round(axis.unit(Math.max(at_s, axis.from_s)) * (width - 8) * 10 / axis.width) / 10 + 2;
  const when = (from, to) => `${span(from - axis.from_s)} – ${span(to - axis.from_s)}`;
  const place = (stretches) => stretches.filter(({ to }) => to > axis.from_s)
    .map((stretch) => ({ ...stretch, x: x(stretch.from), width: Math.max(1.5, x(stretch.to) - x(stretch.from) - 1) }));
  const stretches = (value) => place(runs(past, moment_s, value));
  const instances = new Set(); // instances that existed in this window at any time, also after the moment
  const first = all.findLast((entry) => entry.at_s <= axis.from_s);
  for (const entry of all) if (entry === first || entry.at_s >= axis.from_s) for (const { name } of entry.instances) instances.add(name);
  const height = LANES_TOP + instances.size * (LANE + GAP) + 2;
  const view = { all, past, now, moment_s, axis, legendOf, width, height, x, when, stretches };
  names.size($("names").parentElement.clientWidth < 620 ? 104 : 178, height);
  lanes.size(width, height);
  drawTime(view);
  drawVersions(view);
  drawFlags(view);
  drawCounts(view);
  const byName = lives(past, moment_s);
  [...instances].forEach((instance, i) => drawInstance(view, instance, place(byName.get(instance) || []), LANES_TOP + i * (LANE + GAP)));
  lanes.draw("cursor", "line", { class: "cursor", x1: x(moment_s), x2: x(moment_s), y1: 16, y2: height }, null, 2);
  names.end();
  lanes.end();
}

function write(key, y, text, title = text, soft = false) { // a name at the left of the drawing
  const element = names.draw(key, "text", { x: 0, y, class: soft ? "soft" : "" });
  if (!element.firstChild) element.append(make("title"), make("tspan"));
  set(element.firstChild, title);
  set(element.lastChild, fitted(text, names.width - 6));
}

function drawTime({ axis, width, height, x }) { // ticks, and stretches without any change, which are shortened
  write("time", 12, "virtual time", "seconds of virtual time since the beginning of the drawing", true);
  const taken = []; // [from, to] of the labels
  const place = (key, at, text) => { // a label, if there is room for it
    const from = at + 3, to = from + textWidth(text);
    if (to > width || taken.some((other) => from < other[1] + 6 && other[0] < to + 6)) return;
    taken.push([from, to]);
    lanes.draw(key, "text", { x: from, y: 12, class: "soft" }, text);
  };
  const isQuiet = (i) => i > 0 && axis.at[i] - axis.at[i - 1] > 120;
  axis.at.forEach((to, i) => {
    if (!isQuiet(i)) return;
    const from = axis.at[i - 1], wide = x(to) - x(from), text = `${rough(to - from)} quiet`;
    lanes.draw(`quiet ${from}`, "rect", { x: x(from), width: wide, y: 16, height: height - 16, class: "quiet" });
    if (wide > textWidth(text) + 6) place(`long ${from}`, x(from), text);
  });
  const step = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600].find((s) => s * width / axis.width > 62) || 86400;
  for (let tick = axis.from_s; tick <= axis.to_s;) {
    const i = axis.at.findIndex((at) => at > tick);
    if (!isQuiet(i)) {
      lanes.draw(`tick ${tick}`, "line", { x1: x(tick), x2: x(tick), y1: 16, y2: height, class: "grid" });
      place(`time ${tick}`, x(tick), span(tick - axis.from_s));
    }
    tick = isQuiet(i) ? axis.from_s + Math.max(1, Math.ceil((axis.at[i] - axis.from_s) / step)) * step : tick + step;
  }
}

function drawVersions({ legendOf, when, stretches }) { // with their targets, stacked by size
  write("versions", TOP + 19, "versions", "versions[] with their target sizes");
  for (const { from, to, what, x, width } of stretches((entry) => entry.versions)) {
    const shown = what.filter((version) => version.size || what.length === 1);
    const sum = shown.reduce((total, version) => total + version.size, 0) || 1, least = Math.min(LABEL, VERSIONS / shown.length);
    let y = TOP;
    shown.forEach((version, i) => { // each has room for its label, and the rest of the height is shared by size
      const part = least + (VERSIONS - least * shown.length) * (version.size || 1) / sum, { hue, letter, name } = legendOf(version.template);
      const texts = part < LABEL ? [] : [`${letter} ${name} × ${version.size}`, `${letter} × ${version.size}`, letter];
      lanes.bar(`version ${from} ${i}`, `full ${hue}`, { x, width, y, height: Math.max(2, part - 1) }, texts,
        `${name}: ${count(version.size, "instance")}${version.percent == null ? "" : `, target size ${version.percent} %`}\n${when(from, to)}`,
        { "data-version": version.template });
      y += part;
    });
  }
}

function drawFlags({ when, stretches }) { // the two that clients wait for
  const flags = [["is_stable", "isStable", "stable"], ["is_reached", "isReached", "reached"]];
  flags.forEach(([key, flag, yes], i) => {
    const y = TOP + VERSIONS + GAP + i * (FLAG + GAP);
    write(key, y + 12, flag, i ? "status.versionTarget.isReached" : "status.isStable");
    for (const { from, to, what, x, width } of stretches((entry) => entry[key]))
      lanes.bar(`${key} ${from}`, what ? "yes" : "no", { x, width, y, height: FLAG }, [what ? yes : `not ${yes}`],
        `${flag}: ${what}\n${when(from, to)}`, { "data-flag": flag, "data-on": what });
  });
}

function drawCounts({ all, now, stretches }) {
  const top = Math.max(1, ...all.map((entry) => Math.max(entry.target_size + entry.surge, entry.instances.length)));
  const y = (count) => COUNT_TOP + COUNT - COUNT * count / top;
  const line = (value) => stretches(value).map((stretch, i) => `${i ? "L" : "M"}${stretch.x} ${y(stretch.what)}H${stretch.x + stretch.width + 1}`).join("");
  const healthy = (entry) => entry.instances.filter(isHealthy).length, area = line(healthy);
  lanes.draw("area", "path", { class: "area", d: area && `${area}V${y(0)}H${area.slice(1).split(" ")[0]}Z` }, null, 1);
  lanes.draw("limit", "path", { class: "limit", d: line((entry) => entry.target_size + entry.surge) }, null, 1);
  lanes.draw("target", "path", { class: "target", d: line((entry) => entry.target_size) }, null, 1);
  lanes.draw("living", "path", { class: "living", d: line((entry) => entry.living) }, null, 1);
  write("counts", COUNT_TOP + 12, "instances");
  const most = now.target_size + now.surge, isNarrow = names.width < 178;
  write("counts 1", COUNT_TOP + 28, isNarrow ? `${healthy(now)} of ${now.living} healthy` : `${healthy(now)} healthy, ${now.living} living`, "living: to run, and not being deleted", true);
  write("counts 2", COUNT_TOP + 43, isNarrow ? `target ${now.target_size}–${most}` : `target ${now.target_size}, at most ${most}`, "target size, and with surge", true);
}

function drawInstance(view, instance, lived, y) {
  const { now, legendOf, when, moment_s } = view;
  const row = now.instances.find((row) => row.name === instance);
  const zones = new Set(now.instances.map((row) => row.zone));
  const zone = row && zones.size > 1 ? ` ${row.zone.split("-").pop()}` : ""; // the letter of the zone, in a regional group
  write(`instance ${instance}`, y + 15, `${tail(instance)}${zone}  ${row ? word(row) : lived.length ? "deleted" : ""}`, instance, !row);
  for (const { from, to, what, x, width } of lived) {
    const { hue, letter, name } = legendOf(what.template), is = word(what);
    const details = [
      instance, `${is}, ${when(from, to)}`, `release ${name} (${letter})`, `template ${what.template}`, what.version && `version ${what.version}`,
      `zone ${what.zone}`, `action ${what.action}`, what.status && `instance ${what.status}`, what.health && `health ${what.health}`,
      what.repairs && `repaired ${what.repairs === 1 ? "once" : `${what.repairs} times`}`, what.error && `last error ${what.error}`,
      bootText(what, moment_s) && `boot ${bootText(what, moment_s)}`,
    ];
    const texts = is === "deleting" ? [] : [`${letter} ${is}${what.error && is === "creating" ? `: ${what.error}` : ""}`, `${letter} ${is}`, letter];
    lanes.bar(`${instance} ${from}`, `${style(is)} ${hue}${is === "unhealthy" && what.available ? " framed" : ""}`,
      box(x, width, y, LANE, is), texts, details.filter(Boolean).join("\n"),
      { "data-instance": instance, "data-state": is, "data-template": what.template });
  }
  drawPhases(view, instance, lived, y);
}

function drawPhases({ moment_s, x, axis }, instance, lived, y) { // the last boot: a bar for each phase, from the one before
  const last = lived.findLast(({ what }) => what.phases), first_s = last && last.what.phases[0].at_s;
  let from = last && lived.find(({ what }) => what.phases?.[0].at_s === first_s).from;
  for (const { name, at_s, reason } of last ? written(last.what, moment_s) : []) {
    const left = x(from), title = `${instance}\nboot: ${name} after ${Math.round((at_s - from) * 10) / 10} s${reason ? `: ${reason}` : ""}`;
    if (at_s > axis.from_s) lanes.bar(`phase ${instance} ${at_s} ${name}`, `phase${name === "failed" ? " bad" : ""}`,
      { x: left, width: Math.max(1.5, x(at_s) - left - 1), y: y + LANE + 1, height: 3 }, [], title, { "data-boot": instance, "data-phase": name });
    from = at_s;
  }
}
