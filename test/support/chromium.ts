import { onPath } from '../../src/local-system/outside-parts/look.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser of this machine. */
export const chromiumPath = NAMES.map((name) => onPath(name, process.env)).find((path) => path !== undefined);

/** Why tests in a browser skip, or nothing when one is there. */
export const noChromium = chromiumPath === undefined ? 'no Chromium is installed' : undefined;
