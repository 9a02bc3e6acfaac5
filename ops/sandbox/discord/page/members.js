// The members of a server, what can be done to them, and who is being acted as.

import { answered, askText } from "./dialogs.js";
import {
  $,
  DIRECT,
  avatar,
  call,
  closePop,
  colourOf,
  guildNow,
  h,
  nameOf,
  pop,
  refresh,
  view,
  world,
} from "./store.js";

export function drawMembers() {
  const guild = guildNow();
  if (!guild) return $("members").replaceChildren();
  const hoisted = guild.roles.filter((role) => role.hoist).sort((a, b) => b.position - a.position);
  const left = new Set(guild.members.map((member) => member.user_id));
  const groups = hoisted.map((role) => [
    role.name,
    guild.members.filter((member) => member.roles.includes(role.id) && left.delete(member.user_id)),
  ]);
  groups.push(["Members", guild.members.filter((member) => left.has(member.user_id))]);
  $("members").replaceChildren(
    ...groups
      .filter(([, rows]) => rows.length)
      .flatMap(([name, rows]) => [
        h("h2", {}, `${name} · ${rows.length}`),
        ...rows.map((member) => person(guild, member)),
      ]),
    h(
      "button",
      { class: "plain", style: { margin: "12px 8px", width: "calc(100% - 16px)" }, onclick: newcomer },
      "Add a newcomer",
    ),
  );
}

function person(guild, member) {
  const user = world.users.get(member.user_id);
  return h(
    "button",
    {
      class: "row-person",
      "aria-current": String(member.user_id === view.user),
      onclick: (event) => memberCard(event.currentTarget, guild, member),
    },
    avatar(member.user_id, 30),
    h(
      "span",
      { class: "name", style: { color: colourOf(member.user_id) } },
      nameOf(member.user_id),
      user.bot ? h("span", { class: "tag" }, "APP") : null,
      member.pending ? h("span", { class: "tag plain" }, "NEW") : null,
    ),
  );
}

async function memberCard(anchor, guild, member) {
  const user = world.users.get(member.user_id);
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
  const change = (body) => call("POST", "members", { guild: guild.id, member: user.id, ...body });
  const commands =
    view.user && guild.memberOf.has(view.user)
      ? (await call("GET", `commands?guild=${guild.id}&member=${view.user}`)) || []
      : [];
  const roles = guild.roles.filter((role) => role.id !== guild.id && !role.managed);
  pop(
    anchor,
    h(
      "div",
      { class: "card" },
      avatar(user.id, 52),
      h(
        "div",
        {},
        h("b", {}, nameOf(user.id)),
        h("small", {}, `@${user.username} · joined ${new Date(member.joined_at).toLocaleDateString()}`),
      ),
    ),
    user.bot ? null : item(`Post as ${nameOf(user.id)}`, () => act(user.id)),
    user.bot
      ? null
      : item("Open direct messages", () => {
          location.hash = `${DIRECT}//${user.id}`;
        }),
    commands.some((c) => c.type === 2) ? h("h3", {}, `Apps · as ${nameOf(view.user)}`) : null,
    commands
      .filter((c) => c.type === 2)
      .map((command) =>
        item(command.name, async () =>
          answered(
            await call("POST", "menus", {
              guild: guild.id,
              channel: view.channel,
              member: view.user,
              name: command.name,
              target: user.id,
            }),
          ),
        ),
      ),
    user.bot
      ? null
      : [
          h("h3", {}, "Roles"),
          roles.map((role) =>
            item(`${member.roles.includes(role.id) ? "☑" : "☐"} ${role.name}`, () =>
              change({ action: member.roles.includes(role.id) ? "take" : "give", role: role.id }),
            ),
          ),
          h("h3", {}, "Do"),
          member.pending ? item("Pass the screening", () => change({ action: "screen" })) : null,
          item("Change nickname", () =>
            askText("Nickname", `Nickname of ${user.username}`, "Save", member.nick || user.global_name || "", (nick) =>
              change({ action: "nick", nick }),
            ),
          ),
          item(member.mute ? "Unmute for the server" : "Mute for the server", () =>
            change({ action: "mute", mute: !member.mute }),
          ),
          item(user.dms_open ? "Close direct messages" : "Open direct messages to bots", () =>
            change({ action: "dms", open: !user.dms_open }).then(refresh),
          ),
          item("Leave the server", () => change({ action: "leave" }), true),
        ].flat(),
  );
}

function newcomer() {
  askText("A new member", "Username", "Join", `guest${Math.floor(Math.random() * 900 + 100)}`, async (username) => {
    const user =
      [...world.users.values()].find((row) => row.username === username) ||
      (await call("POST", "users", { username, display_name: username }));
    return user
      ? (await call("POST", "members", { guild: view.guild, member: user.id, action: "join" })) !== null
      : false;
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
  const draw = (text) =>
    list.replaceChildren(
      ...people
        .filter((user) => `${nameOf(user.id)} ${user.username}`.toLowerCase().includes(text.toLowerCase()))
        .map((user) =>
          h(
            "button",
            {
              class: "row-person",
              "aria-current": String(user.id === view.user),
              onclick: () => {
                closePop();
                act(user.id);
              },
            },
            avatar(user.id, 30),
            h("span", { class: "name" }, nameOf(user.id), h("small", {}, `@${user.username}`)),
          ),
        ),
    );
  draw("");
  pop(
    anchor,
    h("input", {
      type: "search",
      placeholder: "Post as…",
      "aria-label": "Find a member",
      oninput: (event) => draw(event.target.value),
    }),
    list,
  );
}
