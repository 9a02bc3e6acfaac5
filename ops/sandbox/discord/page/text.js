// Discord's markup as DOM nodes: bold, italics, code, quotes, headings, links, mentions and timestamps.

import { guildNow, h, nameOf, world } from "./store.js";

const INLINE = [
  [/^`([^`]+)`/, (m) => h("code", {}, m[1])],
  [/^\*\*(.+?)\*\*/s, (m) => h("b", {}, ...inline(m[1]))],
  [/^__(.+?)__/s, (m) => h("u", {}, ...inline(m[1]))],
  [
    /^\|\|(.+?)\|\|/s,
    (m) =>
      h(
        "span",
        { class: "spoiler", tabIndex: 0, onclick: (event) => event.currentTarget.classList.add("shown") },
        ...inline(m[1]),
      ),
  ],
  [/^~~(.+?)~~/s, (m) => h("s", {}, ...inline(m[1]))],
  [/^\*([^*\s][^*]*?)\*/s, (m) => h("i", {}, ...inline(m[1]))],
  [/^_([^_\s][^_]*?)_(?!\w)/s, (m) => h("i", {}, ...inline(m[1]))],
  [/^<@!?(\d+)>/, (m) => h("span", { class: "mention" }, `@${nameOf(m[1])}`)],
  [/^<@&(\d+)>/, (m) => h("span", { class: "mention" }, `@${guildNow()?.roleOf.get(m[1])?.name || "role"}`)],
  [/^<#(\d+)>/, (m) => h("span", { class: "mention" }, `#${guildNow()?.channelOf.get(m[1])?.name || "channel"}`)],
  [/^<\/([^:>]+):(\d+)>/, (m) => h("span", { class: "mention" }, `/${m[1]}`)],
  [/^<a?:(\w+):\d+>/, (m) => `:${m[1]}:`],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (m) => stamp(Number(m[1]), m[2])],
  [/^\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/, (m) => link(m[2], m[1])],
  [/^https?:\/\/[^\s<>)]+/, (m) => link(m[0], m[0])],
  [/^(@everyone|@here)/, (m) => h("span", { class: "mention" }, m[1])],
];

function link(address, text) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

function stamp(seconds, style) {
  const moment = new Date(seconds * 1000);
  const text =
    style === "R"
      ? relative(moment)
      : moment.toLocaleString(
          [],
          style === "t"
            ? { timeStyle: "short" }
            : style?.toLowerCase() === "d"
              ? { dateStyle: "long" }
              : { dateStyle: "medium", timeStyle: "short" },
        );
  return h("time", { class: "mention", title: moment.toLocaleString(), dateTime: moment.toISOString() }, text);
}

export function relative(moment) {
  const seconds = (moment - Date.now()) / 1000,
    size = Math.abs(seconds);
  const [unit, length] =
    size < 60 ? ["second", 1] : size < 3600 ? ["minute", 60] : size < 86400 ? ["hour", 3600] : ["day", 86400];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

function inline(text) {
  const nodes = [];
  let plain = "";
  while (text) {
    if (text[0] === "\\" && /^\\[^\w\s]/.test(text)) {
      plain += text[1];
      text = text.slice(2);
      continue;
    }
    const found =
      /^[`*_~|<\[h@]/.test(text) &&
      INLINE.map(([pattern, make]) => [text.match(pattern), make]).find(([match]) => match);
    if (found) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(found[1](found[0]));
      text = text.slice(found[0][0].length);
    } else {
      plain += text[0];
      text = text.slice(1);
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

/** The nodes of a message's or an embed's text. */
export function markup(text) {
  const nodes = [];
  for (const part of (text || "").split(/\n?(```[\s\S]*?```)\n?/)) {
    if (part.startsWith("```") && part.length > 5) {
      nodes.push(h("pre", {}, part.slice(3, -3).replace(/^\w*\n/, "")));
      continue;
    }
    const lines = part.split("\n");
    lines.forEach((line, number) => {
      const heading = line.match(/^(#{1,3}) (.+)/),
        quote = line.match(/^> ?(.*)/),
        small = line.match(/^-# (.+)/),
        item = line.match(/^\s*[-*] (.+)/);
      if (heading)
        nodes.push(
          h(
            "span",
            { class: "heading", style: { "font-size": `${22 - 2.5 * heading[1].length}px` } },
            ...inline(heading[2]),
          ),
        );
      else if (quote) nodes.push(h("blockquote", {}, ...inline(quote[1])));
      else if (small) nodes.push(h("span", { class: "small" }, ...inline(small[1])));
      else nodes.push(...inline(item ? `• ${item[1]}` : line));
      if (number < lines.length - 1 && !heading && !quote) nodes.push("\n");
    });
  }
  return nodes;
}

export const plainText = (text) =>
  (text || "").replace(/<@!?(\d+)>/g, (_, id) => `@${nameOf(id)}`).replace(/\s+/g, " ");
export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const isBot = (userId) => Boolean(world.users.get(userId)?.bot);
