// The panels around the timeline: outcome, versions, tables. Data becomes text nodes and attributes, never markup.
"use strict";
const MARKS = { served: "✓", failed: "✗", restored: "↩", running: "…", canary: "◐" };
const named = (text) => make("span", { class: "name" }, text);

function renderOutcome(rollout, now, moment_s, path, view) {
  const panel = $("outcome");
  panel.hidden = !rollout;
  if (!rollout) return;
  const { kind, head, text } = outcomeOf(rollout, now, moment_s, view.name, releaseOf(path, rollout.release.template));
  panel.className = kind;
  fill(panel, kind + head + text, () => [make("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
    make("span", {}, make("span", { class: "head" }, head), text)]);
}

function renderVersions(rollout, now, path, view) { // each version with its share of the group, and the steps of a canary
  const release = rollout && releaseOf(path, rollout.release.template), current = rollout ? stepOf(rollout, now, release) : -1;
  const have = now.versions.map((version) => now.instances.filter((row) => word(row) !== "deleting" && isOf(version)(row)).length);
  const part = (number) => (now.target_size ? 100 * number / now.target_size : 0);
  fill($("versions"), JSON.stringify([now.versions, have, now.target_size, view.key]), () => now.versions.map((version, i) => {
    const asked = version.percent == null ? "" : `, target size ${version.percent} %`;
    return make("li", { title: version.name && `version ${version.name}` },
      make("span", { class: "which" }, view.swatch(version.template), named(view.name(version.template))),
      make("span", { class: `track ${view.legendOf(version.template).hue}`, "aria-hidden": "true" },
        make("span", { style: `width: ${Math.min(100, part(have[i]))}%` }), make("i", { style: `left: ${part(version.size)}%` })),
      make("span", { class: "share" }, `${partOf(have[i], version.size)}, ${Math.round(part(version.size))} % of the group${asked}`));
  }));
  const steps = current < 0 ? [] : [...release.steps.map(stepText), "the whole group"];
  $("steps").hidden = !steps.length;
  fill($("steps"), JSON.stringify([steps, current]), () => steps.map((text, i) =>
    make("li", i === current ? { class: "current", "aria-current": "step" } : {}, text)));
}

function bootText(row, moment_s) { // the phases that its startup script has written, each with the seconds since the one before
  const phases = written(row, moment_s), since = (i) => Math.round(10 * (phases[i].at_s - phases[i - 1].at_s)) / 10;
  return phases.map(({ name, reason }, i) => `${name}${i ? ` +${since(i)}\u00a0s` : ""}${reason ? `: ${reason}` : ""}`).join(", ");
}

function renderInstances(now, moment_s, view) {
  const boots = now.instances.map((row) => bootText(row, moment_s)), boot = boots.some(Boolean) ? ["Boot"] : [];
  fill($("instances"), JSON.stringify([now.instances, boots, view.key]), () => table(
    ["Instance", "Zone", "Release", "State", "Action", "Status", "Health", "Repairs", "Last error", ...boot],
    now.instances.map((row, i) => [named(row.name), row.zone,
      make("span", { title: row.version && `version ${row.version}` }, view.swatch(row.template), named(view.name(row.template))),
      word(row), row.action, row.status || "not yet", row.health || "–", String(row.repairs), row.error || "–", ...boot.map(() => boots[i] || "–")]), "No instance."));
}

// Each cell has its head as well, which a narrow page shows in place of the row of heads.
function table(heads, rows, empty) {
  if (!rows.length) return [make("caption", { class: "soft" }, empty)];
  const cells = (row) => row.map((cell, i) => make("td", { role: "cell", "data-head": heads[i], class: cell === "–" ? "none" : "" }, cell));
  return [make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads.map((head) => make("th", { role: "columnheader", scope: "col" }, head)))),
    make("tbody", { role: "rowgroup" }, ...rows.map((row) => make("tr", { role: "row" }, ...cells(row))))];
}

function renderOperations(moment_s) {
  const known = state.operations.map((operation) => ({ ...operation, at_s: Date.parse(operation.insertTime) / 1000 })).filter((operation) => operation.at_s <= moment_s + 0.001).reverse().slice(0, 10);
  const status = (operation) => {
    if (operation.status !== "DONE" || (operation.endTime && Date.parse(operation.endTime) / 1000 > moment_s + 0.001)) return "RUNNING";
    return operation.error ? `DONE, ${operation.error.errors.map((error) => `${error.code}: ${error.message}`).join("; ")}` : "DONE";
  };
  const rows = known.map((operation) => [utc(operation.at_s).slice(11, 19), operation.operationType.replace(/^compute\./, ""), String(operation.targetLink).split("/").pop(), status(operation)]);
  fill($("operations"), JSON.stringify(rows), () => table(["At", "Operation", "Of", "Status"], rows.map((row) => [row[0], row[1], named(row[2]), row[3]]), "None yet."));
}

function renderFaults() {
  fill($("faults"), JSON.stringify(state.faults), () => table(["Plan", "What goes wrong", "Fired"], state.faults.flatMap((plan) => plan.faults.map((fault, i) => {
    const { on, when, nth, ...effect } = fault;
    const where = on ? make("code", {}, on) : `activity of ${when.group || "any group"}: ${when.phase}`, calls = nth?.length ? `, time ${nth.join(", ")}` : "";
    return [i ? "" : `${plan.id} ${plan.name}`, make("span", {}, where, calls, make("br"), make("code", {}, JSON.stringify(effect))), `${plan.fired[i]} of ${plan.matched[i]}`];
  })), "None: all requests are served without faults."));
}

// ---- Instance rules, in words.

const WORDS = { // words for the fields of a rule; `@` is the value
  create_s: "exists after @", boot_s: "boots in @", answer_s: "answers @ after its start", crash_after_s: "stops answering after @",
  stop_s: "stops in @", delete_s: "is deleted in @", create_error: "is not created: @", unanswered: "never answers the health check @",
  failed: "fails to boot: @",
};
function ruleTexts(rule) {
  const value = (key, of) => /_s$/.test(key) ? `${Array.isArray(of) ? of.join(" to ") : of}\u00a0s` : Array.isArray(of) ? of.join(", ") : String(of);
  return Object.entries(rule).flatMap(([key, of]) => {
    if (["instance", "template", "image", "create_error_times", "serial"].includes(key)) return [];
    if (key === "never_healthy") return of ? ["never answers"] : [];
    if (key === "phases") return [`writes boot phases: ${Object.entries(of).map(([name, at]) => `${name} after ${value("_s", at)}`).join(", ")}`];
    const times = key === "create_error" && rule.create_error_times ? `, ${count(rule.create_error_times, "time")}` : "";
    return [Object.hasOwn(WORDS, key) ? WORDS[key].replace("@", () => value(key, of)) + times : `${key} ${JSON.stringify(of)}`];
  });
}

function renderRules(path) { // the newest first: among equals the newest applies
  const name = (template) => releaseName(template, releaseOf(path, template));
  const image = (reference) => reference.split("/").pop().replace(/@sha256:([0-9a-f]{7})[0-9a-f]{57}$/, " $1");
  const selectors = ({ instance, template, image: reference }) => [instance, template && name(template), reference && image(reference)].filter(Boolean);
  const rules = [...state.instance_rules].reverse();
  fill($("rules"), JSON.stringify([rules, rules.map(selectors)]), () => table(["Instances", "Rule"], rules.map((rule) => {
    const which = selectors(rule), lines = (rule.serial || []).map((line) => make("code", { class: "line" }, line));
    const texts = [...ruleTexts(rule), ...(lines.length ? ["prints to the serial port:"] : [])];
    return [make("span", { title: rule.image || rule.template || "" }, which.length ? named(which.join(", ")) : "all"),
      make("span", {}, texts.join(", "), ...lines)];
  }), "None: all instances have the default times."));
}
