// The side panels: members with what can be done to them, traffic, faults, and what the bot did wrong.

import { answered, askText } from "./dialogs.js";
import { $, DIRECT, avatar, call, closePop, colourOf, guildNow, h, nameOf, pop, refresh, toast, view, world } from "./store.js";

// --- members ---

export function drawMembers() {
  const guild = guildNow();
  if (!guild) return $("members").replaceChildren();
  const hoisted = guild.roles.filter((role) => role.hoist).sort((a, b) => b.position - a.position);
  const left = new Set(guild.members.map((member) => member.user_id));
  const groups = hoisted.map((role) => [role.name, guild.members.filter((member) => member.roles.includes(role.id) && left.delete(member.user_id))]);
  groups.push(["Members", guild.members.filter((member) => left.has(member.user_id))]);
  $("members").replaceChildren(...groups.filter(([, rows]) => rows.length).flatMap(([name, rows]) => [h("h2", {}, `${name} · ${rows.length}`), ...rows.map((member) => person(guild, member))]),
    h("button", { class: "plain", style: { margin: "12px 8px", width: "calc(100% - 16px)" }, onclick: newcomer }, "Add a newcomer"));
}

function person(guild, member) {
  const user = world.users.get(member.user_id);
  return h("button", { class: "row-person", "aria-current": String(member.user_id === view.user), onclick: (event) => memberCard(event.currentTarget, guild, member) }, avatar(member.user_id, 30),
    h("span", { class: "name", style: { color: colourOf(member.user_id) } }, nameOf(member.user_id), user.bot ? h("span", { class: "tag" }, "APP") : null, member.pending ? h("span", { class: "tag plain" }, "NEW") : null));
}

async function memberCard(anchor, guild, member) {
  const user = world.users.get(member.user_id);
  const item = (text, act, danger) => h("button", { class: `item${danger ? " danger" : ""}`, onclick: () => { closePop(); act(); } }, text);
  const change = (body) => call("POST", "members", { guild: guild.id, member: user.id, ...body });
  const commands = view.user && guild.memberOf.has(view.user) ? (await call("GET", `commands?guild=${guild.id}&member=${view.user}`)) || [] : [];
  const roles = guild.roles.filter((role) => role.id !== guild.id && !role.managed);
  pop(anchor,
    h("div", { class: "card" }, avatar(user.id, 52), h("div", {}, h("b", {}, nameOf(user.id)), h("small", {}, `@${user.username} · joined ${new Date(member.joined_at).toLocaleDateString()}`))),
    user.bot ? null : item(`Post as ${nameOf(user.id)}`, () => act(user.id)),
    user.bot ? null : item("Open direct messages", () => { location.hash = `${DIRECT}//${user.id}`; }),
    commands.some((c) => c.type === 2) ? h("h3", {}, `Apps · as ${nameOf(view.user)}`) : null,
    commands.filter((c) => c.type === 2).map((command) => item(command.name, async () => answered(await call("POST", "menus", { guild: guild.id, channel: view.channel, member: view.user, name: command.name, target: user.id })))),
    user.bot ? null : [
      h("h3", {}, "Roles"),
      roles.map((role) => item(`${member.roles.includes(role.id) ? "☑" : "☐"} ${role.name}`, () => change({ action: member.roles.includes(role.id) ? "take" : "give", role: role.id }))),
      h("h3", {}, "Do"),
      member.pending ? item("Pass the screening", () => change({ action: "screen" })) : null,
      item("Change nickname", () => askText("Nickname", `Nickname of ${user.username}`, "Save", member.nick || user.global_name || "", (nick) => change({ action: "nick", nick }))),
      item(member.mute ? "Unmute for the server" : "Mute for the server", () => change({ action: "mute", mute: !member.mute })),
      item(user.dms_open ? "Close direct messages" : "Open direct messages to bots", () => change({ action: "dms", open: !user.dms_open }).then(refresh)),
      item("Leave the server", () => change({ action: "leave" }), true),
    ].flat());
}

function newcomer() {
  askText("A new member", "Username", "Join", `guest${Math.floor(Math.random() * 900 + 100)}`, async (username) => {
    const user = [...world.users.values()].find((row) => row.username === username) || (await call("POST", "users", { username, display_name: username }));
    return user ? (await call("POST", "members", { guild: view.guild, member: user.id, action: "join" })) !== null : false;
  });
}

/** Become somebody. */
export function act(userId) {
  location.hash = view.guild === DIRECT ? `${DIRECT}//${userId}` : `${view.guild}/${view.channel}/${userId}`;
}

/** The list to choose who posts. */
export function choosePerson(anchor) {
  const guild = guildNow();
  const people = [...world.users.values()].filter((user) => !user.bot && (!guild || guild.memberOf.has(user.id)));
  const list = h("div");
  const draw = (text) => list.replaceChildren(...people.filter((user) => `${nameOf(user.id)} ${user.username}`.toLowerCase().includes(text.toLowerCase())).map((user) => h("button", { class: "row-person", "aria-current": String(user.id === view.user), onclick: () => { closePop(); act(user.id); } }, avatar(user.id, 30), h("span", { class: "name" }, nameOf(user.id), h("small", {}, `@${user.username}`)))));
  draw("");
  pop(anchor, h("input", { type: "search", placeholder: "Post as…", "aria-label": "Find a member", oninput: (event) => draw(event.target.value) }), list);
}

// --- traffic and faults ---

const number = (label, id, value, props = {}) => h("label", {}, label, h("input", { id, type: "number", value, min: 0, ...props }));

export function drawTools() {
  const box = $("tools");
  if (box.hidden) return;
  if (box.dataset.drawn) return drawFigures();
  box.dataset.drawn = "yes";
  box.replaceChildren(h("h2", {}, "Traffic"), h("p", {}, "Members talk, reply, react and sit in voice, in every server with the bot."), traffic(), h("p", { id: "traffic-now", class: "num", role: "status" }),
    h("h2", {}, "Gateway"), h("p", {}, "What happens to the bot’s connection."), gateway(), h("h2", {}, "REST"), h("p", {}, "The next calls of the bot fail."), rest(),
    h("h2", {}, "This server"), servers(), h("h2", {}, "Sessions"), h("ul", { class: "list num", id: "sessions" }), h("h2", {}, "Against Discord’s document"), h("ul", { class: "list", id: "violations" }),
    h("h2", {}, "Start over"), h("p", {}, "Messages, members, commands and sessions go back to the first day."), h("button", { class: "plain danger", onclick: async () => { if (confirm("Reset the whole local Discord?")) { await call("POST", "reset"); location.hash = ""; location.reload(); } } }, "Reset everything"));
  drawFigures();
}

function traffic() {
  const start = async (event) => {
    event.preventDefault();
    const value = (id) => Number($(id).value);
    const guilds = $("t-guild").value ? [$("t-guild").value] : [];
    await call("POST", "traffic", { rate: value("t-rate"), seconds: value("t-seconds"), members: value("t-members"), guilds, mixed: $("t-mixed").checked });
    drawFigures();
  };
  return h("form", { class: "form", onsubmit: start }, number("Messages a second", "t-rate", 5, { min: 0.1, step: 0.1 }), number("Seconds", "t-seconds", 60, { min: 1 }), number("Members (0: all)", "t-members", 0),
    h("label", {}, "Where", h("select", { id: "t-guild" }, h("option", { value: "" }, "Everywhere"), [...world.guilds.values()].map((guild) => h("option", { value: guild.id }, guild.name)))),
    h("label", { class: "check wide" }, h("input", { id: "t-mixed", type: "checkbox", checked: true }), "With replies, reactions and voice"), h("button", { class: "go" }, "Start"), h("button", { type: "button", class: "plain", onclick: async () => { await call("DELETE", "traffic"); drawFigures(); } }, "Stop"));
}

function gateway() {
  const fault = (body) => async () => { const left = await call("POST", "faults", body); if (left) { toast("Done."); drawFigures(); } };
  const button = (text, body) => h("button", { type: "button", class: "plain", onclick: fault(body) }, text);
  const share = (label, name, props) => { const value = h("output", { class: "num" }, "0"); return h("label", { class: "wide" }, label, " ", value, h("input", { type: "range", value: 0, "data-fault": name, oninput: (event) => { value.textContent = event.target.value; }, onchange: (event) => call("POST", "faults", { gateway: { [name]: Number(event.target.value) } }), ...props })); };
  return h("form", { class: "form", onsubmit: (event) => event.preventDefault() }, button("Drop socket", { drop: true }), button("Op 7 reconnect", { reconnect: true }), button("Op 9 resumable", { invalidate: "resumable" }), button("Op 9 afresh", { invalidate: true }), button("Expire sessions", { expire: true }), button("Away for 60 s", { outage: 60 }),
    share("Sent twice, share", "duplicate", { min: 0, max: 1, step: 0.05 }), share("Garbled, share", "garble", { min: 0, max: 1, step: 0.05 }), share("Shuffled within", "shuffle", { min: 0, max: 50, step: 1 }), share("Seconds of delay", "delay", { min: 0, max: 5, step: 0.1 }),
    h("button", { type: "button", class: "plain wide", onclick: async () => { await call("DELETE", "faults"); $("tools").removeAttribute("data-drawn"); drawTools(); toast("All faults are cleared."); } }, "Clear all faults"));
}

function rest() {
  const add = async (event) => {
    event.preventDefault();
    await call("POST", "faults", { rest: { status: Number($("r-status").value), count: Number($("r-count").value), match: $("r-match").value, delay: Number($("r-delay").value), retry_after: 1 } });
    drawFigures();
  };
  const kinds = [[429, "429 rate limited"], [500, "500 server error"], [502, "502 bad gateway"], [503, "503 unavailable"], [403, "403 forbidden"], [404, "404 not found"], [0, "only slow"], [-1, "connection cut"]];
  return h("form", { class: "form", onsubmit: add }, h("label", { class: "wide" }, "Answer", h("select", { id: "r-status" }, kinds.map(([value, text]) => h("option", { value }, text)))), number("Calls", "r-count", 1, { min: 1 }), number("Wait first (s)", "r-delay", 0, { step: 0.1 }), h("label", { class: "wide" }, "Route contains", h("input", { id: "r-match", placeholder: "/messages" })), h("button", { class: "plain wide" }, "Add"), h("ul", { class: "list wide", id: "rest-now" }));
}

function servers() {
  const button = (text, action) => h("button", { type: "button", class: "plain", onclick: async () => { if (!guildNow()) return toast("Choose a server first."); await call("POST", "bot", { guild: view.guild, action }); } }, text);
  return h("div", { class: "form" }, button("Outage", "unavailable"), button("Outage over", "available"), button("Remove bot", "remove"), button("Add bot", "install"));
}

/** The figures that change by themselves. */
export async function drawFigures() {
  if ($("tools").hidden) return;
  const [now, faults, sessions, violations] = await Promise.all(["traffic", "faults", "sessions", "violations"].map((path) => call("GET", path)));
  if (!now || !$("traffic-now")) return;
  $("traffic-now").textContent = now.running ? `${now.posted.toLocaleString()} posted · ${Math.round(now.seconds_left)} s left` : now.posted ? `${now.posted.toLocaleString()} posted` : "";
  $("rest-now").replaceChildren(...faults.rest.map((rule) => h("li", {}, `${rule.status > 0 ? rule.status : rule.status ? "cut" : `${rule.delay} s`} · ${rule.count - rule.used} left · ${rule.match || "any route"}`)));
  for (const input of $("tools").querySelectorAll("[data-fault]")) if (document.activeElement !== input) { input.value = faults.gateway[input.dataset.fault]; input.previousElementSibling.textContent = input.value; }
  $("sessions").replaceChildren(...(sessions.length ? sessions.map((s) => h("li", {}, h("span", { class: `dot${s.connected ? " on" : ""}` }), `shard ${s.shard.join(" of ")} · ${s.connected ? "connected" : "away"} · sequence ${s.sequence.toLocaleString()}`)) : [h("li", {}, "No bot has connected yet.")]));
  $("violations").replaceChildren(...(violations.length ? violations.slice(-20).map((v) => h("li", { class: "bad" }, `${v.method} ${v.path}: ${v.problem}`)) : [h("li", {}, "Every call fitted.")]));
}

setInterval(drawFigures, 1500);
