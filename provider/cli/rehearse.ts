import type { Command } from "./command.ts";

/** `pulumi-baremetal rehearse`. */
export const rehearse: Command = {
  name: "rehearse",
  about: "a Pulumi program against the sandbox: preview, up, events, destroy",
  usage: "[folder]",
  help: "",
  options: {},
  run: async () => 1,
};
