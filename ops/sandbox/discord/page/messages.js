// Messages as they look in a chat: text, embeds, components, reactions, threads, private replies.

import { answered } from "./dialogs.js";
import { icon } from "./icons.js";
import { $, avatar, call, channelNow, closePop, colourOf, guildNow, h, nameOf, pop, toast, view } from "./store.js";
import { clock, isBot, markup, plainText } from "./text.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "🦊", "👀", "🔥", "😮", "🙏", "✅", "🤔", "💜"];
const EPHEMERAL = 64, LOADING = 128;
const LATE = 7 * 60 * 1000;
let rows = [];

export const current = () => rows;

/** Reads the newest messages of the channel in view and shows them. */
export async function load() {
  const channel = view.channel;
  if (!channel) { rows = []; return draw(); }
  const found = await call("GET", `messages?channel=${channel}&user=${view.user || 0}&limit=80`);
  if (!found || channel !== view.channel) return;
  rows = found;
  draw();
}

export function add(message) {
  if (rows.some((row) => row.id === message.id)) return;
  rows.push(message);
  if (rows.length > 200) rows.splice(0, 60);
  const list = $("messages"), low = atEnd(list);
  const last = rows[rows.length - 2];
  list.append(...day(last, message), line(message, last));
  while (list.children.length > 260) list.firstChild.remove();
  if (low) { sticky = true; stay(); }
}

export function replace(message) {
  const index = rows.findIndex((row) => row.id === message.id);
  if (index < 0) return;
  const users = Object.fromEntries((rows[index].reactions || []).map((r) => [r.emoji.name, r.users]));
  for (const reaction of message.reactions || []) reaction.users ||= users[reaction.emoji.name] || [];
  message.ephemeral_for ??= rows[index].ephemeral_for;
  rows[index] = message;
  redraw(index);
}

export function remove(id) {
  const index = rows.findIndex((row) => row.id === id);
  if (index < 0) return;
  rows.splice(index, 1);
  document.getElementById(`m${id}`)?.remove();
  if (index < rows.length) redraw(index);
}

export function reacted(data, added) {
  const index = rows.findIndex((row) => row.id === data.message_id);
  if (index < 0) return;
  const message = rows[index];
  message.reactions ||= [];
  let reaction = message.reactions.find((r) => r.emoji.name === data.emoji.name);
  if (!reaction) message.reactions.push((reaction = { emoji: data.emoji, count: 0, users: [] }));
  reaction.users = (reaction.users || []).filter((user) => user !== data.user_id);
  if (added) reaction.users.push(data.user_id);
  reaction.count = reaction.users.length;
  message.reactions = message.reactions.filter((r) => r.count > 0);
  redraw(index);
}

// The list stays at its end while pictures load and the box below grows, unless somebody scrolled up.
const atEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 120;
let sticky = true;
const stay = () => { if (sticky) $("messages").scrollTop = $("messages").scrollHeight; };
$("messages").addEventListener("scroll", (event) => { sticky = atEnd(event.currentTarget); }, { passive: true });
$("messages").addEventListener("load", stay, true);
new ResizeObserver(stay).observe($("messages"));

function redraw(index) {
  const list = $("messages"), low = atEnd(list);
  document.getElementById(`m${rows[index].id}`)?.replaceWith(line(rows[index], rows[index - 1]));
  if (low) list.scrollTop = list.scrollHeight;
}

function draw() {
  const list = $("messages"), channel = channelNow();
  if (!channel) return list.replaceChildren(h("li", { class: "intro" }, h("b", {}, "Choose a channel"), "Servers and channels are on the left."));
  const name = channel.type === 1 ? nameOf(view.user) : channel.name;
  const text = channel.type === 1 ? "Direct messages with the bot start here." : "This is where the channel begins.";
  list.replaceChildren(h("li", { class: "intro" }, h("b", {}, channel.type === 1 ? name : `# ${name}`), text));
  rows.forEach((message, index) => list.append(...day(rows[index - 1], message), line(message, rows[index - 1])));
  sticky = true;
  stay();
}

function day(before, message) {
  const date = new Date(message.timestamp).toDateString();
  if (before && new Date(before.timestamp).toDateString() === date) return [];
  return [h("li", { class: "day" }, new Date(message.timestamp).toLocaleDateString([], { dateStyle: "long" }))];
}

// --- one message ---

function line(message, before) {
  const system = systemText(message);
  const joined = !system && before && message.type === 0 && !systemText(before) && before.author.id === message.author.id &&
    before.flags === message.flags && new Date(message.timestamp) - new Date(before.timestamp) < LATE;
  const hidden = message.ephemeral_for || message.flags & EPHEMERAL;
  const pinged = message.mentions.some((user) => user.id === view.user) || message.mention_everyone;
  const classes = ["message", joined && "joined", hidden && "ephemeral", pinged && "pinged"].filter(Boolean).join(" ");
  const time = h("time", { dateTime: message.timestamp, title: new Date(message.timestamp).toLocaleString() }, clock(message.timestamp));
  if (system) return h("li", { class: classes, id: `m${message.id}` }, h("span"), h("div", { class: "body system" }, ...system, time));
  const body = h("div", { class: "body" }, joined ? null : head(message, time), ...content(message));
  return h("li", { class: classes, id: `m${message.id}` }, ...above(message), joined ? time : avatar(message.author.id), body, actions(message));
}

function systemText(message) {
  const name = h("b", {}, nameOf(message.author.id));
  if (message.type === 18) return [icon("thread", 16), " ", name, ` started a thread: ${message.content} `];
  if (message.type === 7) return ["→ ", name, " joined the server. "];
  return null;
}

function above(message) {
  const about = message.interaction_metadata;
  if (about?.name && message.type !== 19) {
    const sign = about.command_type && about.command_type !== 1 ? "" : "/";
    return [h("div", { class: "above" }, avatar(about.user.id, 16), h("b", {}, nameOf(about.user.id)), "used", h("span", { class: "mention" }, sign + about.name))];
  }
  if (message.type !== 19) return [];
  const target = message.referenced_message || rows.find((row) => row.id === message.message_reference?.message_id);
  if (!target) return [h("div", { class: "above" }, icon("reply", 14), "The original message was deleted.")];
  return [h("div", { class: "above" }, icon("reply", 14), avatar(target.author.id, 16), h("b", {}, nameOf(target.author.id)), h("span", { class: "text" }, plainText(target.content) || "an embed"))];
}

function head(message, time) {
  const hook = message.webhook_id && message.webhook_id !== message.application_id;
  const name = hook ? message.author.username : nameOf(message.author.id);
  return h("div", { class: "head" }, h("b", { style: { color: colourOf(message.author.id) } }, name), message.author.bot ? h("span", { class: "tag" }, hook ? "WEBHOOK" : "APP") : null, time);
}

function content(message) {
  const parts = [];
  if (message.flags & LOADING) return [h("div", { class: "text system thinking" }, `${nameOf(message.author.id)} is thinking`), ...privately(message)];
  if (message.content) parts.push(h("div", { class: "text" }, ...markup(message.content), message.edited_timestamp ? h("span", { class: "edited" }, " (edited)") : null));
  parts.push(...message.attachments.map(attachment), ...message.embeds.map(embed), ...message.components.map((c) => component(message, c)));
  if (message.reactions?.length) parts.push(reactions(message));
  const thread = message.thread && guildNow()?.channelOf.get(message.thread.id);
  if (thread) parts.push(h("button", { class: "to-thread", onclick: () => { location.hash = `${view.guild}/${thread.id}/${view.user}`; } }, icon("thread", 16), thread.name, h("b", {}, "Open thread")));
  return [...parts, ...privately(message)];
}

function privately(message) {
  if (!(message.ephemeral_for || message.flags & EPHEMERAL)) return [];
  return [h("div", { class: "note" }, icon("eye", 14), ` Only ${nameOf(message.ephemeral_for || view.user)} can see this · `, h("button", { onclick: () => remove(message.id) }, "Dismiss"))];
}

function attachment(file) {
  if (file.content_type?.startsWith("image/")) return h("a", { class: "attachment", href: file.url, target: "_blank" }, h("img", { src: file.url, alt: file.description || file.filename, width: file.width, height: file.height, style: { "max-width": "min(450px, 100%)", height: "auto" } }));
  return h("a", { class: "attachment", href: file.url, target: "_blank" }, icon("file", 16), " ", file.filename);
}

/** Pictures that a client addresses at Discord's own CDN are served here. */
const local = (address) => address.replace(/^https:\/\/cdn\.discordapp\.com\//, "/");

const hex = (colour) => (colour ? `#${colour.toString(16).padStart(6, "0")}` : "");

function embed(data) {
  const by = data.author && h("div", { class: "by" }, data.author.icon_url ? h("img", { class: "avatar", src: local(data.author.icon_url), alt: "", width: 22, height: 22 }) : null, data.author.name);
  const title = data.title && h("h3", {}, data.url ? h("a", { href: data.url, target: "_blank", rel: "noopener noreferrer" }, data.title) : markup(data.title));
  const fields = data.fields?.length && h("div", { class: "fields" }, data.fields.map((field) => h("div", { class: `field${field.inline ? " inline" : ""}` }, h("b", {}, ...markup(field.name)), h("div", { class: "text" }, ...markup(field.value)))));
  const foot = [data.footer?.text, data.timestamp && new Date(data.timestamp).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })].filter(Boolean).join(" · ");
  return h("article", { class: "embed", style: { "--stripe": hex(data.color) } },
    by, title, data.description ? h("div", { class: "text" }, ...markup(data.description)) : null, fields || null,
    data.thumbnail ? h("img", { class: "thumb", src: local(data.thumbnail.url), alt: "" }) : null,
    data.image ? h("img", { class: "picture", src: local(data.image.url), alt: data.image.description || "" }) : null, foot ? h("footer", {}, foot) : null);
}

// --- components ---

function component(message, data) {
  switch (data.type) {
    case 1: return h("div", { class: "controls" }, data.components.map((child) => component(message, child)));
    case 2: return button(message, data);
    case 3: case 5: case 6: case 7: case 8: return select(message, data);
    case 9: return h("div", { class: "section" }, h("div", {}, data.components.map((child) => component(message, child))), component(message, data.accessory));
    case 10: return h("div", { class: "text" }, ...markup(data.content));
    case 11: return h("img", { src: local(data.media.url), alt: data.description || "", width: 80, style: { "border-radius": "8px" } });
    case 12: return h("div", { class: "chips" }, data.items.map((item) => h("img", { src: local(item.media.url), alt: item.description || "", style: { "max-width": "240px" } })));
    case 14: return h("hr");
    case 17: return h("div", { class: "box", style: { "--stripe": hex(data.accent_color) } }, data.components.map((child) => component(message, child)));
    default: return h("div", { class: "note" }, `A component of type ${data.type}`);
  }
}

function button(message, data) {
  const label = [data.emoji?.name, data.label].filter(Boolean).join(" ");
  if (data.style === 5) return h("a", { class: "press", href: data.url, target: "_blank", rel: "noopener noreferrer" }, `${label} `, icon("out", 13));
  return h("button", { class: `press s${data.style}`, disabled: Boolean(data.disabled), onclick: async (event) => {
    if (!view.user) return toast("Choose who you are first.");
    event.currentTarget.disabled = true;
    answered(await call("POST", "buttons", { message: message.id, member: view.user, button: data.custom_id }));
    event.target.disabled = Boolean(data.disabled);
  } }, label);
}

function select(message, data) {
  const guild = guildNow();
  const choices = data.type === 3 ? data.options.map((o) => [o.value, [o.emoji?.name, o.label].filter(Boolean).join(" "), o.default])
    : data.type === 5 ? (guild?.members || []).map((m) => [m.user_id, nameOf(m.user_id)])
    : data.type === 6 ? (guild?.roles || []).map((r) => [r.id, r.name])
    : data.type === 8 ? (guild?.channels || []).filter((c) => !data.channel_types?.length || data.channel_types.includes(c.type)).map((c) => [c.id, `#${c.name}`])
    : [...(guild?.members || []).map((m) => [m.user_id, nameOf(m.user_id)]), ...(guild?.roles || []).map((r) => [r.id, `@${r.name}`])];
  const many = (data.max_values || 1) > 1;
  const send = async (values) => answered(await call("POST", "selects", { message: message.id, member: view.user, select: data.custom_id, values }));
  const field = h("select", { disabled: Boolean(data.disabled), multiple: many, "aria-label": data.placeholder || "Choose", onchange: (event) => many || (event.target.value && send([event.target.value])) },
    many ? null : h("option", { value: "" }, data.placeholder || "Make a selection"), choices.map(([value, label, chosen]) => h("option", { value, selected: Boolean(chosen) }, label)));
  if (!many) return field;
  return h("span", {}, field, h("button", { class: "press", onclick: () => send([...field.selectedOptions].map((option) => option.value)) }, "Choose"));
}

// --- reactions and actions ---

function reactions(message) {
  return h("div", { class: "chips" }, message.reactions.map((reaction) => {
    const mine = (reaction.users || []).includes(view.user);
    const names = (reaction.users || []).map((user) => nameOf(user)).join(", ");
    return h("button", { class: "chip", title: names, "aria-pressed": String(mine), onclick: () => react(message, reaction.emoji.name, mine) }, reaction.emoji.name, h("span", { class: "num" }, String(reaction.count)));
  }));
}

const react = (message, emoji, remove = false) => call("POST", "reactions", { message: message.id, member: view.user, emoji, remove });

function actions(message) {
  if (message.ephemeral_for) return null;
  const tool = (name, title, onclick) => h("button", { title, "aria-label": title, onclick }, icon(name, 17));
  return h("div", { class: "actions" },
    tool("smile", "React", (event) => pop(event.currentTarget, h("div", { class: "emoji" }, EMOJI.map((emoji) => h("button", { "aria-label": `React with ${emoji}`, onclick: () => { closePop(); react(message, emoji); } }, emoji))))),
    tool("reply", "Reply", () => { view.replyTo = message; document.dispatchEvent(new Event("compose")); }),
    tool("more", "More", (event) => more(event.currentTarget, message)));
}

async function more(anchor, message) {
  const item = (text, act, danger) => h("button", { class: `item${danger ? " danger" : ""}`, onclick: () => { closePop(); act(); } }, text);
  const own = message.author.id === view.user, guild = guildNow();
  const commands = guild ? (await call("GET", `commands?guild=${guild.id}&member=${view.user}`)) || [] : [];
  pop(anchor,
    guild && !message.thread && channelNow()?.type === 0 ? item("Start a thread", () => document.dispatchEvent(new CustomEvent("thread", { detail: message }))) : null,
    own && !isBot(message.author.id) ? item("Edit message", () => document.dispatchEvent(new CustomEvent("edit", { detail: message }))) : null,
    item("Delete message", () => call("DELETE", `messages/${message.id}`), true),
    guild && !isBot(message.author.id) ? item("Delete as auto-moderation", () => call("DELETE", `messages/${message.id}?automod=true`), true) : null,
    commands.some((c) => c.type === 3) ? h("h3", {}, `Apps · as ${nameOf(view.user)}`) : null,
    commands.filter((c) => c.type === 3).map((command) => item(command.name, async () => answered(await call("POST", "menus", { guild: guild.id, channel: view.channel, member: view.user, name: command.name, message: message.id })))),
    item("Copy the id", () => navigator.clipboard?.writeText(message.id)));
}
