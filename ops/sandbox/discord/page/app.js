// The frame: servers, channels, the person who acts, and the stream of what happens.

import { drawComposer, readCommands } from "./composer.js";
import { askText } from "./dialogs.js";
import { icon } from "./icons.js";
import * as messages from "./messages.js";
import { choosePerson, drawMembers } from "./members.js";
import {
  $,
  DIRECT,
  avatar,
  call,
  channelNow,
  closePop,
  guildNow,
  h,
  nameOf,
  refresh,
  toast,
  view,
  world,
} from "./store.js";
import { drawTools } from "./tools.js";

const THREADS = [10, 11, 12];
const ORDER = { 4: 0, 0: 1, 5: 1, 15: 1, 2: 2, 13: 2 };

// --- drawing ---

function drawRail() {
  const direct = h(
    "button",
    {
      "aria-label": "Direct messages",
      title: "Direct messages",
      "aria-current": String(view.guild === DIRECT),
      onclick: () => go(DIRECT, "", view.user),
    },
    icon("chat", 22),
  );
  const guilds = [...world.guilds.values()].map((guild) => {
    const letters = guild.name
      .split(/\s+/)
      .map((word) => word[0])
      .join("")
      .slice(0, 3);
    return h(
      "button",
      {
        "aria-label": guild.name,
        title: guild.has_bot ? guild.name : `${guild.name} · without the bot`,
        class: guild.has_bot && !guild.unavailable ? "" : "gone",
        "aria-current": String(view.guild === guild.id),
        onclick: () => go(guild.id, "", view.user),
      },
      h("img", { src: `/icons/${guild.id}/x.png`, alt: "" }),
      h("span", { class: "letters" }, letters),
    );
  });
  const add = h("button", { "aria-label": "Create a server", title: "Create a server", onclick: createGuild }, "+");
  $("rail").replaceChildren(direct, h("hr"), ...guilds, add);
}

/** A server of the person's own, without the bot: so that inviting it can be tried. */
function createGuild() {
  if (!view.user) return toast("Choose who you are first.");
  askText("Create a server", `Name · owned by ${nameOf(view.user)}`, "Create", "", async (name) => {
    const made = await call("POST", "guilds", { name, owner: view.user, with_bot: false });
    if (!made) return false;
    await refresh();
    go(made.id, "", view.user);
  });
}

function drawSide() {
  const guild = guildNow();
  $("side-title").replaceChildren(
    guild ? guild.name : "Direct messages",
    guild ? h("small", { class: "num" }, `${guild.members.length} members`) : "",
  );
  if (!guild) {
    const people = [...world.users.values()].filter((user) => !user.bot);
    return $("channels").replaceChildren(
      h("h2", {}, `With ${world.application.name}, as`),
      ...people.map((user) =>
        h(
          "button",
          { class: "channel", "aria-current": String(user.id === view.user), onclick: () => go(DIRECT, "", user.id) },
          avatar(user.id, 26),
          h("span", { class: "name" }, nameOf(user.id)),
          user.dms_open ? null : h("span", { class: "tag plain" }, "CLOSED"),
          count(world.dms.find((dm) => dm.user_id === user.id)?.id),
        ),
      ),
    );
  }
  const seen = guild.channels.filter((channel) => view.visible.has(channel.id));
  const categories = seen.filter((channel) => channel.type === 4).sort((a, b) => a.position - b.position);
  const inside = (parent) =>
    seen
      .filter((channel) => channel.type !== 4 && !THREADS.includes(channel.type) && channel.parent_id === parent)
      .sort((a, b) => ORDER[a.type] - ORDER[b.type] || a.position - b.position);
  $("channels").replaceChildren(
    ...inside(null).flatMap((channel) => rows(guild, channel)),
    ...categories.flatMap((category) => [
      h("h2", {}, category.name),
      ...inside(category.id).flatMap((channel) => rows(guild, channel)),
    ]),
  );
}

function rows(guild, channel) {
  if ([2, 13].includes(channel.type)) return voiceRows(guild, channel);
  const threads = guild.channels.filter(
    (thread) => thread.parent_id === channel.id && THREADS.includes(thread.type) && !thread.thread_metadata?.archived,
  );
  return [
    row(channel, channel.type === 5 ? icon("news", 16) : "#"),
    ...threads.map((thread) => row(thread, icon("thread", 15), " thread")),
  ];
}

const count = (id) =>
  view.unread.get(id) ? h("span", { class: "count num" }, String(Math.min(view.unread.get(id), 99))) : null;

function row(channel, sign, more = "") {
  return h(
    "button",
    {
      class: `channel${more}${view.unread.get(channel.id) ? " unread" : ""}`,
      "aria-current": String(channel.id === view.channel),
      onclick: () => go(view.guild, channel.id, view.user),
    },
    h("span", { class: "sign" }, sign),
    h("span", { class: "name" }, channel.name),
    count(channel.id),
  );
}

function voiceRows(guild, channel) {
  const here = guild.voice_states.filter((state) => state.channel_id === channel.id);
  const join = () => call("POST", "voice", { guild: guild.id, member: view.user, channel: channel.id });
  const title = channel.id === guild.afk_channel_id ? "The AFK channel" : `Join as ${nameOf(view.user)}`;
  return [
    h(
      "button",
      { class: "channel", title, onclick: join },
      h("span", { class: "sign" }, icon(channel.id === guild.afk_channel_id ? "away" : "voice", 17)),
      h("span", { class: "name" }, channel.name),
    ),
    ...here.map((state) =>
      h(
        "div",
        { class: "sitting" },
        avatar(state.user_id, 20),
        h("span", { class: "grow" }, nameOf(state.user_id)),
        state.self_deaf || state.deaf ? icon("deaf", 15) : state.self_mute || state.mute ? icon("muted", 15) : null,
      ),
    ),
  ];
}

function drawMe() {
  if (!view.user) return $("me").replaceChildren();
  const guild = guildNow(),
    state = guild?.voice_states.find((row) => row.user_id === view.user);
  const set = (change) =>
    call("POST", "voice", {
      guild: guild.id,
      member: view.user,
      channel: state.channel_id,
      self_mute: state.self_mute,
      self_deaf: state.self_deaf,
      ...change,
    });
  const tool = (name, label, on, onclick) =>
    h(
      "button",
      { title: label, "aria-label": label, "aria-pressed": on === null ? null : String(on), onclick },
      icon(name, 17),
    );
  const voice =
    state &&
    h(
      "div",
      { class: "voice" },
      icon("voice", 16),
      h("span", { class: "grow name" }, guild.channelOf.get(state.channel_id)?.name),
      tool("muted", "Mute", state.self_mute, () => set({ self_mute: !state.self_mute, self_deaf: false })),
      tool("deaf", "Deafen", state.self_deaf, () => set({ self_deaf: !state.self_deaf, self_mute: !state.self_deaf })),
      tool("leave", "Leave voice", null, () =>
        call("POST", "voice", { guild: guild.id, member: view.user, channel: null }),
      ),
    );
  $("me").replaceChildren(
    ...[
      voice,
      h(
        "button",
        { class: "who", onclick: (event) => choosePerson(event.currentTarget) },
        avatar(view.user, 34),
        h("span", {}, h("b", {}, nameOf(view.user)), h("small", {}, "Posting as · change")),
      ),
    ].filter(Boolean),
  );
}

function drawTop() {
  const channel = channelNow();
  $("title").textContent = !channel
    ? ""
    : channel.type === 1
      ? `${nameOf(view.user)} ↔ ${world.application.name}`
      : `${THREADS.includes(channel.type) ? "Thread:" : "#"} ${channel.name}`;
  $("topic").textContent = channel?.topic || "";
  document.title = channel?.name ? `#${channel.name} · Local Discord` : "Local Discord";
  const banner = $("banner"),
    guild = guildNow();
  const text = guild?.unavailable
    ? "This server is in an outage: the bot hears nothing."
    : guild && !guild.has_bot
      ? "The bot is not in this server."
      : world.violations
        ? `${world.violations} calls did not fit Discord’s document. See Traffic and faults.`
        : "";
  banner.textContent = text;
  banner.hidden = !text;
  $("toggle-members").hidden = !guild;
}

function drawFrame() {
  drawRail();
  drawSide();
  drawMe();
  drawTop();
  drawMembers();
  drawTools();
}

// --- going somewhere: #guild/channel/user ---

function go(guild, channel, user) {
  const hash = `${guild}/${channel}/${user || ""}`;
  if (location.hash.slice(1) === hash) arrive();
  else location.hash = hash;
}

let arrivals = 0;

/** Shows what the address names. Everything is asked for first and then changed at once: nobody writes into a half-changed page. */
async function arrive() {
  const turn = ++arrivals;
  const [guildId, channelId, userId] = decodeURIComponent(location.hash.slice(1)).split("/");
  const guild = world.guilds.get(guildId) || (guildId === DIRECT ? null : [...world.guilds.values()][0]);
  const fits = (id) => world.users.has(id) && !world.users.get(id).bot && (!guild || guild.memberOf.has(id));
  const people = guild ? guild.members.map((member) => member.user_id) : [...world.users.keys()];
  const user = [userId, view.user].find(fits) || people.find(fits) || null;
  const visible = new Set(guild && user ? (await call("GET", `visible?guild=${guild.id}&member=${user}`)) || [] : []);
  const texts = (guild?.channels || []).filter(
    (channel) => visible.has(channel.id) && ![2, 4, 13].includes(channel.type),
  );
  const named =
    texts.find((channel) => channel.id === channelId) ||
    texts.find((channel) => channel.id === guild.system_channel_id) ||
    texts[0];
  const channel = guild ? named?.id || null : await openDirect(user);
  if (turn !== arrivals) return;
  Object.assign(view, { guild: guild ? guild.id : DIRECT, channel, user, visible, replyTo: null });
  view.unread.delete(channel);
  document.body.classList.remove("open");
  closePop();
  drawFrame();
  drawComposer();
  await Promise.all([messages.load(), readCommands()]);
}

async function openDirect(userId) {
  const found = () => world.dms.find((dm) => dm.user_id === userId);
  if (!found()) {
    await call("POST", "dms", { member: userId });
    await refresh();
  }
  return found()?.id || null;
}

// --- what happens ---

let timer = 0;
function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!(await refresh())) return;
    if (!world.guilds.has(view.guild) && view.guild !== DIRECT) return arrive();
    if (guildNow() && view.user && !guildNow().memberOf.has(view.user)) return arrive();
    if (guildNow() && view.user)
      view.visible = new Set((await call("GET", `visible?guild=${view.guild}&member=${view.user}`)) || []);
    drawFrame();
  }, 150);
}

function heard(event) {
  const { type, data } = event,
    here = event.channel_id === view.channel;
  if (type === "MESSAGE_CREATE") {
    if (event.only_user && event.only_user !== view.user) return;
    if (event.only_user) data.ephemeral_for = event.only_user;
    if (here) messages.add(data);
    else if (view.visible.has(event.channel_id) || !event.guild_id) {
      view.unread.set(event.channel_id, (view.unread.get(event.channel_id) || 0) + 1);
      sideSoon();
    }
  } else if (type === "MESSAGE_UPDATE") here && messages.replace(data);
  else if (type === "MESSAGE_DELETE") here && messages.remove(data.id);
  else if (type === "MESSAGE_DELETE_BULK") here && data.ids.forEach(messages.remove);
  else if (type === "MESSAGE_REACTION_ADD" || type === "MESSAGE_REACTION_REMOVE")
    here && messages.reacted(data, type.endsWith("ADD"));
  else if (type.startsWith("MESSAGE_REACTION") || type === "SANDBOX_SKIPPED") messages.load();
  else if (type === "SANDBOX_RESET") refresh().then(arrive);
  else if (type === "SANDBOX_COMMANDS") readCommands();
  else if (
    !["INTERACTION_CREATE", "SANDBOX_INTERACTION", "TYPING_START", "GUILD_AUDIT_LOG_ENTRY_CREATE"].includes(type)
  )
    refreshSoon();
}

let sideTimer = 0;
function sideSoon() {
  sideTimer ||= setTimeout(() => {
    sideTimer = 0;
    drawSide();
  }, 300);
}

function listen() {
  const stream = new EventSource("/sandbox/events");
  let broken = false;
  stream.onmessage = (message) => JSON.parse(message.data).forEach(heard);
  stream.onerror = () => {
    if (!broken) toast("The connection is lost. Trying again…");
    broken = true;
  };
  stream.onopen = () => {
    if (broken) {
      broken = false;
      refresh().then(arrive);
    }
  };
}

// --- buttons of the frame ---

for (const [id, name] of [
  ["menu", "menu"],
  ["toggle-members", "people"],
  ["toggle-tools", "tools"],
  ["toggle-theme", "theme"],
])
  $(id).replaceChildren(icon(name, 20));

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}
setTheme(localStorage.getItem("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
$("toggle-theme").onclick = () => {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  drawFrame();
  messages.load();
};
$("menu").onclick = () => {
  document.body.classList.toggle("open");
  $("veil").hidden = !document.body.classList.contains("open");
};
$("veil").onclick = closePop;
function toggle(id, button) {
  $(id).hidden = !$(id).hidden;
  button.setAttribute("aria-expanded", String(!$(id).hidden));
}
$("toggle-members").onclick = (event) => {
  if (innerWidth <= 1100) $("tools").hidden = true;
  toggle("members", event.currentTarget);
};
$("toggle-tools").onclick = (event) => {
  if (innerWidth <= 1280) $("members").hidden = true;
  toggle("tools", event.currentTarget);
  drawTools();
};
addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePop();
});
addEventListener("hashchange", arrive);
if (innerWidth <= 1100) $("members").hidden = true;

if (await refresh()) await arrive();
listen();
