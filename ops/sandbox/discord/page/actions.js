// What can be done with a message: react, reply, start a thread, edit, delete, and the bot's own commands on it.

import { answered } from "./dialogs.js";
import { icon } from "./icons.js";
import { call, channelNow, closePop, guildNow, h, nameOf, pop, view } from "./store.js";
import { isBot } from "./text.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "🦊", "👀", "🔥", "😮", "🙏", "✅", "🤔", "💜"];

export function reactions(message) {
  return h(
    "div",
    { class: "chips" },
    message.reactions.map((reaction) => {
      const mine = (reaction.users || []).includes(view.user);
      const names = (reaction.users || []).map((user) => nameOf(user)).join(", ");
      return h(
        "button",
        {
          class: "chip",
          title: names,
          "aria-pressed": String(mine),
          onclick: () => react(message, reaction.emoji.name, mine),
        },
        reaction.emoji.name,
        h("span", { class: "num" }, String(reaction.count)),
      );
    }),
  );
}

const react = (message, emoji, remove = false) =>
  call("POST", "reactions", { message: message.id, member: view.user, emoji, remove });

export function actions(message) {
  if (message.ephemeral_for) return null;
  const tool = (name, title, onclick) => h("button", { title, "aria-label": title, onclick }, icon(name, 17));
  return h(
    "div",
    { class: "actions" },
    tool("smile", "React", (event) =>
      pop(
        event.currentTarget,
        h(
          "div",
          { class: "emoji" },
          EMOJI.map((emoji) =>
            h(
              "button",
              {
                "aria-label": `React with ${emoji}`,
                onclick: () => {
                  closePop();
                  react(message, emoji);
                },
              },
              emoji,
            ),
          ),
        ),
      ),
    ),
    tool("reply", "Reply", () => {
      view.replyTo = message;
      document.dispatchEvent(new Event("compose"));
    }),
    tool("more", "More", (event) => more(event.currentTarget, message)),
  );
}

async function more(anchor, message) {
  const item = (text, act, danger) =>
    h(
      "button",
      {
        class: `item${danger ? " danger" : ""}`,
        onclick: () => {
          closePop();
          act();
        },
      },
      text,
    );
  const own = message.author.id === view.user,
    guild = guildNow();
  const commands = guild ? (await call("GET", `commands?guild=${guild.id}&member=${view.user}`)) || [] : [];
  pop(
    anchor,
    guild && !message.thread && channelNow()?.type === 0
      ? item("Start a thread", () => document.dispatchEvent(new CustomEvent("thread", { detail: message })))
      : null,
    own && !isBot(message.author.id)
      ? item("Edit message", () => document.dispatchEvent(new CustomEvent("edit", { detail: message })))
      : null,
    item("Delete message", () => call("DELETE", `messages/${message.id}`), true),
    guild && !isBot(message.author.id)
      ? item("Delete as auto-moderation", () => call("DELETE", `messages/${message.id}?automod=true`), true)
      : null,
    commands.some((c) => c.type === 3) ? h("h3", {}, `Apps · as ${nameOf(view.user)}`) : null,
    commands
      .filter((c) => c.type === 3)
      .map((command) =>
        item(command.name, async () =>
          answered(
            await call("POST", "menus", {
              guild: guild.id,
              channel: view.channel,
              member: view.user,
              name: command.name,
              message: message.id,
            }),
          ),
        ),
      ),
    item("Copy the id", () => navigator.clipboard?.writeText(message.id)),
  );
}
