/** How people call this program: as they just did (the launcher tells), else as the guides do. */
export function programName(env: NodeJS.ProcessEnv = process.env): string {
  const called = env.WINDLASS_CALLED_AS ?? './windlass';
  return /^(npx )?[\w./-]+$/.test(called) ? called : `'${called}'`;
}

/** Text for people: a command line after a backtick or a prompt can be typed as it stands. */
export function asCalled(text: string): string {
  return text.replace(/(?<=`|^ *\$ (?:\w+=\S+ )?)windlass (?=\S)/gm, () => `${programName()} `);
}
