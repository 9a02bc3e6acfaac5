// Messages as they look in a chat: text, embeds, components, reactions, threads, private replies.

import { actions, reactions } from "./actions.js";
import { icon } from "./icons.js";
import { attachment, component, embed } from "./parts.js";
import { $, avatar, call, channelNow, colourOf, guildNow, h, nameOf, view } from "./store.js";
import { clock, markup, plainText } from "./text.js";

const EPHEMERAL = 64,
  LOADING = 128;
const LATE = 7 * 60 * 1000;
let rows = [];

export const current = () => rows;

/** Reads the newest messages of the channel in view and shows them. */
export async function load() {
  const channel = view.channel;
  if (!channel) {
    rows = [];
    return draw();
  }
  const found = await call("GET", `messages?channel=${channel}&user=${view.user || 0}&limit=80`);
  if (!found || channel !== view.channel) return;
  rows = found;
  draw();
}

export function add(message) {
  if (rows.some((row) => row.id === message.id)) return;
  rows.push(message);
  if (rows.length > 200) rows.splice(0, 60);
  const list = $("messages"),
    low = atEnd(list);
  const last = rows[rows.length - 2];
  list.append(...day(last, message), line(message, last));
  while (list.children.length > 260) list.firstChild.remove();
  if (low) {
    sticky = true;
    stay();
  }
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
const stay = () => {
  if (sticky) $("messages").scrollTop = $("messages").scrollHeight;
};
$("messages").addEventListener(
  "scroll",
  (event) => {
    sticky = atEnd(event.currentTarget);
  },
  { passive: true },
);
$("messages").addEventListener("load", stay, true);
new ResizeObserver(stay).observe($("messages"));

function redraw(index) {
  const list = $("messages"),
    low = atEnd(list);
  document.getElementById(`m${rows[index].id}`)?.replaceWith(line(rows[index], rows[index - 1]));
  if (low) list.scrollTop = list.scrollHeight;
}

function draw() {
  const list = $("messages"),
    channel = channelNow();
  if (!channel)
    return list.replaceChildren(
      h("li", { class: "intro" }, h("b", {}, "Choose a channel"), "Servers and channels are on the left."),
    );
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
  const joined =
    !system &&
    before &&
    message.type === 0 &&
    !systemText(before) &&
    before.author.id === message.author.id &&
    before.flags === message.flags &&
    new Date(message.timestamp) - new Date(before.timestamp) < LATE;
  const hidden = message.ephemeral_for || message.flags & EPHEMERAL;
  const pinged = message.mentions.some((user) => user.id === view.user) || message.mention_everyone;
  const classes = ["message", joined && "joined", hidden && "ephemeral", pinged && "pinged"].filter(Boolean).join(" ");
  const time = h(
    "time",
    { dateTime: message.timestamp, title: new Date(message.timestamp).toLocaleString() },
    clock(message.timestamp),
  );
  if (system)
    return h(
      "li",
      { class: classes, id: `m${message.id}` },
      h("span"),
      h("div", { class: "body system" }, ...system, time),
    );
  const body = h("div", { class: "body" }, joined ? null : head(message, time), ...content(message));
  return h(
    "li",
    { class: classes, id: `m${message.id}` },
    ...above(message),
    joined ? time : avatar(message.author.id),
    body,
    actions(message),
  );
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
    return [
      h(
        "div",
        { class: "above" },
        avatar(about.user.id, 16),
        h("b", {}, nameOf(about.user.id)),
        "used",
        h("span", { class: "mention" }, sign + about.name),
      ),
    ];
  }
  if (message.type !== 19) return [];
  const target = message.referenced_message || rows.find((row) => row.id === message.message_reference?.message_id);
  if (!target) return [h("div", { class: "above" }, icon("reply", 14), "The original message was deleted.")];
  return [
    h(
      "div",
      { class: "above" },
      icon("reply", 14),
      avatar(target.author.id, 16),
      h("b", {}, nameOf(target.author.id)),
      h("span", { class: "text" }, plainText(target.content) || "an embed"),
    ),
  ];
}

function head(message, time) {
  const hook = message.webhook_id && message.webhook_id !== message.application_id;
  const name = hook ? message.author.username : nameOf(message.author.id);
  return h(
    "div",
    { class: "head" },
    h("b", { style: { color: colourOf(message.author.id) } }, name),
    message.author.bot ? h("span", { class: "tag" }, hook ? "WEBHOOK" : "APP") : null,
    time,
  );
}

function content(message) {
  const parts = [];
  if (message.flags & LOADING)
    return [
      h("div", { class: "text system thinking" }, `${nameOf(message.author.id)} is thinking`),
      ...privately(message),
    ];
  if (message.content)
    parts.push(
      h(
        "div",
        { class: "text" },
        ...markup(message.content),
        message.edited_timestamp ? h("span", { class: "edited" }, " (edited)") : null,
      ),
    );
  parts.push(
    ...message.attachments.map(attachment),
    ...message.embeds.map(embed),
    ...message.components.map((c) => component(message, c)),
  );
  if (message.reactions?.length) parts.push(reactions(message));
  const thread = message.thread && guildNow()?.channelOf.get(message.thread.id);
  if (thread)
    parts.push(
      h(
        "button",
        {
          class: "to-thread",
          onclick: () => {
            location.hash = `${view.guild}/${thread.id}/${view.user}`;
          },
        },
        icon("thread", 16),
        thread.name,
        h("b", {}, "Open thread"),
      ),
    );
  return [...parts, ...privately(message)];
}

function privately(message) {
  if (!(message.ephemeral_for || message.flags & EPHEMERAL)) return [];
  return [
    h(
      "div",
      { class: "note" },
      icon("eye", 14),
      ` Only ${nameOf(message.ephemeral_for || view.user)} can see this · `,
      h("button", { onclick: () => remove(message.id) }, "Dismiss"),
    ),
  ];
}
