/** Patterns of the names that people write; no zod here, because workflows import it. */
const NAME = '[a-z][a-z0-9-]*';
const NUMBER = '[0-9]+';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

export const IDENTIFIERS = {
  /** A name that is given to something new: 2 to 63 characters. */
  newName: /^[a-z][a-z0-9-]{1,62}$/,
  name: whole(NAME),
  version: whole(NUMBER),
  versionOrAlias: whole(`(${NUMBER}|${NAME})`),
  /** `name@version` or `name@alias`. */
  model: whole(`(${NAME})@(${NUMBER}|${NAME})`),
  /** `name`, `name@version` or `name@alias`. */
  modelOrName: whole(`(${NAME})(?:@(${NUMBER}|${NAME}))?`),
  /** `name@version`. */
  pipeline: whole(`(${NAME})@(${NUMBER})`),
} as const;

/** Platforms of images, as OCI names them. */
export const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;
export type Platform = (typeof PLATFORMS)[number];
