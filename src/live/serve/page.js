// The live page. Log text is hostile: it goes into the page as text (textContent) and in no other way.
"use strict";

const MAX_EVENTS = 500;
const MAX_MOMENTS = 100;
const TONES = { "crash-loop": "bad", flapping: "warn", degraded: "note", healthy: "good" };
const STATES = { ready: "ready", running: "running, not ready", down: "down", "gave-up": "down: its manager gave up", unknown: "state unknown" };
const ALARMS = { firing: ["bad", "firing"], settling: ["note", "settling"], calm: ["none", "calm"] };
const ESCALATIONS = { incident: ["bad", "incident"], investigate: ["note", "investigate"], none: ["none", "nothing to do"] };
const KINDS = { fault: "bad", exit: "bad", "gave-up": "bad", "last-words": "warn", stop: "note", ready: "good", start: "none" };
const COLOURS = { bad: "#d8323a", warn: "#e07b1a", note: "#c9a215", good: "#2d9d57", none: "#888888" };

const token = new URLSearchParams(location.search).get("token");
const withToken = (path) => (token === null ? path : `${path}?token=${encodeURIComponent(token)}`);
const byId = (id) => document.getElementById(id);

// ---- text ----

/** Control characters and direction marks as visible escapes. */
function visible(text, keepsLines) {
  const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  return String(text ?? "").replace(hidden, (c) => {
    if (c === "\t") return " ";
    if (c === "\n" && keepsLines) return c;
    return `\\u{${c.codePointAt(0).toString(16)}}`;
  });
}
const number = (n) => Number(n ?? 0).toLocaleString("en-US");
const counted = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const percent = (share) => `${share > 0 && share < 0.01 ? "<1" : Math.round(share * 100)} %`;
function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit += 1; }
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 2 : 1)} ${units[unit]}`;
}
function span(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, unit] = units.find(([size]) => seconds >= size);
  const n = seconds / size;
  return `${Number.isInteger(n) || n >= 10 ? Math.round(n) : n.toFixed(1)} ${unit}`;
}
/** `2024-05-01T10:00:00.5Z` as `2024-05-01 10:00:00`, or the time of day alone with its fraction. */
const when = (time) => (time ? visible(time).replace("T", " ").replace(/(\.\d+)?Z$/, "") : "no time");
const timeOfDay = (time) => (time ? visible(time).replace(/^.*T/, "").replace(/(\.\d{1,3})\d*Z$/, "$1").replace(/Z$/, "") : "--:--:--");
const iso = (ms) => new Date(ms).toISOString();

// ---- elements ----

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}
function tone(node, name) {
  const wanted = `tone-${name}`;
  if (node.classList.contains(wanted)) return;
  node.classList.remove("tone-bad", "tone-warn", "tone-note", "tone-good", "tone-none");
  node.classList.add(wanted);
}
function chip(text, name) {
  const node = el("span", "chip", text);
  tone(node, name ?? "none");
  return node;
}
function setChip(node, [name, text]) {
  say(node, text);
  tone(node, name);
}
/** Makes a list's children those of the items. What stays is the same element, so it stays open, focused and where it was. */
function keyed(parent, items, keyOf, make, update) {
  const known = parent.known ?? (parent.known = new Map());
  const wanted = new Map();
  items.forEach((item, index) => {
    let key = keyOf(item, index);
    while (wanted.has(key)) key += "'";
    wanted.set(key, item);
  });
  for (const [key, view] of known) {
    if (!wanted.has(key)) { view.root.remove(); known.delete(key); }
  }
  let place = parent.firstChild;
  let index = 0;
  for (const [key, item] of wanted) {
    let view = known.get(key);
    if (!view) { view = make(item, index === 0); known.set(key, view); }
    update(view, item, index++);
    if (view.root === place) place = place.nextSibling;
    else if (parent.moveBefore && view.root.parentNode === parent) parent.moveBefore(view.root, place);
    else parent.insertBefore(view.root, place);
  }
}
/** A list of names and texts; those that are empty are left out. */
function facts() {
  const root = el("dl");
  const update = (items) => keyed(root, items.filter((item) => item[1]), (item) => item[0],
    (item) => {
      const name = el("dt", "", item[0]);
      const value = el("dd", item[2] ?? "");
      const pair = el("div", "pair", name, value);
      pair.style.display = "contents";
      return { root: pair, value };
    },
    (view, item) => say(view.value, visible(item[1], true)));
  return { root, update };
}

// ---- restarts over time ----

const SVG = "http://www.w3.org/2000/svg";
const WINDOWS = [60, 300, 900, 3600, 21600, 86400, 604800, 2592000];

function makeChart() {
  const select = el("select");
  select.setAttribute("aria-label", "Window of time");
  const title = el("h3", "", "Restarts over time");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 600 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  const from = el("span"), peak = el("span"), to = el("span");
  const root = el("section", "chart", el("div", "row", title, select), svg, el("div", "axis", from, peak, to));
  const chart = { root, select, svg, from, peak, to, offered: "" };
  select.addEventListener("change", () => drawChart(chart, chart.service));
  return chart;
}
function offerWindows(chart, over, total) {
  const fitting = WINDOWS.filter((seconds) => seconds >= over.bucket_s * 3 && seconds < total);
  const offered = fitting.join();
  if (offered === chart.offered && chart.select.options.length) return;
  chart.offered = offered;
  const chosen = chart.select.value;
  const option = (value, text) => { const node = el("option", "", text); node.value = value; return node; };
  chart.select.replaceChildren(option("all", "all"), ...fitting.map((seconds) => option(String(seconds), `last ${span(seconds)}`)));
  chart.select.value = fitting.some((seconds) => String(seconds) === chosen) ? chosen : "all";
  show(chart.select, fitting.length > 0);
}
function drawChart(chart, service) {
  chart.service = service;
  const over = service.restarts_over_time;
  show(chart.root, Boolean(over && over.counts.length));
  if (!over || !over.counts.length) return;
  const start = Date.parse(over.first) / 1000;
  const end = start + over.bucket_s * over.counts.length;
  offerWindows(chart, over, end - start);
  const last = Math.max(end, Date.parse(service.last ?? "") / 1000 || end);
  const length = chart.select.value === "all" ? last - start : Number(chart.select.value);
  const columns = Math.max(1, Math.ceil(length / over.bucket_s));
  // An old log whose last line is long after its last restart would be all blank: no more than twice its buckets.
  const shown = Math.min(columns, chart.select.value === "all" ? over.counts.length * 2 : columns);
  const ahead = Math.max(0, Math.ceil((last - end) / over.bucket_s));
  const skip = chart.select.value === "all" ? 0 : Math.max(0, over.counts.length + ahead - shown);
  const bars = [];
  over.counts.forEach((count, index) => {
    if (count > 0 && index >= skip && index - skip < shown) bars.push({ count, index });
  });
  const peak = Math.max(1, ...bars.map((bar) => bar.count));
  keyed(chart.svg, bars, (bar) => String(bar.index),
    () => {
      const root = document.createElementNS(SVG, "rect");
      const title = document.createElementNS(SVG, "title");
      root.append(title);
      return { root, title };
    },
    (view, bar) => {
      const width = 600 / shown, height = Math.max(3, (bar.count / peak) * 92);
      const set = { x: ((bar.index - skip) * width + width * 0.08).toFixed(2), width: (width * 0.84).toFixed(2), y: (100 - height).toFixed(2), height: height.toFixed(2) };
      for (const [name, value] of Object.entries(set)) if (view.root.getAttribute(name) !== value) view.root.setAttribute(name, value);
      view.root.classList.toggle("last", bar.index === over.counts.length - 1);
      say(view.title, `${when(iso((start + bar.index * over.bucket_s) * 1000))}: ${counted(bar.count, "restart", "restarts")} in ${span(over.bucket_s)}`);
    });
  const sum = bars.reduce((sum, bar) => sum + bar.count, 0);
  say(chart.from, when(iso((start + skip * over.bucket_s) * 1000)));
  say(chart.peak, `${number(sum)} in view, at most ${number(bars.length ? peak : 0)} in ${span(over.bucket_s)}`);
  say(chart.to, when(iso((start + (skip + shown) * over.bucket_s) * 1000)));
  chart.svg.setAttribute("aria-label", `${counted(sum, "restart", "restarts")} between ${chart.from.textContent} and ${chart.to.textContent}, at most ${peak} in ${span(over.bucket_s)}`);
}

// ---- causes ----

function makeCause(cause, isFirst) {
  const rank = el("span", "rank"), title = el("span", "title"), role = chip(""), fill = el("i"), share = el("span"), id = el("span", "log");
  const summary = el("summary", "", rank, title, role, el("span", "share", el("span", "track", fill), share, id));
  const about = facts();
  const lines = el("ul", "lines");
  const heading = el("h3", "", "Evidence");
  const box = el("details", "", summary, el("div", "more", about.root, heading, lines));
  // What is to be done first is there to be read; later it is as it was left.
  box.open = isFirst && cause.role === "root";
  const root = el("li", "cause", box);
  return { root, rank, title, role, fill, share, id, about, lines, heading };
}
function updateCause(view, cause, index) {
  say(view.rank, String(index + 1));
  say(view.title, visible(cause.title || cause.id));
  setChip(view.role, [cause.role === "root" ? "bad" : "none", visible(cause.role)]);
  tone(view.fill, cause.role === "root" ? "bad" : "none");
  const width = `${Math.min(100, Math.max(0, cause.share * 100)).toFixed(1)}%`;
  if (view.fill.style.width !== width) view.fill.style.width = width;
  say(view.share, `${percent(cause.share)} · ${counted(cause.runs, "run", "runs")} · confidence ${percent(cause.confidence)}`);
  say(view.id, visible(cause.id));
  view.about.update([
    ["Meaning", cause.meaning],
    ["Fix", cause.fix, "fix"],
    ["Why", (cause.why ?? []).join("\n")],
    ["Phase", cause.phase],
    ["Seen", cause.first ? `${when(cause.first)} to ${when(cause.last)} UTC` : ""],
    ["Explains", (cause.explains ?? []).join(", ")],
    ["Masked", cause.masked ? "Other causes hid it for a time." : ""],
    ["Template", cause.template, "log"],
  ]);
  show(view.heading, cause.evidence.length > 0);
  updateLines(view.lines, cause.evidence);
}
function updateLines(list, lines) {
  keyed(list, lines, (line) => `${line.path}:${line.line}`,
    () => {
      const where = el("span", "where"), text = el("span", "log");
      return { root: el("li", "", where, text), where, text };
    },
    (view, line) => {
      say(view.where, `${visible(line.path)}:${line.line}`);
      say(view.text, visible(line.text));
    });
}
const ranked = (causes) => [...causes].sort((a, b) => (b.role === "root") - (a.role === "root") || b.runs - a.runs);

function makeIncident(isPast) {
  const name = el("h3"), about = el("span", "about"), causes = el("ol");
  if (isPast) {
    const summary = el("summary", "", name, about);
    return { root: el("li", "incident", el("details", "past", summary, causes)), name, about, causes };
  }
  return { root: el("li", "incident", el("div", "row", name, about), causes), name, about, causes };
}
function updateIncident(view, incident) {
  say(view.name, `Causes of the ${incident.ongoing ? "ongoing " : ""}${incident.verdict}`);
  const parts = [`${when(incident.first)} to ${incident.ongoing ? "now" : when(incident.last)}`, counted(incident.runs, "run", "runs")];
  if (incident.interval_s) parts.push(`every ${span(incident.interval_s.median)}`);
  if (incident.rhythm) parts.push(visible(incident.rhythm));
  const stopped = Object.entries(incident.stopped_by).map(([who, runs]) => `${visible(who)} ${number(runs)}`);
  if (stopped.length) parts.push(`ended by: ${stopped.join(", ")}`);
  say(view.about, parts.join(" · "));
  keyed(view.causes, ranked(incident.causes), (cause) => `${cause.role} ${cause.id}`, makeCause, updateCause);
}

// ---- services ----

function makeService(status) {
  const name = el("h2", "", visible(status.service));
  const verdict = chip(""), alarm = chip(""), escalation = chip(""), how = el("span", "how");
  const box = el("details", "", el("summary", "", name, verdict, alarm, escalation, how));
  const figures = el("dl", "figures");
  const signals = el("ul", "signals");
  signals.setAttribute("aria-label", "Signals");
  const chart = makeChart();
  const incidents = el("ol", "incidents"), past = el("ol", "incidents");
  const findings = el("ul", "findings");
  const found = el("section", "", el("h3", "", "Findings"), findings);
  const moments = el("ol", "moments"), count = el("span", "about");
  moments.tabIndex = 0;
  const timeline = el("details", "timeline", el("summary", "", el("h3", "", "Timeline"), count), moments);
  box.append(el("div", "inside", figures, signals, chart.root, incidents, found, past, timeline));
  const root = el("article", "service", box);
  const view = { root, box, verdict, alarm, escalation, how, figures, signals, chart, incidents, past, findings, found, timeline, moments, count, chosen: false, service: undefined, told: undefined };
  // Once somebody opened or closed it, it is theirs.
  box.firstChild.addEventListener("click", () => { view.chosen = true; });
  // What nobody sees is drawn when it is opened.
  box.addEventListener("toggle", () => updateTold(view));
  timeline.addEventListener("toggle", () => updateMoments(view));
  return view;
}
function updateService(view, [status, service]) {
  const name = TONES[status.verdict] ?? "none";
  tone(view.root, name);
  setChip(view.verdict, [name, status.verdict]);
  setChip(view.alarm, ALARMS[status.alarm] ?? ["none", status.alarm]);
  setChip(view.escalation, ESCALATIONS[status.escalation] ?? ["none", status.escalation]);
  show(view.alarm, status.alarm !== "calm");
  show(view.escalation, status.escalation !== "none");
  say(view.how, `${STATES[status.state] ?? status.state} · ${counted(status.restarts, "restart", "restarts")}`);
  if (!view.chosen) {
    const open = status.verdict !== "healthy" || status.alarm !== "calm";
    if (view.box.open !== open) view.box.open = open;
  }
  const since = status.alarm !== "calm" && status.since_ns > 0 ? `${when(iso(status.since_ns / 1e6))} UTC` : "";
  keyed(view.figures, [
    ["Restarts", number(status.restarts)],
    ["Planned", number(service?.planned_restarts)],
    ["Runs", number(status.runs)],
    ["Ready runs", number(status.ready_runs)],
    ["State", STATES[status.state] ?? status.state, "words"],
    [`${capital(status.alarm)} since`, since, "words"],
    ["Manager", visible(service?.manager ?? ""), "words"],
  ].filter((figure) => figure[1] !== ""), (figure) => figure[0].replace(/^\w+ since$/, "since"),
    (figure) => { const label = el("dt"), value = el("dd", figure[2] ?? ""); return { root: el("div", "", label, value), label, value }; },
    (figure, item) => { say(figure.label, item[0]); say(figure.value, item[1]); });
  show(view.signals, status.signals.length > 0);
  keyed(view.signals, status.signals, (signal) => signal, () => { const text = chip(""); return { root: el("li", "", text), text }; },
    (item, signal) => say(item.text, visible(signal)));
  view.service = service;
  updateTold(view);
}
/** What the diagnosis tells of a service. */
function updateTold(view) {
  const service = view.service;
  if (!service || !view.box.open) return;
  const text = JSON.stringify(service);
  if (view.told === text) return;
  view.told = text;
  drawChart(view.chart, service);
  const incidents = service.incidents.map((incident, index) => ({ incident, index })).reverse();
  const current = incidents.filter(({ incident }) => incident.ongoing);
  const now = current.length ? current : incidents.slice(0, 1);
  const before = incidents.filter((item) => !now.includes(item));
  const key = ({ incident, index }) => incident.first ?? String(index);
  keyed(view.incidents, now, key, () => makeIncident(false), (item, { incident }) => updateIncident(item, incident));
  keyed(view.past, before, key, () => makeIncident(true), (item, { incident }) => updateIncident(item, incident));
  show(view.incidents, now.length > 0);
  show(view.past, before.length > 0);
  show(view.found, service.findings.length > 0);
  keyed(view.findings, service.findings, (finding) => finding.id,
    () => { const text = el("p"), fix = el("p", "fix"); return { root: el("li", "", text, fix), text, fix }; },
    (item, finding) => { say(item.text, visible(finding.text)); say(item.fix, visible(finding.fix)); });
  const all = service.timeline.length;
  show(view.timeline, all > 0);
  say(view.count, all > MAX_MOMENTS ? `the latest ${MAX_MOMENTS} of ${number(all)}` : counted(all, "moment", "moments"));
  updateMoments(view);
}
function updateMoments(view) {
  if (!view.timeline.open) return;
  const moments = view.service.timeline.slice(-MAX_MOMENTS).reverse();
  keyed(view.moments, moments, (moment) => `${moment.time} ${moment.kind} ${moment.text}`,
    () => { const time = el("time"), kind = chip(""), text = el("span", "text"); return { root: el("li", "", time, el("span", "", kind), text), time, kind, text }; },
    (item, moment) => { say(item.time, when(moment.time)); setChip(item.kind, [KINDS[moment.kind] ?? "none", visible(moment.kind)]); say(item.text, visible(moment.text)); });
}

// ---- the picture as a whole ----

let before = null;
function draw(picture) {
  const { diagnosis, statuses, traffic } = picture;
  const firing = statuses.filter((status) => status.alarm === "firing").length;
  const name = TONES[diagnosis.verdict] ?? "none";
  const worst = statuses.find((status) => status.verdict === diagnosis.verdict);
  const known = picture.at_ns > 0;
  say(byId("verdict"), !known ? "waiting…" : firing ? `${diagnosis.verdict} · ${firing} firing` : diagnosis.verdict);
  tone(byId("verdict"), known ? name : "none");
  const title = known ? `${firing ? "● " : ""}${diagnosis.verdict}${worst && diagnosis.verdict !== "healthy" ? `: ${visible(worst.service)}` : ""} – relapse` : "relapse";
  if (document.title !== title) document.title = title;
  const colour = encodeURIComponent(COLOURS[known ? name : "none"]);
  const icon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='${colour}'/%3E%3C/svg%3E`;
  if (byId("icon").getAttribute("href") !== icon) byId("icon").setAttribute("href", icon);

  say(byId("lines"), number(traffic.lines));
  say(byId("bytes"), bytes(traffic.bytes));
  say(byId("lag"), span(traffic.lag_s ?? 0));
  say(byId("unread"), bytes(traffic.unread));
  say(byId("streams"), number(traffic.streams));
  say(byId("alerts"), number(traffic.alerts) + (traffic.alerts_failed ? ` (${number(traffic.alerts_failed)} failed)` : ""));
  if (before && picture.at_ns > before.at_ns) {
    const seconds = (picture.at_ns - before.at_ns) / 1e9;
    byId("lines").title = `${number(Math.round((traffic.lines - before.traffic.lines) / seconds))} lines a second`;
    byId("bytes").title = `${bytes(Math.round((traffic.bytes - before.traffic.bytes) / seconds))} a second`;
  }
  before = picture;
  say(byId("asof"), known ? when(iso(picture.at_ns / 1e6)) : "–");

  const problems = diagnosis.problems.slice(0, 20);
  show(byId("problems"), problems.length > 0);
  keyed(byId("problems"), problems, (problem) => problem, () => ({ root: el("li") }), (view, problem) => say(view.root, visible(problem)));
  const services = new Map(diagnosis.services.map((service) => [service.service, service]));
  keyed(byId("services"), statuses, (status) => status.service,
    makeService, (view, status) => updateService(view, [status, services.get(status.service)]));
  show(byId("empty"), statuses.length === 0);
}

// ---- events ----

const shownEvents = [];
let waiting = [];
let isPaused = false;
let isDue = false;

function makeEvent(event) {
  const words = [event.what, event.service, event.id, event.title, event.path, event.text].filter(Boolean).join(" ").toLowerCase();
  const time = el("time", "", timeOfDay(event.time));
  time.title = when(event.time);
  const what = chip(visible(event.what) + (event.count > 1 ? ` ×${number(event.count)}` : ""), KINDS[event.what]);
  const who = el("span", "who", [event.service, event.title ?? event.id].filter(Boolean).map((part) => visible(part)).join(" · "));
  const first = el("span", "first log", visible(event.text));
  const box = el("details", "", el("summary", "", time, what, who, first));
  const root = el("li", "", box);
  // Most are never opened.
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const about = facts();
    about.update([
      ["Where", `${event.path}:${event.line}`, "log"], ["Time", event.time ?? "none told"], ["Service", event.service],
      ["Fault", event.id], ["Title", event.title], ["Lines", event.count > 1 ? number(event.count) : ""],
    ]);
    box.append(el("div", "more", el("p", "log", visible(event.text)), about.root));
  });
  return { root, words };
}
function takeEvent(event) {
  waiting.push(event);
  if (waiting.length > MAX_EVENTS) waiting = waiting.slice(-MAX_EVENTS);
  if (isDue) return;
  isDue = true;
  // Several that come together are laid out once.
  setTimeout(() => { isDue = false; flushEvents(); }, 60);
}
function flushEvents() {
  const list = byId("events");
  if (!isPaused && waiting.length) {
    const height = list.scrollHeight, top = list.scrollTop;
    const added = waiting.map(makeEvent).reverse();
    waiting = [];
    list.prepend(...added.map((view) => view.root));
    shownEvents.unshift(...added);
    applyFilter(added);
    // Whoever reads further down stays at what they read.
    if (top > 4) list.scrollTop = top + list.scrollHeight - height;
    for (const view of shownEvents.splice(MAX_EVENTS)) view.root.remove();
  }
  sayCount();
}
function applyFilter(views) {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const view of views) show(view.root, words.every((word) => view.words.includes(word)));
}
function sayCount() {
  const shown = shownEvents.filter((view) => !view.root.hidden).length;
  const parts = [shownEvents.length ? `the latest ${number(shownEvents.length)}` : "none yet"];
  if (shown !== shownEvents.length) parts.push(`${number(shown)} fit the filter`);
  if (isPaused) parts.push(`paused, ${number(waiting.length)}${waiting.length === MAX_EVENTS ? " or more" : ""} waiting`);
  say(byId("count"), parts.join(" · "));
}
byId("filter").addEventListener("input", () => { applyFilter(shownEvents); sayCount(); });
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  say(byId("pause"), isPaused ? "Resume" : "Pause");
  flushEvents();
});

// ---- the connection ----

function connection(state, text) {
  byId("connection").dataset.state = state;
  say(byId("connection"), text);
}
let hasEnded = false;
function connect() {
  const source = new EventSource(withToken("events"));
  source.addEventListener("open", () => { hasEnded = false; connection("live", "live"); });
  source.addEventListener("picture", (message) => draw(JSON.parse(message.data)));
  source.addEventListener("event", (message) => takeEvent(JSON.parse(message.data)));
  source.addEventListener("end", () => { hasEnded = true; connection("ended", "the watch has ended"); });
  source.addEventListener("error", () => {
    if (hasEnded) connection("ended", "the watch has ended");
    else connection("lost", "reconnecting…");
    // The browser tries again by itself, but not after an answer that it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 4000);
  });
}
for (const [id, path] of [["to-diagnosis", "diagnosis"], ["to-metrics", "metrics"]]) byId(id).href = withToken(path);
connect();
